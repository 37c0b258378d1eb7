//! What clients order, on which terms, and how often they ask for it.

use super::dice::Dice;
use docket_core::event::Fault;
use docket_core::feature::{Feature, Features};
use docket_core::hash::Sha256;
use docket_core::id::{ClientId, Dialect, PublicId};
use docket_core::job::{Ask, Skill, Speed};
use docket_core::key::KeyId;
use docket_core::ledger::NetworkId;
use docket_core::money::{Amount, Asset, BasisPoints, Split};
use docket_core::policy::{Arbitration, Evaluation, Lapse, Metering, Policy, Ruling, Source, Verdict};
use docket_core::time::{Millis, Timestamp};
use docket_engine::{Naming, NewJob};
use std::sync::Arc;

/// How many clients there are.
pub(crate) const CLIENTS: u64 = 4;

/// One order, which a client may ask for again if he hears nothing.
pub(crate) struct Order {
    pub(crate) new: NewJob,
    pub(crate) answer: Answer,
    pub(crate) asked: u32,
    pub(crate) next_try: Timestamp,
}

/// What the client has heard.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Answer {
    /// Nothing yet.
    Nothing,
    /// The job has this name.
    Job(PublicId),
    /// No, for good.
    Refused,
}

pub(crate) fn client(number: u64) -> ClientId {
    ClientId(format!("client-{number}").into())
}

impl Order {
    /// A new order. Its number stands in its payload, so that the job can be told from all others.
    pub(crate) fn made(number: usize, dice: &mut Dice, now: Timestamp) -> Self {
        let minted = dice.percent(50);
        let source = if minted { Source::Minted(NetworkId("ledger:testnet".into())) } else { Source::Client };
        let asset = if minted { Asset::TEST_USDC } else { Asset::USDC };
        let units = if dice.percent(4) { 0 } else { dice.between(1, 1_000_000).unsigned_abs() };
        let skill = *dice.pick(&[Skill::Infer, Skill::Task]);
        let private = dice.percent(15);
        let payload: Arc<[u8]> = format!("order {number}").into_bytes().into();
        let key: Option<Arc<str>> = dice.percent(70).then(|| format!("key-{number}").into());
        let new = NewJob {
            dialect: *dice.pick(&Dialect::ALL),
            naming: Naming::Uuid,
            client: client(dice.below(CLIENTS)),
            ask: Arc::new(Ask {
                skill,
                model: (skill == Skill::Infer && dice.percent(30))
                    .then(|| Arc::from(*dice.pick(&["small", "large", "unheard of"]))),
                speed: *dice.pick(&[Speed::Fast, Speed::Cheap]),
                private,
                needs: if dice.percent(20) { Features::NONE.with(Feature::Tools) } else { Features::NONE },
            }),
            price: Amount::new(u128::from(units), asset),
            policy: Arc::new(terms(source, dice)),
            key: key.map(|key| (key, Sha256::of(&payload))),
            payload,
            echo: None,
            key_id: None,
            request: None,
            preferred: None,
            now_or_never: (private && dice.percent(60)).then_some(Fault::NoTrustedWorker),
        };
        Self { new, answer: Answer::Nothing, asked: 0, next_try: now }
    }

    /// An order under an API key, at a price by length.
    pub(crate) fn of_credits(
        number: usize,
        (client, key): (ClientId, KeyId),
        dice: &mut Dice,
        now: Timestamp,
    ) -> Self {
        let Self { new, .. } = Self::made(number, dice, now);
        let policy = terms_of_credits(dice);
        let most_tokens = dice.below(60);
        let hold = policy.metering.map_or(0, |metering| metering.whole(most_tokens));
        let ask = Ask { skill: Skill::Infer, private: false, needs: Features::NONE, ..(*new.ask).clone() };
        let model = ask.model.filter(|model| &**model != "unheard of");
        let new = NewJob {
            dialect: Dialect::Credits,
            naming: Naming::Short,
            client,
            ask: Arc::new(Ask { model, ..ask }),
            price: Amount::new(hold, Asset::USDC),
            policy: Arc::new(policy),
            key_id: Some(key),
            preferred: None,
            now_or_never: None,
            ..new
        };
        Self { new, answer: Answer::Nothing, asked: 0, next_try: now }
    }

    /// Another order under the same key, by mistake.
    pub(crate) fn mistaken(&self, number: usize, now: Timestamp) -> Option<Self> {
        let (key, _) = self.new.key.as_ref()?;
        let payload: Arc<[u8]> = format!("order {number}").into_bytes().into();
        let key = Some((key.clone(), Sha256::of(&payload)));
        let new = NewJob { payload, key, ..self.new.clone() };
        Some(Self { new, answer: Answer::Nothing, asked: 0, next_try: now })
    }

    /// The order's number, from the payload of a job.
    pub(crate) fn number(payload: &[u8]) -> Option<usize> {
        std::str::from_utf8(payload).ok()?.strip_prefix("order ")?.parse().ok()
    }
}

fn terms(source: Source, dice: &mut Dice) -> Policy {
    let seconds = |match_within, run_within, finish_within| {
        [match_within, run_within, finish_within].map(Millis::seconds)
    };
    let [match_within, run_within, finish_within] = match dice.below(4) {
        0 => seconds(30, 60, 120),
        1 => seconds(5, 10, 12),
        2 => seconds(3, 40, 45),
        _ => seconds(120, 120, 600),
    };
    let ruling = [Ruling::ForWorker, Ruling::ForClient, Ruling::Divided { client: BasisPoints(3_333) }];
    let evaluation = dice.percent(20).then(|| Evaluation {
        within: Millis::seconds(30),
        silence: *dice.pick(&[Verdict::Complete, Verdict::Reject]),
    });
    Policy {
        source,
        split: Split {
            evaluator: if evaluation.is_some() { BasisPoints(300) } else { BasisPoints(0) },
            platform: *dice.pick(&[BasisPoints(0), BasisPoints(500)]),
            burned: *dice.pick(&[BasisPoints(0), BasisPoints(0), BasisPoints(7)]),
        },
        fund_within: Millis::hours(1),
        match_within,
        rematch_within: *dice.pick(&[match_within, Millis::seconds(2)]),
        run_within,
        finish_within,
        attempts: u32::try_from(dice.between(1, 4)).expect("it is small"),
        lapse: *dice.pick(&[Lapse::Failed, Lapse::Refunded, Lapse::Expired]),
        evaluation,
        dispute_window: if dice.percent(40) { Millis::seconds(dice.between(1, 90)) } else { Millis(0) },
        arbitration: Arbitration { within: Millis::seconds(60), default: *dice.pick(&ruling) },
        stream_within: None,
        metering: None,
        staked: Some(BasisPoints(100)),
        tier: None,
    }
}

/// The terms of `credits`, with shorter times.
fn terms_of_credits(dice: &mut Dice) -> Policy {
    let within = Millis::seconds(*dice.pick(&[20, 120]));
    Policy {
        source: Source::Client,
        split: Split { evaluator: BasisPoints(0), platform: BasisPoints(2_500), burned: BasisPoints(0) },
        fund_within: within,
        match_within: within,
        rematch_within: Millis::seconds(10),
        run_within: within,
        finish_within: within,
        attempts: 3,
        lapse: Lapse::Refunded,
        evaluation: None,
        dispute_window: Millis::seconds(60),
        arbitration: Arbitration { within: Millis::seconds(120), default: Ruling::ForWorker },
        stream_within: dice.percent(85).then_some(Millis::seconds(60)),
        metering: Some(Metering { base: 80_003, covered: 10, per_block: 40_000, block: 7 }),
        staked: Some(BasisPoints(1_500)),
        tier: None,
    }
}
