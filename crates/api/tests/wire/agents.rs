//! Agents over the wire: registered, shown, listed, and their stake, each on their owner's word.

use crate::market::Market;
use crate::wallets::{Letter, Owner, refused};
use docket_core::agent::identity::Wallet;
use docket_core::id::Dialect;
use docket_core::ledger::Account;
use docket_core::money::{Amount, Asset};
use docket_core::time::{Millis, Timestamp};
use docket_protocol::wallet::Action;
use hyper::StatusCode;
use serde_json::{Value, json};

#[tokio::test]
async fn an_agent_is_registered_shown_and_changed_by_its_owner_alone() {
    let market = Market::open().await;
    let (ann, ben) = (Owner::of(&market, 1), Owner::of(&market, 2));
    let body = json!({
        "ownerAddress": ann.address().to_ascii_lowercase(), "name": "Word Smith", "description": "Writes.",
        "roles": ["PROVIDER"], "tags": ["writing"], "avatar": "https://a.example/a.png",
    });
    let made = ann.register(body.clone()).await;
    assert_eq!(made.status, StatusCode::OK, "{}", made.text());
    let expected = json!({"success": true, "data": {
        "agentId": "1", "ownerAddress": ann.address(), "name": "Word Smith", "description": "Writes.",
        "source": "AACP", "roles": ["PROVIDER"], "tags": ["writing"], "avatar": "https://a.example/a.png",
        "createdAt": "2026-02-09T12:00:00.000Z", "stakingPool": {"available": "0", "locked": "0", "violationCount": 0},
        "reputation": {"score": 70, "totalJobs": 0, "completedJobs": 0}, "evaluatorCapability": null,
        "arbitratorProfile": {"eligible": false, "appointed": false, "bond": "0", "bondLocked": "0", "jobCount": 0},
    }});
    assert_eq!(made.json(), expected);
    assert_eq!(market.get("/api/v1/agents/1").await.json(), expected);

    // The name is its own, however it is written; its owner's repeat finds the agent.
    let again = ann.register(json!({"name": "word smith"})).await;
    assert_eq!(again.json(), expected);
    refused(&ben.register(json!({"name": "WORD SMITH"})).await, StatusCode::CONFLICT, "name_taken");
    refused(&ben.register(body).await, StatusCode::FORBIDDEN, "not_the_owner");
    refused(&ben.update("1", json!({"name": "Mine"})).await, StatusCode::FORBIDDEN, "not_the_owner");
    refused(&ben.update("7", json!({"name": "Mine"})).await, StatusCode::NOT_FOUND, "agent_not_found");

    market.pass(Millis(5)).await;
    let first = ann.sign(
        Action::UPDATE_AGENT,
        "1",
        "PATCH",
        "/api/v1/agents/1".to_owned(),
        &json!({"tags": ["coding"]}),
    );
    let changed = first.send(&market).await.json();
    assert_eq!(
        (&changed["data"]["tags"], &changed["data"]["name"]),
        (&json!(["coding"]), &json!("Word Smith"))
    );
    market.pass(Millis(5)).await;
    assert_eq!(ann.update("1", json!({"tags": [], "name": "Smith"})).await.json()["data"]["name"], "Smith");
    // What was signed before that changes nothing any more.
    refused(&first.send(&market).await, StatusCode::CONFLICT, "overtaken");
    market.pass(Millis(5)).await;
    assert_eq!(
        ann.update("1", json!({"name": "Word Smith"})).await.status,
        StatusCode::OK,
        "its own name, again"
    );
    refused(&ben.register(json!({"name": "smith"})).await, StatusCode::CONFLICT, "name_taken");
}

#[tokio::test]
async fn what_is_signed_once_makes_one_agent() {
    let market = Market::open().await;
    let ann = Owner::of(&market, 1);
    let letter = ann.registration(&json!({}));
    let (first, second) = tokio::join!(letter.send(&market), letter.send(&market));
    assert_eq!((first.status, first.json()), (StatusCode::OK, second.json()));
    market.pass(Millis(1)).await;
    let other = ann.register(json!({})).await.json();
    assert_ne!(other["data"]["agentId"], first.json()["data"]["agentId"]);
    assert_eq!(other["data"]["name"], Value::Null);
}

#[tokio::test]
async fn agents_are_listed_by_filters_and_pages() {
    let mut market = Market::open().await;
    let (ann, ben) = (Owner::of(&market, 1), Owner::of(&market, 2));
    for (owner, name, role) in [
        (&ann, "Cat", "CLIENT"),
        (&ben, "Ant", "PROVIDER"),
        (&ann, "Bee", "PROVIDER"),
        (&ben, "Bear", "CLIENT"),
    ] {
        let made = owner.register(json!({"name": name, "roles": [role]})).await;
        assert_eq!(made.status, StatusCode::OK, "{}", made.text());
    }
    let address = ann.address();
    let names = async |market: &Market, query: &str| {
        let page = market.get(&format!("/api/v1/agents{query}")).await.json();
        let rows = page["data"].as_array().expect("a list").iter();
        let names: Vec<_> = rows.map(|row| row["name"].as_str().expect("a name").to_owned()).collect();
        (names.join(" "), page["pagination"].clone())
    };
    let of = |page: u64, limit: u64, total: u64| json!({"page": page, "limit": limit, "total": total});
    for _ in 0..2 {
        assert_eq!(names(&market, "").await, ("Ant Bear Bee Cat".to_owned(), of(1, 20, 4)));
        assert_eq!(names(&market, "?page=2&limit=3").await, ("Cat".to_owned(), of(2, 3, 4)));
        assert_eq!(names(&market, "?role=PROVIDER").await, ("Ant Bee".to_owned(), of(1, 20, 2)));
        assert_eq!(names(&market, "?q=be").await, ("Bear Bee".to_owned(), of(1, 20, 2)));
        let mine = format!("?ownerAddress={}", address.to_ascii_lowercase());
        assert_eq!(names(&market, &mine).await, ("Cat Bee".to_owned(), of(1, 20, 2)));
        market.restart().await;
    }
    for wrong in [
        "?page=0",
        "?limit=101",
        "?limit=x",
        "?role=KING",
        "?ownerAddress=0x1",
        "?minReputation=101",
        "?q=%00",
    ] {
        refused(
            &market.get(&format!("/api/v1/agents{wrong}")).await,
            StatusCode::BAD_REQUEST,
            "invalid_request",
        );
    }
    for nobody in ["0", "01", "-1", "x", "9", "99999999999999999999"] {
        let answer = market.get(&format!("/api/v1/agents/{nobody}")).await;
        refused(&answer, StatusCode::NOT_FOUND, "agent_not_found");
    }
    assert!(
        market.get("/api/v1/agents/tags").await.json()["data"]
            .as_array()
            .is_some_and(|tags| tags.len() == 20)
    );
}

#[tokio::test]
async fn a_stake_is_put_down_and_taken_back_once_for_what_is_signed() {
    let market = Market::open().await;
    let (ann, ben) = (Owner::of(&market, 1), Owner::of(&market, 2));
    ann.register(json!({"name": "Ann"})).await;
    let account = Account::Client(Wallet::from(ann.key.address()).client(Dialect::Agents));
    let amount = Amount::new(150_000_000, Asset::TEST_USDC);
    market.engine().credit(account, amount, "top up").await.expect("it is credited");

    let deposit = ann.stake(Action::DEPOSIT, "1", "deposit", "100000000");
    let (first, second) = tokio::join!(deposit.send(&market), deposit.send(&market));
    let expected =
        json!({"success": true, "data": {"available": "100000000", "locked": "0", "violationCount": 0}});
    assert_eq!((first.json(), second.json()), (expected.clone(), expected));
    assert_eq!(ann.own().await, 50_000_000);
    let agent = market.get("/api/v1/agents/1").await.json();
    assert_eq!(
        agent["data"]["stakingPool"],
        json!({"available": "100000000", "locked": "0", "violationCount": 0})
    );

    let dear = ann.stake(Action::DEPOSIT, "1", "deposit", "50000001").send(&market).await;
    refused(&dear, StatusCode::BAD_REQUEST, "insufficient_funds");
    let strange = ben.stake(Action::WITHDRAW, "1", "withdraw", "1").send(&market).await;
    refused(&strange, StatusCode::FORBIDDEN, "not_the_owner");
    let more = ann.stake(Action::WITHDRAW, "1", "withdraw", "100000001").send(&market).await;
    refused(&more, StatusCode::BAD_REQUEST, "insufficient_funds");
    let back = ann.stake(Action::WITHDRAW, "1", "withdraw", "100000000").send(&market).await;
    assert_eq!(back.json()["data"]["available"], "0");
    assert_eq!(ann.own().await, 150_000_000);
    // What was signed for one thing is no word for another.
    let other = Letter { path: "/api/v1/agents/1/withdraw".to_owned(), ..deposit };
    refused(&other.send(&market).await, StatusCode::UNAUTHORIZED, "bad_signature");
    for wrong in [json!({}), json!({"amount": 5}), json!({"amount": "0"}), json!({"amount": "-5"}), json!([])]
    {
        let letter = ann.sign(Action::DEPOSIT, "1", "POST", "/api/v1/agents/1/deposit".to_owned(), &wrong);
        refused(&letter.send(&market).await, StatusCode::BAD_REQUEST, "invalid_request");
    }
}

#[tokio::test]
async fn what_an_agent_judges_by_is_registered_once() {
    let market = Market::open().await;
    let (ann, ben) = (Owner::of(&market, 1), Owner::of(&market, 2));
    ann.register(json!({"name": "Ann"})).await;
    ann.register(json!({"name": "Anton"})).await;
    let judge = async |owner: &Owner<'_>, body: Value| {
        let path = "/api/v1/agents/1/strategy".to_owned();
        owner.sign(Action::REGISTER_STRATEGY, "1", "POST", path, &body).send(&market).await
    };
    refused(&judge(&ben, json!({"strategyType": "RUBRIC"})).await, StatusCode::FORBIDDEN, "not_the_owner");
    for wrong in [json!({}), json!({"strategyType": "rubric"}), json!({"strategyType": 1})] {
        refused(&judge(&ann, wrong).await, StatusCode::BAD_REQUEST, "invalid_request");
    }
    let expected = json!({"strategyType": "RUBRIC", "registeredAt": "2026-02-09T12:00:00.000Z"});
    for _ in 0..2 {
        let judge = judge(&ann, json!({"strategyType": "RUBRIC"})).await.json();
        assert_eq!(judge["data"]["evaluatorCapability"], expected);
        market.pass(Millis(5)).await;
    }
    refused(&judge(&ann, json!({"strategyType": "PROGRAM"})).await, StatusCode::CONFLICT, "strategy_fixed");
    let listed = async |has: &str| market.get(&format!("/api/v1/agents?hasStrategy={has}")).await.json();
    assert_eq!(listed("true").await["data"][0]["evaluatorCapability"], expected);
    assert_eq!(listed("true").await["pagination"]["total"], 1);
    assert_eq!(listed("false").await["data"][0]["name"], "Anton");
    refused(&market.get("/api/v1/agents?hasStrategy=1").await, StatusCode::BAD_REQUEST, "invalid_request");
}

#[tokio::test]
async fn nobody_is_believed_without_a_fresh_signature_over_the_body() {
    let market = Market::open().await;
    let ann = Owner::of(&market, 1);
    let letter = ann.registration(&json!({"name": "Ann"}));
    let with = |name: &str, value: &str| {
        let headers = letter
            .headers
            .iter()
            .map(|(known, old)| (*known, if *known == name { value.to_owned() } else { old.clone() }));
        Letter { headers: headers.collect(), path: letter.path.clone(), body: letter.body.clone(), ..letter }
    };
    let now = market.engine().clock().now();
    let other = Letter { body: r#"{"name":"Bea"}"#.to_owned(), ..with("", "") };
    for (wrong, code) in [
        (other, "bad_signature"),
        (with("x-wallet-address", &Owner::of(&market, 2).address()), "bad_signature"),
        (with("x-wallet-signature", "0x00"), "bad_signature"),
        (with("x-wallet-timestamp", "soon"), "bad_signature"),
        (with("x-wallet-timestamp", &Timestamp(now.0 + 1).0.to_string()), "bad_signature"),
        (with("x-wallet-timestamp", &Timestamp(now.0 - 300_001).0.to_string()), "stale_signature"),
        (with("x-wallet-timestamp", &Timestamp(now.0 + 30_001).0.to_string()), "stale_signature"),
    ] {
        refused(&wrong.send(&market).await, StatusCode::UNAUTHORIZED, code);
    }
    let bare = market.post("/api/v1/agents/register", "{}").await;
    refused(&bare, StatusCode::UNAUTHORIZED, "bad_signature");
    market.pass(Millis::seconds(301)).await;
    refused(&letter.send(&market).await, StatusCode::UNAUTHORIZED, "stale_signature");
    assert_eq!(market.get("/api/v1/agents").await.json()["pagination"]["total"], 0);
}

#[tokio::test]
async fn its_paths_answer_in_its_own_envelope() {
    let market = Market::open().await;
    refused(&market.get("/api/v1/nothing").await, StatusCode::NOT_FOUND, "unknown_url");
    let wrong = market.send("DELETE", "/api/v1/agents", &[("authorization", "Bearer x")], b"").await;
    refused(&wrong, StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed");
    let large = market.send("POST", "/api/v1/agents/register", &[], &vec![b' '; 600_000]).await;
    refused(&large, StatusCode::PAYLOAD_TOO_LARGE, "request_too_large");
}

#[tokio::test]
async fn what_is_no_text_names_no_agent() {
    let market = Market::open().await;
    for (method, path) in [
        ("GET", "/api/v1/agents/%FF"),
        ("PATCH", "/api/v1/agents/%FF"),
        ("POST", "/api/v1/agents/%FF/strategy"),
        ("POST", "/api/v1/agents/%FF/deposit"),
        ("POST", "/api/v1/agents/%FF/withdraw"),
    ] {
        let answer = market.send(method, path, &[], b"{}").await;
        assert_eq!(answer.header("content-type"), "application/json", "{path}: {}", answer.text());
        refused(&answer, StatusCode::NOT_FOUND, "agent_not_found");
    }
}

#[tokio::test]
async fn what_two_changes_at_once_do_not_name_stays_as_the_other_left_it() {
    let market = Market::open().await;
    let ann = Owner::of(&market, 1);
    ann.register(json!({"name": "Ann"})).await;
    let mut both = 0;
    for round in 0..50 {
        let path = "/api/v1/agents/1".to_owned();
        let tags = [["coding"], ["writing"]][round % 2];
        market.pass(Millis(1)).await;
        let first = ann.sign(Action::UPDATE_AGENT, "1", "PATCH", path.clone(), &json!({"tags": tags}));
        market.pass(Millis(1)).await;
        let words = format!("Round {round}.");
        let second = ann.sign(Action::UPDATE_AGENT, "1", "PATCH", path, &json!({"description": words}));
        let (first, second) = tokio::join!(first.send(&market), second.send(&market));
        assert_eq!(second.status, StatusCode::OK, "{}", second.text());
        if first.status == StatusCode::OK {
            both += 1;
            let agent = market.get("/api/v1/agents/1").await.json();
            assert_eq!(
                (&agent["data"]["tags"], &agent["data"]["description"]),
                (&json!(tags), &json!(words)),
                "round {round}"
            );
        }
    }
    assert!(both > 0, "the first was never in time");
}

#[tokio::test]
async fn what_an_owner_has_confirmed_is_not_undone_by_what_he_signed_before() {
    let market = Market::open().await;
    let ann = Owner::of(&market, 1);
    ann.register(json!({"name": "Ann", "tags": ["writing"]})).await;
    market.pass(Millis(5)).await;
    let late = ann.sign(
        Action::UPDATE_AGENT,
        "1",
        "PATCH",
        "/api/v1/agents/1".to_owned(),
        &json!({"tags": ["coding"]}),
    );
    market.pass(Millis(5)).await;
    let kept = ann.sign(
        Action::UPDATE_AGENT,
        "1",
        "PATCH",
        "/api/v1/agents/1".to_owned(),
        &json!({"tags": ["writing"]}),
    );
    let (first, repeat) = (kept.send(&market).await, kept.send(&market).await);
    assert_eq!((first.status, first.json()), (StatusCode::OK, repeat.json()));
    refused(&late.send(&market).await, StatusCode::CONFLICT, "overtaken");
}
