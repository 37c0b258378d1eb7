//! Capital that one agent entrusts to another: snapshots, who is believed, what they settle, and the simulated enclave.

use crate::actors::{BUDGET, Trio, bytes32};
use crate::http::Answer;
use crate::market::{Market, Options};
use crate::wallets::{Owner, refused};
use docket_attestation::{Attestation, Balance, ClosedReason, Report, State, deliverable_hash};
use docket_core::time::{Millis, Timestamp};
use docket_enclave::ecies::seal;
use docket_protocol::wallet::{Action, WalletKey};
use hyper::StatusCode;
use serde_json::{Value, json};

const CAPITAL: u128 = 10_000_000_000;

/// The key of an enclave elsewhere, which the operator has pinned.
fn enclave() -> WalletKey {
    WalletKey::from_bytes(&[77; 32]).expect("a key")
}

pub(crate) fn pinning() -> Options {
    let key = format!("secp256k1:{}", enclave().address());
    Options { enclave_keys: vec![key], enclave: false, ..Options::default() }
}

pub(crate) fn order() -> [(&'static str, Value); 2] {
    let config = json!({"stopLossBps": 1_000, "targetReturnBps": 2_000, "capital": CAPITAL.to_string()});
    [("strategyType", json!("CEX_CAPITAL")), ("cexConfig", config)]
}

fn report(market: &Market, job: &str, sequence: u64, value: u128, state: State) -> Report {
    let Value::Object(balance) = json!({"free": value.to_string()}) else { unreachable!() };
    let now = market.engine().clock().now();
    Report::new(job, value, now, sequence, state, Balance::new(balance).expect("it is small"))
        .expect("it is a report")
}

fn letter(report: &Report, attestation: Option<&Attestation>) -> Value {
    json!({"report": report.to_value(), "attestation": attestation.map(Attestation::to_value)})
}

async fn bring(by: &Owner<'_>, job: &str, body: &Value) -> Answer {
    by.market.pass(Millis(1)).await;
    let path = format!("/api/v1/jobs/{job}/snapshots");
    by.sign(Action::POST_SNAPSHOT, job, "POST", path, body).send(by.market).await
}

/// An attested snapshot of this moment.
pub(crate) async fn attest(by: &Owner<'_>, job: &str, sequence: u64, value: u128, state: State) -> Answer {
    let report = report(by.market, job, sequence, value, state);
    bring(by, job, &letter(&report, Some(&Attestation::by_wallet(&enclave(), &report)))).await
}

async fn snapshots(market: &Market, job: &str) -> Value {
    market.get(&format!("/api/v1/jobs/{job}/snapshots")).await.json()
}

async fn job(market: &Market, id: &str) -> Value {
    market.get(&format!("/api/v1/jobs/{id}")).await.json()["data"].clone()
}

/// Closes the capital at a value and delivers the report.
async fn deliver(trio: &Trio<'_>, id: &str, value: u128, reason: ClosedReason) {
    let market = trio.provider.market();
    let closed = attest(&trio.provider.owner, id, 2, value, State::Closed(reason)).await;
    assert_eq!(closed.status, StatusCode::OK, "{}", closed.text());
    let hash = job(market, id).await["valuation"]["deliverableHash"].clone();
    let submitted = trio.provider.take(Action::SUBMIT, id, "submit", json!({"deliverableHash": hash})).await;
    assert_eq!(submitted["status"], "SUBMITTED");
}

#[tokio::test]
async fn a_snapshot_counts_if_a_pinned_key_vouches_for_it_and_is_kept_in_any_case() {
    let market = Market::with(pinning()).await;
    let trio = Trio::judged_by(&market, "CEX_CAPITAL").await;
    let id = trio.engaged_for(&order()).await;
    let (client, provider) = (&trio.client.owner, &trio.provider.owner);

    let first = report(&market, &id, 5, CAPITAL + 7, State::Running);
    let signed = letter(&first, Some(&Attestation::by_wallet(&enclave(), &first)));
    let stranger = Owner::of(&market, 99);
    let kept = bring(&stranger, &id, &signed).await;
    let row = kept.json()["data"].clone();
    assert_eq!(
        json!([row["standing"], row["flaw"], row["reportedValue"], row["state"], row["balanceReport"]]),
        json!(["attested", null, (CAPITAL + 7).to_string(), "running", {"free": (CAPITAL + 7).to_string()}])
    );
    assert!(row["txHash"].as_str().is_some_and(|place| place.starts_with("ledger:")), "{row}");
    assert!(row["attestation"].as_str().is_some_and(|digits| digits.starts_with("0x7b22")), "{row}");
    // The same again is the same, by whom ever.
    assert_eq!(bring(client, &id, &signed).await.json()["data"], row);

    // Nobody vouches for it; somebody whom nobody knows does; it is older than the last.
    let second = report(&market, &id, 6, 1, State::Running);
    let unvouched = letter(&second, None);
    refused(&bring(&stranger, &id, &unvouched).await, StatusCode::FORBIDDEN, "not_eligible");
    let row = bring(client, &id, &unvouched).await.json()["data"].clone();
    assert_eq!(
        json!([row["standing"], row["flaw"], row["txHash"]]),
        json!(["unattested", "attestation.missing", null])
    );
    let forged = letter(&second, Some(&Attestation::by_wallet(&client.key, &second)));
    let row = bring(client, &id, &forged).await.json()["data"].clone();
    assert_eq!(json!([row["standing"], row["flaw"]]), json!(["unattested", "attestation.not_pinned"]));
    let replayed = report(&market, &id, 5, 2, State::Running);
    let replayed = letter(&replayed, Some(&Attestation::by_wallet(&enclave(), &replayed)));
    let row = bring(provider, &id, &replayed).await.json()["data"].clone();
    assert_eq!(json!([row["standing"], row["flaw"]]), json!(["stale", "snapshot.not_next"]));

    let shown = job(&market, &id).await;
    assert_eq!(
        json!([shown["valuation"]["reportedValue"], shown["valuation"]["outcome"], shown["cexConfig"]]),
        json!([
            (CAPITAL + 7).to_string(),
            "BETWEEN",
            {"capital": CAPITAL.to_string(), "stopLossBps": 1_000, "targetReturnBps": 2_000}
        ])
    );
    let page = snapshots(&market, &id).await;
    assert_eq!(page["pagination"], json!({"page": 1, "limit": 20, "total": 4}));
    let standings: Vec<_> =
        page["data"].as_array().expect("a list").iter().map(|row| &row["standing"]).collect();
    assert_eq!(json!(standings), json!(["stale", "unattested", "unattested", "attested"]));
    assert_eq!(shown["snapshots"], page["data"]);
    let second_page = market.get(&format!("/api/v1/jobs/{id}/snapshots?page=4&limit=1")).await.json();
    assert_eq!(second_page["data"], json!([page["data"][3]]));
}

#[tokio::test]
async fn what_is_no_snapshot_of_the_job_is_refused_and_nothing_is_kept() {
    let market = Market::with(pinning()).await;
    let trio = Trio::judged_by(&market, "CEX_CAPITAL").await;
    let id = trio.engaged_for(&order()).await;
    let client = &trio.client.owner;
    let of_other = report(&market, "77", 1, 1, State::Running);
    let tall = format!("{}{}", "[".repeat(50), "]".repeat(50));
    for body in [
        letter(&of_other, None),
        json!({}),
        json!({"report": 7}),
        json!({"report": report(&market, &id, 1, 1, State::Running).to_value(), "attestation": {"scheme": "magic"}}),
        serde_json::from_str(&tall).expect("it is JSON"),
    ] {
        refused(&bring(client, &id, &body).await, StatusCode::BAD_REQUEST, "invalid_request");
    }
    refused(&attest(client, "9", 1, 1, State::Running).await, StatusCode::NOT_FOUND, "job_not_found");
    assert_eq!(snapshots(&market, &id).await["pagination"]["total"], 0);
    // Attested ones lie apart, unless the capital is closed.
    assert_eq!(attest(client, &id, 1, CAPITAL, State::Running).await.status, StatusCode::OK);
    let soon = attest(client, &id, 2, CAPITAL, State::Running).await;
    refused(&soon, StatusCode::TOO_MANY_REQUESTS, "rate_limit_exceeded");
    let closed = State::Closed(ClosedReason::Target);
    assert_eq!(attest(client, &id, 3, 2 * CAPITAL, closed).await.status, StatusCode::OK);
    refused(&attest(client, &id, 4, CAPITAL, closed).await, StatusCode::CONFLICT, "capital_closed");
    assert_eq!(snapshots(&market, &id).await["pagination"]["total"], 2);
    // Many that settle nothing are not kept.
    for sequence in 1..=100 {
        let report = report(&market, &id, sequence, 1, State::Running);
        assert_eq!(bring(client, &id, &letter(&report, None)).await.status, StatusCode::OK);
    }
    let one_more = letter(&report(&market, &id, 101, 1, State::Running), None);
    refused(&bring(client, &id, &one_more).await, StatusCode::TOO_MANY_REQUESTS, "rate_limit_exceeded");
}

#[tokio::test]
async fn nothing_but_the_closing_report_is_delivered() {
    let market = Market::with(pinning()).await;
    let trio = Trio::judged_by(&market, "CEX_CAPITAL").await;
    let id = trio.engaged_for(&order()).await;
    let any = json!({"deliverableHash": bytes32([3; 32])});
    refused(
        &trio.provider.step(Action::SUBMIT, &id, "submit", any.clone()).await,
        StatusCode::BAD_REQUEST,
        "too_early",
    );
    assert_eq!(attest(&trio.client.owner, &id, 1, CAPITAL, State::Running).await.status, StatusCode::OK);
    refused(
        &trio.provider.step(Action::SUBMIT, &id, "submit", any.clone()).await,
        StatusCode::BAD_REQUEST,
        "too_early",
    );
    let report = report(&market, &id, 2, CAPITAL, State::Closed(ClosedReason::Deadline));
    let attestation = Attestation::by_wallet(&enclave(), &report);
    assert_eq!(
        bring(&trio.client.owner, &id, &letter(&report, Some(&attestation))).await.status,
        StatusCode::OK
    );
    refused(
        &trio.provider.step(Action::SUBMIT, &id, "submit", any).await,
        StatusCode::BAD_REQUEST,
        "invalid_request",
    );
    let hash = bytes32(deliverable_hash(&attestation.signed().signature_text(), CAPITAL));
    assert_eq!(job(&market, &id).await["valuation"]["deliverableHash"], hash);
    trio.provider.take(Action::SUBMIT, &id, "submit", json!({"deliverableHash": hash})).await;
    // Between the bounds the evaluator decides.
    let done = trio.evaluator.take(Action::REJECT, &id, "reject", json!({})).await;
    assert_eq!(done["status"], "REJECTED");
    let by_loser = trio.provider.step(Action::FILE_DISPUTE, &id, "dispute", json!({})).await;
    assert_eq!(by_loser.status, StatusCode::OK, "{}", by_loser.text());
}

#[tokio::test]
async fn beyond_its_bounds_the_last_attested_snapshot_decides_and_nobody_disputes_that() {
    for (value, reason, right, wrong, status) in [
        (CAPITAL / 10 * 9, ClosedReason::StopLoss, Action::REJECT, Action::COMPLETE, "REJECTED"),
        (CAPITAL / 10 * 12, ClosedReason::Target, Action::COMPLETE, Action::REJECT, "COMPLETED"),
    ] {
        for is_silent in [false, true] {
            let market = Market::with(pinning()).await;
            let trio = Trio::judged_by(&market, "CEX_CAPITAL").await;
            let before = trio.owned().await;
            let id = trio.engaged_for(&order()).await;
            assert_eq!(
                attest(&trio.client.owner, &id, 1, CAPITAL, State::Running).await.status,
                StatusCode::OK
            );
            deliver(&trio, &id, value, reason).await;
            if is_silent {
                market.pass(Millis::hours(48)).await;
            } else {
                let way = |action| if action == Action::REJECT { "reject" } else { "complete" };
                let against = trio.evaluator.step(wrong, &id, way(wrong), json!({})).await;
                refused(&against, StatusCode::CONFLICT, "against_valuation");
                trio.evaluator.take(right, &id, way(right), json!({})).await;
            }
            assert_eq!(job(&market, &id).await["status"], status);
            for actor in [&trio.client, &trio.provider] {
                let dispute = actor.step(Action::FILE_DISPUTE, &id, "dispute", json!({})).await;
                refused(&dispute, StatusCode::BAD_REQUEST, "wrong_state");
            }
            market.pass(Millis::hours(48)).await;
            let [client, provider, _] = trio.owned().await;
            let earned = provider - before[1];
            assert_eq!(earned > 0, right == Action::COMPLETE, "{earned}");
            if right == Action::REJECT && !is_silent {
                assert_eq!(client, before[0], "the budget is the client's again");
            }
            assert_eq!(market.books().await, Vec::<String>::new());
        }
    }
}

#[tokio::test]
async fn where_capital_never_was_nobody_is_at_fault() {
    let market = Market::with(pinning()).await;
    let trio = Trio::judged_by(&market, "CEX_CAPITAL").await;
    let (owned, stakes) = (trio.owned().await, trio.provider.stake().await);
    let id = trio.engaged_for(&order()).await;
    market.pass(Millis::hours(24 * 14)).await;
    let ended = job(&market, &id).await;
    assert_eq!(ended["status"], "EXPIRED");
    assert_eq!((trio.owned().await, trio.provider.stake().await), (owned, stakes));
    assert_eq!(market.get("/api/v1/reputation/3").await.json()["data"]["totalJobs"], 0);
}

#[tokio::test]
async fn a_market_that_believes_no_enclave_takes_no_capital_and_serves_none() {
    let market = Market::with(Options { enclave: false, ..Options::default() }).await;
    let trio = Trio::judged_by(&market, "CEX_CAPITAL").await;
    let made = trio.client.create(&trio.client.order(&order())).await;
    refused(&made, StatusCode::BAD_REQUEST, "invalid_request");
    refused(&market.get("/api/v1/tee/attestation").await, StatusCode::NOT_FOUND, "no_enclave");
    refused(&market.get("/api/v1/tee/jobs/1/status").await, StatusCode::NOT_FOUND, "no_enclave");
}

/// A client that entrusts its account to the simulated enclave until a moment.
fn entrusting(trio: &Trio<'_>, id: &str, pubkey: &str, stop_loss: u32, until: Timestamp) -> Value {
    let account = seal(pubkey, &[4; 32], &[6; 16], br#"{"key": "k", "secret": "s"}"#).expect("it is sealed");
    let digits: String = account.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(trio.client.owner.market.engine().clock().now().0 % 1_000, 0);
    json!({"job_id": id, "encrypted_api_key": digits, "deadline": until.0,
        "params": {"stop_loss_bps": stop_loss, "target_return_bps": 2_000}})
}

#[tokio::test]
async fn the_whole_way_of_capital_goes_through_the_simulated_enclave() {
    let market = Market::open().await;
    let trio = Trio::judged_by(&market, "CEX_CAPITAL").await;
    let before = trio.owned().await;
    let id = trio.engaged_for(&order()).await;
    let about = market.get("/api/v1/tee/attestation").await.json()["data"].clone();
    assert_eq!(json!([about["simulated"], about["exchange"]]), json!([true, "docket-simulated-exchange"]));
    let pubkey = about["tee_pubkey"].as_str().expect("a key");
    let now = market.engine().clock().now();
    market.pass(Millis((1_000 - now.0 % 1_000) % 1_000)).await;

    let until = market.engine().clock().now() + Millis::hours(9);
    let entrust = async |by: &Owner<'_>, body: &Value| {
        by.sign(Action::TEE_JOBS, &id, "POST", "/api/v1/tee/jobs".to_owned(), body).send(&market).await
    };
    let client = &trio.client.owner;
    let body = entrusting(&trio, &id, pubkey, 1_000, until);
    refused(&entrust(&trio.provider.owner, &body).await, StatusCode::FORBIDDEN, "not_the_owner");
    let tighter = entrusting(&trio, &id, pubkey, 1, until);
    refused(&entrust(client, &tighter).await, StatusCode::BAD_REQUEST, "invalid_request");
    let too_late = entrusting(&trio, &id, pubkey, 1_000, until + Millis::hours(24 * 30));
    refused(&entrust(client, &too_late).await, StatusCode::BAD_REQUEST, "invalid_request");
    refused(
        &market.get(&format!("/api/v1/tee/jobs/{id}/status")).await,
        StatusCode::NOT_FOUND,
        "job_not_found",
    );
    let made = entrust(client, &body).await;
    assert_eq!(
        json!([made.json()["data"]["state"], made.json()["data"]["simulated"]]),
        json!(["running", true])
    );
    assert_eq!(
        entrust(client, &body).await.json()["data"],
        made.json()["data"],
        "the same again is the same"
    );
    let other = entrusting(&trio, &id, pubkey, 1_000, until + Millis::hours(1));
    refused(&entrust(client, &other).await, StatusCode::CONFLICT, "job_differs");
    assert_eq!(
        snapshots(&market, &id).await["data"][0]["standing"],
        "attested",
        "the first is taken at once"
    );

    let order = json!({"action": "buy", "job_id": id, "nonce": 1, "order_type": "market", "price": null,
        "quantity": "0.01", "symbol": "BTCUSDT"});
    let signed = r#"{"action":"buy","job_id":"ID","nonce":1,"order_type":"market","price":null,"quantity":"0.01","symbol":"BTCUSDT"}"#;
    let signed = signed.replace("ID", &id);
    let give = async |key: &WalletKey| {
        let body = json!({"order": order, "provider_signature": key.sign(signed.as_bytes()).to_string()});
        market.post(&format!("/api/v1/tee/jobs/{id}/orders"), &body.to_string()).await
    };
    refused(&give(&client.key).await, StatusCode::UNAUTHORIZED, "bad_signature");
    let given = give(&trio.provider.owner.key).await;
    assert_eq!(given.json()["data"]["status"], "filled", "{}", given.text());
    refused(&give(&trio.provider.owner.key).await, StatusCode::BAD_REQUEST, "invalid_request");

    let status = async || {
        market.get(&format!("/api/v1/tee/jobs/{id}/status?verify=true")).await.json()["data"].clone()
    };
    market.pass(Millis::hours(4)).await;
    let running = status().await;
    assert_eq!(
        json!([running["state"], running["verified"], running["simulated"]]),
        json!(["running", true, true])
    );
    assert_eq!(snapshots(&market, &id).await["pagination"]["total"], 2);
    status().await;
    assert_eq!(snapshots(&market, &id).await["pagination"]["total"], 2, "no other is due");
    assert_eq!(job(&market, &id).await["valuation"]["overdueSnapshots"], 0);
    market.pass(Millis::seconds(4 * 3_600 + 900)).await;
    assert_eq!(job(&market, &id).await["valuation"]["overdueSnapshots"], 1);
    market.pass(Millis::hours(1)).await;
    let closed = status().await;
    assert_eq!(json!([closed["state"], closed["closed_reason"]]), json!(["closed", "deadline"]));
    let shown = job(&market, &id).await;
    assert_eq!(shown["valuation"]["deliverableHash"], closed["deliverable_hash"]);
    assert_eq!(shown["valuation"]["closedReason"], "deadline");
    let hash = closed["deliverable_hash"].clone();
    trio.provider.take(Action::SUBMIT, &id, "submit", json!({"deliverableHash": hash})).await;
    trio.evaluator.take(Action::COMPLETE, &id, "complete", json!({})).await;
    market.pass(Millis::hours(48)).await;
    let earned = trio.owned().await[1] - before[1];
    assert!(earned >= (BUDGET / 100 * 94) as i128, "{earned}");
    assert_eq!(market.books().await, Vec::<String>::new());
}

#[tokio::test]
async fn however_many_ask_at_once_the_market_takes_one_snapshot() {
    let market = Market::open().await;
    let trio = Trio::judged_by(&market, "CEX_CAPITAL").await;
    let id = entrusted(&market, &trio, Millis::hours(9)).await;
    market.pass(Millis::hours(4)).await;
    let path = format!("/api/v1/tee/jobs/{id}/status");
    let asked = futures::future::join_all((0..16).map(|_| market.get(&path))).await;
    assert!(asked.iter().all(|answer| answer.status == StatusCode::OK));
    let page = snapshots(&market, &id).await;
    let standings: Vec<_> =
        page["data"].as_array().expect("a list").iter().map(|row| &row["standing"]).collect();
    assert_eq!(json!(standings), json!(["attested", "attested"]));
}

/// A job whose capital the simulated enclave trades for so long.
async fn entrusted(market: &Market, trio: &Trio<'_>, span: Millis) -> String {
    let id = trio.engaged_for(&order()).await;
    let about = market.get("/api/v1/tee/attestation").await.json()["data"].clone();
    let now = market.engine().clock().now();
    market.pass(Millis((1_000 - now.0 % 1_000) % 1_000)).await;
    let until = market.engine().clock().now() + span;
    let body = entrusting(trio, &id, about["tee_pubkey"].as_str().expect("a key"), 1_000, until);
    let letter = trio.client.owner.sign(Action::TEE_JOBS, &id, "POST", "/api/v1/tee/jobs".to_owned(), &body);
    let made = letter.send(market).await;
    assert_eq!(made.status, StatusCode::OK, "{}", made.text());
    id
}

/// Nothing can come after it, so that a market that was away for a while has to learn of it all the same.
#[tokio::test]
async fn what_closes_the_capital_may_come_late() {
    let market = Market::with(pinning()).await;
    let trio = Trio::judged_by(&market, "CEX_CAPITAL").await;
    let id = trio.engaged_for(&order()).await;
    market.pass(Millis(1)).await;
    for (state, standing) in [(State::Running, "stale"), (State::Closed(ClosedReason::Target), "attested")] {
        let report = report(&market, &id, 1, 2 * CAPITAL, state);
        let signed = letter(&report, Some(&Attestation::by_wallet(&enclave(), &report)));
        market.pass(Millis::hours(1)).await;
        let row = bring(&trio.provider.owner, &id, &signed).await.json()["data"].clone();
        assert_eq!(row["standing"], standing, "{row}");
    }
    assert_eq!(job(&market, &id).await["valuation"]["outcome"], "TARGET");
}

/// Anybody may ask for a list, and whoever takes part brings what is large.
#[tokio::test]
async fn a_list_of_jobs_has_the_last_snapshot_of_each_alone() {
    let market = Market::with(pinning()).await;
    let trio = Trio::judged_by(&market, "CEX_CAPITAL").await;
    let id = trio.engaged_for(&order()).await;
    for sequence in 1..=3 {
        let report = report(&market, &id, sequence, 7, State::Running);
        assert_eq!(bring(&trio.client.owner, &id, &letter(&report, None)).await.status, StatusCode::OK);
    }
    assert_eq!(job(&market, &id).await["snapshots"].as_array().map(Vec::len), Some(3));
    for path in ["/api/v1/jobs".to_owned(), format!("/api/v1/agents/{}/jobs", trio.client.id)] {
        let listed = market.get(&path).await.json()["data"][0]["snapshots"].clone();
        assert_eq!(listed, json!([job(&market, &id).await["snapshots"][0]]), "{path}");
    }
}

#[tokio::test]
async fn what_is_too_long_for_an_order_is_not_read() {
    let market = Market::open().await;
    let long = json!({"order": {"x".repeat(100_000): 1}, "provider_signature": "0x"}).to_string();
    let answer = market.post("/api/v1/tee/jobs/1/orders", &long).await;
    refused(&answer, StatusCode::BAD_REQUEST, "invalid_request");
    assert!(answer.text().len() < 500, "{} bytes", answer.text().len());
}
