//! Files as a power cut leaves them.

use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A block of the redo log.
const BLOCK: usize = 4096;
const MAGIC: &[u8] = b"DKR1";

/// Numbers that a seed decides.
pub(super) struct Dice(pub(super) u64);

impl Dice {
    pub(super) fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % bound
    }
}

/// The database and its write-ahead log, as they were.
pub(super) struct Moment {
    database: Vec<u8>,
    wal: Vec<u8>,
    /// How often the redo log has turned since.
    pub(super) turns: u32,
}

impl Moment {
    pub(super) fn of(database: &Path) -> Self {
        Self {
            database: fs::read(database).unwrap(),
            wal: fs::read(beside(database, "-wal")).unwrap(),
            turns: 0,
        }
    }
}

impl Moment {
    /// The write-ahead log as it was, or with some of what was written since, and with anything behind it.
    pub(super) fn wal_since(&self, database: &Path, dice: &mut Dice) -> Vec<u8> {
        let since = fs::read(beside(database, "-wal")).unwrap();
        let is_longer = since.len() > self.wal.len() && since[..32] == self.wal[..32];
        let kept = match is_longer && dice.below(3) > 0 {
            true => &since[..self.wal.len() + dice.below(since.len() - self.wal.len())],
            false => &self.wal,
        };
        let garbage = (0..dice.below(9_000)).map(|_| dice.below(256) as u8).collect::<Vec<_>>();
        [kept, &garbage].concat()
    }
}

/// Which segment was written last.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Segment(usize);

impl Segment {
    pub(super) fn written(database: &Path) -> Self {
        let [first, second] = segments(database).map(|segment| last(&fs::read(segment).unwrap()));
        Self(usize::from(second.map(|(_, number)| number) > first.map(|(_, number)| number)))
    }
}

/// What stands behind the last record that was acknowledged.
#[derive(Clone, Copy, Debug)]
pub(super) enum Tail {
    /// What stood there before.
    Whole,
    /// Anything.
    Garbage,
    /// The next record, of which the second half is missing.
    Half,
}

/// A copy, in a folder of its own.
pub(super) struct Cut(TempDir);

impl Cut {
    /// The redo log is as it is now. The database and its write-ahead log are as they were at a moment.
    pub(super) fn back_to(database: &Path, moment: &Moment) -> Self {
        Self::of(database, moment, &moment.wal, Tail::Whole, &mut Dice(0))
    }

    /// The same, with another write-ahead log and something behind the redo log.
    pub(super) fn of(database: &Path, moment: &Moment, wal: &[u8], tail: Tail, dice: &mut Dice) -> Self {
        let cut = Self(tempfile::tempdir().unwrap());
        fs::write(cut.path(), &moment.database).unwrap();
        fs::write(beside(&cut.path(), "-wal"), wal).unwrap();
        let current = Segment::written(database).0;
        for (at, (from, to)) in segments(database).iter().zip(segments(&cut.path())).enumerate() {
            let mut segment = fs::read(from).unwrap();
            if at == current {
                tear(&mut segment, tail, dice);
            }
            fs::write(to, segment).unwrap();
        }
        cut
    }

    pub(super) fn path(&self) -> PathBuf {
        self.0.path().join("docket.db")
    }
}

/// Writes something behind the last record, if there is room.
fn tear(segment: &mut [u8], tail: Tail, dice: &mut Dice) {
    let Some((record, number)) = last(segment) else { return };
    let next = match tail {
        Tail::Whole => return,
        Tail::Garbage => (0..3 * BLOCK).map(|_| dice.below(256) as u8).collect(),
        Tail::Half => {
            let mut next = segment[record.clone()].to_vec();
            next[12..20].copy_from_slice(&(number + 1).to_le_bytes());
            next.truncate(next.len() / 2);
            next
        }
    };
    if let Some(room) = segment.get_mut(record.end..record.end + next.len()) {
        room.copy_from_slice(&next);
    }
}

/// The records of a segment: where each is, and its number.
pub(super) fn records(segment: &[u8]) -> Vec<(std::ops::Range<usize>, u64)> {
    let mut found: Vec<(std::ops::Range<usize>, u64)> = Vec::new();
    let mut at = 0;
    while segment.get(at..at + MAGIC.len()) == Some(MAGIC) {
        let body = u32::from_le_bytes(segment[at + 8..at + 12].try_into().unwrap()) as usize;
        let number = u64::from_le_bytes(segment[at + 12..at + 20].try_into().unwrap());
        if found.last().is_some_and(|(_, last)| number != last + 1) {
            break;
        }
        let end = at + (32 + body).next_multiple_of(BLOCK);
        found.push((at..end, number));
        at = end;
    }
    found
}

fn last(segment: &[u8]) -> Option<(std::ops::Range<usize>, u64)> {
    records(segment).pop()
}

pub(super) fn segments(database: &Path) -> [PathBuf; 2] {
    ["-redo0", "-redo1"].map(|ending| beside(database, ending))
}

pub(super) fn beside(database: &Path, ending: &str) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}
