//! The models that live workers serve, with what they cost.

use super::auth::Caller;
use super::errors::{Code, Problem};
use crate::app::App;
use axum::Json;
use axum::extract::{Path, State};
use docket_core::feature::{Feature, Features};
use docket_engine::ServedModel;
use serde_json::{Value, json};
use std::sync::Arc;

/// `GET /v1/models`.
pub(super) async fn list(State(app): State<Arc<App>>, _: Caller) -> Json<Value> {
    let data: Vec<_> = app.engine.served_models().iter().map(|model| view(&app, model)).collect();
    Json(json!({"object": "list", "data": data}))
}

/// `GET /v1/models/{model}`; names may have slashes.
pub(super) async fn show(
    State(app): State<Arc<App>>,
    _: Caller,
    Path(name): Path<String>,
) -> Result<Json<Value>, Problem> {
    let none = || Problem::new(Code::ModelNotFound, "No live worker serves this model.");
    app.engine.served_model(&name).map(|model| Json(view(&app, &model))).ok_or_else(none)
}

fn view(app: &App, model: &ServedModel) -> Value {
    let priced = app.settings.prices.model(&model.name);
    let listed = priced.and_then(|priced| priced.listed);
    json!({
        "id": &*model.name,
        "object": "model",
        "created": 0,
        "owned_by": "docket",
        "decentral": {
            "tier": priced.map(|priced| priced.tier_name),
            "credits_per_request": priced.map(|priced| priced.tier.per_request),
            "credits_per_1k_tokens": priced.map(|priced| priced.tier.per_1k_tokens),
            "active_workers": model.workers(),
            "median_latency_ms": model.median.map(|median| median.0),
            "parameters": listed.and_then(|listed| listed.parameters.as_deref()),
            "features": model.features().iter().map(Feature::name).collect::<Vec<_>>(),
            "supported_parameters": parameters(model.features()),
            "context_window": listed.and_then(|listed| listed.context_window),
        },
    })
}

/// What a request may ask beside plain text, as at least one live worker honours it.
fn parameters(features: Features) -> Vec<&'static str> {
    let names = |feature: Feature| -> &[&'static str] {
        match feature {
            Feature::Tools => &["tools", "tool_choice", "parallel_tool_calls"],
            Feature::Json => &["response_format"],
            Feature::Logprobs => &["logprobs", "top_logprobs"],
            Feature::Seed => &["seed"],
            Feature::Penalties => &["frequency_penalty", "presence_penalty"],
            Feature::LogitBias => &["logit_bias"],
            // These are routes of their own.
            Feature::Chat | Feature::Completions | Feature::Embeddings => &[],
        }
    };
    features.iter().flat_map(names).copied().collect()
}
