//! What webhooks are told, in this dialect's words. Told once more, an event has the same bytes: the job is shown as it
//! was, not as it is.

use super::errors::{Code, Problem};
use super::jobs::object;
use super::price::credits;
use super::wire::seconds;
use crate::app::App;
use crate::post::Letter;
use docket_core::hook::{Delivery, EventId, Hook, HookId, Occasion};
use docket_core::id::{Attempt, WorkerId};
use docket_core::job::{Job, State};
use docket_core::policy::Verdict;
use docket_core::time::Timestamp;
use docket_engine::EngineError;
use serde_json::{Value, json};

/// The words that can be asked for; those of the page, and those of ours.
pub(super) const WORDS: [(&str, Occasion); 9] = [
    ("job.submitted", Occasion::Submitted),
    ("job.processing", Occasion::Began),
    ("job.completed", Occasion::Completed),
    ("job.failed", Occasion::Failed),
    ("job.timeout", Occasion::TimedOut),
    ("job.cancelled", Occasion::Cancelled),
    ("job.disputed", Occasion::Disputed),
    ("job.ruled", Occasion::Ruled),
    ("credit.low", Occasion::BalanceLow),
];

/// The word for an occasion.
pub(super) fn word(occasion: Occasion) -> &'static str {
    WORDS.iter().find(|(_, known)| *known == occasion).map_or("ping", |(word, _)| word)
}

/// The occasion that a word stands for.
pub(super) fn occasion(word: &str) -> Option<Occasion> {
    WORDS.iter().find(|(known, _)| *known == word).map(|(_, occasion)| *occasion)
}

/// The name of an event.
pub(super) fn event_name(id: EventId) -> String {
    format!("evt_{id}")
}

/// The name of a webhook.
pub(super) fn hook_name(id: HookId) -> String {
    format!("wh_{id}")
}

/// An event as a webhook is told it.
pub(crate) async fn letter(app: &App, hook: &Hook, delivery: &Delivery) -> Result<Letter, Problem> {
    let id = event_name(delivery.id);
    let body = json!({
        "id": id,
        "type": word(delivery.occasion),
        "created_at": seconds(delivery.at),
        "data": data(app, hook, delivery).await?,
    });
    Ok(Letter { id, body: body.to_string() })
}

async fn data(app: &App, hook: &Hook, delivery: &Delivery) -> Result<Value, Problem> {
    let Some(name) = &delivery.job else { return Ok(json!({"webhook_id": hook_name(hook.id)})) };
    if delivery.occasion == Occasion::BalanceLow {
        let units = delivery.detail.parse().map_err(|_| unreadable())?;
        return Ok(json!({"object": "credits", "balance": credits(units), "job_id": &*name.text}));
    }
    let job = app.engine.find(name).await.map_err(EngineError::from)?.ok_or_else(unreadable)?;
    let was = as_it_was(app, &job, delivery).await?;
    object(app, &was).await
}

fn unreadable() -> Problem {
    Problem::new(Code::Internal, "The event cannot be read.")
}

/// The job as it was just after the event, as far as this dialect shows it.
async fn as_it_was(app: &App, job: &Job, delivery: &Delivery) -> Result<Job, Problem> {
    let at = delivery.at;
    let unfinished = |state| Job { state, ended_at: None, ..job.clone() };
    let delivered = || job.delivery().cloned().ok_or_else(unreadable);
    Ok(match delivery.occasion {
        Occasion::Submitted => unfinished(State::Funded { by: at }),
        Occasion::Began => {
            let worker = WorkerId::from_hex(&delivery.detail).ok_or_else(unreadable)?;
            unfinished(State::Running { worker, attempt: Attempt::default(), by: at })
        }
        Occasion::Completed => {
            let state = State::Settled { delivery: delivered()?, charge: job.price, vests_at: Some(at) };
            Job { state, ended_at: Some(at), ..job.clone() }
        }
        Occasion::Disputed => {
            let state = State::Disputed { delivery: delivered()?, verdict: Verdict::Complete, by: at };
            Job { state, ended_at: settled_at(app, job).await?, ..job.clone() }
        }
        // After these nothing changes any more.
        Occasion::Failed
        | Occasion::TimedOut
        | Occasion::Cancelled
        | Occasion::Ruled
        | Occasion::BalanceLow
        | Occasion::Ping => job.clone(),
    })
}

/// When the job was settled: a ruling has another instant.
async fn settled_at(app: &App, job: &Job) -> Result<Option<Timestamp>, Problem> {
    let rows = app.engine.store().journal(job.id).await.map_err(EngineError::from)?;
    Ok(rows.iter().find(|row| row.event == "settled").map(|row| row.at))
}
