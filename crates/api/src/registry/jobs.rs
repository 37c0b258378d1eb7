//! Jobs: paid, shown to everybody, and what they have come to for who paid.

use super::errors::{Code, Problem};
use super::fields::Fields;
use super::signed::Asked;
use super::submit::{LONGEST_INPUT, model, named};
use super::terms::coins;
use super::wire::{Answer, JobView, ResultView, address, answer};
use super::{status, wire};
use crate::app::App;
use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use docket_core::agent::identity::{Wallet, Word};
use docket_core::command::Command;
use docket_core::hash::Sha256;
use docket_core::id::{ClientId, Dialect, PublicId};
use docket_core::job::{Job, State as JobState};
use docket_engine::{EngineError, NewJob};
use docket_protocol::instant;
use docket_protocol::receipt::Bundle;
use docket_protocol::wallet::Action;
use serde::Deserialize;
use std::sync::Arc;
use std::time::Duration;

/// The longest number of a job, in digits.
const LONGEST_NUMBER: usize = 40;

/// `POST /api/jobs/pay`: holds the price of a prompt that was asked about, or that comes along, and has it done. What is
/// signed once pays once.
pub(super) async fn pay(State(app): State<Arc<App>>, request: Request) -> Result<Response, Problem> {
    let asked = Asked::read(&app, request).await?;
    let fields = Fields::parse(&asked.headers, &asked.body)?;
    let input = fields.text("input", LONGEST_INPUT)?;
    let of_input = input.map(|input| Sha256::of(input.as_bytes()));
    let said = fields.digest("inputHash")?;
    let digest = said.or(of_input).ok_or_else(|| Problem::invalid("`inputHash` is missing."))?;
    if of_input.is_some_and(|of_input| of_input != digest) {
        return Err(Problem::invalid("`inputHash` is not the SHA-256 of `input`."));
    }
    let word = asked.word(&app, Action::PAY_JOB, &digest.to_string())?;
    let (name, _) = named(&app, &fields)?;
    let claim: Arc<str> = format!("registry/paid/{}", word.digest).into();
    let id = match app.engine.store().claim(&claim).await.map_err(EngineError::from)? {
        Some(paid) => paid.answer,
        None => submit(&app, &fields, (name, input, digest), word, claim).await?,
    };
    let job = find(&app, &id).await?;
    let view = wire::answer(view(&app, &job).await?)?;
    Ok((StatusCode::CREATED, view).into_response())
}

async fn submit(
    app: &App,
    fields: &Fields,
    (name, input, digest): (&str, Option<&str>, Sha256),
    word: Word,
    claim: Arc<str>,
) -> Result<PublicId, Problem> {
    let (_, model) = model(app, name)?;
    let ledger = app.engine.ledger();
    let price = model.price(ledger.coin());
    if let Some(offered) = fields.text("valueWei", LONGEST_NUMBER)?
        && offered.parse().ok().is_none_or(|offered: u128| offered < price.units)
    {
        let words = format!("The price is {} wei; no more than that is held.", price.units);
        return Err(Problem::new(Code::PriceTooLow, words));
    }
    let now = app.engine.clock().now();
    let kept = app.prompts.get(word.by, name, digest, now);
    let (input, preferred) = match (kept, input) {
        (Some(kept), _) => (kept.input, Some(kept.worker)),
        (None, Some(input)) => (input.into(), None),
        (None, None) => {
            let words = "No prompt of this digest is kept for this wallet and model: ask again by POST \
                         /api/jobs/submit, or send it along as `input`.";
            return Err(Problem::new(Code::InputGone, words));
        }
    };
    let order = model.order(name, word.by, &input, ledger.coin(), ledger.source());
    let key = Some((claim, Sha256::of(word.digest.to_string().as_bytes())));
    let submitted = app.engine.submit(NewJob { key, preferred, ..order });
    let submitted = submitted.await?;
    app.prompts.forget(word.by, name, digest);
    Ok(submitted.id)
}

#[derive(Deserialize)]
pub(super) struct ShowQuery {
    wait: Option<String>,
}

/// `GET /api/jobs/{jobId}`: what everybody may see; with `?wait=30` at most so many seconds later, or as soon as it is done.
pub(super) async fn show(
    State(app): State<Arc<App>>,
    Path(number): Path<String>,
    query: Result<Query<ShowQuery>, QueryRejection>,
) -> Answer<JobView> {
    let Query(query) = query?;
    let wait = parse_wait(query.wait.as_deref(), app.settings.limits.longest_wait)?;
    let id = public_id(&number)?;
    let mut job = find(&app, &id).await?;
    if !job.state.is_answered() && !wait.is_zero() {
        let answered = app.engine.answered(job.id);
        if !find(&app, &id).await?.state.is_answered() {
            tokio::time::timeout(wait, answered).await.ok(); // Late or not, the job is shown as it is.
        }
        job = find(&app, &id).await?;
    }
    answer(view(&app, &job).await?)
}

fn parse_wait(text: Option<&str>, longest: Duration) -> Result<Duration, Problem> {
    let Some(text) = text else { return Ok(Duration::ZERO) };
    let seconds = text.parse::<u64>().ok().map(Duration::from_secs).filter(|wait| *wait <= longest);
    let longest = longest.as_secs();
    seconds.ok_or_else(|| Problem::invalid(format!("`wait` must be whole seconds, at most {longest}.")))
}

/// `GET /api/jobs/{jobId}/result`: the answer, for the wallet that paid.
pub(super) async fn result(
    State(app): State<Arc<App>>,
    Path(number): Path<String>,
    request: Request,
) -> Answer<ResultView> {
    let job = of_requester(&app, &number, request, Action::READ_JOB).await?;
    let Some(output) = output(&app, &job).await? else {
        let words = format!("The job is {}: there is no answer.", status::status(&job.state));
        return Err(Problem::new(Code::WrongState, words));
    };
    let output_hash = Sha256::of(output.as_bytes()).to_string();
    let assigned_node = node_of(&app, &job);
    answer(ResultView { job_id: job.public_id.text.to_string(), assigned_node, output, output_hash })
}

/// `GET /api/jobs/{jobId}/receipt`: the file for `docket verify`, for the wallet that paid.
pub(super) async fn receipt(
    State(app): State<Arc<App>>,
    Path(number): Path<String>,
    request: Request,
) -> Result<Json<Bundle>, Problem> {
    let job = of_requester(&app, &number, request, Action::READ_JOB).await?;
    let bundle = crate::workers::bundle(&app, &job).await?;
    bundle
        .map(Json)
        .ok_or_else(|| Problem::new(Code::WrongState, "There is no receipt: nothing was delivered."))
}

/// `POST /api/jobs/{jobId}/expire`: the money back where nobody has taken the job in its time. It comes back by itself as
/// well.
pub(super) async fn expire(
    State(app): State<Arc<App>>,
    Path(number): Path<String>,
    request: Request,
) -> Answer<JobView> {
    let job = of_requester(&app, &number, request, Action::EXPIRE_JOB).await?;
    if !matches!(job.state, JobState::Closed { .. }) {
        app.engine.execute(job.id, &Command::Lapse { treasury: 0 }).await?;
    }
    let job = find(&app, &job.public_id).await?;
    answer(view(&app, &job).await?)
}

/// A job, for the wallet that paid for it.
async fn of_requester(
    app: &App,
    number: &str,
    request: Request,
    action: Action,
) -> Result<Arc<Job>, Problem> {
    let id = public_id(number)?;
    let asked = Asked::read(app, request).await?;
    let word = asked.word(app, action, number)?;
    let job = find(app, &id).await?;
    if job.client != word.by.client(Dialect::Registry) {
        return Err(Problem::new(Code::NotTheRequester, "Another wallet has paid for this job."));
    }
    Ok(job)
}

/// What cannot be a number names no job.
fn public_id(number: &str) -> Result<PublicId, Problem> {
    let sound =
        (1..=LONGEST_NUMBER).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit());
    let id = || PublicId { dialect: Dialect::Registry, text: number.into() };
    sound.then(id).ok_or_else(no_such_job)
}

fn no_such_job() -> Problem {
    Problem::new(Code::JobNotFound, "There is no such job.")
}

async fn find(app: &App, id: &PublicId) -> Result<Arc<Job>, Problem> {
    app.engine.find(id).await.map_err(EngineError::from)?.ok_or_else(no_such_job)
}

/// The text of the answer.
async fn output(app: &App, job: &Job) -> Result<Option<String>, Problem> {
    #[derive(Deserialize)]
    struct Output {
        text: String,
    }
    if job.delivery().is_none() {
        return Ok(None);
    }
    let answer = app.engine.answer(job.id).await.map_err(EngineError::from)?;
    Ok(answer
        .and_then(|answer| serde_json::from_slice::<Output>(&answer.output).ok())
        .map(|output| output.text))
}

/// Who has the job, or had it last.
fn node_of(app: &App, job: &Job) -> Option<String> {
    let delivered = job.delivery().and_then(|delivery| delivery.worker());
    let worker = job.holder().map(|(worker, _)| worker).or(delivered)?;
    app.engine.wallet_of(&worker).map(address)
}

/// Who paid.
pub(super) fn requester(client: &ClientId) -> Option<Wallet> {
    Wallet::parse(client.0.split_once(':')?.1)
}

/// A job as everybody may see it.
pub(super) async fn view(app: &App, job: &Job) -> Result<JobView, Problem> {
    let at = |at: docket_core::time::Timestamp| instant::format(at.0);
    let echo = app.engine.store().echo(job.id).await.map_err(EngineError::from)?;
    let (model, digest) = echo.as_deref().and_then(|echo| echo.split_once('\n')).unzip();
    let done = matches!(job.state, JobState::Settled { .. });
    let output = if done { output(app, job).await? } else { None };
    let log_index = match done {
        true => app.engine.store().log_index(job.id, "settled").await.map_err(EngineError::from)?,
        false => None,
    };
    let parts = done.then(|| job.policy.split.divide(job.price));
    Ok(JobView {
        job_id: job.public_id.text.to_string(),
        model_id: model.or(job.ask.model.as_deref()).unwrap_or_default().to_owned(),
        status: status::status(&job.state),
        requester_address: requester(&job.client).map(address).unwrap_or_default(),
        assigned_node: node_of(app, job),
        cost_wei: job.price.units.to_string(),
        cost_eth: coins(job.price),
        input_hash: digest.map(str::to_owned),
        output_hash: output.map(|output| Sha256::of(output.as_bytes()).to_string()),
        node_earned_wei: parts.map(|parts| parts.worker.units.to_string()),
        burned_wei: parts.map(|parts| parts.burned.units.to_string()),
        reason: status::failure(&job.state).map(|fault| fault.code()),
        submitted_at: at(job.created_at),
        completed_at: if done { job.ended_at.map(at) } else { None },
        expires_at: job.state.deadline().filter(|_| !done).map(at),
        settlement: log_index.map(|index| format!("ledger:{index}")),
    })
}
