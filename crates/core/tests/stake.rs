//! A worker's stake: a larger part of the pay, and what a ruling takes of it.

use crate::sample::{FIRST, LAPSE, job, order, outcome, reach, reached, terms};
use docket_core::change::Change;
use docket_core::command::{Charge, Command};
use docket_core::event::{Conduct, Delivery};
use docket_core::job::Job;
use docket_core::ledger::{Account, Transfer};
use docket_core::money::{Amount, Asset, BasisPoints, Split};
use docket_core::policy::{Judge, Policy, Ruling};

/// 25 % to the platform, 15 % where there is a stake; disputable.
fn market() -> Policy {
    let split = Split { platform: BasisPoints(2_500), ..Split::default() };
    Policy { evaluation: None, split, staked: Some(BasisPoints(1_500)), ..terms() }
}

/// An answer for 8 credits and one unit.
fn settled(policy: Policy, staked: bool) -> Job {
    let price = Amount::new(80_001, Asset::USDC);
    let running = reach(job(policy, price), "create fund assign").expect("the way is open").0;
    let Command::Submit { delivery, .. } = order("submit", &running) else { unreachable!("it is one") };
    let conduct = Conduct { staked, ..delivery.conduct };
    let submit = Command::Submit { delivery: Delivery { conduct, ..delivery }, charge: Charge::Whole };
    let change = outcome(&running, &submit, crate::sample::START).expect("it is running");
    crate::sample::after(&change)
}

fn lapsed(job: &Job) -> Change {
    let due = job.state.deadline().expect("it vests");
    outcome(job, &LAPSE, due).expect("it is due")
}

fn units(transfers: &[Transfer], from: &Account, to: &Account) -> u128 {
    let legs = transfers.iter().filter(|leg| leg.from == *from && leg.to == *to);
    legs.map(|leg| leg.amount.units).sum()
}

#[test]
fn a_stake_raises_the_workers_part_and_the_parts_sum_to_the_whole() {
    for (policy, staked, worker, platform) in [
        (market(), false, 60_001, 20_000),
        (market(), true, 68_001, 12_000),
        (Policy { staked: None, ..market() }, true, 60_001, 20_000),
    ] {
        let job = settled(policy, staked);
        let transfers = lapsed(&job).transfers;
        let vesting = Account::Vesting(job.id);
        let paid = [Account::Worker(FIRST), Account::Treasury].map(|to| units(&transfers, &vesting, &to));
        assert_eq!(paid, [worker, platform], "staked: {staked}");
        assert_eq!(worker + platform, 80_001);
    }
}

#[test]
fn a_ruling_for_the_client_takes_as_much_again_from_the_stake_as_far_as_there_is_one() {
    let stake = Account::Staked(FIRST);
    for (ruling, at_stake, slashed) in [
        (Ruling::ForClient, 10_000_000, 80_001),
        (Ruling::ForClient, 80_000, 80_000),
        (Ruling::ForClient, 0, 0),
        (Ruling::ForWorker, 10_000_000, 0),
        (Ruling::Divided { client: BasisPoints(5_000) }, 10_000_000, 0),
    ] {
        let disputed = reach(settled(market(), true), "dispute").expect("it may be disputed").0;
        let command = Command::Rule { ruling, by: Judge::Arbiter, stake: at_stake };
        let ruled = outcome(&disputed, &command, crate::sample::START).expect("it is disputed");
        assert_eq!(units(&ruled.transfers, &stake, &Account::Treasury), slashed, "{ruling:?} {at_stake}");
        let left = ruled.transfers.iter().filter(|leg| leg.from == Account::Vesting(disputed.id));
        assert_eq!(left.map(|leg| leg.amount.units).sum::<u128>(), 80_001, "{ruling:?}");
    }
}

#[test]
fn who_was_not_to_be_paid_loses_no_stake() {
    let rejected = reached(terms(), "create fund assign submit evaluate-reject dispute");
    let command = Command::Rule { ruling: Ruling::ForClient, by: Judge::Arbiter, stake: 10_000 };
    let ruled = outcome(&rejected, &command, crate::sample::START).expect("it is disputed");
    assert!(ruled.transfers.iter().all(|leg| leg.from != Account::Staked(FIRST)));
}

#[test]
fn a_dispute_that_nobody_decides_takes_no_stake() {
    let disputed = reach(settled(market(), true), "dispute").expect("it may be disputed").0;
    assert!(lapsed(&disputed).transfers.iter().all(|leg| leg.from != Account::Staked(FIRST)));
}
