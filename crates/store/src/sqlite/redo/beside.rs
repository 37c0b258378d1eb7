//! Work that the disk does while its owner goes on.

use std::io::{Error, Result};
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::thread;

type Task = Box<dyn FnOnce() -> Result<()> + Send>;

/// A thread that does one thing at a time, and says how it went.
pub(super) struct Beside {
    tasks: Sender<Task>,
    done: Receiver<Result<()>>,
    begun: bool,
}

impl Beside {
    /// Starts the thread, which ends with its owner.
    pub(super) fn start(name: &str) -> Result<Self> {
        let (tasks, todo) = channel::<Task>();
        let (answers, done) = channel();
        thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || while todo.recv().is_ok_and(|task| answers.send(task()).is_ok()) {})?;
        Ok(Self { tasks, done, begun: false })
    }

    /// Begins something; what was begun before has been waited for.
    pub(super) fn begin(&mut self, task: impl FnOnce() -> Result<()> + Send + 'static) -> Result<()> {
        debug_assert!(!self.begun);
        self.tasks.send(Box::new(task)).map_err(|_| gone())?;
        self.begun = true;
        Ok(())
    }

    /// Whether something was begun that nobody has waited for.
    pub(super) const fn is_begun(&self) -> bool {
        self.begun
    }

    /// Whether what was begun has just ended.
    pub(super) fn poll(&mut self) -> Result<bool> {
        if !self.begun {
            return Ok(false);
        }
        match self.done.try_recv() {
            Ok(ended) => {
                self.begun = false;
                ended.map(|()| true)
            }
            Err(TryRecvError::Empty) => Ok(false),
            Err(TryRecvError::Disconnected) => Err(gone()),
        }
    }

    /// Waits for what was begun, if anything.
    pub(super) fn finish(&mut self) -> Result<()> {
        match std::mem::take(&mut self.begun) {
            true => self.done.recv().map_err(|_| gone())?,
            false => Ok(()),
        }
    }
}

fn gone() -> Error {
    Error::other("the thread that syncs is gone")
}
