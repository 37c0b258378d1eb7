//! A GGUF model in this process as an engine: [`docket_gguf`] under the worker's terms.

use std::borrow::Cow;
use std::path::PathBuf;

use docket_gguf::{Finish, Generation, GgufError, Model, Piece, Source};
use docket_protocol::answer::Extras;
use docket_protocol::frames::Feature;
use futures::future::BoxFuture;
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;
use tokio_util::sync::CancellationToken;

use super::outcome::{ChatOutput, InferOutput};
use super::{
    Chat, Delta, Engine, EngineError, FinishReason, Infer, Message, ModelOffer, ModelUsed, Offer, Outcome,
    Request, Role, Sampler, StartError, Usage,
};

/// Pieces of text on their way from the model's thread.
const IN_FLIGHT: usize = 16;
/// A longer label of a model's size is none.
const MAX_LABEL_BYTES: usize = 32;

/// One model, one request at a time.
///
/// Without a temperature it takes the best token each time, so that the same request gives the same answer; with
/// one and no seed, it draws a seed and names it in the outcome.
pub struct Gguf {
    model: Model,
    offer: ModelOffer,
}

impl Gguf {
    /// The embedded test model, offered as `tiny-qwen3`.
    pub async fn tiny() -> Result<Self, StartError> {
        let model = load("tiny".into(), || Model::load(docket_gguf::tiny())).await?;
        let name = model.about().name.clone();
        Ok(Self::new(model, name, true))
    }

    /// A model file, offered under a name; without one, under the file's name without its extension.
    pub async fn load_file(path: PathBuf, name: Option<String>) -> Result<Self, StartError> {
        let shown = path.display().to_string();
        let name = name.or_else(|| Some(path.file_stem()?.to_string_lossy().into_owned()));
        let model = load(shown, move || Model::load(Source::Path(&path))).await?;
        let name = name.unwrap_or_else(|| model.about().name.clone());
        Ok(Self::new(model, name, false))
    }

    fn new(model: Model, name: String, tiny: bool) -> Self {
        let about = model.about();
        let offer = ModelOffer {
            name,
            weights_sha256: Some(about.weights_sha256),
            context_tokens: u32::try_from(about.context_tokens).ok(),
            parameters: about.size_label.clone().filter(|label| label.len() <= MAX_LABEL_BYTES),
            features: [Feature::Chat, Feature::Seed, Feature::Penalties].into(),
            tiny,
        };
        Self { model, offer }
    }

    async fn infer(
        &self,
        infer: Infer,
        sink: mpsc::Sender<Delta>,
        cancel: CancellationToken,
    ) -> Result<Outcome, EngineError> {
        if infer.model.as_ref().is_some_and(|name| *name != self.offer.name) {
            return Err(EngineError::Unsupported(format!("the model here is {}", self.offer.name)));
        }
        infer.fits(&self.offer)?;
        let sampler = sampler(&infer)?;
        let generation = Generation {
            messages: infer.messages.into_iter().map(message).collect::<Result<_, _>>()?,
            max_tokens: infer.max_tokens as usize,
            sampler,
            stop: infer.stop,
        };
        let (deltas, mut pieces) = mpsc::channel(IN_FLIGHT);
        let pass_on = async {
            while let Some(Piece { text, tokens }) = pieces.recv().await {
                sink.send(Delta::text(text, count(tokens))).await.ok(); // a closed sink only means that nobody watches
            }
        };
        let generate = self.model.generate(generation, deltas, cancel.clone());
        let generated = tokio::select! {
            biased;
            () = cancel.cancelled() => return Err(EngineError::Cancelled),
            (generated, ()) = async { tokio::join!(generate, pass_on) } => generated.map_err(refused)?,
        };
        let finish_reason = match generated.finish {
            Finish::Stop => FinishReason::Stop,
            Finish::Length => FinishReason::Length,
        };
        let extras = Extras::default();
        let chat = infer.chat.map(|_| ChatOutput { finish_reason: finish_reason.as_str(), extras: &extras });
        let output = InferOutput { text: &generated.text, model: &self.offer.name, chat };
        let (output, text_hash) = output.write()?;
        Ok(Outcome {
            output,
            text_hash,
            usage: Usage {
                prompt_tokens: count(generated.prompt_tokens),
                completion_tokens: count(generated.completion_tokens),
                estimated: false,
            },
            finish_reason,
            model: ModelUsed {
                name: Cow::Owned(self.offer.name.clone()),
                weights_sha256: self.offer.weights_sha256,
            },
            sampler: Some(Sampler {
                temperature: Some(sampler.temperature),
                top_p: Some(sampler.top_p),
                seed: (sampler.temperature > 0.0).then_some(sampler.seed),
                max_tokens: infer.max_tokens,
            }),
        })
    }
}

impl Engine for Gguf {
    fn offer(&self) -> Offer {
        Offer { models: vec![self.offer.clone()], tasks: vec![], concurrency: 1 }
    }

    fn run(
        &self,
        request: Request,
        sink: mpsc::Sender<Delta>,
        cancel: CancellationToken,
    ) -> BoxFuture<'_, Result<Outcome, EngineError>> {
        match request {
            Request::Infer(infer) => Box::pin(self.infer(infer, sink, cancel)),
            Request::Embed(_) => {
                let no = format!("{} makes no vectors of texts", self.offer.name);
                Box::pin(std::future::ready(Err(EngineError::Unsupported(no))))
            }
            Request::Task(_) => {
                let no = EngineError::Unsupported("a language model does not run the built-in tasks".into());
                Box::pin(std::future::ready(Err(no)))
            }
        }
    }
}

async fn load(
    path: String,
    load: impl FnOnce() -> Result<Model, GgufError> + Send + 'static,
) -> Result<Model, StartError> {
    let loaded = spawn_blocking(load).await.map_err(|error| error.to_string());
    let loaded = loaded.and_then(|loaded| loaded.map_err(|error| error.to_string()));
    loaded.map_err(|reason| StartError::Model { path, reason })
}

fn sampler(infer: &Infer) -> Result<docket_gguf::Sampler, EngineError> {
    let temperature = infer.temperature.unwrap_or(0.0);
    let seed = match infer.seed {
        Some(seed) => seed,
        None if temperature == 0.0 => 0,
        None => getrandom::u64().map_err(|error| EngineError::Failed(error.to_string()))?,
    };
    let penalty = |of: fn(&Chat) -> Option<f64>| infer.chat.as_ref().and_then(of).unwrap_or_default();
    Ok(docket_gguf::Sampler {
        temperature,
        top_p: infer.top_p.unwrap_or(1.0),
        seed,
        frequency_penalty: penalty(|chat| chat.frequency_penalty),
        presence_penalty: penalty(|chat| chat.presence_penalty),
    })
}

fn count(tokens: usize) -> u32 {
    u32::try_from(tokens).unwrap_or(u32::MAX)
}

fn message(Message { role, content, .. }: Message) -> Result<docket_gguf::Message, EngineError> {
    let role = match role {
        Role::System => docket_gguf::Role::System,
        Role::User => docket_gguf::Role::User,
        Role::Assistant => docket_gguf::Role::Assistant,
        Role::Tool => return Err(EngineError::Unsupported("this model does not know of tools".into())),
    };
    Ok(docket_gguf::Message { role, content })
}

fn refused(error: GgufError) -> EngineError {
    match error {
        GgufError::ContextExceeded { prompt_tokens, context_tokens } => {
            EngineError::TooLarge { what: "tokens of prompt", limit: context_tokens - 1, got: prompt_tokens }
        }
        GgufError::Cancelled => EngineError::Cancelled,
        GgufError::InvalidSampler(reason) => EngineError::Invalid(reason.into()),
        GgufError::Template(reason) => EngineError::Unsupported(reason),
        other => EngineError::Failed(other.to_string()),
    }
}
