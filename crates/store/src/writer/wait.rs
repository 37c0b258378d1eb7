//! A thread that waits for what comes, but not longer than it likes.

use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;
use tokio::sync::mpsc;

/// What came.
pub(super) enum Next<T> {
    Request(T),
    /// Nothing, for some time.
    Nothing,
    /// Nothing, and nothing will.
    Closed,
}

impl<T> Next<T> {
    pub(super) fn of(received: Option<T>) -> Self {
        received.map_or(Self::Closed, Self::Request)
    }
}

struct Sleeper(Thread);

impl Wake for Sleeper {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// What comes next, if it comes within the time or little more. It may also be given up early.
pub(super) fn next<T>(queue: &mut mpsc::Receiver<T>, patience: Duration) -> Next<T> {
    let waker = Waker::from(Arc::new(Sleeper(thread::current())));
    let mut context = Context::from_waker(&waker);
    if let Poll::Ready(received) = queue.poll_recv(&mut context) {
        return Next::of(received);
    }
    thread::park_timeout(patience);
    match queue.poll_recv(&mut context) {
        Poll::Ready(received) => Next::of(received),
        Poll::Pending => Next::Nothing,
    }
}
