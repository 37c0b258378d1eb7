//! Hooks of accounts: made, shown, tried out and taken away; and what they were told, once more.

use crate::engine::Engine;
use crate::entropy::Entropy;
use crate::error::EngineError;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use docket_core::change::{Change, Claim, Record};
use docket_core::hash::Sha256;
use docket_core::hook::{Delivery, EventId, Hook, HookId, HookSecret, HookStatus, Occasion};
use docket_core::id::{ClientId, Dialect, PublicId};
use docket_store::{CommitError, DeliveryRow, Documents};
use std::collections::BTreeSet;
use std::sync::Arc;

/// What a secret of Standard Webhooks begins with; the rest is base64.
pub const SECRET_PREFIX: &str = "whsec_";

/// Where an account wants to be told what.
#[derive(Clone, Debug)]
pub struct NewHook {
    /// The dialect it came in by.
    pub dialect: Dialect,
    /// Whose.
    pub client: ClientId,
    /// Where.
    pub url: Arc<str>,
    /// What.
    pub occasions: BTreeSet<Occasion>,
    /// What to sign with; without one it is drawn.
    pub secret: Option<HookSecret>,
    /// The caller's key, with the scope in which it is unique, and the digest of the request.
    pub key: Option<(Arc<str>, Sha256)>,
}

/// A hook whose secret was replaced.
#[derive(Clone, Debug)]
pub struct Rotated {
    /// The hook as it is now.
    pub hook: Hook,
    /// The secret that took the other one's place; `None` if that was replaced as well meanwhile, and is kept no more, or if
    /// the hook is told nothing any more and has kept the one it had.
    pub secret: Option<HookSecret>,
}

impl Engine {
    /// Makes a hook. The same request under the same key gets the same hook; `None` if that was deleted meanwhile.
    pub async fn create_hook(&self, new: NewHook) -> Result<Option<Hook>, EngineError> {
        let NewHook { dialect, client, url, occasions, secret, key } = new;
        let id = HookId(self.entropy.bytes());
        let secret = secret.unwrap_or_else(|| draw(&self.entropy));
        let (hook, mut change) = Hook::create(id, client, url, occasions, secret, self.clock.now());
        let answer = PublicId { dialect, text: id.to_string().into() };
        change.claim = key.map(|(key, request)| Claim { key, request, answer });
        match self.commit(change, Documents::default()).await {
            Ok(_) => Ok(Some(hook)),
            Err(CommitError::Repeated(first)) => match HookId::parse(&first.text) {
                Some(first) => Ok(self.store.hook(first).await?),
                None => Ok(None),
            },
            Err(error) => Err(error.into()),
        }
    }

    /// The hooks of an account, the oldest first.
    pub async fn hooks(&self, client: &ClientId) -> Result<Arc<[Hook]>, EngineError> {
        Ok(self.store.hooks(client).await?)
    }

    /// A hook of an account; `None` if it has no such hook.
    pub async fn hook(&self, client: &ClientId, id: HookId) -> Result<Option<Hook>, EngineError> {
        Ok(self.store.hooks(client).await?.iter().find(|hook| hook.id == id).cloned())
    }

    /// Takes a hook away, with all that it was and was to be told; `false` if the account has no such hook. What is on
    /// its way arrives.
    pub async fn delete_hook(&self, client: &ClientId, id: HookId) -> Result<bool, EngineError> {
        let client = client.clone();
        self.begin(|engine| async move { engine.take_away(&client, id).await }).await
    }

    async fn take_away(&self, client: &ClientId, id: HookId) -> Result<bool, EngineError> {
        loop {
            let Some(hook) = self.hook(client, id).await? else { return Ok(false) };
            let gone = Record::Hook(hook.ended(HookStatus::Deleted));
            let change = Change::of_record(hook.version, gone, self.clock.now());
            match self.commit(change, Documents::default()).await {
                Ok(_) => break,
                Err(CommitError::Conflict) => {} // It is read again, as it is now.
                Err(error) => return Err(error.into()),
            }
        }
        // Its turn finds that it is gone.
        self.post_at(id, self.clock.now());
        Ok(true)
    }

    /// Draws another secret for a hook; the one before goes on signing for a while. The same request under the same key
    /// gets the same secret. `None` if the account has no such hook; one that is told nothing any more keeps its own.
    pub async fn rotate_hook(
        &self,
        client: &ClientId,
        id: HookId,
        dialect: Dialect,
        key: Option<(Arc<str>, Sha256)>,
    ) -> Result<Option<Rotated>, EngineError> {
        let client = client.clone();
        self.begin(|engine| async move { engine.rotate(&client, id, dialect, key).await }).await
    }

    async fn rotate(
        &self,
        client: &ClientId,
        id: HookId,
        dialect: Dialect,
        key: Option<(Arc<str>, Sha256)>,
    ) -> Result<Option<Rotated>, EngineError> {
        let secret = draw(&self.entropy);
        // A repeat knows by it which secret it was.
        let answer = PublicId { dialect, text: digest(&secret).into() };
        let claim = key.map(|(key, request)| Claim { key, request, answer });
        loop {
            let Some(hook) = self.hook(client, id).await? else { return Ok(None) };
            if hook.status != HookStatus::Active {
                return Ok(Some(Rotated { hook, secret: None }));
            }
            let now = self.clock.now();
            let after = hook.rotated(secret.clone(), now);
            let mut change = Change::of_record(hook.version, Record::Hook(after.clone()), now);
            change.claim.clone_from(&claim);
            match self.commit(change, Documents::default()).await {
                Ok(_) => return Ok(Some(Rotated { hook: after, secret: Some(secret) })),
                Err(CommitError::Repeated(first)) => {
                    let retired = hook.retired.iter().map(|retired| &retired.secret);
                    let mut kept = std::iter::once(&hook.secret).chain(retired);
                    let secret = kept.find(|secret| *digest(secret) == *first.text).cloned();
                    return Ok(Some(Rotated { hook, secret }));
                }
                Err(CommitError::Conflict) => {} // It is read again, as it is now.
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Tells a hook something that only shows whether it is heard.
    pub async fn ping_hook(&self, hook: HookId) -> Result<Delivery, EngineError> {
        let ping = Delivery::ping(EventId(self.entropy.bytes()), hook, self.clock.now());
        let told = ping.clone();
        self.begin(|engine| async move { engine.tell(told).await }).await?;
        Ok(ping)
    }

    /// What a hook was and is to be told, the newest first, from before a number; at most 100.
    pub async fn deliveries(
        &self,
        hook: HookId,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<DeliveryRow>, EngineError> {
        Ok(self.store.deliveries(hook, before, limit).await?)
    }

    /// One of them; `None` if the hook knows no such event, or nobody keeps it any more.
    pub async fn delivery(&self, hook: HookId, event: EventId) -> Result<Option<DeliveryRow>, EngineError> {
        Ok(self.store.delivery(event).await?.filter(|row| row.delivery.hook == hook))
    }

    /// Tells a hook something once more, whatever has become of it so far; `None` if the hook knows no such event, or
    /// nobody keeps it any more.
    pub async fn replay_delivery(
        &self,
        hook: HookId,
        event: EventId,
    ) -> Result<Option<Delivery>, EngineError> {
        self.begin(|engine| async move { engine.replay(hook, event).await }).await
    }

    async fn replay(&self, hook: HookId, event: EventId) -> Result<Option<Delivery>, EngineError> {
        loop {
            let Some(DeliveryRow { delivery, .. }) = self.delivery(hook, event).await? else {
                return Ok(None);
            };
            let now = self.clock.now();
            let again = delivery.replayed(now);
            let change = Change::of_record(delivery.version, Record::Delivery(again.clone()), now);
            match self.commit(change, Documents::default()).await {
                Ok(_) => {
                    self.post_at(hook, now);
                    return Ok(Some(again));
                }
                Err(CommitError::Conflict) => {} // An attempt has ended meanwhile.
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// What a secret is known by.
fn digest(secret: &HookSecret) -> String {
    Sha256::of(secret.0.as_bytes()).to_string()
}

/// A secret of 32 random bytes.
fn draw(entropy: &Entropy) -> HookSecret {
    let bytes: [u8; 32] = entropy.bytes();
    HookSecret(format!("{SECRET_PREFIX}{}", STANDARD.encode(bytes)).into())
}
