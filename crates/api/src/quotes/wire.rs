//! Requests and answers, field by field in the order of the page.

use super::errors::Problem;
use docket_core::job::{Skill, Speed};
use docket_protocol::receipt::DispatchReceipt;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::borrow::Cow;

/// The longest name of a user, in bytes.
const USER_ID: usize = 128;
/// The longest text that a job may carry, in bytes.
const TEXT: usize = 256 * 1024;
/// The most tokens that a client may ask for.
const TOKENS: u64 = 32_768;

/// The answer to `GET /v1/quote`.
#[derive(Serialize)]
pub(super) struct Quote {
    pub(super) price: String,
    pub(super) endpoint: &'static str,
    pub(super) policy_resolved: &'static str,
    pub(super) network: String,
    pub(super) expires_at: Option<String>,
}

/// The answer to a commit.
#[derive(Serialize)]
pub(super) struct Committed<'a> {
    pub(super) job_id: &'a str,
}

/// A private job that nobody may see: stored as failed, and refused.
#[derive(Serialize)]
pub(super) struct NoTrustedWorker<'a> {
    pub(super) error: &'static str,
    pub(super) job_id: &'a str,
}

/// The answer to `GET /v1/jobs/{id}`.
#[derive(Serialize)]
pub(super) struct Job<'a> {
    pub(super) id: &'a str,
    pub(super) status: &'static str,
    pub(super) result: Option<&'a RawValue>,
    pub(super) receipt: Option<Receipt>,
    pub(super) created_at: String,
    pub(super) completed_at: Option<String>,
}

/// A receipt with its signature, in one object.
#[derive(Serialize)]
pub(super) struct Receipt {
    #[serde(flatten)]
    pub(super) receipt: DispatchReceipt,
    pub(super) signature: String,
}

/// The answer to `GET /v1/health`.
#[derive(Serialize)]
pub(super) struct Health {
    pub(super) status: &'static str,
    pub(super) workers_online: usize,
    pub(super) network: String,
    pub(super) timestamp: String,
}

/// What kinds of work are called.
pub(super) fn parse_job_type(text: &str) -> Option<Skill> {
    match text {
        "LLM_INFER" => Some(Skill::Infer),
        "TASK" => Some(Skill::Task),
        _ => None,
    }
}

/// What speeds are called.
pub(super) const fn speed_name(speed: Speed) -> &'static str {
    match speed {
        Speed::Fast => "FAST",
        Speed::Cheap => "CHEAP",
    }
}

/// A commit, checked.
#[derive(Debug)]
pub(super) struct Commit<'a> {
    pub(super) skill: Skill,
    pub(super) user_id: Cow<'a, str>,
    pub(super) private: bool,
    pub(super) payload: &'a RawValue,
}

#[derive(Deserialize)]
struct RawCommit<'a> {
    #[serde(borrow, default)]
    job_type: Option<&'a RawValue>,
    #[serde(borrow, default)]
    user_id: Option<&'a RawValue>,
    #[serde(borrow, default)]
    privacy_class: Option<&'a RawValue>,
    #[serde(borrow, default)]
    payload: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct InferPayload<'a> {
    #[serde(borrow)]
    job_type: Cow<'a, str>,
    #[serde(borrow)]
    prompt: Cow<'a, str>,
    #[serde(default)]
    max_tokens: Option<u64>,
}

#[derive(Deserialize)]
struct TaskPayload<'a> {
    #[serde(borrow)]
    job_type: Cow<'a, str>,
    #[serde(borrow)]
    task_type: Cow<'a, str>,
    #[serde(borrow)]
    input: Cow<'a, str>,
}

/// Reads a commit. Unknown fields are ignored, wrong ones are refused in the page's words where it has some.
pub(super) fn parse_commit(body: &[u8]) -> Result<Commit<'_>, Problem> {
    let text = std::str::from_utf8(body).map_err(|_| Problem::bad_request("Invalid JSON: not UTF-8"))?;
    let raw: RawCommit<'_> =
        serde_json::from_str(text).map_err(|error| Problem::bad_request(format!("Invalid JSON: {error}")))?;
    let (Some(job_type), Some(payload), Some(user_id)) =
        (present(raw.job_type), present(raw.payload), present(raw.user_id))
    else {
        return Err(Problem::bad_request("Missing required fields: job_type, payload, user_id"));
    };
    let skill = string(job_type).as_deref().and_then(parse_job_type);
    let skill = skill.ok_or_else(|| Problem::bad_request("Invalid job_type"))?;
    let user_id = string(user_id).filter(|user| is_user_id(user)).ok_or_else(|| {
        Problem::bad_request(format!(
            "Invalid user_id: a text of 1 to {USER_ID} bytes without control characters"
        ))
    })?;
    let private = match present(raw.privacy_class).map(string) {
        None => false,
        Some(Some(class)) if class == "PUBLIC" => false,
        Some(Some(class)) if class == "PRIVATE" => true,
        Some(_) => return Err(Problem::bad_request("Invalid privacy_class. Use PUBLIC or PRIVATE")),
    };
    check_payload(skill, payload)?;
    Ok(Commit { skill, user_id, private, payload })
}

/// Whether a text can name a user.
pub(super) fn is_user_id(text: &str) -> bool {
    !text.is_empty() && text.len() <= USER_ID && !text.chars().any(char::is_control)
}

/// A field that is there and not `null` or empty.
fn present(field: Option<&RawValue>) -> Option<&RawValue> {
    field.filter(|value| !matches!(value.get(), "null" | "\"\""))
}

fn string(value: &RawValue) -> Option<Cow<'_, str>> {
    #[derive(Deserialize)]
    struct Text<'a>(#[serde(borrow)] Cow<'a, str>);
    serde_json::from_str::<Text<'_>>(value.get()).ok().map(|text| text.0)
}

fn check_payload(skill: Skill, payload: &RawValue) -> Result<(), Problem> {
    let invalid = |why: String| Problem::bad_request(format!("Invalid payload: {why}"));
    let read = |error: serde_json::Error| invalid(error.to_string());
    let (named, text) = match skill {
        Skill::Infer => {
            let payload: InferPayload<'_> = serde_json::from_str(payload.get()).map_err(read)?;
            if payload.max_tokens.is_some_and(|tokens| tokens == 0 || tokens > TOKENS) {
                return Err(invalid(format!("max_tokens must be 1 to {TOKENS}")));
            }
            (payload.job_type, payload.prompt)
        }
        Skill::Task => {
            let payload: TaskPayload<'_> = serde_json::from_str(payload.get()).map_err(read)?;
            if !["summarize", "classify", "extract_json"].contains(&&*payload.task_type) {
                return Err(invalid("task_type must be summarize, classify or extract_json".to_owned()));
            }
            (payload.job_type, payload.input)
        }
    };
    if parse_job_type(&named) != Some(skill) {
        return Err(invalid("job_type must be that of the job".to_owned()));
    }
    if text.trim().is_empty() || text.len() > TEXT {
        return Err(invalid(format!("the text must have 1 to {TEXT} bytes, not all of them blank")));
    }
    Ok(())
}
