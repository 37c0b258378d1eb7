//! `docket infer`: has a node run a prompt. Asks which one and for how much, pays by a wallet's word, prints the answer.

use super::agent::signed::{Signer, Wish};
use super::job::text;
use super::node::Envelope;
use crate::client::{Client, Refused, block_on};
use crate::show::{Progress, plain};
use anyhow::{Context, Result, bail, ensure};
use docket_core::agent::identity::Wallet;
use docket_core::hash::Sha256;
use docket_core::id::Dialect;
use docket_core::ledger::Account;
use docket_protocol::wallet::Action;
use reqwest::{Method, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::io::{BufRead, IsTerminal, Write};
use std::path::PathBuf;
use std::time::Instant;

/// How long one question may wait for its answer, in seconds; short enough to show that time passes.
const AT_A_TIME: u32 = 1;

/// A prompt, and who pays.
#[derive(clap::Args)]
#[command(
    after_help = "The payer's account is client:registry:ADDRESS, with the wallet's address in lower case.\n\
    The operator tops it up: docket ledger credit client:registry:0x... WEI --asset ETH\n\
    Where money is test money, it is minted for each job."
)]
pub(crate) struct Args {
    #[command(flatten)]
    signer: Signer,
    /// The model, such as tiny-qwen3-compressed; the coordinator lists them under /api/models.
    #[arg(long)]
    model: String,
    /// Pay without asking.
    #[arg(long)]
    yes: bool,
    /// Save the receipt in this file, for `docket verify`.
    #[arg(long, value_name = "FILE")]
    receipt: Option<PathBuf>,
    /// The prompt; several words are one prompt. `@FILE` reads a file, `-` the standard input.
    #[arg(required = true)]
    prompt: Vec<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Question<'a> {
    model_id: &'a str,
    input: &'a str,
    requester_address: String,
}

/// Who would do it, and for how much.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Advice {
    assigned_node: String,
    node_reputation: u16,
    estimated_cost_wei: String,
    estimated_cost_eth: String,
    input_hash: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Payment<'a> {
    model_id: &'a str,
    input_hash: &'a str,
    /// Whether it is kept from the question on or not.
    input: &'a str,
    /// No more is held than what was agreed to.
    value_wei: &'a str,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Job {
    job_id: String,
    status: String,
    assigned_node: Option<String>,
    output_hash: Option<String>,
    reason: Option<String>,
}

#[derive(Deserialize)]
struct Answer {
    output: String,
}

/// Runs the prompt to its answer.
pub(crate) fn run(args: &Args) -> Result<()> {
    block_on(infer(args))
}

async fn infer(args: &Args) -> Result<()> {
    let prompt = text(&args.prompt.join(" "))?;
    let client = args.signer.place.client()?;
    let wallet = Wallet::from(args.signer.key()?.address());
    let advice = ask(&client, args, &prompt, wallet).await?;
    agree(args, &advice, &network(&client).await?)?;
    let paid = pay(args, &advice, &prompt, wallet).await?;
    let job = wait(&client, args, &paid.job_id).await?;
    if job.status != "completed" {
        let why = job.reason.as_deref().unwrap_or("nobody did it");
        bail!("job {} is {}, and the money is back: {}", job.job_id, job.status, plain(why));
    }
    let answer = read(args, &job).await?;
    if let Some(path) = &args.receipt {
        let bundle = fetch(args, &job.job_id, "receipt").await?;
        std::fs::write(path, bundle.bytes()).with_context(|| path.display().to_string())?;
    }
    tell(args, &advice, &job, &answer)
}

async fn ask(client: &Client, args: &Args, prompt: &str, wallet: Wallet) -> Result<Advice> {
    let question = Question { model_id: &args.model, input: prompt, requester_address: wallet.to_string() };
    let request = client.request(Method::POST, "api/jobs/submit")?.json(&question);
    let advice = client.send(request).await?.parse::<Envelope<Advice>>()?.data;
    let digest = Sha256::of(prompt.as_bytes()).to_string();
    ensure!(advice.input_hash == digest, "the coordinator names another prompt than this one");
    Ok(advice)
}

/// In which kind of money.
async fn network(client: &Client) -> Result<String> {
    #[derive(Deserialize)]
    struct Health {
        network: String,
    }
    Ok(client.get("v1/health").await?.parse::<Health>()?.network)
}

/// Whoever pays has seen the price, or has said that he need not.
fn agree(args: &Args, advice: &Advice, network: &str) -> Result<()> {
    let Advice { assigned_node, node_reputation, estimated_cost_wei, estimated_cost_eth, .. } = advice;
    let offer = format!(
        "node {assigned_node}, of reputation {node_reputation} of 100, would do it for {estimated_cost_eth} ETH \
         ({estimated_cost_wei} wei) on {network}"
    );
    eprintln!("{}", plain(&offer));
    if args.yes {
        return Ok(());
    }
    let stdin = std::io::stdin();
    ensure!(stdin.is_terminal(), "nobody can be asked here: with --yes it is paid");
    eprint!("Pay? [y/N] ");
    std::io::stderr().flush().ok(); // The question stands there or not; the answer counts.
    let mut said = String::new();
    stdin.lock().read_line(&mut said).context("the standard input")?;
    ensure!(matches!(said.trim(), "y" | "Y" | "yes"), "nothing was paid");
    Ok(())
}

async fn pay(args: &Args, advice: &Advice, input: &str, wallet: Wallet) -> Result<Job> {
    let Advice { input_hash, estimated_cost_wei, .. } = advice;
    let payment = Payment { model_id: &args.model, input_hash, input, value_wei: estimated_cost_wei };
    let (action, path) = (Action::PAY_JOB, "api/jobs/pay");
    let wish = Wish { method: Method::POST, path, action, resource: input_hash };
    let answer = args.signer.send(wish, &payment).await.map_err(|error| {
        let is_poor = |refused: &Refused| refused.status == StatusCode::PAYMENT_REQUIRED;
        match error.downcast_ref::<Refused>().is_some_and(is_poor) {
            true => {
                let account = Account::Client(wallet.client(Dialect::Registry));
                error.context(format!("{account} has to be topped up first"))
            }
            false => error,
        }
    })?;
    Ok(answer.parse::<Envelope<Job>>()?.data)
}

async fn wait(client: &Client, args: &Args, id: &str) -> Result<Job> {
    ensure!(id.bytes().all(|byte| byte.is_ascii_digit()), "the coordinator's job has no number");
    let path = format!("api/jobs/{id}?wait={AT_A_TIME}");
    let (begun, mut progress) = (Instant::now(), Progress::new(args.signer.place.json));
    loop {
        let job = client.get(&path).await?.parse::<Envelope<Job>>()?.data;
        if !matches!(job.status.as_str(), "submitted" | "assigned") {
            return Ok(job);
        }
        let node = job.assigned_node.as_deref().unwrap_or("nobody yet");
        let line = format!("job {id}  {}  {node}  {} s", job.status, begun.elapsed().as_secs());
        progress.show(&plain(&line));
    }
}

/// Something about a job that only who paid may read.
async fn fetch(args: &Args, id: &str, what: &str) -> Result<crate::client::Answer> {
    let path = format!("api/jobs/{id}/{what}");
    let wish = Wish { method: Method::GET, path: &path, action: Action::READ_JOB, resource: id };
    args.signer.send_bare(wish).await
}

async fn read(args: &Args, job: &Job) -> Result<Answer> {
    let answer = fetch(args, &job.job_id, "result").await?.parse::<Envelope<Answer>>()?.data;
    let digest = Sha256::of(answer.output.as_bytes()).to_string();
    ensure!(
        job.output_hash.as_deref() == Some(&*digest),
        "the job names another answer than the one that came"
    );
    Ok(answer)
}

fn tell(args: &Args, advice: &Advice, job: &Job, answer: &Answer) -> Result<()> {
    if args.signer.place.json {
        let done = json!({
            "jobId": job.job_id, "advice": advice, "assignedNode": job.assigned_node,
            "output": answer.output, "outputHash": job.output_hash, "receipt": args.receipt,
        });
        println!("{done}");
        return Ok(());
    }
    println!("{}", plain(&answer.output));
    let node = job.assigned_node.as_deref().unwrap_or_default();
    eprintln!("{}", plain(&format!("job {} was done by {node}", job.job_id)));
    if let Some(path) = &args.receipt {
        eprintln!("{}: check it with `docket verify {}`", path.display(), path.display());
    }
    Ok(())
}
