//! Carries out effects: what a committed change asks to be done next, at least once.

use crate::engine::Engine;
use docket_core::effect::{Effect, EffectKind};
use docket_core::time::Timestamp;
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::Notify;

/// How many effects are under way at a time.
const AT_A_TIME: usize = 1_024;

/// Effects that wait to be carried out. What stands here also stands in the store.
#[derive(Default)]
pub(crate) struct Outbox {
    waiting: Mutex<Waiting>,
    added: Notify,
}

#[derive(Default)]
struct Waiting {
    now: Vec<Effect>,
    /// Effects that a restart found: the worker who had the job is given time to come back.
    later: BTreeSet<(Timestamp, Effect)>,
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

    fn take(&self) -> Vec<Effect> {
        std::mem::take(&mut self.waiting().now)
    }

    /// Moves what has waited long enough to the front; answers when the next is due.
    fn ripen(&self, now: Timestamp) -> Option<Timestamp> {
        let mut waiting = self.waiting();
        while let Some(entry @ (at, effect)) = waiting.later.first().copied()
            && at <= now
        {
            waiting.later.remove(&entry);
            waiting.now.push(effect);
            self.added.notify_one();
        }
        waiting.later.first().map(|(at, _)| *at)
    }
}

impl Engine {
    /// Lets effects that had to wait begin; answers when the next one may.
    pub fn ripen_effects(&self) -> Option<Timestamp> {
        self.outbox.ripen(self.clock.now())
    }

    async fn carry_out(&self, effect: Effect) {
        match effect.kind {
            EffectKind::Route => {
                if let Err(error) = self.route(effect.job, None).await {
                    tracing::warn!(job = effect.job.0, %error, "a job could not be routed; its deadline stands");
                }
            }
        }
    }
}

/// Carries out effects as they come, until the task is dropped.
pub async fn run(engine: Arc<Engine>) {
    let mut under_way = FuturesUnordered::new();
    loop {
        for effect in engine.outbox.take() {
            let engine = engine.clone();
            under_way.push(async move { engine.carry_out(effect).await });
            while under_way.len() >= AT_A_TIME {
                under_way.next().await;
            }
        }
        if under_way.is_empty() {
            engine.outbox.added.notified().await;
        } else {
            let added = std::pin::pin!(engine.outbox.added.notified());
            futures::future::select(added, under_way.next()).await;
        }
    }
}
