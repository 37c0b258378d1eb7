//! The books as the operator sees them.

use super::code::Code;
use super::docs;
use super::paging::{Page, PageQuery, cursor};
use super::problem::{Named, Problem};
use super::views::{Money, at};
use crate::app::App;
use crate::limits::read_body;
use crate::route::Route;
use axum::Json;
use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use docket_core::agent::identity::Wallet;
use docket_core::id::{ClientId, Dialect};
use docket_core::ledger::Account;
use docket_core::money::{Amount, Asset};
use docket_engine::{EngineError, books};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// More than any currency has: beyond it somebody has mistaken the unit.
pub(super) const MOST: u128 = 10_u128.pow(30);

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/admin/v1/accounts", list, docs::list_accounts()),
        Route::get("/admin/v1/accounts/{account}", show, docs::show_account()),
        Route::get("/admin/v1/accounts/{account}/statement", statement, docs::statement()),
        Route::post("/admin/v1/accounts/{account}/credit", credit, docs::credit()),
        Route::get("/admin/v1/ledger/check", check, docs::check_books()),
    ]
}

/// An account with what it holds of each asset.
#[derive(Serialize)]
struct Balances {
    account: String,
    balances: Vec<Money>,
}

fn parse(text: &str) -> Result<Account, Problem> {
    let words =
        "an account is client:NAME, worker:KEY, staked:KEY, agent:N, treasury, burned or outside:NETWORK";
    Account::parse(text).filter(|account| account.job().is_none()).ok_or_else(|| Problem::invalid(words))
}

fn asset(name: &str, decimals: u8) -> Result<Asset, Problem> {
    Asset::named(name, decimals).ok_or_else(|| Problem::invalid("this asset has no sound name"))
}

/// `GET /admin/v1/accounts`: all balances but those of jobs, in the order of the accounts' names.
async fn list(
    State(app): State<Arc<App>>,
    query: Result<Query<PageQuery>, QueryRejection>,
) -> Result<Json<Page<Balances>>, Problem> {
    let Query(query) = query?;
    let limit = query.limit()?;
    let rows = app.engine.store().balances(query.after()).await.map_err(EngineError::from)?;
    let mut accounts: Vec<Balances> = Vec::new();
    for row in rows {
        let money = Money::signed(row.units, asset(&row.asset, row.decimals)?);
        match accounts.last_mut().filter(|last| last.account == row.account) {
            Some(last) => last.balances.push(money),
            None => accounts.push(Balances { account: row.account, balances: vec![money] }),
        }
    }
    accounts.truncate(limit as usize);
    let next = accounts.last().map(|last| last.account.clone());
    Ok(Json(Page::of(accounts, limit, || next)))
}

/// `GET /admin/v1/accounts/{account}`. An account that nobody has used holds nothing.
async fn show(State(app): State<Arc<App>>, Named(account): Named) -> Result<Json<Balances>, Problem> {
    let account = parse(&account)?;
    let rows = app.engine.store().balance(&account).await.map_err(EngineError::from)?;
    let balances = rows.iter().map(|row| Ok(Money::signed(row.units, asset(&row.asset, row.decimals)?)));
    let balances = balances.collect::<Result<_, Problem>>()?;
    Ok(Json(Balances { account: account.to_string(), balances }))
}

/// A movement on an account.
#[derive(Serialize)]
struct Movement {
    at: String,
    event: String,
    job: Option<String>,
    from: String,
    to: String,
    amount: Money,
}

/// `GET /admin/v1/accounts/{account}/statement`: the newest first.
async fn statement(
    State(app): State<Arc<App>>,
    Named(account): Named,
    query: Result<Query<PageQuery>, QueryRejection>,
) -> Result<Json<Page<Movement>>, Problem> {
    let Query(query) = query?;
    let (account, limit) = (parse(&account)?, query.limit()?);
    let mut rows =
        app.engine.store().statement(&account, query.before()?).await.map_err(EngineError::from)?;
    rows.truncate(limit as usize);
    let next = rows.last().map(|row| cursor(row.id));
    let movements = rows.into_iter().map(|row| Movement {
        at: at(row.at),
        event: row.event,
        job: row.job.map(|job| job.text.to_string()),
        from: row.from.to_string(),
        to: row.to.to_string(),
        amount: row.amount.into(),
    });
    Ok(Json(Page::of(movements.collect(), limit, || next)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Credit {
    /// Minor units, as decimal text.
    amount: String,
    asset: String,
}

#[derive(Serialize)]
struct Credited {
    account: String,
    amount: Money,
    /// The place in the log; `null` for a repeat, which moved nothing.
    log_index: Option<u64>,
    repeated: bool,
}

/// `POST /admin/v1/accounts/{account}/credit`: books money that has come in from outside, once for each
/// `Idempotency-Key`.
async fn credit(
    State(app): State<Arc<App>>,
    Named(account): Named,
    headers: HeaderMap,
    body: Body,
) -> Result<(StatusCode, Json<Credited>), Problem> {
    let account = parse(&account)?;
    if !matches!(account, Account::Client(_) | Account::Treasury) {
        return Err(Problem::invalid("only clients, agents and the treasury can be credited"));
    }
    if let Account::Client(client) = &account
        && let Some((dialect, owner)) = scope(client).filter(|(dialect, _)| dialect.is_of_wallets())
        && Wallet::parse(owner).is_none_or(|wallet| wallet.client(dialect) != *client)
    {
        // No signature would ever speak for the money.
        let words = format!(
            "an account here is client:{}:0x and 40 hexadecimal digits in lower case",
            dialect.name()
        );
        return Err(Problem::invalid(words));
    }
    let key = idempotency_key(&headers)?;
    let body = read_body(body, app.settings.limits.body).await?;
    let credit: Credit = serde_json::from_slice(&body)
        .map_err(|error| Problem::invalid(format!("the body is not as it should be: {error}")))?;
    let amount = amount(&credit, &account, &app)?;
    let log_index = app.engine.credit(account.clone(), amount, key).await?;
    let repeated = log_index.is_none();
    let status = if repeated { StatusCode::OK } else { StatusCode::CREATED };
    let credited = Credited { account: account.to_string(), amount: amount.into(), log_index, repeated };
    Ok((status, Json(credited)))
}

/// The dialect in which a client has its name, and that name.
fn scope(client: &ClientId) -> Option<(Dialect, &str)> {
    let (scope, owner) = client.0.split_once(':')?;
    Some((Dialect::parse(scope)?, owner))
}

fn amount(credit: &Credit, account: &Account, app: &App) -> Result<Amount, Problem> {
    let ledger = app.engine.ledger();
    let asset = ledger.asset_named(&credit.asset).filter(|asset| match account {
        // In the other one nobody could spend it.
        Account::Client(client) if scope(client).is_some_and(|(dialect, _)| dialect == Dialect::Registry) => {
            *asset == ledger.coin()
        }
        Account::Client(_) => *asset == ledger.asset(),
        _ => true,
    });
    let asset = asset.ok_or_else(|| {
        let (asset, coin) = (ledger.asset(), ledger.coin());
        let words = format!(
            "this market counts in {}, and in {} for client:registry:0x...",
            asset.name(),
            coin.name()
        );
        Problem::invalid(words)
    })?;
    let digits = credit.amount.bytes().all(|byte| byte.is_ascii_digit());
    let units = credit.amount.parse().ok().filter(|units| digits && (1..=MOST).contains(units));
    let units = units.ok_or_else(|| {
        Problem::invalid("amount must be whole minor units as text, such as \"1000000\", and above zero")
    })?;
    Ok(Amount::new(units, asset))
}

pub(super) fn idempotency_key(headers: &HeaderMap) -> Result<&str, Problem> {
    let words = "send an Idempotency-Key of 1 to 255 visible characters, so that a repeat moves nothing";
    let key = headers.get("idempotency-key").and_then(|key| key.to_str().ok());
    let sound =
        |key: &&str| (1..=255).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic());
    key.filter(sound).ok_or_else(|| Problem::invalid(words))
}

/// `GET /admin/v1/ledger/check`: proves from the journal that everything agrees. It reads all of the
/// journal, so there is one check at a time.
async fn check(State(app): State<Arc<App>>) -> Result<Json<books::Books>, Problem> {
    let busy = "another check of the books is under way";
    let Ok(_checking) = app.checking.try_lock() else {
        return Err(Problem::new(StatusCode::CONFLICT, Code::CheckUnderWay, busy));
    };
    let (store, runtime) = (app.engine.store().clone(), tokio::runtime::Handle::current());
    // Minutes of reading on a large store: not on a thread that answers others.
    let books = tokio::task::spawn_blocking(move || runtime.block_on(books::check(&store))).await;
    let books = match books {
        Ok(books) => books.map_err(EngineError::from)?,
        Err(error) => {
            tracing::error!(%error, "the check of the books ended badly");
            let status = StatusCode::INTERNAL_SERVER_ERROR;
            return Err(Problem::new(status, Code::Failed, "the check ended badly"));
        }
    };
    Ok(Json(books))
}
