//! What is on disk of agents, and whether it is what was signed and told: all of it, and each word once.

use super::super::Found;
use super::super::coordinator::Coordinator;
use super::super::market::Market;
use super::super::promises::all_jobs;
use super::words::{Deed, Signed};
use super::{Agents, hire, mark};
use docket_core::agent::identity::Agent;
use docket_core::hash::ContentHash;
use docket_core::id::{AgentId, Dialect, JobId, PublicId};
use docket_core::job::{Job, State};
use docket_core::ledger::Account;
use docket_core::policy::Verdict;
use docket_engine::{HireFilter, Wish};
use docket_store::{FeedRow, JournalRow};
use futures::executor::block_on;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A job among agents, with what has happened to it.
pub(super) type Course = (Arc<Job>, Vec<JournalRow>);

/// The steps of jobs that nothing but a word can cause.
const SIGNED_FOR: [&str; 8] =
    ["invited", "engaged", "appointed", "described", "submitted", "disputed", "committed", "revealed"];

/// All of it, read at once.
pub(super) struct Record {
    pub(super) hires: BTreeMap<JobId, Course>,
    pub(super) feed: Vec<FeedRow>,
    names: BTreeMap<PublicId, JobId>,
    /// How many jobs have the same criteria.
    rubrics: BTreeMap<ContentHash, usize>,
    /// How often an agent has offered, or taken that back.
    offers: BTreeMap<(JobId, AgentId, String), usize>,
    agents: BTreeMap<AgentId, Agent>,
}

impl Record {
    pub(super) fn read(coordinator: &Coordinator, known: &Agents) -> Self {
        let jobs = all_jobs(coordinator).into_iter().filter(|job| job.hire.is_some());
        let course = |job: Arc<Job>| {
            let journal = coordinator.read(|reader| reader.journal(job.id));
            (job.id, (job, journal))
        };
        let hires: BTreeMap<JobId, Course> = jobs.map(course).collect();
        let names = hires.iter().map(|(id, (job, _))| (job.public_id.clone(), *id)).collect();
        let mut rubrics = BTreeMap::new();
        for rubric in hires.values().filter_map(|(job, _)| hire(job).order.rubric) {
            *rubrics.entry(rubric).or_default() += 1;
        }
        let feed = super::feed::all_fed(coordinator);
        let mut offers = BTreeMap::new();
        for row in &feed {
            if let Some(agent) = row.agent {
                *offers.entry((row.job, agent, row.event.clone())).or_default() += 1;
            }
        }
        let ids = known.members.iter().filter_map(|member| member.id);
        let stored = |id| Some((id, coordinator.read(|reader| reader.agent(id))?));
        Self { hires, feed, names, rubrics, offers, agents: ids.filter_map(stored).collect() }
    }

    fn course(&self, deed: &Deed) -> Option<&Course> {
        self.hires.get(self.names.get(deed.job()?)?)
    }

    /// How many jobs somebody's word has made.
    fn made(&self, deed: &Deed) -> usize {
        let Deed::Hire { number, .. } = deed else { return 0 };
        self.rubrics.get(&mark("rubric", *number)).copied().unwrap_or_default()
    }

    /// Whether what somebody wanted of a job or of himself is so.
    fn stands(&self, known: &Agents, signed: &Signed, deed: &Deed) -> bool {
        let course = self.course(deed);
        let fed = |event: &str, agent: &AgentId| {
            course.is_some_and(|(job, _)| self.offers.contains_key(&(job.id, *agent, event.to_owned())))
        };
        let agent = |id: &AgentId| self.agents.get(id);
        match deed {
            Deed::Register { place } => {
                let own = known.members[*place].id.as_ref().and_then(agent);
                own.is_some_and(|agent| agent.owner == signed.word.by)
            }
            Deed::Show { agent: id, description } => agent(id).is_some_and(|agent| {
                agent.shown_at > signed.word.at || agent.profile.description == *description
            }),
            Deed::JudgeBy { agent: id, strategy } => {
                let capability = agent(id).and_then(|agent| agent.capability);
                capability.is_some_and(|capability| capability.strategy == *strategy)
            }
            Deed::Hire { .. } => self.made(deed) == 1,
            Deed::Offer { agent, .. } => {
                let engaged = |job: &Job| hire(job).provider.is_some_and(|seat| seat.agent == *agent);
                course.is_some_and(|(job, _)| engaged(job)) || fed("offered", agent)
            }
            Deed::TakeBack { agent, .. } => fed("withdrawn", agent),
            Deed::Step { wish, .. } => {
                course.is_some_and(|(job, journal)| has_come(signed, wish, job, journal))
            }
            // What it moves is reckoned with the books, and what was read was compared at once.
            Deed::Deposit { .. } | Deed::Withdraw { .. } => false,
            Deed::Fetch { .. } => true,
        }
    }
}

impl Market {
    /// After a crash, and at rest: all that anybody was told is there, once, and everything is told to who follows.
    pub(in super::super) fn verify_agents(&self) -> Found {
        let record = Record::read(&self.coordinator, &self.agents);
        self.check_feed(&record)?;
        for (number, signed) in self.agents.words.iter().enumerate() {
            let moved: u32 = signed.deeds.iter().map(|deed| self.moved(signed, deed)).sum();
            let made: usize = signed.deeds.iter().map(|deed| record.made(deed)).sum();
            if moved > 1 || made > 1 {
                return Err(format!("word {number} counted more than once: {:?}", signed.deeds));
            }
            let stands = |deed: &Deed| record.stands(&self.agents, signed, deed);
            if signed.taken && moved == 0 && !signed.deeds.iter().any(stands) {
                return Err(format!(
                    "word {number} was taken up, and nothing is there of {:?}",
                    signed.deeds
                ));
            }
        }
        self.check_counts(&record)?;
        self.check_lists(&record)
    }

    /// How often what a word moves has moved: its sum is its own.
    fn moved(&self, signed: &Signed, deed: &Deed) -> u32 {
        let (Deed::Deposit { agent, units } | Deed::Withdraw { agent, units }) = deed else { return 0 };
        let own = Account::Client(signed.word.by.client(Dialect::Agents)).to_string();
        let stake = Account::Stake(*agent).to_string();
        let (from, to) = if matches!(deed, Deed::Deposit { .. }) { (own, stake) } else { (stake, own) };
        self.books.moved.get(&(from, to, *units)).copied().unwrap_or_default()
    }

    /// No more has happened than was signed for.
    fn check_counts(&self, record: &Record) -> Found {
        let mut steps: BTreeMap<(JobId, &str), usize> = BTreeMap::new();
        let mut offers: BTreeMap<(JobId, AgentId, String), usize> = BTreeMap::new();
        for signed in &self.agents.words {
            let mut events: Vec<(JobId, &str)> = Vec::new();
            let mut said: Vec<(JobId, AgentId, String)> = Vec::new();
            for deed in &signed.deeds {
                let Some((job, _)) = record.course(deed) else { continue };
                events.extend(deed.events().iter().map(|event| (job.id, *event)));
                match deed {
                    Deed::Offer { agent, .. } => said.push((job.id, *agent, "offered".to_owned())),
                    Deed::TakeBack { agent, .. } => said.push((job.id, *agent, "withdrawn".to_owned())),
                    _ => {}
                }
            }
            events.sort_unstable();
            events.dedup();
            events.into_iter().for_each(|event| *steps.entry(event).or_default() += 1);
            said.sort_unstable();
            said.dedup();
            said.into_iter().for_each(|event| *offers.entry(event).or_default() += 1);
        }
        for (id, (job, journal)) in &record.hires {
            for event in SIGNED_FOR {
                let times = journal.iter().filter(|row| row.event == event).count();
                let signed = steps.get(&(*id, event)).copied().unwrap_or_default();
                if times > signed {
                    let name = &job.public_id.text;
                    return Err(format!(
                        "job {name} was {event} {times} times, and {signed} have signed that"
                    ));
                }
            }
        }
        for (offer, times) in &record.offers {
            let signed = offers.get(offer).copied().unwrap_or_default();
            if *times > signed {
                return Err(format!("{offer:?} is told {times} times, and was signed {signed} times"));
            }
        }
        Ok(())
    }

    /// The lists of jobs are complete.
    fn check_lists(&self, record: &Record) -> Found {
        self.weather.set_calm(true);
        for state in State::NAMES {
            let filter = HireFilter { states: Some(vec![state]), ..HireFilter::default() };
            let listed = block_on(self.coordinator.engine.count_hires(&filter));
            let listed = listed.map_err(|error| error.to_string())?;
            let there = record.hires.values().filter(|(job, _)| job.state.name() == state).count() as u64;
            if listed != there {
                return Err(format!("{listed} jobs are listed as {state}, and {there} are"));
            }
        }
        self.weather.set_calm(false);
        Ok(())
    }
}

/// Whether what was wanted of a job has come.
fn has_come(signed: &Signed, wish: &Wish, job: &Job, journal: &[JournalRow]) -> bool {
    let hire = hire(job);
    let was = |event: &str| journal.iter().any(|row| row.event == event);
    let named = |event: &str, agent: AgentId| {
        journal.iter().any(|row| row.event == event && row.detail == format!("agent:{}", agent.0))
    };
    let juror = || {
        let jurors = hire.dispute.iter().flat_map(|dispute| dispute.jurors.iter().flatten());
        jurors.into_iter().find(|juror| juror.seat.owner == signed.word.by)
    };
    match wish {
        Wish::Fund { .. } => was("funded"),
        Wish::Engage { provider } => named("invited", *provider) || named("engaged", *provider),
        Wish::Appoint { evaluator } => named("appointed", *evaluator),
        Wish::Describe { .. } => was("described"),
        Wish::Submit { deliverable, .. } => {
            job.delivery().is_some_and(|by| by.output == *deliverable && by.receipt == signed.word.digest)
        }
        Wish::Judge { verdict, judgement } => {
            let event = match verdict {
                Verdict::Complete => "completed",
                Verdict::Reject => "rejected",
            };
            hire.judgement == Some(*judgement) && was(event)
        }
        Wish::StepBack | Wish::Cancel => was("cancelled"),
        Wish::Reclaim => was("expired"),
        Wish::Dispute => hire.dispute.as_ref().is_some_and(|dispute| {
            hire.seat(dispute.initiator).is_some_and(|seat| seat.owner == signed.word.by)
        }),
        Wish::Commit { commitment } => juror().is_some_and(|juror| juror.commitment == Some(*commitment)),
        Wish::Reveal { vote, salt } => juror()
            .and_then(|juror| juror.revealed)
            .is_some_and(|revealed| (revealed.vote, revealed.salt) == (*vote, *salt)),
    }
}
