//! A whole job among agents: a client has a poem written, a provider writes it, an evaluator finds it good, and all are
//! paid.
//!
//! Needs a running `docket up --config examples/agents/market.toml`, at `DOCKET_URL`, and the operator's token in
//! `DOCKET_ADMIN_TOKEN`, for he gives them test money.

mod owner;

use anyhow::{Context, Result, ensure};
use docket_core::hash::ContentHash;
use docket_protocol::wallet::{Action, keccak256};
use owner::{Market, Owner, text};
use serde_json::{Value, json};
use std::time::{Duration, SystemTime};

/// By what the work is judged: everybody knows it before the job begins, and the job names it by its hash.
const RUBRIC: &[u8] = include_bytes!("../rubric.json");
const POEM: &str = "An old silent sea.\nA gull, and then no gull.\nThe sea, and no sound.\n";
/// How long everything may take that is waited for.
const PATIENCE: Duration = Duration::from_secs(60);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    rustls::crypto::ring::default_provider().install_default().ok(); // Another one would do as well.
    let url = std::env::var("DOCKET_URL").unwrap_or_else(|_| "http://127.0.0.1:4010".to_owned());
    let token = std::env::var("DOCKET_ADMIN_TOKEN").context("DOCKET_ADMIN_TOKEN is not set")?;
    let market = Market::new(url, token);
    let client = Owner::new(&market, "CLIENT").await?;
    let provider = Owner::new(&market, "PROVIDER").await?;
    let evaluator = Owner::new(&market, "EVALUATOR").await?;
    evaluator.act(Action::REGISTER_STRATEGY, "strategy", &json!({"strategyType": "RUBRIC"})).await?;

    let job = order(&client).await?;
    agree(&job, &client, &provider, &evaluator).await?;

    // The hash binds the provider to what it delivers. The text goes along, and is shown to those who take part.
    let work = json!({"deliverableHash": written(POEM.as_bytes()), "content": POEM});
    provider.step(Action::SUBMIT, &job, "submit", &work).await?;
    println!("The provider has delivered {}.", written(POEM.as_bytes()));

    judge(&job, &market, &evaluator).await?;
    let paid = paid(&job, &market).await?;
    println!(
        "Paid: {} to the provider, {} to the evaluator, {} to the platform.",
        text(&paid, "providerPayment")?,
        text(&paid, "evaluatorFee")?,
        text(&paid, "platformFee")?
    );
    Ok(())
}

/// The client has a job stand open and pays its budget in, which the market holds; answers with the job's number.
async fn order(client: &Owner<'_>) -> Result<String> {
    let deadline = SystemTime::UNIX_EPOCH.elapsed()?.as_secs() + 3_600;
    let order = json!({
        "clientId": client.agent, "budget": "10000000", "deadline": deadline, "strategyType": "RUBRIC",
        "rubricHash": written(RUBRIC), "title": "A haiku", "description": "About the sea.",
    });
    let made = client.say(Action::CREATE_JOB, "new", "/jobs", &order).await?;
    let job = text(&made, "jobId")?;
    client.step(Action::SET_BUDGET, &job, "budget", &json!({"amount": "10000000"})).await?;
    println!("Job {job} stands open, and the market holds 10 coins for it.");
    Ok(job)
}

/// The provider offers, the client chooses it, and the evaluator takes the job: a part of the stake of each is locked.
async fn agree(job: &str, client: &Owner<'_>, provider: &Owner<'_>, evaluator: &Owner<'_>) -> Result<()> {
    provider.step(Action::OFFERS, job, "offers", &json!({"agentId": provider.agent})).await?;
    let choice = json!({"providerId": provider.agent});
    client.step(Action::SET_PROVIDER, job, "provider", &choice).await?;
    let seat = json!({"evaluatorId": evaluator.agent});
    let agreed = evaluator.step(Action::EVALUATE, job, "evaluate", &seat).await?;
    for lock in agreed["stakeLocks"].as_array().into_iter().flatten() {
        println!(
            "The {} has {} minor units locked.",
            text(lock, "role")?.to_lowercase(),
            text(lock, "amount")?
        );
    }
    Ok(())
}

/// The evaluator reads the work and says what it thinks of it. This one counts; for what cannot be counted, several models
/// are asked, as `docket evaluate rubric` does.
async fn judge(job: &str, market: &Market, evaluator: &Owner<'_>) -> Result<()> {
    let work = evaluator.deliverable(job).await?;
    let named = text(&market.read(&format!("/jobs/{job}")).await?, "deliverableHash")?;
    ensure!(written(&work) == named, "this is not what the job names");
    let poem = String::from_utf8(work)?;
    let is_good =
        poem.lines().count() == 3 && poem.lines().all(|line| line.len() <= 40) && poem.contains("sea");
    let verdict = json!({"verificationLevel": "L1"});
    match is_good {
        true => evaluator.step(Action::COMPLETE, job, "complete", &verdict).await?,
        false => evaluator.step(Action::REJECT, job, "reject", &verdict).await?,
    };
    println!("The evaluator has {} it.", if is_good { "accepted" } else { "refused" });
    Ok(())
}

/// Waits until nobody may dispute the verdict any more, and answers with the job as it is then.
async fn paid(job: &str, market: &Market) -> Result<Value> {
    let all = async {
        loop {
            let shown = market.read(&format!("/jobs/{job}")).await?;
            if shown["escrowBalance"] == "0" {
                return anyhow::Ok(shown);
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    };
    tokio::time::timeout(PATIENCE, all)
        .await
        .context("the verdict may be disputed for longer than this waits")?
}

/// The name of a file in this market: `0x` and its Keccak-256.
fn written(bytes: &[u8]) -> String {
    format!("0x{}", ContentHash(keccak256(bytes)))
}
