//! Planted faults: what a test needs to see that it would notice them.

use super::{Turn, Work, Writer};
use crate::batch::Write;

impl Writer {
    /// Like [`Writer::pump`], but whatever waits is altered before it is judged.
    #[doc(hidden)]
    pub fn pump_altered(&mut self, mut alter: impl FnMut(&mut Write)) -> Turn {
        let mut work = Work::default();
        let open = self.take(&mut work);
        work.group.iter_mut().for_each(|waiting| alter(&mut waiting.write));
        self.turn(work, open)
    }
}
