//! Planted faults: what a test needs to see that it would notice them.

use super::{Turn, Writer};
use crate::batch::Write;

impl Writer {
    /// Like [`Writer::pump`], but whatever waits is altered before it is judged.
    #[doc(hidden)]
    pub fn pump_altered(&mut self, mut alter: impl FnMut(&mut Write)) -> Turn {
        let mut group = Vec::new();
        let open = self.take(&mut group);
        group.iter_mut().for_each(|request| alter(&mut request.write));
        match group.len() {
            0 if open => Turn::Idle,
            0 => Turn::Closed,
            count => {
                self.write_group(group);
                Turn::Wrote(count)
            }
        }
    }
}
