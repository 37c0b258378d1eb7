//! Whether a running coordinator does what its own description of its API says.

use std::path::Path;

use crate::child::{command, show_and_keep};
use crate::coordinator::Coordinator;
use crate::steps::Outcome;
use crate::venv::Venv;

/// The packages that the check needs, each with its version.
const PACKAGES: &str = "xtask/contract.txt";
/// Where they are installed.
const PLACE: &str = "target/contract";
/// How many requests are made up for each operation, and each way to make them up.
const EXAMPLES: &str = "15";

/// Requests that a stranger would think of are answered as described, and none with a fault.
pub fn check(root: &Path) -> anyhow::Result<Outcome> {
    let schemathesis = match Venv::install(root, PLACE, PACKAGES)? {
        Ok(venv) => venv.program("schemathesis"),
        Err(why) => return Ok(Outcome::skipped(why)),
    };
    let coordinator = Coordinator::start(root, &["--engine", "tasks"])?;
    let (location, token) = (coordinator.text("url")?, coordinator.text("admin_token")?);
    let mut run = command(root, &schemathesis, &["run", &format!("{location}/openapi.json")]);
    run.args(["--header", &format!("Authorization: Bearer {token}"), "--max-examples", EXAMPLES]);
    // Nobody can tell from a description which of all possible codes or cursors are real ones.
    run.args(["--exclude-checks", "positive_data_acceptance,negative_data_rejection"]);
    // After this the coordinator would answer with 503, as it should.
    run.args(["--exclude-path", "/admin/v1/drain"]);
    run.args(["--phases", "examples,coverage,fuzzing", "--generation-deterministic", "--workers", "1"]);
    // A job's events end with the job, at the latest when nobody has taken it.
    run.args(["--request-timeout", "120", "--no-color"]);
    let (good, lines) = show_and_keep(run)?;
    coordinator.end()?;
    let cases = lines.iter().find(|line| line.contains("generated,")).map_or("", |line| line.trim());
    Ok(if good { Outcome::ok(cases) } else { Outcome::failed("see above") })
}
