//! What holds for any amounts, scores and votes.

use super::court::{CHOICES, all_votes};
use docket_core::agent::court::{Outcome, Shares, Votes, decide, deposit, settle};
use docket_core::agent::fee::{bonus, paid, split};
use docket_core::agent::lock::Locks;
use docket_core::agent::penalty::{Offence, Violations, divide};
use docket_core::agent::record::Record;
use docket_core::agent::role::{Level, Role};
use docket_core::agent::score::{Deed, Score};
use docket_core::money::{Amount, Asset, BasisPoints};
use docket_core::time::Millis;
use proptest::prelude::*;

/// Any number of units, small and huge ones alike.
fn units() -> impl Strategy<Value = u128> {
    (any::<u128>(), 0_u32..128).prop_map(|(units, shift)| units >> shift)
}

fn role() -> impl Strategy<Value = Role> {
    prop::sample::select(&Role::ALL[..])
}

fn level() -> impl Strategy<Value = Level> {
    prop::sample::select(&Level::ALL[..])
}

fn score() -> impl Strategy<Value = Score> {
    any::<u8>().prop_map(Score::new)
}

fn votes() -> impl Strategy<Value = Votes> {
    prop::array::uniform3(prop::sample::select(&CHOICES[..]))
}

fn sum(shares: &Shares) -> u128 {
    [shares.initiator, shares.treasury].iter().chain(&shares.seats).sum()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn a_lock_grows_with_the_budget_and_shrinks_with_the_score(
        role in role(), level in level(), budgets in (units(), units()), scores in (score(), score()),
    ) {
        let lock = |budget, score| Locks::DOCUMENTED.lock(role, level, budget, score);
        let (less, more) = (budgets.0.min(budgets.1), budgets.0.max(budgets.1));
        let (worse, better) = (scores.0.min(scores.1), scores.0.max(scores.1));
        prop_assert!(lock(less, worse) <= lock(more, worse));
        prop_assert!(lock(less, worse) >= lock(less, better));
    }

    #[test]
    fn a_lock_is_the_exact_quotient_rounded_up(
        level in level(), budget in 0_u128..1 << 90, points in 1_u8..=100,
    ) {
        let spared = [10, 9, 8, 7][usize::from(level.number())];
        let exact = (budget * spared).div_ceil(u128::from(points));
        let locked = Locks::DOCUMENTED.lock(Role::Provider, level, budget, Score::new(points));
        prop_assert_eq!(locked, exact);
    }

    #[test]
    fn a_slash_sums_to_the_whole(lock in units(), count: u32, arbitrators: u8) {
        for offence in Offence::ALL {
            let slash = Violations { count, clean: 0 }.share(offence).of(lock);
            let parts = divide(slash, arbitrators);
            prop_assert!(slash <= lock);
            prop_assert_eq!(parts.injured + parts.treasury + parts.each_arbitrator * u128::from(arbitrators), slash);
            prop_assert!(parts.injured >= BasisPoints(6_000).of(slash));
        }
    }

    #[test]
    fn deposit_and_slash_sum_to_their_wholes(votes in votes(), put_down in units(), slash in units()) {
        let settlement = settle(&votes, put_down, slash);
        let is_overturned = settlement.outcome == Outcome::Overturned;
        prop_assert_eq!(sum(&settlement.deposit), put_down);
        prop_assert_eq!(sum(&settlement.slash), if is_overturned { slash } else { 0 });
        if is_overturned {
            prop_assert_eq!(settlement.slash.initiator, BasisPoints(7_000).of(slash));
            prop_assert!(settlement.slash.seats.iter().all(|seat| *seat <= BasisPoints(1_000).of(put_down)));
        }
        if settlement.outcome == Outcome::Upheld {
            prop_assert!(settlement.deposit.treasury >= BasisPoints(7_000).of(put_down));
            prop_assert_eq!(settlement.deposit.initiator, 0);
        }
    }

    #[test]
    fn the_seats_of_a_settlement_follow_their_votes(votes in votes(), put_down in units(), slash in units()) {
        let settlement = settle(&votes, put_down, slash);
        for order in [[0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
            let other = settle(&order.map(|seat| votes[seat]), put_down, slash);
            prop_assert_eq!(other.outcome, settlement.outcome);
            prop_assert_eq!(other.deposit.treasury, settlement.deposit.treasury);
            prop_assert_eq!(other.slash.treasury, settlement.slash.treasury);
            prop_assert_eq!(other.deposit.seats, order.map(|seat| settlement.deposit.seats[seat]));
            prop_assert_eq!(other.slash.seats, order.map(|seat| settlement.slash.seats[seat]));
            prop_assert_eq!(other.seats, order.map(|seat| settlement.seats[seat]));
        }
    }

    #[test]
    fn a_deposit_grows_with_the_budget_and_is_at_most_halved(one in units(), other in units()) {
        let (less, more) = (one.min(other), one.max(other));
        for is_borderline in [false, true] {
            prop_assert!(deposit(less, is_borderline) <= deposit(more, is_borderline));
            prop_assert!(deposit(less, is_borderline) >= 2_500_000);
        }
        let (whole, half) = (deposit(one, false), deposit(one, true));
        prop_assert!(half == whole / 2 || half == whole / 2 + 1);
    }

    #[test]
    fn a_budget_sums_to_the_whole_at_every_level(units in units(), level in level()) {
        let parts = split(level).divide(Amount::new(units, Asset::USDC));
        let sum = parts.worker.units + parts.evaluator.units + parts.platform.units + parts.burned.units;
        prop_assert_eq!(sum, units);
        prop_assert!(parts.worker.units >= BasisPoints(9_400).of(units));
    }

    #[test]
    fn later_work_never_earns_more_and_nobody_is_paid_what_is_not_there(
        first: i64, second: i64, given: i64, owed in units(), held in units(),
    ) {
        let (sooner, later) = (first.min(second), first.max(second));
        prop_assert!(bonus(Millis(sooner), Millis(given)) >= bonus(Millis(later), Millis(given)));
        prop_assert!(paid(owed, held) <= owed && paid(owed, held) <= held);
        prop_assert!(paid(owed, held) == owed || paid(owed, held) == held);
    }

    #[test]
    fn a_score_never_leaves_its_range(
        begin in score(), deeds in prop::collection::vec(prop::sample::select(&Deed::ALL[..]), 0..200),
    ) {
        let mut score = begin;
        for deed in deeds {
            let next = score.after(deed);
            prop_assert!(next <= Score::MAX);
            let moved = i16::from(next.points()) - i16::from(score.points());
            let wanted = i16::from(deed.points());
            prop_assert!(moved == wanted || next == Score::MAX || next == Score::new(0));
            prop_assert!(moved.signum() * wanted.signum() >= 0);
            score = next;
        }
    }

    #[test]
    fn the_parts_of_a_record_are_within_their_weights(counts: [u64; 8]) {
        let [total, completed, on_time, judged, approved, disputes, dispute_wins, level_sum] = counts;
        let record =
            Record { total, completed, on_time, judged, approved, disputes, dispute_wins, level_sum };
        let parts = record.parts();
        let shown = [parts.completion, parts.on_time, parts.approval, parts.disputes, parts.level];
        prop_assert!(shown.iter().zip([3_000, 2_000, 2_500, 1_500, 1_000]).all(|(part, weight)| part.0 <= weight));
        prop_assert!(parts.sum().0 <= 10_000);
    }
}

#[test]
fn a_decision_does_not_depend_on_who_sits_where() {
    for votes in all_votes() {
        for order in [[0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
            assert_eq!(decide(&order.map(|seat| votes[seat])), decide(&votes), "{votes:?}");
        }
    }
}
