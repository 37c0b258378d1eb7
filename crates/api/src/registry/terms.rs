//! What is for sale and on which terms: the table of models, the deadlines, and who is preferred.

use super::challenges::ChallengeSettings;
use docket_core::agent::identity::Wallet;
use docket_core::feature::{Feature, Features};
use docket_core::hash::Sha256;
use docket_core::id::Dialect;
use docket_core::job::{Ask, Job, Skill, Speed};
use docket_core::money::{Amount, Asset, BasisPoints, Split};
use docket_core::policy::{Arbitration, Lapse, Policy, Ruling, Source, Tier};
use docket_core::routing::{Measure, Scoring, Ties};
use docket_core::time::Millis;
use docket_engine::{ChallengeTerms, Naming, NewJob};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What nobody has of a price.
const BURNED: BasisPoints = BasisPoints(500);
/// How long a job that is paid waits for a node.
const MATCH: Millis = Millis::hours(24);
/// How long another is looked for after one has failed.
const REMATCH: Millis = Millis::seconds(600);
/// How long a node of the lowest class may take; one of the second class twice as long, and so on.
const RUN: Millis = Millis::seconds(300);
/// How many nodes may try.
const ATTEMPTS: u32 = 3;
/// The highest class of hardware.
pub(super) const HIGHEST_TIER: u8 = 3;
/// How a model's name ends whose weights were made smaller.
const COMPRESSED: &str = "-compressed";

/// The settings of this dialect. Read from a configuration, the models that it names are added to the defaults.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(from = "Given")]
pub struct RegistryTerms {
    /// The models that can be asked for, by name.
    pub models: BTreeMap<String, RegistryModel>,
    /// How nodes are tested.
    pub challenges: ChallengeSettings,
}

/// A model that can be asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegistryModel {
    /// The least class of hardware that runs it, 1 to 3.
    pub tier: u8,
    /// What a job costs, in wei.
    pub price_wei: String,
    /// How many tokens it can look at.
    pub context: u32,
    /// How many tokens an answer has at most.
    #[serde(default = "longest_answer")]
    pub max_tokens: u32,
    /// As what workers serve it; without a name, as the model without `-compressed`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serves: Option<String>,
}

const fn longest_answer() -> u32 {
    1_024
}

/// What a configuration says.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Given {
    #[serde(default)]
    models: BTreeMap<String, RegistryModel>,
    #[serde(default)]
    challenges: ChallengeSettings,
}

impl From<Given> for RegistryTerms {
    fn from(given: Given) -> Self {
        let mut terms = Self::default();
        terms.models.extend(given.models);
        Self { challenges: given.challenges, ..terms }
    }
}

impl Default for RegistryTerms {
    /// Models of the documented classes at prices within the documented ranges, and the embedded one.
    fn default() -> Self {
        let models = [
            ("tiny-qwen3-compressed", 1, "800000000000000", 256),
            ("mistral-7b-compressed", 1, "800000000000000", 32_768),
            ("qwen2.5-7b-compressed", 1, "1000000000000000", 32_768),
            ("llama-3.1-8b-compressed", 1, "1200000000000000", 131_072),
            ("qwen2.5-14b-compressed", 2, "1800000000000000", 32_768),
            ("qwen2.5-32b-compressed", 2, "3000000000000000", 32_768),
            ("llama-3.1-70b-compressed", 3, "5000000000000000", 131_072),
        ];
        let models = models.map(|(name, tier, price_wei, context)| {
            let price_wei = price_wei.to_owned();
            let max_tokens = longest_answer().min(context / 2);
            (name.to_owned(), RegistryModel { tier, price_wei, context, max_tokens, serves: None })
        });
        Self { models: models.into(), challenges: ChallengeSettings::default() }
    }
}

impl RegistryTerms {
    /// The first model that cannot be, and why.
    pub fn fault(&self) -> Option<(&str, &'static str)> {
        self.models.iter().find_map(|(name, model)| Some((name.as_str(), model.fault()?)))
    }

    /// How nodes are tested in a market that counts in this coin and takes money from there.
    ///
    /// # Errors
    /// What is wrong with the settings.
    pub fn challenge_terms(&self, coin: Asset, source: &Source) -> Result<ChallengeTerms, String> {
        self.challenges.terms(&self.models, coin, source)
    }

    /// As what workers serve a model. One that has left the table is asked for no more, whatever it is called.
    pub(super) fn served_as(&self, name: &str) -> Arc<str> {
        self.models.get(name).map_or_else(|| name.into(), |model| model.served(name))
    }

    /// As what workers serve the models that a class of hardware runs.
    pub(super) fn served_by(&self, tier: u8) -> Vec<Arc<str>> {
        let models = self.models.iter().filter(|(_, model)| model.tier <= tier);
        models.map(|(name, model)| model.served(name)).collect()
    }
}

impl RegistryModel {
    fn fault(&self) -> Option<&'static str> {
        if !(1..=HIGHEST_TIER).contains(&self.tier) {
            return Some("tier must be 1, 2 or 3");
        }
        if self.wei().is_none_or(|wei| wei == 0) {
            return Some("price_wei must be a text of digits, above zero");
        }
        (self.max_tokens == 0 || self.context == 0).then_some("context and max_tokens must be at least 1")
    }

    fn wei(&self) -> Option<u128> {
        let digits = !self.price_wei.is_empty() && self.price_wei.bytes().all(|byte| byte.is_ascii_digit());
        // More could not be booked.
        self.price_wei.parse().ok().filter(|wei| digits && *wei <= u128::from(u64::MAX) << 32)
    }

    /// What a job costs.
    pub(super) fn price(&self, coin: Asset) -> Amount {
        Amount::new(self.wei().unwrap_or_default(), coin)
    }

    /// As what workers serve it.
    pub(super) fn served(&self, name: &str) -> Arc<str> {
        match &self.serves {
            Some(serves) => serves.as_str().into(),
            None => name.strip_suffix(COMPRESSED).unwrap_or(name).into(),
        }
    }

    /// What is asked of a node.
    pub(super) fn ask(&self, name: &str) -> Ask {
        Ask {
            skill: Skill::Infer,
            model: Some(self.served(name)),
            speed: Speed::Cheap,
            private: false,
            needs: Features::NONE.with(Feature::Chat),
        }
    }

    /// What a node gets to see. Answers are made without chance, so that they can be compared.
    pub(super) fn payload(&self, name: &str, input: &str) -> Vec<u8> {
        let payload = json!({
            "job_type": "LLM_INFER",
            "model": &*self.served(name),
            "prompt": input,
            "max_tokens": self.max_tokens,
            "temperature": 0.0,
            "top_p": 1.0,
        });
        payload.to_string().into_bytes()
    }

    /// The job by which a wallet asks a model something.
    pub(super) fn order(
        &self,
        name: &str,
        client: Wallet,
        input: &str,
        coin: Asset,
        source: &Source,
    ) -> NewJob {
        let digest = Sha256::of(input.as_bytes());
        NewJob {
            dialect: Dialect::Registry,
            naming: Naming::Number,
            client: client.client(Dialect::Registry),
            ask: Arc::new(self.ask(name)),
            price: self.price(coin),
            policy: Arc::new(self.policy(source)),
            payload: self.payload(name, input).into(),
            // What everybody may see beside the job itself.
            echo: Some(format!("{name}\n{digest}").into()),
            key: None,
            key_id: None,
            request: None,
            preferred: None,
            now_or_never: None,
        }
    }

    /// The terms of a job.
    pub(super) fn policy(&self, source: &Source) -> Policy {
        let run = Millis(RUN.0 * i64::from(self.tier));
        Policy {
            source: source.clone(),
            split: Split { burned: BURNED, ..Split::default() },
            fund_within: MATCH,
            match_within: MATCH,
            rematch_within: REMATCH,
            run_within: run,
            finish_within: Millis(MATCH.0 + (REMATCH.0 + run.0) * i64::from(ATTEMPTS)),
            attempts: ATTEMPTS,
            lapse: Lapse::Refunded,
            evaluation: None,
            dispute_window: Millis(0),
            arbitration: Arbitration { within: Millis(0), default: Ruling::ForWorker },
            stream_within: None,
            metering: None,
            staked: None,
            tier: Some(Tier { least: self.tier, is_challenge: false }),
        }
    }
}

/// The order of nodes: the highest reputation, then the fewest open jobs, then the oldest heartbeat.
pub(super) const SCORING: Scoring = Scoring {
    preferred: None,
    preferred_points: 0,
    freshness_points: 0,
    heartbeat: docket_engine::POSTED_HEARTBEAT,
    lost_after: docket_engine::POSTED_LOST_AFTER,
    measure: Measure::Tested,
    reputation_points: 100,
    stake_counts: false,
    pace_points: 0,
    newcomer_jobs: u16::MAX,
    load_micropoints: 1,
    ties: Ties::LongestUnheard,
};

/// The same for every job.
pub(crate) const fn scoring(_: &Job) -> Scoring {
    SCORING
}

/// An amount in whole coins, exactly: `0.0012` for 1200000000000000 wei.
pub(super) fn coins(amount: Amount) -> String {
    let width = usize::from(amount.asset.decimals());
    let scale = 10_u128.pow(u32::from(amount.asset.decimals()));
    let (whole, rest) = (amount.units / scale, amount.units % scale);
    let digits = format!("{rest:0width$}");
    let digits = digits.trim_end_matches('0');
    if digits.is_empty() { whole.to_string() } else { format!("{whole}.{digits}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wei_are_written_as_ether_without_rounding() {
        let eth = |units| coins(Amount::new(units, Asset::ETH));
        assert_eq!(eth(1_200_000_000_000_000), "0.0012");
        assert_eq!(eth(5_000_000_000_000_000), "0.005");
        assert_eq!(eth(1_000_000_000_000_000_000), "1");
        assert_eq!(eth(1), "0.000000000000000001");
        assert_eq!(eth(0), "0");
        assert_eq!(eth(123_000_000_000_000_000_000_000_000_001), "123000000000.000000000000000001");
    }

    #[test]
    fn the_models_of_the_default_can_be_asked_for_at_documented_prices() {
        let terms = RegistryTerms::default();
        assert_eq!(terms.fault(), None);
        for model in terms.models.values() {
            let tenths = model.wei().unwrap() / 100_000_000_000_000;
            let range = [8..=15, 18..=30, 50..=50][usize::from(model.tier) - 1].clone();
            assert!(range.contains(&tenths), "{model:?}");
        }
        let llama = &terms.models["llama-3.1-8b-compressed"];
        assert_eq!(&*llama.served("llama-3.1-8b-compressed"), "llama-3.1-8b");
    }

    #[test]
    fn what_cannot_be_is_named() {
        let fault = |change: fn(&mut RegistryModel)| {
            let mut model = RegistryTerms::default().models["mistral-7b-compressed"].clone();
            change(&mut model);
            model.fault()
        };
        assert_eq!(fault(|_| {}), None);
        assert!(fault(|model| model.tier = 4).is_some());
        assert!(fault(|model| model.price_wei = "0".to_owned()).is_some());
        assert!(fault(|model| model.price_wei = "+5".to_owned()).is_some());
        assert!(fault(|model| model.price_wei = "1e18".to_owned()).is_some());
        assert!(fault(|model| model.max_tokens = 0).is_some());
    }

    #[test]
    fn nineteen_of_twenty_parts_are_the_nodes_and_one_is_nobodys() {
        let model = &RegistryTerms::default().models["llama-3.1-8b-compressed"];
        let parts = model.policy(&Source::Client).split.divide(model.price(Asset::ETH));
        assert_eq!(parts.worker.units, 1_140_000_000_000_000);
        assert_eq!((parts.burned.units, parts.platform.units), (60_000_000_000_000, 0));
    }
}
