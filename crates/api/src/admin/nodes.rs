//! Nodes that the operator lets back.

use super::problem::{Named, Problem};
use super::views::NodeView;
use crate::app::App;
use crate::openapi::{Operation, choice, count, object, reference, text};
use crate::route::Route;
use axum::Json;
use axum::extract::State;
use docket_core::agent::identity::Wallet;
use docket_core::refusal::Refusal;
use docket_engine::EngineError;
use serde::Serialize;
use std::sync::Arc;

pub(super) fn routes() -> Vec<Route> {
    vec![Route::post("/admin/v1/nodes/{address}/reinstate", reinstate, docs())]
}

/// A node, and who does its work.
#[derive(Serialize)]
struct Reinstated {
    worker: String,
    #[serde(flatten)]
    node: NodeView,
}

/// `POST /admin/v1/nodes/{address}/reinstate`: the node may have jobs again at once, whatever a challenge has shown. Its
/// reputation stays as it is.
async fn reinstate(State(app): State<Arc<App>>, Named(address): Named) -> Result<Json<Reinstated>, Problem> {
    let wallet = Wallet::parse(&address)
        .ok_or_else(|| Problem::invalid("a node's address is 0x and 40 hexadecimal digits"))?;
    match app.engine.reinstate(wallet).await {
        Err(EngineError::Refused(Refusal::NotEnrolled)) => Err(Problem::no_such("node")),
        node => {
            let enrolment = node?.enrolment;
            Ok(Json(Reinstated { worker: enrolment.worker.to_string(), node: (&*enrolment).into() }))
        }
    }
}

fn docs() -> Operation {
    let node = object(&[
        ("worker", text("Who does its work: a key, or the address behind twelve zero bytes.")),
        ("address", reference("Address")),
        ("gpu_tier", count("The class of its hardware.")),
        ("state", choice(&["active", "left", "refuted", "on_trial"])),
    ]);
    Operation::new("operator", "Lets a node have jobs again that a challenge has refuted, or that has gone.")
        .part("address", "The node.", reference("Address"))
        .problem(400, "This is no address.")
        .problem(404, "There is no such node.")
        .json(200, "The node as it is now.", node)
}
