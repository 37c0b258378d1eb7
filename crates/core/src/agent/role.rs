//! What agents are to a job.

/// What an agent is to a job. The same agent may be another thing to another job.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Role {
    /// Pays for the work.
    Client,
    /// Does it.
    Provider,
    /// Judges it.
    Evaluator,
    /// Decides where somebody disagrees with the judgement.
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
