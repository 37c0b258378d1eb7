//! `docket agent`: an owner's agents, by what his wallet signs.

mod appoint;
mod directory;
mod key;
mod profile;
mod record;
pub(super) mod signed;
mod stake;
pub(super) mod strategy;
pub(super) mod view;

use crate::client::block_on;
use anyhow::Result;
use clap::Subcommand;

/// What to do with agents.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Make the key of an owner's wallet, or show whose it is.
    #[command(after_help = stake::ACCOUNT)]
    Key(key::Args),
    /// Register an agent. A repeat of a name finds the agent that has it.
    Register(profile::Register),
    /// Change what an agent says of itself. What is not named stays as it was.
    Update(profile::Update),
    /// Show an agent.
    Show(directory::Show),
    /// List agents by their names, those of an owner by their numbers.
    List(directory::List),
    /// List the words by which agents may be found.
    Tags(directory::Tags),
    /// Put money down as an agent's stake. It comes from the owner's own account.
    #[command(after_help = stake::ACCOUNT)]
    Deposit(stake::Args),
    /// Take free stake back. It goes to the owner's own account.
    #[command(after_help = stake::ACCOUNT)]
    Withdraw(stake::Args),
    /// Say by what an agent judges the work of others, once and for ever.
    Strategy(strategy::Args),
    /// List the jobs in which an agent has a role, the newest first.
    Jobs(record::Jobs),
    /// List what an agent's jobs have locked of its stake, or had.
    Locks(record::Locks),
    /// Vouch for an agent as an arbitrator, whatever its score and its jobs. Needs the operator's token.
    Appoint(appoint::Args),
    /// Show an agent's score and what it was counted from.
    Reputation(record::Reputation),
}

/// Carries out the action.
pub(crate) fn run(args: &Args) -> Result<()> {
    block_on(async {
        match &args.action {
            Action::Key(args) => key::run(args),
            Action::Register(args) => profile::register(args).await,
            Action::Update(args) => profile::update(args).await,
            Action::Show(args) => directory::show(args).await,
            Action::List(args) => directory::list(args).await,
            Action::Tags(args) => directory::tags(args).await,
            Action::Deposit(args) => stake::run(args, stake::Way::Deposit).await,
            Action::Withdraw(args) => stake::run(args, stake::Way::Withdraw).await,
            Action::Strategy(args) => strategy::run(args).await,
            Action::Appoint(args) => appoint::run(args).await,
            Action::Jobs(args) => record::jobs(args).await,
            Action::Locks(args) => record::locks(args).await,
            Action::Reputation(args) => record::reputation(args).await,
        }
    })
}
