//! Who enrols for a class of hardware, shows life, and goes; and who of them would have a job now.

use crate::POSTED_LOST_AFTER;
use crate::engine::Engine;
use crate::error::EngineError;
use crate::execute::ATTEMPTS;
use crate::roster::{Connection, Profile, ToWorker};
use docket_core::agent::identity::{Wallet, Word};
use docket_core::agent::tally::{IN_ALL, Tally};
use docket_core::change::{Change, Record};
use docket_core::enrolment::{Activity, Enrolment, Offer};
use docket_core::id::WorkerId;
use docket_core::job::Ask;
use docket_core::money::{Amount, BasisPoints};
use docket_core::policy::Policy;
use docket_core::refusal::Refusal;
use docket_core::routing::Scoring;
use docket_core::time::Timestamp;
use docket_core::worker::{Worker, WorkerCommand};
use docket_store::{CommitError, Documents, NoticeRow, Page};
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::mpsc;

/// Somebody who is enrolled, as he is now.
#[derive(Clone, Debug)]
pub struct Node {
    /// What lasts.
    pub enrolment: Arc<Enrolment>,
    /// His record.
    pub worker: Worker,
    /// How he is online, if he is.
    pub online: Option<Online>,
}

/// Somebody who is online.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Online {
    /// His last sign of life.
    pub last_seen: Timestamp,
    /// How many jobs he has.
    pub running: u16,
    /// The models that he hosts.
    pub models: Vec<Arc<str>>,
}

/// Who would have a job now.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Advice {
    /// His address.
    pub wallet: Wallet,
    /// Who does the work.
    pub worker: WorkerId,
    /// His reputation, with what challenges have shown.
    pub tested: BasisPoints,
}

/// Why nobody would: so many for each reason.
pub type Reasons = BTreeMap<&'static str, usize>;

/// How many are enrolled, and how many of them are online.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Presence {
    /// Of each class.
    pub enrolled: BTreeMap<u8, usize>,
    /// Of each class.
    pub online: BTreeMap<u8, usize>,
}

impl Engine {
    /// Enrols a worker with his wallet, or changes what he offers, on the wallet's word. One without a key of his own is
    /// known as a worker from now on. Whoever is enrolled with this wallet and online is not displaced.
    ///
    /// # Errors
    /// [`Refusal::WorkerTaken`] if the worker is enrolled with another wallet, and those of [`Enrolment::enrol`].
    pub async fn enrol(&self, word: Word, worker: WorkerId, offer: Offer) -> Result<Node, EngineError> {
        self.begin(move |engine| async move { engine.carry_in(word, worker, offer).await }).await
    }

    async fn carry_in(&self, word: Word, worker: WorkerId, offer: Offer) -> Result<Node, EngineError> {
        let record = self.known_worker(worker).await?;
        let mut is_claimed = false;
        for _ in 0..ATTEMPTS {
            let known = self.store.enrolment(word.by).await?;
            let now = self.clock.now();
            let online = known.as_ref().is_some_and(|known| self.is_at_work(&known.worker));
            let change = Enrolment::enrol(known.as_ref(), word, worker, offer.clone(), online, now)?;
            let Some(change) = change else {
                // Whoever wrote it may not have come so far as to say so.
                known.into_iter().for_each(|known| self.learn_enrolment(known, record));
                break;
            };
            let (claim, after) = (change.claim.clone().filter(|_| !is_claimed), enrolment_in(&change));
            match self.commit(Change { claim, ..change }, Documents::default()).await {
                Ok(_) => {
                    if let Some(before) = known.filter(|known| known.worker != worker) {
                        self.displace(&before);
                    }
                    after.into_iter().for_each(|after| self.learn_enrolment(after, record));
                    break;
                }
                Err(CommitError::Conflict) => {} // It is read again, as it is now.
                // Its own worker, which it had before.
                Err(CommitError::Repeated(_)) => is_claimed = true,
                Err(CommitError::Refused(Refusal::KeyReused)) => return Err(Refusal::WorkerTaken.into()),
                Err(error) => return Err(error.into()),
            }
        }
        self.node(word.by)
    }

    /// Whether somebody is online as the one who is enrolled.
    fn is_at_work(&self, worker: &WorkerId) -> bool {
        self.roster.fleet().presence(worker).is_some()
    }

    /// Another worker has this one's place.
    fn displace(&self, before: &Enrolment) {
        let mut fleet = self.roster.fleet();
        let came_meanwhile = before.state != Activity::Left && fleet.presence(&before.worker).is_some();
        fleet.strike(&before.worker);
        // He came while the other's change was being written. When he comes again he hears why he is refused.
        if let Some(connection) = fleet.connection_of(&before.worker).filter(|_| came_meanwhile) {
            fleet.tell(connection, ToWorker::Close);
        }
    }

    /// The record of a worker that has no key, made where there is none; that of one with a key as it is.
    async fn known_worker(&self, worker: WorkerId) -> Result<Worker, EngineError> {
        loop {
            let known = self.store.worker(worker).await?;
            let record = known.unwrap_or_else(|| Worker::unknown(worker));
            if worker.wallet().is_none() {
                return Ok(record);
            }
            // The wallet has signed, so nobody who proves nothing is taken for it.
            let command = WorkerCommand::Register { proof: true, unproven_allowed: false };
            let Some(change) = record.decide(command, self.clock.now())? else { return Ok(record) };
            match self.commit(change, Documents::default()).await {
                Ok(_) | Err(CommitError::Conflict) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// What was written is known here, and to the fleet. Of two changes the later one holds, whichever comes here first.
    pub(crate) fn learn_enrolment(&self, enrolment: Enrolment, record: Worker) {
        let wallet = enrolment.wallet;
        let mut roll = self.enrolled.roll();
        roll.learn(enrolment, record);
        if let Some((known, _)) = roll.get(&wallet) {
            let active = known.state == Activity::Active;
            self.roster.fleet().enrol(&known.worker, &known.offer, active);
        }
        drop(roll);
        self.offer_room();
    }

    /// Somebody goes, on his word. What he has he may finish.
    pub async fn leave(&self, word: Word) -> Result<Node, EngineError> {
        self.change_enrolment(word.by, move |known, now| known.leave(word, now)).await
    }

    /// The operator lets somebody have jobs again whom a challenge has refuted.
    ///
    /// # Errors
    /// [`Refusal::NotEnrolled`] if nobody is, and those of [`Enrolment::reinstate`].
    pub async fn reinstate(&self, wallet: Wallet) -> Result<Node, EngineError> {
        self.change_enrolment(wallet, Enrolment::reinstate).await
    }

    async fn change_enrolment(
        &self,
        wallet: Wallet,
        change: impl Fn(&Enrolment, Timestamp) -> Result<Option<Change>, Refusal> + Send + 'static,
    ) -> Result<Node, EngineError> {
        self.begin(move |engine| async move { engine.carry_change(wallet, change).await }).await
    }

    async fn carry_change(
        &self,
        wallet: Wallet,
        change: impl Fn(&Enrolment, Timestamp) -> Result<Option<Change>, Refusal>,
    ) -> Result<Node, EngineError> {
        for _ in 0..ATTEMPTS {
            let known = self.store.enrolment(wallet).await?.ok_or(Refusal::NotEnrolled)?;
            let record = self.store.worker(known.worker).await?;
            let record = record.unwrap_or_else(|| Worker::unknown(known.worker));
            let Some(change) = change(&known, self.clock.now())? else {
                // Whoever wrote it may not have come so far as to say so.
                self.learn_enrolment(known, record);
                return self.node(wallet);
            };
            let after = enrolment_in(&change);
            match self.commit(change, Documents::default()).await {
                Ok(_) => {
                    after.into_iter().for_each(|after| self.learn_enrolment(after, record));
                    return self.node(wallet);
                }
                Err(CommitError::Conflict) => {} // It is read again, as it is now.
                Err(error) => return Err(error.into()),
            }
        }
        Err(EngineError::Busy)
    }

    /// Somebody who is enrolled.
    ///
    /// # Errors
    /// [`Refusal::NotEnrolled`] if nobody is.
    pub fn node(&self, wallet: Wallet) -> Result<Node, EngineError> {
        let known = self.enrolled.roll().get(&wallet);
        let (enrolment, worker) = known.ok_or(Refusal::NotEnrolled)?;
        let online = self.roster.fleet().presence(&enrolment.worker);
        Ok(Node { enrolment, worker, online })
    }

    /// With which wallet a worker is enrolled, if he is.
    pub fn wallet_of(&self, worker: &WorkerId) -> Option<Wallet> {
        self.enrolled.roll().wallet_of(worker)
    }

    /// Those of a class, or all, the best first, and how many there are.
    pub fn nodes(&self, tier: Option<u8>, page: Page) -> (Vec<Node>, usize) {
        let (skip, limit) = (usize::try_from(page.skip).unwrap_or(usize::MAX), page.limit as usize);
        let (known, total) = {
            let roll = self.enrolled.roll();
            (roll.page(tier, skip, limit), roll.count(tier))
        };
        let fleet = self.roster.fleet();
        let nodes = known.into_iter().map(|(enrolment, worker)| {
            let online = fleet.presence(&enrolment.worker);
            Node { enrolment, worker, online }
        });
        (nodes.collect(), total)
    }

    /// How many are enrolled and online.
    pub fn presence(&self) -> Presence {
        let enrolled = self.enrolled.roll().tiers();
        Presence { enrolled, online: self.roster.fleet().online_tiers() }
    }

    /// A sign of life of somebody who keeps no connection. He is online from now on, for as long as one is awaited of him,
    /// and serves what the profile of his enrolment says.
    ///
    /// # Errors
    /// [`Refusal::NotEnrolled`] if nobody is, [`Refusal::AlreadyConnected`] if he keeps a connection.
    pub async fn beat(
        &self,
        wallet: Wallet,
        profile: impl Fn(&Enrolment) -> Profile,
    ) -> Result<(), EngineError> {
        let (enrolment, _) = self.enrolled.roll().get(&wallet).ok_or(Refusal::NotEnrolled)?;
        if enrolment.worker.wallet().is_none() {
            return Err(Refusal::AlreadyConnected.into());
        }
        if enrolment.state == Activity::Left || self.beat_again(&enrolment.worker, &profile(&enrolment)) {
            return Ok(());
        }
        let record = self.store.worker(enrolment.worker).await?.ok_or(Refusal::NotEnrolled)?;
        if record.suspended {
            return Err(Refusal::WorkerSuspended.into());
        }
        // All of it may have changed meanwhile, and nobody changes it while he joins.
        let roll = self.enrolled.roll();
        let (enrolment, known) = roll.get(&wallet).ok_or(Refusal::NotEnrolled)?;
        let is_over = enrolment.state == Activity::Left || enrolment.worker != record.id;
        if is_over || self.beat_again(&enrolment.worker, &profile(&enrolment)) {
            return Ok(());
        }
        let latest = if known.progress() > record.progress() { known } else { record };
        let record = Worker { standing: latest.standing, reputation: latest.reputation, ..record };
        let profile = Profile {
            gpu_tier: enrolment.offer.gpu_tier,
            deactivated: enrolment.state != Activity::Active,
            by_post: true,
            ..profile(&enrolment)
        };
        let now = self.clock.now();
        self.roster.fleet().join(&record, true, profile, self.posts.0.clone(), now);
        drop(roll);
        self.timer.notify_one();
        self.offer_room();
        Ok(())
    }

    /// Whether he was online already.
    fn beat_again(&self, worker: &WorkerId, profile: &Profile) -> bool {
        let mut fleet = self.roster.fleet();
        let Some(connection) = fleet.connection_of(worker) else { return false };
        let serves_other = fleet.rehost(worker, &profile.models);
        let silence = fleet.seen(connection, self.clock.now());
        drop(fleet);
        // Nobody gives work to those who are silent, nor for what they do not serve.
        if serves_other || silence.is_some_and(|silence| silence > POSTED_LOST_AFTER) {
            self.offer_room();
        }
        silence.is_some()
    }

    /// What those are to be told who keep no connection. Whoever tells them takes this once.
    pub fn take_posts(&self) -> Option<mpsc::UnboundedReceiver<Box<ToWorker>>> {
        self.posts.1.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take()
    }

    /// The connection of a worker who is online.
    pub fn connection_of(&self, worker: &WorkerId) -> Option<Connection> {
        self.roster.fleet().connection_of(worker)
    }

    /// Somebody who keeps no connection cannot be reached: he is offline until his next sign of life. Who has other jobs is
    /// at work on them, and stays.
    pub fn lose(&self, worker: &WorkerId) {
        let now = self.clock.now();
        let mut fleet = self.roster.fleet();
        if let Some(connection) = fleet.connection_of(worker).filter(|_| fleet.is_idle(worker)) {
            fleet.leave(connection, now);
        }
        drop(fleet);
        self.timer.notify_one();
    }

    /// Who would have a job of these terms now, or why nobody would.
    pub fn advise(
        &self,
        ask: &Ask,
        policy: &Policy,
        price: Amount,
        scoring: &Scoring,
    ) -> Result<Advice, Reasons> {
        let now = self.clock.now();
        let chosen = self.roster.fleet().advise(ask, policy, price, scoring, now);
        let advice = chosen.and_then(|(worker, tested)| {
            let wallet = self.enrolled.roll().wallet_of(&worker)?;
            Some(Advice { wallet, worker, tested })
        });
        advice.ok_or_else(|| {
            let active = self.enrolled.roll().active();
            self.roster.fleet().why_nobody(ask, policy, price, scoring, active, now)
        })
    }

    /// What everybody may see of such work before a notice, the newest first; and how many notices there are.
    pub async fn notices(&self, page: Page) -> Result<(Vec<NoticeRow>, u64), EngineError> {
        let last = self.store.last_notice().await?;
        let skip = i64::try_from(page.skip).unwrap_or(i64::MAX);
        let rows = self.store.notices((last + 1).saturating_sub(skip), page.limit).await?;
        Ok((rows, last.unsigned_abs()))
    }

    /// What was counted of such work in all.
    pub async fn work_counts(&self) -> Result<BTreeMap<Tally, i128>, EngineError> {
        Ok(self.store.tallies(IN_ALL, IN_ALL).await?)
    }

    /// Reads who is enrolled. Nobody is online yet.
    pub(crate) async fn recover_enrolments(&self) -> Result<(), EngineError> {
        let mut after = None;
        loop {
            let page = self.store.enrolments(after).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = Some(last.wallet);
            for enrolment in page {
                let worker = self.store.worker(enrolment.worker).await?;
                let worker = worker.unwrap_or_else(|| Worker::unknown(enrolment.worker));
                self.enrolled.roll().learn(enrolment, worker);
            }
        }
    }

    /// What has come to light of a worker is known to all who ask for it.
    pub(crate) fn learn(&self, worker: &Worker) {
        self.roster.fleet().learn(worker);
        self.enrolled.roll().learn_of(worker);
    }
}

/// The enrolment as it is after a change of it.
fn enrolment_in(change: &Change) -> Option<Enrolment> {
    change.records.iter().find_map(|record| match &record.after {
        Record::Enrolment(after) => Some(after.clone()),
        _ => None,
    })
}
