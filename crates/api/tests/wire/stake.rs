//! Stakes: what they bring, what they cost, and when they come back.

use crate::credits::{Developer, finish, serving};
use crate::http::Answer;
use crate::market::{Market, TOKEN};
use crate::worker::Worker;
use docket_core::id::{Dialect, PublicId};
use docket_core::ledger::Account;
use docket_core::policy::Ruling;
use docket_core::time::Millis;
use hyper::StatusCode;
use serde_json::json;

const THOUSAND_CREDITS: u128 = 10_000_000;
const TEXT: &str = "one two three";

impl Market {
    async fn stake(&self, worker: &Worker, action: &str, amount: u128, key: &str) -> Answer {
        let body = json!({"action": action, "amount": amount.to_string()}).to_string();
        self.stake_as(&worker.pubkey(), key, &body).await
    }

    async fn stake_as(&self, worker: &str, key: &str, body: &str) -> Answer {
        let bearer = format!("Bearer {TOKEN}");
        let headers = [
            ("authorization", bearer.as_str()),
            ("content-type", "application/json"),
            ("idempotency-key", key),
        ];
        self.send("POST", &format!("/admin/v1/workers/{worker}/stake"), &headers, body.as_bytes()).await
    }

    async fn units(&self, account: &Account) -> i128 {
        self.engine().caught_up().await;
        let rows = self.engine().store().balance(account).await.expect("it can be read");
        rows.first().map_or(0, |row| row.units)
    }

    /// What the worker has at stake and has earned, and the treasury.
    async fn shares(&self, worker: &Worker) -> [i128; 3] {
        let id = worker.key.public_key().into();
        [
            self.units(&Account::Staked(id)).await,
            self.units(&Account::Worker(id)).await,
            self.units(&Account::Treasury).await,
        ]
    }

    async fn agree(&self) {
        let checked = self.admin("GET", "/ledger/check").await.json();
        assert_eq!(checked["agree"], true, "{checked}");
    }
}

async fn answered(developer: &Developer<'_>, worker: &mut Worker) -> String {
    let (answer, ()) = tokio::join!(developer.chat(json!({})), async {
        let assigned = worker.job().await;
        finish(worker, &assigned, TEXT).await;
    });
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    answer.header("x-decentral-job-id").to_owned()
}

#[tokio::test]
async fn a_stake_of_1000_credits_raises_the_pay_to_85_percent() {
    let market = Market::open().await;
    let developer = Developer::rich(&market).await;
    let mut worker = serving(&market, 1).await;
    let least = THOUSAND_CREDITS;
    let almost = market.stake(&worker, "deposit", least - 1, "s1").await;
    assert_eq!((almost.status, &almost.json()["counts"]), (StatusCode::CREATED, &json!(false)));
    answered(&developer, &mut worker).await;
    market.pass(Millis::seconds(20)).await;
    worker.send(json!({"type": "heartbeat", "provider_pubkey": worker.pubkey(), "metrics": {}})).await;
    let enough = market.stake(&worker, "deposit", 1, "s2").await;
    assert_eq!(enough.json()["counts"], json!(true));
    // What was delivered before keeps its division.
    answered(&developer, &mut worker).await;
    market.pass(Millis::seconds(60)).await;
    let least = least.cast_signed();
    assert_eq!(market.shares(&worker).await, [least, 60_000 + 68_000, 20_000 + 12_000]);
    market.agree().await;
}

#[tokio::test]
async fn a_stake_outlasts_a_restart_and_comes_back_when_nothing_can_be_disputed() {
    let mut market = Market::open().await;
    {
        let worker = serving(&market, 1).await;
        market.stake(&worker, "deposit", THOUSAND_CREDITS, "s1").await;
    }
    market.restart().await;
    let mut worker = serving(&market, 1).await;
    let shown = market.admin("GET", &format!("/workers/{}", worker.pubkey())).await.json();
    assert_eq!(shown["stake"]["units"], json!(THOUSAND_CREDITS.to_string()));
    {
        let developer = Developer::rich(&market).await;
        answered(&developer, &mut worker).await;
    }
    let refused = market.stake(&worker, "withdraw", 1, "w1").await;
    assert_eq!(
        (refused.status, &refused.json()["code"]),
        (StatusCode::CONFLICT, &json!("worker.stake_in_use"))
    );
    market.pass(Millis::seconds(60)).await;
    assert_eq!(market.shares(&worker).await, [10_000_000, 68_000, 12_000]);
    let too_much = market.stake(&worker, "withdraw", THOUSAND_CREDITS + 1, "w1").await;
    assert_eq!(too_much.json()["code"], json!("money.insufficient_funds"));
    for (status, repeated) in [(StatusCode::CREATED, false), (StatusCode::OK, true)] {
        let back = market.stake(&worker, "withdraw", 1_000, "w2").await;
        assert_eq!((back.status, &back.json()["repeated"]), (status, &json!(repeated)));
    }
    let kept = market.stake(&worker, "keep", 69_000, "k1").await;
    assert_eq!(kept.json()["stake"]["units"], json!("10068000"));
    assert_eq!(market.shares(&worker).await, [10_068_000, 0, 12_000]);
    market.agree().await;
}

#[tokio::test]
async fn a_ruling_for_the_client_takes_as_much_again_from_the_stake() {
    let market = Market::open().await;
    let developer = Developer::rich(&market).await;
    let mut worker = serving(&market, 1).await;
    market.stake(&worker, "deposit", 100_000, "s1").await;
    for left in [20_000, 0] {
        let id = answered(&developer, &mut worker).await;
        let engine = market.engine();
        engine.caught_up().await;
        let name = PublicId { dialect: Dialect::Credits, text: id.as_str().into() };
        let job = engine.find(&name).await.expect("it can be read").expect("it is there");
        engine.dispute(job.id, None, None).await.expect("it may be disputed");
        engine.rule(job.id, Ruling::ForClient).await.expect("it is disputed");
        let shown = developer.get(&format!("/v1/jobs/{id}/dispute")).await.json();
        let last = shown["transfers"].as_array().and_then(|transfers| transfers.last()).cloned();
        let last = last.expect("money has moved");
        assert_eq!(shown["ruling"], json!("for_client"), "{shown}");
        assert_eq!((&last["event"], &last["to"]), (&json!("ruled"), &json!("treasury")), "{shown}");
        assert_eq!(last["from"], json!(format!("staked:{}", worker.pubkey())));
        assert_eq!(market.shares(&worker).await[0], left);
    }
    assert_eq!(market.shares(&worker).await, [0, 0, 100_000]);
    market.agree().await;
}

#[tokio::test]
async fn a_stake_that_a_ruling_took_counts_no_more_for_a_worker_that_stays() {
    let market = Market::open().await;
    let developer = Developer::rich(&market).await;
    let mut worker = serving(&market, 1).await;
    market.stake(&worker, "deposit", THOUSAND_CREDITS, "s1").await;
    let id = answered(&developer, &mut worker).await;
    let engine = market.engine();
    engine.caught_up().await;
    let name = PublicId { dialect: Dialect::Credits, text: id.as_str().into() };
    let job = engine.find(&name).await.expect("it can be read").expect("it is there");
    engine.dispute(job.id, None, None).await.expect("it may be disputed");
    engine.rule(job.id, Ruling::ForClient).await.expect("it is disputed");
    answered(&developer, &mut worker).await;
    market.pass(Millis::seconds(60)).await;
    // Of 80,000 units it has 75 percent, and not 85.
    assert_eq!(market.shares(&worker).await, [9_920_000, 60_000, 80_000 + 20_000]);
    market.agree().await;
}

#[tokio::test]
async fn what_is_no_change_of_a_stake_is_refused() {
    let market = Market::open().await;
    let worker = serving(&market, 1).await;
    let good = r#"{"action":"deposit","amount":"5"}"#;
    for (id, key, body, status) in [
        ("xyz", "s1", good, StatusCode::BAD_REQUEST),
        (&*"22".repeat(32), "s1", good, StatusCode::NOT_FOUND),
        (&*worker.pubkey(), "", good, StatusCode::BAD_REQUEST),
        (&*worker.pubkey(), "s1", r#"{"action":"deposit","amount":"0"}"#, StatusCode::BAD_REQUEST),
        (&*worker.pubkey(), "s1", r#"{"action":"deposit","amount":5}"#, StatusCode::BAD_REQUEST),
        (&*worker.pubkey(), "s1", r#"{"action":"burn","amount":"5"}"#, StatusCode::BAD_REQUEST),
        (&*worker.pubkey(), "s1", r#"{"action":"keep","amount":"5"}"#, StatusCode::CONFLICT),
        (&*worker.pubkey(), "s1", r#"{"action":"withdraw","amount":"5"}"#, StatusCode::CONFLICT),
    ] {
        let answer = market.stake_as(id, key, body).await;
        assert_eq!(answer.status, status, "{id} {key} {body}: {}", answer.text());
    }
    assert_eq!(market.shares(&worker).await, [0, 0, 0]);
}
