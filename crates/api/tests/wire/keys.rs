//! API keys as the operator makes, lists and revokes them.

use crate::http::Answer;
use crate::market::{Market, TOKEN};
use docket_core::time::Millis;
use hyper::StatusCode;
use serde_json::{Value, json};

async fn create(market: &Market, body: &str) -> Answer {
    let bearer = format!("Bearer {TOKEN}");
    market.send("POST", "/admin/v1/keys", &[("authorization", &bearer)], body.as_bytes()).await
}

async fn listed(market: &Market, query: &str) -> Value {
    let answer = market.admin("GET", &format!("/keys{query}")).await;
    assert_eq!(answer.status, StatusCode::OK, "{query}");
    answer.json()
}

fn money(units: &str) -> Value {
    json!({"units": units, "asset": "tUSDC", "decimals": 6})
}

#[tokio::test]
async fn a_keys_secret_is_shown_once() {
    let market = Market::open().await;
    let made = create(&market, r#"{"client":"alice","label":"ci","limit_day":"500000"}"#).await;
    assert_eq!((made.status, made.header("cache-control")), (StatusCode::CREATED, "no-store"));
    let mut key = made.json();
    let secret = key["secret"].take().as_str().expect("a secret").to_owned();
    let number = key["number"].as_str().expect("a number").to_owned();
    key.as_object_mut().expect("an object").remove("secret");
    let expected = json!({
        "number": number, "client": "alice", "account": "client:credits:alice", "label": "ci",
        "created_at": "2026-02-09T12:00:00.000Z", "revoked_at": null, "limit_day": money("500000"), "limit_all": null,
    });
    assert_eq!(key, expected);
    let found = market.engine().key(&secret).await.expect("it can be read").expect("the secret opens it");
    assert_eq!((found.number().to_string(), &*found.client.0), (number, "credits:alice"));

    let mut row = expected;
    (row["spent_day"], row["spent_all"]) = (money("0"), money("0"));
    let answer = market.admin("GET", "/keys").await;
    assert_eq!(answer.json(), json!({"data": [row], "next": null}));
    assert!(!answer.text().contains(&secret) && !answer.text().contains("secret"));
}

#[tokio::test]
async fn keys_are_listed_page_by_page_and_by_client() {
    let market = Market::open().await;
    for client in ["alice", "bob", "alice", "alice", "bob"] {
        let made = create(&market, &json!({"client": client}).to_string()).await;
        assert_eq!(made.status, StatusCode::CREATED);
    }
    let (mut seen, mut after) = (Vec::new(), String::new());
    loop {
        let page = listed(&market, &format!("?limit=2{after}")).await;
        let rows = page["data"].as_array().expect("a list");
        seen.extend(rows.iter().map(|row| row["number"].as_str().expect("a number").to_owned()));
        let Some(next) = page["next"].as_str() else { break };
        after = format!("&after={next}");
    }
    assert!(seen.len() == 5 && seen.is_sorted(), "{seen:?}");
    let of = async |client: &str| {
        let page = listed(&market, &format!("?client={client}")).await;
        page["data"].as_array().map(Vec::len)
    };
    assert_eq!((of("alice").await, of("bob").await, of("eve").await), (Some(3), Some(2), Some(0)));
}

#[tokio::test]
async fn a_revoked_key_stays_revoked() {
    let mut market = Market::open().await;
    let made = create(&market, r#"{"client":"alice"}"#).await.json();
    let (number, secret) =
        (made["number"].as_str().expect("a number"), made["secret"].as_str().expect("one"));
    market.pass(Millis(5)).await;
    for _ in 0..2 {
        let revoked = market.admin("DELETE", &format!("/keys/{number}")).await;
        assert_eq!(revoked.status, StatusCode::OK);
        assert_eq!(revoked.json()["revoked_at"], "2026-02-09T12:00:00.005Z", "a repeat changes nothing");
        market.pass(Millis(5)).await;
        market.restart().await;
    }
    assert_eq!(listed(&market, "").await["data"][0]["revoked_at"], "2026-02-09T12:00:00.005Z");
    let key = market.engine().key(secret).await.expect("it can be read").expect("it is known as revoked");
    assert!(key.revoked_at.is_some());
}

#[tokio::test]
async fn what_makes_no_key_is_refused() {
    let market = Market::open().await;
    let long = json!({"client": "x".repeat(65)}).to_string();
    let label = json!({"client": "alice", "label": "x".repeat(101)}).to_string();
    for body in [
        "nonsense",
        "{}",
        r#"{"client":""}"#,
        r#"{"client":"credits:alice"}"#,
        r#"{"client":"al ice"}"#,
        r#"{"client":"alice","label":"a\u0000b"}"#,
        r#"{"client":"alice","limit_day":500}"#,
        r#"{"client":"alice","limit_day":"-1"}"#,
        r#"{"client":"alice","limit_day":"+1"}"#,
        r#"{"client":"alice","limit_all":"1.5"}"#,
        r#"{"client":"alice","limit_all":""}"#,
        r#"{"client":"alice","limit_all":"9999999999999999999999999999999999999999"}"#,
        r#"{"client":"alice","secret":"dcntrl_live_0"}"#,
        &long,
        &label,
    ] {
        let refused = create(&market, body).await;
        assert_eq!(
            (refused.status, refused.json()["code"].clone()),
            (StatusCode::BAD_REQUEST, json!("request.invalid")),
            "{body}"
        );
    }
    for (method, path, status, code) in [
        ("DELETE", "/keys/key_0123456789ab".to_owned(), 404, "request.not_found"),
        ("DELETE", format!("/keys/dcntrl_live_{}", "a".repeat(32)), 400, "request.invalid"),
        ("DELETE", "/keys".to_owned(), 405, "request.method_not_allowed"),
        ("GET", "/keys?after=nonsense".to_owned(), 400, "request.invalid"),
        ("GET", "/keys?client=a%20b".to_owned(), 400, "request.invalid"),
        ("GET", "/keys?limit=0".to_owned(), 400, "request.invalid"),
    ] {
        let problem = market.admin(method, &path).await;
        assert_eq!(
            (problem.status.as_u16(), problem.json()["code"].clone()),
            (status, json!(code)),
            "{method} {path}"
        );
    }
    assert_eq!(listed(&market, "").await["data"], json!([]));
}
