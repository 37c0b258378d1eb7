//! An executor on one thread that polls in an order of chance, and drops tasks where it is told to.

use super::dice::Dice;
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Wake, Waker};

/// Tasks that are under way.
pub(crate) struct Tasks {
    dice: Dice,
    tasks: BTreeMap<u64, Task>,
    spawned: u64,
    /// Looks at what has come of each step of a task, which it is told.
    watcher: Option<Watcher>,
}

/// Somebody who looks.
pub(crate) type Watcher = Box<dyn FnMut(&str)>;

struct Task {
    what: String,
    /// It is seldom its turn, so that much happens in between.
    lazy: bool,
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
    pub(crate) fn seeded(seed: u64) -> Self {
        Self { dice: Dice::seeded(seed), tasks: BTreeMap::new(), spawned: 0, watcher: None }
    }

    /// Has somebody look at everything that happens.
    pub(crate) fn watch(&mut self, watcher: Watcher) {
        self.watcher = Some(watcher);
    }

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
        let lazy = self.dice.percent(15);
        self.tasks.insert(self.spawned, Task { what, lazy, fragile, woken, work });
    }

    /// Polls one task that was woken, if it is not too lazy.
    pub(crate) fn poll_some(&mut self) {
        let lazy_too = self.dice.percent(5);
        self.poll(|task| lazy_too || !task.lazy);
    }

    /// Polls one task that was woken; `false` if there is none.
    pub(crate) fn poll_any(&mut self) -> bool {
        self.poll(|_| true)
    }

    fn poll(&mut self, may: impl Fn(&Task) -> bool) -> bool {
        let woken = |task: &Task| task.woken.0.load(Ordering::Relaxed) && may(task);
        let ready: Vec<u64> = self.tasks.iter().filter(|(_, task)| woken(task)).map(|(id, _)| *id).collect();
        if ready.is_empty() {
            return false;
        }
        let id = *self.dice.pick(&ready);
        let task = self.tasks.get_mut(&id).expect("it was found just now");
        task.woken.0.store(false, Ordering::Relaxed);
        let waker = Waker::from(task.woken.clone());
        let ready = task.work.as_mut().poll(&mut Context::from_waker(&waker)).is_ready();
        if let Some(watcher) = &mut self.watcher {
            watcher(&task.what);
        }
        if ready {
            self.tasks.remove(&id);
        }
        true
    }

    /// A caller hangs up; answers on what.
    pub(crate) fn hang_up(&mut self) -> Option<String> {
        let fragile: Vec<u64> =
            self.tasks.iter().filter(|(_, task)| task.fragile).map(|(id, _)| *id).collect();
        let id = (!fragile.is_empty()).then(|| *self.dice.pick(&fragile))?;
        self.tasks.remove(&id).map(|task| task.what)
    }

    /// The same, on something that is called so; answers on what.
    pub(crate) fn hang_up_on(&mut self, prefix: &str) -> Option<String> {
        let called = |task: &Task| task.fragile && task.what.starts_with(prefix);
        let tasks: Vec<u64> = self.tasks.iter().filter(|(_, task)| called(task)).map(|(id, _)| *id).collect();
        let id = (!tasks.is_empty()).then(|| *self.dice.pick(&tasks))?;
        self.tasks.remove(&id).map(|task| task.what)
    }

    /// What is under way.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.tasks.values().map(|task| task.what.as_str())
    }
}
