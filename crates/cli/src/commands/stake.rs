//! `docket ledger stake`: what workers put down as a surety.

use crate::client::{Operator, segment};
use crate::data::random;
use crate::show::Money;
use anyhow::Result;
use clap::ValueEnum;
use docket_core::hash::Sha256;
use reqwest::Method;
use serde::{Deserialize, Serialize};

/// A change of a worker's stake.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    operator: Operator,
    /// The worker's key, in hexadecimal.
    worker: String,
    /// Whole minor units, such as 10000000 for ten dollars.
    amount: u128,
    /// What is done with it.
    #[arg(long, value_enum, default_value = "deposit")]
    action: Action,
    /// A key under which a repeat moves nothing [default: a new one].
    #[arg(long)]
    key: Option<String>,
}

#[derive(Clone, Copy, Serialize, ValueEnum)]
#[serde(rename_all = "snake_case")]
enum Action {
    /// Money that has come in from outside is put down.
    Deposit,
    /// What the worker has earned is put down.
    Keep,
    /// The worker has it back, among what it has earned.
    Withdraw,
}

#[derive(Serialize)]
struct Body {
    action: Action,
    amount: String,
}

#[derive(Deserialize)]
struct Changed {
    stake: Money,
    counts: bool,
    repeated: bool,
}

/// Changes the stake.
pub(crate) async fn run(args: &Args) -> Result<()> {
    let client = args.operator.client()?;
    let key = match &args.key {
        Some(key) => key.clone(),
        None => Sha256(random()?).to_string(),
    };
    let path = format!("admin/v1/workers/{}/stake", segment(&args.worker));
    let body = Body { action: args.action, amount: args.amount.to_string() };
    let request = client.request(Method::POST, &path)?.header("idempotency-key", key).json(&body);
    let answer = client.send(request).await?;
    if args.operator.place.json {
        println!("{}", answer.text()?);
        return Ok(());
    }
    let Changed { stake, counts, repeated } = answer.parse()?;
    if repeated {
        println!("this was done under this key before; nothing has moved");
    }
    println!("{stake} at stake, which {}", if counts { "counts" } else { "is too little to count" });
    Ok(())
}
