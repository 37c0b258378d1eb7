//! What has begun is finished, even if whoever asked for it goes away.

use crate::engine::Engine;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

/// Work that its caller has left behind.
pub(crate) type Errand = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Work that runs in its caller's task as long as the caller stays, and in the outbox's after that.
///
/// A client may hang up at any instant, and his request is dropped wherever it waits. What it has begun
/// must not stop there: a job that is on disk needs its deadline and its worker.
pub(crate) struct Begun<F: Future + Send + 'static> {
    work: Option<Pin<Box<F>>>,
    engine: Arc<Engine>,
}

impl Engine {
    /// Begins work that must come to its end.
    pub(crate) fn begin<F: Future + Send + 'static>(&self, work: impl FnOnce(Arc<Self>) -> F) -> Begun<F> {
        let engine = self.me.upgrade().expect("an engine is only ever made inside an Arc");
        Begun { work: Some(Box::pin(work(engine.clone()))), engine }
    }
}

impl<F: Future + Send + 'static> Future for Begun<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let work = self.work.as_mut().expect("a future is not polled after its end");
        let result = work.as_mut().poll(context);
        if result.is_ready() {
            self.work = None;
        }
        result
    }
}

impl<F: Future + Send + 'static> Drop for Begun<F> {
    fn drop(&mut self) {
        if let Some(work) = self.work.take() {
            self.engine.outbox.adopt(Box::pin(async move {
                work.await; // Nobody waits for the result any more.
            }));
        }
    }
}
