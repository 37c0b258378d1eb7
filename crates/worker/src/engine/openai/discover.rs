//! Finds out at the start which models a server has.

use std::collections::BTreeSet;
use std::time::Duration;

use docket_protocol::frames::Feature;

use super::OpenAi;
use super::wire::{ListedModel, ModelList, error_message};
use crate::engine::{ModelOffer, StartError};

const PATIENCE: Duration = Duration::from_secs(15);
const MAX_LIST_BYTES: usize = 4 << 20;
/// A worker that fronts a catalogue of thousands names the ones it means.
const MAX_MODELS: usize = 256;
const MAX_NAME_BYTES: usize = 256;

impl OpenAi {
    /// The models to offer: the named one if the server has it, else all that it lists.
    pub(super) async fn discover(
        &self,
        named: Option<&str>,
        features: &BTreeSet<Feature>,
    ) -> Result<Vec<ModelOffer>, StartError> {
        let listed = self.list().await?;
        let offers = |models: Vec<&ListedModel>| -> Vec<ModelOffer> {
            let offer = |model: &ListedModel| ModelOffer {
                name: model.id.clone(),
                weights_sha256: None,
                context_tokens: model.context_tokens(),
                parameters: None,
                features: features.clone(),
                tiny: false,
            };
            models.into_iter().map(offer).collect()
        };
        let usable: Vec<&ListedModel> =
            listed.iter().filter(|model| (1..=MAX_NAME_BYTES).contains(&model.id.len())).collect();
        match named {
            None if usable.is_empty() => Err(StartError::NoModel(format!("{} has no model", self.base_url))),
            None if usable.len() > MAX_MODELS => Err(StartError::NoModel(format!(
                "{} lists {} models; name the one to offer with #MODEL",
                self.base_url,
                usable.len()
            ))),
            None => Ok(offers(usable)),
            Some(name) => {
                let named = usable.iter().find(|model| answers_to(&model.id, name));
                named.map(|model| offers(vec![model])).ok_or_else(|| {
                    let ids: Vec<&str> = usable.iter().map(|model| model.id.as_str()).take(10).collect();
                    let has = if ids.is_empty() { "no model".to_owned() } else { ids.join(", ") };
                    StartError::NoModel(format!("{} does not have `{name}`; it has {has}", self.base_url))
                })
            }
        }
    }

    async fn list(&self) -> Result<Vec<ListedModel>, StartError> {
        let url = self.url("models");
        let unreachable = |reason: String| StartError::Unreachable { url: url.clone(), reason };
        let request = self.authorized(self.client.get(&url)).timeout(PATIENCE);
        let mut response =
            request.send().await.map_err(|error| unreachable(self.failed(&error).to_string()))?;
        let mut body = vec![];
        while let Some(chunk) = response.chunk().await.map_err(|error| unreachable(error.to_string()))? {
            body.extend_from_slice(&chunk);
            if body.len() > MAX_LIST_BYTES {
                return Err(unreachable("its list of models is too long".into()));
            }
        }
        if !response.status().is_success() {
            return Err(unreachable(format!("{}: {}", response.status(), error_message(&body))));
        }
        let list: ModelList =
            serde_json::from_slice(&body).map_err(|error| unreachable(error.to_string()))?;
        Ok(list.data)
    }
}

/// Ollama lists `name:latest` for what everybody calls `name`.
fn answers_to(id: &str, name: &str) -> bool {
    id == name || id.strip_suffix(":latest") == Some(name)
}
