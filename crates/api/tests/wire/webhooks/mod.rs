//! Webhooks of the dialect `credits`: what is told, signed, tried again, and to whom nothing is ever sent.

mod account;
mod attempts;
mod receiver;
mod rotation;

use crate::credits::{CREDIT, MODEL, finish, request, serving};
use crate::http::Answer;
use crate::market::{Market, Options};
use crate::worker::Worker;
use base64::Engine as _;
use docket_api::Reach;
use docket_core::id::ClientId;
use docket_core::key::Limits;
use docket_core::ledger::Account;
use docket_core::money::{Amount, Asset};
use docket_core::time::Millis;
use docket_protocol::digest::Digest;
use hyper::StatusCode;
use receiver::{Receiver, Reply};
use serde_json::{Value, json};
use std::time::Duration;

/// Every word that can be asked for.
const ALL: [&str; 9] = [
    "job.submitted",
    "job.processing",
    "job.completed",
    "job.failed",
    "job.timeout",
    "job.cancelled",
    "job.disputed",
    "job.ruled",
    "credit.low",
];

/// Somebody with an API key, who outlives a restart of the market.
struct Owner(String);

impl Owner {
    /// One with an account of so many credits.
    async fn of(market: &Market, name: &str, credits: u128) -> Self {
        let client = ClientId(format!("credits:{name}").into());
        if credits > 0 {
            let amount = Amount::new(credits * CREDIT, Asset::TEST_USDC);
            let account = Account::Client(client.clone());
            market.engine().credit(account, amount, name).await.expect("it is credited");
        }
        let (secret, _) =
            market.engine().create_key(client, "".into(), Limits::default()).await.expect("a key is made");
        Self(secret.expose().to_owned())
    }

    async fn ask(&self, market: &Market, method: &str, path: &str, body: Value) -> Answer {
        self.ask_with(market, method, path, &[], body).await
    }

    async fn ask_with(
        &self,
        market: &Market,
        method: &str,
        path: &str,
        more: &[(&str, &str)],
        body: Value,
    ) -> Answer {
        let bearer = format!("Bearer {}", self.0);
        let mut headers = vec![("authorization", bearer.as_str()), ("content-type", "application/json")];
        headers.extend(more);
        let body = if body.is_null() { String::new() } else { body.to_string() };
        market.send(method, path, &headers, body.as_bytes()).await
    }

    async fn get(&self, market: &Market, path: &str) -> Answer {
        self.ask(market, "GET", path, Value::Null).await
    }

    /// A webhook for some events; its id and the key that signs.
    async fn hook(&self, market: &Market, url: &str, events: &[&str]) -> (String, Vec<u8>) {
        let answer = self.ask(market, "POST", "/v1/webhooks", json!({"url": url, "events": events})).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text());
        let hook = answer.json();
        (hook["id"].as_str().expect("an id").to_owned(), drawn(&hook))
    }

    /// Asks for a `ping`; the event's id.
    async fn ping(&self, market: &Market, hook: &str) -> String {
        let answer = self.ask(market, "POST", &format!("/v1/webhooks/{hook}/test"), Value::Null).await;
        assert_eq!(answer.status, StatusCode::ACCEPTED, "{}", answer.text());
        answer.json()["event_id"].as_str().expect("an id").to_owned()
    }

    /// What a webhook was and is to be told, the newest first.
    async fn deliveries(&self, market: &Market, hook: &str) -> Vec<Value> {
        let answer = self.get(market, &format!("/v1/webhooks/{hook}/deliveries?limit=100")).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
        answer.json()["data"].as_array().expect("a list").clone()
    }

    /// The newest delivery, once it is as the test waits for it.
    async fn until(&self, market: &Market, hook: &str, met: impl Fn(&Value) -> bool) -> Value {
        for _ in 0..1_500 {
            let newest = self.deliveries(market, hook).await.into_iter().next().unwrap_or_default();
            if met(&newest) {
                return newest;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("in vain: {:?}", self.deliveries(market, hook).await);
    }

    async fn submit(&self, market: &Market) -> String {
        let answer = self.ask(market, "POST", "/v1/jobs", request(json!({}))).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text());
        answer.json()["id"].as_str().expect("an id").to_owned()
    }

    /// A job with its whole answer.
    async fn answered(&self, market: &Market, worker: &mut Worker) -> String {
        let job = self.submit(market).await;
        let assigned = worker.job().await;
        finish(worker, &assigned, "one two three").await;
        for _ in 0..500 {
            if self.job(market, &job).await["status"] == "settled" {
                return job;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("it is not settled");
    }

    async fn job(&self, market: &Market, id: &str) -> Value {
        self.get(market, &format!("/v1/jobs/{id}")).await.json()
    }
}

/// The key of a secret that was drawn for a webhook.
fn drawn(hook: &Value) -> Vec<u8> {
    let secret = hook["secret"].as_str().and_then(|secret| secret.strip_prefix("whsec_"));
    let key = base64::engine::general_purpose::STANDARD.decode(secret.expect("a secret"));
    let key = key.expect("base64");
    assert_eq!(key.len(), 32);
    key
}

async fn market_to(reach: Reach) -> Market {
    Market::with(Options { webhooks_to: reach, ..Options::default() }).await
}

#[tokio::test]
async fn a_job_is_told_from_its_beginning_to_its_end_in_signed_messages() {
    let market = Market::open().await;
    let owner = Owner::of(&market, "dev", 200).await;
    let mut receiver = Receiver::start([]).await;
    let (_, key) = owner.hook(&market, &receiver.url("/hooks?from=docket"), &ALL).await;
    let mut worker = serving(&market, 1).await;
    let id = owner.submit(&market).await;
    let assigned = worker.job().await;
    let (submitted, processing) = (receiver.hear().await, receiver.hear().await);
    let running = owner.job(&market, &id).await;
    finish(&mut worker, &assigned, "one two three").await;
    let completed = receiver.hear().await;
    for message in [&submitted, &processing, &completed] {
        message.check(&key);
        assert_eq!(message.path, "/hooks?from=docket");
        assert_eq!(message.header("webhook-timestamp"), "1770638400");
        assert!(message.header("user-agent").starts_with("docket/"));
        assert!(
            message.json()["data"].get("prompt").is_none()
                && !format!("{:?}", message.json()).contains("Count")
        );
    }
    let evt = submitted.json();
    assert!(evt["id"].as_str().is_some_and(|id| id.starts_with("evt_") && id.len() == 36), "{evt}");
    assert_eq!(
        evt,
        json!({
            "id": evt["id"], "type": "job.submitted", "created_at": "2026-02-09T12:00:00Z",
            "data": {
                "id": id, "object": "job", "status": "pending", "model": MODEL, "tier": "standard",
                "credits_charged": 8, "usdc_value": 0.08, "worker_address": null,
                "created_at": "2026-02-09T12:00:00Z", "completed_at": null,
                "on_chain": {
                    "escrow_tx": "ledger:1", "settlement_tx": null, "escrow_pda": null, "slot": null,
                    "proof_hash": null,
                },
                "usage": null,
            },
        })
    );
    assert_eq!((processing.kind().as_str(), &processing.json()["data"]), ("job.processing", &running));
    assert_eq!(
        (running["status"].as_str(), running["worker_address"].is_string()),
        (Some("processing"), true)
    );
    let settled = owner.job(&market, &id).await;
    assert_eq!((completed.kind().as_str(), &completed.json()["data"]), ("job.completed", &settled));
    assert_eq!(settled["on_chain"]["proof_hash"], Digest::of(b"one two three").to_string());
    receiver.heard_all();
}

#[tokio::test]
async fn every_other_ending_has_its_word_and_shows_the_job_as_it_was() {
    let market = Market::open().await;
    let owner = Owner::of(&market, "dev", 109).await;
    let mut receiver = Receiver::start([]).await;
    let (hook, key) = owner.hook(&market, &receiver.url("/"), &ALL[2..]).await;
    let mut worker = serving(&market, 1).await;
    let mut heard = async || {
        let message = receiver.hear().await;
        message.check(&key);
        let body = message.json();
        let data = &body["data"];
        (
            message.kind(),
            data["id"].as_str().map(str::to_owned),
            data["status"].as_str().map(str::to_owned),
            body,
        )
    };

    // 101 credits are left, which is not low.
    let cancelled = owner.submit(&market).await;
    owner.ask(&market, "POST", &format!("/v1/jobs/{cancelled}/cancel"), Value::Null).await;
    let (kind, id, status, _) = heard().await;
    assert_eq!((kind.as_str(), id, status.as_deref()), ("job.cancelled", Some(cancelled), Some("refunded")));
    worker.job().await;

    let disputed = owner.answered(&market, &mut worker).await;
    let (kind, _, _, completed) = heard().await;
    assert_eq!(kind, "job.completed");
    market.pass(Millis::seconds(7)).await;
    let body = json!({"received_output_hash": Digest::of(b"something else").to_string()});
    owner.ask(&market, "POST", &format!("/v1/jobs/{disputed}/dispute"), body).await;
    let (first, second) = (heard().await, heard().await);
    for ((kind, id, status, body), (word, state)) in
        [(first, ("job.disputed", "disputed")), (second, ("job.ruled", "settled"))]
    {
        assert_eq!((kind.as_str(), id.as_ref(), status.as_deref()), (word, Some(&disputed), Some(state)));
        let at = if word == "job.ruled" { "2026-02-09T12:00:07Z" } else { "2026-02-09T12:00:00Z" };
        assert_eq!(body["data"]["completed_at"], at, "{body}");
        assert_eq!(body["data"]["on_chain"], completed["data"]["on_chain"]);
    }

    // 93 credits are left after this hold.
    let late = owner.submit(&market).await;
    let (kind, _, _, low) = heard().await;
    assert_eq!(kind, "credit.low");
    assert_eq!(low["data"], json!({"object": "credits", "balance": 93, "job_id": late}));
    worker.job().await;
    market.pass(Millis::seconds(120)).await;
    let (kind, id, status, _) = heard().await;
    assert_eq!((kind.as_str(), id, status.as_deref()), ("job.timeout", Some(late), Some("refunded")));

    // Told once more, an event has the same bytes, whatever has become of the job.
    let event = completed["id"].as_str().expect("an id").to_owned();
    let path = format!("/v1/webhooks/{hook}/deliveries/{event}/replay");
    assert_eq!(owner.ask(&market, "POST", &path, Value::Null).await.status, StatusCode::ACCEPTED);
    assert_eq!(heard().await.3, completed);
}

#[tokio::test]
async fn a_job_that_nobody_can_do_is_told_as_failed() {
    let market = Market::open().await;
    let owner = Owner::of(&market, "dev", 200).await;
    let mut receiver = Receiver::start([]).await;
    owner.hook(&market, &receiver.url("/"), &["job.failed"]).await;
    let mut workers = [serving(&market, 1).await, serving(&market, 2).await, serving(&market, 3).await];
    let id = owner.submit(&market).await;
    for _ in 0..3 {
        let (assigned, at) = next_job(&mut workers).await;
        let fail = json!({"type": "job_fail", "job_id": assigned["job_id"], "error": "no memory"});
        workers[at].send(fail).await;
    }
    let message = receiver.hear().await;
    assert_eq!(
        (message.kind().as_str(), message.json()["data"]["id"].as_str()),
        ("job.failed", Some(id.as_str()))
    );
    assert_eq!(message.json()["data"], owner.job(&market, &id).await);
}

/// The next job that any of the workers is given, and who.
async fn next_job(workers: &mut [Worker; 3]) -> (Value, usize) {
    let [a, b, c] = workers;
    tokio::select! {
        job = a.job() => (job, 0),
        job = b.job() => (job, 1),
        job = c.job() => (job, 2),
    }
}
