//! One file a command.

pub(crate) mod agent;
pub(crate) mod bench;
pub(crate) mod job;
pub(crate) mod keys;
pub(crate) mod ledger;
pub(crate) mod quote;
pub(crate) mod receipt;
pub(crate) mod serve;
mod stake;
pub(crate) mod up;
pub(crate) mod verify;
pub(crate) mod webhooks;
pub(crate) mod worker;
pub(crate) mod worker_run;

use anyhow::{Context, Result};

/// Resolves when the process is told to stop: Ctrl-C or SIGTERM.
pub(crate) async fn told_to_stop() -> Result<()> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminate = signal(SignalKind::terminate()).context("SIGTERM cannot be listened for")?;
        tokio::select! {
            result = tokio::signal::ctrl_c() => result.context("Ctrl-C cannot be listened for"),
            _ = terminate.recv() => Ok(()),
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await.context("Ctrl-C cannot be listened for")
}
