//! Any OpenAI-compatible server as an engine: Ollama, vLLM, llama.cpp, SGLang, LM Studio or a hosted API.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::time::Duration;

use docket_protocol::frames::Feature;
use futures::future::BoxFuture;
use reqwest::redirect::Policy;
use reqwest::{Client, Response, Url};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::outcome::{ChatOutput, InferOutput};
use super::{
    Delta, Engine, EngineError, FinishReason, Infer, ModelOffer, ModelUsed, Offer, Outcome, Request, Sampler,
    StartError, Usage, Verbatim,
};

mod answer;
mod calls;
mod discover;
mod embeddings;
mod events;
mod stream;
mod wire;

use answer::Answer;
use stream::{is_json, read_answer, read_whole};
use wire::{ChatRequest, clip, error_message};

/// How to reach a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenAiConfig {
    /// What `/chat/completions` and `/models` are appended to; usually ends in `/v1`.
    pub base_url: Url,
    /// The only model to offer; without one, all that the server lists.
    pub model: Option<String>,
    /// What its models are for, and may be asked for. Servers do not say it themselves.
    pub features: BTreeSet<Feature>,
    /// The environment variable that holds the bearer key.
    pub api_key_env: Option<String>,
    /// How long the server may be silent, before its first byte or between two. A server that loads a model for its
    /// first request is silent for a while.
    pub idle: Duration,
    /// How many requests to send at once.
    pub concurrency: usize,
}

impl OpenAiConfig {
    /// Two minutes of silence, four requests at once, no key, every model, with what every server honours: chats, seeds,
    /// penalties and answers in JSON.
    pub fn new(base_url: Url) -> Self {
        Self {
            base_url,
            model: None,
            features: [Feature::Chat, Feature::Seed, Feature::Penalties, Feature::Json].into(),
            api_key_env: None,
            idle: Duration::from_secs(120),
            concurrency: 4,
        }
    }
}

/// An OpenAI-compatible server that has answered, and what it has.
pub struct OpenAi {
    client: Client,
    base_url: Url,
    key: Option<String>,
    idle: Duration,
    offer: Offer,
}

const CONNECT: Duration = Duration::from_secs(10);
/// Of an error's body, no more is read.
const MAX_ERROR_BYTES: usize = 16 << 10;

impl OpenAi {
    /// Asks the server for its models and gets ready to use them.
    pub async fn start(config: OpenAiConfig) -> Result<Self, StartError> {
        let key = config.api_key_env.map(|name| std::env::var(&name).map_err(|_| StartError::NoKey(name)));
        let unreachable = |error: reqwest::Error| StartError::Unreachable {
            url: config.base_url.to_string(),
            reason: error.to_string(),
        };
        let mut engine = Self {
            client: client(config.idle).map_err(unreachable)?,
            base_url: config.base_url.clone(),
            key: key.transpose()?,
            idle: config.idle,
            offer: Offer { concurrency: config.concurrency.max(1), ..Offer::default() },
        };
        engine.offer.models = engine.discover(config.model.as_deref(), &config.features).await?;
        Ok(engine)
    }

    fn url(&self, path: &str) -> String {
        format!("{}/{path}", self.base_url.as_str().trim_end_matches('/'))
    }

    fn authorized(&self, request: reqwest::RequestBuilder) -> reqwest::RequestBuilder {
        match &self.key {
            Some(key) => request.bearer_auth(key),
            None => request,
        }
    }

    fn model_for(&self, name: Option<&str>) -> Result<&ModelOffer, EngineError> {
        let mut models = self.offer.models.iter();
        let model = match name {
            Some(name) => models.find(|model| model.name == name),
            None => models.next(),
        };
        model.ok_or_else(|| EngineError::Unsupported("the model server does not have this model".into()))
    }

    async fn infer(
        &self,
        infer: Infer,
        sink: mpsc::Sender<Delta>,
        cancel: CancellationToken,
    ) -> Result<Outcome, EngineError> {
        let model = self.model_for(infer.model.as_deref())?;
        infer.fits(model)?;
        let path = if infer.raw { "completions" } else { "chat/completions" };
        let request = self.client.post(self.url(path)).json(&ChatRequest::new(&model.name, &infer));
        let answer = async {
            let response = self.authorized(request).send().await.map_err(|error| self.failed(&error))?;
            if !response.status().is_success() {
                return Err(refused(response).await);
            }
            let chat = infer.chat.as_ref();
            match infer.whole && is_json(&response) {
                true => read_whole(response, chat, |error| self.failed(error)).await,
                // Some servers know no answers that are not streamed.
                false => read_answer(response, chat, &sink, |error| self.failed(error)).await,
            }
        };
        // Dropping the answer closes the connection, which is how such a server learns of a cancel.
        let answer = tokio::select! {
            biased;
            () = cancel.cancelled() => Err(EngineError::Cancelled),
            answer = answer => answer,
        }?;
        outcome(answer, &infer, model)
    }

    fn failed(&self, error: &reqwest::Error) -> EngineError {
        if error.is_timeout() && !error.is_connect() {
            return EngineError::Timeout { after: self.idle };
        }
        let mut cause: &dyn std::error::Error = error;
        while let Some(deeper) = cause.source() {
            cause = deeper;
        }
        let message = if error.is_connect() { format!("cannot connect: {cause}") } else { cause.to_string() };
        EngineError::Upstream { status: None, message }
    }
}

impl Engine for OpenAi {
    fn offer(&self) -> Offer {
        self.offer.clone()
    }

    fn run(
        &self,
        request: Request,
        sink: mpsc::Sender<Delta>,
        cancel: CancellationToken,
    ) -> BoxFuture<'_, Result<Outcome, EngineError>> {
        match request {
            Request::Infer(infer) => Box::pin(self.infer(infer, sink, cancel)),
            Request::Embed(embed) => Box::pin(self.embed(embed, cancel)),
            Request::Task(_) => {
                let no = EngineError::Unsupported("a model server does not run the built-in tasks".into());
                Box::pin(std::future::ready(Err(no)))
            }
        }
    }
}

/// Follows no redirect: prompt and key go to the server that was named, or nowhere.
fn client(idle: Duration) -> Result<Client, reqwest::Error> {
    // An error only means that the program has installed a provider already.
    rustls::crypto::ring::default_provider().install_default().ok();
    Client::builder()
        .connect_timeout(CONNECT)
        .read_timeout(idle)
        .redirect(Policy::none())
        .tcp_nodelay(true)
        .user_agent(concat!("docket-worker/", env!("CARGO_PKG_VERSION")))
        .build()
}

async fn refused(mut response: Response) -> EngineError {
    let status = Some(response.status().as_u16());
    let mut body = vec![];
    while let Ok(Some(chunk)) = response.chunk().await {
        body.extend_from_slice(&chunk);
        if body.len() >= MAX_ERROR_BYTES {
            break;
        }
    }
    EngineError::Upstream { status, message: error_message(&body) }
}

fn outcome(mut answer: Answer, infer: &Infer, model: &ModelOffer) -> Result<Outcome, EngineError> {
    let usage = usage(&answer, infer);
    if infer.chat.as_ref().is_some_and(|chat| chat.logprobs) {
        answer.extras.logprobs.get_or_insert_default(); // it was asked for, whether the server knows any or not
    }
    let finish_reason = match answer.finish_reason.as_deref() {
        Some("stop") => FinishReason::Stop,
        Some("length") => FinishReason::Length,
        Some(other) => FinishReason::Other(clip(other)),
        None => FinishReason::Other("unspecified".to_owned()),
    };
    let chat = infer
        .chat
        .as_ref()
        .map(|_| ChatOutput { finish_reason: finish_reason.as_str(), extras: &answer.extras });
    let (output, text_hash) = InferOutput { text: &answer.text, model: &model.name, chat }.write()?;
    Ok(Outcome {
        output,
        text_hash,
        usage,
        finish_reason,
        model: ModelUsed { name: Cow::Owned(model.name.clone()), weights_sha256: None },
        sampler: Some(Sampler {
            temperature: infer.temperature,
            top_p: infer.top_p,
            seed: infer.seed,
            max_tokens: infer.max_tokens,
        }),
    })
}

/// What the server counted, or a guess where it says nothing that can be true.
fn usage(answer: &Answer, infer: &Infer) -> Usage {
    let Answer { text, extras, .. } = answer;
    match answer.usage {
        Some((prompt_tokens, completion_tokens))
            if completion_tokens > 0 || (text.is_empty() && extras.is_empty()) =>
        {
            Usage { prompt_tokens, completion_tokens, estimated: false }
        }
        _ => {
            let said = infer.messages.iter().map(|message| &*message.content);
            let tools = infer.chat.iter().flat_map(|chat| &chat.tools).map(Verbatim::get);
            let calls = extras.tool_calls.iter();
            let called = calls.flat_map(|call| [&*call.function.name, &*call.function.arguments]);
            let beside =
                [&extras.refusal, &extras.reasoning_content].into_iter().flatten().map(|text| &**text);
            Usage {
                prompt_tokens: said.chain(tools).map(estimate).sum(),
                completion_tokens: called.chain(beside).chain([&**text]).map(estimate).sum(),
                estimated: true,
            }
        }
    }
}

/// A guess at the tokens of a text: a quarter of its characters, or its words if they are more.
fn estimate(text: &str) -> u32 {
    let tokens = text.chars().count().div_ceil(4).max(text.split_whitespace().count());
    u32::try_from(tokens).unwrap_or(u32::MAX)
}
