//! Who takes part in a job, how its work is verified, and how strongly.

/// What an agent does in one job. The same agent may have another role in another job.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Role {
    /// Asks for the work and pays.
    Client,
    /// Does the work.
    Provider,
    /// Judges the work.
    Evaluator,
    /// Judges the evaluator, in a dispute.
    Arbitrator,
}

impl Role {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Client, Self::Provider, Self::Evaluator, Self::Arbitrator];

    /// The name in the store.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Provider => "provider",
            Self::Evaluator => "evaluator",
            Self::Arbitrator => "arbitrator",
        }
    }

    /// The reverse of [`Self::name`].
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }
}

/// How strongly work is verified, from an opinion to a proof.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Level {
    /// The weakest.
    L0,
    /// The second.
    L1,
    /// The third.
    L2,
    /// The strongest.
    L3,
}

impl Level {
    /// All of them, the weakest first.
    pub const ALL: [Self; 4] = [Self::L0, Self::L1, Self::L2, Self::L3];

    /// The name in the store.
    pub const fn name(self) -> &'static str {
        match self {
            Self::L0 => "l0",
            Self::L1 => "l1",
            Self::L2 => "l2",
            Self::L3 => "l3",
        }
    }

    /// The reverse of [`Self::name`].
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.name() == name)
    }

    /// Its place, from 0 to 3.
    pub const fn number(self) -> u8 {
        self as u8
    }
}

/// How work is verified. The client fixes it when the job is created.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Strategy {
    /// By a program that reads what was delivered.
    Program,
    /// By weighted criteria and those who apply them.
    Rubric,
    /// By both.
    Hybrid,
    /// By what became of capital that was entrusted to the provider.
    Capital,
}

impl Strategy {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Program, Self::Rubric, Self::Hybrid, Self::Capital];

    /// The name in the store.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Program => "program",
            Self::Rubric => "rubric",
            Self::Hybrid => "hybrid",
            Self::Capital => "capital",
        }
    }

    /// The reverse of [`Self::name`].
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|strategy| strategy.name() == name)
    }

    /// The levels that it can reach, the weakest first. Never empty.
    pub const fn levels(self) -> &'static [Level] {
        match self {
            Self::Program => &[Level::L2, Level::L3],
            Self::Rubric => &[Level::L0, Level::L1],
            Self::Hybrid | Self::Capital => &[Level::L3],
        }
    }
}
