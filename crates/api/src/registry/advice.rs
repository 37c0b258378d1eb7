//! Prompts between advice and payment: kept in memory for a quarter of an hour, bounded for each address and in all.

use docket_core::agent::identity::Wallet;
use docket_core::hash::Sha256;
use docket_core::id::WorkerId;
use docket_core::time::{Millis, Timestamp};
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How long a prompt is kept.
pub(super) const KEPT_FOR: Millis = Millis::seconds(15 * 60);
/// How many are kept of one address; the oldest gives way.
const OF_ADDRESS: usize = 16;
/// How many are kept in all, and how many bytes they have together; the oldest give way.
const IN_ALL: usize = 500_000;
const BYTES: usize = 256 << 20;

/// What was asked and what was advised.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Advised {
    /// The prompt.
    pub(super) input: Arc<str>,
    /// Who would do it.
    pub(super) worker: WorkerId,
}

/// A prompt is asked for by its model and its digest.
type Name = (Arc<str>, Sha256);

/// All prompts that are kept.
#[derive(Default)]
pub(crate) struct Kept(Mutex<Shelf>);

#[derive(Default)]
struct Shelf {
    by_address: HashMap<Wallet, Vec<Entry>>,
    /// In the order in which they came; what was taken or overtaken is passed over.
    order: VecDeque<(Timestamp, Wallet, u64)>,
    next: u64,
    count: usize,
    bytes: usize,
}

struct Entry {
    number: u64,
    name: Name,
    until: Timestamp,
    advised: Advised,
}

impl Kept {
    fn shelf(&self) -> MutexGuard<'_, Shelf> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps a prompt; the same one again lasts anew.
    pub(super) fn keep(&self, by: Wallet, model: Arc<str>, digest: Sha256, advised: Advised, now: Timestamp) {
        let mut shelf = self.shelf();
        shelf.next += 1;
        let (number, until) = (shelf.next, now + KEPT_FOR);
        let size = advised.input.len();
        let entry = Entry { number, name: (model, digest), until, advised };
        let entries = shelf.by_address.entry(by).or_default();
        let again = entries.iter().position(|other| other.name == entry.name);
        let gone = again.or((entries.len() >= OF_ADDRESS).then_some(0)).map(|at| entries.remove(at));
        entries.push(entry);
        shelf.order.push_back((until, by, number));
        shelf.count += 1;
        shelf.bytes += size;
        if let Some(gone) = gone {
            shelf.drop_counts(&gone);
        }
        shelf.make_room(now);
    }

    /// A prompt that is still kept.
    pub(super) fn get(&self, by: Wallet, model: &str, digest: Sha256, now: Timestamp) -> Option<Advised> {
        let shelf = self.shelf();
        let entries = shelf.by_address.get(&by)?.iter();
        let entry = entries.into_iter().find(|entry| entry.is(model, digest))?;
        (now < entry.until).then(|| entry.advised.clone())
    }

    /// It is paid for, and not kept any more.
    pub(super) fn forget(&self, by: Wallet, model: &str, digest: Sha256) {
        let mut shelf = self.shelf();
        let Some(entries) = shelf.by_address.get_mut(&by) else { return };
        let Some(at) = entries.iter().position(|entry| entry.is(model, digest)) else { return };
        let entry = entries.remove(at);
        if entries.is_empty() {
            shelf.by_address.remove(&by);
        }
        shelf.drop_counts(&entry);
    }

    /// How many are kept.
    #[cfg(test)]
    fn len(&self) -> usize {
        self.shelf().count
    }
}

impl Entry {
    fn is(&self, model: &str, digest: Sha256) -> bool {
        &*self.name.0 == model && self.name.1 == digest
    }
}

impl Shelf {
    fn drop_counts(&mut self, entry: &Entry) {
        self.count -= 1;
        self.bytes -= entry.advised.input.len();
    }

    /// Lets go what has lasted its time, and the oldest where there is too much.
    fn make_room(&mut self, now: Timestamp) {
        while let Some((until, by, number)) = self.order.front().copied()
            && (until <= now || self.count > IN_ALL || self.bytes > BYTES || self.order.len() > 2 * IN_ALL)
        {
            self.order.pop_front();
            let Some(entries) = self.by_address.get_mut(&by) else { continue };
            let Some(at) = entries.iter().position(|entry| entry.number == number) else { continue };
            let entry = entries.remove(at);
            if entries.is_empty() {
                self.by_address.remove(&by);
            }
            self.drop_counts(&entry);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANN: Wallet = Wallet([1; 20]);
    const BOB: Wallet = Wallet([2; 20]);

    fn advised(text: &str) -> Advised {
        Advised { input: text.into(), worker: WorkerId([9; 32]) }
    }

    fn keep(kept: &Kept, by: Wallet, text: &str, at: i64) {
        kept.keep(by, "m".into(), Sha256::of(text.as_bytes()), advised(text), Timestamp(at));
    }

    fn take(kept: &Kept, by: Wallet, text: &str, at: i64) -> Option<Advised> {
        let digest = Sha256::of(text.as_bytes());
        let found = kept.get(by, "m", digest, Timestamp(at));
        if found.is_some() {
            kept.forget(by, "m", digest);
        }
        found
    }

    #[test]
    fn a_prompt_is_kept_for_who_asked_and_for_the_same_model_until_it_is_paid() {
        let kept = Kept::default();
        keep(&kept, ANN, "hello", 0);
        assert_eq!(take(&kept, BOB, "hello", 1), None);
        assert_eq!(kept.get(ANN, "other", Sha256::of(b"hello"), Timestamp(1)), None);
        assert_eq!(take(&kept, ANN, "hello", 1), Some(advised("hello")));
        assert_eq!((take(&kept, ANN, "hello", 1), kept.len()), (None, 0));
    }

    #[test]
    fn a_prompt_lasts_a_quarter_of_an_hour_and_anew_when_it_is_asked_again() {
        let kept = Kept::default();
        keep(&kept, ANN, "a", 0);
        keep(&kept, ANN, "b", 0);
        keep(&kept, ANN, "b", 10);
        assert_eq!(kept.len(), 2);
        assert_eq!(take(&kept, ANN, "a", KEPT_FOR.0), None);
        assert_eq!(take(&kept, ANN, "b", KEPT_FOR.0 + 9), Some(advised("b")));
        keep(&kept, ANN, "c", 20);
        keep(&kept, BOB, "d", KEPT_FOR.0 + 20);
        assert_eq!(kept.len(), 1, "whoever comes later clears away what is over");
    }

    #[test]
    fn of_one_address_only_the_last_ones_are_kept() {
        let kept = Kept::default();
        keep(&kept, BOB, "other", 0);
        for number in 0..40 {
            keep(&kept, ANN, &number.to_string(), 0);
        }
        assert_eq!(kept.len(), OF_ADDRESS + 1);
        assert_eq!(take(&kept, ANN, "23", 1), None);
        assert!(take(&kept, ANN, "24", 1).is_some() && take(&kept, BOB, "other", 1).is_some());
    }

    #[test]
    fn all_together_have_a_bound_in_bytes() {
        let kept = Kept::default();
        let long = "x".repeat(BYTES / 10);
        for number in 0..12_u8 {
            let by = Wallet([number; 20]);
            kept.keep(by, "m".into(), Sha256::of(&[number]), advised(&long), Timestamp(0));
        }
        assert_eq!(kept.len(), 10);
    }
}
