//! Tells hooks what has happened: whose turn it is, one turn, and what becomes of it. How something is sent is its
//! caller's matter.

mod due;
mod turn;

pub(crate) use due::Post;

use crate::engine::Engine;
use crate::error::EngineError;
use docket_core::change::{Change, Record};
use docket_core::event::Event;
use docket_core::hook::{Delivery, Hook, HookId, Occasion, Outcome};
use docket_core::id::Version;
use docket_core::job::Job;
use docket_core::time::{Millis, Timestamp};
use docket_store::{CommitError, Documents};
use due::Task;
use futures::StreamExt;
use futures::future::select;
use futures::stream::FuturesUnordered;
use std::sync::Arc;

/// How many hooks are told something at a time. One that is slow holds up only itself.
const AT_A_TIME: usize = 128;
/// How long it is kept what has become of a delivery.
const KEPT_FOR: Millis = Millis::hours(7 * 24);

/// Tells hooks what is due, as it becomes due, until the task is dropped. Exactly one task runs this.
///
/// `send` makes one attempt; `None` says that nothing could be sent for a reason of our own, so that it is no attempt.
pub async fn run<S, F>(engine: Arc<Engine>, send: S)
where
    S: Fn(Arc<Hook>, Arc<Delivery>) -> F,
    F: Future<Output = Option<Outcome>>,
{
    let mut under_way = FuturesUnordered::new();
    loop {
        while under_way.len() < AT_A_TIME
            && let Some(task) = engine.post.take()
        {
            let (engine, send) = (&engine, &send);
            under_way.push(async move {
                match task {
                    Task::Serve(hook) => engine.serve_hook(hook, send).await,
                    Task::Prune => engine.prune_deliveries().await,
                }
            });
        }
        if under_way.is_empty() {
            engine.post.ripe.notified().await;
            continue;
        }
        // Whichever comes first, everything is looked at anew.
        let added = std::pin::pin!(engine.post.ripe.notified());
        select(added, under_way.next()).await;
    }
}

impl Engine {
    /// How many hooks are to be told something, now or later.
    pub fn waiting_hooks(&self) -> usize {
        self.post.waiting()
    }

    /// Notes that a hook is to be told something at an instant.
    pub(crate) fn post_at(&self, hook: HookId, at: Timestamp) {
        if self.post.note(hook, at, self.clock.now()) {
            self.timer.notify_one();
        }
    }

    /// Takes up what was to be told when the last process ended.
    pub(crate) async fn recover_post(&self) -> Result<(), EngineError> {
        for (hook, at) in self.store.waiting_hooks().await? {
            self.post_at(hook, at);
        }
        Ok(())
    }

    /// Tells hooks that a worker has begun. Only memory knows of that, so it is written down in a change of its own, and
    /// a crash before it loses it; whoever begins next is told of then.
    pub(crate) fn announce(&self, event: &Event, job: &Job) {
        let (Event::Accepted { worker, .. }, Some(_)) = (event, job.key) else { return };
        let listening = |hooks: &[Hook]| hooks.iter().any(|hook| hook.wants(Occasion::Began));
        if self.store.known_hooks(&job.client).is_some_and(|hooks| !listening(&hooks)) {
            return;
        }
        let Some(engine) = self.me.upgrade() else { return };
        let (client, name, at) = (job.client.clone(), job.public_id.clone(), self.clock.now());
        let worker: Arc<str> = worker.to_string().into();
        self.outbox.adopt(Box::pin(async move {
            let told = async {
                for hook in engine.store.hooks(&client).await?.iter() {
                    if hook.wants(Occasion::Began) {
                        let began = Delivery::of(hook, &name, Occasion::Began, worker.clone(), at);
                        engine.tell(began).await?;
                    }
                }
                Ok::<_, EngineError>(())
            };
            if let Err(error) = told.await {
                tracing::warn!(job = %name.text, %error, "nobody is told that a worker has begun");
            }
        }));
    }

    /// Writes down something to be told, unless that was done before.
    pub(crate) async fn tell(&self, delivery: Delivery) -> Result<(), EngineError> {
        let (hook, at) = (delivery.hook, delivery.at);
        let change = Change::of_record(Version::NONE, Record::Delivery(delivery), at);
        match self.commit(change, Documents::default()).await {
            Ok(_) => self.post_at(hook, at),
            Err(CommitError::Conflict) => {}
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    /// Forgets what ended long ago.
    async fn prune_deliveries(&self) {
        let before = Timestamp(self.clock.now().0.saturating_sub(KEPT_FOR.0));
        let pruned = async {
            loop {
                let ended = self.store.ended_deliveries(before).await?;
                if ended.is_empty() {
                    return Ok::<_, EngineError>(());
                }
                self.forget(&ended).await?;
            }
        };
        if let Err(error) = pruned.await {
            tracing::warn!(%error, "old deliveries are not forgotten yet");
        }
    }
}
