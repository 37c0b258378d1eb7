//! What a command causes: the rules of a job's life, one block for each command.

mod hired;

use crate::agent::hire::{Judgement, end, step};
use crate::command::{Charge, Command};
use crate::event::{Closing, Conduct, Delivery, Event, Fault, Voucher};
use crate::id::{Attempt, Doer};
use crate::job::{Job, State};
use crate::money::Amount;
use crate::policy::{Judge, Ruling, Verdict};
use crate::refusal::Refusal;
use crate::time::Timestamp;
use std::sync::Arc;

/// Answers a command with the event it causes, or with the reason why it may not happen.
///
/// A job of [`crate::id::Version::NONE`] does not exist yet: it takes `Create` or `Fund` and nothing else.
pub fn decide(job: &Job, command: &Command, now: Timestamp) -> Result<Event, Refusal> {
    let not_now = || Refusal::NotNow { state: job.state.name(), command: command.name() };
    let new = job.version == crate::id::Version::NONE;
    if let Some(hire) = &job.hire {
        hired::refuse(job, hire, command, now)?;
    }
    match (command, &job.state) {
        (Command::Create, State::Open { .. }) if new => {
            let own = job.hire.as_ref().map(|hire| hire.order.deadline);
            Ok(Event::Created { by: own.unwrap_or(now + job.policy.fund_within) })
        }
        (Command::Create, _) => Err(Refusal::IdTaken),

        (Command::Fund, State::Open { by }) if !new && now >= *by => Err(Refusal::TooLate),
        (Command::Fund, State::Open { .. }) if let Some(hire) = &job.hire => {
            if hire.provider.is_some() && !hire.leaves_time(job, now) {
                return Err(Refusal::TooLate);
            }
            Ok(Event::Funded { by: hire.expires_at(hire.provider.is_some()), finish_by: hire.order.deadline })
        }
        (Command::Fund, State::Open { .. }) => {
            let finish_by = now + job.policy.finish_within;
            Ok(Event::Funded { by: (now + job.policy.match_within).min(finish_by), finish_by })
        }
        (_, _) if new => Err(Refusal::NoSuchJob),

        (Command::Assign { .. }, State::Funded { by }) if now >= *by => Err(Refusal::TooLate),
        (Command::Assign { worker, .. }, State::Funded { .. }) if job.tried.contains(worker) => {
            Err(Refusal::AlreadyTried)
        }
        (Command::Assign { worker, epoch, accept_within }, State::Funded { .. }) => {
            let attempt = Attempt { epoch: *epoch, number: next_number(job) };
            Ok(match accept_within {
                Some(span) => {
                    Event::Assigned { worker: *worker, attempt, by: (now + *span).min(promise(job)) }
                }
                None => Event::Accepted { worker: *worker, attempt, by: run_deadline(job, now) },
            })
        }

        (Command::Accept { attempt: given }, State::Assigned { worker, attempt, by }) => {
            current(*given, *attempt)?;
            before(*by, now)?;
            Ok(Event::Accepted { worker: *worker, attempt: *attempt, by: run_deadline(job, now) })
        }

        (
            Command::Return { attempt: given, reason },
            State::Assigned { worker, attempt, by } | State::Running { worker, attempt, by },
        ) => {
            current(*given, *attempt)?;
            // Who gives it back too late changes nothing of what his lateness means.
            Ok(if now < *by { give_back(job, *worker, *reason, now) } else { lapsed(job, 0, now) })
        }

        (
            Command::Submit { delivery, charge },
            State::Assigned { worker, attempt, by } | State::Running { worker, attempt, by },
        ) => {
            current(delivery.attempt, *attempt)?;
            if delivery.by != Doer::Worker(*worker) {
                return Err(Refusal::ReceiptByOtherWorker);
            }
            before(*by, now)?;
            delivered(job, delivery, *charge, now)
        }
        // Whom the client has chosen is at work as soon as there is money.
        (Command::Submit { delivery, charge }, State::Funded { by }) if let Some(hire) = &job.hire => {
            let provider = hire.provider.as_ref().ok_or_else(not_now)?;
            if delivery.by != Doer::Agent(provider.agent) {
                return Err(Refusal::NotTheOwner);
            }
            before(*by, now)?;
            hired::is_closing(hire, delivery.output)?;
            delivered(job, delivery, *charge, now)
        }

        (Command::Stream { attempt: given }, State::Running { worker, attempt, by }) => {
            current(*given, *attempt)?;
            before(*by, now)?;
            let span = job.policy.stream_within.ok_or_else(not_now)?;
            // The same whenever it is said, so saying it twice gives nobody more time.
            Ok(Event::Accepted { worker: *worker, attempt: *attempt, by: promise(job) + span })
        }

        // However late: who has a part of the answer does not lose it, nor its worker the pay for it.
        (Command::BreakOff { delivery, charge, reason }, State::Running { worker, attempt, .. })
            if job.policy.stream_within.is_some() =>
        {
            current(delivery.attempt, *attempt)?;
            if delivery.by != Doer::Worker(*worker) {
                return Err(Refusal::ReceiptByOtherWorker);
            }
            let charge = charged(job.escrow, *charge)?;
            let conduct = Conduct { blamed: reason.blames_worker(), ..delivery.conduct };
            // The worker's receipt is over the whole answer, which there will never be.
            let delivery = Delivery { conduct, voucher: Voucher::Coordinator, ..delivery.clone() };
            Ok(Event::Settled { delivery, charge, broken: Some(*reason), vests_at: window(job, now) })
        }

        (
            Command::Cancel { by },
            State::Open { .. } | State::Funded { .. } | State::Assigned { .. } | State::Running { .. },
        ) => Ok(Event::Closed { how: Closing::Cancelled, reason: (*by).into() }),

        (Command::GiveUp { reason }, State::Funded { .. }) => {
            Ok(Event::Closed { how: Closing::Failed, reason: *reason })
        }

        (Command::Evaluate { .. }, State::Submitted { by, .. }) if now >= *by => Err(Refusal::TooLate),
        (Command::Evaluate { verdict, judgement }, State::Submitted { charge, .. }) => {
            Ok(evaluated(job, *verdict, *charge, *judgement, now))
        }

        (
            Command::Dispute { claim, filing },
            State::Settled { vests_at: Some(until), .. } | State::Rejected { vests_at: Some(until), .. },
        ) => {
            if now >= *until {
                return Err(Refusal::DisputeWindowClosed);
            }
            let within = job.policy.arbitration.within;
            let filing = filing.as_ref().map(|filing| Arc::new(filing.opened(within, now)));
            Ok(Event::Disputed { claim: *claim, by: now + within, filing })
        }
        (Command::Dispute { .. }, State::Disputed { .. } | State::Arbitrated { .. }) => {
            Err(Refusal::AlreadyDisputed)
        }
        (Command::Dispute { .. }, State::Settled { .. } | State::Rejected { .. }) => {
            Err(if job.policy.dispute_window.0 == 0 {
                Refusal::NotDisputable
            } else {
                Refusal::DisputeWindowClosed
            })
        }

        (Command::Rule { .. }, State::Disputed { by, .. }) if now >= *by => Err(Refusal::TooLate),
        (Command::Rule { ruling, by, stake }, State::Disputed { verdict, .. }) => {
            // Who was to be paid and was not worth it loses as much again, as far as there is a stake.
            let loses = *ruling == Ruling::ForClient && *verdict == Verdict::Complete;
            let slash = if loses { job.vesting.units.min(*stake) } else { 0 };
            Ok(Event::Ruled { ruling: *ruling, by: *by, slash, bonus: 0 })
        }

        (Command::Lapse { treasury }, state) => match state.deadline() {
            None => Err(not_now()),
            Some(by) if now < by => Err(Refusal::NotYetDue),
            Some(_) => Ok(lapsed(job, *treasury, now)),
        },

        (Command::Hire(step), _) => match &job.hire {
            Some(hire) => step::decide(job, hire, step, now),
            None => Err(not_now()),
        },

        (Command::Recover { grace }, State::Funded { by }) => {
            // The former holder has the grace, and then another must have time to be found.
            let by = (now + *grace + job.policy.match_within).min(promise(job)).max(*by);
            Ok(Event::Recovered { by })
        }

        (
            Command::Assign { .. }
            | Command::Accept { .. }
            | Command::Return { .. }
            | Command::Submit { .. }
            | Command::Stream { .. }
            | Command::BreakOff { .. }
            | Command::Cancel { .. }
            | Command::GiveUp { .. }
            | Command::Evaluate { .. }
            | Command::Dispute { .. }
            | Command::Rule { .. }
            | Command::Fund
            | Command::Recover { .. },
            _,
        ) => Err(not_now()),
    }
}

/// What becomes of a state whose deadline has come.
fn lapsed(job: &Job, treasury: u128, now: Timestamp) -> Event {
    let lapse = |reason| Event::Closed { how: job.policy.lapse.into(), reason };
    match &job.state {
        State::Open { .. } => Event::Closed { how: Closing::Expired, reason: Fault::NotFunded },
        State::Funded { .. } if job.hire.as_ref().is_some_and(|hire| hire.provider.is_some()) => {
            lapse(Fault::TimedOut)
        }
        State::Funded { .. } if job.attempts == 0 => lapse(Fault::NoWorker),
        State::Funded { .. } if now >= promise(job) => lapse(Fault::TimedOut),
        // Not time has run out, but workers.
        State::Funded { .. } => Event::Closed { how: Closing::Failed, reason: Fault::NoWorker },
        State::Assigned { worker, .. } => give_back(job, *worker, Fault::NotAccepted, now),
        State::Running { .. } => lapse(Fault::TimedOut),
        State::Submitted { charge, .. } => {
            let bound = job.hire.as_ref().and_then(|hire| hire.bound_verdict());
            let silence = || job.policy.evaluation.map_or(Verdict::Complete, |evaluation| evaluation.silence);
            evaluated(job, bound.unwrap_or_else(silence), *charge, None, now)
        }
        State::Settled { charge, .. } => Event::Vested { bonus: hired::bonus(job, *charge, treasury) },
        State::Rejected { .. } => Event::Vested { bonus: 0 },
        State::Disputed { verdict, .. } => match job.hire.as_ref().and_then(|hire| hire.dispute.as_ref()) {
            Some(dispute) => {
                let ruling = end::ruling(*verdict, &dispute.votes());
                let pays = ruling == Ruling::ForWorker;
                let bonus = if pays { hired::bonus(job, job.vesting, treasury) } else { 0 };
                Event::Ruled { ruling, by: Judge::Arbitrators, slash: 0, bonus }
            }
            None => {
                let ruling = job.policy.arbitration.default;
                Event::Ruled { ruling, by: Judge::Default, slash: 0, bonus: 0 }
            }
        },
        State::Arbitrated { .. } | State::Closed { .. } => {
            unreachable!("a final state has no deadline")
        }
    }
}

/// The worker gave the job up: another may try, unless attempts or time are used up.
fn give_back(job: &Job, worker: crate::id::WorkerId, reason: Fault, now: Timestamp) -> Event {
    let promise = promise(job);
    let tries_left = job.attempts < job.policy.attempts || !reason.uses_up_an_attempt();
    if tries_left && now < promise {
        // The present attempt counts among them until it is given back.
        let failed = reason.uses_up_an_attempt() || job.attempts > 1;
        let wait = if failed { job.policy.rematch_within } else { job.policy.match_within };
        Event::Returned { worker, reason, by: (now + wait).min(promise) }
    } else {
        Event::Closed { how: Closing::Failed, reason }
    }
}

/// Counts every giving of the job, those that did not use up an attempt included: a number never repeats.
fn next_number(job: &Job) -> u32 {
    u32::try_from(job.tried.len()).unwrap_or(u32::MAX).saturating_add(1)
}

/// What comes of work that is here: it waits for its evaluator, or is settled.
fn delivered(job: &Job, delivery: &Delivery, charge: Charge, now: Timestamp) -> Result<Event, Refusal> {
    let charge = charged(job.escrow, charge)?;
    let delivery = delivery.clone();
    Ok(match job.policy.evaluation {
        Some(evaluation) => Event::Submitted { delivery, charge, by: now + evaluation.within },
        None => Event::Settled { delivery, charge, broken: None, vests_at: window(job, now) },
    })
}

fn evaluated(
    job: &Job,
    verdict: Verdict,
    charge: Amount,
    judgement: Option<Judgement>,
    now: Timestamp,
) -> Event {
    Event::Evaluated { verdict, charge, vests_at: window(job, now), judgement }
}

/// When the outcome is beyond dispute; `None` if it is so at once.
fn window(job: &Job, now: Timestamp) -> Option<Timestamp> {
    (job.policy.dispute_window.0 > 0).then(|| now + job.policy.dispute_window)
}

fn promise(job: &Job) -> Timestamp {
    job.finish_by.unwrap_or(Timestamp(i64::MAX))
}

fn run_deadline(job: &Job, now: Timestamp) -> Timestamp {
    (now + job.policy.run_within).min(promise(job))
}

fn current(given: Attempt, attempt: Attempt) -> Result<(), Refusal> {
    if given == attempt { Ok(()) } else { Err(Refusal::StaleAttempt) }
}

fn before(by: Timestamp, now: Timestamp) -> Result<(), Refusal> {
    if now < by { Ok(()) } else { Err(Refusal::TooLate) }
}

/// What delivered work costs; never more than is held.
fn charged(hold: Amount, charge: Charge) -> Result<Amount, Refusal> {
    match charge {
        Charge::Whole => Ok(hold),
        Charge::Exactly(amount) if amount.asset != hold.asset => Err(Refusal::OtherAsset),
        Charge::Exactly(amount) if amount.units > hold.units => Err(Refusal::ChargeExceedsHold),
        Charge::Exactly(amount) => Ok(amount),
        Charge::Portion { delivered: 0, .. } => Err(Refusal::NothingDelivered),
        Charge::Portion { delivered, covered } => Ok(hold.portion(delivered, covered)),
    }
}
