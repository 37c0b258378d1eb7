//! A worker that a test starts, and what it tells.

use crate::coordinator::soon;
use docket_protocol::keys::SigningKey;
use docket_worker::engine::tasks::Tasks;
use docket_worker::engine::{Engine, Engines};
use docket_worker::{Config, ConfigError, Event, run};
use std::sync::Arc;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub(crate) struct Player {
    events: mpsc::UnboundedReceiver<Event>,
    pub(crate) shutdown: CancellationToken,
    task: JoinHandle<Result<(), ConfigError>>,
}

/// A worker for the built-in tasks and whatever else a test needs.
pub(crate) fn config(url: String, more: Vec<Arc<dyn Engine>>) -> Config {
    let mut engines: Vec<Arc<dyn Engine>> = vec![Arc::new(Tasks)];
    engines.extend(more);
    let mut config = Config::new(url, SigningKey::from_seed(&[7; 32]), Engines::new(engines).unwrap());
    config.concurrency = Some(2);
    config
}

impl Player {
    pub(crate) fn start(config: Config) -> Self {
        let (sender, events) = mpsc::unbounded_channel();
        let shutdown = CancellationToken::new();
        let listener = move |event| {
            sender.send(event).ok();
        };
        let task = tokio::spawn(run(config, shutdown.clone(), listener));
        Self { events, shutdown, task }
    }

    /// The next event that fits; others are passed over.
    pub(crate) async fn event(&mut self, what: &str, fits: impl Fn(&Event) -> bool) -> Event {
        soon(what, async {
            loop {
                let event = self.events.recv().await.unwrap();
                if fits(&event) {
                    return event;
                }
            }
        })
        .await
    }

    /// Waits until the worker has left.
    pub(crate) async fn has_left(self) {
        soon("the worker to leave", self.task).await.unwrap().unwrap();
    }

    pub(crate) fn is_running(&self) -> bool {
        !self.task.is_finished()
    }
}
