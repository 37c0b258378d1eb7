//! Sums that many changes add to: what stands on disk, or will when the open group is written.

use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;

/// What a group does to a sum.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Moved {
    /// What stands on disk; `None` if no row does.
    pub(crate) before: Option<i128>,
    /// What stands there when the group is written.
    pub(crate) after: i128,
}

/// Sums by their keys.
pub(super) struct Sums<K> {
    /// `None` where there is no row, which is nothing.
    known: HashMap<K, Option<i128>>,
    /// What the open group has changed.
    moved: BTreeMap<K, Moved>,
}

impl<K> Default for Sums<K> {
    fn default() -> Self {
        Self { known: HashMap::new(), moved: BTreeMap::new() }
    }
}

impl<K: Clone + Ord + Hash> Sums<K> {
    /// Whether the sum must be read before anybody can rely on it.
    pub(super) fn is_unknown(&self, key: &K) -> bool {
        !self.known.contains_key(key)
    }

    /// Takes what was read; what was not found is nothing.
    pub(super) fn learn<'a>(&mut self, wanted: impl IntoIterator<Item = &'a K>, found: HashMap<K, i128>)
    where
        K: 'a,
    {
        self.known.extend(wanted.into_iter().map(|key| (key.clone(), None)));
        self.known.extend(found.into_iter().map(|(key, units)| (key, Some(units))));
    }

    /// The sum as it stands now.
    pub(super) fn get(&self, key: &K) -> i128 {
        self.known.get(key).copied().flatten().unwrap_or_default()
    }

    /// Takes the sums after a change that was let through.
    pub(super) fn accept(&mut self, sums: Vec<(K, i128)>) {
        for (key, after) in sums {
            let before = self.known.insert(key.clone(), Some(after)).flatten();
            self.moved.entry(key).or_insert(Moved { before, after }).after = after;
        }
    }

    /// What the open group has changed, each sum once; always in one order, so that groups of two
    /// writers could not lock each other out.
    pub(super) fn take_moved(&mut self) -> BTreeMap<K, Moved> {
        std::mem::take(&mut self.moved)
    }

    /// How many sums are known.
    pub(super) fn len(&self) -> usize {
        self.known.len()
    }

    /// Forgets what is on disk. No group may be open.
    pub(super) fn forget(&mut self) {
        self.known.clear();
    }
}
