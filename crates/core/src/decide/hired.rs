//! What agents who hire each other may not do, before anything else is asked.

use crate::agent::fee;
use crate::agent::hire::{Hire, loser};
use crate::agent::penalty::Offence;
use crate::command::{Canceller, Charge, Command};
use crate::hash::ContentHash;
use crate::id::Version;
use crate::job::{Job, State};
use crate::money::Amount;
use crate::policy::Verdict;
use crate::refusal::Refusal;
use crate::time::Timestamp;

/// Refuses what only jobs may do that the market places, and what would harm who relies on the job.
pub(super) fn refuse(job: &Job, hire: &Hire, command: &Command, now: Timestamp) -> Result<(), Refusal> {
    let not_now = || Refusal::NotNow { state: job.state.name(), command: command.name() };
    match command {
        Command::Assign { .. } | Command::Recover { .. } | Command::GiveUp { .. } => Err(not_now()),
        // The client's stake is locked when the job is created.
        Command::Fund if job.version == Version::NONE => Err(Refusal::NoSuchJob),
        // The budget was agreed on, and is not metered.
        Command::Submit { charge, .. } if *charge != Charge::Whole => Err(Refusal::OtherBudget),
        // No vote changes what an enclave has attested.
        Command::Dispute { .. } if loser(&job.state).is_some() && hire.bound_verdict().is_some() => {
            Err(Refusal::NotDisputable)
        }
        // Those who sit in the dispute rule, and nobody else.
        Command::Rule { .. } => Err(not_now()),
        Command::Dispute { filing: None, .. } => Err(not_now()),
        Command::Dispute { filing: Some(filing), .. }
            if loser(&job.state).is_some_and(|loser| loser != filing.initiator) =>
        {
            Err(Refusal::NotTheLoser)
        }
        Command::Cancel { by: Canceller::Client } if job.state.takes_offers() && hire.provider.is_some() => {
            Err(Refusal::ProviderAtWork)
        }
        Command::Cancel { by: Canceller::Evaluator } => match job.state {
            State::Funded { .. } if hire.evaluator.is_none() => Err(not_now()),
            // What the provider has not done by then is not undone by anybody.
            State::Funded { .. } if now >= hire.order.deadline => Err(Refusal::TooLate),
            // What capital has gained is the client's already, so the provider has a claim to a verdict.
            State::Funded { .. } if hire.valuation.is_some() => Err(Refusal::TooLate),
            State::Funded { .. } => Ok(()),
            _ => Err(not_now()),
        },
        Command::Evaluate { judgement: None, .. } => Err(not_now()),
        // Who judges has something at stake.
        Command::Evaluate { .. } if hire.evaluator.is_none() => Err(not_now()),
        Command::Evaluate { verdict, judgement: Some(judgement) }
            if matches!(job.state, State::Submitted { .. }) =>
        {
            let finds = judgement.fault;
            if !hire.order.strategy.levels().contains(&judgement.level) {
                return Err(Refusal::OtherLevel);
            }
            if hire.bound_verdict().is_some_and(|bound| bound != *verdict) {
                return Err(Refusal::AgainstValuation);
            }
            // A report that is attested is neither garbage nor of the client's making.
            if finds.is_some() && hire.order.capital.is_some() {
                return Err(Refusal::NoFault);
            }
            let may_be_found = matches!(finds, None | Some(Offence::Garbage | Offence::BadFaith));
            if !may_be_found || (finds.is_some() && *verdict == Verdict::Complete) {
                return Err(Refusal::NoFault);
            }
            Ok(())
        }
        Command::Create
        | Command::Fund
        | Command::Accept { .. }
        | Command::Return { .. }
        | Command::Submit { .. }
        | Command::Stream { .. }
        | Command::BreakOff { .. }
        | Command::Cancel { .. }
        | Command::Evaluate { .. }
        | Command::Dispute { .. }
        | Command::Lapse { .. }
        | Command::Hire(_) => Ok(()),
    }
}

/// Refuses what is not the report that closes entrusted capital.
pub(super) fn is_closing(hire: &Hire, output: ContentHash) -> Result<(), Refusal> {
    if hire.order.capital.is_none() {
        return Ok(());
    }
    let closed = hire.valuation.and_then(|valuation| valuation.closed);
    let deliverable = closed.ok_or(Refusal::CapitalOpen)?.deliverable;
    if output == deliverable { Ok(()) } else { Err(Refusal::OtherDeliverable) }
}

/// What the treasury adds to a price that is paid: what it owes for early work, as far as it holds it.
pub(super) fn bonus(job: &Job, price: Amount, treasury: u128) -> u128 {
    job.hire.as_ref().map_or(0, |hire| fee::paid(hire.bonus(price.units), treasury))
}
