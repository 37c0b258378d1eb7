//! One file a command.

pub(crate) mod agent;
pub(crate) mod bench;
pub(crate) mod evaluate;
pub(crate) mod infer;
pub(crate) mod job;
pub(crate) mod keys;
pub(crate) mod ledger;
pub(crate) mod node;
pub(crate) mod quote;
pub(crate) mod receipt;
mod reputation;
pub(crate) mod serve;
mod stake;
pub(crate) mod up;
pub(crate) mod verify;
pub(crate) mod webhooks;
pub(crate) mod worker;
pub(crate) mod worker_run;

use anyhow::{Context, Result};
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// What is in a file, or comes from the standard input where the path is `-`: so many bytes at most, and one more that
/// tells that it is too large.
fn read(path: &Path, most: usize) -> Result<Vec<u8>> {
    let named = || path.display().to_string();
    let source: Box<dyn Read> = if path == Path::new("-") {
        Box::new(std::io::stdin())
    } else {
        Box::new(File::open(path).with_context(named)?)
    };
    let mut bytes = Vec::new();
    source.take(most as u64 + 1).read_to_end(&mut bytes).with_context(named)?;
    Ok(bytes)
}

/// Resolves when the process is told to stop: Ctrl-C or SIGTERM. Listened for from the call on.
#[cfg(unix)]
pub(crate) fn told_to_stop() -> Result<impl Future<Output = Result<()>>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt()).context("Ctrl-C cannot be listened for")?;
    let mut terminate = signal(SignalKind::terminate()).context("SIGTERM cannot be listened for")?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => Ok(()),
            _ = terminate.recv() => Ok(()),
        }
    })
}

/// Resolves when the process is told to stop.
#[cfg(not(unix))]
pub(crate) fn told_to_stop() -> Result<impl Future<Output = Result<()>>> {
    Ok(async { tokio::signal::ctrl_c().await.context("Ctrl-C cannot be listened for") })
}
