//! Balances: what stands on disk, or will when the open group is written.

use super::sums::Sums;
use docket_core::ledger::{Account, Transfer};
use docket_core::money::Asset;
use docket_core::refusal::Refusal;
use std::collections::BTreeMap;

/// The balance of an account in one asset is kept under both.
pub(crate) type Key = (Account, Asset);

/// Balances of accounts that are not a job's own.
#[derive(Default)]
pub(super) struct Books {
    sums: Sums<Key>,
}

impl Books {
    /// The balances that must be read before these transfers can be judged.
    pub(super) fn unknown<'a>(&'a self, transfers: &'a [Transfer]) -> impl Iterator<Item = Key> + 'a {
        let keys = sides(transfers).map(|(account, asset, _)| (account.clone(), asset));
        keys.filter(|key| self.sums.is_unknown(key))
    }

    /// The balances as they stand on disk, or will.
    pub(super) fn sums(&mut self) -> &mut Sums<Key> {
        &mut self.sums
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
            let balance = self.sums.get(&key).checked_add(change).ok_or(Refusal::InsufficientFunds)?;
            let allowed = balance >= 0 || change >= 0 || account.may_be_negative();
            if allowed { Ok((key, balance)) } else { Err(Refusal::InsufficientFunds) }
        });
        balances.collect()
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
    use super::super::sums::Moved;
    use super::*;
    use docket_core::id::ClientId;
    use docket_core::ledger::NetworkId;
    use docket_core::money::Amount;
    use std::collections::HashMap;

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
        books.sums.accept(balances);
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
        books.sums.learn([&key], HashMap::from([(key.clone(), 3)]));
        for _ in 0..2 {
            let balances = books.judge(&[transfer(outside(), ann(), 5)]).unwrap();
            books.sums.accept(balances);
        }
        let moved = books.sums.take_moved();
        assert_eq!(moved[&key], Moved { before: Some(3), after: 13 });
        assert_eq!(moved[&(outside(), Asset::USDC)], Moved { before: None, after: -10 });
        let balances = books.judge(&[transfer(ann(), outside(), 1)]).unwrap();
        books.sums.accept(balances);
        assert_eq!(books.sums.take_moved()[&key], Moved { before: Some(13), after: 12 });
    }
}
