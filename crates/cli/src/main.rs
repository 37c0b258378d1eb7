//! The `docket` binary: a job market for AI inference and agent work.

mod client;
mod commands;
mod config;
mod coordinator;
mod credits;
mod data;
mod show;
mod telemetry;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// A job's life makes some hundred small allocations on several threads: with the system's allocator they are a tenth of
/// its processor time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A job market for AI inference and agent work: takes a job, locks the money, finds a worker, proves what was
/// delivered, and settles.
#[derive(Parser)]
#[command(name = "docket", version, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run all of it on this machine: a coordinator, one worker and an embedded model.
    Up(commands::up::Args),
    /// Run the coordinator alone.
    Serve(commands::serve::Args),
    /// Take jobs from a coordinator, or look at those who do.
    Worker(commands::worker::Args),
    /// Ask what a kind of work costs.
    Quote(commands::quote::Args),
    /// Submit, show, list, watch and cancel jobs.
    Job(commands::job::Args),
    /// Fetch the receipt that proves a job.
    Receipt(commands::receipt::Args),
    /// Check a receipt: exit code 0 if nothing is false, 1 if something is, 2 if it cannot be read.
    Verify(commands::verify::Args),
    /// Have a node run a prompt: see who and for how much, pay with a wallet's signature, read the answer.
    Infer(commands::infer::Args),
    /// List and show nodes, and let one back.
    Node(commands::node::Args),
    /// Look at the books, check them, and credit accounts.
    Ledger(commands::ledger::Args),
    /// Make, list and revoke API keys.
    Keys(commands::keys::Args),
    /// List, add and delete webhooks, see what they were told, and tell it once more. Needs an API key.
    Webhooks(commands::webhooks::Args),
    /// Register agents, show and list them, put down and take back their stakes. An owner signs with a wallet's key.
    Agent(commands::agent::Args),
    /// Judge delivered work by a program, by a rubric or by both: exit code 0 if it passes, 1 if it fails, 2 if it could
    /// not be judged.
    Evaluate(commands::evaluate::Args),
    /// Measure a coordinator under load.
    Bench(commands::bench::Args),
}

/// What shells show of a program that nobody reads any more, as behind `| head`. It is no success: what was not read is
/// not known.
const NOBODY_READS: i32 = 141;

/// Ends the program quietly once nobody reads what it prints: the reader has what he wanted, and that is no fault.
fn end_with_the_reader() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |fault| {
        // So the standard library says that a line could not be printed.
        let is_unread = |words: &str| words.starts_with("failed printing to stdout: Broken pipe");
        if fault.payload_as_str().is_some_and(is_unread) {
            std::process::exit(NOBODY_READS);
        }
        usual(fault);
    }));
}

fn main() -> ExitCode {
    end_with_the_reader();
    let cli = Cli::parse();
    // Whoever needs TLS finds its provider here; a second installation would only repeat it.
    rustls::crypto::ring::default_provider().install_default().ok();
    let done = |()| ExitCode::SUCCESS;
    let result = match cli.command {
        Command::Up(args) => commands::up::run(args).map(done),
        Command::Serve(args) => commands::serve::run(args).map(done),
        Command::Worker(args) => commands::worker::run(args).map(done),
        Command::Quote(args) => commands::quote::run(&args).map(done),
        Command::Job(args) => commands::job::run(&args),
        Command::Receipt(args) => commands::receipt::run(&args).map(done),
        Command::Verify(args) => Ok(commands::verify::run(&args)),
        Command::Infer(args) => commands::infer::run(&args).map(done),
        Command::Node(args) => commands::node::run(&args).map(done),
        Command::Ledger(args) => commands::ledger::run(&args),
        Command::Keys(args) => commands::keys::run(&args).map(done),
        Command::Webhooks(args) => commands::webhooks::run(&args).map(done),
        Command::Agent(args) => commands::agent::run(&args).map(done),
        Command::Evaluate(args) => Ok(commands::evaluate::run(&args)),
        Command::Bench(args) => commands::bench::run(args).map(done),
    };
    match result {
        Ok(code) => code,
        Err(error) => {
            eprintln!("docket: {}", show::words(&error));
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Cli;
    use clap::CommandFactory;

    #[test]
    fn the_commands_fit_together() {
        Cli::command().debug_assert();
    }
}
