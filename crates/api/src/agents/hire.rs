//! The steps of a job, each on the word of whoever owns the agent that takes it. They have the names and the rules of the
//! reference's contract calls.

use super::errors::Problem;
use super::job_view::JobView;
use super::jobs::NamedJob;
use super::profile::Fields;
use super::signed::Signed;
use super::status::{parse_level, parse_strategy};
use super::wire::{Answer, success};
use crate::app::App;
use axum::extract::{Request, State};
use docket_core::agent::capital::Capital;
use docket_core::agent::hire::{Hire, Judgement, Order};
use docket_core::agent::penalty::Offence;
use docket_core::agent::role::Strategy;
use docket_core::hash::ContentHash;
use docket_core::job::{Job, State as JobState};
use docket_core::money::{Amount, BasisPoints};
use docket_core::policy::Verdict;
use docket_core::refusal::Refusal;
use docket_core::time::{Millis, Timestamp};
use docket_engine::{NewHire, Wish};
use docket_protocol::wallet::Action;
use std::sync::Arc;

/// What is signed for where the job's number is not known yet.
const NEW: &str = "new";
/// A billion whole coins.
const MOST_CAPITAL: u128 = 1_000_000_000_000_000;
/// In characters.
const LONGEST_TITLE: usize = 200;
/// In characters.
const LONGEST_DESCRIPTION: usize = 10_000;

/// `POST /api/v1/jobs`: a job that stands open without money. What is signed once makes one.
pub(super) async fn create(State(app): State<Arc<App>>, request: Request) -> Answer<JobView> {
    let signed = Signed::read(&app, request, Action::CREATE_JOB, NEW).await?;
    let fields = Fields::parse(&signed.body)?;
    let budget = fields.amount("budget")?;
    let new = NewHire {
        client: needed(fields.agent("clientId")?, "clientId")?,
        budget: Amount::new(budget, app.asset()),
        order: order(&fields, budget)?,
        title: fields.words("title", LONGEST_TITLE)?,
        description: fields.words("description", LONGEST_DESCRIPTION)?,
    };
    let job = app.engine.hire(new, signed.word).await?;
    success(JobView::of(&app, &job).await?)
}

fn order(fields: &Fields, budget: u128) -> Result<Order, Problem> {
    let strategy = fields.text("strategyType")?.and_then(parse_strategy);
    let wrong = || Problem::invalid("`strategyType` must be PROGRAM, RUBRIC, HYBRID or CEX_CAPITAL.");
    let strategy = strategy.ok_or_else(wrong)?;
    let deadline = needed(fields.number("deadline")?, "deadline")?;
    let deadline = i64::try_from(deadline).ok().and_then(|seconds| seconds.checked_mul(1_000));
    let deadline = deadline.ok_or_else(|| Problem::invalid("`deadline` must be in seconds since 1970."))?;
    Ok(Order {
        strategy,
        program: fields.hash("programHash")?,
        rubric: fields.hash("rubricHash")?,
        capital: match (strategy, fields.object("cexConfig")?) {
            (Strategy::Capital, Some(config)) => Some(capital(&config, budget)?),
            // The field is documented for such jobs alone.
            _ => None,
        },
        deadline: Timestamp(deadline),
        grace: Millis(0),
        judge: fields.agent("evaluatorId")?,
        rewards_early: false,
    })
}

fn capital(config: &Fields, budget: u128) -> Result<Capital, Problem> {
    let share = |name, most: u64| {
        let share = needed(config.number(name)?, name)?;
        let wrong = || Problem::invalid(format!("`{name}` must be from 1 to {most} basis points."));
        u16::try_from(share).ok().filter(|_| (1..=most).contains(&share)).map(BasisPoints).ok_or_else(wrong)
    };
    let (stop_loss, target_return) = (share("stopLossBps", 10_000)?, share("targetReturnBps", 60_000)?);
    // The reference commits to the budget where the capital is meant.
    let entrusted = config.text("capital")?.map(|_| config.amount("capital")).transpose()?.unwrap_or(budget);
    if !(1..=MOST_CAPITAL).contains(&entrusted) {
        return Err(Problem::invalid(format!("`capital` must be from 1 to {MOST_CAPITAL} minor units.")));
    }
    Ok(Capital { entrusted, stop_loss, target_return })
}

/// `POST /api/v1/jobs/{jobId}/budget`.
pub(super) async fn fund(app: State<Arc<App>>, job: NamedJob, request: Request) -> Answer<JobView> {
    step(app, job, request, Action::SET_BUDGET, |fields, _, _| {
        let budget = fields.text("amount")?.map(|_| fields.amount("amount")).transpose()?;
        Ok(Wish::Fund { budget })
    })
    .await
}

/// `POST /api/v1/jobs/{jobId}/provider`.
pub(super) async fn engage(app: State<Arc<App>>, job: NamedJob, request: Request) -> Answer<JobView> {
    step(app, job, request, Action::SET_PROVIDER, |fields, _, _| {
        Ok(Wish::Engage { provider: needed(fields.agent("providerId")?, "providerId")? })
    })
    .await
}

/// `POST /api/v1/jobs/{jobId}/evaluate`.
pub(super) async fn appoint(app: State<Arc<App>>, job: NamedJob, request: Request) -> Answer<JobView> {
    step(app, job, request, Action::EVALUATE, |fields, _, _| {
        Ok(Wish::Appoint { evaluator: needed(fields.agent("evaluatorId")?, "evaluatorId")? })
    })
    .await
}

/// `PATCH /api/v1/jobs/{jobId}/metadata`.
pub(super) async fn describe(app: State<Arc<App>>, job: NamedJob, request: Request) -> Answer<JobView> {
    step(app, job, request, Action::SET_JOB_METADATA, |fields, _, hire| {
        let title = match fields.text("title")? {
            Some(_) => fields.words("title", LONGEST_TITLE)?,
            None => hire.title.clone(),
        };
        let description = match fields.text("description")? {
            Some(_) => fields.words("description", LONGEST_DESCRIPTION)?,
            None => hire.description.clone(),
        };
        Ok(Wish::Describe { title, description })
    })
    .await
}

/// `POST /api/v1/jobs/{jobId}/submit`.
pub(super) async fn submit(app: State<Arc<App>>, job: NamedJob, request: Request) -> Answer<JobView> {
    step(app, job, request, Action::SUBMIT, |fields, _, _| {
        let deliverable = needed(fields.hash("deliverableHash")?, "deliverableHash")?;
        let content = fields.text("content")?.map(|text| Arc::from(text.as_bytes()));
        Ok(Wish::Submit { deliverable, content })
    })
    .await
}

/// `POST /api/v1/jobs/{jobId}/complete`.
pub(super) async fn complete(app: State<Arc<App>>, job: NamedJob, request: Request) -> Answer<JobView> {
    step(app, job, request, Action::COMPLETE, |fields, _, hire| {
        Ok(Wish::Judge { verdict: Verdict::Complete, judgement: judgement(fields, hire)? })
    })
    .await
}

/// `POST /api/v1/jobs/{jobId}/reject`: what was delivered is refused; before that, the evaluator steps back.
pub(super) async fn reject(app: State<Arc<App>>, job: NamedJob, request: Request) -> Answer<JobView> {
    step(app, job, request, Action::REJECT, |fields, job, hire| {
        if matches!(job.state, JobState::Funded { .. }) {
            return Ok(Wish::StepBack);
        }
        Ok(Wish::Judge { verdict: Verdict::Reject, judgement: judgement(fields, hire)? })
    })
    .await
}

fn judgement(fields: &Fields, hire: &Hire) -> Result<Judgement, Problem> {
    let level = match fields.text("verificationLevel")? {
        None => Hire::least_level(hire.order.strategy),
        Some(text) => parse_level(text)
            .ok_or_else(|| Problem::invalid("`verificationLevel` must be L0, L1, L2 or L3."))?,
    };
    let fault = match fields.text("reasonCode")? {
        None | Some("CRITERIA") => None,
        Some("GARBAGE") => Some(Offence::Garbage),
        Some("BAD_FAITH") => Some(Offence::BadFaith),
        Some(_) => {
            return Err(Problem::invalid("`reasonCode` must be CRITERIA, GARBAGE or BAD_FAITH."));
        }
    };
    let proof: Option<ContentHash> = fields.hash("proofHash")?;
    Ok(Judgement { level, borderline: fields.flag("borderline")?, fault, proof })
}

/// `POST /api/v1/jobs/{jobId}/cancel`.
pub(super) async fn cancel(app: State<Arc<App>>, job: NamedJob, request: Request) -> Answer<JobView> {
    step(app, job, request, Action::CANCEL, |_, _, _| Ok(Wish::Cancel)).await
}

/// `POST /api/v1/jobs/{jobId}/refund`.
pub(super) async fn reclaim(app: State<Arc<App>>, job: NamedJob, request: Request) -> Answer<JobView> {
    step(app, job, request, Action::CLAIM_REFUND, |_, _, _| Ok(Wish::Reclaim)).await
}

/// Reads what was signed, makes a wish of it, and takes the step.
async fn step(
    State(app): State<Arc<App>>,
    NamedJob(id): NamedJob,
    request: Request,
    action: Action,
    wish: impl FnOnce(&Fields, &Job, &Hire) -> Result<Wish, Problem>,
) -> Answer<JobView> {
    let signed = Signed::read(&app, request, action, &id.text).await?;
    let fields = if signed.body.is_empty() { Fields::default() } else { Fields::parse(&signed.body)? };
    let job = app.engine.hired(&id).await?;
    let hire = job.hire.as_deref().ok_or(Refusal::NoSuchJob)?;
    let job = app.engine.step(&id, wish(&fields, &job, hire)?, signed.word).await?;
    success(JobView::of(&app, &job).await?)
}

/// What must be there.
pub(super) fn needed<T>(value: Option<T>, name: &str) -> Result<T, Problem> {
    value.ok_or_else(|| Problem::invalid(format!("`{name}` is missing.")))
}
