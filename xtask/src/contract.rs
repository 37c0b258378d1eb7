//! Whether a running coordinator does what its own description of its API says.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::child::{ask, command, show, show_and_keep};
use crate::steps::Outcome;

/// The packages that the check needs, each with its version.
const PACKAGES: &str = "xtask/contract.txt";
/// Where they are installed.
const PLACE: &str = "target/contract";
/// How many requests are made up for each operation, and each way to make them up.
const EXAMPLES: &str = "15";
/// How long a coordinator may take to end.
const PATIENCE: Duration = Duration::from_secs(40);

/// Requests that a stranger would think of are answered as described, and none with a fault.
pub fn check(root: &Path) -> anyhow::Result<Outcome> {
    let schemathesis = match install(root)? {
        Ok(program) => program,
        Err(why) => return Ok(Outcome::skipped(why)),
    };
    let coordinator = Coordinator::start(root)?;
    let (location, token) = (coordinator.text("url")?, coordinator.text("admin_token")?);
    let mut run = command(root, &schemathesis, &["run", &format!("{location}/openapi.json")]);
    run.args(["--header", &format!("Authorization: Bearer {token}"), "--max-examples", EXAMPLES]);
    // Nobody can tell from a description which of all possible codes or cursors are real ones.
    run.args(["--exclude-checks", "positive_data_acceptance,negative_data_rejection"]);
    // After this the coordinator would answer with 503, as it should.
    run.args(["--exclude-path", "/admin/v1/drain"]);
    run.args(["--phases", "examples,coverage,fuzzing", "--generation-deterministic", "--workers", "2"]);
    // A job's events end with the job, at the latest when nobody has taken it.
    run.args(["--request-timeout", "120", "--no-color"]);
    let (good, lines) = show_and_keep(run)?;
    coordinator.end()?;
    let cases = lines.iter().find(|line| line.contains("generated,")).map_or("", |line| line.trim());
    Ok(if good { Outcome::ok(cases) } else { Outcome::failed("see above") })
}

/// The program that checks, or why there is none here.
fn install(root: &Path) -> anyhow::Result<Result<String, String>> {
    let bin = root.join(PLACE).join("bin");
    let (python, program) = (path(&bin.join("python")), path(&bin.join("schemathesis")));
    if ask(command(root, &python, &["--version"])).is_none() {
        let made = show(command(root, "python3", &["-m", "venv", PLACE]));
        if !matches!(made, Ok(true)) {
            return Ok(Err("python3 with its module venv is not installed".to_owned()));
        }
    }
    let quiet = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement", PACKAGES];
    if !show(command(root, &python, &quiet))? {
        return Ok(Err(format!("the packages of {PACKAGES} cannot be installed")));
    }
    Ok(Ok(program))
}

fn path(path: &Path) -> String {
    PathBuf::from(path).display().to_string()
}

/// A coordinator with a worker, on any free port and in a folder of its own.
struct Coordinator {
    child: Child,
    ready: Value,
}

impl Coordinator {
    fn start(root: &Path) -> anyhow::Result<Self> {
        let program = ["run", "--quiet", "--locked", "--package", "docket", "--"];
        let up = ["up", "--json", "--ephemeral", "--engine", "tasks", "--listen", "127.0.0.1:0"];
        let mut start = command(root, "cargo", &[&program[..], &up[..]].concat());
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

    fn text(&self, name: &str) -> anyhow::Result<&str> {
        self.ready[name].as_str().with_context(|| format!("docket up did not tell its {name}"))
    }

    /// Ends it as an operator would, so that it leaves no folder behind.
    fn end(mut self) -> anyhow::Result<()> {
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
