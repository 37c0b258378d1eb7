//! Which hook is told something next: each has its turn, and no turn waits for another hook's.

use docket_core::hook::HookId;
use docket_core::time::{Millis, Timestamp};
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// How often what is old is forgotten.
const PRUNE_EVERY: Millis = Millis::hours(1);

/// Hooks that are to be told something.
#[derive(Default)]
pub(crate) struct Post {
    due: Mutex<Due>,
    /// Told when there may be something to take.
    pub(super) ripe: Notify,
}

/// What is to be done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Task {
    /// Tell a hook what it is to be told.
    Serve(HookId),
    /// Forget what is old.
    Prune,
}

#[derive(Default)]
struct Due {
    places: HashMap<HookId, Place>,
    later: BTreeSet<(Timestamp, HookId)>,
    /// Hooks whose turn it is, in the order in which it came.
    ready: VecDeque<HookId>,
    pruned: Option<Timestamp>,
    prune: bool,
}

/// Where a hook stands.
#[derive(Clone, Copy)]
enum Place {
    /// In `later`.
    At(Timestamp),
    /// In `ready`.
    Ready,
    /// In its turn; and when it is to have the next one, as far as was heard meanwhile.
    InTurn(Option<Timestamp>),
}

impl Post {
    fn due(&self) -> MutexGuard<'_, Due> {
        self.due.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives a hook a turn at an instant, if it has none before; `true` if somebody must wake then.
    pub(super) fn note(&self, hook: HookId, at: Timestamp, now: Timestamp) -> bool {
        let later = self.due().note(hook, at, now);
        if !later {
            self.ripe.notify_one();
        }
        later
    }

    /// Ends a turn.
    pub(super) fn end_turn(&self, hook: HookId, next: Option<Timestamp>, now: Timestamp) -> bool {
        let mut due = self.due();
        let heard = match due.places.remove(&hook) {
            Some(Place::InTurn(heard)) => heard,
            Some(Place::At(_) | Place::Ready) | None => None,
        };
        let next = [next, heard].into_iter().flatten().min();
        let later = next.is_some_and(|at| due.note(hook, at, now));
        drop(due);
        self.ripe.notify_one();
        later
    }

    /// Lets those begin whose time has come; answers when the next one's does.
    pub(crate) fn ripen(&self, now: Timestamp) -> Option<Timestamp> {
        let mut due = self.due();
        let mut ripe = false;
        while let Some((at, hook)) = due.later.first().copied().filter(|(at, _)| *at <= now) {
            due.later.remove(&(at, hook));
            due.places.insert(hook, Place::Ready);
            due.ready.push_back(hook);
            ripe = true;
        }
        if due.pruned.is_none_or(|pruned| now.since(pruned) >= PRUNE_EVERY) {
            (due.pruned, due.prune, ripe) = (Some(now), true, true);
        }
        if ripe {
            self.ripe.notify_one();
        }
        due.next()
    }

    /// When the next turn comes that has not come yet.
    pub(crate) fn next(&self) -> Option<Timestamp> {
        self.due().next()
    }

    /// What is to be done next, if anything is by now.
    pub(super) fn take(&self) -> Option<Task> {
        let mut due = self.due();
        if std::mem::take(&mut due.prune) {
            return Some(Task::Prune);
        }
        let hook = due.ready.pop_front()?;
        due.places.insert(hook, Place::InTurn(None));
        Some(Task::Serve(hook))
    }

    pub(super) fn waiting(&self) -> usize {
        self.due().places.len()
    }
}

impl Due {
    fn note(&mut self, hook: HookId, at: Timestamp, now: Timestamp) -> bool {
        match self.places.get_mut(&hook) {
            Some(Place::InTurn(heard)) => {
                *heard = Some(heard.map_or(at, |heard| heard.min(at)));
                return false;
            }
            Some(Place::Ready) => return false,
            Some(Place::At(known)) if *known <= at => return true,
            Some(Place::At(known)) => {
                let known = *known;
                self.later.remove(&(known, hook));
            }
            None => {}
        }
        if at <= now {
            self.places.insert(hook, Place::Ready);
            self.ready.push_back(hook);
            return false;
        }
        self.places.insert(hook, Place::At(at));
        self.later.insert((at, hook));
        true
    }

    fn next(&self) -> Option<Timestamp> {
        self.later.first().map(|(at, _)| *at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: HookId = HookId([1; 12]);
    const TWO: HookId = HookId([2; 12]);

    fn post() -> Post {
        let post = Post::default();
        post.ripen(Timestamp(0));
        assert_eq!(post.take(), Some(Task::Prune));
        post
    }

    #[test]
    fn turns_come_in_order_and_one_at_a_time() {
        let post = post();
        assert!(post.note(TWO, Timestamp(5), Timestamp(0)));
        assert!(post.note(ONE, Timestamp(9), Timestamp(0)));
        assert!(post.note(ONE, Timestamp(3), Timestamp(0)), "it comes earlier");
        assert!(post.note(ONE, Timestamp(7), Timestamp(0)), "and no later again");
        assert_eq!((post.next(), post.take()), (Some(Timestamp(3)), None));
        assert_eq!(post.ripen(Timestamp(5)), None);
        assert_eq!((post.take(), post.take()), (Some(Task::Serve(ONE)), Some(Task::Serve(TWO))));
        // While it has its turn there is no second one.
        assert!(!post.note(ONE, Timestamp(4), Timestamp(5)));
        assert_eq!((post.take(), post.waiting()), (None, 2));
        assert!(!post.end_turn(ONE, Some(Timestamp(100)), Timestamp(6)));
        assert!(!post.end_turn(TWO, None, Timestamp(6)));
        assert_eq!((post.take(), post.waiting()), (Some(Task::Serve(ONE)), 1));
        assert!(post.end_turn(ONE, Some(Timestamp(100)), Timestamp(6)));
        assert_eq!(post.next(), Some(Timestamp(100)));
    }

    #[test]
    fn what_is_old_is_forgotten_every_hour() {
        let post = post();
        post.ripen(Timestamp(PRUNE_EVERY.0 - 1));
        assert_eq!(post.take(), None);
        post.ripen(Timestamp(PRUNE_EVERY.0));
        assert_eq!((post.take(), post.take()), (Some(Task::Prune), None));
    }
}
