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
use crate::time::Timestamp;
use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

/// How many hooks an account may have.
pub const MOST_HOOKS: usize = 16;

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
            | Event::Vested => None,
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
        let hook = Self { id, client, url, occasions, secret, created_at: now, status, version: Version(1) };
        (hook.clone(), Change::of_record(Version::NONE, Record::Hook(hook), now))
    }

    /// Whether it is to be told.
    pub fn wants(&self, occasion: Occasion) -> bool {
        self.status == HookStatus::Active && self.occasions.contains(&occasion)
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
}
