//! The `docket` binary: a job market for AI inference and agent work.

mod commands;
mod config;
mod coordinator;
mod data;
mod telemetry;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

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
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    // Whoever needs TLS finds its provider here; a second installation would only repeat it.
    rustls::crypto::ring::default_provider().install_default().ok();
    let result = match cli.command {
        Command::Up(args) => commands::up::run(args),
        Command::Serve(args) => commands::serve::run(args),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("docket: {error:#}");
            ExitCode::FAILURE
        }
    }
}
