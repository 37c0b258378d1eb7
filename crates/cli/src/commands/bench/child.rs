//! The coordinator under test: this same binary as a process of its own, so that its costs are its own.

use super::usage::{self, Usage};
use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long a coordinator may take to stop.
const STOP_WITHIN: Duration = Duration::from_secs(60);

/// A running `docket serve --testnet`.
pub(super) struct Coordinator {
    child: Child,
    /// Where it listens.
    pub(super) address: SocketAddr,
    /// When it was started.
    pub(super) started: Instant,
    /// How many open jobs it found in its store.
    pub(super) open_jobs: u64,
}

impl Coordinator {
    /// Starts one over a data folder, on any free port, and waits until it is ready.
    pub(super) fn start(data: &Path) -> Result<Self> {
        let started = Instant::now();
        let mut child = Command::new(std::env::current_exe()?)
            .args(["serve", "--testnet", "--listen", "127.0.0.1:0", "--log-format", "json", "--data"])
            .arg(data)
            .env_remove("RUST_LOG")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .context("the coordinator could not be started")?;
        let stderr = child.stderr.take().context("the coordinator has no standard error")?;
        match ready(stderr) {
            Ok((address, open_jobs)) => Ok(Self { child, address, started, open_jobs }),
            Err(error) => {
                child.kill().ok(); // It has ended by itself, most likely.
                child.wait()?;
                Err(error)
            }
        }
    }

    /// What it has used so far.
    pub(super) fn usage(&self) -> Result<Usage> {
        usage::of(self.child.id())
    }

    /// Ends it as a lost machine would: nothing is finished.
    pub(super) fn kill(mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Asks it to end in order, and waits until it has.
    pub(super) fn stop(mut self) -> Result<()> {
        usage::terminate(&self.child)?;
        let asked = Instant::now();
        while asked.elapsed() < STOP_WITHIN {
            match self.child.try_wait()? {
                Some(status) if status.success() => return Ok(()),
                Some(status) => bail!("the coordinator ended badly: {status}"),
                None => std::thread::sleep(Duration::from_millis(20)),
            }
        }
        self.child.kill()?;
        bail!("the coordinator did not end within {} s", STOP_WITHIN.as_secs())
    }
}

impl Drop for Coordinator {
    fn drop(&mut self) {
        // After a failed run nothing may be left behind; after an orderly end this does nothing.
        if matches!(self.child.try_wait(), Ok(None)) {
            self.child.kill().ok();
            self.child.wait().ok();
        }
    }
}

/// Reads the log until it says where the coordinator listens and how many open jobs it found. What follows is read
/// too, and shown if it is a warning.
fn ready(stderr: impl Read + Send + 'static) -> Result<(SocketAddr, u64)> {
    let mut lines = BufReader::new(stderr).lines();
    let (mut seen, mut open_jobs) = (String::new(), 0);
    for line in lines.by_ref() {
        let line = line?;
        let fields = fields(&line);
        let field = |name: &str| fields.as_ref()?.get(name);
        open_jobs = field("open").and_then(Value::as_u64).unwrap_or(open_jobs);
        if let Some(url) = field("url").and_then(Value::as_str) {
            let address = url.strip_prefix("http://").context("an address that is no URL")?.parse()?;
            std::thread::spawn(move || show_warnings(lines));
            return Ok((address, open_jobs));
        }
        seen.push_str(&line);
        seen.push('\n');
    }
    bail!("the coordinator ended before it was ready:\n{seen}")
}

fn fields(line: &str) -> Option<Value> {
    serde_json::from_str::<Value>(line).ok()?.get_mut("fields").map(Value::take)
}

fn show_warnings(lines: impl Iterator<Item = std::io::Result<String>>) {
    let quiet = |line: &String| {
        ["INFO", "DEBUG"].iter().any(|level| line.contains(&format!("\"level\":\"{level}\"")))
    };
    lines.map_while(Result::ok).filter(|line| !quiet(line)).for_each(|line| eprintln!("{line}"));
}
