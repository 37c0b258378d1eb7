//! The books as somebody reckons them who has only the journal and the log.

use super::Found;
use super::coordinator::Coordinator;
use docket_core::hash::Sha256;
use docket_core::id::PublicId;
use docket_core::job::{Job, State};
use docket_core::key::{KeyNumber, Limits, Period};
use docket_core::ledger::Account;
use docket_core::merkle::{Frontier, Hash, leaf_hash};
use docket_store::{SpendingRow, TransferRow};
use std::collections::{BTreeMap, BTreeSet};

/// All transfers replayed, and the log grown again from its entries.
#[derive(Default)]
pub(crate) struct Books {
    last: i64,
    balances: BTreeMap<(String, String), i128>,
    jobs: BTreeMap<PublicId, Money>,
    /// How often an amount came in from outside, by account and amount.
    pub(crate) credited: BTreeMap<(String, u128), u32>,
    /// The same of all that moved for no job, by both accounts and amount.
    pub(crate) moved: BTreeMap<(String, String, u128), u32>,
    log: Frontier,
    entries: Vec<Vec<u8>>,
    seen: (u64, Hash),
    /// What keys have spent, by day and in all, and what each may spend.
    spendings: BTreeMap<(KeyNumber, Period), i128>,
    limits: BTreeMap<KeyNumber, Limits>,
    /// Jobs that were settled since somebody asked.
    settled: BTreeSet<PublicId>,
}

/// What happened to the money of one job.
#[derive(Default)]
struct Money {
    held: BTreeSet<String>,
    resolved: BTreeSet<String>,
    vested: BTreeSet<String>,
    paid: BTreeSet<Account>,
    /// From whom the hold came.
    payer: Option<Account>,
    held_units: u128,
    charged_units: u128,
}

impl Books {
    /// Reads what is new, and checks it.
    pub(crate) fn read(&mut self, coordinator: &Coordinator) -> Found {
        self.read_journal(coordinator)?;
        self.grow_log(coordinator)
    }

    /// Reads what has moved.
    pub(crate) fn read_journal(&mut self, coordinator: &Coordinator) -> Found {
        loop {
            let rows = coordinator.read(|reader| reader.transfers(self.last));
            if rows.is_empty() {
                return Ok(());
            }
            for row in rows {
                self.replay(&row)?;
                self.replay_spending(&row, coordinator)?;
            }
        }
    }

    fn replay(&mut self, row: &TransferRow) -> Found {
        if row.id != self.last + 1 {
            return Err(format!("transfer {} follows transfer {}", row.id, self.last));
        }
        self.last = row.id;
        let asset = row.amount.asset.name();
        let units = i128::try_from(row.amount.units).map_err(|_| "an amount beyond all bounds".to_owned())?;
        for (account, units) in [(&row.from, -units), (&row.to, units)] {
            let balance = self.balances.entry((account.to_string(), asset.to_owned())).or_default();
            *balance += units;
            if *balance < 0 && !account.may_be_negative() {
                return Err(format!("{account} stands at {balance} {asset} after transfer {}", row.id));
            }
        }
        if row.event == "settled" {
            self.settled.extend(row.job.clone());
        }
        match &row.job {
            Some(job) => self.jobs.entry(job.clone()).or_default().replay(job, row),
            None => {
                let (from, to, units) = (row.from.to_string(), row.to.to_string(), row.amount.units);
                *self.credited.entry((to.clone(), units)).or_default() += 1;
                *self.moved.entry((from, to, units)).or_default() += 1;
                Ok(())
            }
        }
    }

    /// A hold counts as spent until some of it comes back, on the day of the job's order.
    fn replay_spending(&mut self, row: &TransferRow, coordinator: &Coordinator) -> Found {
        let payer = |account: &Account| matches!(account, Account::Client(_) | Account::Outside(_));
        let Some((key, day)) = row.key else { return Ok(()) };
        let units = i128::try_from(row.amount.units).map_err(|_| "an amount beyond all bounds".to_owned())?;
        let units = if payer(&row.from) { units } else { 0 } - if payer(&row.to) { units } else { 0 };
        let limits = self.limits.entry(key).or_insert_with(|| {
            coordinator.read(|reader| reader.key(key)).map(|key| key.limits).unwrap_or_default()
        });
        for period in [day, Period::InAll] {
            let sum = self.spendings.entry((key, period)).or_default();
            *sum += units;
            if limits.over(period).is_some_and(|limit| sum.unsigned_abs() > limit) || *sum < 0 {
                return Err(format!("{key} has spent {sum} of {limits:?} after transfer {}", row.id));
            }
        }
        Ok(())
    }

    /// The jobs that were settled since this was asked last.
    pub(crate) fn take_settled(&mut self) -> BTreeSet<PublicId> {
        std::mem::take(&mut self.settled)
    }

    /// Checks that what keys have spent is what the journal says.
    fn compare_spendings(&self, coordinator: &Coordinator) -> Found {
        let mut own = self.spendings.clone();
        let mut after = None;
        loop {
            let rows = coordinator.read(|reader| reader.spendings(after));
            let Some(last) = rows.last() else { break };
            after = Some((last.key, last.period));
            for SpendingRow { key, period, units } in rows {
                let replayed = own.remove(&(key, period)).unwrap_or_default();
                if replayed != units {
                    return Err(format!("{key} has spent {units} over {period:?} and should {replayed}"));
                }
            }
        }
        match own.into_iter().find(|(_, units)| *units != 0) {
            Some(((key, period), units)) => {
                Err(format!("{key} has spent {units} over {period:?}, unrecorded"))
            }
            None => Ok(()),
        }
    }

    fn grow_log(&mut self, coordinator: &Coordinator) -> Found {
        let (size, root) = coordinator.engine.store().log();
        let (size_before, root_before) = self.seen;
        if size < size_before || (size == size_before && size > 0 && root != root_before) {
            return Err(format!("the log went from {size_before} to {size} leaves"));
        }
        self.seen = (size, root);
        while self.log.size() < size {
            let (first, count) = (self.log.size(), size - self.log.size());
            let entries = coordinator.read(|reader| reader.log_entries(first, count));
            if entries.is_empty() {
                return Err(format!("the log says {size} leaves, and leaf {first} is not there"));
            }
            for entry in entries.into_iter().take(usize::try_from(count).unwrap_or(usize::MAX)) {
                self.log.push(leaf_hash(&entry), |_, _, _| {});
                self.entries.push(entry);
            }
        }
        // Every root so far was that of the same leaves, so each tree begins with the one before.
        if self.log.root() == root { Ok(()) } else { Err(format!("the log's root at {size} is another")) }
    }

    /// Checks that the balances that the store keeps are those of the journal.
    pub(crate) fn compare(&self, coordinator: &Coordinator) -> Found {
        self.compare_spendings(coordinator)?;
        let mut own: BTreeMap<_, _> = self.balances.iter().filter(|(_, units)| **units != 0).collect();
        let mut sums: BTreeMap<String, i128> = BTreeMap::new();
        let mut after = None;
        loop {
            let rows = coordinator.read(|reader| reader.balances(after.as_deref()));
            let Some(last) = rows.last() else { break };
            after = Some(last.account.clone());
            for row in rows {
                *sums.entry(row.asset.clone()).or_default() += row.units;
                let key = (row.account, row.asset);
                let replayed = own.remove(&key).copied().unwrap_or_default();
                if replayed != row.units {
                    return Err(format!("{key:?} stands at {} and should at {replayed}", row.units));
                }
            }
        }
        for job in coordinator.engine.store().open_jobs() {
            let price = [(Account::Escrow(job.id), job.escrow), (Account::Vesting(job.id), job.vesting)];
            let staked = job.hire.iter().flat_map(|hire| hire.holdings(&job));
            let staked = staked.map(|(account, units)| (account, job.price.with_units(units)));
            for (account, amount) in price.into_iter().chain(staked) {
                let asset = amount.asset.name().to_owned();
                let units =
                    i128::try_from(amount.units).map_err(|_| "a hold beyond all bounds".to_owned())?;
                *sums.entry(asset.clone()).or_default() += units;
                let replayed = own.remove(&(account.to_string(), asset)).copied().unwrap_or_default();
                if replayed != units {
                    return Err(format!("{account} holds {units} and should {replayed}"));
                }
            }
            check_hold(&job)?;
        }
        if let Some((account, units)) = own.first_key_value() {
            return Err(format!("{account:?} should stand at {units}, and nobody knows of it"));
        }
        match sums.iter().find(|(_, sum)| **sum != 0) {
            Some((asset, sum)) => Err(format!("all {asset} together is {sum}")),
            None => Ok(()),
        }
    }

    /// Checks that nothing is held for any job, and nothing may be disputed any more.
    pub(crate) fn check_empty(&self) -> Found {
        let kinds = ["escrow:", "vesting:", "locked:", "deposit:"];
        let held = |account: &str| kinds.iter().any(|kind| account.starts_with(kind));
        match self.balances.iter().find(|((account, _), units)| **units != 0 && held(account)) {
            Some((account, units)) => Err(format!("at rest {account:?} still has {units}")),
            None => Ok(()),
        }
    }

    /// Checks that an entry of the log is a job's settlement.
    pub(crate) fn check_settlement(&self, index: u64, job: &str) -> Found {
        let entry = usize::try_from(index).ok().and_then(|index| self.entries.get(index));
        let text = entry.and_then(|entry| std::str::from_utf8(entry).ok()).unwrap_or_default();
        let digest = Sha256::of(job.as_bytes());
        let right = text.contains("\"event\":\"settled\"") && text.contains(&format!("\"sha256:{digest}\""));
        if right { Ok(()) } else { Err(format!("entry {index} is not the settlement of {job}: {text}")) }
    }
}

impl Money {
    fn replay(&mut self, job: &PublicId, row: &TransferRow) -> Found {
        let once = |what: &str, events: &BTreeSet<String>| {
            if events.len() > 1 { Err(format!("{job:?} was {what} by {events:?}")) } else { Ok(()) }
        };
        if let Account::Escrow(_) = row.to {
            self.held_units += row.amount.units;
            self.payer = Some(row.from.clone());
            if !self.held.insert(row.event.clone()) || !self.resolved.is_empty() {
                return Err(format!("{job:?} was held again by {}", row.event));
            }
        }
        match row.from {
            Account::Escrow(_) => {
                self.resolved.insert(row.event.clone());
            }
            Account::Vesting(_) => {
                self.vested.insert(row.event.clone());
            }
            _ => {}
        }
        if let Account::Worker(_) = row.to {
            self.paid.insert(row.to.clone());
        }
        // Stakes and deposits of agents are reckoned with their jobs.
        if !matches!(row.from, Account::Escrow(_) | Account::Vesting(_) | Account::Staked(_)) {
            return Ok(());
        }
        let kept = matches!(
            row.to,
            Account::Client(_) | Account::Outside(_) | Account::Vesting(_) | Account::Escrow(_)
        );
        let back = kept || Some(&row.to) == self.payer.as_ref();
        if !back {
            self.charged_units += row.amount.units;
        }
        once("resolved", &self.resolved)?;
        once("vested", &self.vested)?;
        if self.paid.len() > 1 || self.charged_units > self.held_units {
            return Err(format!(
                "{job:?} paid {:?} and charged {} of {}",
                self.paid, self.charged_units, self.held_units
            ));
        }
        Ok(())
    }
}

/// What a job holds is what its state says.
fn check_hold(job: &Job) -> Found {
    let (escrow, vesting) = match &job.state {
        State::Open { .. } | State::Arbitrated { .. } | State::Closed { .. } => (0, 0),
        State::Funded { .. } | State::Assigned { .. } | State::Running { .. } | State::Submitted { .. } => {
            (job.price.units, 0)
        }
        State::Settled { charge, .. } => (0, charge.units),
        State::Rejected { .. } | State::Disputed { .. } => (0, job.vesting.units),
    };
    if (job.escrow.units, job.vesting.units) == (escrow, vesting) {
        return Ok(());
    }
    let (name, held) = (job.state.name(), (job.escrow.units, job.vesting.units));
    Err(format!("{:?} is {name} and holds {held:?}, not {:?}", job.public_id, (escrow, vesting)))
}
