//! Workers of one wallet that come at the same time: one of them is enrolled, and the other one hears of it.

use crate::threads::config;
use docket_core::agent::identity::{Wallet, Word};
use docket_core::hash::Sha256;
use docket_core::id::{Dialect, WorkerId};
use docket_core::money::Amount;
use docket_core::refusal::Refusal;
use docket_core::routing::{Skills, WorkerClass};
use docket_core::time::{Millis, Timestamp};
use docket_engine::clock::Clock;
use docket_engine::entropy::Entropy;
use docket_engine::{Connection, Engine, EngineError, Hello, Profile, ToWorker};
use docket_store::Sqlite;
use docket_store::writer::Writer;
use futures::FutureExt;
use std::collections::{BTreeMap, BTreeSet};
use std::pin::Pin;
use std::sync::Arc;
use tokio::sync::mpsc;

const WALLET: Wallet = Wallet([7; 20]);
const ROUNDS: u64 = 400;

/// A worker that was let in.
struct Inside {
    connection: Connection,
    inbox: mpsc::UnboundedReceiver<Box<ToWorker>>,
}

impl Inside {
    fn is_told_to_go(&mut self) -> bool {
        std::iter::from_fn(|| self.inbox.try_recv().ok()).any(|message| matches!(*message, ToWorker::Close))
    }
}

type Coming = Pin<Box<dyn Future<Output = Result<Inside, Refusal>>>>;

fn worker(number: u8) -> WorkerId {
    WorkerId([number; 32])
}

/// A worker connects with a word of the one wallet, given so many milliseconds from now.
fn connect(engine: &Arc<Engine>, number: u8, ahead: i64) -> Coming {
    let at = engine.clock().now() + Millis(ahead);
    let word = Word { dialect: Dialect::Registry, by: WALLET, digest: Sha256::of(&[number]), at };
    let profile = Profile {
        class: WorkerClass::Desktop,
        skills: Skills::INFER,
        models: Vec::new(),
        weights: BTreeMap::new(),
        gpu_tier: 0,
        deactivated: false,
        by_post: false,
        price_floor: Amount::zero(engine.ledger().asset()),
        concurrency: 1,
        accepts: false,
    };
    let hello = Hello {
        worker: worker(number),
        proof: true,
        unproven_allowed: false,
        profile,
        enrols: Some((word, 1)),
        resume: Vec::new(),
    };
    let (outbound, inbox) = mpsc::unbounded_channel();
    let engine = engine.clone();
    Box::pin(async move {
        match engine.connect(hello, outbound).await {
            Ok(welcome) => Ok(Inside { connection: welcome.connection, inbox }),
            Err(EngineError::Refused(refusal)) => Err(refusal),
            Err(error) => panic!("{error}"),
        }
    })
}

/// Lets two go on in turns that follow from a seed, with the writer as the third.
fn interleave(
    writer: &mut Writer,
    mut coming: [Coming; 2],
    entropy: &Entropy,
) -> [Result<Inside, Refusal>; 2] {
    let mut inside = [None, None];
    while inside.iter().any(Option::is_none) {
        match usize::try_from(entropy.number() % 3).expect("it is small") {
            2 => _ = writer.pump(),
            turn if inside[turn].is_none() => inside[turn] = coming[turn].as_mut().now_or_never(),
            _ => {}
        }
    }
    inside.map(|inside| inside.expect("both have come to an end"))
}

#[test]
fn of_two_that_come_at_once_one_is_the_node_and_the_other_hears_of_it() {
    let (store, mut writer) = Sqlite::memory("one-wallet").open().expect("a database in memory can be made");
    let clock = Clock::manual(Timestamp(1));
    let engine = Engine::new(store, clock.clone(), Entropy::seeded(1), config());
    let entropy = Entropy::seeded(2);
    let mut ends = BTreeSet::new();
    for round in 0..ROUNDS {
        clock.advance(Millis(2));
        let first = i64::try_from(round % 2).unwrap();
        let coming = [connect(&engine, 1, first), connect(&engine, 2, 1 - first)];
        let inside = interleave(&mut writer, coming, &entropy);

        let node = engine.node(WALLET).expect("one of them is enrolled");
        assert!(node.online.is_some(), "round {round}: whoever is enrolled is there");
        assert_eq!(engine.presence().online, BTreeMap::from([(1, 1)]), "round {round}");
        let [mut winner, mut loser] = inside;
        let mut number = 2;
        if node.enrolment.worker == worker(2) {
            (winner, loser, number) = (loser, winner, 1);
        }
        let mut winner = winner.expect("whoever is enrolled was let in");
        assert!(!winner.is_told_to_go(), "round {round}");
        let end = match &mut loser {
            Ok(inside) => {
                assert!(inside.is_told_to_go(), "round {round}");
                engine.disconnect(inside.connection);
                "told to go"
            }
            Err(refusal) => refusal.code(),
        };
        ends.insert(end);

        clock.advance(Millis(2));
        let [again, _] =
            interleave(&mut writer, [connect(&engine, number, 1), connect(&engine, number, 1)], &entropy);
        assert_eq!(again.err(), Some(Refusal::EnrolmentInUse), "round {round}");
        engine.disconnect(winner.connection);
    }
    let ends: Vec<_> = ends.into_iter().collect();
    assert_eq!(ends, ["agent.overtaken", "enrolment.in_use", "told to go"], "each of them is played");
}
