//! Those who are enrolled for a class of hardware, as far as they are online.

use super::{Fleet, Member};
use crate::enrolments::{Online, Reasons};
use crate::roster::Connection;
use docket_core::enrolment::Offer;
use docket_core::feature::Features;
use docket_core::id::WorkerId;
use docket_core::job::Ask;
use docket_core::money::{Amount, BasisPoints};
use docket_core::policy::Policy;
use docket_core::routing::{Candidate, Models, Scoring, Skills, tally};
use docket_core::time::{Millis, Timestamp};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// How long an answer to who asks why nobody fits holds: to find one means to look at everybody.
const WHY_HOLDS: Millis = Millis::seconds(1);
/// Of so many kinds of jobs.
const WHYS: usize = 1_024;

/// Why nobody fitted lately, by model and class.
#[derive(Default)]
pub(super) struct Whys(HashMap<Wanted, (Timestamp, Reasons)>);

/// A model and a least class.
type Wanted = (Option<Arc<str>>, u8);

impl Fleet {
    /// What somebody offers has changed while he is online, or whether he may have jobs. Who has connected as nothing but a
    /// worker stays one.
    pub(crate) fn enrol(&mut self, worker: &WorkerId, offer: &Offer, active: bool) {
        let is_plain = |Candidate { skills, gpu_tier, .. }: &Candidate| {
            skills.include(Skills::CONNECTED) && *gpu_tier == 0
        };
        if self.members.get(worker).is_some_and(|member| is_plain(&member.candidate)) {
            return;
        }
        self.set_tier(worker, offer.gpu_tier);
        self.change(worker, |member| {
            member.candidate.concurrency = offer.concurrency;
            member.candidate.deactivated = !active;
        });
    }

    /// What somebody serves is this from now on. Answers whether that is something else than before.
    pub(crate) fn rehost(&mut self, worker: &WorkerId, models: &[(Arc<str>, Features)]) -> bool {
        let hosted = models.iter().map(|(name, features)| (self.model(name), *features)).collect::<Models>();
        let Some(member) = self.members.get(worker).filter(|member| member.connection.is_some()) else {
            return false;
        };
        if member.candidate.models == hosted {
            return false;
        }
        let (names, before) = (member.model_names.clone(), member.candidate.models.clone());
        self.count_models(&names, &before, false);
        let names: Vec<Arc<str>> = models.iter().map(|(name, _)| name.clone()).collect();
        self.count_models(&names, &hosted, true);
        self.change(worker, |member| {
            member.model_names = names;
            member.candidate.models = hosted;
        });
        true
    }

    /// Somebody else has taken over for what he was enrolled: he gets no such jobs any more.
    pub(crate) fn strike(&mut self, worker: &WorkerId) {
        self.set_tier(worker, 0);
    }

    fn set_tier(&mut self, worker: &WorkerId, tier: u8) {
        let Some(member) = self.members.get(worker) else { return };
        let (before, connected) = (member.candidate.gpu_tier, member.connection.is_some());
        self.change(worker, |member| member.candidate.gpu_tier = tier);
        if connected {
            self.count_tier(before, false);
            self.count_tier(tier, true);
        }
    }

    /// Somebody of a class has come, or gone.
    pub(super) fn count_tier(&mut self, tier: u8, come: bool) {
        if tier > 0 {
            let online = self.tiers.entry(tier).or_default();
            *online = if come { *online + 1 } else { online.saturating_sub(1) };
        }
    }

    /// How many of each class are online.
    pub(crate) fn online_tiers(&self) -> BTreeMap<u8, usize> {
        self.tiers.iter().map(|(tier, online)| (*tier, *online)).filter(|(_, online)| *online > 0).collect()
    }

    /// How somebody is online for that for which he is enrolled, if he is.
    pub(crate) fn presence(&self, worker: &WorkerId) -> Option<Online> {
        let at_work = |member: &&Member| member.connection.is_some() && member.candidate.gpu_tier > 0;
        let member = self.members.get(worker).filter(at_work)?;
        let Candidate { last_seen, running, .. } = member.candidate;
        Some(Online { last_seen, running, models: member.model_names.clone() })
    }

    /// Whether somebody has no job.
    pub(crate) fn is_idle(&self, worker: &WorkerId) -> bool {
        self.members.get(worker).is_none_or(|member| member.held.is_empty())
    }

    /// The connection that a worker has now.
    pub(crate) fn connection_of(&self, worker: &WorkerId) -> Option<Connection> {
        self.members.get(worker)?.connection
    }

    /// Who would have a job now, with his reputation.
    pub(crate) fn advise(
        &self,
        ask: &Ask,
        policy: &Policy,
        price: Amount,
        scoring: &Scoring,
        now: Timestamp,
    ) -> Option<(WorkerId, BasisPoints)> {
        let demand = self.demand_of(ask, policy, price, &[], None);
        let chosen = self.index.choose(&demand, scoring, now, 0)?;
        let candidate = self.index.get(&chosen.worker)?;
        Some((chosen.worker, candidate.tested))
    }

    /// Why nobody would, of so many who might if they were online.
    pub(crate) fn why_nobody(
        &mut self,
        ask: &Ask,
        policy: &Policy,
        price: Amount,
        scoring: &Scoring,
        active: usize,
        now: Timestamp,
    ) -> Reasons {
        let kind = (ask.model.clone(), policy.tier.map_or(0, |tier| tier.least));
        if let Some((at, why)) = self.whys.0.get(&kind)
            && now.since(*at) < WHY_HOLDS
        {
            return why.clone();
        }
        let demand = self.demand_of(ask, policy, price, &[], None);
        let enrolled = || self.index.candidates().filter(|candidate| candidate.gpu_tier > 0);
        let tally = tally(enrolled(), &demand, scoring, now);
        let mut why: BTreeMap<_, _> = tally.reasons().map(|(reason, count)| (reason.code(), count)).collect();
        let online = enrolled().filter(|candidate| !candidate.deactivated).count();
        let offline = active.saturating_sub(online);
        if offline > 0 {
            why.insert("offline", offline);
        }
        if self.whys.0.len() >= WHYS {
            self.whys.0.clear();
        }
        self.whys.0.insert(kind, (now, why.clone()));
        why
    }
}
