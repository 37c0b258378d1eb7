//! How nodes are tested: the operator's settings, and questions that look like those of clients.

use super::terms::RegistryModel;
use docket_core::agent::identity::Wallet;
use docket_core::challenge::pool;
use docket_core::money::Asset;
use docket_core::policy::Source;
use docket_core::time::Millis;
use docket_engine::{ChallengeTerms, NewJob, Prober};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// How nodes are tested.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ChallengeSettings {
    /// The addresses of nodes whose answers are right. Without any, nobody is tested.
    pub trusted: Vec<String>,
    /// The models whose answers are compared byte for byte, because all of their engines declare determinism.
    pub exact: Vec<String>,
    /// What is asked, in place of the built-in questions.
    pub questions: Vec<String>,
    /// The mean time between two challenges of a node that has passed some, in minutes.
    pub mean_minutes: u32,
    /// The same of one that has passed none.
    pub unproven_minutes: u32,
    /// The same of one that comes back after it had failed.
    pub trial_minutes: u32,
    /// How many questions are put in an hour at most, those to trusted nodes among them: the treasury pays for each.
    pub questions_per_hour: u32,
}

impl Default for ChallengeSettings {
    fn default() -> Self {
        Self {
            trusted: Vec::new(),
            exact: Vec::new(),
            questions: Vec::new(),
            mean_minutes: 360,
            unproven_minutes: 60,
            trial_minutes: 10,
            questions_per_hour: 1_000,
        }
    }
}

/// Makes questions into jobs like those that clients pay for.
#[derive(Debug)]
struct Asker {
    models: BTreeMap<String, RegistryModel>,
    coin: Asset,
    source: Source,
}

impl Asker {
    fn find(&self, served: &str) -> Option<(&String, &RegistryModel)> {
        self.models.iter().find(|(name, model)| &*model.served(name) == served)
    }
}

impl Prober for Asker {
    fn knows(&self, served: &str) -> bool {
        self.find(served).is_some()
    }

    fn order(&self, client: &Wallet, served: &str, question: &str) -> Option<NewJob> {
        let (name, model) = self.find(served)?;
        Some(model.order(name, *client, question, self.coin, &self.source))
    }
}

impl ChallengeSettings {
    /// The terms of a market with these models.
    ///
    /// # Errors
    /// What is wrong with the settings.
    pub(super) fn terms(
        &self,
        models: &BTreeMap<String, RegistryModel>,
        coin: Asset,
        source: &Source,
    ) -> Result<ChallengeTerms, String> {
        let trusted = self.trusted.iter().map(|text| {
            Wallet::parse(text).ok_or_else(|| format!("trusted: {text} is not 0x and 40 hexadecimal digits"))
        });
        let exact = self.exact.iter().map(|name| {
            let model =
                models.get(name).ok_or_else(|| format!("exact: {name} is not in the table of models"))?;
            Ok::<_, String>(model.served(name))
        });
        let minutes = |minutes: u32| match minutes {
            0 => Err("minutes must be at least 1".to_owned()),
            minutes => Ok(Millis::seconds(i64::from(minutes) * 60)),
        };
        let questions: Vec<Arc<str>> = match self.questions.as_slice() {
            [] => pool::QUESTIONS.iter().map(|question| (*question).into()).collect(),
            questions => questions.iter().map(|question| question.as_str().into()).collect(),
        };
        Ok(ChallengeTerms {
            trusted: trusted.collect::<Result<_, _>>()?,
            exact: exact.collect::<Result<_, _>>()?,
            questions,
            prober: Some(Arc::new(Asker { models: models.clone(), coin, source: source.clone() })),
            mean_interval: minutes(self.mean_minutes)?,
            unproven_interval: minutes(self.unproven_minutes)?,
            trial_interval: minutes(self.trial_minutes)?,
            questions_per_hour: self.questions_per_hour,
            ..ChallengeTerms::NONE
        })
    }
}
