//! What happened, line by line: to compare two runs, and to read after a failure.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::fmt::Arguments;
use std::rc::Rc;

/// How many lines are kept to be shown, unless `DOCKET_SIM_LINES` says otherwise.
const KEPT: u64 = 60;

/// The record of one run. Clones write into the same record.
#[derive(Clone, Default)]
pub(crate) struct Trace(Rc<RefCell<Lines>>);

struct Lines {
    kept: usize,
    last: VecDeque<String>,
    count: u64,
    digest: u64,
}

impl Default for Lines {
    fn default() -> Self {
        let kept = super::number("DOCKET_SIM_LINES").unwrap_or(KEPT);
        Self { kept: usize::try_from(kept).unwrap_or(usize::MAX), last: VecDeque::new(), count: 0, digest: 0 }
    }
}

impl Trace {
    pub(crate) fn line(&self, line: Arguments<'_>) {
        let line = line.to_string();
        let mut lines = self.0.borrow_mut();
        // FNV-1a: quick, and enough to tell two runs apart.
        for byte in line.bytes().chain(*b"\n") {
            lines.digest = (lines.digest ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        lines.count += 1;
        if lines.last.len() >= lines.kept.max(1) {
            lines.last.pop_front();
        }
        lines.last.push_back(line);
    }

    /// A digest of all lines, and how many they were.
    pub(crate) fn digest(&self) -> (u64, u64) {
        let lines = self.0.borrow();
        (lines.digest, lines.count)
    }

    /// The last lines.
    pub(crate) fn last(&self) -> String {
        self.0.borrow().last.iter().map(|line| format!("  {line}\n")).collect()
    }
}
