//! A market for measurements: inference server, coordinator and worker, each a process of its own, and a key.

use super::upstream::{PACED, SWIFT};
use crate::commands::bench::child::Coordinator;
use crate::commands::bench::http::{Client, request_with};
use crate::commands::bench::usage::{self, Usage};
use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Credits in minor units, more than any run can spend.
const PLENTY: &str = "1000000000000000";
/// So many workers have room for all that is asked at a time, although they are new.
const WORKERS: usize = 4;
/// How long all of it may take to be ready.
const READY_WITHIN: Duration = Duration::from_secs(30);

/// A child that does not outlive its owner.
pub(super) struct Owned(Child);

impl Drop for Owned {
    fn drop(&mut self) {
        self.0.kill().ok(); // It may have ended by itself.
        self.0.wait().ok();
    }
}

impl Owned {
    fn start(command: &mut Command) -> Result<Self> {
        Ok(Self(command.env_remove("RUST_LOG").stdin(Stdio::null()).spawn()?))
    }

    fn usage(&self) -> Result<Usage> {
        usage::of(self.0.id())
    }
}

/// Starts an inference server; answers where it listens.
pub(super) fn upstream() -> Result<(Owned, SocketAddr)> {
    let mut child = Owned::start(
        Command::new(std::env::current_exe()?).args(["bench", "upstream"]).stdout(Stdio::piped()),
    )?;
    let output = child.0.stdout.take().context("the inference server has no output")?;
    let mut line = String::new();
    BufReader::new(output).read_line(&mut line)?;
    let url: Value = serde_json::from_str(&line).context("the inference server did not start")?;
    let address = url["url"].as_str().and_then(|url| url.strip_prefix("http://")?.parse().ok());
    Ok((child, address.context("the inference server has no address")?))
}

/// A coordinator with workers, and a key with credits.
pub(super) struct Market {
    pub(super) coordinator: Coordinator,
    workers: Vec<Owned>,
    pub(super) key: String,
}

impl Market {
    /// Starts one over a folder, before the inference server at `upstream`.
    pub(super) async fn open(folder: &Path, upstream: SocketAddr) -> Result<Self> {
        let data = folder.join("data");
        let coordinator = Coordinator::start(&data)?;
        let address = coordinator.address;
        let key = account(&data, address)?;
        let worker = |number: usize| {
            Owned::start(
                Command::new(std::env::current_exe()?)
                    .args(["worker", "--concurrency", "64", "--log-format", "json"])
                    .args(["--coordinator", &format!("http://{address}")])
                    .args(["--engine", &format!("openai:http://{upstream}/v1")])
                    .arg("--data")
                    .arg(folder.join(format!("worker-{number}")))
                    .stderr(Stdio::null())
                    .stdout(Stdio::null()),
            )
        };
        let workers = (0..WORKERS).map(worker).collect::<Result<_>>()?;
        let market = Self { coordinator, workers, key };
        market.ready().await?;
        Ok(market)
    }

    /// Waits until a worker serves both models.
    async fn ready(&self) -> Result<()> {
        let header = format!("authorization: Bearer {}", self.key);
        let request = request_with("GET", "/v1/models", &header, "");
        let begun = Instant::now();
        let mut client = Client::connect(self.coordinator.address).await?;
        while begun.elapsed() < READY_WITHIN {
            let answer = client.send(&request).await?;
            let text = String::from_utf8_lossy(answer.body);
            if [SWIFT, PACED].iter().all(|model| text.contains(&format!("\"{model}\""))) {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        bail!("no worker offered its models within {} s", READY_WITHIN.as_secs())
    }

    /// Processor time that the coordinator has used, and that all workers have.
    pub(super) fn usage(&self) -> Result<[Duration; 2]> {
        let workers = self.workers.iter().map(|worker| Ok(worker.usage()?.cpu)).sum::<Result<_>>()?;
        Ok([self.coordinator.usage()?.cpu, workers])
    }
}

/// Makes an account with more credits than it needs; answers its API key.
pub(in crate::commands::bench) fn account(data: &Path, address: SocketAddr) -> Result<String> {
    ask(data, address, &["ledger", "credit", "client:credits:bench", PLENTY])?;
    let made = ask(data, address, &["keys", "new", "--account", "bench"])?;
    Ok(made["secret"].as_str().context("the new key has no secret")?.to_owned())
}

/// Asks as the operator does.
fn ask(data: &Path, address: SocketAddr, args: &[&str]) -> Result<Value> {
    let output = Command::new(std::env::current_exe()?)
        .args(args)
        .args(["--json", "--url", &format!("http://{address}"), "--data"])
        .arg(data)
        .output()?;
    if !output.status.success() {
        bail!("docket {}: {}", args.join(" "), String::from_utf8_lossy(&output.stderr));
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}
