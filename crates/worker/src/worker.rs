//! The worker over all its connections: connects, comes back, and leaves in order.

use crate::backoff::Backoff;
use crate::config::{Config, ConfigError, NodeIdentity, address};
use crate::connection::{ConnectError, connect};
use crate::event::{Event, Listener, hint};
use crate::jobs::Jobs;
use crate::load::Load;
use crate::registration::{in_words, register};
use crate::session::Ended;
use crate::timing::Timing;
use crate::work::Report;
use docket_protocol::frames::{NodeOffer, Register};
use docket_protocol::keys::SigningKey;
use reqwest::Url;
use std::future::Future;
use std::iter;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;

/// The wait after a refusal that will hardly be taken back.
const REFUSED_WAIT: Duration = Duration::from_secs(30);
/// The same trouble is told again only after so long.
const TOLD_EVERY: Duration = Duration::from_secs(30);
/// A connection that lasted so long was a good one.
const STABLE_AFTER: Duration = Duration::from_secs(10);
/// Wall clocks jump, so nothing sleeps for longer.
const LONGEST_SLEEP: Duration = Duration::from_secs(5);

/// Runs a worker until `shutdown` is cancelled and the worker has left in order: it takes nothing new, running jobs
/// may finish within the grace, the rest is handed back, and finished work is judged.
///
/// Trouble with the coordinator is told to `listener` and never ends the run. The listener must not block. Dropping
/// the future stops everything at once.
pub async fn run(
    config: Config,
    shutdown: CancellationToken,
    listener: impl Fn(Event) + Send + Sync + 'static,
) -> Result<(), ConfigError> {
    let mut worker = Worker::new(config, shutdown, Arc::new(listener))?;
    Box::pin(worker.run()).await;
    worker.jobs.abandon("the worker has stopped, and the coordinator had not judged it");
    Ok(())
}

/// Milliseconds since 1970 by this machine's clock.
pub(crate) fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// What outlives a connection.
pub(crate) struct Worker {
    address: Url,
    key: Arc<SigningKey>,
    node: Option<NodeIdentity>,
    pub(crate) register: Register,
    pub(crate) jobs: Jobs,
    pub(crate) reports: mpsc::Receiver<Report>,
    pub(crate) shutdown: CancellationToken,
    pub(crate) load: Load,
    listener: Listener,
    timing: Timing,
    offered: Arc<str>,
    trouble: Option<(String, Instant)>,
}

impl Worker {
    fn new(config: Config, shutdown: CancellationToken, listener: Listener) -> Result<Self, ConfigError> {
        let address = address(&config.coordinator)?;
        let register = register(&config)?;
        let concurrency = register.offer.as_ref().map_or(1, |offer| offer.concurrency);
        let offered = in_words(&config, concurrency).into();
        let key = Arc::new(config.key);
        let engines = Arc::new(config.engines);
        let (jobs, reports) = Jobs::new(key.clone(), engines, concurrency, config.accept, listener.clone());
        Ok(Self {
            address,
            key,
            node: config.node,
            register,
            jobs,
            reports,
            shutdown,
            load: Load::default(),
            listener,
            timing: Timing::new(config.grace, config.idle_after),
            offered,
            trouble: None,
        })
    }

    async fn run(&mut self) {
        let mut backoff = Backoff::new();
        loop {
            let register = Register {
                resume: self.jobs.resumable(),
                node: self.node_offer(now_ms()),
                ..self.register.clone()
            };
            let (address, key) = (self.address.clone(), self.key.clone());
            let connecting = Box::pin(connect(&address, &key, register));
            let Some(connected) = self.meanwhile(connecting).await else { return };
            let wait = match connected {
                Ok((socket, ack)) => {
                    self.trouble = None;
                    let since = Instant::now();
                    self.timing.set_connected(true, since);
                    let ended = Box::pin(self.serve(socket, ack)).await;
                    self.timing.set_connected(false, Instant::now());
                    let Ended::Lost(reason) = ended else { return };
                    if since.elapsed() >= STABLE_AFTER {
                        backoff = Backoff::new();
                    }
                    let retry_in = backoff.next(!self.jobs.is_empty());
                    self.tell(Event::Disconnected { reason, retry_in });
                    retry_in
                }
                Err(error) => self.complain(&error, &mut backoff),
            };
            if self.meanwhile(sleep(wait)).await.is_none() {
                return;
            }
        }
    }

    /// The wallet's word for this connection: an earlier one is soon too old.
    fn node_offer(&self, now_ms: i64) -> Option<NodeOffer> {
        let NodeIdentity { wallet, gpu_tier } = self.node.as_ref()?;
        Some(NodeOffer::sign(wallet, &self.key.public_key(), *gpu_tier, now_ms))
    }

    /// Says why there is no connection, and gives the time until the next attempt.
    fn complain(&mut self, error: &ConnectError, backoff: &mut Backoff) -> Duration {
        let wait = backoff.next(!self.jobs.is_empty());
        let (event, wait) = match error {
            ConnectError::Refused(code) => {
                let final_word = matches!(
                    code.as_str(),
                    "worker.suspended"
                        | "worker.proof_invalid"
                        | "worker.proof_required"
                        | "worker.invalid_key"
                        | "node.bad_signature"
                        | "node.unknown_tier"
                        | "enrolment.worker_taken"
                );
                let retry_in = if final_word { REFUSED_WAIT } else { wait };
                (Event::Refused { code: code.clone(), hint: hint(code), retry_in }, retry_in)
            }
            error => (Event::NotConnected { reason: error.to_string(), retry_in: wait }, wait),
        };
        let reason = error.to_string();
        let told = |(earlier, at): &(String, Instant)| *earlier == reason && at.elapsed() < TOLD_EVERY;
        if !self.trouble.as_ref().is_some_and(told) {
            self.trouble = Some((reason, Instant::now()));
            self.tell(event);
        }
        wait
    }

    /// Waits for something without a connection, while jobs go on. `None` when it is time to leave.
    async fn meanwhile<T>(&mut self, something: impl Future<Output = T>) -> Option<T> {
        let mut something = pin!(something);
        loop {
            if self.may_leave() {
                return None;
            }
            let wake = self.wake();
            tokio::select! {
                result = &mut something => return Some(result),
                Some(report) = self.reports.recv() => {
                    self.hear_all(report);
                    self.jobs.report();
                }
                () = self.shutdown.cancelled(), if !self.is_leaving() => self.begin_leaving(),
                () = sleep_until(wake) => {}
            }
            self.look_at_the_clock();
        }
    }

    /// Takes in a report, and with it those that are there already, so that what is ready together is sent together.
    pub(crate) fn hear_all(&mut self, first: Report) {
        let more = self.reports.len(); // Those that come meanwhile have their turn later.
        let reports = iter::once(first).chain(iter::from_fn(|| self.reports.try_recv().ok()).take(more));
        for report in reports {
            self.jobs.hear(report, now_ms());
        }
    }

    pub(crate) fn is_leaving(&self) -> bool {
        self.timing.is_leaving()
    }

    /// From now on nothing new is taken.
    pub(crate) fn begin_leaving(&mut self) {
        self.timing.leave(Instant::now());
        self.jobs.set_open(false);
        self.tell(Event::Leaving { running: self.jobs.running() });
    }

    /// Whether the worker was told to stop and has nothing more to do, or no more time.
    pub(crate) fn may_leave(&self) -> bool {
        self.is_leaving() && (self.jobs.is_empty() || self.must_leave())
    }

    /// Whether there is no more time.
    pub(crate) fn must_leave(&self) -> bool {
        self.timing.must_leave(Instant::now())
    }

    /// When to look at the clock next.
    pub(crate) fn wake(&self) -> Instant {
        let now = Instant::now();
        let due = self.jobs.next_due_ms().map(|due_ms| {
            let left_ms = due_ms.saturating_sub(now_ms()).max(0);
            now + Duration::from_millis(left_ms.unsigned_abs()).min(LONGEST_SLEEP)
        });
        let latest = now + LONGEST_SLEEP;
        due.into_iter().chain(self.timing.next(now)).fold(latest, Instant::min)
    }

    /// Does what is due by now.
    pub(crate) fn look_at_the_clock(&mut self) {
        let now = Instant::now();
        self.jobs.expire(now_ms());
        if self.timing.must_hand_back(now) {
            self.jobs.hand_back();
        }
        if let Some(idle_for) = self.timing.note(self.jobs.running(), now) {
            self.tell(Event::Idle { idle_for, offered: self.offered.clone() });
        }
    }

    pub(crate) fn tell(&self, event: Event) {
        (self.listener)(event);
    }
}
