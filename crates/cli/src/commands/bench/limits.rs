//! The bare limit beside which latencies are read: how long the disk takes to make 4 KiB durable.

use super::load::percentile;
use anyhow::{Context, Result};
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

const BLOCK: [u8; 4096] = [0x5a; 4096];
const SYNCS: usize = 400;
/// A slow disk is not asked for longer than this.
const AT_MOST: Duration = Duration::from_secs(3);

/// How long bare syncs take.
#[derive(Clone, Copy, Debug, serde::Serialize)]
pub(super) struct Syncs {
    /// Microseconds, half of them.
    pub(super) p50_us: f64,
    /// Microseconds, all but one in a hundred.
    pub(super) p99_us: f64,
}

/// Appends blocks to a file of its own in the folder, each with a sync of its data.
pub(super) fn syncs(folder: &Path) -> Result<Syncs> {
    let path = folder.join("bare-syncs");
    let mut file = File::create(&path).with_context(|| format!("{}", path.display()))?;
    let (begun, mut times) = (Instant::now(), Vec::with_capacity(SYNCS));
    while times.len() < SYNCS && begun.elapsed() < AT_MOST {
        let started = Instant::now();
        file.write_all(&BLOCK)?;
        file.sync_data()?;
        times.push(started.elapsed());
    }
    std::fs::remove_file(&path)?;
    times.sort_unstable();
    let micros = |hundredths| percentile(&times, hundredths).as_secs_f64() * 1e6;
    Ok(Syncs { p50_us: micros(50), p99_us: micros(99) })
}

impl Syncs {
    /// Of two measurements the one that was disturbed less.
    pub(super) fn quieter(a: Self, b: Self) -> Self {
        if a.p50_us <= b.p50_us { a } else { b }
    }
}
