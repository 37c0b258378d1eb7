//! Agents who hire each other: honest ones, silent ones, a gang, and some who try whatever there is.
//!
//! What they sign is kept in `words`, with what they were told of it. `desk` says what a client, a provider or an evaluator
//! does next, `bench` what an arbitrator does. `ends` reckons every ended job anew from the published tables, `honest`
//! says who may lose anything, and `feed` follows what is told of all this.

mod bench;
mod desk;
mod ends;
mod feed;
mod honest;
mod people;
mod record;
mod rest;
mod tricks;
mod words;

use super::Found;
use super::dice::Dice;
use super::market::Market;
use super::reports::Report;
use docket_core::agent::court::Vote;
use docket_core::agent::hire::Hire;
use docket_core::hash::{ContentHash, Sha256};
use docket_core::id::AgentId;
use docket_core::job::Job;
use docket_core::time::Millis;
use docket_engine::{EngineError, HireTerms};
pub(crate) use feed::FOLLOWING_FEED;
use feed::Followed;
use people::{Member, Nature, Part};
use std::collections::BTreeMap;
use std::sync::Arc;
pub(crate) use words::Heard;
use words::{Deed, Signed};

/// The documented terms, with times that one life has.
pub(crate) const TERMS: HireTerms = HireTerms {
    grace: Millis::seconds(8),
    evaluate_within: Millis::seconds(12),
    dispute_within: Millis::seconds(10),
    vote_within: Millis::seconds(9),
    ..HireTerms::DOCUMENTED
};

/// So many jobs are made in one market.
const HIRES: usize = 16;

/// All that the simulation knows of agents.
#[derive(Default)]
pub(crate) struct Agents {
    /// Everybody, from the beginning on. An agent has a number as soon as its owner was told of it.
    members: Vec<Member>,
    /// All that anybody has ever signed, in order.
    words: Vec<Signed>,
    /// Whether work is what was wanted, by what names it.
    works: BTreeMap<ContentHash, bool>,
    /// Votes that are committed to, by what hides them.
    ballots: BTreeMap<ContentHash, (Vote, ContentHash)>,
    followed: Followed,
    /// Whether everybody keeps silent from now on.
    mute: bool,
}

impl Agents {
    /// With everybody, and nothing has happened.
    pub(crate) fn gathered(dice: &mut Dice) -> Self {
        Self { members: people::gather(dice), ..Self::default() }
    }

    fn nature_of(&self, agent: AgentId) -> Nature {
        let member = self.members.iter().find(|member| member.id == Some(agent));
        member.map_or(Nature::Sly, |member| member.nature)
    }

    /// Whether delivered work is what was wanted.
    fn is_good(&self, job: &Job) -> bool {
        job.delivery().is_some_and(|delivery| self.works.get(&delivery.output) == Some(&true))
    }

    /// An agent with a part, if there is one that is registered.
    fn member(&self, agent: AgentId) -> Option<&Member> {
        self.members.iter().find(|member| member.id == Some(agent))
    }
}

/// The part of a job that these jobs have.
fn hire(job: &Job) -> &Hire {
    job.hire.as_ref().expect("only such jobs are asked")
}

/// A name for some content that nothing else has.
fn mark(what: &str, number: usize) -> ContentHash {
    ContentHash(Sha256::of(format!("{what} {number}").as_bytes()).0)
}

impl Market {
    /// Everybody is there, with money, a stake and what it judges by, before anything else happens.
    pub(super) fn set_agents_up(&mut self) -> Found {
        let members = self.agents.members.clone();
        for member in &members {
            self.endow(member.owner);
        }
        self.let_all_be_done()?;
        for (place, member) in members.iter().enumerate() {
            self.sign_and_send(member.owner, Deed::Register { place });
        }
        self.let_all_be_done()?;
        for member in self.agents.members.clone() {
            let Some(agent) = member.id else { return Err(format!("{member:?} is not registered")) };
            let units = self.unique_units(120, 250);
            self.sign_and_send(member.owner, Deed::Deposit { agent, units });
            if let Some(strategy) = member.strategy {
                self.sign_and_send(member.owner, Deed::JudgeBy { agent, strategy });
            }
            if member.part == Part::Arbitrator && self.dice.percent(80) {
                self.appoint(agent, true);
            }
        }
        self.let_all_be_done()?;
        self.follow_feed();
        Ok(())
    }

    fn let_all_be_done(&mut self) -> Found {
        self.weather.set_calm(true);
        self.coordinator.settle(self.planted);
        self.weather.set_calm(false);
        self.take_reports()
    }

    /// The operator credits a wallet. It is done once and not looked after: the books say what came of it.
    fn endow(&mut self, owner: docket_core::agent::identity::Wallet) {
        use docket_core::ledger::Account;
        use docket_core::money::{Amount, Asset};
        let (engine, reports) = (self.coordinator.engine.clone(), self.reports.clone());
        self.coordinator.tasks.spawn(format!("endowing {owner}"), async move {
            let to = Account::Client(owner.client(docket_core::id::Dialect::Agents));
            let amount = Amount::new(1_000_000_000, Asset::USDC);
            let result = engine.credit(to, amount, &format!("endow-{owner}")).await.map(drop);
            reports.add(Report::Did(format!("endowing {owner}"), result));
        });
    }

    /// The operator vouches for an arbitrator, or does not any more.
    fn appoint(&mut self, agent: AgentId, appointed: bool) {
        let (engine, reports) = (self.coordinator.engine.clone(), self.reports.clone());
        let what = format!("the operator vouches for {agent:?}: {appointed}");
        self.coordinator.tasks.spawn_fragile(what.clone(), async move {
            let result = engine.appoint_arbitrator(agent, appointed).await.map(drop);
            reports.add(Report::Did(what, result));
        });
    }

    /// Some agents do something.
    pub(super) fn agents_act(&mut self) {
        for _ in 0..self.dice.between(1, 3) {
            self.agent_acts();
        }
    }

    fn agent_acts(&mut self) {
        if self.agents.mute || self.agents.members.is_empty() {
            return;
        }
        match self.dice.below(100) {
            0..11 => self.say_again(),
            11..14 => self.move_stake(),
            14..17 => self.trick(),
            17 if self.dice.percent(50) => self.let_operator_meddle(),
            17..19 => self.fetch_some(),
            19..23 => self.hang_up_on_a_word(),
            23..33 => self.post_job(),
            _ => {
                let jobs = self.open_hires();
                if !jobs.is_empty() {
                    let job = self.dice.pick(&jobs).clone();
                    self.go_on_with(&job);
                }
            }
        }
    }

    /// Somebody goes away before he has his answer.
    fn hang_up_on_a_word(&mut self) {
        if let Some(what) = self.coordinator.tasks.hang_up_on("word ") {
            self.trace.line(format_args!("somebody hangs up on: {what}"));
        }
    }

    /// Nobody makes a new job any more; now and then nobody does anything.
    pub(super) fn calm_agents(&mut self) {
        self.agents.mute = self.dice.percent(40);
        if self.agents.mute {
            self.trace.line(format_args!("all agents keep silent"));
        }
    }

    /// What agents still do when there is no new job.
    pub(super) fn end_jobs_of_agents(&mut self) {
        let jobs = self.open_hires();
        for job in jobs {
            if !self.agents.mute && self.dice.percent(50) {
                self.go_on_with(&job);
            }
        }
    }

    fn open_hires(&self) -> Vec<Arc<Job>> {
        let mut jobs = self.coordinator.engine.store().open_jobs();
        jobs.retain(|job| job.hire.is_some());
        jobs.sort_by_key(|job| job.id);
        jobs
    }

    /// What has become of something that was signed.
    pub(super) fn agent_heard(&mut self, heard: Heard) -> Found {
        let Heard { number, body, repeats, result } = heard;
        match result {
            Ok(told) => {
                let lost = self.dice.percent(15);
                let hears = if lost { ", and nobody hears of it" } else { "" };
                self.trace.line(format_args!("word {number}.{body} is taken up: {told:?}{hears}"));
                if repeats {
                    self.sight("a word that was said again");
                }
                self.agents.take_up(number, body, &told, lost)
            }
            Err(error) => {
                let what = format!("word {number}.{body}");
                self.failed(&what, &error)?;
                if let EngineError::Refused(refusal) = &error {
                    let kind = self.agents.words[number].deeds[body].kind();
                    self.sight(&format!("{kind}: {}", refusal.code()));
                }
                // An offer may have been taken back since, or made again; and an agent may show itself otherwise.
                let may_end = matches!(
                    self.agents.words[number].deeds[body],
                    Deed::Offer { .. } | Deed::TakeBack { .. } | Deed::Show { .. }
                );
                match error {
                    EngineError::Refused(refusal) if repeats && body == 0 && !may_end => {
                        Err(format!("{what} was taken up, and its repeat is refused: {refusal}"))
                    }
                    _ => Ok(()),
                }
            }
        }
    }
}
