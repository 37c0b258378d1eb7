//! Disputes of the dialect `credits`: what is provable is decided at once, the rest by the arbiter or by time.

use crate::credits::{Developer, MODEL, finish, request, serving};
use crate::http::Answer;
use crate::market::{Market, TOKEN};
use crate::worker::{Worker, say};
use docket_core::command::Command;
use docket_core::hash::Sha256;
use docket_core::id::{ClientId, Dialect, PublicId};
use docket_core::key::Limits;
use docket_core::ledger::Account;
use docket_core::policy::Ruling;
use docket_core::refusal::Refusal;
use docket_core::time::Millis;
use docket_core::worker::Standing;
use docket_engine::EngineError;
use docket_protocol::digest::Digest;
use docket_protocol::receipt::FullReceipt;
use hyper::StatusCode;
use serde_json::{Value, json};

const TEXT: &str = "one two three";
/// 125 tokens, a quarter of what the price covers: 2 credits.
const PART: usize = 125;

impl Developer<'_> {
    async fn units(&self, account: &Account) -> i128 {
        self.market.engine().caught_up().await;
        let rows = self.market.engine().store().balance(account).await.expect("it can be read");
        rows.first().map_or(0, |row| row.units)
    }

    /// In minor units: the client's, the worker's, the platform's.
    async fn holdings(&self, worker: &Worker) -> [i128; 3] {
        let worker = Account::Worker(worker.key.public_key().into());
        [self.units(&self.account).await, self.units(&worker).await, self.units(&Account::Treasury).await]
    }

    async fn dispute(&self, job: &str, hash: impl ToString) -> Answer {
        let body = json!({"received_output_hash": hash.to_string()});
        self.ask("POST", &format!("/v1/jobs/{job}/dispute"), &[], &body).await
    }

    async fn shown(&self, job: &str) -> Value {
        let answer = self.get(&format!("/v1/jobs/{job}/dispute")).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
        answer.json()
    }

    /// A job with a whole answer.
    async fn answered(&self, worker: &mut Worker) -> String {
        let (answer, ()) = tokio::join!(self.chat(json!({})), async {
            let assigned = worker.job().await;
            finish(worker, &assigned, TEXT).await;
        });
        self.market.engine().caught_up().await;
        answer.header("x-decentral-job-id").to_owned()
    }

    /// A job whose answer broke off; and what the client has of it.
    async fn broken(&self, worker: &mut Worker) -> (String, String) {
        let mut reader = self.stream(json!({})).await;
        let assigned = worker.job().await;
        let pieces: Vec<String> = (0..PART).map(|number| format!("{number} ")).collect();
        let pieces: Vec<&str> = pieces.iter().map(String::as_str).collect();
        say(worker, &assigned, &pieces, 0).await;
        reader.hear("124 ").await;
        worker.send(json!({"type": "job_fail", "job_id": assigned["job_id"], "error": "no memory"})).await;
        reader.hear("stream_broken_off").await;
        self.market.engine().caught_up().await;
        (reader.job(), pieces.concat())
    }
}

impl Market {
    async fn rule(&self, job: &str, body: Value) -> Answer {
        let bearer = format!("Bearer {TOKEN}");
        let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
        self.send("POST", &format!("/admin/v1/jobs/{job}/ruling"), &headers, body.to_string().as_bytes())
            .await
    }

    async fn standing(&self, worker: &Worker) -> Standing {
        self.engine().caught_up().await;
        let known = self.engine().store().worker(worker.key.public_key().into()).await;
        known.expect("it can be read").expect("it has registered").standing
    }
}

/// Delivers with a full receipt that says which text the output has.
async fn finish_saying(worker: &mut Worker, assigned: &Value, text: &str, said: Digest) {
    let output = json!({"text": text, "model": MODEL}).to_string();
    let full = FullReceipt { text_hash: Some(said), ..worker.full_receipt(assigned, &output) };
    let signature = full.sign(&worker.key);
    worker.send_together(vec![Worker::completion(full, &output, (signature, None))]).await;
}

#[tokio::test]
async fn equal_hashes_open_nothing_and_say_so() {
    let market = Market::open().await;
    let developer = Developer::rich(&market).await;
    let mut worker = serving(&market, 1).await;
    let id = developer.answered(&mut worker).await;
    let hash = Digest::of(TEXT.as_bytes());
    let answer = developer.dispute(&id, hash).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(
        answer.json(),
        json!({
            "job_id": id, "dispute_opened": false, "your_hash": hash, "worker_hash": hash,
            "dispute_tx": null, "arbitration_window_hours": 24,
        })
    );
    assert_eq!(developer.job(&id).await["status"], "settled");
    let none = developer.get(&format!("/v1/jobs/{id}/dispute")).await;
    assert_eq!(
        (none.status, none.json()),
        (
            StatusCode::NOT_FOUND,
            json!({"error": {
                "code": "dispute_not_found", "message": "Nobody has disputed the outcome of this job.",
                "type": "invalid_request_error", "param": null, "docs": "/docs/errors#dispute_not_found",
            }})
        )
    );
    market.pass(Millis::seconds(60)).await;
    assert_eq!(
        developer.holdings(&worker).await,
        [920_000, 60_000, 20_000],
        "it vests as if nobody had asked"
    );
}

#[tokio::test]
async fn a_hash_that_nobody_else_has_is_decided_at_once_for_the_worker() {
    let market = Market::open().await;
    let developer = Developer::rich(&market).await;
    let mut worker = serving(&market, 1).await;
    let id = developer.answered(&mut worker).await;
    assert_eq!(developer.holdings(&worker).await, [920_000, 0, 0], "it vests");
    market.pass(Millis(59_999)).await;
    let (hash, wrong) = (Digest::of(TEXT.as_bytes()), Digest::of(b"another text"));
    let answer = developer.dispute(&id, wrong).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(
        answer.json(),
        json!({
            "job_id": id, "dispute_opened": true, "your_hash": wrong, "worker_hash": hash,
            "dispute_tx": "ledger:3", "arbitration_window_hours": 24, "ruling": "for_worker",
        })
    );
    assert_eq!(developer.holdings(&worker).await, [920_000, 60_000, 20_000]);
    assert_eq!(market.standing(&worker).await, Standing { completed: 1, failed: 0 });
    let shown = developer.shown(&id).await;
    let number = shown["transfers"][0]["to"].as_str().and_then(|to| to.strip_prefix("escrow:"));
    let (escrow, vesting) = (format!("escrow:{}", number.unwrap()), format!("vesting:{}", number.unwrap()));
    let earned = format!("worker:{}", worker.pubkey());
    let moved = |at: &str, event: &str, from: &str, to: &str, credits: u8, tx: &str| json!({"at": at, "event": event, "from": from, "to": to, "credits": credits, "tx": tx});
    let (noon, then) = ("2026-02-09T12:00:00Z", "2026-02-09T12:00:59Z");
    assert_eq!(
        shown,
        json!({
            "object": "dispute", "job_id": id, "status": "ruled",
            "opened_at": then, "deadline": "2026-02-10T12:00:59Z", "ruled_at": then,
            "ruling": "for_worker", "client_share_bp": null, "decided_by": "rules",
            "evidence": {
                "your_hash": wrong, "worker_hash": hash, "relayed_hash": hash, "vouched_by": "worker",
                "receipt": format!("/v1/jobs/{id}/receipt"), "receipt_tx": "ledger:2",
            },
            "transfers": [
                moved(noon, "funded", "client:credits:dev", &escrow, 8, "ledger:1"),
                moved(noon, "settled", &escrow, &vesting, 8, "ledger:2"),
                moved(then, "ruled", &vesting, &earned, 6, "ledger:3"),
                moved(then, "ruled", &vesting, "treasury", 2, "ledger:3"),
            ],
        })
    );
    assert_eq!(developer.job(&id).await["status"], "settled");
    let again = developer.dispute(&id, wrong).await;
    assert_eq!(
        (again.status, &again.json()["error"]["code"]),
        (StatusCode::CONFLICT, &json!("already_disputed"))
    );
}

/// A worker signs that it said something else, and another one has the job next.
async fn lie_is_noticed(streamed: bool) {
    let market = Market::open().await;
    let developer = Developer::rich(&market).await;
    let mut liar = serving(&market, 1).await;
    let (answer, honest) = tokio::join!(developer.chat(json!({"stream": streamed})), async {
        let assigned = liar.job().await;
        let mut honest = serving(&market, 2).await;
        let lie = Digest::of(b"what was never said");
        finish_saying(&mut liar, &assigned, TEXT, lie).await;
        let assigned = honest.job().await;
        finish_saying(&mut honest, &assigned, TEXT, Digest::of(TEXT.as_bytes())).await;
        honest
    });
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    assert!(answer.text().contains(TEXT), "{}", answer.text());
    let id = answer.header("x-decentral-job-id").to_owned();
    let refused = loop {
        let frame = liar.next().await;
        if frame["type"] != "heartbeat_ack" {
            break frame;
        }
    };
    assert_eq!((&refused["type"], &refused["reason"]), (&json!("job_cancel"), &json!("bad_receipt")));
    market.pass(Millis::seconds(60)).await;
    assert_eq!(market.standing(&liar).await, Standing { completed: 0, failed: 1 });
    assert_eq!(market.standing(&honest).await, Standing { completed: 1, failed: 0 });
    assert_eq!(developer.holdings(&liar).await, [920_000, 0, 20_000]);
    let bundle = developer.get(&format!("/v1/jobs/{id}/receipt")).await.json();
    assert_eq!(bundle["receipt"]["text_hash"], json!(Digest::of(TEXT.as_bytes())), "{bundle}");
}

#[tokio::test]
async fn a_receipt_for_another_text_than_was_delivered_proves_nothing() {
    Box::pin(lie_is_noticed(false)).await;
}

#[tokio::test]
async fn neither_does_one_of_a_streamed_answer_that_came_in_one_piece() {
    Box::pin(lie_is_noticed(true)).await;
}

#[tokio::test]
async fn a_dispute_that_was_opened_and_not_ended_is_ended_by_the_next_who_asks() {
    let mut market = Market::open().await;
    let id = {
        let developer = Developer::rich(&market).await;
        let mut worker = serving(&market, 1).await;
        developer.answered(&mut worker).await
    };
    let name = PublicId { dialect: Dialect::Credits, text: id.as_str().into() };
    let job = market.engine().find(&name).await.expect("it can be read").expect("it is there");
    let claim = Some(Sha256::of(b"another text"));
    market.engine().execute(job.id, &Command::Dispute { claim, filing: None }).await.expect("it is opened");
    market.restart().await;
    let developer = Developer::with(&market, 0, Limits::default()).await;
    let ruled = market.engine().dispute(job.id, claim, Some(Ruling::ForWorker)).await.expect("it is ended");
    assert_eq!((ruled.job.state.name(), ruled.log_index), ("arbitrated", Some(3)));
    assert_eq!(developer.units(&Account::Treasury).await, 20_000);
    let again = market.engine().dispute(job.id, claim, Some(Ruling::ForWorker)).await;
    assert!(matches!(again, Err(EngineError::Refused(Refusal::AlreadyDisputed))), "{again:?}");
}

#[tokio::test]
async fn a_part_that_only_the_coordinator_vouches_for_waits_for_the_arbiter_who_may_divide() {
    let market = Market::open().await;
    let developer = Developer::rich(&market).await;
    let mut worker = serving(&market, 1).await;
    let (id, text) = developer.broken(&mut worker).await;
    assert_eq!(developer.holdings(&worker).await, [980_000, 0, 0]);
    let (hash, other) = (Digest::of(text.as_bytes()), Digest::of(b"less"));
    let answer = developer.dispute(&id, other).await;
    assert_eq!(
        answer.json(),
        json!({
            "job_id": id, "dispute_opened": true, "your_hash": other, "worker_hash": hash,
            "dispute_tx": null, "arbitration_window_hours": 24,
        })
    );
    assert_eq!(developer.job(&id).await["status"], "disputed");
    let again = developer.dispute(&id, other).await;
    assert_eq!(
        (again.status, again.json()),
        (
            StatusCode::CONFLICT,
            json!({"error": {
                "code": "already_disputed", "message": "the outcome of this job was disputed before",
                "type": "invalid_request_error", "param": null, "docs": "/docs/errors#already_disputed",
            }})
        )
    );
    market.pass(Millis::hours(23)).await;
    assert_eq!(developer.holdings(&worker).await, [980_000, 0, 0], "a dispute stops the vesting");
    let open = developer.shown(&id).await;
    let noon = "2026-02-09T12:00:00Z";
    assert_eq!(
        open,
        json!({
            "object": "dispute", "job_id": id, "status": "open",
            "opened_at": noon, "deadline": "2026-02-10T12:00:00Z", "ruled_at": null,
            "ruling": null, "client_share_bp": null, "decided_by": null,
            "evidence": {
                "your_hash": other, "worker_hash": hash, "relayed_hash": hash, "vouched_by": "coordinator",
                "receipt": format!("/v1/jobs/{id}/receipt"), "receipt_tx": "ledger:2",
            },
            "transfers": open["transfers"],
        })
    );
    assert_eq!(open["transfers"].as_array().map(Vec::len), Some(3));
    let wrong = [
        json!({"ruling": "for_nobody"}),
        json!({"ruling": "divided"}),
        json!({"ruling": "divided", "client_share_bp": 10_001}),
        json!({"ruling": "for_worker", "client_share_bp": 1}),
        json!({"ruling": "for_worker", "more": 1}),
        json!({}),
    ];
    for body in wrong {
        let refused = market.rule(&id, body.clone()).await;
        assert_eq!(
            (refused.status, &refused.json()["code"]),
            (StatusCode::BAD_REQUEST, &json!("request.invalid")),
            "{body}"
        );
    }
    let ruled = market.rule(&id, json!({"ruling": "divided", "client_share_bp": 5_000})).await;
    assert_eq!(
        (ruled.status, &ruled.json()["state"]),
        (StatusCode::OK, &json!("arbitrated")),
        "{}",
        ruled.text()
    );
    assert_eq!(developer.holdings(&worker).await, [990_000, 7_500, 2_500]);
    let shown = developer.shown(&id).await;
    let end = json!([
        shown["status"],
        shown["ruled_at"],
        shown["ruling"],
        shown["client_share_bp"],
        shown["decided_by"]
    ]);
    assert_eq!(end, json!(["ruled", "2026-02-10T11:00:00Z", "divided", 5_000, "arbiter"]));
    let ends: Vec<_> = shown["transfers"].as_array().unwrap()[3..]
        .iter()
        .map(|moved| json!([moved["to"], moved["credits"], moved["tx"]]))
        .collect();
    assert_eq!(
        ends,
        [
            json!(["client:credits:dev", 1, "ledger:3"]),
            json!([format!("worker:{}", worker.pubkey()), 0.75, "ledger:3"]),
            json!(["treasury", 0.25, "ledger:3"]),
        ]
    );
    let job = developer.job(&id).await;
    assert_eq!((&job["status"], &job["credits_charged"]), (&json!("settled"), &json!(1)));
    let late = market.rule(&id, json!({"ruling": "for_client"})).await;
    assert_eq!((late.status, &late.json()["code"]), (StatusCode::CONFLICT, &json!("job.not_now")));
}

#[tokio::test]
async fn the_arbiter_may_give_all_back_and_the_worker_has_failed_once() {
    let market = Market::open().await;
    let developer = Developer::rich(&market).await;
    let mut worker = serving(&market, 1).await;
    let (id, _) = developer.broken(&mut worker).await;
    let failed = Standing { completed: 0, failed: 1 };
    assert_eq!(market.standing(&worker).await, failed, "it broke off by its fault");
    developer.dispute(&id, Digest::of(b"nothing")).await;
    let ruled = market.rule(&id, json!({"ruling": "for_client"})).await;
    assert_eq!(ruled.status, StatusCode::OK, "{}", ruled.text());
    assert_eq!(developer.holdings(&worker).await, [1_000_000, 0, 0]);
    assert_eq!(developer.job(&id).await["status"], "refunded");
    assert_eq!(market.standing(&worker).await, failed);
}

#[tokio::test]
async fn where_nobody_rules_within_24_hours_the_worker_is_paid() {
    let market = Market::open().await;
    let developer = Developer::rich(&market).await;
    let mut worker = serving(&market, 1).await;
    let (id, _) = developer.broken(&mut worker).await;
    developer.dispute(&id, Digest::of(b"nothing")).await;
    market.pass(Millis(Millis::hours(24).0 - 1)).await;
    assert_eq!(developer.holdings(&worker).await, [980_000, 0, 0]);
    market.pass(Millis(1)).await;
    assert_eq!(developer.holdings(&worker).await, [980_000, 15_000, 5_000]);
    let shown = developer.shown(&id).await;
    let end = json!([shown["status"], shown["ruled_at"], shown["ruling"], shown["decided_by"]]);
    assert_eq!(end, json!(["ruled", "2026-02-10T12:00:00Z", "for_worker", "default"]));
    assert_eq!(developer.job(&id).await["status"], "settled");
}

#[tokio::test]
async fn what_cannot_be_disputed_has_an_error_of_its_own() {
    let market = Market::open().await;
    let developer = Developer::rich(&market).await;
    let mut worker = serving(&market, 1).await;
    let wrong = Digest::of(b"another text");
    let refused = |answer: Answer| {
        let error = answer.json()["error"].clone();
        json!([answer.status.as_u16(), error["code"], error["param"]])
    };

    let open = developer.ask("POST", "/v1/jobs", &[], &request(json!({}))).await.json();
    let unfinished = open["id"].as_str().expect("a name");
    worker.job().await;
    assert_eq!(refused(developer.dispute(unfinished, wrong).await), json!([409, "job_unfinished", null]));
    developer.ask("POST", &format!("/v1/jobs/{unfinished}/cancel"), &[], &Value::Null).await;
    assert_eq!(refused(developer.dispute(unfinished, wrong).await), json!([409, "nothing_delivered", null]));

    let id = developer.answered(&mut worker).await;
    let path = format!("/v1/jobs/{id}/dispute");
    for hash in ["sha256:abc".to_owned(), "g".repeat(64), String::new(), wrong.to_string().to_uppercase()] {
        let expected = json!([400, "invalid_request", "received_output_hash"]);
        assert_eq!(refused(developer.dispute(&id, &hash).await), expected, "{hash}");
    }
    for body in [json!({}), json!({"received_output_hash": 7})] {
        let expected = json!([400, "invalid_request", "received_output_hash"]);
        assert_eq!(refused(developer.ask("POST", &path, &[], &body).await), expected, "{body}");
    }
    assert_eq!(
        refused(developer.ask("POST", &path, &[], &json!([])).await),
        json!([400, "invalid_request", null])
    );

    let engine = market.engine();
    let other = ClientId("credits:other".into());
    let (secret, _) =
        engine.create_key(other, "other".into(), Limits::default()).await.expect("a key is made");
    let bearer = format!("Bearer {}", secret.expose());
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    let body = json!({"received_output_hash": wrong}).to_string();
    for method in ["GET", "POST"] {
        let foreign = market.send(method, &path, &headers, body.as_bytes()).await;
        assert_eq!(refused(foreign), json!([404, "job_not_found", null]), "{method}");
    }
    let nobody = market.send("POST", &path, &[("content-type", "application/json")], body.as_bytes()).await;
    assert_eq!(refused(nobody), json!([401, "invalid_api_key", null]));

    market.pass(Millis::seconds(60)).await;
    let late = developer.dispute(&id, wrong).await;
    assert_eq!(
        (late.status, late.json()),
        (
            StatusCode::CONFLICT,
            json!({"error": {
                "code": "dispute_window_closed", "message": "the dispute window has closed",
                "type": "invalid_request_error", "param": null, "docs": "/docs/errors#dispute_window_closed",
            }})
        )
    );
    assert_eq!(
        developer.holdings(&worker).await,
        [920_000, 60_000, 20_000],
        "none of this has moved anything"
    );
    let undisputed = market.rule(&id, json!({"ruling": "for_client"})).await;
    assert_eq!(
        (undisputed.status, &undisputed.json()["code"]),
        (StatusCode::CONFLICT, &json!("job.not_now"))
    );
    let unknown = market.rule("job_nothing", json!({"ruling": "for_client"})).await;
    assert_eq!(
        (unknown.status, &unknown.json()["code"]),
        (StatusCode::NOT_FOUND, &json!("request.not_found"))
    );
}
