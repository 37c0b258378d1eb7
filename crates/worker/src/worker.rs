//! The worker over all its connections: connects, comes back, and leaves in order.

use crate::backoff::Backoff;
use crate::config::{Config, ConfigError, address};
use crate::connection::{ConnectError, connect};
use crate::event::{Event, Listener, hint};
use crate::jobs::Jobs;
use crate::load::Load;
use crate::registration::{in_words, register};
use crate::session::Ended;
use crate::work::Report;
use docket_protocol::frames::Register;
use docket_protocol::keys::SigningKey;
use reqwest::Url;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;

/// How long finished work may wait for its judgement once the worker has nothing else to do and wants to leave.
const JUDGED_WITHIN: Duration = Duration::from_secs(5);
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
    Box::pin(Worker::new(config, shutdown, Arc::new(listener))?.run()).await;
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
    pub(crate) register: Register,
    pub(crate) jobs: Jobs,
    pub(crate) reports: mpsc::Receiver<Report>,
    pub(crate) shutdown: CancellationToken,
    pub(crate) load: Load,
    listener: Listener,
    grace: Duration,
    leaving: Option<Leaving>,
    idle_after: Duration,
    idle: Idle,
    offered: Arc<str>,
    trouble: Option<(String, Instant)>,
}

/// When the worker stops to wait for what.
struct Leaving {
    hand_back_at: Instant,
    leave_at: Instant,
}

/// Since when there is no work, and when to say so next.
struct Idle {
    since: Instant,
    tell_at: Instant,
}

impl Worker {
    fn new(config: Config, shutdown: CancellationToken, listener: Listener) -> Result<Self, ConfigError> {
        let address = address(&config.coordinator)?;
        let register = register(&config)?;
        let concurrency = register.offer.as_ref().map_or(1, |offer| offer.concurrency);
        let offered = in_words(&config, concurrency).into();
        let key = Arc::new(config.key);
        let engines = Arc::new(config.engines);
        let (jobs, reports) =
            Jobs::new(key.clone(), engines, concurrency, config.accept, listener.clone());
        let now = Instant::now();
        Ok(Self {
            address,
            key,
            register,
            jobs,
            reports,
            shutdown,
            load: Load::default(),
            listener,
            grace: config.grace,
            leaving: None,
            idle_after: config.idle_after,
            idle: Idle { since: now, tell_at: now + config.idle_after },
            offered,
            trouble: None,
        })
    }

    async fn run(mut self) {
        let mut backoff = Backoff::new();
        loop {
            let register = Register { resume: self.jobs.resumable(), ..self.register.clone() };
            let (address, key) = (self.address.clone(), self.key.clone());
            let Some(connected) = self.meanwhile(connect(&address, &key, register)).await else { return };
            let wait = match connected {
                Ok((socket, ack)) => {
                    self.trouble = None;
                    let since = Instant::now();
                    let Ended::Lost(reason) = Box::pin(self.serve(socket, ack)).await else { return };
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

    /// Says why there is no connection, and gives the time until the next attempt.
    fn complain(&mut self, error: &ConnectError, backoff: &mut Backoff) -> Duration {
        let wait = backoff.next(!self.jobs.is_empty());
        let (event, wait) = match error {
            ConnectError::Refused(code) => {
                let final_word = matches!(
                    code.as_str(),
                    "worker.suspended" | "worker.proof_invalid" | "worker.proof_required" | "worker.invalid_key"
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
                Some(report) = self.reports.recv() => self.jobs.hear(report, now_ms()),
                () = self.shutdown.cancelled(), if !self.is_leaving() => self.begin_leaving(),
                () = sleep_until(wake) => {}
            }
            self.look_at_the_clock();
        }
    }

    pub(crate) fn is_leaving(&self) -> bool {
        self.leaving.is_some()
    }

    /// From now on nothing new is taken.
    pub(crate) fn begin_leaving(&mut self) {
        let hand_back_at = Instant::now() + self.grace;
        self.leaving = Some(Leaving { hand_back_at, leave_at: hand_back_at + JUDGED_WITHIN });
        self.jobs.set_open(false);
        self.tell(Event::Leaving { running: self.jobs.running() });
    }

    /// Whether the worker was told to stop and has nothing more to do, or no more time.
    pub(crate) fn may_leave(&self) -> bool {
        self.is_leaving() && (self.jobs.is_empty() || self.must_leave())
    }

    /// Whether there is no more time.
    pub(crate) fn must_leave(&self) -> bool {
        self.leaving.as_ref().is_some_and(|leaving| Instant::now() >= leaving.leave_at)
    }

    /// Idle time counts from here.
    pub(crate) fn begin_idle(&mut self) {
        let since = Instant::now();
        self.idle = Idle { since, tell_at: since + self.idle_after };
    }

    /// When to look at the clock next.
    pub(crate) fn wake(&self) -> Instant {
        let now = Instant::now();
        let due = self.jobs.next_due_ms().map(|due_ms| {
            let left_ms = due_ms.saturating_sub(now_ms()).max(0);
            now + Duration::from_millis(left_ms.unsigned_abs()).min(LONGEST_SLEEP)
        });
        let leaving = self.leaving.iter().flat_map(|leaving| [leaving.hand_back_at, leaving.leave_at]);
        let ahead = leaving.chain([self.idle.tell_at]).filter(|at| *at > now);
        due.into_iter().chain(ahead).min().unwrap_or(now + LONGEST_SLEEP).min(now + LONGEST_SLEEP)
    }

    /// Does what is due by now.
    pub(crate) fn look_at_the_clock(&mut self) {
        self.jobs.expire(now_ms());
        let now = Instant::now();
        if self.leaving.as_ref().is_some_and(|leaving| now >= leaving.hand_back_at) {
            self.jobs.hand_back();
        }
        if self.jobs.running() > 0 {
            self.begin_idle();
        } else if now >= self.idle.tell_at {
            let idle_for = now - self.idle.since;
            // Twice as long each time, so that a quiet night does not fill a log.
            self.idle.tell_at = now + idle_for;
            self.tell(Event::Idle { idle_for, offered: self.offered.clone() });
        }
    }

    pub(crate) fn tell(&self, event: Event) {
        (self.listener)(event);
    }
}
