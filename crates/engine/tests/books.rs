//! The books of a store in use whose writer was made to lie.

use crate::threads::{config, new_job};
use docket_core::agent::hire::Order;
use docket_core::agent::identity::{Profile, StakeMove, Wallet, Word};
use docket_core::agent::role::Strategy;
use docket_core::agent::standing::Note;
use docket_core::command::{Canceller, Command};
use docket_core::hash::{ContentHash, Sha256};
use docket_core::id::{ClientId, Dialect};
use docket_core::key::{Limits, Spending};
use docket_core::ledger::Account;
use docket_core::money::Amount;
use docket_core::time::{Millis, Timestamp};
use docket_engine::books::{self, Books};
use docket_engine::clock::Clock;
use docket_engine::entropy::Entropy;
use docket_engine::{Engine, NewHire, NewJob, Wish};
use docket_store::Sqlite;
use futures::FutureExt;
use futures::executor::block_on;
use std::pin::pin;

const COIN: u128 = 1_000_000;

/// Two jobs among agents of which one is withdrawn, by a writer that keeps only some of what is said of agents.
fn books_of_agents(database: &str, keep: fn(&Note) -> bool) -> Books {
    let (store, mut writer) = Sqlite::memory(database).open().expect("a database in memory can be made");
    let engine = Engine::new(store, Clock::manual(Timestamp(1)), Entropy::seeded(3), config());
    let word = |said: u8| Word {
        dialect: Dialect::Agents,
        by: Wallet([7; 20]),
        digest: Sha256([said; 32]),
        at: Timestamp(said.into()),
    };
    let units = |coins: u128| Amount::new(coins * COIN, engine.ledger().asset());
    let mut done = pin!(async {
        let agent = engine.register_agent(Profile::default(), word(1)).await.expect("it is new");
        let account = Account::Client(word(1).by.client(Dialect::Agents));
        engine.credit(account, units(500), "coins").await.expect("it comes from outside");
        engine
            .move_agent_stake(agent.id, word(2), StakeMove::Deposit, units(500))
            .await
            .expect("it is there");
        for said in [3, 4] {
            let order = Order {
                strategy: Strategy::Rubric,
                program: None,
                rubric: Some(ContentHash([2; 32])),
                capital: None,
                deadline: Timestamp(1_000_000),
                grace: Millis(0),
                judge: None,
                rewards_early: false,
            };
            let (title, description) = ("".into(), "".into());
            let new = NewHire { client: agent.id, budget: units(70), order, title, description };
            let job = engine.hire(new, word(said)).await.expect("it is made");
            if said == 4 {
                engine.step(&job.public_id, Wish::Cancel, word(5)).await.expect("nobody has it");
            }
        }
    });
    while done.as_mut().now_or_never().is_none() {
        writer.pump_altered(|write| write.change.notes.retain(|(_, note)| keep(note)));
    }
    block_on(books::check(engine.store())).expect("the books can be read")
}

#[test]
fn what_is_locked_of_an_agent_is_what_the_journal_says() {
    let books = books_of_agents("locks-sound", |_| true);
    assert_eq!((books.faults, books.agree), (vec![], true));
    let books = books_of_agents("locks-kept", |note| !matches!(note, Note::Unlocked(_)));
    let fault = "agent 1 is said to have 10000000 locked, and the journal says 5000000";
    assert_eq!((&books.faults[..], books.agree), (&[fault.to_owned()][..], false));
    let books = books_of_agents("locks-lost", |note| !matches!(note, Note::Locked(_)));
    let fault = "agent 1 is said to have 0 locked, and the journal says 5000000";
    assert_eq!((&books.faults[..], books.agree), (&[fault.to_owned()][..], false));
}

/// Two jobs for 100 units each under an API key, one of them withdrawn, by a writer that alters what the key spends.
fn books_after(database: &str, alter: fn(Spending) -> Option<Spending>) -> Books {
    let (store, mut writer) = Sqlite::memory(database).open().expect("a database in memory can be made");
    let engine = Engine::new(store, Clock::manual(Timestamp(1)), Entropy::seeded(3), config());
    let client = ClientId("credits:ann".into());
    let mut done = pin!(async {
        let (_, key) =
            engine.create_key(client.clone(), "".into(), Limits::default()).await.expect("a key is made");
        for cancelled in [true, false] {
            let new = new_job(&engine, 0, 99);
            let new = NewJob { client: client.clone(), key: None, key_id: Some(key.id), ..new };
            let submitted = engine.submit(new).await.expect("the job is made");
            let job = engine.find(&submitted.id).await.expect("it can be read").expect("it is there");
            if cancelled {
                engine
                    .execute(job.id, &Command::Cancel { by: Canceller::Client })
                    .await
                    .expect("nobody has it");
            }
        }
    });
    while done.as_mut().now_or_never().is_none() {
        writer.pump_altered(|write| write.change.spending = write.change.spending.and_then(alter));
    }
    block_on(books::check(engine.store())).expect("the books can be read")
}

#[test]
fn what_a_key_has_spent_is_what_the_journal_says() {
    let books = books_after("books-sound", Some);
    assert_eq!((books.faults, books.agree), (vec![], true));
    let kept = |spending: Spending| (spending.units > 0).then_some(spending);
    let books = books_after("books-kept", kept);
    let said = |fault: &str, words: &str| fault.starts_with("key_") && fault.ends_with(words);
    assert!(said(&books.faults[0], " has spent 200 on day 0, and the journal says 100"), "{books:?}");
    assert!(said(&books.faults[1], " has spent 200 in all, and the journal says 100"), "{books:?}");
    assert_eq!((books.fault_count, books.agree), (2, false));
}

#[test]
fn a_key_whose_spending_nobody_wrote_down_is_found() {
    let books = books_after("books-lost", |_| None);
    assert_eq!(books.fault_count, 2, "{books:?}");
    assert!(books.faults.iter().all(|fault| fault.ends_with(" and no sum says how much")), "{books:?}");
}
