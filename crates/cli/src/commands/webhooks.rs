//! `docket webhooks`: where the account of an API key is told what happens to its jobs, and what it was told.

use crate::client::{Answer, Keyed, block_on, segment};
use crate::show::{empty, plain};
use anyhow::Result;
use clap::Subcommand;
use reqwest::Method;
use serde::{Deserialize, Serialize};

/// What to do with webhooks.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// List the account's webhooks, the oldest first, without their secrets.
    List(List),
    /// Make a webhook, and show the secret that its messages are signed with: this once.
    Add(Add),
    /// Replace a webhook's secret, and show the new one: this once. For 24 hours messages are signed with both.
    Rotate(Rotate),
    /// Delete a webhook: it is told nothing more.
    Delete(One),
    /// List what a webhook was and is to be told, the newest first.
    Deliveries(Deliveries),
    /// Tell a webhook something once more.
    Replay(Replay),
}

#[derive(clap::Args)]
struct List {
    #[command(flatten)]
    keyed: Keyed,
}

#[derive(clap::Args)]
struct Add {
    #[command(flatten)]
    keyed: Keyed,
    /// Where to, such as https://example.com/hook.
    #[arg(value_name = "URL")]
    to: String,
    /// What to be told, with commas between: job.submitted, job.processing, job.completed, job.failed, job.timeout,
    /// job.cancelled, job.disputed, job.ruled, credit.low.
    #[arg(long, required = true, value_delimiter = ',', value_name = "EVENTS")]
    events: Vec<String>,
    /// What to sign with, `whsec_` and base64 or another text of 16 to 256 bytes [default: one is drawn].
    #[arg(long, env = "DOCKET_WEBHOOK_SECRET", hide_env_values = true)]
    secret: Option<String>,
    /// The same key makes one webhook, however often this is run.
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
}

#[derive(clap::Args)]
struct One {
    #[command(flatten)]
    keyed: Keyed,
    /// The webhook's id, such as wh_0123456789abcdef0123456789abcdef.
    webhook: String,
}

#[derive(clap::Args)]
struct Rotate {
    #[command(flatten)]
    one: One,
    /// The same key makes one new secret, however often this is run.
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
}

#[derive(clap::Args)]
struct Deliveries {
    #[command(flatten)]
    one: One,
    /// How many, 1 to 100.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u8).range(1..=100))]
    limit: u8,
    /// Begin where an earlier list ended.
    #[arg(long, value_name = "EVENT")]
    before: Option<String>,
}

#[derive(clap::Args)]
struct Replay {
    #[command(flatten)]
    one: One,
    /// The event's id, such as evt_0123456789abcdef0123456789abcdef.
    event: String,
}

#[derive(Serialize)]
struct Wanted<'a> {
    url: &'a str,
    events: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<&'a str>,
}

#[derive(Deserialize)]
struct Webhook {
    id: String,
    url: String,
    events: Vec<String>,
    status: String,
    secret: Option<String>,
}

#[derive(Deserialize)]
struct Delivery {
    event_id: String,
    r#type: String,
    job_id: Option<String>,
    created_at: String,
    status: String,
    attempts: u32,
    last_status: Option<u16>,
    last_error: Option<String>,
    next_attempt_at: Option<String>,
}

#[derive(Deserialize)]
struct Page<T> {
    data: Vec<T>,
    next_cursor: Option<String>,
}

/// Carries out the action.
pub(crate) fn run(args: &Args) -> Result<()> {
    block_on(async {
        match &args.action {
            Action::List(args) => list(args).await,
            Action::Add(args) => add(args).await,
            Action::Rotate(args) => rotate(args).await,
            Action::Delete(args) => delete(args).await,
            Action::Deliveries(args) => deliveries(args).await,
            Action::Replay(args) => replay(args).await,
        }
    })
}

/// Prints an answer as it came where a program reads it; whether that was so.
fn is_printed(keyed: &Keyed, answer: &Answer) -> Result<bool> {
    if keyed.place.json {
        println!("{}", answer.text()?);
    }
    Ok(keyed.place.json)
}

async fn list(args: &List) -> Result<()> {
    let answer = args.keyed.client()?.get("v1/webhooks").await?;
    if is_printed(&args.keyed, &answer)? {
        return Ok(());
    }
    let page: Page<Webhook> = answer.parse()?;
    if page.data.is_empty() {
        empty("there are no webhooks yet: make one with `docket webhooks add URL --events job.completed`");
    }
    for Webhook { id, url, events, status, .. } in &page.data {
        println!("{}  {:<8}  {}  {}", plain(id), plain(status), plain(url), plain(&events.join(",")));
    }
    Ok(())
}

async fn add(args: &Add) -> Result<()> {
    let client = args.keyed.client()?;
    let wanted = Wanted { url: &args.to, events: &args.events, secret: args.secret.as_deref() };
    let mut request = client.request(Method::POST, "v1/webhooks")?.json(&wanted);
    if let Some(key) = &args.key {
        request = request.header("idempotency-key", key);
    }
    let answer = client.send(request).await?;
    if is_printed(&args.keyed, &answer)? {
        return Ok(());
    }
    let Webhook { id, url, events, secret, .. } = answer.parse()?;
    // The secret alone on standard output, so that a script can keep it.
    println!("{}", plain(&secret.unwrap_or_default()));
    eprintln!(
        "This secret is shown now and never again: keep it. {} is told {} at {}, and is deleted by\n  \
           docket webhooks delete {0}",
        plain(&id),
        plain(&events.join(", ")),
        plain(&url)
    );
    Ok(())
}

async fn rotate(args: &Rotate) -> Result<()> {
    let One { keyed, .. } = &args.one;
    let client = keyed.client()?;
    let mut request = client.request(Method::POST, &format!("{}/rotate", path(&args.one)))?;
    if let Some(key) = &args.key {
        request = request.header("idempotency-key", key);
    }
    let answer = client.send(request).await?;
    if is_printed(keyed, &answer)? {
        return Ok(());
    }
    let Webhook { id, secret, .. } = answer.parse()?;
    // The secret alone on standard output, so that a script can keep it.
    println!("{}", plain(&secret.unwrap_or_default()));
    eprintln!(
        "This secret is shown now and never again: keep it. For 24 hours {} is signed with the one before as well.",
        plain(&id)
    );
    Ok(())
}

async fn delete(args: &One) -> Result<()> {
    let client = args.keyed.client()?;
    client.send(client.request(Method::DELETE, &path(args))?).await?;
    match args.keyed.place.json {
        true => println!("{}", serde_json::json!({"id": args.webhook, "deleted": true})),
        false => println!("{} is deleted: it is told nothing more", plain(&args.webhook)),
    }
    Ok(())
}

fn path(args: &One) -> String {
    format!("v1/webhooks/{}", segment(&args.webhook))
}

async fn deliveries(args: &Deliveries) -> Result<()> {
    let mut path = format!("{}/deliveries?limit={}", path(&args.one), args.limit);
    if let Some(before) = &args.before {
        path.push_str(&format!("&before={}", segment(before)));
    }
    let answer = args.one.keyed.client()?.get(&path).await?;
    if is_printed(&args.one.keyed, &answer)? {
        return Ok(());
    }
    let page: Page<Delivery> = answer.parse()?;
    if page.data.is_empty() {
        empty(if args.before.is_some() { "there is nothing older" } else { "it was told nothing yet" });
    }
    page.data.iter().for_each(show);
    if let Some(next) = &page.next_cursor {
        println!("more: --before {}", plain(next));
    }
    Ok(())
}

async fn replay(args: &Replay) -> Result<()> {
    let path = format!("{}/deliveries/{}/replay", path(&args.one), segment(&args.event));
    let answer = args.one.keyed.client()?.post(&path).await?;
    if !is_printed(&args.one.keyed, &answer)? {
        show(&answer.parse()?);
    }
    Ok(())
}

/// One line: what is told, how far that has come, and what was the matter.
fn show(delivery: &Delivery) {
    let Delivery { event_id, r#type, job_id, created_at, status, attempts, .. } = delivery;
    let mut words = match attempts {
        1 => "1 attempt".to_owned(),
        attempts => format!("{attempts} attempts"),
    };
    if let Some(status) = delivery.last_status {
        words.push_str(&format!(", answered {status}"));
    }
    for (before, text) in [(", ", &delivery.last_error), (", next at ", &delivery.next_attempt_at)] {
        words.extend(text.iter().map(|text| format!("{before}{text}")));
    }
    let job = job_id.as_deref().unwrap_or("-");
    let line = format!("{event_id}  {created_at}  {type:<14}  {job:<22}  {status:<9}  {words}");
    println!("{}", plain(&line));
}
