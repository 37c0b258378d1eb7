//! One event for one hook: when it is tried, until when, and how it ends.

use super::{Hook, HookId, Occasion};
use crate::hash::{Sha256, bytes_from_hex, write_hex};
use crate::id::{PublicId, Version};
use crate::time::{Millis, Timestamp};
use std::fmt;
use std::sync::Arc;

/// How long is waited after each attempt that fails; there is none after the last of them. All together are 23 hours and
/// 43 minutes.
pub const PAUSES: [Millis; 10] = [
    Millis::seconds(5),
    Millis::seconds(30),
    Millis::seconds(120),
    Millis::seconds(600),
    Millis::seconds(1_800),
    Millis::hours(1),
    Millis::hours(2),
    Millis::hours(4),
    Millis::hours(8),
    Millis::hours(8),
];

/// No attempt is made again later than this after the event.
pub const DAY: Millis = Millis::hours(24);

/// An event as one hook knows it; written as 32 hexadecimal digits in lower case. It stays the same over all attempts.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EventId(pub [u8; 16]);

impl EventId {
    /// The id of what can happen to a job once.
    pub fn of(hook: HookId, job: &PublicId, occasion: Occasion) -> Self {
        let (dialect, text, occasion) = (job.dialect.name(), &job.text, occasion.name());
        let digest = Sha256::of(format!("docket-event-v1\n{hook}\n{dialect}\n{text}\n{occasion}").as_bytes());
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&digest.0[..16]);
        Self(bytes)
    }

    /// The reverse of the id's text.
    pub fn parse(text: &str) -> Option<Self> {
        bytes_from_hex(text).map(Self).filter(|id| id.to_string() == text)
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(f, &self.0)
    }
}

impl fmt::Debug for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What came of an attempt.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// The other side has answered with this status.
    Answered(u16),
    /// There was no answer.
    Unheard(Trouble),
}

/// Why there was no answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Trouble {
    /// Its name leads nowhere.
    Unresolved,
    /// Its address is one that the operator does not let anything be sent to.
    AddressRefused,
    /// It took too long.
    TimedOut,
    /// The connection could not be made, or broke.
    Connection,
    /// It could not be made secure: most often nobody who is trusted here vouches for the certificate.
    Tls,
    /// The hook wants to hear nothing more, so nothing was sent.
    Disabled,
}

impl Trouble {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Unresolved, Self::AddressRefused, Self::TimedOut, Self::Connection, Self::Tls, Self::Disabled];

    /// The word that is stored and shown.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unresolved => "unresolved",
            Self::AddressRefused => "address_refused",
            Self::TimedOut => "timed_out",
            Self::Connection => "connection_failed",
            Self::Tls => "tls_failed",
            Self::Disabled => "webhook_disabled",
        }
    }

    /// The reverse of [`Self::name`].
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|trouble| trouble.name() == name)
    }
}

/// How far a delivery has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DeliveryState {
    /// It is tried at this instant.
    Waiting(Timestamp),
    /// The other side took it at this instant.
    Delivered(Timestamp),
    /// It was given up at this instant.
    Failed(Timestamp),
    /// Nobody keeps it any more.
    Forgotten,
}

/// What one hook is to be told once.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Delivery {
    /// The event.
    pub id: EventId,
    /// Who is told.
    pub hook: HookId,
    /// About which job.
    pub job: Option<PublicId>,
    /// What has happened.
    pub occasion: Occasion,
    /// What is not to be found out later: for [`Occasion::Began`] the worker, for [`Occasion::BalanceLow`] the minor
    /// units that are left.
    pub detail: Arc<str>,
    /// When it has happened.
    pub at: Timestamp,
    /// From when the day of attempts counts: from the event, or from when it was asked for again.
    pub since: Timestamp,
    /// Attempts since then.
    pub attempts: u32,
    /// How far it has come.
    pub state: DeliveryState,
    /// What came of the last attempt.
    pub last: Option<Outcome>,
    /// Guards every write.
    pub version: Version,
}

impl Delivery {
    /// Something that has happened to a job, to be told at once.
    pub fn of(hook: &Hook, job: &PublicId, occasion: Occasion, detail: Arc<str>, at: Timestamp) -> Self {
        let id = EventId::of(hook.id, job, occasion);
        Self { job: Some(job.clone()), detail, ..Self::new(id, hook.id, occasion, at) }
    }

    /// A message that only shows whether the hook is heard.
    pub fn ping(id: EventId, hook: HookId, at: Timestamp) -> Self {
        Self::new(id, hook, Occasion::Ping, at)
    }

    fn new(id: EventId, hook: HookId, occasion: Occasion, at: Timestamp) -> Self {
        let state = DeliveryState::Waiting(at);
        let (job, detail, last) = (None, "".into(), None);
        Self { id, hook, job, occasion, detail, at, since: at, attempts: 0, state, last, version: Version(1) }
    }

    /// The delivery after an attempt. Only an answer from 200 to 299 is success; after a 410 there is no further attempt.
    #[must_use]
    pub fn attempted(&self, outcome: Outcome, now: Timestamp) -> Self {
        let pause = PAUSES.get(self.attempts as usize);
        let next = pause.map(|pause| now + *pause).filter(|next| next.since(self.since) <= DAY);
        let state = match outcome {
            Outcome::Answered(200..=299) => DeliveryState::Delivered(now),
            Outcome::Answered(410) | Outcome::Unheard(Trouble::Disabled) => DeliveryState::Failed(now),
            Outcome::Answered(_) | Outcome::Unheard(_) => {
                next.map_or(DeliveryState::Failed(now), DeliveryState::Waiting)
            }
        };
        let sent = outcome != Outcome::Unheard(Trouble::Disabled);
        let attempts = self.attempts.saturating_add(sent.into());
        Self { attempts, state, last: Some(outcome), ..self.after() }
    }

    /// The delivery to be made once more, from now on for another day.
    #[must_use]
    pub fn replayed(&self, now: Timestamp) -> Self {
        Self { since: now, attempts: 0, state: DeliveryState::Waiting(now), ..self.after() }
    }

    /// The delivery that nobody keeps.
    #[must_use]
    pub fn forgotten(&self) -> Self {
        Self { state: DeliveryState::Forgotten, ..self.after() }
    }

    fn after(&self) -> Self {
        Self { version: self.version.next(), ..self.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::Dialect;

    fn delivery() -> Delivery {
        Delivery::ping(EventId([1; 16]), HookId([2; 12]), Timestamp(1_000))
    }

    /// The instants of all attempts, if each fails at once.
    fn attempts(mut delivery: Delivery, outcome: Outcome) -> Vec<i64> {
        let mut made = vec![];
        while let DeliveryState::Waiting(at) = delivery.state {
            made.push(at.0);
            delivery = delivery.attempted(outcome, at);
        }
        assert_eq!((delivery.attempts as usize, delivery.last), (made.len(), Some(outcome)));
        made
    }

    #[test]
    fn attempts_go_on_for_a_day() {
        let made = attempts(delivery(), Outcome::Answered(500));
        assert_eq!(made.len(), 11);
        assert_eq!(made[..4], [1_000, 6_000, 36_000, 156_000]);
        let last = made[10] - 1_000;
        assert!((Millis::hours(23).0..DAY.0).contains(&last), "{last}");
    }

    #[test]
    fn a_late_attempt_is_not_followed_by_one_after_the_day() {
        let late = delivery().attempted(Outcome::Unheard(Trouble::TimedOut), Timestamp(1_000) + DAY);
        assert_eq!(late.state, DeliveryState::Failed(Timestamp(1_000) + DAY));
    }

    #[test]
    fn only_the_two_hundreds_are_success_and_a_410_is_the_end() {
        for (status, after) in [
            (200, DeliveryState::Delivered(Timestamp(2_000))),
            (299, DeliveryState::Delivered(Timestamp(2_000))),
            (199, DeliveryState::Waiting(Timestamp(7_000))),
            (301, DeliveryState::Waiting(Timestamp(7_000))),
            (404, DeliveryState::Waiting(Timestamp(7_000))),
            (410, DeliveryState::Failed(Timestamp(2_000))),
        ] {
            assert_eq!(delivery().attempted(Outcome::Answered(status), Timestamp(2_000)).state, after);
        }
    }

    #[test]
    fn a_replay_has_a_day_of_its_own_and_the_same_id() {
        let failed = delivery().attempted(Outcome::Answered(410), Timestamp(2_000));
        let again = failed.replayed(Timestamp(9_000_000_000));
        assert_eq!((again.id, again.at, again.version), (failed.id, failed.at, Version(3)));
        assert_eq!(attempts(again, Outcome::Answered(503)).len(), 11);
    }

    #[test]
    fn an_event_has_one_id_for_each_hook_job_and_occasion() {
        let job = PublicId { dialect: Dialect::Credits, text: "job_1".into() };
        let id = |hook, occasion| EventId::of(HookId([hook; 12]), &job, occasion);
        assert_eq!(id(1, Occasion::Began).to_string(), "58a542992a81496589e1aae618bff956");
        assert_eq!(EventId::parse(&id(1, Occasion::Began).to_string()), Some(id(1, Occasion::Began)));
        assert_ne!(id(1, Occasion::Began), id(2, Occasion::Began));
        assert_ne!(id(1, Occasion::Began), id(1, Occasion::Ruled));
    }
}
