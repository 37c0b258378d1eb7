//! `docket job deliver` and `docket job fetch`: the work itself.

use super::hash::{Named, whole, written};
use super::number::Number;
use super::steps::step;
use super::view::Job;
use crate::commands::agent::signed::{Signer, Wish};
use crate::commands::agent::view::Success;
use anyhow::{Context, Result, ensure};
use docket_core::hash::ContentHash;
use docket_protocol::wallet::Action;
use reqwest::Method;
use serde::Serialize;
use serde_json::json;
use std::io::Write;
use std::path::PathBuf;

/// Work for a job.
#[derive(clap::Args)]
#[command(group(clap::ArgGroup::new("work").required(true).args(["file", "hash"])))]
pub(in crate::commands::job) struct Deliver {
    #[command(flatten)]
    signer: Signer,
    /// The job's number.
    job: Number,
    /// The file with the work; `-` reads the standard input. A text is sent along and kept for those who take part; of
    /// anything else only the hash is.
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// The work's Keccak-256, 0x and 64 hexadecimal digits. The work itself comes to the others in some other way.
    #[arg(long, value_name = "HASH", value_parser = hash)]
    hash: Option<ContentHash>,
    /// Send only the file's hash.
    #[arg(long, requires = "file")]
    hash_only: bool,
}

/// Work to be read.
#[derive(clap::Args)]
pub(in crate::commands::job) struct Fetch {
    #[command(flatten)]
    signer: Signer,
    /// The job's number.
    job: Number,
    /// Where to write it; the file is written over [default: the standard output].
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body {
    deliverable_hash: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<String>,
}

fn hash(text: &str) -> Result<ContentHash, &'static str> {
    match text.parse() {
        Ok(Named::Hash(hash)) => Ok(hash),
        _ => Err("a hash is 0x and 64 hexadecimal digits"),
    }
}

/// Delivers, and shows the job.
pub(super) async fn deliver(args: &Deliver) -> Result<()> {
    let body = match (&args.file, &args.hash) {
        (Some(path), _) => {
            let bytes = whole(path)?;
            let deliverable_hash = written(&bytes);
            let content = String::from_utf8(bytes).ok().filter(|_| !args.hash_only);
            if content.is_none() && !args.hash_only {
                eprintln!("docket: the file is no text, so that only its hash is delivered");
            }
            Body { deliverable_hash, content }
        }
        (None, Some(hash)) => Body { deliverable_hash: format!("0x{hash}"), content: None },
        (None, None) => anyhow::bail!("give --file or --hash"),
    };
    step(&args.signer, args.job, "submit", Action::SUBMIT, &body).await
}

/// Fetches the work, and refuses it unless it is what the job names.
pub(super) async fn fetch(args: &Fetch) -> Result<()> {
    let place = &args.signer.place;
    ensure!(args.output.is_some() || !place.json, "with --json the work goes to a file: give --output");
    let resource = args.job.to_string();
    let wish = Wish {
        method: Method::GET,
        path: &args.job.path("/deliverable"),
        action: Action::READ_DELIVERABLE,
        resource: &resource,
    };
    let work = args.signer.send_bare(wish).await?;
    let hash = written(work.bytes());
    let job = place.client()?.get(&args.job.path("")).await?.parse::<Success<Job>>()?.data;
    ensure!(job.deliverable_hash() == Some(&hash), "this is not the work that job {} names", args.job);
    let Some(path) = &args.output else {
        return Ok(std::io::stdout().lock().write_all(work.bytes())?);
    };
    std::fs::write(path, work.bytes()).with_context(|| path.display().to_string())?;
    match place.json {
        true => println!("{}", json!({"deliverableHash": hash, "bytes": work.bytes().len()})),
        false => println!("{} bytes, {hash}, in {}", work.bytes().len(), path.display()),
    }
    Ok(())
}
