//! A dispute about a verdict: what it costs to open one, what three arbitrators decide, and what follows from that.
//!
//! Who may sit there is left to [`super::admission`], how votes are committed and revealed to the caller.

use super::COIN;
use super::score::Deed;
use crate::money::BasisPoints;
use crate::time::Millis;

/// How many arbitrators sit in one dispute.
pub const SEATS: usize = 3;
/// How long after a verdict it may be disputed.
pub const FILE_WITHIN: Millis = Millis::hours(48);
/// How long the arbitrators have to commit to a vote, from the opening of the dispute.
pub const COMMIT_WITHIN: Millis = Millis::hours(24);
/// How long they have to reveal it, from the end of the time for commitments.
pub const REVEAL_WITHIN: Millis = Millis::hours(24);

/// The deposit as a share of the budget.
const DEPOSIT: BasisPoints = BasisPoints(500);
/// The least deposit.
const LEAST_DEPOSIT: u128 = 5 * COIN;
/// What the opener of a dispute has of the slash if the verdict is overturned.
const REDRESS: BasisPoints = BasisPoints(7_000);
/// What each arbitrator of the majority earns then, as a share of the deposit, as far as the slash suffices.
const REWARD: BasisPoints = BasisPoints(1_000);
/// What the arbitrators of the majority share of the deposit if the verdict stands.
const SHARED: BasisPoints = BasisPoints(3_000);

/// What has to be put down to open a dispute, in minor units: 5 % of the budget, at least 5 coins, and half of that if
/// the evaluator called his own verdict close. Rounded up.
pub const fn deposit(budget: u128, borderline: bool) -> u128 {
    let share = DEPOSIT.of_rounded_up(budget);
    let whole = if share > LEAST_DEPOSIT { share } else { LEAST_DEPOSIT };
    if borderline { whole.div_ceil(2) } else { whole }
}

/// What an arbitrator says of a verdict.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Vote {
    /// It stands.
    Uphold,
    /// It is wrong.
    Overturn,
}

impl Vote {
    /// Its number in a commitment and in the store.
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// The reverse of [`Self::number`].
    pub const fn from_number(number: u8) -> Option<Self> {
        match number {
            0 => Some(Self::Uphold),
            1 => Some(Self::Overturn),
            _ => None,
        }
    }
}

/// The revealed votes by seat; `None` for a seat that is empty, did not commit, or did not reveal.
pub type Votes = [Option<Vote>; SEATS];

/// How a dispute ends.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Outcome {
    /// The verdict stands.
    Upheld,
    /// The verdict becomes its opposite.
    Overturned,
    /// No two seats agree, so nothing was decided, and the verdict stands.
    NoQuorum,
}

impl Outcome {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Upheld, Self::Overturned, Self::NoQuorum];

    /// The name in the store.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Upheld => "upheld",
            Self::Overturned => "overturned",
            Self::NoQuorum => "no_quorum",
        }
    }

    /// The reverse of [`Self::name`].
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.name() == name)
    }

    /// What the majority voted, if there was one.
    const fn majority(self) -> Option<Vote> {
        match self {
            Self::Upheld => Some(Vote::Uphold),
            Self::Overturned => Some(Vote::Overturn),
            Self::NoQuorum => None,
        }
    }
}

/// Two or three equal votes decide. It does not matter which seats they come from.
pub fn decide(votes: &Votes) -> Outcome {
    let are = |wanted| votes.iter().filter(|vote| **vote == Some(wanted)).count();
    if are(Vote::Uphold) >= 2 {
        Outcome::Upheld
    } else if are(Vote::Overturn) >= 2 {
        Outcome::Overturned
    } else {
        Outcome::NoQuorum
    }
}

/// Who has what of one sum. The parts sum to it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Shares {
    /// To the one who opened the dispute.
    pub initiator: u128,
    /// To the treasury.
    pub treasury: u128,
    /// To each seat.
    pub seats: [u128; SEATS],
}

/// What follows from the votes of a dispute.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Settlement {
    /// How it ends.
    pub outcome: Outcome,
    /// Where the deposit goes; all of it goes somewhere.
    pub deposit: Shares,
    /// Where the slash goes; nothing is slashed unless the verdict is overturned.
    pub slash: Shares,
    /// What it means for the score of the one who opened it.
    pub initiator: Option<Deed>,
    /// What it means for the evaluator's score.
    pub evaluator: Option<Deed>,
    /// What it means for the score of who sits in each seat. Votes do not tell an empty seat from a silent one: whoever
    /// knows that nobody sits there leaves it out.
    pub seats: [Option<Deed>; SEATS],
}

/// Decides a dispute and divides what it is about.
///
/// `slash` is what the evaluator loses if the verdict is overturned, by [`super::penalty`]; otherwise it stays his.
///
/// - Overturned: the deposit goes back, with 70 % of the slash. Each arbitrator of the majority has 10 % of the
///   deposit out of the rest of the slash, or an equal part of that rest if it is too small. What is left of it goes to
///   the treasury.
/// - Upheld: 30 % of the deposit go to the arbitrators of the majority in equal parts, what remains to the treasury.
/// - No quorum: the deposit goes back, and nobody loses anything.
pub fn settle(votes: &Votes, deposit: u128, slash: u128) -> Settlement {
    let outcome = decide(votes);
    let majority = votes.map(|vote| vote.is_some() && vote == outcome.majority());
    let given_back = Shares { initiator: deposit, ..Shares::default() };
    let (deposit, slash) = match outcome {
        Outcome::Overturned => {
            let redress = REDRESS.of(slash);
            let reward = REWARD.of(deposit);
            (given_back, Shares { initiator: redress, ..rewarded(slash - redress, reward, majority) })
        }
        Outcome::Upheld => {
            let shared = SHARED.of(deposit);
            let shares = rewarded(shared, shared, majority);
            (Shares { treasury: shares.treasury + (deposit - shared), ..shares }, Shares::default())
        }
        Outcome::NoQuorum => (given_back, Shares::default()),
    };
    let (initiator, evaluator) = match outcome {
        Outcome::Overturned => (Some(Deed::DisputeWon), Some(Deed::Overturned)),
        Outcome::Upheld => (None, Some(Deed::Upheld)),
        Outcome::NoQuorum => (None, None),
    };
    let seats = votes.map(|vote| deed(vote, outcome));
    Settlement { outcome, deposit, slash, initiator, evaluator, seats }
}

/// A sum of which each seat of the majority has so much, or an equal part if there is less, and the treasury the rest.
fn rewarded(sum: u128, each: u128, majority: [bool; SEATS]) -> Shares {
    let count: u128 = majority.iter().map(|has_won| u128::from(*has_won)).sum();
    let each = each.min(sum / count.max(1));
    Shares {
        initiator: 0,
        treasury: sum - each * count,
        seats: majority.map(|has_won| if has_won { each } else { 0 }),
    }
}

/// What a vote means for the score of the one who gave it, or did not.
fn deed(vote: Option<Vote>, outcome: Outcome) -> Option<Deed> {
    let Some(vote) = vote else { return Some(Deed::NoVote) };
    let most = outcome.majority()?;
    Some(if vote == most { Deed::WithMajority } else { Deed::AgainstMajority })
}
