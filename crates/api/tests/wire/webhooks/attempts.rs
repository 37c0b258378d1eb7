//! How often it is tried, until when, what survives a restart, and where nothing is ever sent.

use super::{Owner, Receiver, Reply, market_to};
use crate::credits::serving;
use crate::market::Market;
use docket_api::Reach;
use docket_core::hook::PAUSES;
use docket_core::time::Millis;
use hyper::StatusCode;
use serde_json::{Value, json};

#[tokio::test]
async fn what_fails_is_tried_again_with_the_same_id_and_bytes() {
    let market = Market::open().await;
    let owner = Owner::of(&market, "dev", 200).await;
    let mut elsewhere = Receiver::start([]).await;
    let redirect = Reply::To(elsewhere.url("/elsewhere"));
    let mut receiver = Receiver::start([Reply::Status(500), redirect, Reply::Status(204)]).await;
    let (hook, key) = owner.hook(&market, &receiver.url("/"), &["job.completed"]).await;
    let mut worker = serving(&market, 1).await;
    owner.answered(&market, &mut worker).await;
    let first = receiver.hear().await;
    let failed = owner.until(&market, &hook, |delivery| delivery["attempts"] == 1).await;
    assert_eq!(
        failed,
        json!({
            "event_id": first.json()["id"], "type": "job.completed", "job_id": first.json()["data"]["id"],
            "created_at": "2026-02-09T12:00:00Z", "status": "pending", "attempts": 1, "last_status": 500,
            "last_error": null, "next_attempt_at": "2026-02-09T12:00:05Z", "delivered_at": null,
        })
    );
    market.pass(Millis(4_999)).await;
    receiver.heard_all();
    market.pass(Millis(1)).await;
    let second = receiver.hear().await;
    let failed = owner.until(&market, &hook, |delivery| delivery["attempts"] == 2).await;
    assert_eq!(
        (&failed["last_status"], &failed["next_attempt_at"]),
        (&json!(307), &json!("2026-02-09T12:00:35Z"))
    );
    elsewhere.heard_all();
    market.pass(Millis::seconds(30)).await;
    let third = receiver.hear().await;
    for message in [&first, &second, &third] {
        message.check(&key);
        assert_eq!(message.body, first.body);
    }
    let times = [&first, &second, &third].map(|message| message.header("webhook-timestamp").to_owned());
    assert_eq!(times, ["1770638400", "1770638405", "1770638435"]);
    let done = owner.until(&market, &hook, |delivery| delivery["status"] == "delivered").await;
    assert_eq!((&done["attempts"], &done["last_status"]), (&json!(3), &json!(204)));
    assert_eq!(
        (&done["delivered_at"], &done["next_attempt_at"]),
        (&json!("2026-02-09T12:00:35Z"), &Value::Null)
    );
    let metrics = market.get("/metrics").await;
    for line in [
        "docket_webhook_attempts_total{outcome=\"failed\"} 2",
        "docket_webhook_attempts_total{outcome=\"delivered\"} 1",
        "docket_webhooks_waiting 0",
    ] {
        assert!(metrics.text().contains(line), "{}", metrics.text());
    }
}

#[tokio::test]
async fn after_a_day_it_is_given_up_and_can_be_asked_for_again_until_it_is_forgotten() {
    let market = Market::open().await;
    let owner = Owner::of(&market, "dev", 0).await;
    let mut receiver = Receiver::start((0..11).map(|_| Reply::Status(503))).await;
    let (hook, _) = owner.hook(&market, &receiver.url("/"), &["job.failed"]).await;
    let event = owner.ping(&market, &hook).await;
    for (attempt, pause) in (1..).zip(PAUSES) {
        assert_eq!(receiver.hear().await.header("webhook-id"), event);
        let failed = owner.until(&market, &hook, |delivery| delivery["attempts"] == attempt).await;
        assert_eq!(failed["status"], "pending");
        market.pass(pause).await;
    }
    receiver.hear().await;
    let failed = owner.until(&market, &hook, |delivery| delivery["attempts"] == 11).await;
    assert_eq!((&failed["status"], &failed["next_attempt_at"]), (&json!("failed"), &Value::Null));
    market.pass(Millis::hours(24)).await;

    let replay = format!("/v1/webhooks/{hook}/deliveries/{event}/replay");
    let answer = owner.ask(&market, "POST", &replay, Value::Null).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED);
    assert_eq!((&answer.json()["status"], &answer.json()["attempts"]), (&json!("pending"), &json!(0)));
    assert_eq!(receiver.hear().await.header("webhook-id"), event);
    owner.until(&market, &hook, |delivery| delivery["status"] == "delivered").await;
    receiver.heard_all();

    market.pass(Millis::hours(7 * 24 + 1)).await;
    owner.until(&market, &hook, Value::is_null).await;
    let answer = owner.ask(&market, "POST", &replay, Value::Null).await;
    assert_eq!(
        (answer.status, &answer.json()["error"]["code"]),
        (StatusCode::NOT_FOUND, &json!("event_not_found"))
    );
}

#[tokio::test]
async fn what_waits_outlives_the_coordinator() {
    let mut market = Market::open().await;
    let owner = Owner::of(&market, "dev", 200).await;
    let mut receiver = Receiver::start([Reply::Status(500), Reply::Status(500)]).await;
    let (hook, key) = owner.hook(&market, &receiver.url("/"), &["job.completed"]).await;
    let mut worker = serving(&market, 1).await;
    owner.answered(&market, &mut worker).await;
    let first = receiver.hear().await;
    owner.until(&market, &hook, |delivery| delivery["attempts"] == 1).await;
    market.restart().await;
    market.pass(Millis::seconds(5)).await;
    assert_eq!(receiver.hear().await.body, first.body);
    owner.until(&market, &hook, |delivery| delivery["attempts"] == 2).await;
    market.restart().await;
    let shown = owner.get(&market, &format!("/v1/webhooks/{hook}")).await;
    assert_eq!((shown.status, &shown.json()["status"]), (StatusCode::OK, &json!("active")));
    market.pass(Millis::seconds(30)).await;
    let third = receiver.hear().await;
    third.check(&key);
    assert_eq!(third.body, first.body);
    owner.until(&market, &hook, |delivery| delivery["status"] == "delivered").await;
}

#[tokio::test]
async fn who_never_answers_holds_up_nobody_else() {
    let market = Market::open().await;
    let owner = Owner::of(&market, "dev", 0).await;
    let mut silent = Receiver::start((0..8).map(|_| Reply::Silence)).await;
    let mut other = Receiver::start([]).await;
    let (stuck, _) = owner.hook(&market, &silent.url("/"), &["job.failed"]).await;
    let (quick, _) = owner.hook(&market, &other.url("/"), &["job.failed"]).await;
    owner.ping(&market, &stuck).await;
    silent.hear().await;
    let event = owner.ping(&market, &quick).await;
    assert_eq!(other.hear().await.header("webhook-id"), event);
    owner.until(&market, &quick, |delivery| delivery["status"] == "delivered").await;
    assert_eq!(owner.deliveries(&market, &stuck).await[0]["attempts"], 0, "it still waits");
    let failed = owner.until(&market, &stuck, |delivery| delivery["attempts"] == 1).await;
    assert_eq!((&failed["last_error"], &failed["last_status"]), (&json!("timed_out"), &Value::Null));
}

#[tokio::test]
async fn nobody_there_is_a_failure_like_any_other() {
    let market = Market::open().await;
    let owner = Owner::of(&market, "dev", 0).await;
    let url = Receiver::start([]).await.url("/"); // It is gone already.
    for (url, trouble) in
        [(url.as_str(), "connection_failed"), ("http://no-such-name.invalid/", "unresolved")]
    {
        let (hook, _) = owner.hook(&market, url, &["job.failed"]).await;
        owner.ping(&market, &hook).await;
        let failed = owner.until(&market, &hook, |delivery| delivery["attempts"] == 1).await;
        assert_eq!((&failed["last_error"], &failed["status"]), (&json!(trouble), &json!("pending")));
    }
}

#[tokio::test]
async fn nothing_is_sent_to_an_address_that_only_a_name_hides() {
    let market = market_to(Reach::Public).await;
    let owner = Owner::of(&market, "dev", 0).await;
    let mut receiver = Receiver::start([]).await;
    let port = receiver.address.port();
    let (hook, _) = owner.hook(&market, &format!("http://localhost:{port}/"), &["job.failed"]).await;
    owner.ping(&market, &hook).await;
    let failed = owner.until(&market, &hook, |delivery| delivery["attempts"] == 1).await;
    assert_eq!(failed["last_error"], "address_refused");
    receiver.heard_all();
    for address in [
        "127.0.0.1",
        "2130706433",
        "0x7f.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "10.0.0.1",
        "169.254.169.254",
        "[fe80::1]",
    ] {
        let body = json!({"url": format!("http://{address}:{port}/"), "events": ["job.failed"]});
        let answer = owner.ask(&market, "POST", "/v1/webhooks", body).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{address}");
        assert_eq!(answer.json()["error"]["param"], "url");
        assert!(answer.text().contains("to which nothing is sent here"), "{}", answer.text());
    }
}

#[tokio::test]
async fn an_operator_who_becomes_stricter_is_obeyed() {
    let mut market = Market::open().await;
    let owner = Owner::of(&market, "dev", 0).await;
    let mut receiver = Receiver::start([]).await;
    let (hook, _) = owner.hook(&market, &receiver.url("/"), &["job.failed"]).await;
    market.restart_with_webhooks_to(Reach::Public).await;
    owner.ping(&market, &hook).await;
    let failed = owner.until(&market, &hook, |delivery| delivery["attempts"] == 1).await;
    assert_eq!(failed["last_error"], "address_refused");
    receiver.heard_all();
}
