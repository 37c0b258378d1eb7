//! The public names of jobs that came last: which of them are used is known without a look at the disk.

use docket_core::id::{Dialect, PublicId};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// So many names of each dialect are kept. Names begin with the time, so that a new one is among the greatest.
const KEPT: usize = 1_024;

/// For each dialect, every used name that is greater than one of them.
#[derive(Default)]
pub(super) struct Names(BTreeMap<Dialect, Latest>);

#[derive(Default)]
struct Latest {
    /// All greater ones that are used are here; `None` where every one is.
    floor: Option<Arc<str>>,
    used: BTreeSet<Arc<str>>,
}

impl Names {
    /// Where these were the greatest that are used.
    pub(super) fn after(last: BTreeMap<Dialect, Arc<str>>) -> Self {
        let latest = |floor| Latest { floor: Some(floor), used: BTreeSet::new() };
        Self(last.into_iter().map(|(dialect, floor)| (dialect, latest(floor))).collect())
    }

    /// Whether [`Self::has`] can tell that a name is used.
    pub(super) fn know(&self, name: &PublicId) -> bool {
        self.0.get(&name.dialect).is_none_or(|latest| latest.knows(&name.text))
    }

    /// Whether a name is among those that are known to be used.
    pub(super) fn has(&self, name: &PublicId) -> bool {
        self.0.get(&name.dialect).is_some_and(|latest| latest.used.contains(&name.text))
    }

    /// Adds a name that is used from now on; `false` if [`Self::has`] cannot tell.
    pub(super) fn add(&mut self, name: &PublicId) -> bool {
        let latest = self.0.entry(name.dialect).or_default();
        let knows = latest.knows(&name.text);
        if knows {
            latest.used.insert(name.text.clone());
        }
        knows
    }

    /// Forgets the smallest where there are too many. No group may be open: what [`Self::know`] said holds for all of it.
    pub(super) fn trim(&mut self) {
        for latest in self.0.values_mut() {
            while latest.used.len() > KEPT {
                latest.floor = latest.used.pop_first();
            }
        }
    }
}

impl Latest {
    fn knows(&self, name: &str) -> bool {
        self.floor.as_deref().is_none_or(|floor| floor < name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> PublicId {
        PublicId { dialect: Dialect::Credits, text: text.into() }
    }

    #[test]
    fn what_is_not_greater_than_the_last_on_disk_is_looked_up() {
        let mut names = Names::after(BTreeMap::from([(Dialect::Credits, "job_5".into())]));
        let known = ["job_4", "job_5", "job_50", "job_6"].map(|text| names.know(&name(text)));
        assert_eq!(known, [false, false, true, true]);
        assert!(!names.add(&name("job_4")) && !names.has(&name("job_4")));
        assert!(names.add(&name("job_6")) && names.has(&name("job_6")) && !names.has(&name("job_7")));
        let quote = PublicId { dialect: Dialect::Quotes, text: "job_4".into() };
        assert!(names.know(&quote) && !names.has(&quote), "each dialect has names of its own");
    }

    #[test]
    fn every_used_name_is_known_or_looked_up_however_many_there_are() {
        let mut names = Names::default();
        let all: Vec<_> =
            (0..3 * KEPT).map(|number| name(&format!("job_{:05}", number * 7919 % 10_007))).collect();
        for name in &all {
            names.add(name);
            names.trim();
        }
        assert!(all.iter().all(|name| !names.know(name) || names.has(name)));
        assert_eq!(names.0[&Dialect::Credits].used.len(), KEPT);
        assert!(names.know(&name("job_99999")) && !names.has(&name("job_99999")));
    }
}
