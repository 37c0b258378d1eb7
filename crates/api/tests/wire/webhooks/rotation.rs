//! A webhook's secret is replaced, and for a day whoever knows the old one can still check what he hears.

use super::{ALL, Owner, Receiver, Reply, drawn};
use crate::http::Answer;
use crate::market::Market;
use docket_core::time::Millis;
use hyper::StatusCode;
use serde_json::{Value, json};

async fn rotate(owner: &Owner, market: &Market, hook: &str, key: Option<&str>) -> Answer {
    let headers: Vec<_> = key.iter().map(|key| ("idempotency-key", *key)).collect();
    owner.ask_with(market, "POST", &format!("/v1/webhooks/{hook}/rotate"), &headers, Value::Null).await
}

#[tokio::test]
async fn for_a_day_messages_are_signed_with_the_old_secret_as_well() {
    let mut market = Market::open().await;
    let owner = Owner::of(&market, "dev", 0).await;
    let mut receiver = Receiver::start([]).await;
    let (hook, old) = owner.hook(&market, &receiver.url("/"), &ALL).await;
    let rotated = rotate(&owner, &market, &hook, None).await;
    assert_eq!((rotated.status, rotated.header("cache-control")), (StatusCode::OK, "no-store"));
    let mut shown = rotated.json();
    let new = drawn(&shown);
    assert_ne!(new, old);
    shown.as_object_mut().expect("an object").remove("secret");
    let path = format!("/v1/webhooks/{hook}");
    assert_eq!(owner.get(&market, &path).await.json(), shown, "the secret is not shown again");
    owner.ping(&market, &hook).await;
    receiver.hear().await.check_all(&[&new, &old]);
    owner.until(&market, &hook, |delivery| delivery["status"] == "delivered").await;

    market.restart().await;
    market.pass(Millis(Millis::hours(24).0 - 1)).await;
    owner.ping(&market, &hook).await;
    receiver.hear().await.check_all(&[&new, &old]);
    market.pass(Millis(1)).await;
    owner.ping(&market, &hook).await;
    receiver.hear().await.check(&new);
}

#[tokio::test]
async fn what_was_to_be_told_before_is_signed_with_the_new_secret_too() {
    let market = Market::open().await;
    let owner = Owner::of(&market, "dev", 0).await;
    let mut receiver = Receiver::start([Reply::Status(500)]).await;
    let (hook, first) = owner.hook(&market, &receiver.url("/"), &ALL).await;
    owner.ping(&market, &hook).await;
    receiver.hear().await.check(&first);
    owner.until(&market, &hook, |delivery| delivery["attempts"] == 1).await;
    let second = drawn(&rotate(&owner, &market, &hook, None).await.json());
    let third = drawn(&rotate(&owner, &market, &hook, None).await.json());
    market.pass(Millis::seconds(5)).await;
    receiver.hear().await.check_all(&[&third, &second, &first]);
}

#[tokio::test]
async fn a_repeat_under_the_same_key_draws_no_second_secret() {
    let market = Market::open().await;
    let owner = Owner::of(&market, "dev", 0).await;
    let mut receiver = Receiver::start([]).await;
    let (hook, old) = owner.hook(&market, &receiver.url("/"), &ALL).await;
    let (other, _) = owner.hook(&market, &receiver.url("/"), &ALL).await;
    let first = rotate(&owner, &market, &hook, Some("one")).await;
    let again = rotate(&owner, &market, &hook, Some("one")).await;
    assert_eq!((again.status, again.json()), (StatusCode::OK, first.json()));
    owner.ping(&market, &hook).await;
    receiver.hear().await.check_all(&[&drawn(&first.json()), &old]);
    let elsewhere = rotate(&owner, &market, &other, Some("one")).await;
    assert_eq!(elsewhere.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(elsewhere.json()["error"]["code"], "idempotency_key_reused");

    // As long as it signs, the secret of a request is known; then it is not.
    rotate(&owner, &market, &hook, Some("two")).await;
    assert_eq!(rotate(&owner, &market, &hook, Some("one")).await.json(), first.json());
    market.pass(Millis::hours(24)).await;
    rotate(&owner, &market, &hook, None).await;
    let late = rotate(&owner, &market, &hook, Some("one")).await;
    assert_eq!((late.status, &late.json()["error"]["code"]), (StatusCode::CONFLICT, &json!("wrong_state")));
}

#[tokio::test]
async fn only_the_secret_of_ones_own_active_webhook_is_replaced() {
    let market = Market::open().await;
    let owner = Owner::of(&market, "dev", 0).await;
    let stranger = Owner::of(&market, "other", 0).await;
    let mut receiver = Receiver::start([Reply::Status(410)]).await;
    let (hook, key) = owner.hook(&market, &receiver.url("/"), &ALL).await;
    for (who, name) in [(&stranger, hook.as_str()), (&owner, "wh_1"), (&owner, "x")] {
        let none = rotate(who, &market, name, None).await;
        assert_eq!(
            (none.status, &none.json()["error"]["code"]),
            (StatusCode::NOT_FOUND, &json!("webhook_not_found"))
        );
    }
    let nobody = market.send("POST", "/v1/webhooks/x/rotate", &[], b"").await;
    assert_eq!(nobody.status, StatusCode::UNAUTHORIZED);
    owner.ping(&market, &hook).await;
    receiver.hear().await.check(&key);
    owner.until(&market, &hook, |delivery| delivery["status"] == "failed").await;
    let disabled = rotate(&owner, &market, &hook, None).await;
    assert_eq!(
        (disabled.status, &disabled.json()["error"]["code"]),
        (StatusCode::CONFLICT, &json!("webhook_disabled"))
    );
}
