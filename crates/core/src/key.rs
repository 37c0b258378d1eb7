//! API keys: who pays by one, how much it may spend, and what it has spent.
//!
//! Only the digest of a key's secret is known here. What a key spends is added up, never set, so that
//! two jobs under one key never conflict; the sums are judged where they are written.

use crate::change::{Change, Record};
use crate::event::Event;
use crate::hash::Sha256;
use crate::id::{ClientId, Version};
use crate::job::Job;
use crate::ledger;
use crate::refusal::Refusal;
use crate::time::{Millis, Timestamp};
use std::fmt;
use std::sync::Arc;

/// An API key, by the SHA-256 digest of its secret.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct KeyId(pub Sha256);

impl KeyId {
    /// The key with this secret.
    pub fn of(secret: &str) -> Self {
        Self(Sha256::of(secret.as_bytes()))
    }

    /// The name by which people speak of it.
    pub fn number(self) -> KeyNumber {
        let [a, b, c, d, e, f, ..] = self.0.0;
        KeyNumber([a, b, c, d, e, f])
    }
}

/// The first bytes of a key's digest, written `key_` and 12 hexadecimal digits. No two keys have one.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyNumber(pub [u8; 6]);

impl KeyNumber {
    /// The reverse of the number's text, in lower case only.
    pub fn parse(text: &str) -> Option<Self> {
        let digits: [u8; 12] = text.strip_prefix("key_")?.as_bytes().try_into().ok()?;
        let mut bytes = [0; 6];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            if pair.iter().any(u8::is_ascii_uppercase) {
                return None;
            }
            let digit = |at: usize| char::from(pair[at]).to_digit(16);
            *byte = u8::try_from(digit(0)? << 4 | digit(1)?).ok()?;
        }
        Some(Self(bytes))
    }
}

impl fmt::Display for KeyNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("key_")?;
        crate::hash::write_hex(f, &self.0)
    }
}

impl fmt::Debug for KeyNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The most that a key may spend, in minor units of the asset of the books; `None` where there is no limit.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Limits {
    /// On one day of UTC.
    pub per_day: Option<u128>,
    /// In its whole life.
    pub in_all: Option<u128>,
}

impl Limits {
    /// The limit over a period.
    pub const fn over(&self, period: Period) -> Option<u128> {
        match period {
            Period::Day(_) => self.per_day,
            Period::InAll => self.in_all,
        }
    }
}

/// Over what the spending of a key is added up.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Period {
    /// A day of UTC, counted from 1970-01-01, which is 0.
    Day(u32),
    /// The life of the key.
    InAll,
}

impl Period {
    /// The day of an instant.
    pub fn day_of(instant: Timestamp) -> Self {
        let day = instant.0.div_euclid(Millis::hours(24).0).max(0);
        Self::Day(u32::try_from(day).unwrap_or(u32::MAX))
    }
}

/// A key of a client.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ApiKey {
    /// Its digest.
    pub id: KeyId,
    /// Who pays.
    pub client: ClientId,
    /// What the client calls it; may be empty.
    pub label: Arc<str>,
    /// Since when.
    pub created_at: Timestamp,
    /// When it was revoked, if it was.
    pub revoked_at: Option<Timestamp>,
    /// How much it may spend.
    pub limits: Limits,
    /// Guards every write.
    pub version: Version,
}

impl ApiKey {
    /// A new key, with the change that stores it.
    pub fn create(
        id: KeyId,
        client: ClientId,
        label: Arc<str>,
        limits: Limits,
        now: Timestamp,
    ) -> (Self, Change) {
        let key = Self { id, client, label, created_at: now, revoked_at: None, limits, version: Version(1) };
        (key.clone(), Change::of_record(Version::NONE, Record::Key(key), now))
    }

    /// The name by which people speak of it.
    pub fn number(&self) -> KeyNumber {
        self.id.number()
    }

    /// Takes the key out of use, for ever.
    pub fn revoke(&self, now: Timestamp) -> Result<Change, Refusal> {
        self.check_in_use()?;
        let revoked = Self { revoked_at: Some(now), version: self.version.next(), ..self.clone() };
        Ok(Change::of_record(self.version, Record::Key(revoked), now))
    }

    /// Refuses a key that is revoked.
    pub const fn check_in_use(&self) -> Result<(), Refusal> {
        match self.revoked_at {
            Some(_) => Err(Refusal::KeyRevoked),
            None => Ok(()),
        }
    }

    /// Refuses a sum beyond the limit of its period.
    pub fn check_limit(&self, period: Period, spent: i128) -> Result<(), Refusal> {
        let spent = u128::try_from(spent).unwrap_or_default();
        match self.limits.over(period) {
            Some(limit) if spent > limit => Err(Refusal::SpendingLimit),
            _ => Ok(()),
        }
    }
}

/// What a change adds to all sums of a key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Spending {
    /// Which key.
    pub key: KeyId,
    /// The day whose sum it changes, besides that of the key's life.
    pub day: Period,
    /// Minor units that leave the account of who pays; negative for what comes back.
    pub units: i128,
}

/// What an event adds to the spending of the key under which a job was asked for; `None` if nothing.
///
/// A hold counts as spent until some of it comes back. The day is that of the job's creation, which never
/// changes, so what comes back is taken from the sum to which it was added; a job under a key is funded
/// when it is created.
pub fn spending(job: &Job, event: &Event) -> Option<Spending> {
    let key = job.key?;
    let source = ledger::source(job);
    let units = ledger::transfers(job, event).iter().fold(0_i128, |sum, transfer| {
        // More than a balance can hold is refused by the books.
        let units = i128::try_from(transfer.amount.units).unwrap_or(i128::MAX);
        let out = if transfer.from == source { units } else { 0 };
        let back = if transfer.to == source { units } else { 0 };
        sum.saturating_add(out).saturating_sub(back)
    });
    (units != 0).then(|| Spending { key, day: Period::day_of(job.created_at), units })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> ApiKey {
        let limits = Limits { per_day: Some(5), in_all: None };
        ApiKey::create(KeyId::of("secret"), ClientId("ann".into()), "".into(), limits, Timestamp(7)).0
    }

    #[test]
    fn a_key_is_revoked_once() {
        let change = key().revoke(Timestamp(9)).unwrap();
        let Record::Key(revoked) = &change.records[0].after else { panic!("a key is stored") };
        assert_eq!((revoked.revoked_at, revoked.version), (Some(Timestamp(9)), Version(2)));
        assert_eq!(revoked.revoke(Timestamp(10)), Err(Refusal::KeyRevoked));
    }

    #[test]
    fn the_limit_itself_may_be_spent() {
        assert_eq!(key().check_limit(Period::Day(1), 5), Ok(()));
        assert_eq!(key().check_limit(Period::Day(1), 6), Err(Refusal::SpendingLimit));
        assert_eq!(key().check_limit(Period::InAll, i128::MAX), Ok(()));
    }

    #[test]
    fn a_number_reads_back_as_it_is_written() {
        let number = key().number();
        assert_eq!(number.to_string(), "key_2bb80d537b1d", "the beginning of the SHA-256 of `secret`");
        assert_eq!(KeyNumber::parse(&number.to_string()), Some(number));
        for wrong in
            ["key_2bb80d537b1", "key_2bb80d537b1d3", "key_2BB80D537B1D", "2bb80d537b1d", "key_2bb80d537b1ä"]
        {
            assert_eq!(KeyNumber::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_day_ends_at_midnight_in_utc() {
        assert_eq!(Period::day_of(Timestamp(86_399_999)), Period::Day(0));
        assert_eq!(Period::day_of(Timestamp(86_400_000)), Period::Day(1));
    }
}
