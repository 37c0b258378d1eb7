//! Who may offer, evaluate and arbitrate: everybody at the limits, and each reason alone.

use crate::golden;
use crate::sample::reached;
use docket_core::agent::admission::{Arbitrating, Evaluating, NoSeat, Offering, Party};
use docket_core::agent::lock::Locks;
use docket_core::agent::role::Strategy;
use docket_core::agent::score::Score;
use docket_core::id::{AgentId, ClientId};
use docket_core::job::State;
use docket_core::time::Timestamp;
use std::fmt::{Display, Write as _};

const LOCKS: Locks = Locks::DOCUMENTED;

/// Owners by their letters, so that parties can borrow them.
struct Owners([ClientId; 5]);

impl Owners {
    fn new() -> Self {
        Self(["a", "b", "c", "d", "e"].map(|name| ClientId(name.into())))
    }

    /// The agent of this number, owned by this owner.
    fn party(&self, agent: u64, owner: usize) -> Party<'_> {
        Party { agent: AgentId(agent), owner: &self.0[owner] }
    }
}

#[test]
fn every_refusal_has_the_reason_that_is_published() {
    let owners = Owners::new();
    let mut text = String::from("offers\n");
    write_offers(&mut text, &owners);
    text.push_str("\nevaluators, of a job judged by a program\n");
    write_evaluators(&mut text, &owners);
    text.push_str("\narbitrators\n");
    write_arbitrators(&mut text, &owners);
    golden::check("agent-admission.txt", &text);
}

fn write_row(text: &mut String, name: &str, verdict: Result<(), impl Display>) {
    let verdict = verdict.map_or_else(|reason| reason.to_string(), |()| "yes".into());
    writeln!(text, "  {name:<36} {verdict}").expect("a string takes all");
}

fn write_offers(text: &mut String, owners: &Owners) {
    let (open, funded) = (State::Open { by: Timestamp(0) }, State::Funded { by: Timestamp(0) });
    let running = reached(crate::sample::terms(), "create fund assign").state;
    let parties = [owners.party(1, 0), owners.party(2, 1)];
    let fit = Offering { party: owners.party(3, 2), score: Score::TO_OFFER, free: 100_000_000 };
    let check = |offering: Offering<'_>, state: &State, has_provider| {
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
        (
            "another agent of the client's owner",
            check(Offering { party: owners.party(3, 0), ..fit }, &open, false),
        ),
        ("new", check(Offering { score: Score::NEW, ..fit }, &open, false)),
        ("a score of 69", check(Offering { score: Score::new(69), ..fit }, &open, false)),
        ("a unit too little in the pool", check(Offering { free: 99_999_999, ..fit }, &open, false)),
        (
            "everything wrong",
            check(Offering { party: parties[0], score: Score::new(0), free: 0 }, &running, true),
        ),
    ];
    for (name, verdict) in rows {
        write_row(text, name, verdict);
    }
}

fn write_evaluators(text: &mut String, owners: &Owners) {
    let parties = [owners.party(1, 0), owners.party(2, 1)];
    let fit = Evaluating { party: owners.party(3, 2), strategy: Some(Strategy::Program) };
    let check = |evaluating: Evaluating<'_>| evaluating.check(Strategy::Program, &parties);
    let rows = [
        ("of this strategy", check(fit)),
        ("of no strategy", check(Evaluating { strategy: None, ..fit })),
        ("of another strategy", check(Evaluating { strategy: Some(Strategy::Hybrid), ..fit })),
        ("the client", check(Evaluating { party: parties[0], ..fit })),
        ("the provider", check(Evaluating { party: parties[1], ..fit })),
        ("another agent of the client's owner", check(Evaluating { party: owners.party(3, 0), ..fit })),
        ("another agent of the provider's", check(Evaluating { party: owners.party(3, 1), ..fit })),
        ("while there is no provider", fit.check(Strategy::Program, &parties[..1])),
    ];
    for (name, verdict) in rows {
        write_row(text, name, verdict);
    }
}

fn write_arbitrators(text: &mut String, owners: &Owners) {
    let parties = [owners.party(1, 0), owners.party(2, 1), owners.party(3, 2)];
    let seated = [owners.party(4, 3)];
    let fit = Arbitrating {
        party: owners.party(5, 4),
        eligible: true,
        bond: 100_000_000,
        free: 10_000_000,
        score: Score::TO_ARBITRATE,
        jobs: 50,
    };
    let check = |arbitrating: Arbitrating<'_>| arbitrating.check(&parties, &seated, &LOCKS);
    let party = |agent, owner| check(Arbitrating { party: owners.party(agent, owner), ..fit });
    let rows = [
        ("at every limit", check(fit)),
        ("not marked", check(Arbitrating { eligible: false, ..fit })),
        ("a bond of a unit too little", check(Arbitrating { bond: 99_999_999, ..fit })),
        ("a unit too little free", check(Arbitrating { free: 9_999_999, ..fit })),
        ("a score of 89", check(Arbitrating { score: Score::new(89), ..fit })),
        ("49 jobs", check(Arbitrating { jobs: 49, ..fit })),
        ("the client", party(1, 0)),
        ("the provider", party(2, 1)),
        ("the evaluator", party(3, 2)),
        ("another agent of the client's owner", party(5, 0)),
        ("another agent of the provider's", party(5, 1)),
        ("another agent of the evaluator's", party(5, 2)),
        ("seated already", party(4, 3)),
        ("seated already, sold meanwhile", party(4, 4)),
        ("another agent of a seated one's", party(5, 3)),
    ];
    for (name, verdict) in rows {
        write_row(text, name, verdict);
    }
}

#[test]
fn the_first_reason_is_the_one_that_is_told() {
    let owners = Owners::new();
    let parties = [owners.party(1, 0)];
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
            NoSeat::OwnerIsParty | NoSeat::OwnerIsSeated => unfit.party = owners.party(5, 4),
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
