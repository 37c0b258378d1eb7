//! `docket ledger`: balances, movements, and whether the books agree.

use crate::client::{Operator, block_on, segment};
use crate::data::{DataDir, random};
use crate::show::{Money, empty};
use anyhow::{Context, Result};
use clap::Subcommand;
use docket_core::hash::Sha256;
use docket_engine::books::{self, AssetBooks, Books};
use docket_store::{Postgres, Reader, Sqlite};
use reqwest::Method;
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::process::ExitCode;
use tokio::runtime::Handle;

/// What to do with the books.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Show what accounts hold.
    Balance(Balance),
    /// Show the movements of an account, the newest first.
    Statement(Statement),
    /// Prove from the journal that all accounts, holds and jobs agree. With --data on the store in that
    /// folder, with --database on that one, without a coordinator; otherwise by asking the coordinator.
    Check(Check),
    /// Book money that has come in from outside.
    Credit(Credit),
    /// Change what a worker has at stake.
    Stake(super::stake::Args),
}

#[derive(clap::Args)]
struct Balance {
    #[command(flatten)]
    operator: Operator,
    /// The account, such as client:quotes:ann, worker:KEY or treasury [default: all of them].
    account: Option<String>,
    /// How many accounts, 1 to 100.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u8).range(1..=100))]
    limit: u8,
    /// Begin after this account.
    #[arg(long)]
    after: Option<String>,
}

#[derive(clap::Args)]
struct Statement {
    #[command(flatten)]
    operator: Operator,
    /// The account.
    account: String,
    /// How many movements, 1 to 100.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u8).range(1..=100))]
    limit: u8,
    /// Begin where an earlier page ended.
    #[arg(long)]
    before: Option<String>,
}

#[derive(clap::Args)]
struct Check {
    #[command(flatten)]
    operator: Operator,
    /// A PostgreSQL database; without a URL the one in DOCKET_DATABASE, because arguments can be seen by others.
    #[arg(long, value_name = "URL", num_args = 0..=1, conflicts_with = "data")]
    database: Option<Option<String>>,
}

#[derive(clap::Args)]
struct Credit {
    #[command(flatten)]
    operator: Operator,
    /// The account: client:..., agent:... or treasury.
    account: String,
    /// Whole minor units, such as 1000000 for one dollar.
    amount: u128,
    /// What the units are of; client:registry:0x... holds ETH [default: what the market counts in].
    #[arg(long)]
    asset: Option<String>,
    /// A key under which a repeat moves nothing [default: a new one].
    #[arg(long)]
    key: Option<String>,
}

#[derive(Deserialize)]
struct Account {
    account: String,
    balances: Vec<Money>,
}

#[derive(Deserialize)]
struct Page<T> {
    data: Vec<T>,
    next: Option<String>,
}

#[derive(Deserialize)]
struct Movement {
    at: String,
    event: String,
    job: Option<String>,
    from: String,
    to: String,
    amount: Money,
}

#[derive(Deserialize)]
struct Status {
    asset: String,
}

#[derive(Serialize)]
struct CreditBody<'a> {
    amount: String,
    asset: &'a str,
}

#[derive(Deserialize)]
struct Credited {
    account: String,
    amount: Money,
    log_index: Option<u64>,
    repeated: bool,
}

/// Carries out the action.
pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    block_on(async {
        match &args.action {
            Action::Balance(args) => balance(args).await,
            Action::Statement(args) => statement(args).await,
            Action::Check(args) => return check(args).await,
            Action::Credit(args) => credit(args).await,
            Action::Stake(args) => super::stake::run(args).await,
        }
        .map(|()| ExitCode::SUCCESS)
    })
}

async fn balance(args: &Balance) -> Result<()> {
    let client = args.operator.client()?;
    let mut path = "admin/v1/accounts".to_owned();
    match (&args.account, &args.after) {
        (Some(account), _) => path.push_str(&format!("/{}", segment(account))),
        (None, None) => path.push_str(&format!("?limit={}", args.limit)),
        (None, Some(after)) => path.push_str(&format!("?limit={}&after={}", args.limit, segment(after))),
    }
    let answer = client.get(&path).await?;
    if args.operator.place.json {
        println!("{}", answer.text()?);
        return Ok(());
    }
    let page = match args.account {
        Some(_) => Page { data: vec![answer.parse()?], next: None },
        None => answer.parse::<Page<Account>>()?,
    };
    if page.data.is_empty() {
        empty(if args.after.is_some() {
            "there are no more accounts"
        } else {
            "no account has ever had money"
        });
    }
    for Account { account, balances } in &page.data {
        if balances.is_empty() {
            println!("{:>24}  {account}", "nothing");
        }
        for money in balances {
            println!("{money:>24}  {account}");
        }
    }
    if let Some(next) = &page.next {
        println!("more: --after {next}");
    }
    Ok(())
}

async fn statement(args: &Statement) -> Result<()> {
    let mut path = format!("admin/v1/accounts/{}/statement?limit={}", segment(&args.account), args.limit);
    if let Some(before) = &args.before {
        path.push_str(&format!("&before={}", segment(before)));
    }
    let answer = args.operator.client()?.get(&path).await?;
    if args.operator.place.json {
        println!("{}", answer.text()?);
        return Ok(());
    }
    let page: Page<Movement> = answer.parse()?;
    if page.data.is_empty() {
        empty(if args.before.is_some() {
            "there is nothing older"
        } else {
            "nothing has ever moved on this account"
        });
    }
    for Movement { at, event, job, from, to, amount } in &page.data {
        let (sign, other) = if *from == args.account { ("-", to) } else { ("+", from) };
        let job = job.as_deref().unwrap_or("-");
        println!("{at}  {sign}{amount:<22} {event:<10} {other}  {job}");
    }
    if let Some(next) = &page.next {
        println!("more: --before {next}");
    }
    Ok(())
}

async fn credit(args: &Credit) -> Result<()> {
    let client = args.operator.client()?;
    let asset = match &args.asset {
        Some(asset) => asset.clone(),
        None => client.get("admin/v1/status").await?.parse::<Status>()?.asset,
    };
    let key = match &args.key {
        Some(key) => key.clone(),
        None => Sha256(random()?).to_string(),
    };
    let path = format!("admin/v1/accounts/{}/credit", segment(&args.account));
    let body = CreditBody { amount: args.amount.to_string(), asset: &asset };
    let request = client.request(Method::POST, &path)?.header("idempotency-key", key).json(&body);
    let answer = client.send(request).await?;
    if args.operator.place.json {
        println!("{}", answer.text()?);
        return Ok(());
    }
    let Credited { account, amount, log_index, repeated } = answer.parse()?;
    match (repeated, log_index) {
        (true, _) => println!("{account} had been credited under this key before; nothing has moved"),
        (false, Some(index)) => println!("{account} has {amount} more (log entry {index})"),
        (false, None) => println!("{account} has {amount} more"),
    }
    Ok(())
}

async fn check(args: &Check) -> Result<ExitCode> {
    let books: Books = match (&args.database, &args.operator.data) {
        (Some(address), _) => check_on_server(address.as_deref()).await?,
        (None, Some(data)) => check_in_file(data).await?,
        (None, None) => args.operator.client()?.get("admin/v1/ledger/check").await?.parse()?,
    };
    if args.operator.place.json {
        println!("{}", serde_json::to_string(&books)?);
    } else {
        print!("{}", in_words(&books));
    }
    Ok(if books.agree { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Checks the file first, and then what stands in it.
async fn check_in_file(data: &Path) -> Result<Books> {
    let path = DataDir::existing(data)?.database();
    Sqlite::check(&path)?;
    check_at_rest(&*Sqlite::read_only(&path)?).await
}

/// Checks what stands in a database whose server keeps the files sound.
async fn check_on_server(address: Option<&str>) -> Result<Books> {
    let address = match address {
        Some(address) => address.to_owned(),
        None => std::env::var("DOCKET_DATABASE").context("--database has no URL, nor has DOCKET_DATABASE")?,
    };
    check_at_rest(&*Postgres::at(&address)?.reader(&Handle::current())).await
}

async fn check_at_rest(reader: &dyn Reader) -> Result<Books> {
    books::check_at_rest(reader).await.context("the books cannot be read")
}

fn in_words(books: &Books) -> String {
    let Books { transfers, accounts, jobs, open_jobs, .. } = books;
    let mut words = format!("{transfers} transfers, {accounts} accounts, {jobs} jobs ({open_jobs} open)\n");
    for AssetBooks { asset, decimals, outside, owned, escrow, vesting } in &books.assets {
        let money = |units: &i128| Money::new(units.to_string(), asset.clone(), *decimals);
        words += &format!(
            "outside {}, owned {}, in escrow {}, vesting {}\n",
            money(outside),
            money(owned),
            money(escrow),
            money(vesting)
        );
    }
    for fault in &books.faults {
        words += &format!("FAULT: {fault}\n");
    }
    words += &match books.agree {
        true => "The books agree: every account, every hold, every job.\n".to_owned(),
        false => format!("The books do NOT agree: {} faults.\n", books.fault_count),
    };
    words
}
