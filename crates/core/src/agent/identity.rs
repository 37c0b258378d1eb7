//! Who an agent is, whose it is, and how it shows itself.

use super::admission::Party;
use super::role::{Role, Strategy};
use crate::change::{Change, Claim, Record};
use crate::hash::{Sha256, bytes_from_hex, write_hex};
use crate::id::{AgentId, ClientId, Dialect, PublicId, Version};
use crate::ledger::{Account, Transfer};
use crate::money::Amount;
use crate::refusal::Refusal;
use crate::time::Timestamp;
use std::fmt;
use std::sync::Arc;

/// The address of a wallet: the last 20 bytes of the Keccak-256 digest of a secp256k1 public key.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Wallet(pub [u8; 20]);

impl Wallet {
    /// From `0x` and 40 hexadecimal digits, in either case.
    pub fn parse(text: &str) -> Option<Self> {
        bytes_from_hex(text.strip_prefix("0x")?).map(Self)
    }

    /// The name under which its money is booked, in the scope of who has proven it.
    pub fn client(&self, scope: Dialect) -> ClientId {
        ClientId(format!("{}:{self}", scope.name()).into())
    }
}

/// As the store and the books have it: `0x` and 40 digits in lower case.
impl fmt::Display for Wallet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("0x")?;
        write_hex(f, &self.0)
    }
}

impl fmt::Debug for Wallet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What a wallet has signed, already proven.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Word {
    /// By which set of wire names it came.
    pub dialect: Dialect,
    /// Whose word it is.
    pub by: Wallet,
    /// The digest of signer and message.
    pub digest: Sha256,
    /// When it was signed, by the signer's clock.
    pub at: Timestamp,
}

impl Word {
    /// The claim that this word is taken up once: for this request, with this answer.
    pub fn claim(&self, request: Sha256, answer: PublicId) -> Claim {
        Claim { key: format!("agent/signed/{}", self.digest).into(), request, answer }
    }
}

/// How an agent shows itself. Whoever writes it has bounded its texts.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Profile {
    /// Unique among all agents but for the case of its letters; empty where it has none.
    pub name: Arc<str>,
    /// What it does, in its own words.
    pub description: Arc<str>,
    /// What it offers to be to jobs.
    pub roles: Vec<Role>,
    /// What it is good at: words from a closed list.
    pub tags: Vec<Arc<str>>,
    /// Where its picture is.
    pub avatar: Option<Arc<str>>,
}

/// What an agent judges by, where it judges. It can be registered once and never changed, so that nobody who was chosen
/// for it judges otherwise.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Capability {
    /// How it judges.
    pub strategy: Strategy,
    /// Since when.
    pub since: Timestamp,
}

/// Which way a stake moves.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum StakeMove {
    /// From the owner's own account into the stake.
    Deposit,
    /// From the free stake back into the owner's own account.
    Withdraw,
}

/// One agent.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Agent {
    /// Its number.
    pub id: AgentId,
    /// Whose signature speaks for it.
    pub owner: Wallet,
    /// How it shows itself.
    pub profile: Profile,
    /// What it judges by, if it does.
    pub capability: Option<Capability>,
    /// Since when the operator vouches for it as an arbitrator, if he does.
    pub appointed_at: Option<Timestamp>,
    /// Since when it is there.
    pub created_at: Timestamp,
    /// When its owner signed how it shows itself: what he signed before that is overtaken.
    pub shown_at: Timestamp,
    /// Guards every write.
    pub version: Version,
}

impl Agent {
    /// The agent as somebody who takes part in a job.
    pub const fn party(&self) -> Party {
        Party { agent: self.id, owner: self.owner }
    }

    /// A new agent. Its name is its own from now on; where it has none, the digest of what its owner signed keeps
    /// a repeat from making another.
    pub fn register(id: AgentId, profile: Profile, word: Word, now: Timestamp) -> Change {
        let (owner, shown_at) = (word.by, word.at);
        let version = Version::NONE.next();
        let agent = Self {
            id,
            owner,
            profile,
            capability: None,
            appointed_at: None,
            created_at: now,
            shown_at,
            version,
        };
        let claim = agent.claim_of_name(word).unwrap_or_else(|| agent.claim_of(word));
        let change = Change::of_record(Version::NONE, Record::Agent(agent), now);
        Change { claim: Some(claim), ..change }
    }

    /// Another profile.
    ///
    /// # Errors
    /// If the wallet is not the owner's, or he has signed another one since.
    pub fn show(&self, word: Word, profile: Profile, now: Timestamp) -> Result<Change, Refusal> {
        self.owned(word.by)?;
        if word.at <= self.shown_at {
            return Err(Refusal::Overtaken);
        }
        let renamed = !profile.name.eq_ignore_ascii_case(&self.profile.name);
        let after = Self { profile, shown_at: word.at, version: self.version.next(), ..self.clone() };
        let claim = if renamed { after.claim_of_name(word) } else { None };
        Ok(Change { claim, ..Change::of_record(self.version, Record::Agent(after), now) })
    }

    /// It judges by this from now on; `None` if it does already.
    ///
    /// # Errors
    /// If the wallet is not the owner's, or the agent judges by something else.
    pub fn judge_by(
        &self,
        word: Word,
        strategy: Strategy,
        now: Timestamp,
    ) -> Result<Option<Change>, Refusal> {
        self.owned(word.by)?;
        match self.capability {
            Some(capability) if capability.strategy == strategy => Ok(None),
            Some(_) => Err(Refusal::StrategyFixed),
            None => {
                let capability = Some(Capability { strategy, since: now });
                let after = Self { capability, version: self.version.next(), ..self.clone() };
                Ok(Some(Change::of_record(self.version, Record::Agent(after), now)))
            }
        }
    }

    /// The operator vouches for it as an arbitrator, or does not any more; `None` if that is so already.
    pub fn appoint(&self, appointed: bool, now: Timestamp) -> Option<Change> {
        (self.appointed_at.is_some() != appointed).then_some(())?;
        let appointed_at = appointed.then_some(now);
        let after = Self { appointed_at, version: self.version.next(), ..self.clone() };
        Some(Change::of_record(self.version, Record::Agent(after), now))
    }

    /// Money between its owner's own account and its stake. What the owner signed counts once.
    ///
    /// # Errors
    /// If the wallet is not the owner's.
    pub fn move_stake(
        &self,
        word: Word,
        way: StakeMove,
        amount: Amount,
        now: Timestamp,
    ) -> Result<Change, Refusal> {
        self.owned(word.by)?;
        let (own, stake) = (Account::Client(word.by.client(word.dialect)), Account::Stake(self.id));
        let (from, to) = match way {
            StakeMove::Deposit => (own, stake),
            StakeMove::Withdraw => (stake, own),
        };
        Ok(Change::of_transfer(Transfer { from, to, amount }, self.claim_of(word), now))
    }

    /// Refuses whoever is not the owner.
    fn owned(&self, by: Wallet) -> Result<(), Refusal> {
        if self.owner == by { Ok(()) } else { Err(Refusal::NotTheOwner) }
    }

    /// The claim to its name: the same owner's repeat finds the agent, and anybody else is refused.
    fn claim_of_name(&self, word: Word) -> Option<Claim> {
        let name = self.profile.name.to_ascii_lowercase();
        let owner = Sha256::of(&self.owner.0);
        let claim = || Claim {
            key: format!("agent/name/{name}").into(),
            request: owner,
            answer: self.public_id(word),
        };
        (!name.is_empty()).then(claim)
    }

    /// The claim to be taken up once.
    fn claim_of(&self, word: Word) -> Claim {
        word.claim(word.digest, self.public_id(word))
    }

    fn public_id(&self, word: Word) -> PublicId {
        PublicId { dialect: word.dialect, text: self.id.0.to_string().into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::Asset;

    const OWNER: Wallet = Wallet([7; 20]);
    const NOW: Timestamp = Timestamp(1_000);

    fn word(by: u8, at: i64) -> Word {
        Word {
            dialect: Dialect::Quotes,
            by: Wallet([by; 20]),
            digest: Sha256::of(&at.to_be_bytes()),
            at: Timestamp(at),
        }
    }

    fn named(name: &str) -> Profile {
        Profile { name: name.into(), ..Profile::default() }
    }

    fn made(change: Change) -> (Agent, Option<Claim>) {
        let Record::Agent(agent) = change.records[0].after.clone() else { panic!("an agent is stored") };
        (agent, change.claim)
    }

    #[test]
    fn a_name_belongs_to_whoever_has_it_first_whatever_its_case() {
        let (agent, claim) = made(Agent::register(AgentId(1), named("Ann"), word(7, 1), NOW));
        let (_, again) = made(Agent::register(AgentId(2), named("aNN"), word(7, 2), NOW));
        let (claim, again) = (claim.unwrap(), again.unwrap());
        assert_eq!((&claim.key, claim.request), (&again.key, again.request));
        let (_, other) = made(Agent::register(AgentId(3), named("ann"), word(8, 1), NOW));
        let other = other.unwrap();
        assert_eq!(claim.key, other.key);
        assert_ne!(claim.request, other.request);
        let (same, claim) = made(agent.show(word(7, 2), named("ANN"), NOW).unwrap());
        assert!(claim.is_none() && same.version == agent.version.next());
        let (_, claim) = made(agent.show(word(7, 2), named("Bea"), NOW).unwrap());
        assert_eq!(&*claim.unwrap().key, "agent/name/bea");
    }

    #[test]
    fn without_a_name_what_was_signed_makes_one_agent() {
        let (_, first) = made(Agent::register(AgentId(1), named(""), word(7, 1), NOW));
        let (_, second) = made(Agent::register(AgentId(2), named(""), word(7, 1), NOW));
        let (first, second) = (first.unwrap(), second.unwrap());
        assert_eq!((&first.key, first.request), (&second.key, second.request));
    }

    #[test]
    fn what_an_owner_signed_before_is_overtaken() {
        let (agent, _) = made(Agent::register(AgentId(1), named("Ann"), word(7, 5), NOW));
        let (later, _) = made(agent.show(word(7, 6), named("Bea"), NOW).unwrap());
        for at in [4, 5, 6] {
            assert_eq!(later.show(word(7, at), named("Cat"), NOW), Err(Refusal::Overtaken));
        }
        assert!(later.show(word(7, 7), named("Cat"), NOW).is_ok());
    }

    #[test]
    fn what_an_agent_judges_by_is_fixed_once() {
        let (agent, _) = made(Agent::register(AgentId(1), named("Ann"), word(7, 1), NOW));
        let (judge, _) = made(agent.judge_by(word(7, 2), Strategy::Rubric, NOW).unwrap().unwrap());
        assert_eq!(judge.capability, Some(Capability { strategy: Strategy::Rubric, since: NOW }));
        assert_eq!(judge.judge_by(word(7, 3), Strategy::Rubric, NOW), Ok(None));
        assert_eq!(judge.judge_by(word(7, 3), Strategy::Program, NOW), Err(Refusal::StrategyFixed));
        assert_eq!(agent.judge_by(word(8, 3), Strategy::Program, NOW), Err(Refusal::NotTheOwner));
    }

    #[test]
    fn only_the_owner_moves_the_stake() {
        let (agent, _) = made(Agent::register(AgentId(1), named("Ann"), word(7, 1), NOW));
        let amount = Amount::new(5, Asset::USDC);
        let change = agent.move_stake(word(7, 2), StakeMove::Deposit, amount, NOW).unwrap();
        let account = Account::Client(OWNER.client(Dialect::Quotes));
        let expected = Transfer { from: account.clone(), to: Account::Stake(AgentId(1)), amount };
        assert_eq!(change.transfers, [expected]);
        let change = agent.move_stake(word(7, 3), StakeMove::Withdraw, amount, NOW).unwrap();
        assert_eq!(change.transfers, [Transfer { from: Account::Stake(AgentId(1)), to: account, amount }]);
        let stranger = word(9, 4);
        assert_eq!(agent.move_stake(stranger, StakeMove::Deposit, amount, NOW), Err(Refusal::NotTheOwner));
        assert_eq!(agent.move_stake(stranger, StakeMove::Withdraw, amount, NOW), Err(Refusal::NotTheOwner));
        assert_eq!(agent.show(stranger, named("Bea"), NOW), Err(Refusal::NotTheOwner));
    }

    #[test]
    fn an_address_is_read_in_either_case() {
        let text = "0xAbCdEf0123456789aBcDeF0123456789abcdef01";
        let wallet = Wallet::parse(text).unwrap();
        assert_eq!(wallet.to_string(), text.to_ascii_lowercase());
        let long = format!("{text}0");
        for bad in ["", "0x", &text[2..], "0xabc", &long, "0xzzCdEf0123456789aBcDeF0123456789abcdef01"] {
            assert!(Wallet::parse(bad).is_none(), "{bad}");
        }
    }
}
