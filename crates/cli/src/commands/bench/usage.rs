//! What processes use: processor time and memory from `/proc`, and the two calls that need the system.

use anyhow::{Context, Result};
use rustix::process::{Pid, Resource, Rlimit, Signal, getrlimit, kill_process, setrlimit};
use std::fs;
use std::process::Child;
use std::time::Duration;

/// `/proc` counts processor time in hundredths of a second on every architecture that Linux shows to programs.
const TICKS_PER_SECOND: u64 = 100;

/// What a process has used so far.
#[derive(Clone, Copy, Debug)]
pub(super) struct Usage {
    /// Processor time, user and system, of all threads.
    pub(super) cpu: Duration,
    /// Memory that is resident now, in bytes.
    pub(super) resident: u64,
}

/// What a process has used.
pub(super) fn of(pid: u32) -> Result<Usage> {
    read(&pid.to_string())
}

/// What this process has used.
pub(super) fn of_this() -> Result<Usage> {
    read("self")
}

fn read(process: &str) -> Result<Usage> {
    let file = |name: &str| {
        let path = format!("/proc/{process}/{name}");
        fs::read_to_string(&path).with_context(|| format!("{path}: figures are taken on Linux only"))
    };
    let cpu = cpu(&file("stat")?).context("/proc/stat is not as expected")?;
    let status = file("status")?;
    let resident = kib(&status, "VmRSS:").context("no VmRSS in /proc")?;
    Ok(Usage { cpu, resident: resident * 1024 })
}

/// Fields 14 and 15 of `stat`, counted behind the name, which may hold anything.
fn cpu(stat: &str) -> Option<Duration> {
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = fields.get(11)?.parse::<u64>().ok()? + fields.get(12)?.parse::<u64>().ok()?;
    Some(Duration::from_millis(ticks * 1000 / TICKS_PER_SECOND))
}

fn kib(status: &str, name: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

/// Sends SIGTERM.
pub(super) fn terminate(child: &Child) -> Result<()> {
    let pid = Pid::from_child(child);
    Ok(kill_process(pid, Signal::TERM)?)
}

/// Lets this process, and those that it starts, have so many files open.
pub(super) fn allow_files(count: u64) -> Result<()> {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current.is_none_or(|current| current >= count) {
        return Ok(());
    }
    let maximum = maximum.map(|maximum| maximum.max(count));
    setrlimit(Resource::Nofile, Rlimit { current: Some(count), maximum })
        .with_context(|| format!("{count} open files are not allowed here; see `ulimit -Hn`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processor_time_is_found_behind_any_name() {
        let stat = "7 (a) b) R 1 1 1 0 -1 4194304 10 0 0 0 150 50 0 0 20 0 5 0 100 1 1";
        assert_eq!(cpu(stat), Some(Duration::from_secs(2)));
        assert_eq!(cpu("7 (a) R 1"), None);
    }

    #[test]
    fn this_process_uses_memory() {
        let usage = of_this().unwrap();
        assert!(usage.resident > 1 << 20, "{usage:?}");
    }
}
