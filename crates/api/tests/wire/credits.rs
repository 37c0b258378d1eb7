//! The dialect `credits`: what an app developer sees who has changed the base URL of his client.

use crate::http::Answer;
use crate::market::Market;
use crate::reader::Reader;
use crate::worker::{Manner, Worker, say};
use docket_core::id::ClientId;
use docket_core::key::Limits;
use docket_core::ledger::Account;
use docket_core::money::{Amount, Asset};
use docket_core::time::Millis;
use docket_protocol::digest::Digest;
use docket_protocol::receipt::Bundle;
use docket_protocol::verify::{Claim, Holds, Pins, verify};
use hyper::StatusCode;
use serde_json::{Value, json};
use std::time::Duration;

pub(crate) const MODEL: &str = "qwen3-8b";
/// Whose keys the tests use.
const CLIENT: &str = "credits:dev";
/// Minor units of a credit.
pub(crate) const CREDIT: u128 = 10_000;

/// A developer with an account and a key.
pub(crate) struct Developer<'a> {
    pub(crate) market: &'a Market,
    pub(crate) account: Account,
    pub(crate) secret: String,
}

impl<'a> Developer<'a> {
    pub(crate) async fn with(market: &'a Market, credits: u128, limits: Limits) -> Self {
        let client = ClientId(CLIENT.into());
        let account = Account::Client(client.clone());
        let engine = market.engine();
        if credits > 0 {
            let amount = Amount::new(credits * CREDIT, Asset::TEST_USDC);
            engine.credit(account.clone(), amount, "top up").await.expect("it is credited");
        }
        let (secret, _) = engine.create_key(client, "test".into(), limits).await.expect("a key is made");
        Self { market, account, secret: secret.expose().to_owned() }
    }

    /// The same developer, before another coordinator.
    pub(crate) fn known(market: &'a Market, secret: String) -> Self {
        Self { market, account: Account::Client(ClientId(CLIENT.into())), secret }
    }

    pub(crate) async fn rich(market: &'a Market) -> Self {
        Self::with(market, 100, Limits::default()).await
    }

    pub(crate) async fn ask(&self, method: &str, path: &str, more: &[(&str, &str)], body: &Value) -> Answer {
        let bearer = format!("Bearer {}", self.secret);
        let mut headers = vec![("authorization", bearer.as_str()), ("content-type", "application/json")];
        headers.extend(more);
        let body = if body.is_null() { String::new() } else { body.to_string() };
        self.market.send(method, path, &headers, body.as_bytes()).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, &[], &Value::Null).await
    }

    pub(crate) async fn chat(&self, more: Value) -> Answer {
        self.ask("POST", "/v1/chat/completions", &[], &request(more)).await
    }

    /// Asks for a streamed answer.
    pub(crate) async fn stream(&self, more: Value) -> Reader {
        self.stream_at("/v1/chat/completions", request(more)).await
    }

    /// Posts a body, which is to be answered by a stream.
    pub(crate) async fn stream_at(&self, path: &str, mut body: Value) -> Reader {
        body["stream"] = json!(true);
        let body = body.to_string();
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n",
            self.secret,
            body.len()
        );
        Reader::of(self.market, head + &body).await
    }

    /// In whole credits.
    pub(crate) async fn balance(&self) -> i128 {
        let rows = self.market.engine().store().balance(&self.account).await.expect("it can be read");
        rows.first().map_or(0, |row| row.units / CREDIT.cast_signed())
    }

    /// The balance, what is held and what is spent.
    pub(crate) async fn credits(&self) -> [u64; 3] {
        let credits = self.get("/v1/credits").await.json();
        ["balance", "held", "spent"].map(|name| credits[name].as_u64().expect("whole credits"))
    }

    pub(crate) async fn job(&self, id: &str) -> Value {
        self.get(&format!("/v1/jobs/{id}")).await.json()
    }
}

pub(crate) fn request(more: Value) -> Value {
    let mut body = json!({"model": MODEL, "messages": [{"role": "user", "content": "Count to three"}]});
    for (name, value) in more.as_object().expect("fields") {
        body[name] = value.clone();
    }
    body
}

pub(crate) async fn serving(market: &Market, seed: u8) -> Worker {
    let offer = json!({"offer": {"models": [{"name": MODEL}], "concurrency": 8}});
    let (worker, ack) = market.register(seed, Manner::Proven, offer).await;
    assert_eq!(ack["status"], "ok", "{ack}");
    worker
}

/// A stream, once its first word was told, and what its worker was given.
pub(crate) async fn begun(developer: &Developer<'_>, worker: &mut Worker, more: Value) -> (Reader, Value) {
    let mut reader = developer.stream(more).await;
    let assigned = worker.job().await;
    say(worker, &assigned, &["one "], 0).await;
    reader.hear(r#"{"content":"one "}"#).await;
    (reader, assigned)
}

pub(crate) async fn finish(worker: &mut Worker, assigned: &Value, text: &str) {
    let output = json!({"text": text, "model": MODEL, "finish_reason": "stop"}).to_string();
    worker.complete(assigned["job_id"].as_str().expect("a name"), &output).await;
}

#[tokio::test]
async fn a_request_is_a_job_that_is_held_answered_charged_and_shown() {
    let market = Market::open().await;
    let developer = Developer::rich(&market).await;
    let mut worker = serving(&market, 1).await;
    let (answer, assigned) = tokio::join!(developer.chat(json!({"max_tokens": 20})), async {
        let assigned = worker.job().await;
        assert_eq!(developer.balance().await, 92, "the price is held before anybody works");
        assert_eq!(developer.credits().await, [92, 8, 8]);
        finish(&mut worker, &assigned, "one two three").await;
        assigned
    });
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    let sent = &assigned["payload"];
    assert_eq!((&sent["answer"], &sent["max_tokens"]), (&json!("chat"), &json!(20)));
    let id = answer.header("x-decentral-job-id").to_owned();
    let body = answer.json();
    assert_eq!(body["object"], "chat.completion");
    assert_eq!(
        body["choices"],
        json!([{
            "index": 0, "logprobs": null, "finish_reason": "stop",
            "message": {"role": "assistant", "content": "one two three", "refusal": null},
        }])
    );
    let expected = json!({
        "id": id, "object": "job", "status": "settled", "model": MODEL, "tier": "standard",
        "credits_charged": 8, "usdc_value": 0.08,
        "worker_address": bs58::encode(worker.key.public_key().as_bytes()).into_string(),
        "created_at": "2026-02-09T12:00:00Z", "completed_at": "2026-02-09T12:00:00Z",
        "on_chain": {
            "escrow_tx": "ledger:1", "settlement_tx": "ledger:2", "escrow_pda": null, "slot": 2,
            "proof_hash": Digest::of(b"one two three"),
        },
        "usage": {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0},
    });
    assert_eq!(developer.job(&id).await, expected);
    let shown = developer.get(&format!("/v1/jobs/{id}")).await;
    assert_eq!(shown.header("x-decentral-settlement-tx"), "ledger:2");
    assert_eq!(developer.credits().await, [92, 0, 8], "what is charged is held no more");
    // Nobody has the money before the window for disputes has closed.
    let worker_account = Account::Worker(worker.key.public_key().into());
    let paid = || async { market.engine().store().balance(&worker_account).await.expect("it can be read") };
    assert!(paid().await.is_empty());
    market.pass(Millis::seconds(60)).await;
    assert_eq!(paid().await[0].units, 60_000, "75 of 100");
    assert_eq!(
        developer.get("/v1/credits").await.json(),
        json!({
            "object": "credits", "balance": 92, "held": 0, "spent": 8
        })
    );
}

#[tokio::test]
async fn a_stream_begins_with_its_first_text_and_ends_with_done() {
    let market = Market::open().await;
    let developer = Developer::rich(&market).await;
    let mut worker = serving(&market, 1).await;
    let counted = json!({"stream_options": {"include_usage": true}});
    let (mut reader, assigned) = begun(&developer, &mut worker, counted).await;
    assert!(reader.heard.starts_with("HTTP/1.1 200 OK") && reader.heard.contains("text/event-stream"));
    say(&mut worker, &assigned, &["one ", "two"], 1).await;
    reader.hear(r#"{"content":"two"}"#).await;
    finish(&mut worker, &assigned, "one two").await;
    reader.hear("data: [DONE]").await;
    assert!(reader.heard.contains(r#""finish_reason":"stop"}],"usage":null"#), "{}", reader.heard);
    assert!(reader.heard.contains(r#""choices":[],"usage":{"prompt_tokens""#), "{}", reader.heard);
    let path = format!("/v1/jobs/{}/stream", reader.job());
    let again = developer.ask("GET", &path, &[("last-event-id", "4")], &Value::Null).await;

    assert!(
        again.text().contains(r#"{"content":"two"}"#) && !again.text().contains("one "),
        "{}",
        again.text()
    );
}

#[tokio::test]
async fn what_fails_before_the_first_text_goes_to_another_worker_unseen() {
    let market = Market::open().await;
    let developer = Developer::rich(&market).await;
    let (mut first, mut second) = (serving(&market, 1).await, serving(&market, 2).await);
    let mut reader = developer.stream(json!({})).await;
    let (bad, good) = tokio::select! {
        assigned = first.job() => ((&mut first, assigned), &mut second),
        assigned = second.job() => ((&mut second, assigned), &mut first),
    };
    let (worker, assigned) = bad;
    worker.send(json!({"type": "job_fail", "job_id": assigned["job_id"], "error": "out of memory"})).await;
    let assigned = good.job().await;
    say(good, &assigned, &["fine"], 0).await;
    finish(good, &assigned, "fine").await;
    reader.hear("data: [DONE]").await;
    assert!(
        reader.heard.contains(r#"{"content":"fine"}"#) && !reader.heard.contains("error"),
        "{}",
        reader.heard
    );
}

#[tokio::test]
async fn where_the_only_worker_fails_the_client_hears_of_it_within_ten_seconds() {
    let market = Market::open().await;
    let developer = Developer::rich(&market).await;
    let mut worker = serving(&market, 1).await;
    let ask = developer.chat(json!({}));
    let fail = async {
        let assigned = worker.job().await;
        worker
            .send(json!({"type": "job_fail", "job_id": assigned["job_id"], "error": "out of memory"}))
            .await;
        let id = assigned["job_id"].as_str().expect("a name");
        while developer.job(id).await["status"] != "pending" {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        market.pass(Millis::seconds(10)).await;
    };
    let (answer, ()) = tokio::join!(ask, fail);
    assert_eq!(
        (answer.status, &answer.json()["error"]["code"]),
        (StatusCode::BAD_GATEWAY, &json!("worker_failed"))
    );
    assert_eq!(answer.header("x-should-retry"), "");
    assert_eq!(developer.balance().await, 100);
}

#[tokio::test]
async fn a_broken_stream_says_so_and_costs_what_arrived() {
    let market = Market::open().await;
    let developer = Developer::rich(&market).await;
    let mut worker = serving(&market, 1).await;
    let mut reader = developer.stream(json!({})).await;
    let assigned = worker.job().await;
    let pieces: Vec<String> = (0..125).map(|number| format!("{number} ")).collect();
    let pieces: Vec<&str> = pieces.iter().map(String::as_str).collect();
    say(&mut worker, &assigned, &pieces, 0).await;
    reader.hear("124 ").await;
    worker.send(json!({"type": "job_fail", "job_id": assigned["job_id"], "error": "out of memory"})).await;
    reader.hear("stream_broken_off").await;
    assert!(
        !reader.heard.contains(r#""finish_reason":"stop""#) && !reader.heard.contains("[DONE]"),
        "{}",
        reader.heard
    );
    let id = reader.job();
    let job = developer.job(&id).await;
    assert_eq!(
        (&job["status"], &job["credits_charged"]),
        (&json!("settled"), &json!(2)),
        "125 of 500 tokens"
    );
    assert_eq!(job["usage"]["completion_tokens"], 125);
    assert_eq!(developer.balance().await, 98, "the rest came back in the same change");
    let bundle = developer.get(&format!("/v1/jobs/{id}/receipt")).await;
    let bundle = Bundle::parse(&bundle.body).expect("it is a bundle");
    let verdict = verify(&bundle, &Pins::default());
    assert!(verdict.ok());
    assert_eq!(verdict.holds(Claim::Vouched), Some(Holds::NotProven), "only the coordinator says so");
}

#[tokio::test]
async fn what_nobody_can_do_is_a_real_status_and_costs_nothing() {
    let market = Market::open().await;
    let developer = Developer::rich(&market).await;
    let unknown = developer.chat(json!({})).await;
    assert_eq!(
        (unknown.status, &unknown.json()["error"]["code"]),
        (StatusCode::NOT_FOUND, &json!("model_not_found"))
    );
    let mut workers = [serving(&market, 1).await, serving(&market, 2).await, serving(&market, 3).await];
    let (answer, ()) = tokio::join!(developer.chat(json!({"stream": true})), async {
        let [first, second, third] = &mut workers;
        for _ in 0..3 {
            let (worker, assigned) = tokio::select! {
                assigned = first.job() => (&mut *first, assigned),
                assigned = second.job() => (&mut *second, assigned),
                assigned = third.job() => (&mut *third, assigned),
            };
            worker.send(json!({"type": "job_fail", "job_id": assigned["job_id"], "error": "broken"})).await;
        }
    });
    assert_eq!(
        (answer.status, &answer.json()["error"]["code"]),
        (StatusCode::BAD_GATEWAY, &json!("worker_failed"))
    );
    assert_eq!(developer.balance().await, 100);
}

#[tokio::test]
async fn who_cannot_pay_is_told_what_is_missing() {
    let market = Market::open().await;
    let poor = Developer::with(&market, 3, Limits::default()).await;
    let _worker = serving(&market, 1).await;
    let answer = poor.chat(json!({})).await;
    assert_eq!(answer.status, StatusCode::PAYMENT_REQUIRED);
    assert_eq!(
        answer.json(),
        json!({"error": {
            "code": "insufficient_credits", "type": "payment_error", "param": null,
            "message": "Insufficient credits: the balance is 3, and this request to a model of tier standard needs 8.",
            "docs": "/docs/errors#insufficient_credits",
        }})
    );
    assert_eq!(poor.get("/v1/jobs").await.json()["data"], json!([]));
}

#[tokio::test]
async fn a_key_spends_no_more_than_its_limit() {
    let market = Market::open().await;
    let limits = Limits { per_day: Some(10 * CREDIT), in_all: None };
    let developer = Developer::with(&market, 100, limits).await;
    let _worker = serving(&market, 1).await;
    let body = request(json!({}));
    let submit = || developer.ask("POST", "/v1/jobs", &[], &body);
    let (one, other) = tokio::join!(submit(), submit());
    let mut statuses = [one.status, other.status];
    statuses.sort();
    assert_eq!(statuses, [StatusCode::CREATED, StatusCode::PAYMENT_REQUIRED]);
    assert_eq!(developer.balance().await, 92);
}

#[tokio::test]
async fn only_its_key_sees_a_job() {
    let market = Market::open().await;
    let developer = Developer::rich(&market).await;
    let other = Developer::with(&market, 0, Limits::default()).await;
    let _worker = serving(&market, 1).await;
    let id = developer.ask("POST", "/v1/jobs", &[], &request(json!({}))).await.json()["id"]
        .as_str()
        .expect("a name")
        .to_owned();
    let path = format!("/v1/jobs/{id}");
    assert_eq!(developer.get(&path).await.status, StatusCode::OK);
    assert_eq!(other.get(&path).await.status, StatusCode::NOT_FOUND);
    assert_eq!(market.get(&path).await.status, StatusCode::UNAUTHORIZED);
    for (secret, code) in
        [("dcntrl_live_00000000000000000000000000000000", "invalid_api_key"), ("", "invalid_api_key")]
    {
        let bearer = format!("Bearer {secret}");
        let answer = market.send("GET", "/v1/jobs", &[("authorization", &bearer)], b"").await;
        assert_eq!(
            (answer.status, &answer.json()["error"]["code"]),
            (StatusCode::UNAUTHORIZED, &json!(code))
        );
    }
}

#[tokio::test]
async fn lists_are_paged_both_ways_and_filtered() {
    let market = Market::open().await;
    let developer = Developer::rich(&market).await;
    let mut worker = serving(&market, 1).await;
    let mut ids = Vec::new();
    for _ in 0..5 {
        let job = developer.ask("POST", "/v1/jobs", &[], &request(json!({}))).await.json();
        ids.push(job["id"].as_str().expect("a name").to_owned());
        market.pass(Millis(1)).await;
    }
    let assigned = worker.job().await;
    finish(&mut worker, &assigned, "done").await;
    let done = assigned["job_id"].as_str().expect("a name").to_owned();
    loop {
        // What became of it is told to the worker, too.
        let frame = worker.next().await;
        if frame["type"] == "job_done" && frame["job_id"] == done {
            break;
        }
    }
    let list = async |query: &str| {
        let page = developer.get(&format!("/v1/jobs?{query}")).await.json();
        let names = page["data"]
            .as_array()
            .expect("jobs")
            .iter()
            .map(|job| job["id"].as_str().expect("a name").to_owned());
        (
            names.collect::<Vec<_>>(),
            page["has_more"].as_bool(),
            page["next_cursor"].as_str().map(str::to_owned),
        )
    };
    ids.reverse();
    assert_eq!(list("limit=2").await, (ids[..2].to_vec(), Some(true), Some(ids[1].clone())));
    assert_eq!(list(&format!("limit=2&before={}", ids[1])).await.0, ids[2..4]);
    assert_eq!(list(&format!("limit=9&before={}", ids[1])).await, (ids[2..].to_vec(), Some(false), None));
    assert_eq!(
        list(&format!("limit=2&after={}", ids[4])).await,
        (ids[2..4].to_vec(), Some(true), Some(ids[2].clone()))
    );
    assert_eq!(list("status=settled").await.0, [done]);
    assert_eq!(list("model=another").await.0, Vec::<String>::new());
    for wrong in ["limit=0", "limit=101", "status=done", "before=job_x", "before=a&after=b"] {
        assert_eq!(
            developer.get(&format!("/v1/jobs?{wrong}")).await.status,
            StatusCode::BAD_REQUEST,
            "{wrong}"
        );
    }
}

#[tokio::test]
async fn the_same_idempotency_key_is_the_same_job() {
    let market = Market::open().await;
    let developer = Developer::rich(&market).await;
    let mut worker = serving(&market, 1).await;
    let ask = |tokens| {
        let body = request(json!({"max_tokens": tokens}));
        let developer = &developer;
        async move { developer.ask("POST", "/v1/chat/completions", &[("idempotency-key", "\"k1\"")], &body).await }
    };
    let (first, ()) = tokio::join!(ask(20), async {
        let assigned = worker.job().await;
        finish(&mut worker, &assigned, "once").await;
    });
    let second = ask(20).await;
    assert_eq!(first.body, second.body);
    assert_eq!(ask(21).await.json()["error"]["code"], "idempotency_key_reused");
    assert_eq!(developer.balance().await, 92);
    drop(worker);
    market.pass(Millis::seconds(40)).await;
    assert_eq!(
        developer.chat(json!({})).await.json()["error"]["code"],
        "model_not_found",
        "nobody serves it now"
    );
    assert_eq!(ask(20).await.body, first.body, "and yet the job is there");
    assert_eq!(ask(21).await.json()["error"]["code"], "idempotency_key_reused");
}

#[tokio::test]
async fn who_goes_away_pays_for_what_he_has_and_the_worker_is_told() {
    let market = Market::open().await;
    let developer = Developer::rich(&market).await;
    let mut worker = serving(&market, 1).await;
    let (reader, _) = begun(&developer, &mut worker, json!({})).await;
    let id = reader.job();
    drop(reader);
    let told = loop {
        let frame = worker.next().await;
        if frame["type"] == "job_cancel" {
            break frame;
        }
    };
    assert_eq!((&told["job_id"], &told["reason"]), (&json!(id), &json!("cancelled_by_client")));
    let job = developer.job(&id).await;
    assert_eq!(
        (&job["status"], &job["credits_charged"]),
        (&json!("settled"), &json!(0.016)),
        "1 of 500 tokens"
    );
}

#[tokio::test]
async fn a_job_is_withdrawn_and_then_costs_nothing() {
    let market = Market::open().await;
    let developer = Developer::rich(&market).await;
    let mut worker = serving(&market, 1).await;
    let id = developer.ask("POST", "/v1/jobs", &[], &request(json!({}))).await.json()["id"]
        .as_str()
        .expect("a name")
        .to_owned();
    worker.job().await;
    let path = format!("/v1/jobs/{id}/cancel");
    let cancelled = developer.ask("POST", &path, &[], &Value::Null).await;
    assert_eq!((cancelled.status, &cancelled.json()["status"]), (StatusCode::OK, &json!("refunded")));
    assert_eq!(developer.balance().await, 100);
    assert_eq!(developer.ask("POST", &path, &[], &Value::Null).await.status, StatusCode::CONFLICT);
}

#[tokio::test]
async fn nobody_asks_and_after_120_seconds_the_credits_are_back() {
    let market = Market::open().await;
    let developer = Developer::rich(&market).await;
    let mut worker = serving(&market, 1).await;
    let id = developer.ask("POST", "/v1/jobs", &[], &request(json!({}))).await.json()["id"]
        .as_str()
        .expect("a name")
        .to_owned();
    worker.job().await;
    market.pass(Millis::seconds(120)).await;
    assert_eq!(developer.job(&id).await["status"], "refunded");
    assert_eq!(developer.balance().await, 100);
}

#[tokio::test]
async fn where_nothing_else_decides_credentials_do() {
    let market = Market::open().await;
    let developer = Developer::rich(&market).await;
    assert_eq!(developer.get("/v1/nothing").await.json()["error"]["code"], "unknown_url");
    assert_eq!(market.get("/v1/nothing").await.json(), json!({"error": "Not found"}));
    let wrong = developer.ask("PUT", "/v1/chat/completions", &[], &Value::Null).await;
    assert_eq!(
        (wrong.status, &wrong.json()["error"]["code"]),
        (StatusCode::METHOD_NOT_ALLOWED, &json!("method_not_allowed"))
    );
    let page = market.get("/docs/errors").await;
    assert_eq!(page.header("content-type"), "text/markdown; charset=utf-8");
    assert!(page.text().contains("`insufficient_credits`"));
    let page = market.send("GET", "/docs/errors", &[("accept", "text/html,*/*;q=0.8")], b"").await;
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    assert!(page.text().contains("id=\"insufficient_credits\""));
}
