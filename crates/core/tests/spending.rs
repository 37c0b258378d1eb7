//! What a key has spent after every ending of a job.

use crate::sample::{self, PRICE, START, after, order, outcome};
use docket_core::hash::Sha256;
use docket_core::job::Job;
use docket_core::key::{KeyId, Period};
use docket_core::policy::{Policy, Source};
use docket_core::time::Millis;

const KEY: KeyId = KeyId(Sha256([9; 32]));

/// The sums of the key after each event of a way that has changed them, the hold first.
fn sums(policy: Policy, way: &str) -> Vec<i128> {
    let (mut job, mut now, mut sum) = (Job { key: Some(KEY), ..sample::job(policy, PRICE) }, START, 0);
    let mut sums = Vec::new();
    for word in way.split_whitespace() {
        if word == "lapse" {
            now = job.state.deadline().expect("something is due");
        }
        let change = outcome(&job, &order(word, &job), now).expect("the way is open");
        if let Some(spending) = change.spending {
            assert_eq!((spending.key, spending.day), (KEY, Period::day_of(START)), "{way}");
            sum += spending.units;
            sums.push(sum);
        }
        job = after(&change);
        assert_eq!(job.key, Some(KEY));
    }
    assert!(job.state.is_final(), "{way} is no whole life");
    sums
}

#[test]
fn a_key_has_spent_what_the_client_finally_paid() {
    let at_once = sample::paid_at_once;
    let disputable = || Policy { dispute_window: Millis::hours(24), ..at_once() };
    let lives: [(Policy, &str, &[i128]); 16] = [
        (at_once(), "fund assign submit", &[1_000]),
        (at_once(), "fund assign submit-part", &[1_000, 285]),
        (at_once(), "fund assign submit-free", &[1_000, 0]),
        (at_once(), "fund cancel", &[1_000, 0]),
        (at_once(), "fund give-up", &[1_000, 0]),
        (at_once(), "fund lapse", &[1_000, 0]),
        (at_once(), "fund assign lapse", &[1_000, 0]),
        (at_once(), "fund assign return-lost assign return-lost", &[1_000, 0]),
        (at_once(), "fund assign return-lost assign submit", &[1_000]),
        (at_once(), "create cancel", &[]),
        (disputable(), "fund assign submit-part lapse", &[1_000, 285]),
        (disputable(), "fund assign submit dispute rule-for-worker", &[1_000]),
        (disputable(), "fund assign submit dispute rule-for-client", &[1_000, 0]),
        (disputable(), "fund assign submit-part dispute rule-divided", &[1_000, 285, 143]),
        (sample::terms(), "fund assign submit evaluate-reject lapse", &[1_000, 0]),
        (sample::terms(), "fund assign submit evaluate-complete lapse", &[1_000]),
    ];
    for (policy, way, expected) in lives {
        assert_eq!(sums(policy.clone(), way), expected, "{way}");
        // Money of a test network is spent like the client's own.
        let minted = Policy { source: Source::Minted(sample::testnet()), ..policy };
        assert_eq!(sums(minted, way), expected, "{way}, minted");
    }
}

#[test]
fn without_a_key_nothing_is_counted() {
    let job = sample::job(sample::paid_at_once(), PRICE);
    assert_eq!(outcome(&job, &order("fund", &job), START).unwrap().spending, None);
}
