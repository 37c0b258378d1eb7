//! The power goes: of what was not synced, anything may be missing. What is in the redo log was synced.

use super::cut::{Cut, Dice, Moment, Segment, Tail};
use crate::place::InFile;
use crate::sample::{client, credit, job, paid_at_once, terms, write};
use crate::world::{World, now};
use docket_core::id::JobId;
use docket_core::money::{Amount, Asset};
use docket_store::Write;
use std::path::Path;

/// A store in a folder of its own, and the moments from which a power cut can take its files.
struct Running {
    world: World,
    folder: tempfile::TempDir,
    dice: Dice,
    jobs: u64,
    moments: Vec<Moment>,
    segment: Segment,
}

impl Running {
    fn start(seed: u64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("docket.db");
        let mut world = World::on(Box::new(InFile::at(&path)));
        world.give("ann", 1_000_000_000);
        let moments = vec![Moment::of(&path)];
        Self { world, segment: Segment::written(&path), folder, dice: Dice(seed), jobs: 0, moments }
    }

    /// A job that nobody has yet.
    fn next_job(&mut self, weight: usize) -> Write {
        self.jobs += 1;
        let mut fund = write(&job(self.jobs, terms()), "fund").unwrap();
        if weight > 0 {
            fund.documents.payload = Some(vec![self.jobs as u8; weight].into());
        }
        fund
    }

    /// Commits something small, most often one change.
    fn work(&mut self, weight: usize) {
        match self.dice.below(5) {
            0 => self.world.give("bob", 7),
            1 => {
                self.jobs += 1;
                drop(self.world.live(job(self.jobs, paid_at_once()), "fund assign submit"));
            }
            2 => {
                let fund = self.next_job(weight);
                let together: Vec<_> =
                    (0..4).map(|at| gift(&format!("{} {at}", self.jobs))).chain([fund]).collect();
                assert!(self.world.commit_all(together).iter().all(Result::is_ok));
            }
            _ => {
                let fund = self.next_job(weight);
                drop(self.world.commit(fund).unwrap());
            }
        }
        self.look();
    }

    /// Commits a group that SQLite syncs itself.
    fn work_at_large(&mut self) {
        let together: Vec<_> = (0..40).map(|_| self.next_job(0)).collect();
        assert!(self.world.commit_all(together).iter().all(Result::is_ok));
        self.moments = vec![Moment::of(&self.path())];
    }

    fn path(&self) -> std::path::PathBuf {
        self.folder.path().join("docket.db")
    }

    /// Notes this moment now and then, and forgets those from before the last segment but one: those are settled.
    fn look(&mut self) {
        let path = self.path();
        let segment = Segment::written(&path);
        if segment != self.segment {
            self.segment = segment;
            self.moments.retain(|moment| moment.turns == 0);
            self.moments.iter_mut().for_each(|moment| moment.turns += 1);
            self.moments.push(Moment::of(&path));
        } else if self.dice.below(6) == 0 {
            self.moments.push(Moment::of(&path));
        }
    }

    /// Cuts the power, and looks at what is left of it.
    fn cut(&mut self) {
        let path = self.path();
        let moment = &self.moments[self.dice.below(self.moments.len())];
        let tail = [Tail::Whole, Tail::Garbage, Tail::Half][self.dice.below(3)];
        let wal = moment.wal_since(&path, &mut self.dice);
        let cut = Cut::of(&path, moment, &wal, tail, &mut self.dice);
        assert_has_all(&self.world, &cut.path());
    }
}

fn gift(key: &str) -> Write {
    credit(client("bob"), Amount::new(3, Asset::USDC), key)
}

/// Panics unless a copy has exactly what the original has, and can go on.
fn assert_has_all(world: &World, copy: &Path) {
    let mut copy = World::on(Box::new(InFile::at(copy)));
    assert_eq!(copy.store().log(), world.store().log());
    assert_eq!(copy.transfers(), world.transfers());
    let balances = |world: &World| {
        world.balances().iter().map(|row| (row.account.clone(), row.units)).collect::<Vec<_>>()
    };
    assert_eq!(balances(&copy), balances(world));
    copy.check_books();
    let last = world.jobs().first().map_or(0, |job| job.id.0);
    for id in (1..=last).map(JobId) {
        assert_eq!(copy.on_disk(id), world.on_disk(id));
        assert_eq!(now(copy.disk().payload(id)), now(world.disk().payload(id)));
        assert_eq!(now(copy.disk().journal(id)).len(), now(world.disk().journal(id)).len());
    }
    copy.commit(gift("after the cut")).unwrap();
    copy.live(job(last + 1, paid_at_once()), "fund assign submit");
    copy.check_books();
    copy.reopen();
    assert_eq!(copy.store().log().0, world.store().log().0 + 3);
    copy.check_books();
}

#[test]
fn a_power_cut_loses_nothing_that_was_acknowledged() {
    let mut running = Running::start(1);
    for _ in 0..10 {
        (0..25).for_each(|_| running.work(0));
        running.cut();
    }
}

#[test]
fn a_power_cut_between_small_and_large_groups_loses_nothing() {
    let mut running = Running::start(2);
    for _ in 0..6 {
        (0..8).for_each(|_| running.work(0));
        running.work_at_large();
        running.cut();
        (0..5).for_each(|_| running.work(0));
        running.cut();
    }
}

#[test]
fn a_power_cut_after_turns_of_the_log_loses_nothing() {
    let mut running = Running::start(3);
    let mut turns = 0;
    for _ in 0..8 {
        let before = running.segment;
        (0..12).for_each(|_| running.work(600 << 10));
        turns += u32::from(running.segment != before);
        running.cut();
    }
    assert!(turns >= 3, "the log has turned {turns} times");
}
