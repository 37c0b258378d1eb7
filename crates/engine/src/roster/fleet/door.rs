//! Who comes, who gives signs of life, and who goes.

use super::{Fleet, Joined, Member, patience, weigh};
use crate::roster::{Connection, Outbound, Profile, ToWorker};
use crate::{LOST_AFTER, POSTED_LOST_AFTER};
use docket_core::id::WorkerId;
use docket_core::money::BasisPoints;
use docket_core::routing::{Candidate, Lot, ModelId, Models, Pace, Skills, StakeTier};
use docket_core::time::{Millis, Timestamp};
use docket_core::worker::Worker;
use std::collections::BTreeSet;
use std::sync::Arc;

/// A live connection is not replaced by another with the same key.
const LIVE: Millis = Millis(LOST_AFTER.0 / 2);

impl Fleet {
    /// Whether a worker's connection has shown life lately.
    pub(crate) fn is_live(&self, worker: &WorkerId, now: Timestamp) -> bool {
        self.members
            .get(worker)
            .is_some_and(|member| member.connection.is_some() && now.since(member.candidate.last_seen) < LIVE)
    }

    /// Takes in a worker whose identity was checked. A silent older connection is closed.
    pub(crate) fn join(
        &mut self,
        worker: &Worker,
        proven: bool,
        profile: Profile,
        outbound: Outbound,
        now: Timestamp,
    ) -> Joined {
        let patience = if profile.by_post { POSTED_LOST_AFTER } else { LOST_AFTER };
        self.next_connection += 1;
        let connection = Connection(self.next_connection);
        let models = profile.models.iter().map(|(name, features)| (self.model(name), *features));
        let models = models.collect::<Models>();
        let earlier = self.members.remove(&worker.id);
        if let Some(earlier) = &earlier {
            earlier.outbound.send(Box::new(ToWorker::Close)).ok(); // It may be gone already.
            if let Some(old) = earlier.connection {
                self.attendance.note(earlier, now);
                self.connections.remove(&old);
                self.count_models(&earlier.model_names, &earlier.candidate.models, false);
                self.count_tier(earlier.candidate.gpu_tier, false);
            }
        }
        let rest = earlier.as_ref().map(Member::rest).or_else(|| self.rests.take(&worker.id, now));
        let rest = rest.unwrap_or_default();
        // Of one who has just come, it is looked up after this.
        let (staked, stake) = earlier
            .as_ref()
            .map_or((false, StakeTier::NONE), |member| (member.staked, member.candidate.stake));
        let (held, names, turns) =
            earlier.map(|member| (member.held, member.names, member.turns)).unwrap_or_default();
        let mut candidate = Candidate {
            id: worker.id,
            class: profile.class,
            skills: match profile.by_post {
                true => profile.skills,
                false => profile.skills.with(Skills::CONNECTED),
            },
            models,
            gpu_tier: profile.gpu_tier,
            region: None,
            price_floor: profile.price_floor,
            concurrency: profile.concurrency,
            running: u16::try_from(held.len()).unwrap_or(u16::MAX),
            last_seen: now,
            reputation: BasisPoints::default(),
            merit: BasisPoints::default(),
            tested: BasisPoints::default(),
            pace: Pace::default(),
            stake,
            deactivated: profile.deactivated,
            draining: false,
            proven,
            probation: None,
            cooling_until: rest.until,
            lot: Lot::draw(self.secret, &worker.id, turns),
        };
        weigh(&mut candidate, worker);
        self.index.insert(candidate.clone());
        self.connections.insert(connection, worker.id);
        self.gone.remove(&worker.id);
        let list = held.iter().map(|(job, held)| (*job, held.clone())).collect();
        let member = Member {
            connection: Some(connection),
            outbound,
            held,
            names,
            model_names: profile.models.into_iter().map(|(name, _)| name).collect(),
            weights: profile.weights,
            accepts: profile.accepts,
            turns,
            failures_in_a_row: rest.failures_in_a_row,
            staked,
            patience,
            since: now,
            known: *worker,
            candidate,
        };
        self.count_models(&member.model_names, &member.candidate.models, true);
        self.count_tier(member.candidate.gpu_tier, true);
        self.members.insert(worker.id, member);
        self.look_at(patience::silent_from(now, patience));
        if self.attendance.waits() {
            self.look_at(now);
        }
        if let Some(rested) = rest.until.filter(|until| *until > now) {
            self.look_at(rested);
        }
        Joined { connection, held: list }
    }

    /// The models of a connection that has begun or ended.
    pub(super) fn count_models(&mut self, names: &[Arc<str>], models: &Models, begun: bool) {
        for name in names.iter().collect::<BTreeSet<_>>() {
            let features = models.features(self.model(name)).unwrap_or_default();
            let alike = self.served.entry(name.clone()).or_default();
            let workers = alike.entry(features).or_default();
            *workers = if begun { *workers + 1 } else { workers.saturating_sub(1) };
            if *workers == 0 {
                alike.remove(&features);
            }
            if alike.is_empty() {
                self.served.remove(name);
            }
        }
    }

    pub(super) fn model(&mut self, name: &Arc<str>) -> ModelId {
        let next = ModelId(u32::try_from(self.models.len()).unwrap_or(u32::MAX));
        *self.models.entry(name.clone()).or_insert(next)
    }

    /// The worker behind a connection, if that is still its connection.
    pub(crate) fn worker(&self, connection: Connection) -> Option<WorkerId> {
        self.connections.get(&connection).copied()
    }

    /// A sign of life, and how long it had been awaited. `None` if this is nobody's connection any more.
    pub(crate) fn seen(&mut self, connection: Connection, now: Timestamp) -> Option<Millis> {
        let worker = self.worker(connection)?;
        let before = self.members.get(&worker)?.candidate.last_seen;
        self.change(&worker, |member| member.candidate.last_seen = now);
        Some(now.since(before))
    }

    /// The worker takes nothing new from now on.
    pub(crate) fn drain(&mut self, connection: Connection) {
        if let Some(worker) = self.worker(connection) {
            self.change(&worker, |member| member.candidate.draining = true);
        }
    }

    /// A connection has ended. Its jobs stay with the worker for the grace.
    pub(crate) fn leave(&mut self, connection: Connection, now: Timestamp) {
        let Some(worker) = self.connections.remove(&connection) else { return };
        self.index.remove(&worker);
        let Some(member) = self.members.get_mut(&worker) else { return };
        self.attendance.note(member, now);
        member.connection = None;
        let (names, models) = (member.model_names.clone(), member.candidate.models.clone());
        let tier = member.candidate.gpu_tier;
        if member.held.is_empty() {
            self.forget(&worker);
        } else {
            self.gone.insert(worker, now);
            self.look_at(patience::given_up_from(now));
        }
        if self.attendance.waits() {
            self.look_at(now);
        }
        self.count_models(&names, &models, false);
        self.count_tier(tier, false);
    }

    /// Nobody waits for a worker any more.
    pub(super) fn forget(&mut self, worker: &WorkerId) {
        self.gone.remove(worker);
        if let Some(member) = self.members.remove(worker) {
            self.rests.keep(*worker, member.rest(), member.candidate.last_seen);
        }
    }
}
