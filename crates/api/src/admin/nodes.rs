//! Nodes that the operator lets back or challenges, and what came of challenges.

use super::problem::{Named, Problem};
use super::views::{NodeView, at};
use crate::app::App;
use crate::openapi::{Operation, array, choice, count, nullable, object, reference, text};
use crate::route::Route;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use docket_core::agent::identity::Wallet;
use docket_core::challenge::{Challenge, Outcome, Probe};
use docket_core::refusal::Refusal;
use docket_engine::EngineError;
use serde::Serialize;
use serde_json::Value;
use std::sync::Arc;

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::post("/admin/v1/nodes/{address}/reinstate", reinstate, docs()),
        Route::post("/admin/v1/nodes/{address}/challenge", challenge, challenge_docs()),
        Route::get("/admin/v1/nodes/{address}/challenges", challenges, challenges_docs()),
    ]
}

/// A node, and who does its work.
#[derive(Serialize)]
struct Reinstated {
    worker: String,
    #[serde(flatten)]
    node: NodeView,
}

/// `POST /admin/v1/nodes/{address}/reinstate`: the node may have jobs again at once, whatever a challenge has shown. Its
/// reputation stays as it is. One that has gone by its own word is refused.
async fn reinstate(State(app): State<Arc<App>>, Named(address): Named) -> Result<Json<Reinstated>, Problem> {
    match app.engine.reinstate(wallet(&address)?).await {
        Err(EngineError::Refused(Refusal::NotEnrolled)) => Err(Problem::no_such("node")),
        node => {
            let enrolment = node?.enrolment;
            Ok(Json(Reinstated { worker: enrolment.worker.to_string(), node: (&*enrolment).into() }))
        }
    }
}

/// A challenge of a node.
#[derive(Serialize)]
struct ChallengeView {
    model: String,
    /// `open`, `passed`, `failed` or `void`.
    state: &'static str,
    /// Why it was failed, or is void.
    why: Option<&'static str>,
    opened_at: String,
    ended_at: Option<String>,
    questions: Vec<QuestionView>,
}

/// A question, and what came of it.
#[derive(Serialize)]
struct QuestionView {
    /// `awaited`, `agrees`, `differs`, `timed_out` or the code of a fault.
    outcome: &'static str,
    /// How many of its first tokens are those of the reference, and how many that has.
    agreed: Option<usize>,
    of: Option<usize>,
}

impl From<&Challenge> for ChallengeView {
    fn from(challenge: &Challenge) -> Self {
        let question = |probe: &Probe| {
            let (outcome, likeness) = match probe.outcome {
                None => ("awaited", None),
                Some(Outcome::Answer(likeness)) if likeness.agrees => ("agrees", Some(likeness)),
                Some(Outcome::Answer(likeness)) => ("differs", Some(likeness)),
                Some(Outcome::TimedOut) => ("timed_out", None),
                Some(Outcome::Nothing(fault)) => (fault.code(), None),
            };
            let (agreed, of) = likeness.map(|likeness| (likeness.agreed, likeness.of)).unzip();
            QuestionView { outcome, agreed, of }
        };
        Self {
            model: challenge.model.to_string(),
            state: challenge.state.name(),
            why: challenge.state.why(),
            opened_at: at(challenge.opened_at),
            ended_at: challenge.ended_at.map(at),
            questions: challenge.probes.iter().map(question).collect(),
        }
    }
}

fn wallet(address: &str) -> Result<Wallet, Problem> {
    Wallet::parse(address).ok_or_else(|| Problem::invalid("a node's address is 0x and 40 hexadecimal digits"))
}

/// `POST /admin/v1/nodes/{address}/challenge`: the node is challenged now, by a job that it cannot tell from others.
async fn challenge(
    State(app): State<Arc<App>>,
    Named(address): Named,
) -> Result<(StatusCode, Json<ChallengeView>), Problem> {
    match app.engine.challenge_now(wallet(&address)?).await {
        Err(EngineError::Refused(Refusal::NotEnrolled)) => Err(Problem::no_such("node")),
        challenge => Ok((StatusCode::CREATED, Json((&challenge?).into()))),
    }
}

/// What came of the last challenges of a node.
#[derive(Serialize)]
struct ChallengesView {
    data: Vec<ChallengeView>,
}

/// `GET /admin/v1/nodes/{address}/challenges`: the newest first, at most 100.
async fn challenges(
    State(app): State<Arc<App>>,
    Named(address): Named,
) -> Result<Json<ChallengesView>, Problem> {
    let challenges = app.engine.challenges(wallet(&address)?).await?;
    Ok(Json(ChallengesView { data: challenges.iter().map(Into::into).collect() }))
}

fn shape() -> Value {
    let question = object(&[
        ("outcome", text("`awaited`, `agrees`, `differs`, `timed_out`, or why nothing came of it.")),
        ("agreed", nullable(count("How many of its first tokens are those of the reference."))),
        ("of", nullable(count("How many tokens that has."))),
    ]);
    object(&[
        ("model", text("As workers serve it.")),
        ("state", choice(&["open", "passed", "failed", "void"])),
        ("why", nullable(text("Why it was failed, or is void."))),
        ("opened_at", reference("Instant")),
        ("ended_at", nullable(reference("Instant"))),
        ("questions", array(question)),
    ])
}

/// What the operator does with a node.
fn operation(summary: &'static str) -> Operation {
    Operation::new("operator", summary)
        .part("address", "The node.", reference("Address"))
        .problem(400, "This is no address.")
        .problem(503, "The coordinator cannot do it now.")
}

fn challenge_docs() -> Operation {
    operation("Challenges a node now.")
        .problem(404, "There is no such node.")
        .problem(409, "It cannot be challenged now.")
        .json(201, "The challenge.", shape())
}

fn challenges_docs() -> Operation {
    operation("What came of the last challenges of a node.").json(
        200,
        "The newest first.",
        object(&[("data", array(shape()))]),
    )
}

fn docs() -> Operation {
    let node = object(&[
        ("worker", text("Who does its work: a key, or the address behind twelve zero bytes.")),
        ("address", reference("Address")),
        ("gpu_tier", count("The class of its hardware.")),
        ("state", choice(&["active", "left", "refuted", "on_trial"])),
    ]);
    operation("Lets a node have jobs again that a challenge has refuted.")
        .problem(404, "There is no such node.")
        .problem(409, "It has gone by its own word, and comes back by registering.")
        .json(200, "The node as it is now.", node)
}
