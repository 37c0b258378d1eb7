//! Whether a running coordinator does what its own description of its API says.

use std::path::Path;
use std::process::Command;

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
/// The same for a client with an API key.
const EXAMPLES_OF_CREDITS: &str = "8";
/// What makes requests that the embedded model can answer.
const ANSWERABLE: &str = "xtask.contract_hooks";
/// How many seconds each of the runs with an API key may take.
const AT_MOST: &str = "20";

/// Requests that a stranger would think of are answered as described, and none with a fault: the operator's, those of a
/// client with an API key, and those of a client who asks for what can be answered.
pub fn check(root: &Path) -> anyhow::Result<Outcome> {
    let schemathesis = match Venv::install(root, PLACE, PACKAGES)? {
        Ok(venv) => venv.program("schemathesis"),
        Err(why) => return Ok(Outcome::skipped(why)),
    };
    let mut cases = Vec::new();
    let mut passes = |coordinator: &Coordinator, token: &str, more: &[&str], hooks: Option<&str>| {
        let mut run = strange_requests(root, &schemathesis, coordinator.text("url")?, token);
        run.args(more).envs(hooks.map(|hooks| ("SCHEMATHESIS_HOOKS", hooks)));
        let (good, lines) = show_and_keep(run)?;
        let made = lines.iter().find(|line| line.contains("generated,"));
        cases.push(made.map_or("", |line| line.trim()).to_owned());
        anyhow::Ok(good)
    };
    let coordinator = Coordinator::start(root, &["--engine", "tasks"])?;
    let but_these = [
        // After this the coordinator would answer with 503, as it should.
        "--exclude-path",
        "/admin/v1/drain",
        // This one never ends.
        "--exclude-path",
        "/api/v1/events",
        "--phases",
        "examples,coverage,fuzzing",
    ];
    let good = passes(&coordinator, coordinator.text("admin_token")?, &but_these, None)?;
    coordinator.end()?;

    let coordinator = Coordinator::start(root, &["--engine", "tiny"])?;
    let key = coordinator.text("api_key")?;
    let credits = [
        "--include-tag",
        "credits",
        "--phases",
        "coverage,fuzzing",
        "--max-time",
        AT_MOST,
        "--max-examples",
        EXAMPLES_OF_CREDITS,
    ];
    let good = good & passes(&coordinator, key, &credits, None)?;
    let jobs = "^/v1/(chat/completions|responses|responses/.id.|jobs|jobs/.id.*|credits.*)$";
    let answered = [
        "--include-path-regex",
        jobs,
        "--phases",
        "fuzzing,stateful",
        "--max-time",
        AT_MOST,
        "--max-examples",
        EXAMPLES_OF_CREDITS,
    ];
    // That nobody has disputed a new job is no lack of the job.
    let without = ["--exclude-checks", EXCLUDED_OF_JOBS];
    let good = good & passes(&coordinator, key, &[&answered[..], &without].concat(), Some(ANSWERABLE))?;
    coordinator.end()?;
    Ok(if good { Outcome::ok(cases.join("; ")) } else { Outcome::failed("see above") })
}

/// Nobody can tell from a description which of all possible codes or cursors are real ones.
const EXCLUDED: &str = "positive_data_acceptance,negative_data_rejection";
const EXCLUDED_OF_JOBS: &str =
    "positive_data_acceptance,negative_data_rejection,ensure_resource_availability";

/// A run of requests that are made up from the description, under a token or a key.
fn strange_requests(root: &Path, schemathesis: &str, location: &str, token: &str) -> Command {
    let mut run = command(root, schemathesis, &["run", &format!("{location}/openapi.json")]);
    run.args(["--header", &format!("Authorization: Bearer {token}"), "--max-examples", EXAMPLES]);
    run.args(["--exclude-checks", EXCLUDED, "--generation-deterministic", "--workers", "1"]);
    // A job's events end with the job, at the latest when nobody has taken it.
    run.args(["--request-timeout", "120", "--no-color"]);
    run
}
