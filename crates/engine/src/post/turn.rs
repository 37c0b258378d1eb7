//! One turn of one hook: what is due is sent, and what came of it is written down.

use crate::engine::Engine;
use crate::error::EngineError;
use docket_core::change::{Change, Record, RecordChange};
use docket_core::hook::{Delivery, Hook, HookId, HookStatus, Outcome, Trouble};
use docket_core::time::Millis;
use docket_store::{CommitError, Documents};
use futures::future::join_all;
use std::collections::BTreeMap;
use std::sync::Arc;

/// How many deliveries one turn makes at most, so that other hooks have theirs.
const A_TURN: u32 = 16;
/// How long a hook rests after a fault of ours.
const REST: Millis = Millis::seconds(5);

impl Engine {
    /// Gives a hook its turn. Deliveries about one job go one after another, others at once.
    pub(super) async fn serve_hook<S, F>(&self, id: HookId, send: &S)
    where
        S: Fn(Arc<Hook>, Arc<Delivery>) -> F,
        F: Future<Output = Option<Outcome>>,
    {
        let turn = async {
            let sound = self.turn(id, send).await?;
            Ok::<_, EngineError>((sound, self.store.next_delivery(id).await?))
        };
        let turn = turn.await;
        let now = self.clock.now();
        let next = match turn {
            Ok((true, next)) => next,
            Ok((false, next)) => next.map(|next| next.max(now + REST)),
            Err(error) => {
                tracing::warn!(hook = %id, %error, "a hook is not told now; it is tried again");
                Some(now + REST)
            }
        };
        if self.post.end_turn(id, next, now) {
            self.timer.notify_one();
        }
    }

    /// Answers whether all went as it should, on our side.
    async fn turn<S, F>(&self, id: HookId, send: &S) -> Result<bool, EngineError>
    where
        S: Fn(Arc<Hook>, Arc<Delivery>) -> F,
        F: Future<Output = Option<Outcome>>,
    {
        if self.store.stopped().is_some() {
            return Ok(false); // What came of it could not be written down, so it would be sent again and again.
        }
        let Some(hook) = self.store.hook(id).await? else { return self.forget_all(id).await };
        let due = self.store.due_deliveries(id, self.clock.now(), A_TURN).await?;
        let mut chains: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for delivery in due {
            chains.entry(delivery.job.clone()).or_default().push(delivery);
        }
        let chains = chains.into_values().map(|chain| async {
            let mut sound = true;
            for delivery in chain {
                sound &= self.deliver_once(&hook, delivery, send).await?;
            }
            Ok::<_, EngineError>(sound)
        });
        join_all(chains).await.into_iter().try_fold(true, |all, sound| Ok(all & sound?))
    }

    async fn deliver_once<S, F>(&self, hook: &Hook, delivery: Delivery, send: &S) -> Result<bool, EngineError>
    where
        S: Fn(Arc<Hook>, Arc<Delivery>) -> F,
        F: Future<Output = Option<Outcome>>,
    {
        let delivery = Arc::new(delivery);
        // Its account may have taken the hook away since the turn began, or replaced its secret.
        let Some(hook) = self.hook(&hook.client, hook.id).await?.map(Arc::new) else { return Ok(true) };
        let outcome = match hook.status {
            HookStatus::Active => send(hook.clone(), delivery.clone()).await,
            HookStatus::Disabled | HookStatus::Deleted => Some(Outcome::Unheard(Trouble::Disabled)),
        };
        let Some(outcome) = outcome else { return Ok(false) };
        self.report(&hook, &delivery, outcome).await?;
        Ok(true)
    }

    /// Writes down what came of an attempt. Who answers that it is gone is told nothing more.
    async fn report(&self, hook: &Hook, delivery: &Delivery, outcome: Outcome) -> Result<(), EngineError> {
        let now = self.clock.now();
        let after = delivery.attempted(outcome, now);
        self.meter.count_attempt(after.state);
        let mut change = Change::of_record(delivery.version, Record::Delivery(after), now);
        if outcome == Outcome::Answered(410) {
            let after = Record::Hook(hook.ended(HookStatus::Disabled));
            change.records.push(RecordChange { before: hook.version, after });
        }
        match self.commit(change, Documents::default()).await {
            // Of a delivery that was asked for once more meanwhile, nothing is known yet. Of two answers that the hook is
            // gone, the second finds it disabled, and in the next turn so does its delivery.
            Ok(_) | Err(CommitError::Conflict) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Forgets all that a hook was told that is no more.
    async fn forget_all(&self, id: HookId) -> Result<bool, EngineError> {
        loop {
            let rows = self.store.deliveries(id, None, 100).await?;
            if rows.is_empty() {
                return Ok(true);
            }
            let deliveries: Vec<_> = rows.into_iter().map(|row| row.delivery).collect();
            self.forget(&deliveries).await?;
        }
    }

    /// Forgets deliveries. Where one of them has changed meanwhile, nothing happens.
    pub(super) async fn forget(&self, deliveries: &[Delivery]) -> Result<(), EngineError> {
        let records = deliveries.iter().map(|delivery| RecordChange {
            before: delivery.version,
            after: Record::Delivery(delivery.forgotten()),
        });
        let Some(first) = deliveries.first() else { return Ok(()) };
        let mut change =
            Change::of_record(first.version, Record::Delivery(first.forgotten()), self.clock.now());
        change.records = records.collect();
        match self.commit(change, Documents::default()).await {
            Ok(_) | Err(CommitError::Conflict) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}
