//! What nodes offer and clients order, on terms like those that are documented.

use super::super::dice::Dice;
use super::super::market::Market;
use super::super::orders::{Answer, CLIENTS, Order, client};
use super::{Found, ORDERS};
use docket_core::enrolment::{Enrolment, Offer};
use docket_core::feature::Features;
use docket_core::hash::Sha256;
use docket_core::id::{ClientId, Dialect};
use docket_core::job::{Ask, Job, Skill, Speed};
use docket_core::money::{Amount, Asset, BasisPoints, Split};
use docket_core::policy::{Arbitration, Lapse, Policy, Ruling, Source, Tier};
use docket_core::routing::{Measure, Scoring, Skills, Ties, WorkerClass};
use docket_core::time::Millis;
use docket_engine::{Naming, NewJob, Profile};
use std::sync::Arc;

pub(super) const DIALECT: Dialect = Dialect::Registry;

/// Each model with the least class that runs it, and what a job costs.
pub(super) const MODELS: [(&str, u8, u128); 3] = [
    ("small", 1, 800_000_000_000_001),
    ("large", 2, 1_800_000_000_000_000),
    ("huge", 3, 5_000_000_000_000_000),
];
/// What nobody has of a price.
pub(super) const BURNED: BasisPoints = BasisPoints(500);
/// Who gave no sign of life for longer gets nothing.
pub(super) const LOST_AFTER: Millis = Millis::seconds(120);

/// The best first, then who has the fewest jobs, then who was silent for longest.
pub(crate) const SCORING: Scoring = Scoring {
    preferred: None,
    preferred_points: 0,
    freshness_points: 0,
    heartbeat: Millis::seconds(60),
    lost_after: LOST_AFTER,
    measure: Measure::Tested,
    reputation_points: 100,
    stake_counts: false,
    pace_points: 0,
    newcomer_jobs: u16::MAX,
    load_micropoints: 1,
    ties: Ties::LongestUnheard,
};

/// Whether a job is for nodes alone.
pub(crate) fn is_for_nodes(job: &Job) -> bool {
    job.policy.tier.is_some()
}

/// Something that a node of a class may offer.
pub(super) fn offer(gpu_tier: u8, dice: &mut Dice) -> Offer {
    let mut models: Vec<Arc<str>> = Vec::new();
    if dice.percent(40) {
        models = MODELS.iter().filter(|_| dice.percent(60)).map(|(name, ..)| Arc::from(*name)).collect();
    }
    let concurrency = u16::try_from(dice.between(1, 3)).expect("it is small");
    Offer { endpoint: Some("https://node.example".into()), gpu_tier, models, concurrency }
}

/// Whether what is offered includes a model: who names none serves what its class can run.
pub(super) fn includes(offer: &Offer, model: &str) -> bool {
    if !offer.models.is_empty() {
        return offer.models.iter().any(|own| &**own == model);
    }
    MODELS.iter().any(|(name, tier, _)| *name == model && *tier <= offer.gpu_tier)
}

/// What the market may give to a node.
pub(super) fn profile(enrolment: &Enrolment) -> Profile {
    let offer = &enrolment.offer;
    let models = MODELS.iter().filter(|(name, ..)| includes(offer, name));
    Profile {
        weights: std::collections::BTreeMap::new(),
        class: WorkerClass::Desktop,
        skills: Skills::INFER,
        models: models.map(|(name, ..)| (Arc::from(*name), Features::NONE)).collect(),
        gpu_tier: offer.gpu_tier,
        deactivated: false,
        by_post: true,
        price_floor: Amount::zero(Asset::ETH),
        concurrency: offer.concurrency,
        accepts: false,
    }
}

/// What a job for a model asks, costs, and on which terms.
pub(super) fn terms(model: usize) -> (Ask, Amount, Policy) {
    let (name, tier, price) = MODELS[model];
    let ask = Ask {
        skill: Skill::Infer,
        model: Some(name.into()),
        speed: Speed::Cheap,
        private: false,
        needs: Features::NONE,
    };
    let (wait, again) = (Millis::hours(24), Millis::seconds(600));
    let run = Millis::seconds(300 * i64::from(tier));
    let policy = Policy {
        source: Source::Client,
        split: Split { burned: BURNED, ..Split::default() },
        fund_within: wait,
        match_within: wait,
        rematch_within: again,
        run_within: run,
        finish_within: Millis(wait.0 + 3 * (again.0 + run.0)),
        attempts: 3,
        lapse: Lapse::Refunded,
        evaluation: None,
        dispute_window: Millis(0),
        arbitration: Arbitration { within: Millis(0), default: Ruling::ForWorker },
        stream_within: None,
        metering: None,
        staked: None,
        tier: Some(Tier { least: tier, is_challenge: false }),
    };
    (ask, Amount::new(price, Asset::ETH), policy)
}

/// A job for a model, as a client orders it.
pub(super) fn order(client: ClientId, model: usize, payload: Arc<[u8]>) -> NewJob {
    let (ask, price, policy) = terms(model);
    NewJob {
        dialect: DIALECT,
        naming: Naming::Number,
        client,
        ask: Arc::new(ask),
        price,
        policy: Arc::new(policy),
        key: None,
        payload,
        echo: None,
        key_id: None,
        request: None,
        preferred: None,
        now_or_never: None,
    }
}

impl Market {
    /// A client pays for a job of a class; some ask before who would have it.
    pub(super) fn order_from_nodes(&mut self) {
        if self.nodes.ordered >= ORDERS {
            return;
        }
        self.nodes.ordered += 1;
        let model = self.dice.index(MODELS.len());
        let (ask, price, policy) = terms(model);
        let number = self.orders.len();
        let payload: Arc<[u8]> = format!("order {number}").into_bytes().into();
        let advised = self.dice.percent(40);
        let preferred =
            self.coordinator.engine.advise(&ask, &policy, price, &SCORING).ok().filter(|_| advised);
        let new = NewJob {
            key: Some((format!("key-{number}").into(), Sha256::of(&payload))),
            preferred: preferred.map(|advice| advice.worker),
            ..order(client(self.dice.below(CLIENTS)), model, payload)
        };
        self.orders.push(Order { new, answer: Answer::Nothing, asked: 0, next_try: self.clock.now() });
        self.ask(number);
    }

    /// Somebody asks who would have a job now.
    pub(super) fn ask_for_advice(&mut self) -> Found {
        let (ask, price, policy) = terms(self.dice.index(MODELS.len()));
        let engine = &self.coordinator.engine;
        let advised = engine.advise(&ask, &policy, price, &SCORING);
        let roll = self.nodes.roll.borrow();
        let worker = advised.as_ref().ok().map(|advice| advice.worker);
        self.trace.line(format_args!("advice for {:?}: {worker:?}", ask.model));
        roll.check_advice(engine, &ask, &policy, worker)
    }
}
