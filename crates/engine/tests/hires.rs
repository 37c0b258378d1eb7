//! Jobs among agents over the real writer's thread: what was signed once counts once, its repeat is answered, and nobody sits in
//! two places.

use crate::threads::config;
use docket_core::agent::hire::Order;
use docket_core::agent::identity::{Profile, StakeMove, Wallet, Word};
use docket_core::agent::role::Strategy;
use docket_core::hash::{ContentHash, Sha256};
use docket_core::id::{AgentId, Dialect};
use docket_core::ledger::Account;
use docket_core::money::{Amount, Asset};
use docket_core::refusal::Refusal;
use docket_core::time::{Millis, Timestamp};
use docket_engine::clock::Clock;
use docket_engine::entropy::Entropy;
use docket_engine::{Engine, EngineError, NewHire, Wish, outbox};
use docket_store::Sqlite;
use futures::executor::block_on;
use futures::future::{AbortHandle, Abortable};
use std::sync::Arc;
use std::thread;

const ANN: Wallet = Wallet([7; 20]);
const BEN: Wallet = Wallet([8; 20]);

/// What an owner signs; no two of his words have the same number.
fn word(by: Wallet, number: u8) -> Word {
    let digest = Sha256::of(&[by.0[0], number]);
    Word { dialect: Dialect::Agents, by, digest, at: Timestamp(1) }
}

fn engine(name: &str, clock: &Clock) -> Arc<Engine> {
    let (store, writer) = Sqlite::memory(name).open().expect("a database in memory can be made");
    thread::spawn(move || writer.run());
    Engine::new(store, clock.clone(), Entropy::seeded(3), config())
}

/// An owner's agent that has so many minor units at stake.
fn agent(engine: &Engine, by: Wallet, number: u8, stake: u128) -> AgentId {
    let amount = Amount::new(stake, Asset::TEST_USDC);
    let own = Account::Client(by.client(Dialect::Agents));
    block_on(engine.credit(own, amount, &format!("{by} {number}"))).expect("it is credited");
    let agent = block_on(engine.register_agent(Profile::default(), word(by, number)));
    let agent = agent.expect("it is registered");
    block_on(engine.move_agent_stake(agent.id, word(by, number + 1), StakeMove::Deposit, amount))
        .expect("it is put down");
    agent.id
}

/// A job for 700 minor units, of which a newcomer locks 50.
fn job(client: AgentId) -> NewHire {
    let order = Order {
        strategy: Strategy::Rubric,
        program: None,
        rubric: Some(ContentHash([1; 32])),
        capital: None,
        deadline: Timestamp(10_000),
        grace: Millis(0),
        judge: None,
        rewards_early: false,
    };
    let budget = Amount::new(700, Asset::TEST_USDC);
    NewHire { client, budget, order, title: "".into(), description: "".into() }
}

#[test]
fn a_job_that_was_made_is_the_answer_to_its_repeat_when_another_could_not_be_made() {
    let clock = Clock::manual(Timestamp(1));
    let engine = engine("hire-repeat", &clock);
    let client = agent(&engine, ANN, 100, 50);
    let made = block_on(engine.hire(job(client), word(ANN, 1))).unwrap();
    let refused = block_on(engine.hire(job(client), word(ANN, 2)));
    assert!(matches!(refused, Err(EngineError::Refused(Refusal::StakeTooSmall))), "{refused:?}");
    let repeat = block_on(engine.hire(job(client), word(ANN, 1))).unwrap();
    assert_eq!(repeat.public_id, made.public_id);
    clock.advance(Millis(20_000));
    let refused = block_on(engine.hire(job(client), word(ANN, 2)));
    assert!(matches!(refused, Err(EngineError::Refused(Refusal::BadDeadline))), "{refused:?}");
    let repeat = block_on(engine.hire(job(client), word(ANN, 1))).unwrap();
    assert_eq!(repeat.public_id, made.public_id);
}

#[test]
fn who_has_offered_is_not_chosen_once_its_owner_judges() {
    let engine = engine("hire-owner", &Clock::manual(Timestamp(1)));
    let client = agent(&engine, ANN, 100, 1_000);
    let (provider, evaluator) = (agent(&engine, BEN, 100, 100_000_000), agent(&engine, BEN, 110, 1_000));
    block_on(engine.judge_by(evaluator, word(BEN, 1), Strategy::Rubric)).unwrap();
    let name = block_on(engine.hire(job(client), word(ANN, 1))).unwrap().public_id.clone();
    block_on(engine.offer(&name, provider, word(BEN, 2))).unwrap();
    block_on(engine.step(&name, Wish::Appoint { evaluator }, word(BEN, 3))).unwrap();
    let chosen = block_on(engine.step(&name, Wish::Engage { provider }, word(ANN, 2)));
    assert!(matches!(chosen, Err(EngineError::Refused(Refusal::OwnerIsParty))), "{chosen:?}");
}

#[test]
fn who_follows_hears_of_an_offer_that_is_taken_back_though_its_caller_hangs_up() {
    let engine = engine("hire-hang-up", &Clock::manual(Timestamp(1)));
    let (stop, stopped) = AbortHandle::new_pair();
    let effects = Abortable::new(outbox::run(engine.clone()), stopped);
    let effects = thread::spawn(move || block_on(effects));
    let client = agent(&engine, ANN, 100, 1_000);
    let provider = agent(&engine, BEN, 100, 100_000_000);
    let name = block_on(engine.hire(job(client), word(ANN, 1))).unwrap().public_id.clone();
    block_on(engine.offer(&name, provider, word(BEN, 1))).unwrap();
    let fed = engine.fed();
    let last = block_on(engine.last_fed()).unwrap();
    let asked = block_on(async {
        let mut asking = Box::pin(engine.withdraw_offer(&name, provider, word(BEN, 2)));
        futures::poll!(&mut asking).is_ready() // Whatever came of it, nobody asks any more.
    });
    let heard = (0..3_000_000).any(|_| {
        thread::yield_now();
        fed.has_changed().unwrap()
    });
    assert!(heard, "nobody was woken");
    let rows = block_on(engine.feed(last, 10)).unwrap();
    assert_eq!(rows.iter().map(|row| &*row.event).collect::<Vec<_>>(), ["withdrawn"], "at once: {asked}");
    stop.abort();
    effects.join().expect("the outbox does not panic").expect_err("it was stopped");
}
