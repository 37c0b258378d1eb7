//! API keys: made, found by their secrets, shown and revoked. What they may spend is judged in the store.

use crate::engine::Engine;
use crate::entropy::Entropy;
use crate::error::EngineError;
use docket_core::id::ClientId;
use docket_core::key::{ApiKey, KeyId, KeyNumber, Limits, Period};
use docket_store::{CommitError, Documents, KeyRow};
use std::fmt;
use std::sync::Arc;

/// What every secret begins with, so that one that has leaked can be told for what it is.
const PREFIX: &str = "dcntrl_live_";
/// How many letters and digits come after that: 190 bits.
const LENGTH: usize = 32;
const LETTERS: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
/// So many secrets are drawn before one whose number nobody has.
const DRAWS: usize = 16;

/// The secret of an API key: `dcntrl_live_` and 32 letters or digits. Kept nowhere; never printed by `{:?}`.
#[derive(Clone, PartialEq, Eq)]
pub struct KeySecret(String);

impl KeySecret {
    /// A secret from outside; `None` if it does not have the form of one.
    pub fn parse(text: &str) -> Option<Self> {
        let rest = text.strip_prefix(PREFIX)?;
        let sound = rest.len() == LENGTH && rest.bytes().all(|byte| byte.is_ascii_alphanumeric());
        sound.then(|| Self(text.to_owned()))
    }

    /// A new one. A byte that would make some letters likelier than others is drawn again.
    fn draw(entropy: &Entropy) -> Self {
        const FAIR: u8 = (u8::MAX / 62) * 62;
        let draws = std::iter::repeat_with(|| entropy.bytes::<LENGTH>()).flatten();
        let letters =
            draws.filter(|byte| *byte < FAIR).map(|byte| char::from(LETTERS[usize::from(byte % 62)]));
        Self(PREFIX.chars().chain(letters.take(LENGTH)).collect())
    }

    /// The key that it opens.
    pub fn id(&self) -> KeyId {
        KeyId::of(&self.0)
    }

    /// The secret itself, for whoever is to have it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for KeySecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}…")
    }
}

impl Engine {
    /// Makes a key for a client. The secret is in nobody's hands but the caller's: it cannot be shown again.
    pub async fn create_key(
        &self,
        client: ClientId,
        label: Arc<str>,
        limits: Limits,
    ) -> Result<(KeySecret, ApiKey), EngineError> {
        for _ in 0..DRAWS {
            let secret = KeySecret::draw(&self.entropy);
            let now = self.clock.now();
            let (key, change) = ApiKey::create(secret.id(), client.clone(), label.clone(), limits, now);
            match self.commit(change, Documents::default()).await {
                Ok(_) => return Ok((secret, key)),
                Err(CommitError::Conflict) => {} // Another key has its number.
                Err(error) => return Err(error.into()),
            }
        }
        Err(EngineError::Busy)
    }

    /// The key with a secret, in use or revoked; `None` if there is none, or the text is no secret at all.
    pub async fn key(&self, secret: &str) -> Result<Option<Arc<ApiKey>>, EngineError> {
        match KeySecret::parse(secret) {
            Some(secret) => Ok(self.store.key(secret.id()).await?),
            None => Ok(None),
        }
    }

    /// Keys, of one client or of all, from after one, with what they have spent today and in all; at most 100.
    pub async fn keys(
        &self,
        client: Option<&ClientId>,
        after: Option<KeyNumber>,
    ) -> Result<Vec<KeyRow>, EngineError> {
        Ok(self.store.keys(client, after, Period::day_of(self.clock.now())).await?)
    }

    /// What was spent under a key in its whole life, with what open jobs hold, in minor units.
    pub async fn spent_under(&self, key: &ApiKey) -> Result<u128, EngineError> {
        let spent = self.store.spending(key.number(), Period::InAll).await?;
        Ok(spent.and_then(|row| u128::try_from(row.units).ok()).unwrap_or_default())
    }

    /// Takes a key out of use, for ever; `None` if there is none. A repeat changes nothing.
    pub async fn revoke_key(&self, number: KeyNumber) -> Result<Option<ApiKey>, EngineError> {
        loop {
            let Some(key) = self.store.key_numbered(number).await? else { return Ok(None) };
            if key.check_in_use().is_err() {
                return Ok(Some(key));
            }
            let change = key.revoke(self.clock.now())?;
            match self.commit(change, Documents::default()).await {
                Ok(_) | Err(CommitError::Conflict) => {} // It is read again, as it is now.
                Err(error) => return Err(error.into()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn a_secret_has_a_form_of_its_own() {
        let secret = KeySecret::draw(&Entropy::system());
        assert_eq!(KeySecret::parse(secret.expose()), Some(secret.clone()));
        let (prefix, rest) = secret.expose().split_at(12);
        assert_eq!((prefix, rest.len()), ("dcntrl_live_", 32));
        for wrong in [
            String::new(),
            rest.to_owned(),
            format!("dcntrl_test_{rest}"),
            format!("{}x", secret.expose()),
            format!(" {}", secret.expose()),
            format!("dcntrl_live_{}-", &rest[1..]),
            format!("dcntrl_live_{}ü", &rest[2..]),
        ] {
            assert_eq!(KeySecret::parse(&wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_secret_is_not_shown_by_accident() {
        let secret = KeySecret::draw(&Entropy::seeded(1));
        assert_eq!(format!("{secret:?}"), "dcntrl_live_…");
    }

    #[test]
    fn every_letter_is_as_likely_as_any_other() {
        let entropy = Entropy::seeded(7);
        let mut counts = BTreeMap::<char, u32>::new();
        for _ in 0..6_200 {
            let secret = KeySecret::draw(&entropy);
            secret.expose()[PREFIX.len()..]
                .chars()
                .for_each(|letter| *counts.entry(letter).or_default() += 1);
        }
        // 3,200 of each are expected, with a deviation of 56: letters that a biased draw prefers would have 3,900.
        assert_eq!(counts.len(), 62);
        assert!(counts.values().all(|count| (2_900..3_500).contains(count)), "{counts:?}");
    }
}
