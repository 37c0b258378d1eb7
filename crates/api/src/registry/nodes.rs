//! Nodes: registered, alive, gone, and shown to everybody, the best first.

use super::errors::{Code, Problem};
use super::fields::Fields;
use super::signed::Asked;
use super::terms::HIGHEST_TIER;
use super::wire::{Answer, Envelope, HeartbeatView, NodeView, NodesView, address, answer};
use crate::app::App;
use crate::post::parse_url;
use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, Request, State};
use axum::http::StatusCode;
use docket_core::agent::identity::{Wallet, Word};
use docket_core::enrolment::{Activity, Enrolment, Offer};
use docket_core::feature::{Feature, Features};
use docket_core::hash::Sha256;
use docket_core::id::{Dialect, WorkerId};
use docket_core::money::Amount;
use docket_core::routing::{Skills, WorkerClass};
use docket_core::time::{Millis, Timestamp};
use docket_engine::{Node, Online, POSTED_HEARTBEAT, Page, Profile};
use docket_protocol::instant;
use docket_protocol::wallet::{Action, Heartbeat, Signature};
use serde::Deserialize;
use std::collections::{BTreeMap, HashMap};
use std::num::NonZero;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::Semaphore;

/// The longest URL of an endpoint, in bytes.
const LONGEST_ENDPOINT: usize = 1_024;
const MOST_MODELS: usize = 64;
const LONGEST_MODEL: usize = 128;
const MOST_JOBS: i64 = 256;
/// How many jobs at a time a node takes that does not say it.
const USUAL_JOBS: u16 = 4;
/// How far a heartbeat's time may be from ours, on either side.
const SKEW: Millis = Millis::seconds(60);
/// How far into the list anybody looks.
const DEEPEST: u64 = 10_000;

/// What is kept of heartbeats.
pub(crate) struct Beats {
    /// The time of each node's last one, by its own clock: nothing older is taken again.
    last: Mutex<HashMap<Wallet, i64>>,
    /// So many are checked at a time.
    checks: Semaphore,
}

impl Default for Beats {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
        Self { last: Mutex::default(), checks: Semaphore::new(cores) }
    }
}

impl Beats {
    /// Whether a node has signed this. That takes as long as a good many answers to those who ask for a node, so it is done
    /// where it keeps none of them waiting.
    async fn is_signed(&self, beat: Heartbeat, signature: Signature) -> Result<bool, Problem> {
        let _turn = self.checks.acquire().await;
        match tokio::task::spawn_blocking(move || beat.is_signed(&signature)).await {
            Ok(checked) => Ok(checked?),
            Err(_) => Err(Problem::new(Code::Unavailable, "The coordinator is stopping.")),
        }
    }

    /// Whether it is newer than all before it; then it is the last.
    fn advance(&self, wallet: Wallet, seconds: i64) -> bool {
        let mut beats = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let last = beats.entry(wallet).or_insert(i64::MIN);
        let newer = seconds > *last;
        *last = seconds.max(*last);
        newer
    }
}

/// `POST /api/nodes/register`: enrols a node that has an endpoint, or changes what it offers.
pub(super) async fn register(
    State(app): State<Arc<App>>,
    request: Request,
) -> Result<(StatusCode, Json<Envelope<NodeView>>), Problem> {
    let asked = Asked::read(&app, request).await?;
    let fields = Fields::parse(&asked.headers, &asked.body)?;
    let named = fields.must("address", 64)?;
    let wallet = Wallet::parse(named)
        .ok_or_else(|| Problem::invalid("`address` must be 0x and 40 hexadecimal digits."))?;
    let word = asked.word(&app, Action::REGISTER_NODE, named)?;
    if word.by != wallet {
        return Err(Problem::new(Code::BadSignature, "`address` is not the wallet that signed."));
    }
    let gpu_tier = fields.number("gpuTier", 1..=HIGHEST_TIER.into())?;
    let gpu_tier = gpu_tier.ok_or_else(|| Problem::invalid("`gpuTier` is missing."))?;
    let models = fields.texts("models", MOST_MODELS, LONGEST_MODEL)?.unwrap_or_default();
    let models = models.into_iter().map(|name| Ok(super::submit::model(&app, name)?.0.into()));
    let jobs = fields.number("concurrency", 1..=MOST_JOBS)?;
    let offer = Offer {
        endpoint: Some(endpoint(&app, fields.must("endpoint", LONGEST_ENDPOINT)?)?),
        gpu_tier: u8::try_from(gpu_tier).unwrap_or(HIGHEST_TIER),
        models: models.collect::<Result<_, Problem>>()?,
        concurrency: jobs.and_then(|jobs| u16::try_from(jobs).ok()).unwrap_or(USUAL_JOBS),
    };
    let node = app.engine.enrol(word, WorkerId::of_wallet(&wallet), offer).await?;
    Ok((StatusCode::CREATED, answer(view(&node))?))
}

fn endpoint(app: &App, text: &str) -> Result<Arc<str>, Problem> {
    let url = parse_url(text, app.settings.webhooks_to);
    url.map_err(|why| Problem::new(Code::BadEndpoint, format!("`endpoint` {why}.")))?;
    Ok(text.into())
}

/// `POST /api/nodes/heartbeat`, at least every two minutes. It may change endpoint and class. The wallet signs
/// [`Heartbeat::message`].
pub(super) async fn heartbeat(State(app): State<Arc<App>>, request: Request) -> Answer<HeartbeatView> {
    let asked = Asked::read(&app, request).await?;
    let fields = Fields::parse(&asked.headers, &asked.body)?;
    let wallet = fields.wallet("address")?.ok_or_else(|| Problem::invalid("`address` is missing."))?;
    let endpoint = fields.must("endpoint", LONGEST_ENDPOINT)?;
    let gpu_tier = fields.number("gpuTier", 1..=HIGHEST_TIER.into())?;
    let gpu_tier = gpu_tier.and_then(|tier| u8::try_from(tier).ok());
    let seconds = fields.number("timestamp", 0..=i64::MAX / 1_000)?;
    let seconds = seconds.ok_or_else(|| Problem::invalid("`timestamp` is missing."))?;
    let now = app.engine.clock().now();
    let said_at = Timestamp(seconds * 1_000);
    if now.since(said_at) > SKEW || said_at.since(now) > SKEW {
        let words = "`timestamp` is more than a minute from the coordinator's clock.";
        return Err(Problem::new(Code::StaleSignature, words));
    }
    let signature = fields.text("signature", 256)?.ok_or_else(|| {
        Problem::new(
            Code::BadSignature,
            "`signature` is missing: without it anybody could move a node's endpoint.",
        )
    })?;
    let beat = Heartbeat { address: wallet.into(), seconds, gpu_tier, endpoint: endpoint.to_owned() };
    let message = beat.message();
    if !app.beats.is_signed(beat, Signature::parse(signature)?).await? {
        return Err(Problem::new(Code::BadSignature, format!("This address did not sign `{message}`.")));
    }
    let known = app.engine.node(wallet)?.enrolment;
    if known.worker.wallet().is_none() {
        return Err(docket_core::refusal::Refusal::AlreadyConnected.into());
    }
    if !app.beats.advance(wallet, seconds) {
        return Err(Problem::new(Code::Replayed, "A heartbeat of this time or later has come before."));
    }
    if known.state != Activity::Left {
        let word = Word {
            dialect: Dialect::Registry,
            by: wallet,
            digest: Sha256::of(message.as_bytes()),
            at: said_at,
        };
        follow(&app, &known, word, endpoint, gpu_tier).await?;
        app.engine.beat(wallet, |enrolment| profile(&app, enrolment)).await?;
    }
    answer(HeartbeatView {
        received: true,
        next_ping_in: POSTED_HEARTBEAT.0 / 1_000,
        server_time: instant::format(now.0),
    })
}

/// What a heartbeat says otherwise than what is known is true from now on.
async fn follow(
    app: &App,
    known: &Enrolment,
    word: Word,
    url: &str,
    gpu_tier: Option<u8>,
) -> Result<(), Problem> {
    let gpu_tier = gpu_tier.unwrap_or(known.offer.gpu_tier);
    if known.offer.endpoint.as_deref() == Some(url) && known.offer.gpu_tier == gpu_tier {
        return Ok(());
    }
    let offer = Offer { endpoint: Some(endpoint(app, url)?), gpu_tier, ..known.offer.clone() };
    app.engine.enrol(word, known.worker, offer).await?;
    Ok(())
}

/// What the market may give to a node that has an endpoint.
fn profile(app: &App, enrolment: &Enrolment) -> Profile {
    let Offer { gpu_tier, models, concurrency, .. } = &enrolment.offer;
    let models = match models.is_empty() {
        true => app.settings.registry.served_by(*gpu_tier),
        false => models.iter().map(|name| app.settings.registry.served_as(name)).collect(),
    };
    let chats = Features::NONE.with(Feature::Chat);
    Profile {
        class: WorkerClass::Desktop,
        skills: Skills::INFER,
        models: models.into_iter().map(|model| (model, chats)).collect(),
        // Who has an endpoint says nothing of his weights.
        weights: BTreeMap::new(),
        gpu_tier: *gpu_tier,
        deactivated: false,
        by_post: true,
        price_floor: Amount::zero(app.engine.ledger().coin()),
        concurrency: *concurrency,
        accepts: false,
    }
}

/// `POST /api/nodes/deactivate`: the node gets nothing new.
pub(super) async fn deactivate(State(app): State<Arc<App>>, request: Request) -> Answer<NodeView> {
    let asked = Asked::read(&app, request).await?;
    let fields = Fields::parse(&asked.headers, &asked.body)?;
    let named = fields.must("address", 64)?;
    let word = asked.word(&app, Action::DEACTIVATE_NODE, named)?;
    if Wallet::parse(named) != Some(word.by) {
        return Err(Problem::new(Code::BadSignature, "`address` is not the wallet that signed."));
    }
    answer(view(&app.engine.leave(word).await?))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ListQuery {
    gpu_tier: Option<String>,
    limit: Option<String>,
    offset: Option<String>,
}

/// `GET /api/nodes`: the best first, of one class or of all.
pub(super) async fn list(
    State(app): State<Arc<App>>,
    query: Result<Query<ListQuery>, QueryRejection>,
) -> Answer<NodesView> {
    let Query(query) = query?;
    let tier = query.gpu_tier.as_deref();
    let tier = tier.map(|tier| number("gpuTier", Some(tier), 1..=HIGHEST_TIER.into(), 1)).transpose()?;
    let page = page(query.limit.as_deref(), query.offset.as_deref())?;
    let (nodes, total) = app.engine.nodes(tier.and_then(|tier| u8::try_from(tier).ok()), page);
    answer(NodesView { nodes: nodes.iter().map(view).collect(), total })
}

/// A page by `limit`, 20 if nothing is said and 100 at most, and `offset`.
pub(super) fn page(limit: Option<&str>, offset: Option<&str>) -> Result<Page, Problem> {
    let limit = number("limit", limit, 1..=100, 20)?;
    let skip = number("offset", offset, 0..=DEEPEST, 0)?;
    Ok(Page { skip, limit: u32::try_from(limit).unwrap_or(100) })
}

fn number(
    name: &str,
    text: Option<&str>,
    range: std::ops::RangeInclusive<u64>,
    usual: u64,
) -> Result<u64, Problem> {
    let Some(text) = text else { return Ok(usual) };
    let (first, last) = (range.start(), range.end());
    let wrong = || Problem::invalid(format!("`{name}` must be a whole number from {first} to {last}."));
    text.parse().ok().filter(|number| range.contains(number)).ok_or_else(wrong)
}

/// `GET /api/nodes/{address}`.
pub(super) async fn show(State(app): State<Arc<App>>, Path(text): Path<String>) -> Answer<NodeView> {
    let nobody = || Problem::new(Code::NodeNotFound, "There is no such node.");
    let wallet = Wallet::parse(&text).ok_or_else(nobody)?;
    answer(view(&app.engine.node(wallet)?))
}

fn view(node: &Node) -> NodeView {
    let Node { enrolment, worker, online } = node;
    let (offer, online) = (&enrolment.offer, online.as_ref());
    let points = worker.reputation.tested().0;
    NodeView {
        address: address(enrolment.wallet),
        endpoint: offer.endpoint.as_deref().map(str::to_owned),
        gpu_tier: offer.gpu_tier,
        models: models(offer, online),
        reputation: points / 100,
        reputation_points: points,
        active: enrolment.state == Activity::Active,
        state: enrolment.state.name(),
        online: online.is_some(),
        last_heartbeat: online.map(|online| instant::format(online.last_seen.0)),
        open_jobs: online.map_or(0, |online| online.running),
        concurrency: offer.concurrency,
        jobs_completed: worker.standing.completed,
        jobs_failed: worker.standing.failed,
        registered_at: instant::format(enrolment.enrolled_at.0),
    }
}

/// One that keeps a connection says what it hosts when it comes; one with an endpoint, when it registers.
fn models(offer: &Offer, online: Option<&Online>) -> Option<Vec<String>> {
    let named = |models: &[Arc<str>]| models.iter().map(|model| model.to_string()).collect();
    match offer.endpoint {
        None => Some(online.map_or_else(Vec::new, |online| named(&online.models))),
        Some(_) => (!offer.models.is_empty()).then(|| named(&offer.models)),
    }
}
