//! Whether the official clients of OpenAI and the libraries of wallets, as they are, can be used with a running
//! coordinator and its embedded model.

use std::path::Path;

use crate::child::{ask, command, show, show_and_keep};
use crate::coordinator::Coordinator;
use crate::steps::{Outcome, Step};
use crate::tools::node_version;
use crate::upstream;
use crate::venv::Venv;

/// The client for Python and what it needs, each with its version.
const PACKAGES: &str = "clients/python/requirements.txt";
/// Where they are installed.
const PLACE: &str = "target/clients-python";
/// The folders of the clients for Node and of the examples, which are installed beside their lists.
const FOLDERS: [&str; 3] = ["clients/node", "examples/agents/javascript", "examples/nodes"];
/// What the coordinators are told: that nobody waits for days.
const CONFIG: &str = "examples/agents/market.toml";

/// The checks with the client for Python.
pub const PYTHON: Step = Step { name: "clients: python", run: python };
/// The checks with the clients for Node: OpenAI's, those that sign for agents, and the examples of whole jobs.
pub const NODE: Step = Step { name: "clients: node", run: node };

fn python(root: &Path) -> anyhow::Result<Outcome> {
    let python = match Venv::install(root, PLACE, PACKAGES)? {
        Ok(venv) => venv.program("python"),
        Err(why) => return Ok(Outcome::skipped(why)),
    };
    // It would leave compiled files beside the checks.
    check(root, &python, &["-B", "clients/python/checks.py"], "Ran ")
}

fn node(root: &Path) -> anyhow::Result<Outcome> {
    if node_version(root).is_none() {
        return Ok(Outcome::skipped("node and npm are not installed"));
    }
    for folder in FOLDERS {
        let place = root.join(folder);
        let installed = ask(command(&place, "npm", &["ls"])).is_some();
        if !installed && !show(command(&place, "npm", &["ci", "--no-audit", "--no-fund"]))? {
            return Ok(Outcome::skipped(format!("the packages of {folder} cannot be installed")));
        }
    }
    let checks = [
        "clients/node/checks.test.mjs",
        "clients/node/wallets.test.mjs",
        "examples/agents/javascript/whole.test.mjs",
        "examples/nodes/whole.test.mjs",
    ];
    check(root, "node", &[&["--test-reporter=spec", "--test"], &checks[..]].concat(), "ℹ pass ")
}

/// Runs checks against a coordinator of their own. The line that begins like `summary` says how many there were.
fn check(root: &Path, program: &str, arguments: &[&str], summary: &str) -> anyhow::Result<Outcome> {
    // The embedded model answers in text alone; what else there is, a model server has.
    let server =
        format!("openai+tools+json+logprobs+logit_bias+completions+embeddings:{}", upstream::start()?);
    let coordinator =
        Coordinator::start(root, &["--config", CONFIG, "--engine", "tiny", "--engine", &server])?;
    let mut checks = command(root, program, arguments);
    checks.env("DOCKET_URL", coordinator.text("url")?);
    checks.env("DOCKET_ADMIN_TOKEN", coordinator.text("admin_token")?);
    checks.env("DOCKET_API_KEY", coordinator.text("api_key")?);
    checks.env("DOCKET_POOR_KEY", coordinator.poor_key(root)?);
    // Whatever proxy the machine uses for the world, the coordinator is here.
    checks.env("NO_PROXY", "127.0.0.1").env("no_proxy", "127.0.0.1");
    let (good, lines) = show_and_keep(checks)?;
    coordinator.end()?;
    let count = lines.iter().find(|line| line.starts_with(summary)).map_or("", |line| line.trim());
    Ok(if good { Outcome::ok(count) } else { Outcome::failed("see above") })
}
