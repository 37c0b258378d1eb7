//! Deposits, votes, and what follows from them.

use super::coins;
use crate::golden;
use docket_core::agent::court::{
    COMMIT_WITHIN, FILE_WITHIN, Outcome, REVEAL_WITHIN, SEATS, Settlement, Shares, Vote, Votes, decide,
    deposit, settle,
};
use docket_core::agent::score::Deed;
use std::fmt::Write as _;

/// What a seat can do.
pub(super) const CHOICES: [Option<Vote>; 3] = [None, Some(Vote::Uphold), Some(Vote::Overturn)];

/// Everything that three seats can do.
pub(super) fn all_votes() -> impl Iterator<Item = Votes> {
    let pairs = || CHOICES.into_iter().flat_map(|second| CHOICES.map(|third| (second, third)));
    CHOICES.into_iter().flat_map(move |first| pairs().map(move |(second, third)| [first, second, third]))
}

#[test]
fn every_dispute_ends_as_the_published_table_says() {
    let hours = |span: docket_core::time::Millis| span.0 / 3_600_000;
    let mut text = format!(
        "{SEATS} seats; {} h to file, {} h to commit, {} h to reveal\n",
        hours(FILE_WITHIN),
        hours(COMMIT_WITHIN),
        hours(REVEAL_WITHIN)
    );
    text.push_str("\nbudget              deposit   borderline\n");
    for budget in [1_000_000_000, 100_000_001, 100_000_000, 99_999_999, 1, 0, u128::MAX] {
        let (whole, half) = (deposit(budget, false), deposit(budget, true));
        let budget = if budget == u128::MAX { "2^128 - 1".into() } else { coins(budget) };
        let shown = |units: u128| if units > 1 << 100 { format!("{units} units") } else { coins(units) };
        writeln!(text, "  {budget:<14} {:>10}   {:>10}", shown(whole), shown(half))
            .expect("a string takes all");
    }
    text.push_str("\nvotes (0 uphold, 1 overturn, - none)\n");
    for votes in all_votes() {
        writeln!(text, "  {}  {}", written(&votes), decide(&votes).name()).expect("a string takes all");
    }
    for (title, put_down, slash) in [
        ("a deposit of 50, a slash of 96", 50_000_000, 96_000_000),
        ("a deposit of 5, a slash of 1", 5_000_000, 1_000_000),
        ("a deposit of 53 units, a slash of 101 units", 53, 101),
        ("a deposit of 50, nothing to slash", 50_000_000, 0),
    ] {
        write!(text, "\n{title}\n\n  votes            of the  initiator     treasury      seats\n")
            .expect("a string takes all");
        for votes in ["111", "110", "11-", "000", "010", "0-0", "01-", "---"] {
            write_settlement(&mut text, votes, &settle(&read(votes), put_down, slash));
        }
    }
    text.push_str("\nwhat it means for scores\n\n  votes  evaluator   initiator   seats\n");
    for votes in ["111", "110", "11-", "000", "010", "0-0", "01-", "0--", "---"] {
        let Settlement { initiator, evaluator, seats, .. } = settle(&read(votes), 1, 1);
        let [evaluator, initiator] = [evaluator, initiator].map(name);
        writeln!(text, "  {votes}    {evaluator:<11} {initiator:<11} {}", seats.map(name).join(" "))
            .expect("a string takes all");
    }
    golden::check("agent-disputes.txt", &text);
}

fn write_settlement(text: &mut String, votes: &str, settlement: &Settlement) {
    let Settlement { outcome, deposit, slash, .. } = settlement;
    for (label, of, shares) in
        [(format!("{votes} {}", outcome.name()), "deposit", deposit), (String::new(), "slash", slash)]
    {
        if *shares == Shares::default() {
            continue;
        }
        let seats = shares.seats.map(|units| format!("{:>10}", coins(units))).join(" ");
        writeln!(
            text,
            "  {label:<15} {of:>7} {:>10} {:>12} {seats}",
            coins(shares.initiator),
            coins(shares.treasury)
        )
        .expect("a string takes all");
    }
}

fn name(deed: Option<Deed>) -> String {
    deed.map_or("-".into(), |deed| format!("{deed:?}"))
}

/// `01-` for an upholding vote, an overturning one and none.
fn written(votes: &Votes) -> String {
    votes.iter().map(|vote| vote.map_or('-', |vote| char::from(b'0' + vote.number()))).collect()
}

/// The reverse of [`written`].
fn read(votes: &str) -> Votes {
    let votes: Vec<_> = votes.bytes().map(|byte| Vote::from_number(byte.wrapping_sub(b'0'))).collect();
    votes.try_into().expect("three seats")
}

#[test]
fn a_vote_has_the_number_that_is_published() {
    assert_eq!((Vote::Uphold.number(), Vote::Overturn.number()), (0, 1));
    assert_eq!([0, 1, 2, 255].map(Vote::from_number), [CHOICES[1], CHOICES[2], None, None]);
}

#[test]
fn an_outcome_is_stored_under_its_name() {
    for outcome in Outcome::ALL {
        assert_eq!(Outcome::parse(outcome.name()), Some(outcome));
    }
    assert_eq!(Outcome::parse("open"), None);
}

#[test]
fn without_a_quorum_nobody_who_voted_gains_or_loses() {
    for votes in all_votes().filter(|votes| decide(votes) == Outcome::NoQuorum) {
        let settlement = settle(&votes, 7, 9);
        assert_eq!(settlement.deposit, Shares { initiator: 7, ..Shares::default() });
        assert_eq!(settlement.slash, Shares::default());
        assert_eq!((settlement.initiator, settlement.evaluator), (None, None));
        for (vote, deed) in votes.into_iter().zip(settlement.seats) {
            assert_eq!(deed, vote.is_none().then_some(Deed::NoVote));
        }
    }
}

#[test]
fn only_the_majority_is_paid() {
    for votes in all_votes() {
        let Settlement { outcome, deposit, slash, .. } = settle(&votes, 1_000_000, 1_000_000);
        for (seat, vote) in votes.into_iter().enumerate() {
            let has_won = match outcome {
                Outcome::Upheld => vote == Some(Vote::Uphold),
                Outcome::Overturned => vote == Some(Vote::Overturn),
                Outcome::NoQuorum => false,
            };
            assert_eq!(deposit.seats[seat] + slash.seats[seat] > 0, has_won, "{votes:?}");
        }
    }
}
