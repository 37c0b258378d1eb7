//! Posts jobs to nodes that only have an endpoint, signed by the coordinator, and takes their signed answers.
//!
//! The addresses to which may be posted are those of webhooks, and the connection is made to exactly what was judged.

use crate::app::App;
use crate::post::{client, parse_url, signed};
use axum::http::StatusCode;
use docket_core::event::{Fault, Usage};
use docket_core::hash::Sha256;
use docket_core::id::{Attempt, WorkerId};
use docket_core::job::Job;
use docket_engine::{Arrival, Assignment, EngineError, Proof, ToWorker};
use docket_protocol::digest::Digest;
use docket_protocol::instant;
use docket_protocol::wallet::{Completion, Signature};
use reqwest::Client;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::task::{AbortHandle, JoinSet};

/// How many jobs are posted at a time.
const AT_A_TIME: usize = 4_096;
/// The largest answer that is read, in bytes.
const LARGEST: usize = 1 << 20;
/// The longest that a node is given, whatever its job allows.
const LONGEST: Duration = Duration::from_secs(3_600);

/// Posts jobs to nodes.
pub struct Postman {
    app: Arc<App>,
    client: Client,
    room: Semaphore,
}

/// What a node is sent.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Errand<'a> {
    job_id: &'a str,
    model_id: &'a str,
    input: &'a str,
    /// SHA-256 of the input in hexadecimal.
    input_hash: &'a str,
    max_tokens: u32,
    temperature: u8,
    top_p: u8,
    attempt: u32,
    /// When the answer comes too late.
    deadline: String,
}

/// What a worker of ours would get to see.
#[derive(Deserialize)]
struct Payload {
    prompt: String,
    max_tokens: u32,
}

/// What a node answers.
#[derive(Deserialize)]
struct Answered {
    output: String,
    /// Over [`Completion::message`].
    signature: String,
}

/// Why an errand came to nothing.
enum Failed {
    /// The node cannot be reached.
    Unreachable,
    /// It has no room now, or there is none here.
    Busy,
    /// It has failed.
    Error(String),
    /// The coordinator has failed.
    Ours(EngineError),
}

impl From<EngineError> for Failed {
    fn from(error: EngineError) -> Self {
        Self::Ours(error)
    }
}

impl Postman {
    /// A postman of one market. Fails where there is no TLS.
    pub fn new(app: Arc<App>) -> Result<Self, reqwest::Error> {
        let client = client(app.settings.webhooks_to, LONGEST)?;
        Ok(Self { app, client, room: Semaphore::new(AT_A_TIME) })
    }

    /// Posts what is given to nodes, until the task is dropped. Exactly one task runs this.
    pub async fn run(self) {
        let Some(mut messages) = self.app.engine.take_posts() else { return };
        let postman = Arc::new(self);
        let mut errands = JoinSet::new();
        let mut under_way: HashMap<(Arc<str>, Attempt), AbortHandle> = HashMap::new();
        loop {
            tokio::select! {
                message = messages.recv() => match message.map(|message| *message) {
                    Some(ToWorker::Assign(assignment)) => {
                        let name = (assignment.job.public_id.text.clone(), assignment.attempt);
                        let (postman, of) = (postman.clone(), name.clone());
                        let handle = errands.spawn(async move {
                            postman.carry(assignment).await;
                            of
                        });
                        under_way.insert(name, handle);
                    }
                    Some(ToWorker::Cancel { job, attempt, .. }) => {
                        if let Some(errand) = under_way.remove(&(job, attempt)) {
                            errand.abort();
                        }
                    }
                    // A node has no connection to be told of these.
                    Some(ToWorker::Done { .. } | ToWorker::Drain | ToWorker::Close) => {}
                    None => return,
                },
                Some(ended) = errands.join_next() => if let Ok(name) = ended {
                    under_way.remove(&name);
                },
            }
        }
    }

    /// Carries a job to its node, and what comes of it back.
    async fn carry(&self, assignment: Assignment) {
        let (job, attempt) = (assignment.job.clone(), assignment.attempt);
        let Some((worker, _)) = job.holder() else { return };
        let failed = match self.errand(&assignment, worker).await {
            Ok(()) => return,
            Err(failed) => failed,
        };
        let reason = match failed {
            Failed::Unreachable => Fault::WorkerLost,
            Failed::Busy => Fault::Declined,
            Failed::Error(words) => {
                tracing::info!(job = %job.public_id.text, %worker, words, "a node has failed");
                Fault::WorkerError
            }
            Failed::Ours(error) => {
                tracing::warn!(job = %job.public_id.text, %error, "what a node answered was not taken");
                Fault::Declined // It is not the node's.
            }
        };
        let engine = &self.app.engine;
        let name = &job.public_id.text;
        let Some(connection) = engine.connection_of(&worker) else { return };
        if let Err(error) = engine.hand_back(connection, name, reason).await {
            tracing::debug!(job = %name, attempt = attempt.number, %error, "a job had moved on");
        }
        if reason == Fault::WorkerLost {
            engine.lose(&worker);
        }
    }

    async fn errand(&self, assignment: &Assignment, worker: WorkerId) -> Result<(), Failed> {
        // What waits here would be late by no fault of its node.
        let _room = self.room.try_acquire().map_err(|_| Failed::Busy)?;
        let Assignment { job, attempt, payload } = assignment;
        let engine = &self.app.engine;
        let wallet = engine.wallet_of(&worker).ok_or(Failed::Unreachable)?;
        let endpoint = engine.node(wallet)?.enrolment.offer.endpoint.clone().ok_or(Failed::Unreachable)?;
        // It was sound when it was given; the operator may have become stricter since.
        let url = parse_url(&endpoint, self.app.settings.webhooks_to).map_err(|_| Failed::Unreachable)?;
        let body = self.body(job, *attempt, payload).await?;
        let left = job.state.deadline().map_or(0, |by| by.since(engine.clock().now()).0);
        let within = Duration::from_millis(u64::try_from(left).unwrap_or_default()).min(LONGEST);
        let id = format!("{}-{}", job.public_id.text, attempt.number);
        let request = signed(&self.app, self.client.post(url), &id, body).timeout(within);
        let mut response = request.send().await.map_err(|error| match error.is_timeout() {
            true => Failed::Error("it did not answer in time".to_owned()),
            false => Failed::Unreachable,
        })?;
        match response.status() {
            StatusCode::OK | StatusCode::CREATED => {}
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => return Err(Failed::Busy),
            status => return Err(Failed::Error(format!("it answered with status {status}"))),
        }
        let broken = |error: reqwest::Error| Failed::Error(format!("its answer broke off: {error}"));
        let mut answer = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(broken)? {
            answer.extend_from_slice(&chunk);
            if answer.len() > LARGEST {
                return Err(Failed::Error("its answer is too large".to_owned()));
            }
        }
        let answered: Answered =
            serde_json::from_slice(&answer).map_err(|error| Failed::Error(format!("its answer: {error}")))?;
        self.deliver(job, worker, answered).await
    }

    async fn body(&self, job: &Job, attempt: Attempt, payload: &[u8]) -> Result<String, Failed> {
        let unreadable = || Failed::Error("the job cannot be read".to_owned());
        let Payload { prompt, max_tokens } = serde_json::from_slice(payload).map_err(|_| unreadable())?;
        let echo = self.app.engine.store().echo(job.id).await.map_err(EngineError::from)?;
        let (model_id, input_hash) =
            echo.as_deref().and_then(|echo| echo.split_once('\n')).ok_or_else(unreadable)?;
        let errand = Errand {
            job_id: &job.public_id.text,
            model_id,
            input: &prompt,
            input_hash,
            max_tokens,
            temperature: 0,
            top_p: 1,
            attempt: attempt.number,
            deadline: instant::format(job.state.deadline().map_or(0, |by| by.0)),
        };
        Ok(serde_json::to_string(&errand).expect("texts and numbers can be written"))
    }

    /// Hands over what a node has answered, with what it signed.
    async fn deliver(&self, job: &Job, worker: WorkerId, answered: Answered) -> Result<(), Failed> {
        let Answered { output: text, signature } = answered;
        let output: Arc<[u8]> = json!({"text": text}).to_string().into_bytes().into();
        let output_hash = Digest::of(text.as_bytes());
        let wallet = worker.wallet().ok_or(Failed::Unreachable)?;
        // Written in one form, so that one signature has one receipt.
        let signature = Signature::parse(&signature).map_or(signature, |signature| signature.to_string());
        let completion = Completion {
            address: wallet.into(),
            job_id: job.public_id.text.to_string(),
            output_hash,
            signature,
        };
        let document = serde_json::to_vec(&json!({"completion": completion})).expect("texts can be written");
        let proof = Proof {
            job: job.public_id.text.clone(),
            worker,
            output: Sha256::of(&output),
            text: Some(Sha256(output_hash.0)),
            signed: completion.is_signed(),
            digest: completion.receipt_hash().into(),
            document: document.into(),
        };
        let engine = &self.app.engine;
        let connection = engine.connection_of(&worker).ok_or(Failed::Unreachable)?;
        let arrival = Arrival { job: job.public_id.text.clone(), output, usage: Usage::default(), proof };
        match engine.deliver(connection, arrival).await {
            Ok(_) => Ok(()),
            // A receipt that proves nothing has given the job back already, and one that came too late has none.
            Err(EngineError::Refused(refusal)) => {
                tracing::info!(job = %job.public_id.text, %worker, code = refusal.code(), "a node's answer was refused");
                Ok(())
            }
            Err(error) => Err(error.into()),
        }
    }
}
