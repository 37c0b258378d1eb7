//! What waits to be written to the socket.

use crate::connection::Socket;
use futures::SinkExt;
use futures::stream::SplitSink;
use std::collections::VecDeque;
use std::future::poll_fn;
use std::time::Duration;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::{self, Message};

/// Beyond so many waiting frames, jobs keep what they have to say.
const ROOM: usize = 32;
/// How long the other side may take to answer a goodbye.
const CLOSE_WITHIN: Duration = Duration::from_secs(1);

/// A queue in front of a socket, so that reading never waits for writing.
pub(crate) struct Outbox {
    sink: SplitSink<Socket, Message>,
    waiting: VecDeque<Message>,
    unflushed: bool,
}

impl Outbox {
    pub(crate) fn new(sink: SplitSink<Socket, Message>) -> Self {
        Self { sink, waiting: VecDeque::new(), unflushed: false }
    }

    /// How many more should be put in.
    pub(crate) fn room(&self) -> usize {
        ROOM.saturating_sub(self.waiting.len())
    }

    /// Whether all has been handed to the system.
    pub(crate) fn is_idle(&self) -> bool {
        self.waiting.is_empty() && !self.unflushed
    }

    pub(crate) fn push(&mut self, frame: String) {
        self.waiting.push_back(Message::text(frame));
    }

    /// Writes all that waits, together. May be dropped at any point without losing or repeating a frame.
    pub(crate) async fn write(&mut self) -> Result<(), tungstenite::Error> {
        while !self.waiting.is_empty() {
            poll_fn(|context| self.sink.poll_ready_unpin(context)).await?;
            if let Some(message) = self.waiting.pop_front() {
                self.unflushed = true;
                self.sink.start_send_unpin(message)?;
            }
        }
        self.sink.flush().await?;
        self.unflushed = false;
        Ok(())
    }

    /// Says goodbye.
    pub(crate) async fn close(mut self) {
        timeout(CLOSE_WITHIN, self.sink.close()).await.ok(); // it ends either way
    }
}
