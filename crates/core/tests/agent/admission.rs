//! Who may offer, evaluate and arbitrate: everybody at the limits, and each reason alone.

use crate::golden;
use crate::sample::reached;
use docket_core::agent::admission::{Arbitrating, Evaluating, NoSeat, Offering, Party};
use docket_core::agent::identity::Wallet;
use docket_core::agent::lock::Locks;
use docket_core::agent::role::Strategy;
use docket_core::agent::score::Score;
use docket_core::id::AgentId;
use docket_core::job::State;
use docket_core::time::Timestamp;
use std::fmt::{Display, Write as _};

const LOCKS: Locks = Locks::DOCUMENTED;

/// The agent of this number, owned by this owner.
fn party(agent: u64, owner: u8) -> Party {
    Party { agent: AgentId(agent), owner: Wallet([owner; 20]) }
}

#[test]
fn every_refusal_has_the_reason_that_is_published() {
    let mut text = String::from("offers\n");
    write_offers(&mut text);
    text.push_str("\nevaluators, of a job judged by a program\n");
    write_evaluators(&mut text);
    text.push_str("\narbitrators\n");
    write_arbitrators(&mut text);
    golden::check("agent-admission.txt", &text);
}

fn write_row(text: &mut String, name: &str, verdict: Result<(), impl Display>) {
    let verdict = verdict.map_or_else(|reason| reason.to_string(), |()| "yes".into());
    writeln!(text, "  {name:<36} {verdict}").expect("a string takes all");
}

fn write_offers(text: &mut String) {
    let (open, funded) = (State::Open { by: Timestamp(0) }, State::Funded { by: Timestamp(0) });
    let running = reached(crate::sample::terms(), "create fund assign").state;
    let parties = [party(1, 0), party(2, 1)];
    let fit = Offering { party: party(3, 2), score: Score::TO_OFFER, invited: false, free: 100_000_000 };
    let check = |offering: Offering, state: &State, has_provider| {
        offering.check(state, has_provider, &parties, &LOCKS)
    };
    let rows = [
        ("at every limit, open", check(fit, &open, false)),
        ("at every limit, funded", check(fit, &funded, false)),
        ("running", check(fit, &running, true)),
        ("open, with a provider", check(fit, &open, true)),
        ("funded, with a provider", check(fit, &funded, true)),
        ("the client", check(Offering { party: parties[0], ..fit }, &open, false)),
        ("the evaluator", check(Offering { party: parties[1], ..fit }, &open, false)),
        ("another agent of the client's owner", check(Offering { party: party(3, 0), ..fit }, &open, false)),
        ("new", check(Offering { score: Score::NEW, ..fit }, &open, false)),
        ("a score of 69", check(Offering { score: Score::new(69), ..fit }, &open, false)),
        (
            "a score of 0, invited",
            check(Offering { score: Score::new(0), invited: true, ..fit }, &open, false),
        ),
        ("a unit too little in the pool", check(Offering { free: 99_999_999, ..fit }, &open, false)),
        (
            "everything wrong",
            check(
                Offering { party: parties[0], score: Score::new(0), invited: false, free: 0 },
                &running,
                true,
            ),
        ),
    ];
    for (name, verdict) in rows {
        write_row(text, name, verdict);
    }
}

fn write_evaluators(text: &mut String) {
    let parties = [party(1, 0), party(2, 1)];
    let fit = Evaluating { party: party(3, 2), strategy: Some(Strategy::Program) };
    let check = |evaluating: Evaluating| evaluating.check(Strategy::Program, &parties);
    let rows = [
        ("of this strategy", check(fit)),
        ("of no strategy", check(Evaluating { strategy: None, ..fit })),
        ("of another strategy", check(Evaluating { strategy: Some(Strategy::Hybrid), ..fit })),
        ("the client", check(Evaluating { party: parties[0], ..fit })),
        ("the provider", check(Evaluating { party: parties[1], ..fit })),
        ("another agent of the client's owner", check(Evaluating { party: party(3, 0), ..fit })),
        ("another agent of the provider's", check(Evaluating { party: party(3, 1), ..fit })),
        ("while there is no provider", fit.check(Strategy::Program, &parties[..1])),
    ];
    for (name, verdict) in rows {
        write_row(text, name, verdict);
    }
}

fn write_arbitrators(text: &mut String) {
    let parties = [party(1, 0), party(2, 1), party(3, 2)];
    let seated = [party(4, 3)];
    let fit = Arbitrating {
        party: party(5, 4),
        eligible: true,
        bond: 100_000_000,
        free: 10_000_000,
        score: Score::TO_ARBITRATE,
        jobs: 50,
    };
    let check = |arbitrating: Arbitrating| arbitrating.check(&parties, &seated, &LOCKS);
    let other = |agent, owner| check(Arbitrating { party: party(agent, owner), ..fit });
    let rows = [
        ("at every limit", check(fit)),
        ("not marked", check(Arbitrating { eligible: false, ..fit })),
        ("a bond of a unit too little", check(Arbitrating { bond: 99_999_999, ..fit })),
        ("a unit too little free", check(Arbitrating { free: 9_999_999, ..fit })),
        ("a score of 89", check(Arbitrating { score: Score::new(89), ..fit })),
        ("49 jobs", check(Arbitrating { jobs: 49, ..fit })),
        ("the client", other(1, 0)),
        ("the provider", other(2, 1)),
        ("the evaluator", other(3, 2)),
        ("another agent of the client's owner", other(5, 0)),
        ("another agent of the provider's", other(5, 1)),
        ("another agent of the evaluator's", other(5, 2)),
        ("seated already", other(4, 3)),
        ("seated already, sold meanwhile", other(4, 4)),
        ("another agent of a seated one's", other(5, 3)),
    ];
    for (name, verdict) in rows {
        write_row(text, name, verdict);
    }
}

#[test]
fn the_first_reason_is_the_one_that_is_told() {
    let parties = [party(1, 0)];
    let mut unfit =
        Arbitrating { party: parties[0], eligible: false, bond: 0, free: 0, score: Score::new(0), jobs: 0 };
    let mut told = vec![];
    while let Err(reason) = unfit.check(&parties, &parties, &LOCKS) {
        told.push(reason);
        match reason {
            NoSeat::NotEligible => unfit.eligible = true,
            NoSeat::BondTooSmall => unfit.bond = 100_000_000,
            NoSeat::BondNotFree => unfit.free = 10_000_000,
            NoSeat::ScoreTooLow => unfit.score = Score::MAX,
            NoSeat::TooFewJobs => unfit.jobs = 50,
            NoSeat::IsParty => unfit.party.agent = AgentId(5),
            NoSeat::OwnerIsParty | NoSeat::OwnerIsSeated => unfit.party = party(5, 4),
        }
    }
    assert_eq!(
        told,
        [
            NoSeat::NotEligible,
            NoSeat::BondTooSmall,
            NoSeat::BondNotFree,
            NoSeat::ScoreTooLow,
            NoSeat::TooFewJobs,
            NoSeat::IsParty,
            NoSeat::OwnerIsParty
        ]
    );
}
