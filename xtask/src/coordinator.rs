//! A coordinator with a worker, run as a child for the checks that need one.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::child::command;

/// How long a coordinator may take to end.
const PATIENCE: Duration = Duration::from_secs(40);

/// `docket up`, on any free port and in a folder of its own.
#[derive(Debug)]
pub struct Coordinator {
    child: Child,
    ready: Value,
}

impl Coordinator {
    /// Starts it with more arguments, and waits until its worker is there.
    ///
    /// # Errors
    /// If it cannot be built, or ends before it is ready.
    pub fn start(root: &Path, arguments: &[&str]) -> anyhow::Result<Self> {
        let up = ["up", "--json", "--ephemeral", "--listen", "127.0.0.1:0"];
        let mut start = command(root, "cargo", &[&DOCKET[..], &up, arguments].concat());
        // The embedded engine's threads spin; on a busy machine more than one is far slower than one.
        start.env("CANDLE_NUM_THREADS", "1");
        let mut child = start.stdout(Stdio::piped()).spawn().context("docket up")?;
        let output = child.stdout.take().context("its output was asked for")?;
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line).context("reading what docket up prints")?;
        match serde_json::from_str(&line) {
            Ok(ready) => Ok(Self { child, ready }),
            Err(error) => {
                child.kill().ok(); // It has ended already, most likely.
                bail!("docket up printed {line:?}: {error}")
            }
        }
    }

    /// One of the texts that it told when it was ready, such as its `url`.
    ///
    /// # Errors
    /// If it told no such text.
    pub fn text(&self, name: &str) -> anyhow::Result<&str> {
        self.ready[name].as_str().with_context(|| format!("docket up did not tell its {name}"))
    }

    /// Makes a key for an account that has no credits; gives its secret.
    ///
    /// # Errors
    /// If the coordinator makes none.
    pub fn poor_key(&self, root: &Path) -> anyhow::Result<String> {
        let new = ["keys", "new", "--json", "--account", "poor", "--url", self.text("url")?];
        let mut new = command(root, "cargo", &[&DOCKET[..], &new].concat());
        let output = new.env("DOCKET_ADMIN_TOKEN", self.text("admin_token")?).output()?;
        let key: Value = serde_json::from_slice(&output.stdout).with_context(|| {
            format!("docket keys new: {}", String::from_utf8_lossy(&output.stderr).trim())
        })?;
        key["secret"].as_str().map(str::to_owned).context("docket keys new told no secret")
    }

    /// Ends it as an operator would, so that it leaves no folder behind.
    ///
    /// # Errors
    /// If it does not end, or not well.
    pub fn end(mut self) -> anyhow::Result<()> {
        kill_process(Pid::from_child(&self.child), Signal::TERM)?;
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            if let Some(status) = self.child.try_wait()? {
                anyhow::ensure!(status.success(), "the coordinator ended badly: {status}");
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        bail!("the coordinator did not end")
    }
}

impl Drop for Coordinator {
    fn drop(&mut self) {
        self.child.kill().ok(); // It has ended, unless something went wrong.
    }
}

/// What cargo is asked to run the program, before the program's own arguments.
const DOCKET: [&str; 6] = ["run", "--quiet", "--locked", "--package", "docket", "--"];
