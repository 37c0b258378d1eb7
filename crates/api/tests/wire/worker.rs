//! A worker that does what a test says, over a real socket.

use crate::market::Market;
use docket_protocol::digest::{Digest, RunningHash};
use docket_protocol::frames::{FromWorker, JobComplete, Terms, encode};
use docket_protocol::keys::{Signature, SigningKey, registration_text};
use docket_protocol::receipt::{Batch, DispatchReceipt, FullReceipt, ReceiptForm, Usage};
use futures::{SinkExt, StreamExt};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

/// How long a frame may take before the test has failed.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Worker {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    pub(crate) key: SigningKey,
}

/// How a worker comes in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    /// As one of Dispatch's does: without a proof.
    Dispatch,
    /// With a proof of its key.
    Proven,
}

impl Market {
    /// A worker that was let in, for both kinds of work.
    pub(crate) async fn worker(&self, seed: u8, manner: Manner) -> Worker {
        let (worker, ack) = self.knock(seed, manner).await;
        assert_eq!(ack["status"], "ok", "{ack}");
        worker
    }

    /// A worker at the door, and the coordinator's answer.
    pub(crate) async fn knock(&self, seed: u8, manner: Manner) -> (Worker, Value) {
        self.register(seed, manner, json!({})).await
    }

    /// The same, with more fields in the first frame.
    pub(crate) async fn register(&self, seed: u8, manner: Manner, more: Value) -> (Worker, Value) {
        let key = SigningKey::from_seed(&[seed; 32]);
        let url = format!("ws://{}/", self.address());
        let (socket, _) = connect_async(url).await.expect("the coordinator takes sockets");
        let mut worker = Worker { socket, key };
        let mut register = json!({
            "type": "register",
            "provider_pubkey": worker.pubkey(),
            "provider_type": "DESKTOP",
            "capabilities": ["LLM_INFER", "TASK"],
        });
        if manner == Manner::Proven {
            register["prove"] = json!(true);
        }
        for (name, value) in more.as_object().expect("fields") {
            register[name] = value.clone();
        }
        worker.send(register).await;
        let mut answer = worker.next().await;
        if answer["type"] == "challenge" {
            let text =
                registration_text(answer["nonce"].as_str().expect("a nonce"), &worker.key.public_key());
            let signature = worker.key.sign(text.as_bytes()).to_string();
            worker.send(json!({"type": "challenge_response", "signature": signature})).await;
            answer = worker.next().await;
        }
        assert_eq!(answer["type"], "register_ack", "{answer}");
        (worker, answer)
    }
}

impl Worker {
    pub(crate) fn pubkey(&self) -> String {
        self.key.public_key().to_hex()
    }

    pub(crate) async fn send(&mut self, frame: Value) {
        self.send_text(frame.to_string()).await;
    }

    /// Sends a frame as it is written.
    pub(crate) async fn send_text(&mut self, frame: String) {
        self.socket.send(Message::text(frame)).await.expect("the coordinator reads");
    }

    /// The next frame, which must come.
    pub(crate) async fn next(&mut self) -> Value {
        self.perhaps().await.expect("the connection stands")
    }

    /// The next frame; `None` if the coordinator has closed the connection.
    pub(crate) async fn perhaps(&mut self) -> Option<Value> {
        loop {
            let message = tokio::time::timeout(PATIENCE, self.socket.next()).await.expect("a frame in time");
            match message?.ok()? {
                Message::Text(text) => return Some(serde_json::from_str(&text).expect("a frame is JSON")),
                Message::Close(_) => return None,
                _ => {}
            }
        }
    }

    /// The next job, which must come; other frames are passed over.
    pub(crate) async fn job(&mut self) -> Value {
        loop {
            let frame = self.next().await;
            if frame["type"] == "job_assign" {
                return frame;
            }
        }
    }

    /// A signed receipt for an output, as the fields of `job_complete`.
    pub(crate) fn receipt(&self, job: &str, output: &str) -> (Value, String) {
        let digest = Digest::of(output.as_bytes());
        let receipt = DispatchReceipt::new(job, &self.key.public_key(), digest, 1_770_638_402_000);
        let signed = receipt.sign(&self.key);
        (serde_json::to_value(&signed.receipt).expect("a receipt is JSON"), signed.signature.to_string())
    }

    /// Delivers an output with a receipt that proves it.
    pub(crate) async fn complete(&mut self, job: &str, output: &str) {
        let (receipt, signature) = self.receipt(job, output);
        self.complete_with(job, output, &receipt, &signature).await;
    }

    /// The full receipt for an output, with the terms of the assignment.
    pub(crate) fn full_receipt(&self, assigned: &Value, output: &str) -> FullReceipt {
        let job = assigned["job_id"].as_str().expect("a name");
        let output_hash = Digest::of(output.as_bytes());
        let short = DispatchReceipt::new(job, &self.key.public_key(), output_hash, 1_770_638_402_000);
        let terms: Terms = serde_json::from_value(assigned["terms"].clone()).expect("terms");
        FullReceipt {
            asset: terms.asset,
            assigned_at_ms: 1_770_638_401_000,
            attempt: serde_json::from_value(assigned["attempt"].clone()).expect("an attempt"),
            client: terms.client,
            completed_at_ms: 1_770_638_402_000,
            dispatch: Some(short.sign(&self.key)),
            format: ReceiptForm::V1,
            hold: terms.hold,
            job_id: job.to_owned(),
            model: terms.model,
            network: terms.network,
            output_hash,
            price: terms.price,
            request_hash: terms.request_hash,
            sampler: None,
            text_hash: None,
            usage: Usage { completion_tokens: 3, prompt_tokens: 0 },
            worker: self.pubkey(),
        }
    }

    /// The delivery of an output with its receipts.
    pub(crate) fn completion(
        full: FullReceipt,
        output: &str,
        (signature, batch): (Signature, Option<Batch>),
    ) -> FromWorker {
        let short = full.dispatch.clone();
        FromWorker::JobComplete(Box::new(JobComplete {
            job_id: full.job_id.clone(),
            output: RawValue::from_string(output.to_owned()).expect("an output is JSON"),
            output_hash: full.output_hash,
            receipt: short.clone().map(|short| short.receipt),
            receipt_signature: short.map(|short| short.signature),
            attempt: Some(full.attempt),
            usage: None,
            full_receipt: Some(Box::new(full)),
            full_signature: Some(signature),
            full_batch: batch,
        }))
    }

    /// Sends frames in one go.
    pub(crate) async fn send_together(&mut self, frames: Vec<FromWorker>) {
        for frame in frames {
            self.socket.feed(Message::text(encode(&frame))).await.expect("there is room");
        }
        self.socket.flush().await.expect("the coordinator reads");
    }

    /// Delivers an output with whatever receipt the test wants.
    pub(crate) async fn complete_with(&mut self, job: &str, output: &str, receipt: &Value, signature: &str) {
        // Written by hand: the output's bytes are what is hashed.
        let frame = format!(
            r#"{{"type":"job_complete","job_id":"{job}","output":{output},"output_hash":"{}","receipt":{receipt},"receipt_signature":"{signature}"}}"#,
            Digest::of(output.as_bytes())
        );
        self.socket.send(Message::text(frame)).await.expect("the coordinator reads");
    }
}

/// Sends the pieces of an answer, a token each, from a number on. What begins with a brace comes beside text, and must be
/// JSON without any space.
pub(crate) async fn say(worker: &mut Worker, assigned: &Value, pieces: &[&str], from: usize) {
    let mut hash = RunningHash::default();
    for (number, text) in pieces.iter().enumerate() {
        let running_hash = hash.push(text);
        let mut frame = json!({
            "type": "job_chunk", "job_id": assigned["job_id"], "attempt": assigned["attempt"],
            "seq": number, "text": text, "running_hash": running_hash, "tokens": number + 1,
        });
        if text.starts_with('{') {
            frame["text"] = json!("");
            frame["delta"] = serde_json::from_str(text).expect("what is no text is JSON");
        }
        if number >= from {
            worker.send(frame).await;
        }
    }
}
