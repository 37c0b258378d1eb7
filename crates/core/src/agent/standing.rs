//! What is known of an agent by what it has done: its score, its history, what was counted, and what it has locked.
//!
//! It is a fold over [`Note`]s, each of which comes with the change that it is about.

use super::flags::Verdicts;
use super::penalty::Violations;
use super::record::Record;
use super::role::Level;
use super::score::{Deed, Score};
use crate::reputation::{Evidence, Reputation};
use crate::time::Timestamp;

/// What is known of an agent.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Standing {
    /// From 0 to 100.
    pub score: Score,
    /// Its work as a provider, which fades: jobs paid and jobs lost, and nothing else.
    pub history: Reputation,
    /// Its jobs, counted.
    pub record: Record,
    /// What is remembered of its violations.
    pub violations: Violations,
    /// How many of its last deliveries were refused, one after the other.
    pub rejections: u32,
    /// Its verdicts, counted.
    pub verdicts: Verdicts,
    /// In how many disputes it has had a seat.
    pub disputes: u64,
    /// What open jobs have locked of its stake, in minor units of the market's asset.
    pub locked: u128,
}

impl Default for Standing {
    fn default() -> Self {
        Self {
            score: Score::NEW,
            history: Reputation::default(),
            record: Record::default(),
            violations: Violations::default(),
            rejections: 0,
            verdicts: Verdicts::default(),
            disputes: 0,
            locked: 0,
        }
    }
}

/// One thing that a change says of an agent.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Note {
    /// So many minor units of its stake were locked.
    Locked(u128),
    /// So many are not locked any more.
    Unlocked(u128),
    /// Its score changes.
    Deed(Deed),
    /// A job has ended in which it took part.
    Ended {
        /// Whether the provider was paid.
        completed: bool,
        /// Whether the work was there in time.
        on_time: bool,
        /// How strongly the work was verified, if it was completed.
        level: Option<Level>,
    },
    /// As a provider it has finished a job that nobody can dispute any more.
    Worked {
        /// Whether it was paid, and not refused or late for ever.
        paid: bool,
    },
    /// Its work was judged.
    Judged {
        /// Whether it was accepted in the end.
        approved: bool,
    },
    /// Its verdict on somebody's work counts from now on.
    Verdict {
        /// Whether it accepted the work.
        passed: bool,
        /// Whether it called that close.
        borderline: bool,
        /// Whether a dispute has made the opposite of it.
        overturned: bool,
    },
    /// A dispute that it had opened was decided.
    Disputed {
        /// Whether for it.
        won: bool,
    },
    /// It had a seat in a dispute.
    Sat,
    /// It has offended.
    Violated,
    /// A job has ended in which it has not.
    Clean,
}

impl Standing {
    /// What is known after one more thing, which has come to light now.
    #[must_use]
    pub fn after(self, note: Note, now: Timestamp) -> Self {
        let mut after = self;
        match note {
            Note::Locked(units) => after.locked = after.locked.saturating_add(units),
            Note::Unlocked(units) => after.locked = after.locked.saturating_sub(units),
            Note::Deed(deed) => after.score = after.score.after(deed),
            Note::Ended { completed, on_time, level } => {
                after.record.total += 1;
                after.record.completed += completed as u64;
                after.record.on_time += (completed && on_time) as u64;
                if let Some(level) = level {
                    after.record.level_sum += level.number() as u64;
                }
            }
            Note::Worked { paid } => {
                let evidence = if paid { Evidence::Paid { placing: None } } else { Evidence::Lost };
                after.history = after.history.after(evidence, now);
            }
            Note::Judged { approved } => {
                after.record.judged += 1;
                after.record.approved += approved as u64;
                after.rejections = if approved { 0 } else { after.rejections.saturating_add(1) };
            }
            Note::Verdict { passed, borderline, overturned } => {
                after.verdicts.judged += 1;
                after.verdicts.passed += passed as u64;
                after.verdicts.borderline += borderline as u64;
                after.verdicts.overturned += overturned as u64;
            }
            Note::Disputed { won } => {
                after.record.disputes += 1;
                after.record.dispute_wins += won as u64;
            }
            Note::Sat => after.disputes += 1,
            Note::Violated => after.violations = after.violations.after_violation(),
            Note::Clean => after.violations = after.violations.after_clean_job(),
        }
        after
    }

    /// In how many jobs it has taken part, in whatever role.
    pub const fn jobs(&self) -> u64 {
        self.record.total.saturating_add(self.disputes)
    }
}
