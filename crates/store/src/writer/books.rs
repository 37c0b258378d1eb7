//! Balances: what stands on disk, or will when the open group is written.

use docket_core::ledger::{Account, Transfer};
use docket_core::money::Asset;
use docket_core::refusal::Refusal;
use std::collections::{BTreeMap, HashMap};

/// The balance of an account in one asset is kept under both.
pub(crate) type Key = (Account, Asset);

/// What a group does to a balance.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Moved {
    /// What stands on disk; `None` if no row does.
    pub(crate) before: Option<i128>,
    /// What stands there when the group is written.
    pub(crate) after: i128,
}

/// Balances of accounts that are not a job's own.
#[derive(Default)]
pub(super) struct Books {
    /// `None` where the account has no row and holds nothing.
    known: HashMap<Key, Option<i128>>,
    /// What the open group has changed.
    moved: BTreeMap<Key, Moved>,
}

impl Books {
    /// The balances that must be read before these transfers can be judged.
    pub(super) fn unknown<'a>(&'a self, transfers: &'a [Transfer]) -> impl Iterator<Item = Key> + 'a {
        let keys = sides(transfers).map(|(account, asset, _)| (account.clone(), asset));
        keys.filter(|key| !self.known.contains_key(key))
    }

    /// Takes what was read; what was not found is nothing.
    pub(super) fn learn<'a>(&mut self, wanted: impl IntoIterator<Item = &'a Key>, found: HashMap<Key, i128>) {
        self.known.extend(wanted.into_iter().map(|key| (key.clone(), None)));
        self.known.extend(found.into_iter().map(|(key, units)| (key, Some(units))));
    }

    /// The balances after some transfers, if none falls below zero that may not.
    pub(super) fn judge(&self, transfers: &[Transfer]) -> Result<Vec<(Key, i128)>, Refusal> {
        let mut after: BTreeMap<(&Account, Asset), i128> = BTreeMap::new();
        for (account, asset, units) in sides(transfers) {
            let sum = after.entry((account, asset)).or_default();
            *sum = units.and_then(|units| sum.checked_add(units)).ok_or(Refusal::InsufficientFunds)?;
        }
        let balances = after.into_iter().map(|((account, asset), change)| {
            let key = (account.clone(), asset);
            let before = self.known.get(&key).copied().flatten().unwrap_or_default();
            let balance = before.checked_add(change).ok_or(Refusal::InsufficientFunds)?;
            let allowed = balance >= 0 || change >= 0 || account.may_be_negative();
            if allowed { Ok((key, balance)) } else { Err(Refusal::InsufficientFunds) }
        });
        balances.collect()
    }

    /// Takes what [`Self::judge`] has let through.
    pub(super) fn accept(&mut self, balances: Vec<(Key, i128)>) {
        for (key, after) in balances {
            let before = self.known.insert(key.clone(), Some(after)).flatten();
            self.moved.entry(key).or_insert(Moved { before, after }).after = after;
        }
    }

    /// What the open group has changed, each balance once; always in one order, so that groups of two
    /// writers could not lock each other out.
    pub(super) fn take_moved(&mut self) -> BTreeMap<Key, Moved> {
        std::mem::take(&mut self.moved)
    }

    /// How many balances are known.
    pub(super) fn len(&self) -> usize {
        self.known.len()
    }

    /// Forgets what is on disk. No group may be open.
    pub(super) fn forget(&mut self) {
        self.known.clear();
    }
}

/// What each transfer does to the accounts that have a balance here; `None` for more than a balance can hold.
fn sides(transfers: &[Transfer]) -> impl Iterator<Item = (&Account, Asset, Option<i128>)> {
    let both = transfers.iter().flat_map(|transfer| {
        let units = i128::try_from(transfer.amount.units).ok();
        let asset = transfer.amount.asset;
        [(&transfer.from, asset, units.map(|units| -units)), (&transfer.to, asset, units)]
    });
    both.filter(|(account, _, _)| account.job().is_none())
}

#[cfg(test)]
mod tests {
    use super::*;
    use docket_core::id::ClientId;
    use docket_core::ledger::NetworkId;
    use docket_core::money::Amount;

    fn transfer(from: Account, to: Account, units: u128) -> Transfer {
        Transfer { from, to, amount: Amount::new(units, Asset::USDC) }
    }

    fn ann() -> Account {
        Account::Client(ClientId("ann".into()))
    }

    fn outside() -> Account {
        Account::Outside(NetworkId("ledger:test".into()))
    }

    #[test]
    fn only_the_sum_of_a_change_counts() {
        let books = Books::default();
        let there_and_back = [transfer(ann(), Account::Treasury, 5), transfer(outside(), ann(), 5)];
        assert!(books.judge(&there_and_back).is_ok());
        assert_eq!(books.judge(&there_and_back[..1]), Err(Refusal::InsufficientFunds));
    }

    #[test]
    fn what_no_balance_can_hold_is_refused() {
        let mut books = Books::default();
        let most = u128::try_from(i128::MAX).unwrap();
        let balances = books.judge(&[transfer(outside(), ann(), most)]).unwrap();
        books.accept(balances);
        assert_eq!(books.judge(&[transfer(outside(), ann(), 1)]), Err(Refusal::InsufficientFunds));
        assert_eq!(
            books.judge(&[transfer(outside(), Account::Treasury, most + 1)]),
            Err(Refusal::InsufficientFunds)
        );
    }

    #[test]
    fn a_group_changes_what_stands_on_disk_once() {
        let mut books = Books::default();
        let key = (ann(), Asset::USDC);
        books.learn([&key], HashMap::from([(key.clone(), 3)]));
        for _ in 0..2 {
            let balances = books.judge(&[transfer(outside(), ann(), 5)]).unwrap();
            books.accept(balances);
        }
        let moved = books.take_moved();
        assert_eq!(moved[&key], Moved { before: Some(3), after: 13 });
        assert_eq!(moved[&(outside(), Asset::USDC)], Moved { before: None, after: -10 });
        let balances = books.judge(&[transfer(ann(), outside(), 1)]).unwrap();
        books.accept(balances);
        assert_eq!(books.take_moved()[&key], Moved { before: Some(13), after: 12 });
    }
}
