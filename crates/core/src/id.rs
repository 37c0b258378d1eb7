//! Names of things: each kind of id is a type of its own.

use crate::agent::identity::Wallet;
use std::fmt;
use std::sync::Arc;

/// A job, in every dialect. Ids grow with time, so that rows of new jobs are appended.
///
/// Never shown to anybody: what a dialect shows is the [`PublicId`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct JobId(pub u64);

/// Which set of wire names a job came in by. A label only: no rule of the core looks at it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Dialect {
    /// Quote, commit, poll.
    Quotes,
    /// OpenAI-compatible inference for credits.
    Credits,
    /// Client, provider, evaluator.
    Agents,
    /// Nodes in GPU tiers.
    Registry,
}

impl Dialect {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Quotes, Self::Credits, Self::Agents, Self::Registry];

    /// The name that stands in the store and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Quotes => "quotes",
            Self::Credits => "credits",
            Self::Agents => "agents",
            Self::Registry => "registry",
        }
    }

    /// The reverse of [`Self::name`].
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|dialect| dialect.name() == name)
    }

    /// Whether its clients prove themselves by a wallet's signature.
    pub const fn is_of_wallets(self) -> bool {
        matches!(self, Self::Agents | Self::Registry)
    }
}

/// What a dialect calls a job; unique within the dialect.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PublicId {
    /// The dialect that made the name.
    pub dialect: Dialect,
    /// The name as the dialect shows it, at most 64 bytes.
    pub text: Arc<str>,
}

impl fmt::Debug for PublicId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.dialect.name(), self.text)
    }
}

/// Who pays for jobs. Names are scoped by the dialect that knows how to prove them.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct ClientId(pub Arc<str>);

/// An agent, by its number.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct AgentId(pub u64);

/// A challenge, by the number of its first job.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct ChallengeId(pub u64);

/// Who does the work: an Ed25519 public key.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct WorkerId(pub [u8; 32]);

impl WorkerId {
    /// From 64 hexadecimal digits, in either case.
    pub fn from_hex(text: &str) -> Option<Self> {
        crate::hash::bytes_from_hex(text).map(Self)
    }
}

impl WorkerId {
    /// How a worker is named that has no key of its own, but a wallet: its address behind twelve zero bytes. No key
    /// looks so that anybody could find.
    pub fn of_wallet(wallet: &Wallet) -> Self {
        let mut bytes = [0; 32];
        bytes[12..].copy_from_slice(&wallet.0);
        Self(bytes)
    }

    /// The wallet of such a worker; `None` where it has a key.
    pub fn wallet(&self) -> Option<Wallet> {
        let (zero, address) = self.0.split_at(12);
        let address = address.try_into().ok()?;
        zero.iter().all(|byte| *byte == 0).then_some(Wallet(address))
    }
}

impl fmt::Display for WorkerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        crate::hash::write_hex(f, &self.0)
    }
}

impl fmt::Debug for WorkerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        crate::hash::write_hex(f, &self.0[..4])
    }
}

/// Who did the work of a job.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Doer {
    /// A worker that the market chose.
    Worker(WorkerId),
    /// An agent that another has hired.
    Agent(AgentId),
}

impl Doer {
    /// The worker, if it is one.
    pub const fn worker(self) -> Option<WorkerId> {
        match self {
            Self::Worker(worker) => Some(worker),
            Self::Agent(_) => None,
        }
    }
}

impl From<WorkerId> for Doer {
    fn from(worker: WorkerId) -> Self {
        Self::Worker(worker)
    }
}

/// A worker by its key, an agent by its number.
impl fmt::Display for Doer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Worker(worker) => write!(f, "{worker}"),
            Self::Agent(agent) => write!(f, "agent:{}", agent.0),
        }
    }
}

/// One giving of a job to a worker. Answers under any other attempt are late.
///
/// The epoch is the life of the coordinator's process, so that numbers never repeat after a crash.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Default)]
pub struct Attempt {
    /// Counts the starts of the coordinator.
    pub epoch: u32,
    /// Counts the attempts at this job, from 1.
    pub number: u32,
}

/// How many events a record has seen; guards every write to it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Default)]
pub struct Version(pub u64);

impl Version {
    /// The version of a record that does not exist yet.
    pub const NONE: Self = Self(0);

    /// The one after this.
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}
