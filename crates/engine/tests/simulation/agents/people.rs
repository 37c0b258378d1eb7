//! Who is there: owners, what they are like, and their agents.

use super::super::dice::Dice;
use docket_core::agent::identity::Wallet;
use docket_core::agent::role::{Role, Strategy};
use docket_core::id::AgentId;

/// What an owner is like, with all of its agents.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Nature {
    /// Does what is right, as soon as it has its turn.
    Honest,
    /// Takes a part, and then mostly does nothing.
    Silent,
    /// Wallets of one person, for whom every other one is fair game.
    Gang,
    /// Tries what may be had: late, twice, with another's words.
    Sly,
}

/// What an agent is there for. It may try anything else.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Part {
    Client,
    Provider,
    Evaluator,
    Arbitrator,
}

/// An agent and whose it is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Member {
    pub(super) owner: Wallet,
    pub(super) nature: Nature,
    pub(super) part: Part,
    /// What it judges by.
    pub(super) strategy: Option<Strategy>,
    pub(super) id: Option<AgentId>,
}

impl Member {
    pub(super) fn roles(&self) -> Vec<Role> {
        vec![match self.part {
            Part::Client => Role::Client,
            Part::Provider => Role::Provider,
            Part::Evaluator => Role::Evaluator,
            Part::Arbitrator => Role::Arbitrator,
        }]
    }
}

/// One owner each.
const CAST: [(Nature, Part); 19] = [
    (Nature::Honest, Part::Client),
    (Nature::Honest, Part::Client),
    (Nature::Sly, Part::Client),
    (Nature::Gang, Part::Client),
    (Nature::Honest, Part::Provider),
    (Nature::Honest, Part::Provider),
    (Nature::Silent, Part::Provider),
    (Nature::Gang, Part::Provider),
    (Nature::Sly, Part::Provider),
    (Nature::Honest, Part::Evaluator),
    (Nature::Honest, Part::Evaluator),
    (Nature::Silent, Part::Evaluator),
    (Nature::Gang, Part::Evaluator),
    (Nature::Honest, Part::Arbitrator),
    (Nature::Honest, Part::Arbitrator),
    (Nature::Silent, Part::Arbitrator),
    (Nature::Gang, Part::Arbitrator),
    (Nature::Gang, Part::Arbitrator),
    (Nature::Sly, Part::Arbitrator),
];

/// Everybody who is there, and for some owners a second agent with another part.
pub(super) fn gather(dice: &mut Dice) -> Vec<Member> {
    let mut members = Vec::new();
    for (number, (nature, part)) in (1_u8..).zip(CAST) {
        let owner = Wallet([number; 20]);
        members.push(Member::made(owner, nature, part, dice));
        if dice.percent(25) {
            let other = *dice.pick(&[Part::Provider, Part::Evaluator, Part::Arbitrator]);
            members.push(Member::made(owner, nature, other, dice));
        }
    }
    members
}

impl Member {
    fn made(owner: Wallet, nature: Nature, part: Part, dice: &mut Dice) -> Self {
        let strategy = if dice.percent(70) { Strategy::Rubric } else { Strategy::Program };
        let strategy = (part == Part::Evaluator).then_some(strategy);
        Self { owner, nature, part, strategy, id: None }
    }
}
