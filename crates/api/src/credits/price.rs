//! What is for sale and on which terms: tiers, models, and what a job may cost.

use docket_core::job::Job;
use docket_core::money::{Amount, Asset, BasisPoints, Split};
use docket_core::policy::{Arbitration, Lapse, Metering, Policy, Ruling, Source};
use docket_core::routing::{Measure, Scoring, StakeTier, Ties};
use docket_core::time::Millis;
use docket_engine::StakeTerms;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Minor units of a credit, which is a cent of a dollar with six decimals.
pub(crate) const CREDIT: u128 = 10_000;
/// Tokens in a block beyond what a request covers.
const BLOCK: u64 = 1_000;
/// What a stake is worth when workers are compared.
const STAKED: StakeTier = StakeTier { multiplier_percent: 100, bonus_points: 10 };
/// What is promised: a first token, or the whole answer where it is not streamed, within this.
const ANSWER_WITHIN: Millis = Millis::seconds(120);
/// How long another worker is looked for after one has failed: who waits for the answer hears of it soon if there is none.
const ANOTHER_WITHIN: Millis = Millis::seconds(10);
/// How much longer an answer may be streamed.
const STREAM_WITHIN: Millis = Millis::seconds(600);
/// How long the client may dispute.
const DISPUTE_WINDOW: Millis = Millis::seconds(60);

/// How many jobs at a time a worker has while it is new.
const NEWCOMER_JOBS: u16 = 8;

/// What the operator charges. Read from a configuration, what it names is added to the defaults.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(from = "Given")]
pub struct PriceList {
    /// How many tokens of an answer the price of a request covers; an answer whose length nobody bounds ends there.
    pub covered_tokens: u32,
    /// The tier of a model that is served and not listed.
    pub other_tier: String,
    /// The tiers, by name.
    pub tiers: BTreeMap<String, Tier>,
    /// The models that are known, by name.
    pub models: BTreeMap<String, ListedModel>,
    /// The worker's share of what is charged, in basis points.
    pub share_bps: u16,
    /// Its share where it has a stake.
    pub staked_share_bps: u16,
    /// From so many credits on, a stake counts.
    pub stake_threshold: u64,
    /// What a request for vectors costs, in credits, however many texts it has.
    pub per_embedding_request: u32,
}

/// What a configuration says.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Given {
    covered_tokens: Option<u32>,
    other_tier: Option<String>,
    #[serde(default)]
    tiers: BTreeMap<String, Tier>,
    #[serde(default)]
    models: BTreeMap<String, ListedModel>,
    share_bps: Option<u16>,
    staked_share_bps: Option<u16>,
    stake_threshold: Option<u64>,
    per_embedding_request: Option<u32>,
}

impl From<Given> for PriceList {
    fn from(given: Given) -> Self {
        let mut list = Self::default();
        list.covered_tokens = given.covered_tokens.unwrap_or(list.covered_tokens);
        list.other_tier = given.other_tier.unwrap_or(list.other_tier);
        list.per_embedding_request = given.per_embedding_request.unwrap_or(list.per_embedding_request);
        list.tiers.extend(given.tiers);
        list.models.extend(given.models);
        list.share_bps = given.share_bps.unwrap_or(list.share_bps);
        list.staked_share_bps = given.staked_share_bps.unwrap_or(list.staked_share_bps);
        list.stake_threshold = given.stake_threshold.unwrap_or(list.stake_threshold);
        list
    }
}

/// What a tier costs, in credits.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tier {
    /// For a request, with as many tokens as it covers.
    pub per_request: u32,
    /// For each begun thousand of tokens beyond.
    pub per_1k_tokens: u32,
}

/// What is known of a model.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListedModel {
    /// The name of its tier.
    pub tier: String,
    /// How many parameters it has, such as `8B`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parameters: Option<String>,
    /// How many tokens it can hold.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub context_window: Option<u32>,
}

impl Default for PriceList {
    /// Documented are the tiers `standard` and `max` and the first two models; the others are ours.
    fn default() -> Self {
        let tier =
            |name: &str, per_request, per_1k_tokens| (name.to_owned(), Tier { per_request, per_1k_tokens });
        let model = |name: &str, tier: &str, parameters: &str, context_window| {
            let (tier, parameters) = (tier.to_owned(), Some(parameters.to_owned()));
            (name.to_owned(), ListedModel { tier, parameters, context_window: Some(context_window) })
        };
        Self {
            covered_tokens: 500,
            tiers: [tier("lite", 2, 1), tier("standard", 8, 4), tier("pro", 20, 10), tier("max", 40, 20)]
                .into(),
            models: [
                model("qwen3-8b", "standard", "8B", 32_768),
                model("llama-3.3-70b", "max", "70B", 128_000),
                model("tiny-qwen3", "lite", "0.4M", 256),
            ]
            .into(),
            other_tier: "standard".to_owned(),
            share_bps: 7_500,
            staked_share_bps: 8_500,
            stake_threshold: 1_000,
            per_embedding_request: 1,
        }
    }
}

/// A model with its price.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Priced<'a> {
    pub(crate) tier_name: &'a str,
    pub(crate) tier: Tier,
    pub(crate) listed: Option<&'a ListedModel>,
    pub(crate) covered_tokens: u32,
    platform: BasisPoints,
    staked_platform: BasisPoints,
}

impl PriceList {
    /// What a model costs; `None` only if its tier has no price.
    pub(crate) fn model(&self, name: &str) -> Option<Priced<'_>> {
        let listed = self.models.get(name);
        let tier_name = listed.map_or(&self.other_tier, |listed| &listed.tier);
        let tier = *self.tiers.get(tier_name)?;
        let [platform, staked_platform] = self.platform();
        let covered_tokens = self.covered_tokens;
        Some(Priced { tier_name, tier, listed, covered_tokens, platform, staked_platform })
    }

    /// From when on a stake counts, and what it is worth when workers are compared.
    pub fn stake(&self) -> StakeTerms {
        StakeTerms { least: u128::from(self.stake_threshold) * CREDIT, tier: STAKED }
    }

    /// What is not the worker's: without and with a stake.
    fn platform(&self) -> [BasisPoints; 2] {
        [self.share_bps, self.staked_share_bps].map(|share| BasisPoints(10_000_u16.saturating_sub(share)))
    }

    /// What a request for vectors costs, and its terms.
    pub(crate) fn embedding(&self, asset: Asset) -> (Amount, Arc<Policy>) {
        let price = Amount::new(u128::from(self.per_embedding_request) * CREDIT, asset);
        (price, terms(None, None, self.platform()))
    }

    /// The first tier that something refers to and that has no price.
    pub fn missing_tier(&self) -> Option<&str> {
        let named = self.models.values().map(|model| &model.tier).chain([&self.other_tier]);
        named.map(String::as_str).find(|name| !self.tiers.contains_key(*name))
    }
}

impl Priced<'_> {
    /// What an answer costs by its length.
    pub(crate) fn metering(&self) -> Metering {
        Metering {
            base: u128::from(self.tier.per_request) * CREDIT,
            covered: self.covered_tokens.into(),
            per_block: u128::from(self.tier.per_1k_tokens) * CREDIT,
            block: BLOCK,
        }
    }

    /// The worst case, which is held.
    pub(crate) fn hold(&self, max_tokens: u32, asset: Asset) -> Amount {
        Amount::new(self.metering().whole(max_tokens.into()), asset)
    }

    /// The terms of a job.
    pub(crate) fn terms(&self, streamed: bool) -> Arc<Policy> {
        let share = [self.platform, self.staked_platform];
        terms(streamed.then_some(STREAM_WITHIN), Some(self.metering()), share)
    }
}

/// What all jobs here have in common; of the shares, the second is the platform's where the worker has a stake.
fn terms(
    stream_within: Option<Millis>,
    metering: Option<Metering>,
    [platform, staked_platform]: [BasisPoints; 2],
) -> Arc<Policy> {
    Arc::new(Policy {
        source: Source::Client,
        split: Split { platform, ..Split::default() },
        fund_within: ANSWER_WITHIN,
        match_within: ANSWER_WITHIN,
        rematch_within: ANOTHER_WITHIN,
        run_within: ANSWER_WITHIN,
        finish_within: ANSWER_WITHIN,
        attempts: 3,
        lapse: Lapse::Refunded,
        evaluation: None,
        dispute_window: DISPUTE_WINDOW,
        arbitration: Arbitration { within: Millis::hours(24), default: Ruling::ForWorker },
        stream_within,
        metering,
        staked: Some(staked_platform),
        tier: None,
    })
}

/// The published score: up to 60 for reputation, 10 for a usual pace and 20 for a quick one, up to 10 for a fresh
/// heartbeat, and 10 for a stake.
const SCORING: Scoring = Scoring {
    preferred: None,
    preferred_points: 0,
    freshness_points: 10,
    heartbeat: docket_engine::HEARTBEAT,
    lost_after: docket_engine::LOST_AFTER,
    measure: Measure::Merit,
    reputation_points: 60,
    stake_counts: true,
    pace_points: 10,
    newcomer_jobs: NEWCOMER_JOBS,
    load_micropoints: 0,
    ties: Ties::Lot,
};

/// How the workers for a job are compared.
pub(crate) fn scoring(_: &Job) -> Scoring {
    SCORING
}

/// Minor units as credits, exactly: a whole number, or one with at most four decimals.
pub(crate) fn credits(units: u128) -> Box<RawValue> {
    decimal(units, 4)
}

/// Minor units as dollars, exactly.
pub(crate) fn dollars(units: u128) -> Box<RawValue> {
    decimal(units, 6)
}

/// A JSON number with its exact digits: no binary fraction is ever made of money.
fn decimal(units: u128, decimals: u32) -> Box<RawValue> {
    let scale = 10_u128.pow(decimals);
    let (whole, rest) = (units / scale, units % scale);
    let digits = format!("{rest:0width$}", width = decimals as usize);
    let digits = digits.trim_end_matches('0');
    let text = if digits.is_empty() { whole.to_string() } else { format!("{whole}.{digits}") };
    RawValue::from_string(text).expect("digits and a point are a JSON number")
}

#[cfg(test)]
mod tests {
    use super::*;
    use docket_core::id::WorkerId;
    use docket_core::routing::{Candidate, Lot, Models, Pace, Skills, WorkerClass};
    use docket_core::time::Timestamp;

    #[test]
    fn the_worst_case_is_held() {
        let list = PriceList::default();
        let hold = |model, tokens| list.model(model).unwrap().hold(tokens, Asset::TEST_USDC).units / CREDIT;
        assert_eq!([500, 501, 1_500, 1_501].map(|tokens| hold("qwen3-8b", tokens)), [8, 12, 12, 16]);
        assert_eq!(hold("llama-3.3-70b", 500), 40);
        assert_eq!(hold("somebody's own", 500), 8);
        assert_eq!(list.missing_tier(), None);
    }

    #[test]
    fn the_documented_shares_hold_unless_the_operator_says_otherwise() {
        let shares = |list: &PriceList| {
            let terms = list.model("qwen3-8b").unwrap().terms(false);
            [false, true].map(|staked| terms.split_of(staked).platform.0)
        };
        let list = PriceList::default();
        assert_eq!((shares(&list), list.stake().least), ([2_500, 1_500], 1_000 * CREDIT));
        let given = r#"{"share_bps": 8000, "staked_share_bps": 9000, "stake_threshold": 5}"#;
        let list: PriceList = serde_json::from_str(given).unwrap();
        assert_eq!((shares(&list), list.stake().least), ([2_000, 1_000], 5 * CREDIT));
    }

    #[test]
    fn the_score_is_the_published_one() {
        let now = Timestamp(1_800_000_000_000);
        let new = Candidate {
            id: WorkerId([1; 32]),
            class: WorkerClass::Desktop,
            skills: Skills::INFER,
            models: Models::default(),
            gpu_tier: 0,
            region: None,
            price_floor: Amount::zero(Asset::TEST_USDC),
            concurrency: 1,
            running: 0,
            last_seen: now,
            reputation: BasisPoints(0),
            merit: BasisPoints(5_000),
            tested: BasisPoints(5_000),
            pace: Pace::Usual,
            stake: StakeTier::NONE,
            deactivated: false,
            draining: false,
            proven: true,
            probation: None,
            cooling_until: None,
            lot: Lot::draw(0, &WorkerId([1; 32]), 0),
        };
        let points = |worker: &Candidate, at: Timestamp| SCORING.score(worker, at).to_string();
        assert_eq!(points(&new, now), "50");
        assert_eq!(points(&new, now + Millis::seconds(25)), "48");
        let best = Candidate { merit: BasisPoints(10_000), pace: Pace::Quick, stake: STAKED, ..new.clone() };
        assert_eq!(points(&best, now), "100");
        let slow = Candidate { merit: BasisPoints(4_990), pace: Pace::Slow, ..new };
        assert_eq!(points(&slow, now), "39.94");
    }

    #[test]
    fn money_is_written_with_its_exact_digits() {
        assert_eq!(credits(80_000).get(), "8");
        assert_eq!(dollars(80_000).get(), "0.08");
        assert_eq!(credits(160).get(), "0.016");
        assert_eq!(dollars(1_000_000).get(), "1");
    }
}
