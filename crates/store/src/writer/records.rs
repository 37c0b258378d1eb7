//! Records with a version: workers, pairings, trust, API keys, hooks and what they are told, agents and their offers,
//! enrolments and challenges of them.

use crate::backend::{Loaded, Needs};
use crate::batch::Batch;
use crate::error::CommitError;
use docket_core::agent::identity::Wallet;
use docket_core::agent::standing::{Note, Standing};
use docket_core::change::{Record, RecordChange};
use docket_core::hash::Sha256;
use docket_core::hook::{Delivery, EventId, Hook, HookStatus, MOST_HOOKS};
use docket_core::id::{AgentId, ChallengeId, ClientId, JobId, Version, WorkerId};
use docket_core::key::{ApiKey, KeyId, KeyNumber};
use docket_core::refusal::Refusal;
use docket_core::reputation::Evidence;
use docket_core::time::Timestamp;
use docket_core::worker::Worker;
use std::collections::HashMap;

/// The records that the writer relies on, as they stand on disk or will when the open group is written.
#[derive(Default)]
pub(super) struct Records {
    workers: HashMap<WorkerId, Worker>,
    keys: HashMap<KeyNumber, ApiKey>,
    /// All hooks of an account.
    hooks: HashMap<ClientId, Vec<Hook>>,
    /// What the open group alone needs.
    pairings: HashMap<Sha256, Version>,
    deliveries: HashMap<EventId, Version>,
    agents: HashMap<AgentId, Version>,
    offers: HashMap<(JobId, AgentId), Version>,
    enrolments: HashMap<Wallet, Version>,
    challenges: HashMap<ChallengeId, Version>,
    /// What is known of agents.
    agent_standings: HashMap<AgentId, Standing>,
}

impl Records {
    /// Adds what must be read before a record can be judged.
    pub(super) fn ask(&self, record: &Record, needs: &mut Needs) {
        match record {
            Record::Worker(worker) => self.ask_worker(worker.id, needs),
            Record::Pairing(pairing) => {
                needs.pairings.insert(pairing.code);
            }
            Record::Trust(_) | Record::Reference(_) => {}
            Record::Key(key) => self.ask_key(key.id, needs),
            Record::Hook(hook) => self.ask_hooks(&hook.client, needs),
            Record::Delivery(delivery) => {
                needs.deliveries.insert(delivery.id);
            }
            Record::Agent(agent) => {
                needs.agents.insert(agent.id);
            }
            Record::Offer(offer) => {
                needs.offers.insert((offer.job, offer.agent));
            }
            Record::Enrolment(enrolment) => {
                needs.enrolments.insert(enrolment.wallet);
            }
            Record::Challenge(challenge) => {
                needs.challenges.insert(challenge.id);
            }
        }
    }

    /// Adds a worker that must be read before anything can be added to what is known of it.
    pub(super) fn ask_worker(&self, id: WorkerId, needs: &mut Needs) {
        if !self.workers.contains_key(&id) {
            needs.workers.insert(id);
        }
    }

    /// Adds an agent of whom must be read what is known.
    pub(super) fn ask_standing(&self, id: AgentId, needs: &mut Needs) {
        if !self.agent_standings.contains_key(&id) {
            needs.agent_standings.insert(id);
        }
    }

    /// Adds a key that must be read before it may be relied on.
    pub(super) fn ask_key(&self, id: KeyId, needs: &mut Needs) {
        if !self.keys.contains_key(&id.number()) {
            needs.keys.insert(id.number());
        }
    }

    /// Adds the hooks of an account, unless they are known.
    pub(super) fn ask_hooks(&self, client: &ClientId, needs: &mut Needs) {
        if !self.hooks.contains_key(client) {
            needs.hooks.insert(client.clone());
        }
    }

    /// The hooks of an account that were asked for.
    pub(super) fn hooks(&self, client: &ClientId) -> &[Hook] {
        self.hooks.get(client).map_or(&[], Vec::as_slice)
    }

    /// A key that was asked for.
    pub(super) fn key(&self, id: KeyId) -> Option<&ApiKey> {
        self.keys.get(&id.number()).filter(|key| key.id == id)
    }

    /// Takes what was read.
    pub(super) fn learn(&mut self, needs: &Needs, loaded: &mut Loaded) {
        self.workers.extend(loaded.workers.drain());
        self.pairings.extend(loaded.pairings.drain());
        self.keys.extend(loaded.keys.drain());
        self.deliveries.extend(loaded.deliveries.drain());
        self.agents.extend(loaded.agents.drain());
        self.offers.extend(loaded.offers.drain());
        self.enrolments.extend(loaded.enrolments.drain());
        self.challenges.extend(loaded.challenges.drain());
        self.agent_standings.extend(loaded.agent_standings.drain());
        self.hooks.extend(needs.hooks.iter().map(|client| (client.clone(), Vec::new())));
        for hook in loaded.hooks.drain(..) {
            self.hooks.entry(hook.client.clone()).or_default().push(hook);
        }
    }

    /// Refuses a record that has changed since it was decided on.
    pub(super) fn check(&self, change: &RecordChange) -> Result<(), CommitError> {
        let stands = match &change.after {
            Record::Worker(worker) => self.workers.get(&worker.id).map(|known| known.version),
            Record::Pairing(pairing) => self.pairings.get(&pairing.code).copied(),
            // By its number, so that a new key whose number is taken loses against the one that has it.
            Record::Key(key) => self.keys.get(&key.number()).map(|known| known.version),
            Record::Hook(hook) => {
                let hooks = self.hooks(&hook.client);
                if change.before == Version::NONE && hooks.len() >= MOST_HOOKS {
                    return Err(Refusal::TooManyHooks.into());
                }
                hooks.iter().find(|known| known.id == hook.id).map(|known| known.version)
            }
            Record::Delivery(delivery) => self.deliveries.get(&delivery.id).copied(),
            Record::Agent(agent) => self.agents.get(&agent.id).copied(),
            Record::Offer(offer) => self.offers.get(&(offer.job, offer.agent)).copied(),
            Record::Enrolment(enrolment) => self.enrolments.get(&enrolment.wallet).copied(),
            Record::Challenge(challenge) => self.challenges.get(&challenge.id).copied(),
            // These are written once: the statement that writes them leaves what is there.
            Record::Trust(_) | Record::Reference(_) => return Ok(()),
        };
        if stands.unwrap_or(Version::NONE) == change.before { Ok(()) } else { Err(CommitError::Conflict) }
    }

    /// Adds a record that has won to the batch, in the place of an older version of it.
    pub(super) fn accept(&mut self, record: &Record, batch: &mut Batch) {
        match record {
            Record::Worker(worker) => {
                // Evidence has come since the record was read, perhaps: what is known here stands.
                let known = self.workers.get(&worker.id);
                let (standing, reputation) =
                    known.map(|known| (known.standing, known.reputation)).unwrap_or_default();
                let worker = Worker { standing, reputation, ..*worker };
                self.workers.insert(worker.id, worker);
                batch.workers.insert(worker.id, worker);
            }
            Record::Pairing(pairing) => {
                self.pairings.insert(pairing.code, pairing.version);
                batch.pairings.insert(pairing.code, pairing.clone());
            }
            Record::Trust(trust) => batch.trusts.push(trust.clone()),
            Record::Key(key) => {
                self.keys.insert(key.number(), key.clone());
                batch.keys.insert(key.number(), key.clone());
            }
            Record::Hook(hook) => {
                let hooks = self.hooks.entry(hook.client.clone()).or_default();
                hooks.retain(|known| known.id != hook.id);
                if hook.status != HookStatus::Deleted {
                    hooks.push(hook.clone());
                }
                batch.hooks.insert(hook.id, hook.clone());
            }
            Record::Delivery(delivery) => {
                self.deliveries.insert(delivery.id, delivery.version);
                batch.changed_deliveries.insert(delivery.id, delivery.clone());
            }
            Record::Agent(agent) => {
                self.agents.insert(agent.id, agent.version);
                batch.agents.insert(agent.id, agent.clone());
            }
            Record::Offer(offer) => {
                let name = (offer.job, offer.agent);
                self.offers.insert(name, offer.version);
                batch.offers.insert(name, *offer);
            }
            Record::Enrolment(enrolment) => {
                self.enrolments.insert(enrolment.wallet, enrolment.version);
                batch.enrolments.insert(enrolment.wallet, enrolment.clone());
            }
            Record::Challenge(challenge) => {
                self.challenges.insert(challenge.id, challenge.version);
                batch.challenges.insert(challenge.id, challenge.clone());
            }
            Record::Reference(reference) => batch.references.push(reference.clone()),
        }
    }

    /// Knows a delivery that the open group brings.
    pub(super) fn announce(&mut self, delivery: &Delivery) {
        self.deliveries.insert(delivery.id, delivery.version);
    }

    /// Adds what has come to light of a worker that has ever registered, and of nobody else; answers with its record.
    pub(super) fn accept_evidence(
        &mut self,
        (id, evidence): (WorkerId, Evidence),
        at: Timestamp,
        batch: &mut Batch,
    ) -> Option<Worker> {
        let known = self.workers.get_mut(&id)?;
        *known = known.after(evidence, at);
        batch.standings.insert(id, *known);
        Some(*known)
    }

    /// Adds what a change says of an agent.
    pub(super) fn accept_note(&mut self, id: AgentId, note: Note, at: Timestamp, batch: &mut Batch) {
        let known = self.agent_standings.entry(id).or_default();
        *known = known.after(note, at);
        batch.agent_standings.insert(id, *known);
    }

    /// How many records are kept from group to group.
    pub(super) fn len(&self) -> usize {
        self.workers.len() + self.keys.len() + self.hooks.len() + self.agent_standings.len()
    }

    /// Ends the group.
    pub(super) fn end_group(&mut self) {
        self.pairings.clear();
        self.deliveries.clear();
        self.agents.clear();
        self.offers.clear();
        self.enrolments.clear();
        self.challenges.clear();
    }

    /// Forgets all that is on disk. No group may be open.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }
}
