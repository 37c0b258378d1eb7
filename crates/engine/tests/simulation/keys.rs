//! API keys: made with limits, now and then revoked.

use super::dice::Dice;
use super::market::Market;
use super::orders::{CLIENTS, client};
use super::reports::Report;
use docket_core::id::ClientId;
use docket_core::key::{ApiKey, KeyId, KeyNumber, Limits};
use std::collections::BTreeSet;

/// So many keys are made in one market.
const MOST: usize = 8;

/// The keys that clients know of.
#[derive(Default)]
pub(crate) struct Keys {
    known: Vec<ApiKey>,
    /// Those of which somebody wanted that they spend nothing more.
    revoked: BTreeSet<KeyNumber>,
}

impl Keys {
    /// A client with a key of his, which may be revoked by now.
    pub(crate) fn any(&self, dice: &mut Dice) -> Option<(ClientId, KeyId)> {
        let key = (!self.known.is_empty()).then(|| dice.pick(&self.known))?;
        Some((key.client.clone(), key.id))
    }

    pub(crate) fn add(&mut self, key: ApiKey) {
        self.known.push(key);
    }

    /// Whether a key may be refused because it is revoked.
    pub(crate) fn may_be_revoked(&self, key: Option<KeyId>) -> bool {
        key.is_some_and(|key| self.revoked.contains(&key.number()))
    }
}

impl Market {
    /// A key for a client, which may spend so much and no more.
    pub(super) fn make_key(&mut self) {
        if self.keys.known.len() >= MOST {
            return;
        }
        let client = client(self.dice.below(CLIENTS));
        let limit = |dice: &mut Dice, most| {
            dice.percent(60).then(|| u128::from(dice.between(100_000, most).unsigned_abs()))
        };
        let per_day = limit(&mut self.dice, 800_000);
        let limits = Limits { per_day, in_all: limit(&mut self.dice, 1_500_000) };
        let (engine, reports) = (self.coordinator.engine.clone(), self.reports.clone());
        self.coordinator.tasks.spawn_fragile(format!("a key for {client:?}"), async move {
            let result = engine.create_key(client, "".into(), limits).await.map(|(_, key)| key);
            reports.add(Report::KeyMade(result));
        });
    }

    pub(super) fn revoke_key(&mut self) {
        let Some((_, key)) = self.keys.any(&mut self.dice) else { return };
        let number = key.number();
        self.keys.revoked.insert(number);
        let (engine, reports) = (self.coordinator.engine.clone(), self.reports.clone());
        let what = format!("revoking {number}");
        self.coordinator.tasks.spawn_fragile(what.clone(), async move {
            let result = engine.revoke_key(number).await.map(|_| ());
            reports.add(Report::Did(what, result));
        });
    }
}
