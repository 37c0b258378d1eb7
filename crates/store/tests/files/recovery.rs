//! What a start makes of the redo log that it finds.

use super::complaint;
use super::cut::{Cut, Moment, records, segments};
use crate::child::{child, is_child_of, is_root, open_to_all};
use crate::place::InFile;
use crate::sample::{NOW, client, job, terms, unattested, with_leaf, write};
use crate::world::{World, now};
use docket_core::agent::identity::{Agent, Profile, StakeMove, Wallet, Word};
use docket_core::hash::Sha256;
use docket_core::id::{AgentId, Dialect, JobId};
use docket_core::ledger::Account;
use docket_core::money::{Amount, Asset};
use docket_core::refusal::Refusal;
use docket_core::time::Millis;
use docket_store::{CommitError, Documents, Page, Sqlite, StoreError};
use futures::executor::block_on;
use std::fs::{self, Permissions};
use std::ops::Range;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

const JOBS: u64 = 20;

/// A database that was cut off: nothing of its jobs is in its own files.
fn cut_off() -> Cut {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("docket.db");
    let mut world = World::on(Box::new(InFile::at(&path)));
    world.give("ann", 5);
    let moment = Moment::of(&path);
    for number in 1..=JOBS {
        drop(world.live(job(number, terms()), "fund"));
    }
    Cut::back_to(&path, &moment)
}

fn assert_whole(path: &Path) {
    let world = World::on(Box::new(InFile::at(path)));
    assert_eq!(world.store().open_count() as u64, JOBS);
    assert_eq!((world.balance(&client("ann")), world.store().log().0), (5, JOBS + 1));
    world.check_books();
}

/// Changes the records of the first segment, which has all of them.
fn alter(path: &Path, change: impl Fn(&mut [u8], &[Range<usize>])) {
    let [first, _] = segments(path);
    let mut content = fs::read(&first).unwrap();
    let places: Vec<_> = records(&content).into_iter().map(|(place, _)| place).collect();
    assert!(places.len() as u64 >= JOBS);
    change(&mut content, &places);
    fs::write(first, content).unwrap();
}

/// Copies a log to another database, which is made if it is not there.
fn carry_over(from: &Path) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let other = folder.path().join("docket.db");
    for (from, to) in segments(from).iter().zip(segments(&other)) {
        fs::copy(from, to).unwrap();
    }
    (folder, other)
}

#[test]
fn without_its_log_a_database_that_was_cut_off_has_lost_something() {
    let cut = cut_off();
    segments(&cut.path()).iter().for_each(|segment| fs::remove_file(segment).unwrap());
    let world = World::on(Box::new(InFile::at(&cut.path())));
    assert!((world.store().open_count() as u64) < JOBS, "these tests would notice nothing");
}

#[test]
fn a_group_that_is_larger_than_a_segment_is_carried_out_again() {
    const LARGE: usize = 20 << 20;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("docket.db");
    let mut world = World::on(Box::new(InFile::at(&path)));
    world.give("ann", 5);
    let mut moment = Moment::of(&path);
    for number in 1..=3 {
        let mut fund = write(&job(number, terms()), "fund").unwrap();
        fund.documents.payload = Some(vec![7; if number == 2 { LARGE } else { 1 }].into());
        drop(world.commit(fund).unwrap());
        let cut = Cut::back_to(&path, &moment);
        let after = World::on(Box::new(InFile::at(&cut.path())));
        assert_eq!(after.store().open_count() as u64, number);
        let payload = block_on(after.store().payload(JobId(number))).unwrap().unwrap();
        assert_eq!(payload.len(), if number == 2 { LARGE } else { 1 });
        moment = Moment::of(&path); // The log has turned for the large one, and turns again behind it.
    }
}

#[test]
fn a_log_beside_another_database_is_ignored_and_does_no_harm() {
    let cut = cut_off();
    let (_folder, fresh) = carry_over(&cut.path());
    let mut world = World::on(Box::new(InFile::at(&fresh)));
    assert_eq!((world.store().open_count(), world.store().log().0), (0, 0));
    world.give("bob", 3);
    world.reopen();
    assert_eq!((world.balance(&client("bob")), world.balance(&client("ann"))), (3, 0));

    let folder = tempfile::tempdir().unwrap();
    let used = folder.path().join("docket.db");
    World::on(Box::new(InFile::at(&used))).give("bob", 4);
    for (from, to) in segments(&cut.path()).iter().zip(segments(&used)) {
        fs::copy(from, to).unwrap();
    }
    assert_eq!(now(Sqlite::read_only(&used).unwrap().transfers(0)).len(), 1);
    let world = World::on(Box::new(InFile::at(&used)));
    assert_eq!((world.balance(&client("bob")), world.balance(&client("ann"))), (4, 0));
    world.check_books();
}

#[test]
fn a_log_of_another_version_is_refused_and_kept() {
    let cut = cut_off();
    let bump = |by: i8| {
        alter(&cut.path(), |content, places| {
            for place in places {
                let record = &mut content[place.clone()];
                record[28] = record[28].wrapping_add_signed(by);
                let body = u32::from_le_bytes(record[8..12].try_into().unwrap()) as usize;
                let sum = crc32fast::hash(&record[8..32 + body]);
                record[4..8].copy_from_slice(&sum.to_le_bytes());
            }
        });
    };
    bump(1);
    let reason = complaint(&cut.path());
    assert!(reason.contains("another version of this program, which must be started once"), "{reason}");
    assert!(Sqlite::read_only(&cut.path()).is_err(), "it would not show what was acknowledged");
    bump(-1);
    assert_whole(&cut.path());
}

#[test]
fn a_log_that_lacks_a_record_in_the_middle_is_refused_and_kept() {
    for missing in [0, 1, 7] {
        let cut = cut_off();
        // What the database has already need not be there.
        let before = missing + records(&fs::read(&segments(&cut.path())[0]).unwrap()).len() - JOBS as usize;
        let flip = || alter_at(&cut.path(), before);
        flip();
        for refused in [Sqlite::file(cut.path()).open().err(), Sqlite::read_only(&cut.path()).err()] {
            let error = refused.expect("a group is missing");
            assert!(
                matches!(&error, StoreError::Corrupt(reason) if reason.contains("has no group")),
                "{error}"
            );
        }
        flip();
        assert_whole(&cut.path());
    }
}

/// Damages a record, or mends it.
fn alter_at(path: &Path, number: usize) {
    let [first, _] = segments(path);
    let mut content = fs::read(&first).unwrap();
    let start = (0..number).fold(0, |at, _| {
        let body = u32::from_le_bytes(content[at + 8..at + 12].try_into().unwrap()) as usize;
        at + (32 + body).next_multiple_of(4096)
    });
    content[start + 40] ^= 1;
    fs::write(first, content).unwrap();
}

#[test]
fn a_crash_after_the_recovery_and_before_the_log_is_emptied_is_harmless() {
    let cut = cut_off();
    // A reader carries the log out, and leaves it there.
    drop(Sqlite::read_only(&cut.path()).unwrap());
    assert!(segments(&cut.path()).iter().all(|segment| segment.exists()));
    drop(Sqlite::read_only(&cut.path()).unwrap());
    assert_whole(&cut.path());
}

#[test]
fn a_crash_in_the_middle_of_the_recovery_is_harmless() {
    for kept in [1, 4, 11] {
        let cut = cut_off();
        let [first, _] = segments(&cut.path());
        let whole = fs::read(&first).unwrap();
        alter(&cut.path(), |content, places| content[places[kept].start..].fill(0));
        drop(Sqlite::read_only(&cut.path()).unwrap());
        fs::write(&first, whole).unwrap();
        assert_whole(&cut.path());
    }
}

#[test]
fn a_crash_while_the_log_is_emptied_is_harmless() {
    let cut = cut_off();
    drop(Sqlite::read_only(&cut.path()).unwrap());
    // The zeros of some blocks are on disk, in no order.
    alter(&cut.path(), |content, _| content.chunks_mut(4096).step_by(3).for_each(|block| block.fill(0)));
    assert_whole(&cut.path());
}

#[test]
fn a_reader_of_a_database_that_was_cut_off_sees_all_that_was_acknowledged() {
    let cut = cut_off();
    let reader = Sqlite::read_only(&cut.path()).unwrap();
    for id in (1..=JOBS).map(JobId) {
        let sample = write(&job(id.0, terms()), "fund").unwrap();
        let payload = sample.documents.payload.expect("it comes with the job").body;
        assert_eq!(block_on(reader.payload(id)).unwrap(), Some(payload));
        assert_eq!(block_on(reader.job(id)).unwrap().map(|job| job.state.name()), Some("funded"));
    }
    assert_eq!(now(reader.transfers(0)).len() as u64, JOBS + 1);
    drop(reader);
    Sqlite::check(&cut.path()).unwrap();
    assert_whole(&cut.path());
}

#[test]
fn a_reader_who_may_not_carry_the_log_out_is_refused() {
    const NAME: &str = "files::recovery::a_reader_who_may_not_carry_the_log_out_is_refused";
    if let Some(path) = is_child_of(NAME) {
        return assert_unreadable(Path::new(&path));
    }
    let cut = cut_off();
    let folder = cut.path().parent().unwrap().to_owned();
    open_to_all(&folder);
    for lock in [false, true] {
        let allow = |mode| fs::set_permissions(&folder, Permissions::from_mode(mode)).unwrap();
        if lock {
            fs::write(cut.path().with_extension("db.lock"), "").unwrap();
            fs::set_permissions(cut.path().with_extension("db.lock"), Permissions::from_mode(0o444)).unwrap();
        }
        allow(0o555);
        match is_root() {
            // Nothing is forbidden to root, so somebody else looks.
            true => {
                assert!(child(NAME, cut.path().to_str().unwrap()).as_nobody().status().unwrap().success())
            }
            false => assert_unreadable(&cut.path()),
        }
        allow(0o755);
    }
    fs::remove_file(cut.path().with_extension("db.lock")).unwrap();
    assert_whole(&cut.path());
}

fn assert_unreadable(path: &Path) {
    let reason = Sqlite::read_only(path).err().expect("it would not show what was acknowledged").to_string();
    assert!(reason.contains("may it be written"), "{reason}");
}

#[test]
fn agents_their_names_and_their_stakes_are_carried_out_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("docket.db");
    let mut world = World::on(Box::new(InFile::at(&path)));
    let (ann, ben) = (Wallet([1; 20]), Wallet([2; 20]));
    let account = ann.client(Dialect::Agents);
    world.give(&account.0, 100);
    let moment = Moment::of(&path);
    let word = |by, message: &[u8], after| Word {
        dialect: Dialect::Agents,
        by,
        digest: Sha256::of(message),
        at: NOW + Millis(after),
    };
    let named = |name: &str| Profile { name: name.into(), ..Profile::default() };
    let alone = |change| with_leaf(change, Documents::default());
    let register = |id, by, name: &str| {
        alone(Agent::register(AgentId(id), named(name), word(by, name.as_bytes(), 0), NOW))
    };
    // One group has both.
    let verdicts = world.commit_all([register(1, ann, "Ann"), register(2, ben, "Ben")]);
    assert!(verdicts.iter().all(Result::is_ok));
    let agent = |world: &World, id| now(world.disk().agent(AgentId(id))).expect("it was registered");
    let first = agent(&world, 1);
    let renamed = first.show(word(ann, b"rename", 1), named("Anna"), NOW).unwrap();
    let deposit = first
        .move_stake(word(ann, b"deposit", 2), StakeMove::Deposit, Amount::new(60, Asset::USDC), NOW)
        .unwrap();
    let verdicts = world.commit_all([alone(renamed), alone(deposit.clone())]);
    assert!(verdicts.iter().all(Result::is_ok));

    let cut = Cut::back_to(&path, &moment);
    let mut after = World::on(Box::new(InFile::at(&cut.path())));
    assert_eq!(after.store().start().last_agent, Some(AgentId(2)));
    assert_eq!(&*agent(&after, 1).profile.name, "Anna");
    assert_eq!(after.balance(&Account::Stake(AgentId(1))), 60);
    assert!(matches!(after.commit(alone(deposit)), Err(CommitError::Repeated(_))));
    assert!(matches!(after.commit(register(3, ben, "ann")), Err(CommitError::Refused(Refusal::KeyReused))));
    after.check_books();
}

#[test]
fn snapshots_are_carried_out_again_and_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("docket.db");
    let mut world = World::on(Box::new(InFile::at(&path)));
    let of = world.live(job(1, terms()), "fund");
    let moment = Moment::of(&path);
    for key in ["a", "b", "c"] {
        drop(world.commit(unattested(&of, key)).unwrap());
    }
    let cut = Cut::back_to(&path, &moment);
    // The second start finds the log again as it was before the first.
    for _ in 0..2 {
        let reader = Sqlite::read_only(&cut.path()).unwrap();
        let all = now(reader.snapshots(of.id, Page { skip: 0, limit: 9 }));
        let kept: Vec<_> = all.into_iter().map(|row| row.document).collect();
        let sent = ["c", "b", "a"].map(|key| unattested(&of, key).documents.snapshot.unwrap());
        assert_eq!(kept, sent);
    }
    let mut after = World::on(Box::new(InFile::at(&cut.path())));
    assert!(matches!(after.commit(unattested(&of, "b")), Err(CommitError::Repeated(_))));
    assert_eq!(now(after.disk().count_snapshots(of.id, None)), 3);
    after.check_books();
}
