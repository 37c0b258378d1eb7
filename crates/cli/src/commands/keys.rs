//! `docket keys`: the API keys of accounts.

use crate::client::{Operator, block_on, segment};
use crate::credits::Credits;
use crate::show::{empty, plain};
use anyhow::{Context, Result, bail};
use clap::Subcommand;
use docket_core::key::KeyNumber;
use docket_engine::KeySecret;
use reqwest::Method;
use serde::{Deserialize, Serialize};

/// What to do with API keys.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Make a key for an account, and show it: this once.
    New(New),
    /// List keys and what they have spent, without their secrets.
    List(List),
    /// Take a key out of use, for ever.
    Revoke(Revoke),
}

#[derive(clap::Args)]
struct New {
    #[command(flatten)]
    operator: Operator,
    /// Whose credits it spends, such as alice: the money is in client:credits:alice.
    #[arg(long, value_name = "NAME")]
    account: String,
    /// What to call the key.
    #[arg(long, default_value = "", value_name = "TEXT")]
    label: String,
    /// The most that it may spend on one day (UTC), in credits [default: no limit].
    #[arg(long, value_name = "CREDITS")]
    limit_day: Option<Credits>,
    /// The most that it may ever spend, in credits [default: no limit].
    #[arg(long, value_name = "CREDITS")]
    limit_all: Option<Credits>,
}

#[derive(clap::Args)]
struct List {
    #[command(flatten)]
    operator: Operator,
    /// Only the keys of this account.
    #[arg(long, value_name = "NAME")]
    account: Option<String>,
    /// How many, 1 to 100.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u8).range(1..=100))]
    limit: u8,
    /// Begin after this number.
    #[arg(long)]
    after: Option<String>,
}

#[derive(clap::Args)]
struct Revoke {
    #[command(flatten)]
    operator: Operator,
    /// The key's number, such as key_0123456789ab.
    number: String,
}

#[derive(Serialize)]
struct Wanted<'a> {
    client: &'a str,
    label: &'a str,
    limit_day: Option<String>,
    limit_all: Option<String>,
}

#[derive(Deserialize)]
struct Made {
    #[serde(flatten)]
    key: Key,
    secret: String,
}

#[derive(Deserialize)]
struct Page {
    data: Vec<Row>,
    next: Option<String>,
}

#[derive(Deserialize)]
struct Row {
    #[serde(flatten)]
    key: Key,
    spent_day: Units,
    spent_all: Units,
}

#[derive(Deserialize)]
struct Key {
    number: String,
    client: String,
    label: String,
    revoked_at: Option<String>,
    limit_day: Option<Units>,
    limit_all: Option<Units>,
}

/// Money, of which only the minor units matter here.
#[derive(Deserialize)]
struct Units {
    units: String,
}

impl Units {
    fn credits(&self) -> Result<Credits> {
        let units = self.units.parse().context("the answer is not what this program understands")?;
        Ok(Credits { units })
    }
}

/// Carries out the action.
pub(crate) fn run(args: &Args) -> Result<()> {
    block_on(async {
        match &args.action {
            Action::New(args) => new(args).await,
            Action::List(args) => list(args).await,
            Action::Revoke(args) => revoke(args).await,
        }
    })
}

async fn new(args: &New) -> Result<()> {
    let client = args.operator.client()?;
    let units = |limit: Option<Credits>| limit.map(|limit| limit.units.to_string());
    let wanted = Wanted {
        client: &args.account,
        label: &args.label,
        limit_day: units(args.limit_day),
        limit_all: units(args.limit_all),
    };
    let answer = client.send(client.request(Method::POST, "admin/v1/keys")?.json(&wanted)).await?;
    if args.operator.place.json {
        println!("{}", answer.text()?);
        return Ok(());
    }
    let Made { key, secret } = answer.parse()?;
    // The key alone on standard output, so that a script can keep it.
    println!("{secret}");
    eprintln!(
        "This key is shown now and never again: keep it. It is {}, spends the credits of {}{}, and is revoked by\n  \
           docket keys revoke {}",
        key.number,
        key.client,
        key.limits()?,
        key.number
    );
    Ok(())
}

async fn list(args: &List) -> Result<()> {
    let mut path = format!("admin/v1/keys?limit={}", args.limit);
    for (name, value) in [("client", &args.account), ("after", &args.after)] {
        if let Some(value) = value {
            path.push_str(&format!("&{name}={}", segment(value)));
        }
    }
    let answer = args.operator.client()?.get(&path).await?;
    if args.operator.place.json {
        println!("{}", answer.text()?);
        return Ok(());
    }
    let page: Page = answer.parse()?;
    if page.data.is_empty() {
        empty(match (&args.after, &args.account) {
            (Some(_), _) => "there are no more keys",
            (None, Some(_)) => "this account has no key: make one with `docket keys new --account NAME`",
            (None, None) => "there are no keys yet: make one with `docket keys new --account NAME`",
        });
    }
    for Row { key, spent_day, spent_all } in &page.data {
        let standing = if key.revoked_at.is_some() { "revoked" } else { "in use" };
        let of = |limit: &Option<Units>| -> Result<String> {
            limit.as_ref().map_or(Ok(String::new()), |limit| Ok(format!(" of {}", limit.credits()?)))
        };
        println!(
            "{}  {standing:<7}  {:<16}  {}{} today, {}{} in all  {}",
            key.number,
            key.client,
            spent_day.credits()?,
            of(&key.limit_day)?,
            spent_all.credits()?,
            of(&key.limit_all)?,
            plain(&key.label)
        );
    }
    if let Some(next) = &page.next {
        println!("more: --after {next}");
    }
    Ok(())
}

async fn revoke(args: &Revoke) -> Result<()> {
    if let Some(secret) = KeySecret::parse(&args.number) {
        let number = secret.id().number();
        bail!(
            "this is a key itself, which others can now see among the arguments; revoke it by its number, {number}"
        );
    }
    let number = KeyNumber::parse(&args.number);
    let number =
        number.context("a key's number is key_ and 12 hexadecimal digits; `docket keys list` shows it")?;
    let client = args.operator.client()?;
    let answer = client.send(client.request(Method::DELETE, &format!("admin/v1/keys/{number}"))?).await?;
    if args.operator.place.json {
        println!("{}", answer.text()?);
        return Ok(());
    }
    let Key { number, client, revoked_at, .. } = answer.parse()?;
    let since = revoked_at.unwrap_or_default();
    println!("{number} of {client} is revoked since {since}: it pays for nothing more");
    Ok(())
}

impl Key {
    /// What it may spend, in words that go on after a name.
    fn limits(&self) -> Result<String> {
        let mut words = String::new();
        for (limit, span) in [(&self.limit_day, "a day"), (&self.limit_all, "in all")] {
            if let Some(limit) = limit {
                words.push_str(&format!(", at most {} {span}", limit.credits()?));
            }
        }
        Ok(words)
    }
}
