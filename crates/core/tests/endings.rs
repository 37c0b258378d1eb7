//! Every ending of a job: who gets each unit, and by which accounts, under four kinds of terms.

use crate::golden;
use crate::sample;
use docket_core::decide::decide;
use docket_core::event::{Closing, Event, Fault, Moves};
use docket_core::job::Job;
use docket_core::ledger::{self, Account, ENDINGS, Transfer};
use docket_core::money::{Amount, Asset, BasisPoints, Split};
use docket_core::policy::{Policy, Source};
use docket_core::time::Millis;
use std::fmt::Write as _;

/// Where nobody judges: what happens to money, the way to the job, and the order that makes it happen.
const UNJUDGED: [(&str, &str, &str); 8] = [
    ("funded", "", "fund"),
    ("settled in full", "create fund assign", "submit"),
    ("settled for 2 of 7", "create fund assign", "submit-part"),
    ("vested, settled in full", "create fund assign submit", "lapse"),
    ("vested, settled for 2 of 7", "create fund assign submit-part", "lapse"),
    ("ruled for the worker", "create fund assign submit dispute", "rule-for-worker"),
    ("ruled for the client", "create fund assign submit dispute", "rule-for-client"),
    ("ruled half and half", "create fund assign submit dispute", "rule-divided"),
];

/// The same where an evaluator judges.
const JUDGED: [(&str, &str, &str); 8] = [
    ("funded", "", "fund"),
    ("completed", "create fund assign submit", "evaluate-complete"),
    ("rejected", "create fund assign submit", "evaluate-reject"),
    ("vested, completed", "create fund assign submit evaluate-complete", "lapse"),
    ("vested, rejected", "create fund assign submit evaluate-reject", "lapse"),
    ("ruled for the worker", "create fund assign submit evaluate-reject dispute", "rule-for-worker"),
    ("ruled for the client", "create fund assign submit evaluate-reject dispute", "rule-for-client"),
    ("ruled half and half", "create fund assign submit evaluate-reject dispute", "rule-divided"),
];

/// The ways in which a job ends without being paid.
const CLOSINGS: [(&str, Closing); 4] = [
    ("failed", Closing::Failed),
    ("refunded", Closing::Refunded),
    ("expired", Closing::Expired),
    ("cancelled", Closing::Cancelled),
];

#[test]
fn every_unit_of_every_ending_goes_where_the_published_table_says() {
    let mut text = String::from("by symbols\n");
    for ending in ENDINGS {
        let mut name = format!("{:?}", ending.on);
        for (from, to, part) in ending.legs {
            writeln!(text, "  {name:<12}  {:<7} -> {:<9}  {part:?}", format!("{from:?}"), format!("{to:?}"))
                .expect("a string takes all");
            name.clear();
        }
        if ending.legs.is_empty() {
            writeln!(text, "  {name}").expect("a string takes all");
        }
    }
    for (title, policy, price) in examples() {
        write!(text, "\n\n{title}; a hold of {price:?}\n\n").expect("a string takes all");
        for (name, job, event) in endings(&policy, price) {
            write_legs(&mut text, name, &ledger::transfers(&job, &event));
        }
    }
    golden::check("endings.txt", &text);
}

#[test]
fn the_legs_of_every_ending_sum_to_what_was_in_the_account() {
    for (title, policy, price) in examples() {
        for (name, job, event) in endings(&policy, price) {
            let legs = ledger::transfers(&job, &event);
            let held = match event.moves(&job) {
                Moves::Nothing => price.with_units(0),
                Moves::Hold => price,
                Moves::PayAtOnce | Moves::Vest | Moves::GiveBack => job.escrow,
                Moves::PayVested | Moves::ReturnVested => job.vesting,
            };
            let sum: u128 = legs.iter().map(|leg| leg.amount.units).sum();
            assert_eq!(sum, held.units, "{title}: {name}");
            assert!(
                legs.windows(2).all(|pair| pair[0].from == pair[1].from),
                "{title}: {name}: one account pays"
            );
        }
    }
}

#[test]
fn every_kind_of_movement_stands_in_the_table_once() {
    let happened: Vec<Moves> = examples()
        .into_iter()
        .flat_map(|(_, policy, price)| endings(&policy, price))
        .map(|(_, job, event)| event.moves(&job))
        .collect();
    for ending in ENDINGS {
        assert_eq!(ENDINGS.iter().filter(|other| other.on == ending.on).count(), 1, "{:?}", ending.on);
        assert!(happened.contains(&ending.on), "{:?}", ending.on);
    }
    assert!(happened.iter().all(|moves| ENDINGS.iter().any(|ending| ending.on == *moves)));
}

/// Four markets, by how their money goes. The amounts leave a remainder at every division.
fn examples() -> Vec<(&'static str, Policy, Amount)> {
    let plain = sample::paid_at_once;
    let bps = BasisPoints;
    vec![
        (
            "minted test money, 5 % to the platform, paid at once",
            Policy {
                source: Source::Minted(sample::testnet()),
                split: Split { platform: bps(500), ..Split::default() },
                ..plain()
            },
            Amount::new(10_019, Asset::TEST_USDC),
        ),
        (
            "the client's account, 25 % to the platform, vests in 60 s",
            Policy {
                split: Split { platform: bps(2_500), ..Split::default() },
                dispute_window: Millis::seconds(60),
                ..plain()
            },
            Amount::new(1_250_003, Asset::USDC),
        ),
        (
            "judged within 48 h, 3 % to the evaluator and 2 % to the platform, vests in 48 h",
            Policy {
                split: Split { evaluator: bps(300), platform: bps(200), ..Split::default() },
                dispute_window: Millis::hours(48),
                ..sample::terms()
            },
            Amount::new(25_000_077, Asset::USDC),
        ),
        (
            "ether, 5 % burned, paid at once",
            Policy { split: Split { burned: bps(500), ..Split::default() }, ..plain() },
            Amount::new(1_234_567_890_123_456_789, Asset::ETH),
        ),
    ]
}

/// Every ending that a job can have under these terms, with the job as it stands before.
fn endings(policy: &Policy, price: Amount) -> Vec<(&'static str, Job, Event)> {
    let reach = |way| sample::reach(sample::job(policy.clone(), price), way).ok();
    let rows = if policy.evaluation.is_some() { JUDGED } else { UNJUDGED };
    let ordered = rows.into_iter().filter_map(|(name, way, word)| {
        let (job, now) = reach(way)?;
        let now = if word == "lapse" { job.state.deadline()? } else { now };
        let event = decide(&job, &sample::order(word, &job), now).ok()?;
        Some((name, job, event))
    });
    let closed = |name, way, how| {
        let (job, _) = reach(way).expect("the way is open");
        (name, job, Event::Closed { how, reason: Fault::TimedOut })
    };
    let unpaid = CLOSINGS.into_iter().map(|(name, how)| closed(name, "create fund assign", how));
    let unfunded = closed("expired without money", "create", Closing::Expired);
    ordered.chain(unpaid).chain([unfunded]).collect()
}

fn write_legs(text: &mut String, name: &str, legs: &[Transfer]) {
    let mut name = name;
    for Transfer { from, to, amount } in legs {
        let (from, to) = (place(from), place(to));
        writeln!(text, "  {name:<26}  {from:<8} -> {to:<9}  {:>19}", amount.units)
            .expect("a string takes all");
        name = "";
    }
    if legs.is_empty() {
        writeln!(text, "  {name:<26}  nothing moves").expect("a string takes all");
    }
}

/// The kind of an account.
fn place(account: &Account) -> &'static str {
    match account {
        Account::Client(_) => "client",
        Account::Worker(_) => "worker",
        Account::Escrow(_) => "escrow",
        Account::Vesting(_) => "vesting",
        Account::Stake(_) | Account::Staked(_) => "stake",
        Account::Locked(..) => "locked",
        Account::Deposit(_) => "deposit",
        Account::Treasury => "treasury",
        Account::Burned => "burned",
        Account::Outside(_) => "outside",
    }
}
