//! Advice: who would run a model now, what it costs, and how to have it done.

use super::advice::Advised;
use super::errors::{Code, Problem};
use super::fields::Fields;
use super::signed::Asked;
use super::terms::{RegistryModel, SCORING, coins};
use super::wire::{AdviceView, Instructions, ModelView, ModelsView, address, answer};
use crate::app::App;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use docket_core::hash::Sha256;
use std::sync::Arc;

/// The longest prompt, in bytes.
pub(super) const LONGEST_INPUT: usize = 256 * 1024;
/// The longest name of a model, in bytes.
const LONGEST_MODEL: usize = 128;

/// A model of the table.
pub(super) fn model<'a>(app: &'a App, name: &str) -> Result<(&'a str, &'a RegistryModel), Problem> {
    let known = app.settings.registry.models.get_key_value(name);
    known.map(|(name, model)| (name.as_str(), model)).ok_or_else(|| {
        Problem::new(Code::UnknownModel, format!("Unknown model `{name}`: see GET /api/models."))
    })
}

/// The model that a request names.
pub(super) fn named<'a>(app: &'a App, fields: &Fields) -> Result<(&'a str, &'a RegistryModel), Problem> {
    model(app, fields.must("modelId", LONGEST_MODEL)?)
}

/// `POST /api/jobs/submit`: advice, and no job yet. The prompt is kept until it is paid for, a quarter of an hour at most.
pub(super) async fn submit(State(app): State<Arc<App>>, request: Request) -> Result<Response, Problem> {
    let asked = Asked::read(&app, request).await?;
    let fields = Fields::parse(&asked.headers, &asked.body)?;
    let (name, model) = named(&app, &fields)?;
    let input = fields.must("input", LONGEST_INPUT)?;
    let requester = fields.wallet("requesterAddress")?;
    let requester = requester.ok_or_else(|| Problem::invalid("`requesterAddress` is missing."))?;
    let ledger = app.engine.ledger();
    let (price, policy) = (model.price(ledger.coin()), model.policy(ledger.source()));
    let advice = app.engine.advise(&model.ask(name), &policy, price, &SCORING).map_err(Problem::no_node)?;
    let digest = Sha256::of(input.as_bytes());
    let advised = Advised { input: input.into(), worker: advice.worker };
    app.prompts.keep(requester, name.into(), digest, advised, app.engine.clock().now());
    let view = AdviceView {
        model_id: name,
        assigned_node: address(advice.wallet),
        node_reputation: advice.tested.0 / 100,
        estimated_cost_wei: price.units.to_string(),
        estimated_cost_eth: coins(price),
        input_hash: digest.to_string(),
        instructions: instructions(name, digest, &format!("{} {}", coins(price), price.asset.name())),
    };
    Ok(answer(view)?.into_response())
}

/// Calls of ours in the place of those of a contract.
fn instructions(model: &str, digest: Sha256, price: &str) -> Instructions {
    let signed = "with the headers X-Wallet-Address, X-Wallet-Timestamp (milliseconds since 1970) and \
                  X-Wallet-Signature, a personal signature over";
    Instructions {
        step1: format!(
            "Within 15 minutes: POST /api/jobs/pay {{\"modelId\":\"{model}\",\"inputHash\":\"{digest}\"}} {signed} \
             Docket:pay-job:{digest}:<timestamp>:<SHA-256 of the body in hexadecimal>. It holds {price} and answers \
             with the jobId"
        ),
        step2: "Wait for the assigned node to complete the inference: GET /api/jobs/<jobId>?wait=30"
            .to_owned(),
        step3: format!(
            "Read the answer: GET /api/jobs/<jobId>/result {signed} \
             Docket:read-job:<jobId>:<timestamp>:<SHA-256 of nothing in hexadecimal>"
        ),
    }
}

/// `GET /api/models`.
pub(super) async fn models(State(app): State<Arc<App>>) -> Result<Response, Problem> {
    let coin = app.engine.ledger().coin();
    let models = app.settings.registry.models.iter().map(|(name, model)| {
        let price = model.price(coin);
        ModelView {
            model_id: name,
            gpu_tier: model.tier,
            context_length: model.context,
            max_tokens: model.max_tokens,
            price_wei: price.units.to_string(),
            price_eth: coins(price),
        }
    });
    Ok(answer(ModelsView { models: models.collect() })?.into_response())
}
