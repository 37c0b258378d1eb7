//! Agents: their names, their profiles and their stake.

use crate::sample::{NOW, with_leaf};
use crate::world::{World, now};
use docket_core::agent::identity::{Agent, Profile, StakeMove, Wallet, Word};
use docket_core::agent::role::{Role, Strategy};
use docket_core::change::{Change, Record};
use docket_core::hash::Sha256;
use docket_core::id::{AgentId, Dialect};
use docket_core::ledger::Account;
use docket_core::money::{Amount, Asset};
use docket_core::refusal::Refusal;
use docket_core::time::Timestamp;
use docket_store::{AgentFilter, CommitError, Documents, Page, Write};

const ANN: Wallet = Wallet([1; 20]);
const BEN: Wallet = Wallet([2; 20]);
const ALL: Page = Page { skip: 0, limit: 100 };

fn alone(change: Change) -> Write {
    with_leaf(change, Documents::default())
}

/// What an owner has signed, so long after now.
fn word(by: Wallet, message: &[u8], after: i64) -> Word {
    Word { dialect: Dialect::Agents, by, digest: Sha256::of(message), at: Timestamp(NOW.0 + after) }
}

fn profile(name: &str, roles: &[Role]) -> Profile {
    Profile {
        name: name.into(),
        description: "Counts words, \"quoted\".".into(),
        roles: roles.to_vec(),
        tags: vec!["text".into(), "code review".into()],
        avatar: (!name.is_empty()).then(|| "https://a.example/a.png".into()),
    }
}

fn registered(id: u64, owner: Wallet, name: &str, roles: &[Role]) -> Write {
    alone(Agent::register(AgentId(id), profile(name, roles), word(owner, &id.to_be_bytes(), 0), NOW))
}

fn found(world: &World, filter: &AgentFilter, page: Page) -> (Vec<u64>, u64) {
    let (agents, count) = now(world.disk().agents(filter, page));
    (agents.iter().map(|agent| agent.id.0).collect(), count)
}

pub(crate) fn an_agent_has_its_name_for_itself(world: &mut World) {
    world.commit(registered(1, ANN, "Ann", &[Role::Client])).unwrap();
    let repeat = world.commit(registered(2, ANN, "ANN", &[])).unwrap_err();
    assert!(matches!(repeat, CommitError::Repeated(name) if &*name.text == "1"));
    let other = world.commit(registered(2, BEN, "ann", &[])).unwrap_err();
    assert!(matches!(other, CommitError::Refused(Refusal::KeyReused)));
    // One number is one agent, whoever comes first.
    assert!(matches!(world.commit(registered(1, BEN, "Ben", &[])).unwrap_err(), CommitError::Conflict));
    world.reopen();
    assert_eq!(world.store().start().last_agent, Some(AgentId(1)));
    let ann = now(world.disk().agent(AgentId(1))).expect("it was registered");
    let Record::Agent(expected) = registered(1, ANN, "Ann", &[Role::Client]).change.records[0].after.clone()
    else {
        panic!("an agent is stored")
    };
    assert_eq!(ann, expected);
    assert_eq!(now(world.disk().agent(AgentId(2))), None);

    let renamed = alone(
        ann.show(word(ANN, b"Anna", 1), profile("Anna", &[Role::Provider, Role::Evaluator]), NOW).unwrap(),
    );
    let stale = renamed.clone();
    world.commit(renamed).unwrap();
    let again = world.commit(stale).unwrap_err();
    assert!(matches!(again, CommitError::Repeated(name) if &*name.text == "1"));
    let late = alone(ann.show(word(ANN, b"ann", 2), profile("ann", &[]), NOW).unwrap());
    assert!(matches!(world.commit(late).unwrap_err(), CommitError::Conflict));
    let anna = now(world.disk().agent(AgentId(1))).expect("it was registered");
    assert_eq!((&*anna.profile.name, anna.profile.roles.len()), ("Anna", 2));
}

pub(crate) fn agents_are_listed_by_owner_role_and_name(world: &mut World) {
    let names = ["Cat", "ant", "bee", "Bat", "", "bear"];
    for (id, name) in (1..).zip(names) {
        let owner = if id % 2 == 0 { ANN } else { BEN };
        let roles: &[Role] = if id > 3 { &[Role::Provider] } else { &[Role::Client, Role::Evaluator] };
        world.commit(registered(id, owner, name, roles)).unwrap();
    }
    let every = AgentFilter::default();
    assert_eq!(found(world, &every, ALL), (vec![5, 2, 4, 6, 3, 1], 6), "by their names");
    assert_eq!(found(world, &every, Page { skip: 4, limit: 1 }), (vec![3], 6));
    assert_eq!(found(world, &every, Page { skip: 9, limit: 5 }), (vec![], 6));
    let owner = AgentFilter { owner: Some(ANN), ..AgentFilter::default() };
    assert_eq!(found(world, &owner, ALL), (vec![2, 4, 6], 3), "by their numbers");
    let provider = AgentFilter { role: Some(Role::Provider), ..AgentFilter::default() };
    assert_eq!(found(world, &provider, ALL), (vec![5, 4, 6], 3));
    let named = AgentFilter { name: "BE".to_owned(), ..AgentFilter::default() };
    assert_eq!(found(world, &named, ALL), (vec![6, 3], 2));
    let both = AgentFilter { owner: Some(BEN), ..named };
    assert_eq!(found(world, &both, ALL), (vec![3], 1));
    let bear = now(world.disk().agent(AgentId(6))).expect("it was registered");
    let judge = bear.judge_by(word(ANN, b"judge", 9), Strategy::Capital, NOW).unwrap();
    world.commit(alone(judge.expect("it judges nothing yet"))).unwrap();
    let judges = AgentFilter { judges: Some(true), ..AgentFilter::default() };
    assert_eq!(found(world, &judges, ALL), (vec![6], 1));
    let others = AgentFilter { judges: Some(false), ..owner };
    assert_eq!(found(world, &others, ALL), (vec![2, 4], 2));
    world.reopen();
    let bear = now(world.disk().agent(AgentId(6))).expect("it was registered");
    assert_eq!(
        bear.capability.map(|capability| (capability.strategy, capability.since)),
        Some((Strategy::Capital, NOW))
    );
    let nobody = AgentFilter { role: Some(Role::Arbitrator), ..AgentFilter::default() };
    assert_eq!(found(world, &nobody, ALL), (vec![], 0));
}

pub(crate) fn what_an_owner_signed_moves_the_stake_once(world: &mut World) {
    world.commit(registered(1, ANN, "Ann", &[])).unwrap();
    world.give(&ANN.client(Dialect::Agents).0, 1_000);
    let ann = now(world.disk().agent(AgentId(1))).expect("it was registered");
    let (amount, stake) = (Amount::new(600, Asset::USDC), Account::Stake(AgentId(1)));
    let deposit =
        || alone(ann.move_stake(word(ANN, b"deposit", 0), StakeMove::Deposit, amount, NOW).unwrap());
    world.commit(deposit()).unwrap();
    let verdicts = world.commit_all([deposit(), deposit()]);
    assert!(verdicts.iter().all(|verdict| matches!(verdict, Err(CommitError::Repeated(_)))));
    assert_eq!(
        (world.balance(&stake), world.balance(&Account::Client(ANN.client(Dialect::Agents)))),
        (600, 400)
    );
    let other = alone(ann.move_stake(word(ANN, b"another", 0), StakeMove::Deposit, amount, NOW).unwrap());
    let poor = world.commit(other).unwrap_err();
    assert!(matches!(poor, CommitError::Refused(Refusal::InsufficientFunds)));
    let back = |units, signed: &[u8]| {
        let amount = Amount::new(units, Asset::USDC);
        alone(ann.move_stake(word(ANN, signed, 0), StakeMove::Withdraw, amount, NOW).unwrap())
    };
    let more = world.commit(back(601, b"more")).unwrap_err();
    assert!(matches!(more, CommitError::Refused(Refusal::InsufficientFunds)));
    world.commit(back(600, b"all")).unwrap();
    assert_eq!(
        (world.balance(&stake), world.balance(&Account::Client(ANN.client(Dialect::Agents)))),
        (0, 1_000)
    );
    world.check_books();
}
