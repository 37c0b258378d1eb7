//! Hooks of accounts: what they are told, by whom they are heard, and that nothing is lost.

use super::Found;
use super::coordinator::Coordinator;
use super::dice::Dice;
use super::disk::let_others_go_first;
use super::market::Market;
use super::orders::{CLIENTS, client};
use super::promises::all_jobs;
use super::reports::Report;
use docket_core::hook::{
    DAY, DeliveryState, EventId, Hook, HookSecret, HookStatus, Occasion, Outcome, PAUSES, Trouble,
};
use docket_core::id::Dialect;
use docket_core::time::{Millis, Timestamp};
use docket_engine::NewHook;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;

/// So many hooks are made in one market.
const MOST: usize = 6;
/// So often hooks may have a turn before all must have been told.
const TURNS: usize = 2_000;

/// What somebody is like who is told.
const EARS: [&str; 5] = ["good", "good", "flaky", "deaf", "gone"];

/// The other side of all hooks.
#[derive(Clone)]
pub(crate) struct Mailbox(Rc<RefCell<Ears>>);

struct Ears {
    dice: Dice,
    /// How often an event arrived, and how often it was heard.
    arrived: BTreeMap<EventId, (u32, u32)>,
}

/// The hooks of which their accounts know, and since when.
pub(crate) type Hooks = Vec<(Hook, Timestamp)>;

impl Mailbox {
    pub(crate) fn seeded(seed: u64) -> Self {
        Self(Rc::new(RefCell::new(Ears { dice: Dice::seeded(seed), arrived: BTreeMap::new() })))
    }

    /// One attempt, which takes a while. What was heard was heard, whether or not the coordinator learns of it.
    pub(crate) async fn tell(self, hook: Arc<Hook>, event: EventId) -> Option<Outcome> {
        let waits = self.0.borrow_mut().dice.below(4);
        for _ in 0..waits {
            let_others_go_first().await;
        }
        let outcome = self.0.borrow_mut().hear(&hook, event);
        let waits = self.0.borrow_mut().dice.below(4);
        for _ in 0..waits {
            let_others_go_first().await;
        }
        outcome
    }

    /// How often an event arrived, and how often it was heard.
    fn arrived(&self, event: EventId) -> (u32, u32) {
        self.0.borrow().arrived.get(&event).copied().unwrap_or_default()
    }
}

impl Ears {
    fn hear(&mut self, hook: &Hook, event: EventId) -> Option<Outcome> {
        let outcome = match (&*hook.url, self.dice.below(100)) {
            (_, 0..2) => return None,
            ("deaf", roll) => {
                *[Outcome::Answered(500), Outcome::Unheard(Trouble::TimedOut)].get(usize::from(roll < 50))?
            }
            ("flaky", 2..40) => Outcome::Unheard(Trouble::Connection),
            ("gone", 2..20) => Outcome::Answered(410),
            _ => Outcome::Answered(200),
        };
        let (arrived, heard) = self.arrived.entry(event).or_default();
        *arrived += 1;
        *heard += u32::from(outcome == Outcome::Answered(200));
        Some(outcome)
    }
}

impl Market {
    /// An account wants to be told of what happens to its jobs.
    pub(super) fn make_hook(&mut self) {
        if self.hooks.len() >= MOST {
            return;
        }
        let few = [Occasion::Submitted, Occasion::Completed, Occasion::Ruled];
        let occasions: BTreeSet<Occasion> =
            if self.dice.percent(50) { few.into() } else { Occasion::ALL.into() };
        let new = NewHook {
            dialect: Dialect::Credits,
            client: client(self.dice.below(CLIENTS)),
            url: (*self.dice.pick(&EARS)).into(),
            occasions,
            secret: Some(HookSecret("a secret of sixteen bytes".into())),
            key: None,
        };
        let (engine, reports) = (self.coordinator.engine.clone(), self.reports.clone());
        self.coordinator.tasks.spawn_fragile(format!("a hook for {:?}", new.client), async move {
            let result = engine.create_hook(new).await;
            reports.add(Report::HookMade(result));
        });
    }

    /// An account wants to be told nothing more.
    pub(super) fn delete_hook(&mut self) {
        if self.hooks.is_empty() {
            return;
        }
        let (Hook { client, id, .. }, _) = self.dice.pick(&self.hooks).clone();
        let (engine, reports) = (self.coordinator.engine.clone(), self.reports.clone());
        let what = format!("deleting the hook {id:?}");
        self.coordinator.tasks.spawn_fragile(what.clone(), async move {
            let result = engine.delete_hook(&client, id).await.map(|_| ());
            reports.add(Report::Did(what, result));
        });
    }

    /// Nobody does anything any more, and time goes on until hooks have been told everything, or for a day in vain.
    pub(super) fn tell_the_rest(&mut self) -> Found {
        self.send_workers_home();
        for _ in 0..TURNS {
            self.settle()?;
            if self.coordinator.engine.waiting_hooks() == 0 {
                return self.check_mail();
            }
            if self.dice.percent(2) {
                self.crash()?;
            }
            let next = self.coordinator.engine.next_deadline();
            let span = next.map_or(1_000, |next| next.since(self.now()).0.max(1));
            self.clock.advance(Millis(span));
            self.trace.line(format_args!("{} ms", self.elapsed()));
        }
        Err(format!("after {} ms there are still hooks to be told something", self.elapsed()))
    }

    /// Whatever a hook was to be told was heard at least once, or given up after a day.
    fn check_mail(&mut self) -> Found {
        let mut sights = BTreeSet::new();
        for (hook, since) in &self.hooks {
            // Of a hook that was deleted nobody keeps anything.
            let Some(now) = self.coordinator.read(|reader| reader.hook(hook.id)) else { continue };
            for (event, what) in due(&self.coordinator, hook, *since) {
                let row = self.coordinator.read(|reader| reader.delivery(event));
                let Some(row) = row else {
                    if now.status == HookStatus::Active {
                        return Err(format!("{what} was never written down for the hook {:?}", hook.id));
                    }
                    continue; // It happened after the hook had said that it is gone.
                };
                let delivery = row.delivery;
                let (arrived, heard) = self.mailbox.arrived(event);
                let last = delivery.attempts.checked_sub(1).and_then(|last| PAUSES.get(last as usize));
                let wrong = match delivery.state {
                    DeliveryState::Delivered(_) => (heard == 0).then_some("was heard by nobody"),
                    DeliveryState::Failed(_) if now.status == HookStatus::Disabled => None,
                    DeliveryState::Failed(at) => {
                        let too_soon = last.is_some_and(|pause| (at + *pause).since(delivery.since) <= DAY);
                        too_soon.then_some("was given up too soon")
                    }
                    DeliveryState::Waiting(_) => Some("waits, and nobody knows of it"),
                    DeliveryState::Forgotten => Some("is forgotten"),
                };
                if let Some(wrong) = wrong {
                    return Err(format!("{what} for the hook {:?} {wrong}: {delivery:?}", hook.id));
                }
                match delivery.state {
                    DeliveryState::Failed(_) => sights.insert("a hook that heard nothing for a day"),
                    _ if arrived > heard => sights.insert("a hook that heard after a failure"),
                    _ if heard > 1 => sights.insert("a hook that heard twice"),
                    _ => sights.insert("a hook that heard at once"),
                };
            }
        }
        sights.into_iter().for_each(|sight| self.sight(sight));
        Ok(())
    }
}

/// What a hook must have been told, if its account knows of it since an instant: that a worker has begun only memory
/// knows.
fn due(coordinator: &Coordinator, hook: &Hook, since: Timestamp) -> Vec<(EventId, String)> {
    let mut due = Vec::new();
    for job in all_jobs(coordinator) {
        if job.key.is_none() || job.client != hook.client {
            continue;
        }
        for row in coordinator.read(|reader| reader.journal(job.id)) {
            let occasion = match row.event.as_str() {
                "funded" => Occasion::Submitted,
                "settled" | "completed" => Occasion::Completed,
                "failed" | "rejected" => Occasion::Failed,
                "refunded" | "expired" => Occasion::TimedOut,
                "cancelled" => Occasion::Cancelled,
                "disputed" => Occasion::Disputed,
                "ruled" => Occasion::Ruled,
                _ => continue,
            };
            if row.at > since && hook.occasions.contains(&occasion) {
                let what = format!("that {} is {}", job.public_id.text, row.event);
                due.push((EventId::of(hook.id, &job.public_id, occasion), what));
            }
        }
    }
    due
}
