//! The journal, added up: what each account should hold, and whether each hold was resolved once.

use super::{AssetBooks, Spent, Totals, signed};
use docket_core::id::{AgentId, JobId};
use docket_core::key::Period;
use docket_core::ledger::Account;
use docket_core::money::Asset;
use docket_core::time::Timestamp;
use docket_store::TransferRow;
use std::collections::{BTreeSet, HashMap, HashSet};

/// What the journal says so far.
#[derive(Default)]
pub(super) struct Replay {
    /// The number of the last transfer.
    pub(super) last: i64,
    /// How many there were.
    pub(super) transfers: u64,
    balances: HashMap<(Account, Asset), i128>,
    /// Jobs whose money was ever held.
    held: HashSet<JobId>,
    /// Holds that are not resolved, and the event that has begun to.
    open: HashMap<JobId, Option<(String, Timestamp)>>,
    /// While somebody looks at the store: what accounts that have moved had before.
    window: Option<HashMap<(Account, Asset), Vec<i128>>>,
    /// What keys have spent.
    spendings: HashMap<Spent, i128>,
    /// The same of these, as `window`.
    spent_before: HashMap<Spent, Vec<i128>>,
    /// What jobs have locked of agents' stakes.
    locked: HashMap<AgentId, i128>,
    /// The same of these, as `window`.
    locked_before: HashMap<AgentId, Vec<i128>>,
}

/// How a job's hold stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Holding {
    /// Nothing was ever held.
    Never,
    /// It is held.
    Funded,
    /// It was resolved.
    Resolved,
}

impl Replay {
    /// Adds a transfer; answers with what is wrong about it.
    pub(super) fn apply(&mut self, row: &TransferRow) -> Option<String> {
        let (number, amount) = (row.id, signed(row.amount));
        self.last = self.last.max(number);
        self.transfers += 1;
        let hold = self.follow_hold(row);
        self.follow_key(row, amount);
        self.follow_locks(row, amount);
        let left = self.add(&row.from, row.amount.asset, -amount);
        self.add(&row.to, row.amount.asset, amount);
        if row.amount.is_zero() || row.from == row.to {
            return Some(format!("transfer {number} moves nothing"));
        }
        if left < 0 && !row.from.may_be_negative() {
            return Some(format!("transfer {number} leaves {} at {left}", row.from));
        }
        hold.map(|wrong| format!("transfer {number}: {wrong}"))
    }

    /// Follows the hold that a transfer makes or resolves.
    fn follow_hold(&mut self, row: &TransferRow) -> Option<String> {
        if let Account::Escrow(job) = row.to {
            self.open.insert(job, None);
            return (!self.held.insert(job)).then(|| format!("{} is held a second time", row.to));
        }
        let Account::Escrow(job) = row.from else { return None };
        let resolution = (row.event.clone(), row.at);
        match self.open.get_mut(&job) {
            None => Some(format!("{} is resolved a second time", row.from)),
            Some(begun @ None) => {
                *begun = Some(resolution);
                None
            }
            Some(Some(begun)) if *begun == resolution => None,
            Some(Some(_)) => Some(format!("{} is resolved by two events", row.from)),
        }
    }

    /// Adds what a job takes from who pays for it to the spendings of its key, and takes off what it gives back to him.
    fn follow_key(&mut self, row: &TransferRow, amount: i128) {
        let payer = |account: &Account| matches!(account, Account::Client(_) | Account::Outside(_));
        let units = if payer(&row.from) { amount } else { 0 } - if payer(&row.to) { amount } else { 0 };
        let Some((key, day)) = row.key.filter(|_| units != 0) else { return };
        for spent in [(key, day), (key, Period::InAll)] {
            let sum = self.spendings.entry(spent).or_default();
            if self.window.is_some() {
                self.spent_before.entry(spent).or_default().push(*sum);
            }
            *sum = sum.saturating_add(units);
        }
    }

    /// Adds what a job locks of an agent's stake, and takes off what it locks no more.
    fn follow_locks(&mut self, row: &TransferRow, amount: i128) {
        for (account, units) in [(&row.from, -amount), (&row.to, amount)] {
            let Account::Locked(agent, _) = account else { continue };
            let sum = self.locked.entry(*agent).or_default();
            if self.window.is_some() {
                self.locked_before.entry(*agent).or_default().push(*sum);
            }
            *sum = sum.saturating_add(units);
        }
    }

    /// What jobs have locked of an agent's stake by now.
    pub(super) fn locked(&self, agent: AgentId) -> i128 {
        self.locked.get(&agent).copied().unwrap_or_default()
    }

    /// Whether they had locked so much at some instant of the window.
    pub(super) fn had_locked(&self, agent: AgentId, units: i128) -> bool {
        let earlier = || self.locked_before.get(&agent).into_iter().flatten();
        self.locked(agent) == units || earlier().any(|before| *before == units)
    }

    /// The agents of whose stakes anything was ever locked.
    pub(super) fn lockers(&self) -> BTreeSet<AgentId> {
        self.locked.keys().copied().collect()
    }

    /// What a key has spent by now.
    pub(super) fn spending(&self, spent: Spent) -> i128 {
        self.spendings.get(&spent).copied().unwrap_or_default()
    }

    /// Whether a key had spent so much at some instant of the window.
    pub(super) fn had_spent(&self, spent: Spent, units: i128) -> bool {
        let earlier = || self.spent_before.get(&spent).into_iter().flatten();
        self.spending(spent) == units || earlier().any(|before| *before == units)
    }

    /// Which sums there should be.
    pub(super) fn spent(&self) -> BTreeSet<Spent> {
        self.spendings.keys().copied().collect()
    }

    fn add(&mut self, account: &Account, asset: Asset, units: i128) -> i128 {
        let key = (account.clone(), asset);
        let before = self.balances.get(&key).copied().unwrap_or_default();
        if let Some(window) = &mut self.window {
            window.entry(key.clone()).or_default().push(before);
        }
        let after = before.saturating_add(units);
        match account {
            // Most jobs are over, and hold nothing.
            Account::Escrow(job) if after == 0 => {
                self.open.remove(job);
                self.balances.remove(&key);
            }
            Account::Vesting(_) | Account::Locked(..) | Account::Deposit(_) if after == 0 => {
                self.balances.remove(&key);
            }
            _ => {
                self.balances.insert(key, after);
            }
        }
        after
    }

    /// What an account holds by now.
    pub(super) fn balance(&self, account: &Account, asset: Asset) -> i128 {
        self.balances.get(&(account.clone(), asset)).copied().unwrap_or_default()
    }

    /// From now on it is remembered what accounts had.
    pub(super) fn begin_window(&mut self) {
        self.window = Some(HashMap::new());
        self.spent_before.clear();
        self.locked_before.clear();
    }

    /// Whether an account held so much at some instant of the window.
    pub(super) fn had(&self, account: &Account, asset: Asset, units: i128) -> bool {
        let earlier =
            || self.window.as_ref().and_then(|window| window.get(&(account.clone(), asset))).into_iter();
        self.balance(account, asset) == units || earlier().flatten().any(|balance| *balance == units)
    }

    /// How the hold of a job stands.
    pub(super) fn holding(&self, job: JobId) -> Holding {
        match (self.held.contains(&job), self.open.contains_key(&job)) {
            (false, _) => Holding::Never,
            (true, true) => Holding::Funded,
            (true, false) => Holding::Resolved,
        }
    }

    /// The names of all accounts but those of jobs.
    pub(super) fn owned_names(&self) -> BTreeSet<String> {
        let owned = self.balances.keys().filter(|(account, _)| account.job().is_none());
        owned.map(|(account, _)| account.to_string()).collect()
    }

    /// The jobs for which money is held, or may still be disputed.
    pub(super) fn holding_jobs(&self) -> HashSet<JobId> {
        self.balances.keys().filter_map(|(account, _)| account.job()).collect()
    }

    /// Where the money of each asset is, in the order of their names.
    pub(super) fn assets(&self) -> Vec<AssetBooks> {
        let mut totals = Totals::new();
        for ((account, asset), units) in &self.balances {
            let books = totals.entry(*asset).or_insert_with(|| AssetBooks {
                asset: asset.name().to_owned(),
                decimals: asset.decimals(),
                outside: 0,
                owned: 0,
                escrow: 0,
                vesting: 0,
            });
            *match account {
                Account::Outside(_) => &mut books.outside,
                Account::Escrow(_) => &mut books.escrow,
                Account::Vesting(_) => &mut books.vesting,
                Account::Client(_)
                | Account::Worker(_)
                | Account::Stake(_)
                | Account::Staked(_)
                | Account::Locked(..)
                | Account::Deposit(_)
                | Account::Treasury
                | Account::Burned => &mut books.owned,
            } += units;
        }
        totals.into_values().collect()
    }
}
