//! Jobs among agents over the real writer's thread: what was signed once counts once, and its repeat is answered.

use crate::threads::scoring;
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
use docket_engine::{Config, Engine, EngineError, HireTerms, NewHire, StakeTerms};
use docket_settlement::Ledger;
use docket_store::Sqlite;
use futures::executor::block_on;
use std::sync::Arc;
use std::thread;

const OWNER: Wallet = Wallet([7; 20]);

fn word(number: u8) -> Word {
    Word { dialect: Dialect::Agents, by: OWNER, digest: Sha256::of(&[number]), at: Timestamp(1) }
}

/// An engine, and in it an agent that has so many minor units at stake.
fn with_agent(name: &str, clock: &Clock, stake: u128) -> (Arc<Engine>, AgentId) {
    let (store, writer) = Sqlite::memory(name).open().expect("a database in memory can be made");
    thread::spawn(move || writer.run());
    let (ledger, hires) = (Ledger::testnet(), HireTerms::DOCUMENTED);
    let config = Config { ledger, scoring, stake: StakeTerms::NONE, hires };
    let engine = Engine::new(store, clock.clone(), Entropy::seeded(3), config);
    let amount = Amount::new(stake, Asset::TEST_USDC);
    let own = Account::Client(OWNER.client(Dialect::Agents));
    block_on(engine.credit(own, amount, "own")).unwrap();
    let agent = block_on(engine.register_agent(Profile::default(), word(100))).unwrap();
    block_on(engine.move_agent_stake(agent.id, word(101), StakeMove::Deposit, amount)).unwrap();
    (engine, agent.id)
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
    let (engine, client) = with_agent("hire-repeat", &clock, 50);
    let made = block_on(engine.hire(job(client), word(1))).unwrap();
    let refused = block_on(engine.hire(job(client), word(2)));
    assert!(matches!(refused, Err(EngineError::Refused(Refusal::StakeTooSmall))), "{refused:?}");
    let repeat = block_on(engine.hire(job(client), word(1))).unwrap();
    assert_eq!(repeat.public_id, made.public_id);
    clock.advance(Millis(20_000));
    let refused = block_on(engine.hire(job(client), word(2)));
    assert!(matches!(refused, Err(EngineError::Refused(Refusal::BadDeadline))), "{refused:?}");
    let repeat = block_on(engine.hire(job(client), word(1))).unwrap();
    assert_eq!(repeat.public_id, made.public_id);
}
