//! The books of a store in use whose writer was made to lie.

use crate::threads::{new_job, scoring};
use docket_core::command::{Canceller, Command};
use docket_core::id::ClientId;
use docket_core::key::{Limits, Spending};
use docket_core::time::Timestamp;
use docket_engine::books::{self, Books};
use docket_engine::clock::Clock;
use docket_engine::entropy::Entropy;
use docket_engine::{Config, Engine, NewJob, StakeTerms};
use docket_settlement::Ledger;
use docket_store::Sqlite;
use futures::FutureExt;
use futures::executor::block_on;
use std::pin::pin;

/// Two jobs for 100 units each under an API key, one of them withdrawn, by a writer that alters what the key spends.
fn books_after(database: &str, alter: fn(Spending) -> Option<Spending>) -> Books {
    let (store, mut writer) = Sqlite::memory(database).open().expect("a database in memory can be made");
    let config = Config {
        ledger: Ledger::testnet(),
        scoring,
        stake: StakeTerms::NONE,
        hires: docket_engine::HireTerms::DOCUMENTED,
    };
    let engine = Engine::new(store, Clock::manual(Timestamp(1)), Entropy::seeded(3), config);
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
