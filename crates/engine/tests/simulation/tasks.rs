//! An executor on one thread that polls in an order of chance, and drops tasks where it is told to.

use super::dice::Dice;
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Wake, Waker};

/// Tasks that are under way.
#[derive(Default)]
pub(crate) struct Tasks {
    tasks: BTreeMap<u64, Task>,
    spawned: u64,
}

struct Task {
    what: String,
    /// Whether somebody may hang up on it.
    fragile: bool,
    woken: Arc<Woken>,
    work: Pin<Box<dyn Future<Output = ()>>>,
}

struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Tasks {
    /// Begins something that nobody interrupts.
    pub(crate) fn spawn(&mut self, what: String, work: impl Future<Output = ()> + 'static) {
        self.add(what, false, Box::pin(work));
    }

    /// Begins something for a caller who may hang up.
    pub(crate) fn spawn_fragile(&mut self, what: String, work: impl Future<Output = ()> + 'static) {
        self.add(what, true, Box::pin(work));
    }

    fn add(&mut self, what: String, fragile: bool, work: Pin<Box<dyn Future<Output = ()>>>) {
        self.spawned += 1;
        let woken = Arc::new(Woken(AtomicBool::new(true)));
        self.tasks.insert(self.spawned, Task { what, fragile, woken, work });
    }

    /// Polls one task that was woken; `false` if there is none.
    pub(crate) fn poll_one(&mut self, dice: &mut Dice) -> bool {
        let woken = |task: &Task| task.woken.0.load(Ordering::Relaxed);
        let ready: Vec<u64> = self.tasks.iter().filter(|(_, task)| woken(task)).map(|(id, _)| *id).collect();
        if ready.is_empty() {
            return false;
        }
        let id = *dice.pick(&ready);
        let task = self.tasks.get_mut(&id).expect("it was found just now");
        task.woken.0.store(false, Ordering::Relaxed);
        let waker = Waker::from(task.woken.clone());
        if task.work.as_mut().poll(&mut Context::from_waker(&waker)).is_ready() {
            self.tasks.remove(&id);
        }
        true
    }

    /// A caller hangs up; answers on what.
    pub(crate) fn hang_up(&mut self, dice: &mut Dice) -> Option<String> {
        let fragile: Vec<u64> = self.tasks.iter().filter(|(_, task)| task.fragile).map(|(id, _)| *id).collect();
        let id = (!fragile.is_empty()).then(|| *dice.pick(&fragile))?;
        self.tasks.remove(&id).map(|task| task.what)
    }

    /// What is under way.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.tasks.values().map(|task| task.what.as_str())
    }
}
