//! For whom the operator vouches as an arbitrator. In a young market nobody has what it takes otherwise.

use super::problem::{Named, Problem};
use crate::app::App;
use crate::openapi::{Operation, nullable, object, reference, text};
use crate::route::Route;
use axum::Json;
use axum::extract::State;
use docket_core::agent::identity::Agent;
use docket_core::id::AgentId;
use docket_core::refusal::Refusal;
use docket_engine::EngineError;
use docket_protocol::instant;
use serde::Serialize;
use serde_json::json;
use std::sync::Arc;

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::post(
            "/admin/v1/agents/{id}/appoint",
            appoint,
            docs("Vouches for an agent: it may arbitrate whatever its score and its jobs, with its bond."),
        ),
        Route::post("/admin/v1/agents/{id}/dismiss", dismiss, docs("Vouches for an agent no more.")),
    ]
}

/// An agent and whether the operator vouches for it.
#[derive(Serialize)]
struct Vouched {
    id: String,
    name: String,
    owner: String,
    appointed_at: Option<String>,
}

impl From<Agent> for Vouched {
    fn from(agent: Agent) -> Self {
        Self {
            id: agent.id.0.to_string(),
            name: agent.profile.name.to_string(),
            owner: agent.owner.to_string(),
            appointed_at: agent.appointed_at.map(|at| instant::format(at.0)),
        }
    }
}

/// `POST /admin/v1/agents/{id}/appoint`.
async fn appoint(app: State<Arc<App>>, id: Named) -> Result<Json<Vouched>, Problem> {
    vouch(app, id, true).await
}

/// `POST /admin/v1/agents/{id}/dismiss`.
async fn dismiss(app: State<Arc<App>>, id: Named) -> Result<Json<Vouched>, Problem> {
    vouch(app, id, false).await
}

async fn vouch(
    State(app): State<Arc<App>>,
    Named(id): Named,
    appointed: bool,
) -> Result<Json<Vouched>, Problem> {
    let number = id.parse().ok().filter(|number: &u64| i64::try_from(*number).is_ok());
    let id = number.map(AgentId).ok_or_else(|| Problem::no_such("agent"))?;
    match app.engine.appoint_arbitrator(id, appointed).await {
        Err(EngineError::Refused(Refusal::NoSuchAgent)) => Err(Problem::no_such("agent")),
        agent => Ok(Json(agent?.into())),
    }
}

fn docs(summary: &str) -> Operation {
    let agent = object(&[
        ("id", text("Its number.")),
        ("name", text("Its name; empty where it has none.")),
        ("owner", text("The address of its owner's wallet.")),
        ("appointed_at", nullable(reference("Instant"))),
    ]);
    Operation::new("operator", summary)
        .part("id", "The agent.", json!({"type": "string", "pattern": "^[1-9][0-9]*$"}))
        .problem(404, "There is no such agent.")
        .json(200, "The agent as it is now.", agent)
}
