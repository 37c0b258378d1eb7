//! Disputes: opened with a deposit, and who sits in them.

use super::step::Plan;
use crate::engine::Engine;
use crate::error::EngineError;
use docket_core::agent::admission::{Arbitrating, Party};
use docket_core::agent::court::{SEATS, deposit};
use docket_core::agent::hire::dispute::Filing;
use docket_core::agent::hire::{Hire, Seat, loser};
use docket_core::agent::identity::{Agent, Word};
use docket_core::agent::role::Role;
use docket_core::agent::score::Score;
use docket_core::command::Command;
use docket_core::job::{Job, State};
use docket_core::refusal::Refusal;
use docket_store::{AgentFilter, CommitError, Page, StoreError};
use std::sync::Arc;

/// How many agents that offer to arbitrate are looked at for one dispute.
const CANDIDATES: u64 = 1_000;
/// How many a page of them has.
const PAGE: u32 = 100;

impl Engine {
    /// A dispute over the verdict on a job: a deposit is put down, and arbitrators are drawn by lot.
    pub(super) async fn file(&self, job: &Job, hire: &Hire, word: Word) -> Result<Plan, EngineError> {
        let parties = [Role::Client, Role::Provider];
        let initiator =
            parties.into_iter().find(|role| hire.seat(*role).is_some_and(|seat| seat.owner == word.by));
        let initiator = initiator.ok_or(Refusal::NotTheOwner)?;
        let is_disputable = matches!(
            job.state,
            State::Settled { vests_at: Some(_), .. } | State::Rejected { vests_at: Some(_), .. }
        );
        // For a dispute that is refused nobody is drawn.
        let is_drawn = is_disputable && loser(&job.state) == Some(initiator);
        let borderline = hire.judgement.is_some_and(|judgement| judgement.borderline);
        let filing = Filing {
            initiator,
            deposit: deposit(job.price.units, borderline),
            jurors: if is_drawn { self.draw(hire).await? } else { [None; SEATS] },
        };
        Ok(Command::Dispute { claim: None, filing: Some(Arc::new(filing)) }.into())
    }

    /// Why a dispute cannot be paid for: its opener lacks the deposit, or an arbitrator has locked its bond elsewhere
    /// meanwhile, and others are to be drawn.
    pub(super) async fn short_of_deposit(
        &self,
        job: &Job,
        filing: &Filing,
    ) -> Result<CommitError, StoreError> {
        let initiator = job.hire.as_ref().and_then(|hire| hire.seat(filing.initiator));
        let Some(initiator) = initiator else { return Ok(CommitError::Conflict) };
        let held = self.held_in(&initiator.wallet(job), job.price.asset).await?;
        Ok(if held < filing.deposit { Refusal::DepositMissing.into() } else { CommitError::Conflict })
    }

    /// Draws who sits in a dispute by lot, from those who may. Where there are too few, seats stay empty.
    async fn draw(&self, hire: &Hire) -> Result<[Option<Seat>; SEATS], EngineError> {
        let mut candidates = self.arbitrators().await?;
        let parties = hire.parties();
        let mut seated: Vec<Party> = Vec::new();
        let mut jurors = [None; SEATS];
        while seated.len() < SEATS && !candidates.is_empty() {
            let drawn = self.entropy.number() % candidates.len() as u64;
            let agent = candidates.swap_remove(usize::try_from(drawn).unwrap_or_default());
            if let Some(juror) = self.juror(&agent, &parties, &seated).await? {
                jurors[seated.len()] = Some(juror);
                seated.push(agent.party());
            }
        }
        Ok(jurors)
    }

    /// An agent in a seat, if it may sit there.
    async fn juror(
        &self,
        agent: &Agent,
        parties: &[Party],
        seated: &[Party],
    ) -> Result<Option<Seat>, EngineError> {
        let standing = self.agent_standing(agent.id).await?;
        let free = self.free_stake(agent.id).await?;
        let locks = &self.config.hires.locks;
        // Whom the operator has appointed need not have earned it: without that no market could begin.
        let appointed = agent.appointed_at.is_some();
        let arbitrating = Arbitrating {
            party: agent.party(),
            eligible: agent.profile.roles.contains(&Role::Arbitrator),
            bond: free.saturating_add(standing.locked),
            free,
            score: if appointed { Score::MAX } else { standing.score },
            jobs: if appointed { u64::MAX } else { standing.jobs() },
        };
        if arbitrating.check(parties, seated, locks).is_err() {
            return Ok(None);
        }
        Ok(Some(Seat::new(agent.party(), locks.arbitrator, &standing, self.clock.now())))
    }

    /// Agents that offer to arbitrate: the first thousand by their names.
    pub async fn arbitrators(&self) -> Result<Vec<Agent>, EngineError> {
        let filter = AgentFilter { role: Some(Role::Arbitrator), ..AgentFilter::default() };
        let mut found = Vec::new();
        for skip in (0..CANDIDATES).step_by(PAGE as usize) {
            let (page, _) = self.store.agents(&filter, Page { skip, limit: PAGE }).await?;
            let is_last = page.len() < PAGE as usize;
            found.extend(page);
            if is_last {
                break;
            }
        }
        Ok(found)
    }
}
