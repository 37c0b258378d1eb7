//! Hooks: where an account wants to be told what happens to its jobs.
//!
//! What is told, and when it is tried again, is decided here; how it is told is left to others.

mod delivery;

pub use delivery::{DAY, Delivery, DeliveryState, EventId, Outcome, PAUSES, Trouble};

use crate::change::{Change, Record};
use crate::event::{Closing, Event};
use crate::hash::{bytes_from_hex, write_hex};
use crate::id::{ClientId, Version};
use crate::money::Asset;
use crate::policy::Verdict;
use crate::time::{Millis, Timestamp};
use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

/// How many hooks an account may have.
pub const MOST_HOOKS: usize = 16;

/// How long a secret goes on signing, beside the one that has taken its place.
pub const OVERLAP: Millis = Millis::hours(24);

/// So many secrets that were replaced go on signing; the oldest beyond them end at once.
const MOST_RETIRED: usize = 3;

/// A hook, by random bytes; written as 24 hexadecimal digits in lower case.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct HookId(pub [u8; 12]);

impl HookId {
    /// The reverse of the id's text.
    pub fn parse(text: &str) -> Option<Self> {
        bytes_from_hex(text).map(Self).filter(|id| id.to_string() == text)
    }
}

impl fmt::Display for HookId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(f, &self.0)
    }
}

impl fmt::Debug for HookId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What a hook may be told.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Occasion {
    /// A job is durable and its money is held.
    Submitted,
    /// A worker has begun, for the first time.
    Began,
    /// The work is here and will be paid.
    Completed,
    /// The job could not be done.
    Failed,
    /// The job was not done in time.
    TimedOut,
    /// The job was withdrawn.
    Cancelled,
    /// The client disputes the outcome.
    Disputed,
    /// The dispute has ended.
    Ruled,
    /// A hold has left less than [`low`] in the account, and there was more before.
    BalanceLow,
    /// Somebody wants to know whether the hook is heard.
    Ping,
}

impl Occasion {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Submitted,
        Self::Began,
        Self::Completed,
        Self::Failed,
        Self::TimedOut,
        Self::Cancelled,
        Self::Disputed,
        Self::Ruled,
        Self::BalanceLow,
        Self::Ping,
    ];

    /// The name in the store.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Submitted => "submitted",
            Self::Began => "began",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::TimedOut => "timed_out",
            Self::Cancelled => "cancelled",
            Self::Disputed => "disputed",
            Self::Ruled => "ruled",
            Self::BalanceLow => "balance_low",
            Self::Ping => "ping",
        }
    }

    /// The reverse of [`Self::name`].
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|occasion| occasion.name() == name)
    }

    /// What an event of a job is to those who listen, if it is anything.
    pub const fn of(event: &Event) -> Option<Self> {
        match event {
            Event::Funded { .. } => Some(Self::Submitted),
            Event::Accepted { .. } => Some(Self::Began),
            Event::Settled { .. } | Event::Evaluated { verdict: Verdict::Complete, .. } => {
                Some(Self::Completed)
            }
            Event::Evaluated { verdict: Verdict::Reject, .. }
            | Event::Closed { how: Closing::Failed, .. } => Some(Self::Failed),
            Event::Closed { how: Closing::Refunded | Closing::Expired, .. } => Some(Self::TimedOut),
            Event::Closed { how: Closing::Cancelled, .. } => Some(Self::Cancelled),
            Event::Disputed { .. } => Some(Self::Disputed),
            Event::Ruled { .. } => Some(Self::Ruled),
            Event::Created { .. }
            | Event::Assigned { .. }
            | Event::Returned { .. }
            | Event::Recovered { .. }
            | Event::Submitted { .. }
            | Event::Vested { .. }
            | Event::Hire(_) => None,
        }
    }
}

/// The balance, in minor units, below which an account is told that it runs dry: one whole unit of the asset.
pub fn low(asset: Asset) -> i128 {
    10_i128.saturating_pow(asset.decimals().into())
}

/// What deliveries are signed with, as the client gave it or was given it. It must be kept to sign, so it lies in the
/// store as it is; never printed by `{:?}`.
#[derive(Clone, PartialEq, Eq)]
pub struct HookSecret(pub Arc<str>);

impl fmt::Debug for HookSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(secret)")
    }
}

/// A secret that another has taken the place of.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Retired {
    /// What it was.
    pub secret: HookSecret,
    /// From then on it signs no more.
    pub until: Timestamp,
}

/// Whether a hook is told anything.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum HookStatus {
    /// It is.
    Active,
    /// It has said that it wants to hear nothing more.
    Disabled,
    /// It is no more.
    Deleted,
}

/// An address of an account, and what it wants to be told there.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Hook {
    /// Its name.
    pub id: HookId,
    /// Whose.
    pub client: ClientId,
    /// Where it is told.
    pub url: Arc<str>,
    /// What it wants to be told.
    pub occasions: BTreeSet<Occasion>,
    /// What it is told is signed with this.
    pub secret: HookSecret,
    /// And with those of these that have not ended, the last one first.
    pub retired: Vec<Retired>,
    /// Since when.
    pub created_at: Timestamp,
    /// Whether it is told anything.
    pub status: HookStatus,
    /// Guards every write.
    pub version: Version,
}

impl Hook {
    /// A new hook, with the change that stores it.
    pub fn create(
        id: HookId,
        client: ClientId,
        url: Arc<str>,
        occasions: BTreeSet<Occasion>,
        secret: HookSecret,
        now: Timestamp,
    ) -> (Self, Change) {
        let status = HookStatus::Active;
        let (retired, version) = (Vec::new(), Version(1));
        let hook = Self { id, client, url, occasions, secret, retired, created_at: now, status, version };
        (hook.clone(), Change::of_record(Version::NONE, Record::Hook(hook), now))
    }

    /// Whether it is to be told.
    pub fn wants(&self, occasion: Occasion) -> bool {
        self.status == HookStatus::Active && self.occasions.contains(&occasion)
    }

    /// The hook with another secret. The one before goes on signing for a while, so that nobody has to change both sides
    /// at once.
    #[must_use]
    pub fn rotated(&self, secret: HookSecret, now: Timestamp) -> Self {
        let before = Retired { secret: self.secret.clone(), until: now + OVERLAP };
        let older = self.retired.iter().filter(|retired| now < retired.until).cloned();
        let retired = std::iter::once(before).chain(older).take(MOST_RETIRED).collect();
        Self { secret, retired, version: self.version.next(), ..self.clone() }
    }

    /// The secrets that sign, the newest first.
    pub fn secrets(&self, now: Timestamp) -> impl Iterator<Item = &HookSecret> {
        let going = self.retired.iter().filter(move |retired| now < retired.until);
        std::iter::once(&self.secret).chain(going.map(|retired| &retired.secret))
    }

    /// The hook after it has said, or its account has said, that it is told nothing more.
    #[must_use]
    pub fn ended(&self, status: HookStatus) -> Self {
        Self { status, version: self.version.next(), ..self.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_back_as_it_is_written() {
        let id = HookId(*b"twelve bytes");
        assert_eq!(id.to_string(), "7477656c7665206279746573");
        assert_eq!(HookId::parse("7477656c7665206279746573"), Some(id));
        for wrong in ["", "7477656C7665206279746573", "7477656c76652062797465", "7477656c766520627974657g"] {
            assert_eq!(HookId::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn names_of_occasions_are_their_own() {
        for occasion in Occasion::ALL {
            assert_eq!(Occasion::parse(occasion.name()), Some(occasion));
        }
        assert_eq!(Occasion::parse("settled"), None);
    }

    #[test]
    fn a_secret_is_not_shown_by_accident() {
        assert_eq!(format!("{:?}", HookSecret("whsec_abc".into())), "(secret)");
    }

    #[test]
    fn an_account_runs_dry_below_one_whole_unit() {
        assert_eq!(low(Asset::USDC), 1_000_000);
    }

    #[test]
    fn a_secret_goes_on_signing_for_a_day_after_it_was_replaced() {
        let secret = |number: usize| HookSecret(format!("secret {number}").into());
        let start = Timestamp(1);
        let (url, client) = ("https://example.com/".into(), ClientId("ann".into()));
        let (hook, _) = Hook::create(HookId([1; 12]), client, url, BTreeSet::new(), secret(0), start);
        let signing = |hook: &Hook, at| hook.secrets(at).cloned().collect::<Vec<_>>();
        let once = hook.rotated(secret(1), start);
        assert_eq!((once.version, &once.secret), (Version(2), &secret(1)));
        let end = start + OVERLAP;
        assert_eq!(signing(&once, Timestamp(end.0 - 1)), [secret(1), secret(0)]);
        assert_eq!(signing(&once, end), [secret(1)]);
        let later = start + Millis::hours(1);
        let twice = once.rotated(secret(2), later);
        assert_eq!(signing(&twice, later), [2, 1, 0].map(secret), "each has its own day");
        assert_eq!(signing(&twice, end), [2, 1].map(secret));
        assert_eq!(twice.rotated(secret(3), end).retired.len(), 2, "what has ended is forgotten");
        let often = (3..9).fold(twice, |hook, number| hook.rotated(secret(number), later));
        assert_eq!(signing(&often, later), [8, 7, 6, 5].map(secret));
    }
}
