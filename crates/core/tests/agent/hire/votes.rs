//! When arbitrators commit to their votes, when they reveal them, and when a dispute is over.

use super::sample::{DEADLINE, JURORS, PLAIN, STRANGER};
use crate::sample::START;
use docket_core::agent::court::{Outcome, SEATS, Vote};
use docket_core::agent::hire::dispute::{Dispute, Juror, Revealed};
use docket_core::agent::hire::step::Step;
use docket_core::agent::role::Role;
use docket_core::command::Command;
use docket_core::decide::decide;
use docket_core::hash::ContentHash;
use docket_core::job::Job;
use docket_core::refusal::Refusal;
use docket_core::time::{Millis, Timestamp};

/// What leads to a dispute.
const FILED: &str = "create fund engage appoint submit complete dispute-by-client";

/// Seats by letters: empty `.`, silent `-`, committed `c`, revealed `r`.
fn dispute(seats: &str) -> Dispute {
    let juror = |(number, letter): (usize, char)| {
        let juror = Juror::new(PLAIN.seat(JURORS[number], Role::Arbitrator, START));
        let commitment = (letter != '-').then_some(ContentHash([number as u8; 32]));
        let revealed = Revealed { vote: Vote::Overturn, salt: ContentHash([0; 32]), at: START };
        (letter != '.').then_some(Juror {
            commitment,
            revealed: (letter == 'r').then_some(revealed),
            ..juror
        })
    };
    let mut jurors = [None; SEATS];
    seats.chars().enumerate().for_each(|seat| jurors[seat.0] = juror(seat));
    Dispute {
        initiator: Role::Client,
        deposit: 1,
        filed_at: START,
        commit_until: START + Millis(10),
        jurors,
        settled: None,
    }
}

fn disputed(votes: &str) -> (Job, Timestamp) {
    PLAIN.reached(&format!("{FILED} {votes}"))
}

fn until(job: &Job) -> Timestamp {
    job.state.deadline().expect("it is not final")
}

fn filed(job: &Job) -> Dispute {
    let dispute = job.hire.as_ref().and_then(|hire| hire.dispute.as_deref());
    dispute.expect("it is disputed").clone()
}

#[test]
fn votes_are_revealed_when_all_have_committed_or_time_is_over() {
    for (seats, early) in [
        ("---", false),
        ("c--", false),
        ("cc-", false),
        ("ccc", true),
        ("rcc", true),
        ("cc.", true),
        ("c..", true),
        ("-..", false),
        ("...", true),
    ] {
        let dispute = dispute(seats);
        assert_eq!(dispute.reveals(START + Millis(9)), early, "{seats}");
        assert!(dispute.reveals(START + Millis(10)), "{seats}");
    }
}

#[test]
fn a_dispute_is_complete_when_nobody_is_left_who_could_reveal() {
    for (seats, number, complete) in [
        ("ccc", 0, false),
        ("rcc", 1, false),
        ("rcr", 1, true),
        ("crr", 0, true),
        ("c--", 0, true),
        ("cc-", 0, false),
        ("cr-", 0, true),
        ("c..", 0, true),
        ("cc.", 1, false),
        ("r.c", 2, true),
    ] {
        assert_eq!(dispute(seats).is_complete_with(number), complete, "{seats} {number}");
    }
}

#[test]
fn an_arbitrator_is_found_by_its_agent_and_its_votes_by_their_seats() {
    let dispute = dispute("-rc");
    assert_eq!(dispute.juror(JURORS[1]).map(|(seat, _)| seat), Some(1));
    assert!(dispute.juror(STRANGER).is_none());
    assert_eq!(dispute.votes(), [None, Some(Vote::Overturn), None]);
}

#[test]
fn when_the_last_has_committed_the_time_to_reveal_begins_at_once() {
    let (before, at) = disputed("commit-1-uphold commit-2-uphold");
    assert_eq!(until(&before), at + Millis::hours(48));
    let later = at + Millis::hours(5);
    let change = PLAIN.tell(&before, "commit-3-overturn", later).expect("there is time");
    let job = crate::sample::after(&change);
    assert_eq!(until(&job), later + Millis::hours(24), "all that is left is the time to reveal");
    assert!(filed(&job).reveals(later));
    assert!(PLAIN.tell(&job, "reveal-1-uphold", later).is_ok());
}

#[test]
fn where_a_seat_is_empty_nobody_waits_for_it() {
    let way = "create fund engage appoint submit complete dispute-with-two commit-1-uphold commit-2-uphold";
    let (job, now) = PLAIN.reached(way);
    assert_eq!(until(&job), now + Millis::hours(24));
    let (job, now) = PLAIN.reached(&format!("{way} reveal-2-uphold reveal-1-uphold"));
    assert_eq!(until(&job), now);
}

#[test]
fn with_the_last_vote_the_ruling_is_due() {
    let (job, now) = disputed("commit-1-uphold commit-3-uphold @committed reveal-3-uphold reveal-1-uphold");
    assert_eq!(until(&job), now);
    let change = PLAIN.tell(&job, "lapse", now).expect("it is due");
    let settled = filed(&crate::sample::after(&change)).settled;
    assert_eq!(settled, Some((Outcome::Upheld, now)));
}

#[test]
fn whoever_has_not_committed_cannot_reveal_nor_commit_any_more() {
    let (job, now) = disputed("commit-1-uphold @committed");
    assert_eq!(PLAIN.tell(&job, "reveal-2-uphold", now), Err(Refusal::NotCommitted));
    assert_eq!(PLAIN.tell(&job, "commit-2-uphold", now), Err(Refusal::TooLate));
    assert!(PLAIN.tell(&job, "commit-2-uphold", now + Millis(-1)).is_ok());
    assert_eq!(PLAIN.tell(&job, "reveal-1-uphold", now + Millis(-1)), Err(Refusal::NotYetDue));
}

#[test]
fn a_vote_is_the_one_that_was_committed_to_and_counts_once() {
    let (job, now) = disputed("commit-1-uphold @committed");
    assert_eq!(PLAIN.tell(&job, "reveal-1-overturn", now), Err(Refusal::NotCommitted));
    let (job, now) = disputed("commit-1-uphold commit-2-uphold @committed reveal-1-uphold");
    assert_eq!(PLAIN.tell(&job, "reveal-1-uphold", now), Err(Refusal::AlreadyVoted));
    assert_eq!(PLAIN.tell(&job, "commit-1-overturn", now), Err(Refusal::TooLate));
}

#[test]
fn whoever_does_not_sit_there_has_no_vote() {
    for way in ["", "@committed"] {
        let (job, now) = disputed(way);
        for word in ["commit-0-uphold", "reveal-0-uphold"] {
            assert_eq!(PLAIN.tell(&job, word, now), Err(Refusal::NotSeated), "{way} {word}");
        }
    }
}

#[test]
fn a_dispute_in_which_nobody_sits_ends_by_itself_and_the_verdict_stands() {
    let (job, now) = PLAIN.reached("create fund engage appoint submit reject dispute-with-nobody");
    assert_eq!(until(&job), now + Millis::hours(48));
    let change = PLAIN.tell(&job, "lapse", until(&job)).expect("it is due");
    let after = crate::sample::after(&change);
    assert_eq!(filed(&after).settled.map(|(outcome, _)| outcome), Some(Outcome::NoQuorum));
    assert_eq!(docket_core::agent::hire::Hire::passed(&after.state), Some(false));
    assert!(now < DEADLINE);
}

#[test]
fn nobody_votes_by_a_copy_of_what_another_has_committed_to() {
    let (job, now) = disputed("commit-1-uphold");
    let taken = filed(&job).jurors[0].and_then(|juror| juror.commitment).expect("it has committed");
    let copy = |agent| Command::Hire(Step::Commit { agent, commitment: taken });
    assert_eq!(decide(&job, &copy(JURORS[1]), now), Err(Refusal::CommitmentTaken));
    assert_eq!(decide(&job, &copy(JURORS[0]), now), Err(Refusal::AlreadyVoted));
    assert_eq!(decide(&job, &copy(STRANGER), now), Err(Refusal::NotSeated));
}
