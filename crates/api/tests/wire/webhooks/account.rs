//! Webhooks as their account sees them: made, shown, bounded, taken away, and nobody else's.

use super::{ALL, Owner, Receiver, Reply};
use crate::market::Market;
use docket_core::hook::MOST_HOOKS;
use docket_core::time::Millis;
use hyper::StatusCode;
use serde_json::{Value, json};

const URL: &str = "https://example.com/hooks";

#[tokio::test]
async fn a_webhook_is_made_shown_and_taken_away() {
    let market = Market::open().await;
    let owner = Owner::of(&market, "dev", 0).await;
    let body = json!({
        "url": URL, "events": ["credit.low", "job.completed", "job.completed"],
        "secret": "a secret of my own", "unknown": 1,
    });
    let made = owner.ask(&market, "POST", "/v1/webhooks", body).await;
    assert_eq!(made.status, StatusCode::CREATED);
    let mut hook = made.json();
    let id = hook["id"].as_str().expect("an id").to_owned();
    assert!(id.starts_with("wh_") && id.len() == 27, "{id}");
    assert_eq!(
        hook,
        json!({
            "id": id, "url": URL, "events": ["job.completed", "credit.low"],
            "created_at": "2026-02-09T12:00:00Z", "status": "active", "secret": "a secret of my own",
        })
    );
    hook.as_object_mut().expect("an object").remove("secret");
    let list = owner.get(&market, "/v1/webhooks").await.json();
    assert_eq!(list, json!({"object": "list", "data": [hook], "has_more": false, "next_cursor": null}));
    let path = format!("/v1/webhooks/{id}");
    assert_eq!(owner.get(&market, &path).await.json(), hook, "the secret is not shown again");
    let gone = owner.ask(&market, "DELETE", &path, Value::Null).await;
    assert_eq!((gone.status, gone.text()), (StatusCode::NO_CONTENT, ""));
    for method in ["GET", "DELETE"] {
        let none = owner.ask(&market, method, &path, Value::Null).await;
        assert_eq!(none.status, StatusCode::NOT_FOUND);
        assert_eq!(
            none.json(),
            json!({"error": {
                "code": "webhook_not_found", "message": "This account has no such webhook.",
                "type": "invalid_request_error", "param": null, "docs": "/docs/errors#webhook_not_found",
            }})
        );
    }
    assert_eq!(owner.get(&market, "/v1/webhooks").await.json()["data"], json!([]));
}

#[tokio::test]
async fn a_secret_of_ones_own_signs() {
    let market = Market::open().await;
    let owner = Owner::of(&market, "dev", 0).await;
    let mut receiver = Receiver::start([]).await;
    let long = "k".repeat(200);
    for (secret, key) in [
        ("a secret of my own", b"a secret of my own".as_slice()),
        ("whsec_MDEyMzQ1Njc4OWFiY2RlZg==", b"0123456789abcdef"),
        (&long, long.as_bytes()),
    ] {
        let body = json!({"url": receiver.url("/"), "events": ALL, "secret": secret});
        let hook = owner.ask(&market, "POST", "/v1/webhooks", body).await.json();
        owner.ping(&market, hook["id"].as_str().expect("an id")).await;
        let message = receiver.hear().await;
        message.check(key);
        assert_eq!(message.json()["type"], "ping");
        assert_eq!(message.json()["data"], json!({"webhook_id": hook["id"]}));
    }
}

#[tokio::test]
async fn what_cannot_be_a_webhook_is_refused_by_name() {
    let market = Market::open().await;
    let owner = Owner::of(&market, "dev", 0).await;
    let long = format!("{URL}/{}", "a".repeat(1_024));
    for (body, param) in [
        (json!({"events": ALL}), "url"),
        (json!({"url": 7, "events": ALL}), "url"),
        (json!({"url": "ftp://example.com/", "events": ALL}), "url"),
        (json!({"url": "https://me:secret@example.com/", "events": ALL}), "url"),
        (json!({"url": "https://example.com/#top", "events": ALL}), "url"),
        (json!({"url": long, "events": ALL}), "url"),
        (json!({"url": URL}), "events"),
        (json!({"url": URL, "events": []}), "events"),
        (json!({"url": URL, "events": "job.completed"}), "events"),
        (json!({"url": URL, "events": ["job.completed", "job.celebrated"]}), "events"),
        (json!({"url": URL, "events": ["ping"]}), "events"),
        (json!({"url": URL, "events": ALL, "secret": 7}), "secret"),
        (json!({"url": URL, "events": ALL, "secret": "too short"}), "secret"),
        (json!({"url": URL, "events": ALL, "secret": "whsec_no base64, however long it is"}), "secret"),
        (json!({"url": URL, "events": ALL, "secret": "a\u{0}secret with a zero byte"}), "secret"),
    ] {
        let answer = owner.ask(&market, "POST", "/v1/webhooks", body.clone()).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{body}");
        let error = &answer.json()["error"];
        assert_eq!((&error["code"], &error["param"]), (&json!("invalid_request"), &json!(param)), "{body}");
    }
    assert_eq!(owner.get(&market, "/v1/webhooks").await.json()["data"], json!([]), "nothing has changed");
}

#[tokio::test]
async fn a_repeat_under_the_same_key_makes_no_second_webhook() {
    let market = Market::open().await;
    let owner = Owner::of(&market, "dev", 0).await;
    let body = json!({"url": URL, "events": ["job.completed"]});
    let make = async |body: &Value, key: &str| {
        owner.ask_with(&market, "POST", "/v1/webhooks", &[("idempotency-key", key)], body.clone()).await
    };
    let first = make(&body, "one").await;
    let again = make(&body, "\"one\"").await;
    assert_eq!((again.status, again.json()), (StatusCode::CREATED, first.json()));
    let other = make(&json!({"url": URL, "events": ["job.failed"]}), "one").await;
    assert_eq!(other.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(other.json()["error"]["code"], "idempotency_key_reused");
    let second = make(&body, "two").await;
    assert_ne!(second.json()["id"], first.json()["id"]);
    assert_eq!(owner.get(&market, "/v1/webhooks").await.json()["data"].as_array().map(Vec::len), Some(2));
    let path = format!("/v1/webhooks/{}", first.json()["id"].as_str().expect("an id"));
    owner.ask(&market, "DELETE", &path, Value::Null).await;
    assert_eq!(make(&body, "one").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn an_account_has_sixteen_webhooks_and_no_more() {
    let market = Market::open().await;
    let owner = Owner::of(&market, "dev", 0).await;
    for _ in 0..MOST_HOOKS {
        owner.hook(&market, URL, &["job.completed"]).await;
    }
    let body = json!({"url": URL, "events": ["job.completed"]});
    let answer = owner.ask(&market, "POST", "/v1/webhooks", body.clone()).await;
    assert_eq!(
        (answer.status, &answer.json()["error"]["code"]),
        (StatusCode::CONFLICT, &json!("too_many_webhooks"))
    );
    let other = Owner::of(&market, "other", 0).await;
    assert_eq!(other.ask(&market, "POST", "/v1/webhooks", body).await.status, StatusCode::CREATED);
}

#[tokio::test]
async fn a_webhook_is_its_accounts_and_nobody_elses() {
    let market = Market::open().await;
    let owner = Owner::of(&market, "dev", 0).await;
    let same = Owner::of(&market, "dev", 0).await;
    let stranger = Owner::of(&market, "other", 0).await;
    let mut receiver = Receiver::start([]).await;
    let (hook, _) = owner.hook(&market, &receiver.url("/"), &["job.completed"]).await;
    let event = owner.ping(&market, &hook).await;
    receiver.hear().await;
    let paths = [
        ("GET", format!("/v1/webhooks/{hook}")),
        ("DELETE", format!("/v1/webhooks/{hook}")),
        ("POST", format!("/v1/webhooks/{hook}/test")),
        ("GET", format!("/v1/webhooks/{hook}/deliveries")),
        ("POST", format!("/v1/webhooks/{hook}/deliveries/{event}/replay")),
    ];
    for (method, path) in &paths {
        let answer = stranger.ask(&market, method, path, Value::Null).await;
        assert_eq!(
            (answer.status, &answer.json()["error"]["code"]),
            (StatusCode::NOT_FOUND, &json!("webhook_not_found"))
        );
        assert_eq!(market.send(method, path, &[], b"").await.status, StatusCode::UNAUTHORIZED);
    }
    assert_eq!(stranger.get(&market, "/v1/webhooks").await.json()["data"], json!([]));
    // An event belongs to its webhook.
    let (mine, _) = stranger.hook(&market, &receiver.url("/"), &["job.completed"]).await;
    for event in [&event, "evt_", "evt_00112233445566778899aabbccddeeff"] {
        let path = format!("/v1/webhooks/{mine}/deliveries/{event}/replay");
        let answer = stranger.ask(&market, "POST", &path, Value::Null).await;
        assert_eq!(
            (answer.status, &answer.json()["error"]["code"]),
            (StatusCode::NOT_FOUND, &json!("event_not_found"))
        );
    }
    receiver.heard_all();
    // Another key of the same account does as well.
    assert_eq!(same.get(&market, &paths[0].1).await.status, StatusCode::OK);
    assert_eq!(same.ask(&market, "DELETE", &paths[1].1, Value::Null).await.status, StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn what_was_told_is_paged_by_event() {
    let market = Market::open().await;
    let owner = Owner::of(&market, "dev", 0).await;
    let receiver = Receiver::start([]).await;
    let (hook, _) = owner.hook(&market, &receiver.url("/"), &["job.completed"]).await;
    let mut events = Vec::new();
    for _ in 0..5 {
        events.insert(0, owner.ping(&market, &hook).await);
    }
    let path = format!("/v1/webhooks/{hook}/deliveries");
    let (mut paged, mut query) = (Vec::new(), "?limit=2".to_owned());
    loop {
        let page = owner.get(&market, &format!("{path}{query}")).await.json();
        let ids = page["data"].as_array().expect("a list").iter();
        paged.extend(ids.map(|row| row["event_id"].as_str().expect("an id").to_owned()));
        match page["next_cursor"].as_str() {
            Some(cursor) => query = format!("?limit=2&before={cursor}"),
            None => {
                assert_eq!(page["has_more"], false);
                break;
            }
        }
    }
    assert_eq!(paged, events);
    for (query, param) in [("?limit=0", "limit"), ("?limit=101", "limit"), ("?before=evt_7", "before")] {
        let answer = owner.get(&market, &format!("{path}{query}")).await;
        assert_eq!(
            (answer.status, &answer.json()["error"]["param"]),
            (StatusCode::BAD_REQUEST, &json!(param))
        );
    }
}

#[tokio::test]
async fn a_webhook_that_is_taken_away_hears_nothing_more() {
    let market = Market::open().await;
    let owner = Owner::of(&market, "dev", 0).await;
    let mut receiver = Receiver::start([Reply::Status(500)]).await;
    let (hook, _) = owner.hook(&market, &receiver.url("/"), &["job.completed"]).await;
    owner.ping(&market, &hook).await;
    receiver.hear().await;
    owner.until(&market, &hook, |delivery| delivery["attempts"] == 1).await;
    let path = format!("/v1/webhooks/{hook}");
    assert_eq!(owner.ask(&market, "DELETE", &path, Value::Null).await.status, StatusCode::NO_CONTENT);
    while market.engine().waiting_hooks() > 0 {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    assert_eq!(market.engine().store().waiting_hooks().await.expect("it can be read"), []);
    market.pass(Millis::hours(1)).await;
    // Another webhook at the same place hears only what it is told itself.
    let (other, _) = owner.hook(&market, &receiver.url("/other"), &["job.completed"]).await;
    owner.ping(&market, &other).await;
    assert_eq!(receiver.hear().await.path, "/other");
    receiver.heard_all();
}

#[tokio::test]
async fn who_answers_that_it_is_gone_is_told_nothing_more() {
    let market = Market::open().await;
    let owner = Owner::of(&market, "dev", 0).await;
    let mut receiver = Receiver::start([Reply::Status(500)]).await;
    let (hook, _) = owner.hook(&market, &receiver.url("/"), &["job.completed"]).await;
    let waiting = owner.ping(&market, &hook).await;
    receiver.hear().await;
    owner.until(&market, &hook, |delivery| delivery["attempts"] == 1).await;
    receiver.next_reply(Reply::Status(410));
    let last = owner.ping(&market, &hook).await;
    assert_eq!(receiver.hear().await.header("webhook-id"), last);
    let failed = owner.until(&market, &hook, |delivery| delivery["status"] == "failed").await;
    assert_eq!((&failed["event_id"], &failed["last_status"]), (&json!(last), &json!(410)));
    let shown = owner.get(&market, &format!("/v1/webhooks/{hook}")).await.json();
    assert_eq!(shown["status"], "disabled");
    market.pass(Millis::seconds(5)).await;
    let given_up = async || {
        let rows = owner.deliveries(&market, &hook).await;
        rows.into_iter().find(|row| row["event_id"] == waiting).expect("it is listed")
    };
    while given_up().await["status"] == "pending" {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    let row = given_up().await;
    assert_eq!((&row["last_error"], &row["attempts"]), (&json!("webhook_disabled"), &json!(1)));
    receiver.heard_all();
    for path in ["test".to_owned(), format!("deliveries/{last}/replay")] {
        let answer = owner.ask(&market, "POST", &format!("/v1/webhooks/{hook}/{path}"), Value::Null).await;
        assert_eq!(
            (answer.status, &answer.json()["error"]["code"]),
            (StatusCode::CONFLICT, &json!("webhook_disabled"))
        );
    }
}
