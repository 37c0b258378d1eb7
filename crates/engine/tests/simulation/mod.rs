//! A simulated market: the real engine and the real store in memory, on one thread, with a clock in
//! hand, and everything that can go wrong going wrong.
//!
//! Plain jobs of all dialects, and those of `credits`: under API keys, streamed, followed, broken off, disputed, and told
//! to hooks. Beside them, agents who hire each other, or nodes that are enrolled for a class of hardware.
//!
//! `DOCKET_SEED=n` replays one seed. `DOCKET_SIM_SEEDS` and `DOCKET_SIM_FROM` choose others than usual, `DOCKET_SIM_LINES`
//! how many of the last steps are shown.

mod acts;
mod agents;
mod books;
mod coordinator;
mod dice;
mod disk;
mod disputes;
mod faults;
mod followers;
mod keys;
mod mail;
mod market;
mod network;
mod nodes;
mod orders;
mod promises;
mod quiet;
mod reports;
mod streams;
mod tasks;
mod trace;
mod workers;

use faults::Planted;
use market::Market;
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use trace::Trace;

/// Nothing, or what is wrong.
type Found = Result<(), String>;

/// What a market came to that found its rest.
#[derive(PartialEq, Eq, Debug)]
struct Life {
    /// Of its trace.
    digest: u64,
    lines: u64,
    sights: BTreeSet<String>,
}

/// What must be seen in two hundred lives, or they prove little: every event, every reason, and the refusals
/// that workers, nodes, clients and agents meet.
const SIGHTS: [&str; 89] = [
    "funded",
    "returned",
    "submitted",
    "settled",
    "completed",
    "rejected",
    "vested",
    "disputed",
    "ruled",
    "failed",
    "refunded",
    "expired",
    "cancelled",
    "no_eligible_worker",
    "no_trusted_worker",
    "worker_declined",
    "worker_did_not_accept",
    "worker_disconnected",
    "worker_error",
    "bad_receipt",
    "timed_out",
    "cancelled_by_client",
    "cancelled_by_operator",
    "worker_draining",
    "resumed",
    "repeated",
    "idempotency.key_reused",
    "money.insufficient_funds",
    "job.not_now",
    "job.stale_attempt",
    "job.too_late",
    "dispute.window_closed",
    "dispute.not_disputable",
    "receipt.other_job",
    "receipt.other_worker",
    "receipt.other_output",
    "receipt.bad_signature",
    "worker.already_connected",
    "worker.suspended",
    "worker.stake_in_use",
    "a stake that a ruling took",
    "a group of several",
    "a job for a trusted worker",
    "key.revoked",
    "key.spending_limit_exceeded",
    "a stream that was whole",
    "a stream that broke off",
    "a part that was disputed and ruled over",
    "a part that was disputed in vain",
    "a hook that heard at once",
    "a hook that heard after a failure",
    "a hook that heard twice",
    "a hook that heard nothing for a day",
    "a dispute: Upheld",
    "a dispute: Overturned",
    "a dispute: Nothing",
    "a word that was said again",
    "vested by agents",
    "cancelled by agents",
    "expired by agents",
    "appoint: job.too_late",
    "judge: agent.not_the_owner",
    "judge: job.too_late",
    "engage: hire.owner_is_party",
    "dispute: dispute.already_opened",
    "dispute: dispute.window_closed",
    "commit: dispute.commitment_taken",
    "commit: dispute.already_voted",
    "commit: job.too_late",
    "reveal: dispute.not_seated",
    "reveal: job.not_yet_due",
    "reveal: job.too_late",
    "reclaim: job.not_yet_due",
    "fetch: agent.not_the_owner",
    "withdraw: money.insufficient_funds",
    "a node that is active",
    "a node that is left",
    "a job of a class that was done",
    "a job of a class that came to nothing",
    "a job of a class that several had",
    "enrolment.not_found",
    "enrolment.refuted",
    "a node that is refuted",
    "a node that is on_trial",
    "a node that has come back",
    "a challenge that was passed",
    "a challenge that was failed by other answers",
    "a challenge that was failed by silence",
    "a challenge that came to nothing",
];

/// One market's life, or what went wrong.
fn simulate(seed: u64, planted: Planted) -> Result<Life, String> {
    static RUNS: AtomicU64 = AtomicU64::new(0);
    let trace = Trace::default();
    let database = format!("market-{seed}-{}", RUNS.fetch_add(1, Ordering::Relaxed));
    let life = || {
        let mut market = Market::seeded(seed, database, planted, trace.clone());
        market.live().map(|()| market.sights)
    };
    let found = catch_unwind(AssertUnwindSafe(life)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        Err(text.or(panic.downcast_ref::<&str>().copied()).unwrap_or("a panic").to_owned())
    });
    match found {
        Ok(sights) => {
            let (digest, lines) = trace.digest();
            Ok(Life { digest, lines, sights })
        }
        Err(what) => Err(format!(
            "seed {seed}: {what}\nThe last steps:\n{}\nDOCKET_SEED={seed} replays it.",
            trace.last()
        )),
    }
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|text| text.parse().expect("a number"))
}

#[test]
fn two_hundred_seeds_hold() {
    let (from, count) = match number("DOCKET_SEED") {
        Some(seed) => (seed, 1),
        None => (number("DOCKET_SIM_FROM").unwrap_or(1), number("DOCKET_SIM_SEEDS").unwrap_or(200)),
    };
    let next = AtomicU64::new(from);
    let lives = std::thread::scope(|scope| {
        let threads = [(); 2].map(|()| {
            scope.spawn(|| {
                let mut lives = Vec::new();
                while let seed = next.fetch_add(1, Ordering::Relaxed)
                    && seed < from + count
                {
                    if count > 200 && seed % 100 == 0 {
                        println!("seed {seed}");
                    }
                    lives.push(simulate(seed, Planted::Nothing));
                }
                lives
            })
        });
        threads
            .map(|thread| thread.join().expect("panics are caught"))
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
    });
    let failed: Vec<&String> = lives.iter().filter_map(|life| life.as_ref().err()).collect();
    assert!(failed.is_empty(), "{} of {count} seeds failed, such as {}", failed.len(), failed[0]);
    let sights: BTreeSet<&str> =
        lives.iter().flatten().flat_map(|life| &life.sights).map(String::as_str).collect();
    let missing: Vec<_> = SIGHTS.iter().filter(|sight| !sights.contains(*sight)).collect();
    assert!(count < 200 || missing.is_empty(), "{count} seeds never saw {missing:?}");
}

#[test]
fn a_seed_replays_exactly() {
    for seed in [1, 2, 4] {
        let first = simulate(seed, Planted::Nothing).expect("this seed holds");
        assert!(first.lines > 300, "seed {seed} has only {} lines to compare", first.lines);
        assert_eq!(simulate(seed, Planted::Nothing), Ok(first), "seed {seed}");
    }
    assert_ne!(simulate(1, Planted::Nothing), simulate(2, Planted::Nothing));
}

/// A planted fault must show within so many seeds.
const SOON: u64 = 20;

fn finding(planted: Planted) -> String {
    (1..=SOON).find_map(|seed| simulate(seed, planted).err()).expect("a planted fault is found")
}

/// The same where nodes play: in every fourth market.
fn finding_with_nodes(planted: Planted) -> String {
    let mut seeds = (1..=SOON).map(|number| 4 * number);
    seeds.find_map(|seed| simulate(seed, planted).err()).expect("a planted fault is found")
}

#[test]
fn a_skipped_transfer_is_found() {
    let found = finding(Planted::SkippedTransfer);
    assert!(found.contains(" should ") || found.contains("stands at"), "{found}");
}

#[test]
fn a_lost_hold_is_found() {
    let found = finding(Planted::LostHold);
    assert!(found.contains(" should ") || found.contains("stands at"), "{found}");
}

#[test]
fn a_stream_that_costs_more_than_was_told_is_found() {
    let found = finding(Planted::Overcharge);
    assert!(found.contains("the answer to job_") && found.contains(" costs "), "{found}");
}

#[test]
fn a_spending_that_is_not_released_is_found() {
    let found = finding(Planted::KeptSpending);
    assert!(found.contains("has spent") && found.contains(" and should "), "{found}");
}

#[test]
fn a_hook_that_is_forgotten_at_a_crash_is_found() {
    let found = finding(Planted::ForgottenHooks);
    assert!(found.contains("waits, and nobody knows of it"), "{found}");
}

#[test]
fn a_lock_that_is_kept_is_found() {
    let found = finding(Planted::KeptLock);
    assert!(found.contains("locked:") || found.contains("has locked"), "{found}");
}

#[test]
fn a_word_that_counts_twice_is_found() {
    let found = finding(Planted::ForgottenWord);
    let forms = ["counted more than once", "have signed that", "was signed", "its repeat is refused"];
    assert!(forms.iter().any(|form| found.contains(form)), "{found}");
}

#[test]
fn an_early_acknowledgement_is_found() {
    let found = finding(Planted::EarlyAcknowledgement);
    let forms =
        ["promised and is not there", "told", "was answered as", "was refused", "was taken up, and nothing"];
    assert!(forms.iter().any(|form| found.contains(form)), "{found}");
}

#[test]
fn a_fee_that_a_worker_keeps_is_found() {
    let found = finding_with_nodes(Planted::KeptFee);
    assert!(found.contains(" moved ") && found.contains(", and should "), "{found}");
}

#[test]
fn a_test_that_counts_as_work_is_found() {
    let found = finding_with_nodes(Planted::TestAsWork);
    assert!(found.contains("would be right after") || found.contains(" happened among "), "{found}");
}

#[test]
fn a_verdict_that_is_too_lenient_is_found() {
    let found = finding_with_nodes(Planted::LenientVerdict);
    assert!(found.contains("it should be failed") || found.contains("is judged to be"), "{found}");
}

#[test]
fn a_verdict_that_speaks_for_the_wrong_side_is_found() {
    let found = finding_with_nodes(Planted::TurnedVerdict);
    assert!(found.contains("would be right after"), "{found}");
}

#[test]
fn a_refuted_node_that_is_kept_is_found() {
    let found = finding_with_nodes(Planted::KeptNode);
    assert!(found.contains("is judged to be"), "{found}");
}

#[test]
fn a_refuted_node_that_comes_back_at_once_is_found() {
    let found = finding_with_nodes(Planted::OpenDoor);
    assert!(found.contains("is judged to be"), "{found}");
}

#[test]
fn a_job_for_any_node_is_found() {
    let found = finding_with_nodes(Planted::AnyNode);
    assert!(found.contains("was preferred to"), "{found}");
}

#[test]
fn a_job_for_a_silent_node_is_found() {
    let found = finding_with_nodes(Planted::SilentNode);
    assert!(found.contains("it was last heard") || found.contains(", was heard "), "{found}");
}
