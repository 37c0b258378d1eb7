//! Carries out effects: what a committed change asks to be done next, at least once.

use crate::RETRY;
use crate::engine::Engine;
use crate::finish::Errand;
use docket_core::effect::{Effect, EffectKind};
use docket_core::id::{JobId, Version};
use docket_core::time::Timestamp;
use futures::future::{Either, select};
use futures::stream::FuturesUnordered;
use futures::{FutureExt, StreamExt};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::Notify;

/// How many effects are under way at a time.
const AT_A_TIME: usize = 1_024;

/// What waits to be carried out. The stored states of the jobs say the same.
#[derive(Default)]
pub(crate) struct Outbox {
    waiting: Mutex<Waiting>,
    added: Notify,
}

#[derive(Default)]
struct Waiting {
    now: Vec<Effect>,
    /// Effects that a restart found, so that the worker who had the job is given time to come back,
    /// and those that failed.
    later: BTreeSet<(Timestamp, Effect)>,
    errands: Vec<Errand>,
    /// Somebody may have room for a job that waits.
    room: bool,
    /// Nobody carries anything out any more.
    ended: bool,
}

/// How many things wait.
#[derive(Clone, Copy)]
pub(crate) struct Backlog {
    pub(crate) now: usize,
    pub(crate) later: usize,
}

impl Outbox {
    fn waiting(&self) -> std::sync::MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds an effect that was just committed.
    pub(crate) fn add(&self, effect: Effect) {
        self.waiting().now.push(effect);
        self.added.notify_one();
    }

    /// Adds an effect that must wait.
    pub(crate) fn add_later(&self, effect: Effect, at: Timestamp) {
        self.waiting().later.insert((at, effect));
    }

    /// Takes over what its caller has left behind.
    pub(crate) fn adopt(&self, errand: Errand) {
        let mut waiting = self.waiting();
        if waiting.ended {
            drop(waiting); // The errand may leave others behind when it goes.
            return;
        }
        waiting.errands.push(errand);
        drop(waiting);
        self.added.notify_one();
    }

    /// Asks for the waiting jobs to be tried.
    pub(crate) fn look_for_room(&self) {
        self.waiting().room = true;
        self.added.notify_one();
    }

    fn take_room(&self) -> bool {
        std::mem::take(&mut self.waiting().room)
    }

    /// Takes all errands, and at most so many effects.
    fn take(&self, effects: usize) -> (Vec<Effect>, Vec<Errand>) {
        let mut waiting = self.waiting();
        let effects = effects.min(waiting.now.len());
        (waiting.now.drain(..effects).collect(), std::mem::take(&mut waiting.errands))
    }

    /// Moves what has waited long enough to the front.
    fn ripen(&self, now: Timestamp) {
        let mut waiting = self.waiting();
        while let Some(entry @ (at, effect)) = waiting.later.first().copied()
            && at <= now
        {
            waiting.later.remove(&entry);
            waiting.now.push(effect);
            self.added.notify_one();
        }
    }

    /// When the next effect that must wait is due.
    pub(crate) fn next(&self) -> Option<Timestamp> {
        self.waiting().later.first().map(|(at, _)| *at)
    }

    pub(crate) fn backlog(&self) -> Backlog {
        let waiting = self.waiting();
        Backlog { now: waiting.now.len() + waiting.errands.len(), later: waiting.later.len() }
    }

    fn begin(&self) -> Running<'_> {
        self.waiting().ended = false;
        Running(self)
    }
}

/// Somebody carries out what is added. Errands hold the engine, and so would keep it for ever afterwards.
struct Running<'a>(&'a Outbox);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        let errands = {
            let mut waiting = self.0.waiting();
            waiting.ended = true;
            std::mem::take(&mut waiting.errands)
        };
        drop(errands); // What these leave behind is not taken over any more.
    }
}

impl Engine {
    /// Lets effects that had to wait begin, and hooks have their turns; answers when the next one may.
    pub fn ripen_effects(&self) -> Option<Timestamp> {
        self.outbox.ripen(self.clock.now());
        [self.outbox.next(), self.post.ripen(self.clock.now())].into_iter().flatten().min()
    }

    async fn carry_out(&self, effect: Effect) {
        match effect.kind {
            EffectKind::Route => {
                if let Err(error) = self.route(effect.job, None).await {
                    tracing::warn!(job = effect.job.0, %error, "a job could not be routed; it is tried again");
                    self.route_later(effect.job);
                }
            }
        }
    }

    /// Routes a job once more after a while, because it failed for an outside reason.
    pub(crate) fn route_later(&self, job: JobId) {
        let version = self.store.open_job(job).map_or(Version::NONE, |job| job.version);
        let effect = Effect { job, version, kind: EffectKind::Route };
        self.outbox.add_later(effect, self.clock.now() + RETRY);
        self.timer.notify_one();
    }

    /// Somebody may have room: those who wait are tried again.
    pub(crate) fn offer_room(&self) {
        if self.roster.fleet().somebody_waits() {
            self.outbox.look_for_room();
        }
    }
}

/// Carries out effects as they come, until the task is dropped. Exactly one task runs this.
pub async fn run(engine: Arc<Engine>) {
    let outbox = &engine.outbox;
    let _running = outbox.begin();
    let mut under_way = FuturesUnordered::new();
    let mut placing = false;
    loop {
        let (effects, errands) = outbox.take(AT_A_TIME.saturating_sub(under_way.len()));
        for effect in effects {
            let engine = engine.clone();
            under_way.push(async move { engine.carry_out(effect).await }.map(|()| false).boxed());
        }
        under_way.extend(errands.into_iter().map(|errand| errand.map(|()| false).boxed()));
        if !placing && outbox.take_room() {
            let engine = engine.clone();
            under_way.push(async move { engine.place_waiting().await }.map(|()| true).boxed());
            placing = true;
        }
        if under_way.is_empty() {
            outbox.added.notified().await;
            continue;
        }
        let added = std::pin::pin!(outbox.added.notified());
        if let Either::Right((Some(placed), _)) = select(added, under_way.next()).await {
            placing &= !placed;
        }
    }
}
