//! Faults that are planted, to prove that the simulation would find them.

use super::nodes::SCORING;
use docket_core::challenge;
use docket_core::change::{Change, Record};
use docket_core::enrolment::Activity;
use docket_core::event::Event;
use docket_core::job::State;
use docket_core::ledger::{Account, Transfer};
use docket_core::reputation::Evidence;
use docket_core::routing::{Scoring, Ties};
use docket_core::time::Millis;
use std::sync::Arc;

/// What is wrong with the coordinator.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Planted {
    /// Nothing.
    Nothing,
    /// Of the transfers that pay for work, one is not written.
    SkippedTransfer,
    /// A new job is written without its hold.
    LostHold,
    /// Changes are acknowledged before they are on disk.
    EarlyAcknowledgement,
    /// A broken answer costs a unit more than was told of it.
    Overcharge,
    /// What comes back to a client does not come back to the key under which he spent it.
    KeptSpending,
    /// After a crash nobody knows that hooks are to be told something.
    ForgottenHooks,
    /// What was locked for a job is not free again when the job ends.
    KeptLock,
    /// Nobody remembers what was signed, so that it counts as often as it comes.
    ForgottenWord,
    /// What nobody should have of a price, the worker has.
    KeptFee,
    /// Who was paid for a test is paid for work.
    TestAsWork,
    /// A challenge that was failed is written as passed.
    LenientVerdict,
    /// A verdict speaks for whom it should speak against, and the other way round.
    TurnedVerdict,
    /// Who is refuted may have jobs all the same.
    KeptNode,
    /// Who was refuted may come back at once.
    OpenDoor,
    /// Jobs of a class go to anybody who may have them.
    AnyNode,
    /// Those who were silent for long get jobs.
    SilentNode,
}

impl Planted {
    /// How workers are compared for jobs of a class.
    pub(crate) const fn scoring(self) -> Scoring {
        match self {
            Self::AnyNode => Scoring { ties: Ties::Lot, reputation_points: 0, ..SCORING },
            Self::SilentNode => Scoring { lost_after: Millis::hours(1), ..SCORING },
            _ => SCORING,
        }
    }

    /// What the writer makes of a change.
    pub(crate) fn alter(self, change: &mut Change) {
        let event = change.job.as_ref().map(|job| &job.event);
        match (self, event) {
            (Self::SkippedTransfer, Some(Event::Settled { .. } | Event::Vested { .. })) => {
                change.transfers.pop();
            }
            (Self::LostHold, Some(Event::Funded { .. })) => change.transfers.clear(),
            (Self::Overcharge, Some(Event::Settled { broken: Some(_), .. })) => overcharge(change),
            (Self::KeptLock, _) => change.transfers.retain(|leg| !frees(leg)),
            (Self::ForgottenWord, _) => {
                change.claim = change.claim.take().filter(|claim| !claim.key.starts_with("agent/signed/"));
            }
            (Self::KeptFee, Some(Event::Settled { .. })) => keep_fee(change),
            (Self::TestAsWork, Some(Event::Settled { .. })) => {
                let job = change.job.as_ref().filter(|job| job.after.is_challenge());
                let worker = job.and_then(|job| job.after.delivery()?.worker());
                let paid = worker.map(|worker| (worker, Evidence::Paid { placing: None }));
                change.evidence = change.evidence.or(paid);
            }
            (Self::LenientVerdict, _) => change.records.iter_mut().for_each(|record| {
                if let Record::Challenge(challenge) = &mut record.after
                    && challenge.passed() == Some(false)
                {
                    challenge.state = challenge::State::Passed;
                }
            }),
            (Self::TurnedVerdict, _) => {
                if let Some((_, Evidence::Challenged { passed })) = &mut change.evidence {
                    *passed = !*passed;
                }
            }
            (Self::KeptNode, _) if is_refuting(change) => {
                change.records.retain(|record| !matches!(record.after, Record::Enrolment(_)));
            }
            (Self::OpenDoor, _) if is_refuting(change) => change.records.iter_mut().for_each(|record| {
                if let Record::Enrolment(enrolment) = &mut record.after {
                    enrolment.state = Activity::OnTrial { passed: 0 };
                }
            }),
            (Self::KeptSpending, _) => change.spending = change.spending.filter(|spent| spent.units > 0),
            _ => {}
        }
    }
}

fn is_refuting(change: &Change) -> bool {
    matches!(change.evidence, Some((_, Evidence::Challenged { passed: false })))
}

fn keep_fee(change: &mut Change) {
    let worker =
        change.transfers.iter().map(|leg| &leg.to).find(|to| matches!(to, Account::Worker(_))).cloned();
    for leg in change.transfers.iter_mut().filter(|leg| leg.to == Account::Burned) {
        leg.to = worker.clone().unwrap_or(Account::Treasury);
    }
}

fn frees(leg: &Transfer) -> bool {
    matches!((&leg.from, &leg.to), (Account::Locked(..), Account::Stake(_)))
}

/// Moves one unit more of what comes back into what vests, wherever both stand.
fn overcharge(change: &mut Change) {
    let Some(job) = &mut change.job else { return };
    let after = Arc::make_mut(&mut job.after);
    let vesting = Account::Vesting(after.id);
    let (vested, back): (Vec<_>, Vec<_>) = change.transfers.iter_mut().partition(|leg| leg.to == vesting);
    if let ([vested], [back]) =
        (&mut vested.into_iter().collect::<Vec<_>>()[..], &mut back.into_iter().collect::<Vec<_>>()[..])
        && back.amount.units > 1
        && let State::Settled { charge, .. } = &mut after.state
    {
        vested.amount.units += 1;
        back.amount.units -= 1;
        charge.units += 1;
        after.vesting.units += 1;
        change.spending.iter_mut().for_each(|spent| spent.units += 1);
    }
}
