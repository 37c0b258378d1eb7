use super::replay::{Holding, Replay};
use docket_core::id::{ClientId, JobId, WorkerId};
use docket_core::ledger::{Account, NetworkId};
use docket_core::money::{Amount, Asset};
use docket_core::time::Timestamp;
use docket_store::TransferRow;

fn client() -> Account {
    Account::Client(ClientId("quotes:ann".into()))
}

fn outside() -> Account {
    Account::Outside(NetworkId("ledger:main".into()))
}

fn escrow() -> Account {
    Account::Escrow(JobId(7))
}

/// Replays movements of one unit each: from, to, event. Answers with what is wrong, and the replay.
fn replay(rows: &[(Account, Account, &str)]) -> (Vec<String>, Replay) {
    let mut replay = Replay::default();
    let row = |(id, (from, to, event)): (i64, &(Account, Account, &str))| TransferRow {
        id,
        at: Timestamp(1),
        job: None,
        key: None,
        event: (*event).to_owned(),
        from: from.clone(),
        to: to.clone(),
        amount: Amount::new(1, Asset::USDC),
        log_index: None,
    };
    let faults = (1..).zip(rows).map(row).filter_map(|row| replay.apply(&row)).collect();
    (faults, replay)
}

#[test]
fn sound_books_have_no_fault() {
    let worker = Account::Worker(WorkerId([1; 32]));
    let (faults, replay) = replay(&[
        (outside(), client(), "transfer"),
        (client(), escrow(), "funded"),
        (escrow(), worker.clone(), "settled"),
    ]);
    assert_eq!(faults, Vec::<String>::new());
    assert_eq!(replay.balance(&worker, Asset::USDC), 1);
    assert_eq!(replay.holding(JobId(7)), Holding::Resolved);
    let [books] = &replay.assets()[..] else { panic!("one asset has moved") };
    assert_eq!((books.outside, books.owned, books.escrow, books.sum()), (-1, 1, 0, 0));
}

#[test]
fn an_account_below_zero_is_a_fault() {
    let (faults, _) = replay(&[(client(), Account::Treasury, "transfer")]);
    assert_eq!(faults, ["transfer 1 leaves client:quotes:ann at -1"]);
}

#[test]
fn a_hold_that_is_made_or_resolved_twice_is_a_fault() {
    let hold = [(outside(), client(), "transfer"), (client(), escrow(), "funded")];
    let returned = (escrow(), client(), "failed");
    let again = [&hold[..], &[returned.clone(), (client(), escrow(), "funded")]].concat();
    assert_eq!(replay(&again).0, ["transfer 4: escrow:7 is held a second time"]);
    let twice = [&hold[..], &[returned.clone(), returned.clone()]].concat();
    assert_eq!(replay(&twice).0, ["transfer 4 leaves escrow:7 at -1"]);
    let more = [&hold[..], &[(outside(), escrow(), "funded"), returned, (escrow(), client(), "refunded")]];
    let words = replay(&more.concat()).0;
    assert_eq!(words[1], "transfer 5: escrow:7 is resolved by two events");
}

#[test]
fn a_balance_that_moves_while_it_is_read_may_be_either() {
    let (_, mut replay) = replay(&[(outside(), client(), "transfer")]);
    replay.begin_window();
    let moved = TransferRow {
        id: 2,
        at: Timestamp(2),
        job: None,
        key: None,
        event: "transfer".to_owned(),
        from: outside(),
        to: client(),
        amount: Amount::new(5, Asset::USDC),
        log_index: None,
    };
    assert_eq!(replay.apply(&moved), None);
    let had = |units| replay.had(&client(), Asset::USDC, units);
    assert!(had(1) && had(6) && !had(5));
}
