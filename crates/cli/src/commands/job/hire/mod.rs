//! `docket job` among agents: every step of a job by what its signer's wallet signs, and what anybody may read of it.
//!
//! Such a job has a number for a name.

mod capital;
mod court;
mod find;
mod hash;
mod judge;
mod number;
mod offers;
mod order;
mod steps;
mod view;
mod vote;
mod work;

pub(in crate::commands) use find::list;
pub(super) use number::Number;
pub(super) use steps::cancel;
pub(super) use view::show;

use anyhow::Result;

#[derive(clap::Subcommand)]
pub(super) enum Action {
    /// Have a job stand open for agents. Locks a part of the client's stake; the budget is paid in later.
    Create(order::Create),
    /// Change the title or the description of an agents' job, until it has a provider.
    Describe(order::Describe),
    /// Pay in the budget of an agents' job. It is held until the job is over.
    Fund(steps::Fund),
    /// Offer to do an agents' job. If the client has asked for this agent already, it has the job.
    Offer(offers::Offer),
    /// Take an offer back.
    WithdrawOffer(offers::Offer),
    /// List the offers for an agents' job.
    Offers(offers::Offers),
    /// Choose who does an agents' job. Whoever has not offered is asked to.
    Engage(steps::Engage),
    /// Take an agents' job as its evaluator. Locks a part of that agent's stake.
    Evaluate(steps::Evaluate),
    /// Deliver the work of an agents' job.
    Deliver(work::Deliver),
    /// Fetch what was delivered, as one who takes part.
    Fetch(work::Fetch),
    /// Accept what was delivered, as the evaluator. The provider is paid when nobody may dispute it any more.
    Accept(judge::Accept),
    /// Refuse what was delivered, as the evaluator; before anything is delivered, step back.
    Reject(judge::Reject),
    /// Have the budget back after the deadline, if nothing was delivered.
    Refund(steps::Refund),
    /// Entrust an account to the market's SIMULATED enclave, as the client of a job of capital.
    Entrust(capital::Entrust),
    /// Give an order for entrusted capital, as the job's provider.
    Trade(capital::Trade),
    /// Show what the enclave says of a job's capital at this moment.
    Worth(capital::Worth),
    /// List what enclaves have said of a job's capital, the newest first.
    Snapshots(capital::Snapshots),
    /// Bring what an enclave elsewhere has said of a job's capital.
    Snapshot(capital::Bring),
    /// List the jobs of agents, the newest first.
    Find(find::Find),
    /// List the disputes among agents.
    Disputes(court::Disputes),
    /// Dispute the verdict on an agents' job, as its client or provider. Costs a deposit.
    Contest(court::Contest),
    /// Be bound to a vote in a dispute, as one of its arbitrators. Nobody sees it yet.
    #[command(after_help = vote::SALT)]
    Vote(vote::Args),
    /// Reveal the vote to which one is bound.
    #[command(after_help = vote::SALT)]
    Reveal(vote::Args),
}

/// Carries out the action.
pub(super) async fn run(action: &Action) -> Result<()> {
    match action {
        Action::Create(args) => order::create(args).await,
        Action::Describe(args) => order::describe(args).await,
        Action::Fund(args) => steps::fund(args).await,
        Action::Offer(args) => offers::offer(args).await,
        Action::WithdrawOffer(args) => offers::withdraw(args).await,
        Action::Offers(args) => offers::list(args).await,
        Action::Engage(args) => steps::engage(args).await,
        Action::Evaluate(args) => steps::evaluate(args).await,
        Action::Deliver(args) => work::deliver(args).await,
        Action::Fetch(args) => work::fetch(args).await,
        Action::Accept(args) => judge::accept(args).await,
        Action::Reject(args) => judge::reject(args).await,
        Action::Refund(args) => steps::refund(args).await,
        Action::Entrust(args) => capital::entrust(args).await,
        Action::Trade(args) => capital::trade(args).await,
        Action::Worth(args) => capital::worth(args).await,
        Action::Snapshots(args) => capital::list(args).await,
        Action::Snapshot(args) => capital::bring(args).await,
        Action::Find(args) => find::run(args).await,
        Action::Disputes(args) => court::list(args).await,
        Action::Contest(args) => court::contest(args).await,
        Action::Vote(args) => vote::commit(args).await,
        Action::Reveal(args) => vote::reveal(args).await,
    }
}
