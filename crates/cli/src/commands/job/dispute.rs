//! `docket job dispute`: says that the client received something else than the worker delivered.

use crate::client::{Keyed, segment};
use crate::show::plain;
use anyhow::{Context, Result};
use docket_protocol::digest::Digest;
use reqwest::Method;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Which job, and what was received.
#[derive(clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    keyed: Keyed,
    /// The job's id.
    job: String,
    #[command(flatten)]
    received: Received,
}

#[derive(clap::Args)]
#[group(required = true, multiple = false)]
struct Received {
    /// The SHA-256 of the text that was received: `sha256:` and 64 hexadecimal digits.
    #[arg(long, value_name = "HASH", value_parser = digest)]
    received_hash: Option<Digest>,
    /// A file with exactly the text that was received: a newline at its end counts.
    #[arg(long, value_name = "FILE")]
    received: Option<PathBuf>,
}

#[derive(Serialize)]
struct Body {
    received_output_hash: Digest,
}

#[derive(Deserialize)]
struct Opened {
    job_id: String,
    dispute_opened: bool,
    worker_hash: String,
    arbitration_window_hours: u32,
    #[serde(default)]
    ruling: Option<String>,
}

fn digest(text: &str) -> Result<Digest, &'static str> {
    Digest::parse(text).ok_or("a hash is `sha256:` and 64 lower-case hexadecimal digits")
}

impl Received {
    fn digest(&self) -> Result<Digest> {
        match (&self.received_hash, &self.received) {
            (Some(hash), _) => Ok(*hash),
            (None, Some(path)) => {
                let text = std::fs::read(path).with_context(|| path.display().to_string())?;
                Ok(Digest::of(&text))
            }
            (None, None) => anyhow::bail!("give --received-hash or --received"),
        }
    }
}

/// Opens the dispute, and says what has come of it.
pub(super) async fn run(args: &Args) -> Result<()> {
    let body = Body { received_output_hash: args.received.digest()? };
    let client = args.keyed.client()?;
    let path = format!("v1/jobs/{}/dispute", segment(&args.job));
    let answer = client.send(client.request(Method::POST, &path)?.json(&body)).await?;
    if args.keyed.place.json {
        println!("{}", answer.text()?);
        return Ok(());
    }
    let Opened { job_id, dispute_opened, worker_hash, arbitration_window_hours, ruling } = answer.parse()?;
    let job = plain(&job_id);
    match (dispute_opened, ruling.as_deref()) {
        (false, _) => println!("{job}  no dispute: the worker delivered what you received"),
        (true, None) => {
            println!("{job}  disputed: the worker delivered {}", plain(&worker_hash));
            println!("  it is decided within {arbitration_window_hours} hours");
        }
        (true, Some("for_client")) => println!("{job}  decided for you: the credits are back"),
        (true, Some(_)) => {
            println!("{job}  decided for the worker: what was relayed is {}", plain(&worker_hash));
        }
    }
    Ok(())
}
