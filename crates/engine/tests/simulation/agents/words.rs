//! What owners sign: each word counts once, however often it comes and whatever comes with it.

use super::super::Found;
use super::super::market::Market;
use super::super::reports::Report;
use super::{Agents, mark};
use docket_core::agent::hire::Order;
use docket_core::agent::identity::{Profile, StakeMove, Wallet, Word};
use docket_core::agent::offer::Offer;
use docket_core::agent::role::Strategy;
use docket_core::hash::Sha256;
use docket_core::id::{AgentId, Dialect, PublicId};
use docket_core::job::Job;
use docket_core::money::{Amount, Asset};
use docket_core::time::{Millis, Timestamp};
use docket_engine::{Engine, EngineError, NewHire, Wish};
use docket_protocol::wallet::keccak256;
use std::fmt;
use std::sync::Arc;

/// What somebody wants by a word.
#[derive(Clone, Debug)]
pub(super) enum Deed {
    /// The member at this place is to be registered.
    Register {
        place: usize,
    },
    /// It describes itself otherwise.
    Show {
        agent: AgentId,
        description: Arc<str>,
    },
    JudgeBy {
        agent: AgentId,
        strategy: Strategy,
    },
    Deposit {
        agent: AgentId,
        units: u128,
    },
    Withdraw {
        agent: AgentId,
        units: u128,
    },
    /// A job whose rubric is named by a number that no other has.
    Hire {
        client: AgentId,
        budget: u128,
        number: usize,
        order: Box<Order>,
    },
    Offer {
        job: PublicId,
        agent: AgentId,
    },
    TakeBack {
        job: PublicId,
        agent: AgentId,
    },
    Step {
        job: PublicId,
        wish: Wish,
    },
    Fetch {
        job: PublicId,
    },
}

/// A word, and everything that was ever sent under it: the first is what was signed.
pub(super) struct Signed {
    pub(super) word: Word,
    pub(super) deeds: Vec<Deed>,
    /// Whether its owner was told that it was taken up.
    pub(super) told: bool,
    /// Whether the coordinator has said so, heard or not.
    pub(super) taken: bool,
}

impl Signed {
    /// Whether what was signed was taken up, and nothing else can have been in its place.
    pub(super) fn is_taken_as_signed(&self) -> bool {
        self.taken && self.deeds.len() == 1
    }
}

/// What has become of a word that was sent.
pub(crate) struct Heard {
    pub(super) number: usize,
    pub(super) body: usize,
    /// Whether it was known to be taken up when it was sent.
    pub(super) repeats: bool,
    pub(super) result: Result<Told, EngineError>,
}

/// What an owner is told.
pub(super) enum Told {
    Agent(AgentId, Wallet),
    Job(Arc<Job>),
    Offer(Offer),
    /// What was delivered, as it was when it was read, and the job of which it is.
    Read(Arc<Job>, Arc<[u8]>),
    Done,
}

impl fmt::Debug for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Agent(id, _) => write!(f, "{id:?}"),
            Self::Job(job) => write!(f, "job {} is {}", job.public_id.text, job.state.name()),
            Self::Offer(offer) => write!(f, "{:?} offers: {}", offer.agent, offer.withdrawn_at.is_none()),
            Self::Read(job, _) => write!(f, "what was delivered for {}", job.public_id.text),
            Self::Done => f.write_str("done"),
        }
    }
}

impl Deed {
    /// The job that it is about.
    pub(super) fn job(&self) -> Option<&PublicId> {
        match self {
            Self::Offer { job, .. }
            | Self::TakeBack { job, .. }
            | Self::Step { job, .. }
            | Self::Fetch { job } => Some(job),
            _ => None,
        }
    }

    /// What the journal may say of it.
    pub(super) fn events(&self) -> &'static [&'static str] {
        match self {
            Self::Hire { .. } => &["created"],
            Self::Offer { .. } => &["engaged"],
            Self::Step { wish, .. } => match wish {
                Wish::Fund { .. } => &["funded"],
                Wish::Engage { .. } => &["invited", "engaged"],
                Wish::Appoint { .. } => &["appointed"],
                Wish::Describe { .. } => &["described"],
                Wish::Submit { .. } => &["submitted"],
                Wish::Judge { .. } => &["completed", "rejected"],
                Wish::StepBack | Wish::Cancel => &["cancelled"],
                Wish::Reclaim => &["expired"],
                Wish::Dispute => &["disputed"],
                Wish::Commit { .. } => &["committed"],
                Wish::Reveal { .. } => &["revealed"],
            },
            _ => &[],
        }
    }

    /// One word for it.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Register { .. } => "register",
            Self::Show { .. } => "show",
            Self::JudgeBy { .. } => "judge by",
            Self::Deposit { .. } => "deposit",
            Self::Withdraw { .. } => "withdraw",
            Self::Hire { .. } => "hire",
            Self::Offer { .. } => "offer",
            Self::TakeBack { .. } => "take back",
            Self::Fetch { .. } => "fetch",
            Self::Step { wish, .. } => match wish {
                Wish::Fund { .. } => "fund",
                Wish::Engage { .. } => "engage",
                Wish::Appoint { .. } => "appoint",
                Wish::Describe { .. } => "describe",
                Wish::Submit { .. } => "submit",
                Wish::Judge { .. } => "judge",
                Wish::StepBack => "step back",
                Wish::Cancel => "cancel",
                Wish::Reclaim => "reclaim",
                Wish::Dispute => "dispute",
                Wish::Commit { .. } => "commit",
                Wish::Reveal { .. } => "reveal",
            },
        }
    }

    fn short(&self) -> String {
        match self {
            Self::Hire { client, budget, number, order } => {
                let (strategy, deadline) = (order.strategy, order.deadline);
                format!("{client:?} posts {number} for {budget} by {strategy:?} until {}", deadline.0)
            }
            Self::Step { job, wish: Wish::Submit { deliverable, content } } => {
                format!("{}: Submit {deliverable:?}, content {}", job.text, content.is_some())
            }
            Self::Step { job, wish } => format!("{}: {wish:?}", job.text),
            other => format!("{other:?}"),
        }
    }
}

impl Market {
    /// A sum in whole coins and a few units more, by which it can be told from all others.
    pub(super) fn unique_units(&mut self, least: i64, most: i64) -> u128 {
        let coins = u128::from(self.dice.between(least, most).unsigned_abs());
        let bodies: usize = self.agents.words.iter().map(|signed| signed.deeds.len()).sum();
        coins * 1_000_000 + bodies as u128
    }

    /// Somebody signs something and sends it, sometimes twice at once.
    pub(super) fn sign_and_send(&mut self, by: Wallet, deed: Deed) {
        let number = self.agents.words.len();
        // Every owner has a clock of his own.
        let skew = Millis(self.dice.between(-2_000, 2_000));
        let digest = Sha256::of(format!("{by} signs {number}").as_bytes());
        let word = Word { dialect: Dialect::Agents, by, digest, at: Timestamp(self.now().0 + skew.0) };
        self.agents.words.push(Signed { word, deeds: vec![deed], told: false, taken: false });
        self.send_word(number, 0);
        if self.dice.percent(12) {
            self.send_word(number, 0);
        }
    }

    /// Sends what was signed, under what was signed for it.
    pub(super) fn send_word(&mut self, number: usize, body: usize) {
        let Signed { word, deeds, .. } = &self.agents.words[number];
        let (word, deed) = (*word, deeds[body].clone());
        let (by, short) = (u32::from(word.by.0[0]), deed.short());
        self.trace.line(format_args!("owner {by}, word {number}.{body}: {short}"));
        let profile = match &deed {
            Deed::Register { place } => Some(self.agents.members[*place].roles()),
            _ => None,
        };
        let repeats = self.agents.words[number].is_taken_as_signed();
        let (engine, reports) = (self.coordinator.engine.clone(), self.reports.clone());
        self.coordinator.tasks.spawn_fragile(format!("word {number}.{body}"), async move {
            let roles = profile.unwrap_or_default();
            let result = carry_out(&engine, word, number, deed, roles).await;
            reports.add(Report::Agents(Box::new(Heard { number, body, repeats, result })));
        });
    }
}

async fn carry_out(
    engine: &Engine,
    word: Word,
    number: usize,
    deed: Deed,
    roles: Vec<docket_core::agent::role::Role>,
) -> Result<Told, EngineError> {
    let agent = |agent: docket_core::agent::identity::Agent| Told::Agent(agent.id, agent.owner);
    match deed {
        Deed::Register { place } => {
            let description = format!("member {place}").into();
            let name = if place % 2 == 0 { format!("Member {place}") } else { String::new() };
            let profile = Profile { name: name.into(), description, roles, ..Profile::default() };
            engine.register_agent(profile, word).await.map(agent)
        }
        Deed::Show { agent: id, description } => {
            let of = |profile| Profile { description: description.clone(), ..profile };
            engine.show_agent(id, word, of).await.map(agent)
        }
        Deed::JudgeBy { agent: id, strategy } => engine.judge_by(id, word, strategy).await.map(agent),
        Deed::Deposit { agent, units } => {
            let amount = Amount::new(units, Asset::USDC);
            engine.move_agent_stake(agent, word, StakeMove::Deposit, amount).await.map(|()| Told::Done)
        }
        Deed::Withdraw { agent, units } => {
            let amount = Amount::new(units, Asset::USDC);
            engine.move_agent_stake(agent, word, StakeMove::Withdraw, amount).await.map(|()| Told::Done)
        }
        Deed::Hire { client, budget, number: rubric, order } => {
            let order = Order { rubric: Some(mark("rubric", rubric)), ..*order };
            let budget = Amount::new(budget, Asset::USDC);
            let (title, description) = (format!("job of word {number}").into(), "".into());
            engine.hire(NewHire { client, budget, order, title, description }, word).await.map(Told::Job)
        }
        Deed::Offer { job, agent } => {
            engine.offer(&job, agent, word).await.map(|(offer, _)| Told::Offer(offer))
        }
        Deed::TakeBack { job, agent } => engine.withdraw_offer(&job, agent, word).await.map(Told::Offer),
        Deed::Step { job, wish } => engine.step(&job, wish, word).await.map(Told::Job),
        Deed::Fetch { job } => {
            let content = engine.deliverable(&job, word).await?;
            Ok(Told::Read(engine.hired(&job).await?, content))
        }
    }
}

impl Agents {
    /// Somebody was told that his word was taken up; `lost` if he did not hear it.
    pub(super) fn take_up(&mut self, number: usize, body: usize, told: &Told, lost: bool) -> Found {
        let signed = &mut self.words[number];
        let (by, deed) = (signed.word.by, signed.deeds[body].clone());
        (signed.told, signed.taken) = (signed.told || !lost, true);
        let wrong =
            |what: &str| Err(format!("word {number}.{body} of {by} was answered with {what}: {told:?}"));
        match (&deed, told) {
            (Deed::Register { place }, Told::Agent(id, owner)) => {
                if *owner != by {
                    return wrong("an agent of somebody else");
                }
                let member = &mut self.members[*place];
                if *member.id.get_or_insert(*id) != *id {
                    return wrong("another agent than before");
                }
            }
            (Deed::Step { .. } | Deed::Hire { .. }, Told::Job(job)) => {
                let own = signed.deeds.iter().any(|deed| deed.job().is_none_or(|own| *own == job.public_id));
                if !own {
                    return wrong("a job that it is not about");
                }
            }
            (_, Told::Read(job, content)) => {
                let takes_part = super::hire(job).seats().any(|(_, seat)| seat.owner == by);
                let named = job.delivery().is_some_and(|by| by.output.0 == keccak256(content));
                if !takes_part || !named {
                    return wrong("what it should not see");
                }
            }
            _ => {}
        }
        Ok(())
    }
}
