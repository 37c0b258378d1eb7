//! What every handler shares.

use crate::credits::{Attendance, PriceList};
use crate::enclave::SimulatedEnclave;
use crate::log::Checkpoints;
use crate::observe::{Limiter, RequestIds, Requests};
use crate::post::Reach;
use crate::router::{Beats, Feed, Kept, RegistryTerms};
use crate::workers::{Room, Signatures};
use docket_core::money::Asset;
use docket_engine::Engine;
use docket_protocol::keys::SigningKey;
use docket_protocol::log::NoteError;
use std::sync::Arc;
use std::time::Duration;

/// The state behind all routes.
pub struct App {
    /// The market itself.
    pub engine: Arc<Engine>,
    /// What the operator has decided.
    pub settings: Settings,
    /// Who waits for which answer.
    pub(crate) attendance: Attendance,
    /// Prompts that were asked about and are not paid yet.
    pub(crate) prompts: Kept,
    /// When nodes were heard last.
    pub(crate) beats: Beats,
    /// The newest events as everybody may see them.
    pub(crate) feed: Feed,
    /// Judges what workers signed.
    pub(crate) signatures: Signatures,
    /// Memory for workers' large outputs.
    pub(crate) room: Room,
    /// Signs the log.
    pub(crate) checkpoints: Checkpoints,
    /// Held while the books are checked: one check at a time.
    pub(crate) checking: tokio::sync::Mutex<()>,
    /// Names requests.
    pub(crate) request_ids: RequestIds,
    /// Counts answers.
    pub(crate) requests: Requests,
    /// Bounds how often one address asks, if anything does.
    pub(crate) limiter: Option<Limiter>,
}

/// What the operator has decided about the wires.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The log's name, which stands on its checkpoints.
    pub origin: String,
    /// Whether workers that cannot prove a key are let in, on loopback.
    pub allow_unproven: bool,
    /// SHA-256 of the token that opens `/admin/v1`; `None` closes it.
    pub admin_token: Option<docket_core::hash::Sha256>,
    /// Bounds on what comes in.
    pub limits: Limits,
    /// What inference costs.
    pub prices: PriceList,
    /// Which models nodes can be asked for.
    pub registry: RegistryTerms,
    /// How near the addresses may be to which webhooks are sent.
    pub webhooks_to: Reach,
    /// The simulated enclave, where one is served.
    pub enclave: Option<Arc<SimulatedEnclave>>,
}

/// Bounds on what comes in from outside.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The largest body of a request, in bytes.
    pub body: usize,
    /// The largest head of a request, in bytes.
    pub head: usize,
    /// How many connections may be open, workers included.
    pub connections: usize,
    /// How long a client may take to send the head of a request.
    pub head_within: Duration,
    /// The longest that a request may wait for an answer to a job.
    pub longest_wait: Duration,
    /// How often one address may ask, in requests a second; 0 is no limit. Behind a proxy all requests
    /// come from one address: there the proxy has to set the bound.
    pub rate_per_second: u32,
    /// How many requests one address may make at once before the rate counts.
    pub rate_burst: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body: 512 * 1024,
            head: 16 * 1024,
            connections: 20_000,
            head_within: Duration::from_secs(10),
            longest_wait: Duration::from_secs(60),
            rate_per_second: 200,
            rate_burst: 1_000,
        }
    }
}

impl App {
    /// The state over one market as it was just opened, whose log `key` signs. Fails if the log's name cannot be that of a key.
    pub fn new(engine: Arc<Engine>, settings: Settings, key: SigningKey) -> Result<Self, NoteError> {
        Ok(Self {
            attendance: Attendance::after_start(&engine),
            prompts: Kept::default(),
            beats: Beats::default(),
            feed: Feed::default(),
            signatures: Signatures::default(),
            room: Room::default(),
            checkpoints: Checkpoints::new(key, &settings.origin)?,
            checking: tokio::sync::Mutex::default(),
            request_ids: RequestIds::new(engine.entropy().number()),
            requests: Requests::over(crate::router::table().iter().map(|route| route.path)),
            limiter: Limiter::new(&settings.limits, engine.clock()),
            engine,
            settings,
        })
    }

    /// The asset in which this market's prices are counted.
    pub fn asset(&self) -> Asset {
        self.engine.ledger().asset()
    }
}
