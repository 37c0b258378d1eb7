//! `docket receipt`: fetches the file that proves a job.

use crate::client::{Place, block_on, segment};
use anyhow::{Context, Result};
use std::io::Write;
use std::path::PathBuf;

/// Which job, and where its receipt goes.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    place: Place,
    /// The job's id.
    job: String,
    /// Write to this file instead of the standard output.
    #[arg(short, long)]
    output: Option<PathBuf>,
}

/// Writes the bundle, byte for byte as it came.
pub(crate) fn run(args: &Args) -> Result<()> {
    let client = args.place.client()?;
    let answer = block_on(client.get(&format!("v1/jobs/{}/receipt", segment(&args.job))))?;
    let Some(path) = &args.output else {
        let mut out = std::io::stdout().lock();
        out.write_all(answer.bytes()).and_then(|()| out.write_all(b"\n")).context("the standard output")?;
        return Ok(());
    };
    std::fs::write(path, answer.bytes()).with_context(|| path.display().to_string())?;
    if args.place.json {
        println!("{}", serde_json::json!({ "file": path, "bytes": answer.bytes().len() }));
    } else {
        println!("{}: check it with `docket verify {}`", path.display(), path.display());
    }
    Ok(())
}
