//! Vectors for texts, by `POST /embeddings`.

use super::wire::clip;
use super::{OpenAi, refused};
use crate::engine::embed::EmbedOutput;
use crate::engine::outcome::compact;
use crate::engine::{
    Embed, EngineError, FinishReason, MAX_DIMENSIONS, ModelOffer, ModelUsed, Outcome, Usage,
};
use docket_protocol::frames::Feature;
use reqwest::Response;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use tokio_util::sync::CancellationToken;

/// The longest answer that is read, in bytes.
const MAX_ANSWER_BYTES: usize = 64 << 20;

#[derive(Serialize)]
struct EmbeddingsRequest<'a> {
    model: &'a str,
    input: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    dimensions: Option<u32>,
    encoding_format: &'static str,
}

#[derive(Deserialize)]
struct EmbeddingsAnswer {
    data: Vec<Vector>,
    usage: Option<VectorUsage>,
}

#[derive(Deserialize)]
struct Vector {
    index: Option<usize>,
    embedding: Vec<f32>,
}

#[derive(Deserialize)]
struct VectorUsage {
    prompt_tokens: Option<u32>,
}

impl OpenAi {
    /// Asks for the vectors of some texts.
    pub(super) async fn embed(
        &self,
        embed: Embed,
        cancel: CancellationToken,
    ) -> Result<Outcome, EngineError> {
        let model = self.model_for(embed.model.as_deref())?;
        if !model.features.contains(&Feature::Embeddings) {
            return Err(EngineError::Unsupported(format!("{} makes no vectors of texts", model.name)));
        }
        let Embed { input, dimensions, .. } = &embed;
        let body = EmbeddingsRequest {
            model: &model.name,
            input,
            dimensions: *dimensions,
            encoding_format: "float",
        };
        let request = self.client.post(self.url("embeddings")).json(&body);
        let answer = async {
            let response = self.authorized(request).send().await.map_err(|error| self.failed(&error))?;
            if !response.status().is_success() {
                return Err(refused(response).await);
            }
            self.whole(response).await
        };
        let body = tokio::select! {
            biased;
            () = cancel.cancelled() => Err(EngineError::Cancelled),
            body = answer => body,
        }?;
        outcome(&body, &embed, model)
    }

    async fn whole(&self, mut response: Response) -> Result<Vec<u8>, EngineError> {
        let mut body = vec![];
        while let Some(chunk) = response.chunk().await.map_err(|error| self.failed(&error))? {
            body.extend_from_slice(&chunk);
            EngineError::at_most("bytes of vectors", MAX_ANSWER_BYTES, body.len())
                .map_err(|error| bad(&error.to_string()))?;
        }
        Ok(body)
    }
}

fn outcome(body: &[u8], embed: &Embed, model: &ModelOffer) -> Result<Outcome, EngineError> {
    let EmbeddingsAnswer { mut data, usage } =
        serde_json::from_slice(body).map_err(|error| bad(&error.to_string()))?;
    data.sort_by_key(|vector| vector.index);
    let embeddings: Vec<_> = data.into_iter().map(|vector| vector.embedding).collect();
    let length = embeddings.first().map_or(0, Vec::len);
    let agreed = embed.dimensions.is_none_or(|dimensions| dimensions as usize == length);
    let alike =
        embeddings.iter().all(|vector| vector.len() == length && vector.iter().all(|x| x.is_finite()));
    if embeddings.len() != embed.input.len()
        || !(1..=MAX_DIMENSIONS as usize).contains(&length)
        || !agreed
        || !alike
    {
        return Err(bad("the server has not one vector of the right length for each text"));
    }
    let counted = usage.and_then(|usage| usage.prompt_tokens);
    let guessed = || embed.input.iter().map(|text| super::estimate(text)).sum();
    Ok(Outcome {
        output: compact(&EmbedOutput { model: &model.name, embeddings: &embeddings })?,
        text_hash: None,
        usage: Usage {
            prompt_tokens: counted.unwrap_or_else(guessed),
            completion_tokens: 0,
            estimated: counted.is_none(),
        },
        finish_reason: FinishReason::Stop,
        model: ModelUsed { name: Cow::Owned(model.name.clone()), weights_sha256: None },
        sampler: None,
    })
}

fn bad(reason: &str) -> EngineError {
    EngineError::BadOutput(clip(reason))
}
