//! An engine that types what it is told to, one word for each turn that a test gives it.

use docket_protocol::digest::Digest;
use docket_protocol::frames::Feature;
use docket_worker::engine::{
    Delta, Engine, EngineError, FinishReason, ModelOffer, ModelUsed, Offer, Outcome, Request, Usage,
};
use futures::future::BoxFuture;
use serde_json::json;
use serde_json::value::to_raw_value;
use std::sync::Arc;
use tokio::sync::{Semaphore, mpsc, watch};
use tokio_util::sync::CancellationToken;

pub(crate) struct Typist {
    turns: Semaphore,
    /// How many requests are being carried out.
    busy: watch::Sender<usize>,
}

impl Typist {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self { turns: Semaphore::new(0), busy: watch::Sender::new(0) })
    }

    /// Lets words be typed.
    pub(crate) fn give_turns(&self, words: usize) {
        self.turns.add_permits(words);
    }

    /// Waits until so many requests are being carried out.
    pub(crate) async fn is_busy_with(&self, requests: usize) {
        let mut busy = self.busy.subscribe();
        crate::coordinator::soon("the typist", busy.wait_for(|busy| *busy == requests)).await.unwrap();
    }
}

/// Counts a request out however it ends.
struct Busy<'a>(&'a watch::Sender<usize>);

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|busy| *busy -= 1);
    }
}

impl Engine for Typist {
    fn offer(&self) -> Offer {
        let model = ModelOffer {
            name: "typist".into(),
            weights_sha256: None,
            context_tokens: Some(64),
            parameters: Some("26 keys".into()),
            features: [Feature::Chat, Feature::Seed].into(),
            tiny: true,
        };
        Offer { models: vec![model], tasks: vec![], concurrency: 2 }
    }

    fn run(
        &self,
        request: Request,
        sink: mpsc::Sender<Delta>,
        cancel: CancellationToken,
    ) -> BoxFuture<'_, Result<Outcome, EngineError>> {
        self.busy.send_modify(|busy| *busy += 1);
        let counted = Busy(&self.busy);
        Box::pin(async move {
            let _counted = counted;
            let Request::Infer(infer) = request else {
                return Err(EngineError::Unsupported("no tasks".into()));
            };
            let text = &infer.messages[0].content;
            match text.as_str() {
                "fail" => return Err(EngineError::Failed("the ribbon broke".into())),
                "panic" => panic!("the typist panics, as it was told to"),
                _ => {}
            }
            for (tokens, word) in (1..).zip(text.split_inclusive(' ')) {
                tokio::select! {
                    () = cancel.cancelled() => return Err(EngineError::Cancelled),
                    turn = self.turns.acquire() => turn.unwrap().forget(),
                }
                sink.send(Delta::text(word.to_owned(), tokens)).await.ok();
            }
            let words = text.split(' ').count().try_into().unwrap();
            Ok(Outcome {
                output: to_raw_value(&json!({"text": text, "model": "typist"})).unwrap(),
                text_hash: infer.chat.map(|_| Digest::of(text.as_bytes())),
                usage: Usage { prompt_tokens: words, completion_tokens: words, estimated: false },
                finish_reason: FinishReason::Stop,
                model: ModelUsed { name: "typist".into(), weights_sha256: None },
                sampler: None,
            })
        })
    }
}
