//! `docket job entrust|trade|worth|snapshot|snapshots`: capital that is traded for its client.

use super::number::Number;
use super::order::Deadline;
use crate::client::Place;
use crate::commands::agent::signed::{Signer, Wish};
use crate::commands::agent::view::{Pages, Success};
use crate::data::random;
use crate::show::{empty, plain};
use anyhow::{Context, Result, ensure};
use docket_enclave::Order;
use docket_enclave::ecies;
use docket_protocol::wallet::Action;
use reqwest::{Method, header};
use serde::Deserialize;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// An account that is entrusted.
#[derive(clap::Args)]
pub(in crate::commands::job) struct Entrust {
    #[command(flatten)]
    signer: Signer,
    /// The job's number.
    job: Number,
    /// The file with the exchange's key and secret, as JSON: {"key": "...", "secret": "..."}. It is encrypted before it is
    /// sent.
    #[arg(long, value_name = "FILE")]
    account: PathBuf,
    /// Until when the capital is traded: seconds since 1970, or a span such as 2h or 3d. Before the job's deadline, so that
    /// the provider has time to deliver.
    #[arg(long, value_name = "WHEN")]
    until: Deadline,
    /// How many orders may be given on one day (UTC).
    #[arg(long, value_name = "COUNT")]
    max_daily_trades: Option<u32>,
    /// Which coins may be traded, separated by commas, such as BTCUSDT,ETHUSDT [default: all].
    #[arg(long, value_name = "SYMBOLS", value_delimiter = ',')]
    symbols: Option<Vec<String>>,
}

/// An order for a job's capital.
#[derive(clap::Args)]
#[command(group(clap::ArgGroup::new("what").required(true).args(["buy", "sell", "close"])))]
pub(in crate::commands::job) struct Trade {
    #[command(flatten)]
    signer: Signer,
    /// The job's number.
    job: Number,
    /// Buy this coin.
    #[arg(long, value_name = "SYMBOL", requires = "quantity")]
    buy: Option<String>,
    /// Sell this coin.
    #[arg(long, value_name = "SYMBOL", requires = "quantity")]
    sell: Option<String>,
    /// Sell all of this coin, or of every coin.
    #[arg(long, value_name = "SYMBOL", num_args = 0..=1, default_missing_value = "all")]
    close: Option<String>,
    /// How much of it, in whole coins, such as 0.25.
    #[arg(long, value_name = "COINS", conflicts_with = "close")]
    quantity: Option<String>,
    /// At what price, for a whole coin [default: that of the moment].
    #[arg(long, value_name = "PRICE", conflicts_with = "close")]
    price: Option<String>,
    /// The order's number, greater than that of any before [default: the instant of the signature].
    #[arg(long)]
    nonce: Option<u64>,
}

/// How capital stands.
#[derive(clap::Args)]
pub(in crate::commands::job) struct Worth {
    #[command(flatten)]
    place: Place,
    /// The job's number.
    job: Number,
}

/// Snapshots of a job.
#[derive(clap::Args)]
pub(in crate::commands::job) struct Snapshots {
    #[command(flatten)]
    place: Place,
    /// The job's number.
    job: Number,
    #[command(flatten)]
    pages: Pages,
}

/// What an enclave elsewhere has said.
#[derive(clap::Args)]
pub(in crate::commands::job) struct Bring {
    #[command(flatten)]
    signer: Signer,
    /// The job's number.
    job: Number,
    /// The file with the report's JSON.
    #[arg(long, value_name = "FILE")]
    report: PathBuf,
    /// The file with the attestation's JSON. Without it nobody vouches for the report.
    #[arg(long, value_name = "FILE")]
    attestation: Option<PathBuf>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Bounds {
    cex_config: Option<Config>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Config {
    stop_loss_bps: u32,
    target_return_bps: u32,
}

#[derive(Deserialize)]
struct About {
    tee_pubkey: String,
}

#[derive(Deserialize)]
struct Status {
    state: String,
    closed_reason: Option<String>,
    reported_value: String,
    deliverable_hash: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Snapshot {
    reported_value: String,
    snapshot_ts: String,
    state: String,
    closed_reason: Option<String>,
    standing: String,
    flaw: Option<String>,
}

impl Snapshot {
    /// One line.
    fn show(&self) {
        let Self { reported_value, snapshot_ts, state, closed_reason, standing, flaw } = self;
        let why = [closed_reason, flaw].into_iter().flatten().map(|why| format!(", {why}"));
        let why: String = why.collect();
        println!("{}", plain(&format!("{snapshot_ts}  {reported_value:>16}  {standing:<10}  {state}{why}")));
    }
}

/// Encrypts the account to the enclave and entrusts it.
pub(super) async fn entrust(args: &Entrust) -> Result<()> {
    let (client, id) = (args.signer.place.client()?, args.job.to_string());
    let job = client.get(&args.job.path("")).await?.parse::<Success<Bounds>>()?.data;
    let bounds = job.cex_config.with_context(|| format!("no capital is entrusted in job {id}"))?;
    let about = client.get("api/v1/tee/attestation").await?.parse::<Success<About>>()?.data;
    let account =
        Zeroizing::new(std::fs::read(&args.account).with_context(|| args.account.display().to_string())?);
    let [ephemeral, nonce] = [Zeroizing::new(random()?), Zeroizing::new(random()?)];
    let nonce = nonce.first_chunk().context("a nonce of 16 bytes")?;
    let sealed = ecies::seal(&about.tee_pubkey, &ephemeral, nonce, &account);
    let sealed = sealed.context("the enclave's key is none that anything can be encrypted to")?;
    let at = args.signer.instant();
    let mut params = json!({
        "stop_loss_bps": bounds.stop_loss_bps, "target_return_bps": bounds.target_return_bps,
    });
    if let Some(most) = args.max_daily_trades {
        params["max_daily_trades"] = most.into();
    }
    if let Some(symbols) = &args.symbols {
        params["allowed_symbols"] = json!(symbols);
    }
    let digits = hex::encode(sealed);
    let body = json!({
        "job_id": id, "encrypted_api_key": digits, "params": params, "deadline": args.until.seconds(at),
    });
    let wish =
        Wish { method: Method::POST, path: "api/v1/tee/jobs", action: Action::TEE_JOBS, resource: &id };
    let answer = args.signer.send_at(at, wish, &body).await?;
    match args.signer.place.json {
        true => println!("{}", answer.text()?),
        false => println!("the SIMULATED enclave trades the capital of job {id}"),
    }
    Ok(())
}

/// Signs an order and gives it.
pub(super) async fn trade(args: &Trade) -> Result<()> {
    let kind = if args.price.is_some() { "limit" } else { "market" };
    let (action, symbol) = match (&args.buy, &args.sell, &args.close) {
        (Some(symbol), ..) => ("buy", Some(symbol)),
        (_, Some(symbol), _) => ("sell", Some(symbol)),
        (.., close) => ("close", close.as_ref().filter(|symbol| *symbol != "all")),
    };
    let kind = (action != "close").then_some(kind);
    let nonce = args.nonce.unwrap_or_else(|| args.signer.instant().0.unsigned_abs());
    let order = json!({
        "action": action, "job_id": args.job.to_string(), "nonce": nonce, "order_type": kind,
        "price": args.price, "quantity": args.quantity, "symbol": symbol,
    });
    let Value::Object(fields) = order.clone() else { unreachable!("it is an object") };
    let signed = Order::from_fields(fields)?;
    let signature = args.signer.key()?.sign(signed.signed_text().as_bytes()).to_string();
    let body = json!({"order": order, "provider_signature": signature});
    let client = args.signer.place.client()?;
    let request = client.request(Method::POST, &format!("api/v1/tee/jobs/{}/orders", args.job))?;
    let request = request.header(header::CONTENT_TYPE, "application/json").body(body.to_string());
    let answer = client.send(request).await?;
    if args.signer.place.json {
        println!("{}", answer.text()?);
        return Ok(());
    }
    let made = answer.parse::<Success<Value>>()?.data;
    let fills = made["fills"].as_array().map_or(0, Vec::len);
    println!(
        "{}",
        plain(&format!("order {nonce}: {}, {fills} trades", made["status"].as_str().unwrap_or("?")))
    );
    Ok(())
}

/// Shows what the enclave says at this moment.
pub(super) async fn worth(args: &Worth) -> Result<()> {
    let path = format!("api/v1/tee/jobs/{}/status?verify=true", args.job);
    let answer = args.place.client()?.get(&path).await?;
    if args.place.json {
        println!("{}", answer.text()?);
        return Ok(());
    }
    let Status { state, closed_reason, reported_value, deliverable_hash } =
        answer.parse::<Success<Status>>()?.data;
    let why = closed_reason.map(|why| format!(" ({why})")).unwrap_or_default();
    println!("{}", plain(&format!("{reported_value} minor units, {state}{why}")));
    if let Some(hash) = deliverable_hash {
        println!("{}", plain(&format!("to be delivered: {hash}")));
    }
    Ok(())
}

/// Lists the snapshots, the newest first.
pub(super) async fn list(args: &Snapshots) -> Result<()> {
    let answer = args.place.client()?.get(&args.pages.path(&args.job.path("/snapshots"), &[])).await?;
    if args.place.json {
        println!("{}", answer.text()?);
        return Ok(());
    }
    let snapshots = answer.parse::<Success<Vec<Snapshot>>>()?.data;
    if snapshots.is_empty() {
        empty("no snapshots");
    }
    snapshots.iter().for_each(Snapshot::show);
    Ok(())
}

/// Brings a snapshot, and shows what it is worth.
pub(super) async fn bring(args: &Bring) -> Result<()> {
    let read = |path: &Path| -> Result<Value> {
        let text = std::fs::read(path).with_context(|| path.display().to_string())?;
        serde_json::from_slice(&text).with_context(|| format!("{} is no JSON", path.display()))
    };
    let report = read(&args.report)?;
    ensure!(report.is_object(), "a report is a JSON object");
    let attestation = args.attestation.as_deref().map(read).transpose()?;
    let id = args.job.to_string();
    let wish = Wish {
        method: Method::POST,
        path: &args.job.path("/snapshots"),
        action: Action::POST_SNAPSHOT,
        resource: &id,
    };
    let answer = args.signer.send(wish, &json!({"report": report, "attestation": attestation})).await?;
    match args.signer.place.json {
        true => println!("{}", answer.text()?),
        false => answer.parse::<Success<Snapshot>>()?.data.show(),
    }
    Ok(())
}
