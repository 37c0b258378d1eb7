//! What must hold of agents in a moment of quiet and at rest.

use super::super::Found;
use super::super::market::Market;
use super::super::quiet::check_fading;
use super::ends::Case;
use super::hire;
use super::record::Record;
use docket_core::agent::role::Role;
use docket_core::agent::tally::{IN_ALL, Tally};
use docket_core::event::Closing;
use docket_core::id::AgentId;
use docket_core::job::State;
use docket_core::ledger::Account;
use docket_core::time::Timestamp;
use futures::executor::block_on;
use std::collections::BTreeMap;

impl Market {
    /// What each agent has locked is what the open jobs need of it, and who takes part may.
    pub(in super::super) fn check_agents_in_quiet(&self) -> Found {
        let jobs = self.coordinator.engine.store().open_jobs();
        let mut locked: BTreeMap<AgentId, u128> = BTreeMap::new();
        for job in jobs.iter().filter(|job| job.hire.is_some()) {
            self.agents.check_places(job)?;
            for (_, seat) in hire(job).seats() {
                *locked.entry(seat.agent).or_default() += seat.standing_lock();
            }
        }
        self.weather.set_calm(true);
        for agent in self.agents.members.iter().filter_map(|member| member.id) {
            let stored = self.coordinator.read(|reader| reader.agent_standing(agent)).unwrap_or_default();
            let needed = locked.get(&agent).copied().unwrap_or_default();
            if stored.locked != needed {
                return Err(format!("{agent:?} has locked {}, and its jobs need {needed}", stored.locked));
            }
            let known = block_on(self.coordinator.engine.agent_standing(agent)).map_err(|e| e.to_string())?;
            if known != stored {
                return Err(format!("{agent:?} is known as {known:?} and is {stored:?}"));
            }
            let free = block_on(self.coordinator.engine.free_stake(agent)).map_err(|e| e.to_string())?;
            let stake = Account::Stake(agent);
            let rows = self.coordinator.read(|reader| reader.balance(&stake));
            let stands: i128 = rows.iter().map(|row| row.units).sum();
            if stands.unsigned_abs() != free {
                return Err(format!("{agent:?} is known to have {free} free, and has {stands}"));
            }
        }
        self.weather.set_calm(false);
        self.check_followed()
    }

    /// At rest every job is final, reckoned anew, and counted once for everybody who took part.
    pub(in super::super) fn check_agents_at_rest(&mut self) -> Found {
        let record = Record::read(&self.coordinator, &self.agents);
        let mut took_part: BTreeMap<AgentId, (u64, u64)> = BTreeMap::new();
        let mut worked: BTreeMap<AgentId, [Vec<Timestamp>; 2]> = BTreeMap::new();
        for (job, journal) in record.hires.values() {
            if !job.state.is_final() {
                return Err(format!("job {} is {} for ever", job.public_id.text, job.state.name()));
            }
            let moved = self.coordinator.read(|reader| reader.job_transfers(job.id));
            let case = Case { job, journal, moved: &moved };
            self.agents.check_places(job)?;
            case.check()?;
            let seen = self.agents.check_honesty(&case)?;
            seen.into_iter().for_each(|sight| self.sight(sight));
            if let Some(voted) = case.voted() {
                self.sight(&format!("a dispute: {voted:?}"));
            }
            journal.iter().for_each(|row| self.sight(&format!("{} by agents", row.event)));
            let withdrawn = matches!(job.state, State::Closed { how: Closing::Cancelled, .. });
            for (role, seat) in hire(job).seats() {
                if seat.released.is_none() {
                    return Err(format!("job {} is final, and {seat:?} is not released", job.public_id.text));
                }
                let counts = took_part.entry(seat.agent).or_default();
                let sat = role == Role::Arbitrator;
                let counted = hire(job).begun_at.is_some() && !withdrawn;
                counts.0 += u64::from(!sat && counted);
                counts.1 += u64::from(sat);
                if role == Role::Provider && counted {
                    let lost = usize::from(case.pays() != Some(true));
                    worked.entry(seat.agent).or_default()[lost].extend(journal.last().map(|row| row.at));
                }
            }
        }
        let mut staked: i128 = 0;
        for agent in self.agents.members.iter().filter_map(|member| member.id) {
            let standing = self.coordinator.read(|reader| reader.agent_standing(agent)).unwrap_or_default();
            let counted = (standing.record.total, standing.disputes);
            let took = took_part.get(&agent).copied().unwrap_or_default();
            if counted != took {
                return Err(format!(
                    "{agent:?} took part in {took:?} jobs and disputes, and {counted:?} count"
                ));
            }
            let (history, jobs) = (standing.history, worked.remove(&agent).unwrap_or_default());
            for (kept, jobs) in [history.paid, history.lost].into_iter().zip(jobs) {
                check_fading(kept, &jobs, history.hour)
                    .map_err(|wrong| format!("{agent:?}'s jobs as a provider: {wrong}"))?;
            }
            let stake = Account::Stake(agent);
            staked += self
                .coordinator
                .read(|reader| reader.balance(&stake))
                .iter()
                .map(|row| row.units)
                .sum::<i128>();
        }
        let tallies: BTreeMap<_, _> =
            self.coordinator.read(|reader| reader.tallies(IN_ALL, IN_ALL)).into_iter().collect();
        let of = |tally| tallies.get(&(tally, IN_ALL)).copied().unwrap_or_default();
        let (made, tallied) = (record.hires.len(), (of(Tally::Created), of(Tally::Staked)));
        if tallied != (made as i128, staked) {
            return Err(format!(
                "{made} jobs were made and {staked} is at stake, and it is counted as {tallied:?}"
            ));
        }
        self.verify_agents()
    }
}
