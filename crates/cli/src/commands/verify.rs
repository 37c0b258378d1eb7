//! `docket verify`: says in words what a receipt proves, by whose key, and what it does not.

mod log;

use super::read;
use crate::client::block_on;
use crate::show::words;
use anyhow::{Context, Result};
use docket_protocol::keys::PublicKey;
use docket_protocol::log::VerifierKey;
use docket_protocol::receipt::{Bundle, MAX_BUNDLE_BYTES};
use docket_protocol::verify::{Holds, Pins, Verdict, verify};
use docket_protocol::wallet::Address;
use reqwest::Url;
use serde::Serialize;
use std::path::PathBuf;
use std::process::ExitCode;

/// What the receipt is compared with. The more is given, the more can be proven.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The receipt's file, or `-` for the standard input.
    file: PathBuf,
    /// The coordinator whose log is asked whether it still has all that it had.
    #[arg(long, value_name = "URL")]
    log: Option<Url>,
    /// The key of the log that you know: NAME+ID+KEY, or `@FILE`.
    #[arg(long)]
    key: Option<String>,
    /// The key of the worker that you know, in hexadecimal, or the address of the node's wallet.
    #[arg(long, value_name = "KEY")]
    worker: Option<String>,
    /// The job that you asked for.
    #[arg(long)]
    job: Option<String>,
    /// The output as you received it; where a wallet signed, the text of the answer and nothing else.
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// What `--json` prints.
#[derive(Serialize)]
struct Report<'a> {
    ok: bool,
    /// Whether the log's key came from the log itself, which proves little.
    key_from_log: bool,
    #[serde(flatten)]
    verdict: &'a Verdict,
}

/// The outcome: 0 if nothing is false, 1 if something is, 2 if the receipt or a key cannot be read.
pub(crate) fn run(args: &Args) -> ExitCode {
    match judge(args) {
        Ok((verdict, key_from_log)) => {
            if args.json {
                let report = Report { ok: verdict.ok(), key_from_log, verdict: &verdict };
                println!("{}", serde_json::to_string(&report).expect("texts have a JSON form"));
            } else {
                print!("{}", in_words(&verdict, key_from_log));
            }
            if verdict.ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(error) => {
            eprintln!("docket: {}", words(&error));
            ExitCode::from(2)
        }
    }
}

fn judge(args: &Args) -> Result<(Verdict, bool)> {
    let bytes = read(&args.file, MAX_BUNDLE_BYTES)?;
    let bundle = Bundle::parse(&bytes).with_context(|| args.file.display().to_string())?;
    let output = args.output.as_deref().map(|path| read(path, MAX_BUNDLE_BYTES)).transpose()?;
    let worker = args.worker.as_deref();
    let (wallets, keys): (Vec<_>, Vec<_>) = worker.into_iter().partition(|known| known.starts_with("0x"));
    let mut pins = Pins {
        job_id: args.job.clone(),
        worker_key: keys.first().map(|hex| worker_key(hex)).transpose()?,
        wallet: wallets.first().map(|known| wallet(known)).transpose()?,
        coordinator_vkey: args.key.as_deref().map(log_key).transpose()?,
        output,
        seen: None,
    };
    let key_from_log = args.log.is_some() && pins.coordinator_vkey.is_none();
    if let Some(url) = &args.log {
        block_on(log::pin(url, &bundle, &mut pins)).with_context(|| format!("the log at {url}"))?;
    }
    Ok((verify(&bundle, &pins), key_from_log))
}

fn worker_key(hex: &str) -> Result<PublicKey> {
    PublicKey::from_hex(&hex.to_ascii_lowercase()).with_context(|| format!("--worker {hex}"))
}

fn wallet(known: &str) -> Result<Address> {
    Address::parse(known).with_context(|| format!("--worker {known}"))
}

fn log_key(argument: &str) -> Result<VerifierKey> {
    let text = match argument.strip_prefix('@') {
        Some(path) => std::fs::read_to_string(path).with_context(|| path.to_owned())?,
        None => argument.to_owned(),
    };
    text.trim().parse().with_context(|| "--key".to_owned())
}

fn in_words(verdict: &Verdict, key_from_log: bool) -> String {
    let count = |holds| verdict.findings.iter().filter(|finding| finding.holds == holds).count();
    let (proven, unproven, wrong) = (count(Holds::Proven), count(Holds::NotProven), count(Holds::False));
    let note = if key_from_log {
        "The log's key came from the log itself: it shows that the log agrees with itself, not whose it is. \
         Pin a key that you know with --key.\n"
    } else {
        ""
    };
    let summary = match wrong {
        0 => format!("OK: nothing is false; {proven} proven, {unproven} not proven."),
        _ => format!("NOT OK: {wrong} false, {proven} proven, {unproven} not proven."),
    };
    format!("{verdict}{note}{summary}\n")
}
