//! How capital ends: at its deadline, its stop-loss or its target, and what is attested of that.

use crate::{CAPITAL, START, after, begin, believing, calm, create, give, lively, market_order, request};
use docket_attestation::{
    Attestation, ClosedReason, Judgement, Mark, Report, Schedule, State, Verifier, deliverable_hash, judge,
};
use docket_core::time::{Millis, Timestamp};
use docket_enclave::{Enclave, Market, Refusal};
use serde_json::{Value, json};

/// Puts nearly everything into one coin and waits; answers how it ended.
fn hold(mut enclave: Enclave, stop_loss_bps: u32, target_return_bps: u32) -> (Enclave, Value) {
    let mut request = request(&enclave);
    request["params"]["stop_loss_bps"] = json!(stop_loss_bps);
    request["params"]["target_return_bps"] = json!(target_return_bps);
    create(&mut enclave, &request).unwrap();
    give(&mut enclave, &market_order(1, "buy", "SOLUSDT", "5"), START).unwrap();
    let status = enclave.status("123", after(Millis::hours(300))).unwrap();
    (enclave, serde_json::to_value(status).unwrap())
}

#[test]
fn at_its_deadline_all_is_sold_and_the_job_is_closed() {
    let (mut enclave, status) = hold(calm(), 10_000, 1_000_000);
    assert_eq!((&status["state"], &status["closed_reason"]), (&json!("closed"), &json!("deadline")));
    assert_eq!(status["balance_report"]["positions"], json!([]));
    // Two fees of a thousandth of 750.
    assert_eq!(status["reported_value"], json!((CAPITAL - 1_500_000).to_string()));
    assert_eq!(status["report"]["snapshot_ms"], json!(after(Millis::hours(240)).0.to_string()));
    let refused = give(&mut enclave, &market_order(2, "buy", "SOLUSDT", "1"), after(Millis::hours(300)));
    assert_eq!(refused, Err(Refusal::Closed));
    assert_eq!(refused.unwrap_err().status(), 400);
}

#[test]
fn a_loss_closes_the_job_as_soon_as_it_is_seen() {
    let (_, status) = hold(lively(), 10, 1_000_000);
    assert_eq!(status["closed_reason"], json!("stop_loss"));
    let value: u128 = status["reported_value"].as_str().unwrap().parse().unwrap();
    assert!(value < CAPITAL - CAPITAL / 1_000 && value > CAPITAL * 97 / 100, "{value}");
    let at: i64 = status["report"]["snapshot_ms"].as_str().unwrap().parse().unwrap();
    assert!((at - START.0) % 30_000 == 0 && at < after(Millis::hours(240)).0, "{at}");
}

#[test]
fn a_gain_closes_the_job_as_soon_as_it_is_seen() {
    let reached = (0..20)
        .map(|seed| hold(Enclave::new(&[1; 32], Market::new(seed, 3_000)).unwrap(), 10_000, 500).1)
        .find(|status| status["closed_reason"] == json!("target"))
        .expect("one course in twenty rises by a twentieth");
    let value: u128 = reached["reported_value"].as_str().unwrap().parse().unwrap();
    assert!(value > CAPITAL * 104 / 100, "the fee of selling may take it a little below the target: {value}");
}

/// What fees alone have eaten is a loss as well, though nothing is held; and it is seen at the next look, however long
/// there was nothing to see before.
#[test]
fn a_loss_without_any_holdings_is_seen() {
    let mut enclave = calm();
    let mut request = request(&enclave);
    request["params"]["stop_loss_bps"] = json!(10);
    create(&mut enclave, &request).unwrap();
    enclave.status("123", after(Millis::seconds(45))).unwrap();
    let traded = after(Millis::seconds(50));
    for nonce in [1, 3] {
        give(&mut enclave, &market_order(nonce, "buy", "SOLUSDT", "5"), traded).unwrap();
        give(&mut enclave, &json!({ "action": "close", "job_id": "123", "nonce": nonce + 1 }), traded)
            .unwrap();
    }
    let closed = enclave.status("123", after(Millis::hours(1))).unwrap();
    assert_eq!(closed.closed_reason, Some("stop_loss"));
    assert_eq!(closed.report["snapshot_ms"], json!(after(Millis::seconds(60)).0.to_string()));
}

#[test]
fn a_closing_report_stays_the_same_and_gives_the_deliverable() {
    let (mut enclave, status) = hold(lively(), 10, 1_000_000);
    let later = enclave.status("123", after(Millis::hours(400))).unwrap();
    assert_eq!(serde_json::to_value(&later).unwrap(), status);
    let balance = later.reported_value.parse().unwrap();
    let hash = format!("0x{}", hex::encode(deliverable_hash(&later.enclave_signature, balance)));
    assert_eq!(later.deliverable_hash, Some(hash));
    assert_eq!(later.attestation["signature"], json!(later.enclave_signature));
    let mut running = calm();
    begin(&mut running).unwrap();
    assert_eq!(running.status("123", START).unwrap().deliverable_hash, None);
}

#[test]
fn what_a_status_shows_is_attested() {
    let (enclave, status) = hold(lively(), 10, 1_000_000);
    let report = Report::from_value(status["report"].clone()).unwrap();
    let attestation = Attestation::from_value(status["attestation"].clone()).unwrap();
    assert!(believing(&enclave).verify(&report, &attestation, START).is_ok());
    assert_eq!(report.state(), State::Closed(ClosedReason::StopLoss));
    assert_eq!(report.balance().as_value(), &status["balance_report"]);
    assert_eq!(status["simulated"], json!(true));
}

#[test]
fn snapshots_every_four_hours_are_fresh_also_after_the_end() {
    let mut enclave = calm();
    begin(&mut enclave).unwrap();
    let (verifier, schedule) = (believing(&enclave), Schedule::default());
    let mut last = Mark::start(START);
    for number in 1..=70 {
        let now = after(Millis::hours(4 * number));
        let (report, attestation) = enclave.snapshot("123", now).unwrap();
        let judged = judge(&report, Some(&attestation), &verifier, &schedule, now, last);
        assert!(matches!(judged, Judgement::Attested { missed: 0, .. }), "{number}: {judged:?}");
        assert_eq!(report.state() == State::Running, number < 60);
        last = Mark { at: report.at(), sequence: report.sequence() };
    }
}

/// Else a client who looks often would be stopped out where another is not.
#[test]
fn who_looks_how_often_changes_nothing() {
    let history = |minutes: i64| {
        let mut enclave = lively();
        begin(&mut enclave).unwrap();
        give(&mut enclave, &market_order(1, "buy", "ETHUSDT", "0.2"), after(Millis(12_345))).unwrap();
        let mut at = 0;
        while at < 300 * 60 {
            at += minutes;
            enclave.status("123", after(Millis::seconds(60 * at))).unwrap();
        }
        // With its signature, so with the number of the report as well.
        serde_json::to_value(enclave.status("123", after(Millis::hours(300))).unwrap()).unwrap()
    };
    let seldom = history(300 * 60);
    assert_eq!(history(47), seldom);
    assert_eq!(history(13 * 60), seldom);
}

/// All of a job follows from its request, its orders and their instants.
#[test]
fn a_job_that_is_given_again_after_a_restart_goes_on() {
    let given = || {
        let mut enclave = lively();
        begin(&mut enclave).unwrap();
        give(&mut enclave, &market_order(1, "buy", "ETHUSDT", "0.2"), after(Millis(12_345))).unwrap();
        enclave
    };
    let mut before = given();
    let (last, _) = (0..9).map(|_| before.snapshot("123", after(Millis::hours(4))).unwrap()).last().unwrap();
    let (next, _) = given().snapshot("123", after(Millis::hours(8))).unwrap();
    assert!(next.sequence() > last.sequence());
    assert_eq!(before.snapshot("123", after(Millis::hours(8))).unwrap().0, next);
}

#[test]
fn time_never_runs_backwards_for_a_job() {
    let mut enclave = lively();
    begin(&mut enclave).unwrap();
    let (later, _) = enclave.snapshot("123", after(Millis::hours(4))).unwrap();
    let (earlier, _) = enclave.snapshot("123", Timestamp(0)).unwrap();
    assert_eq!(earlier.at(), later.at());
    assert!(earlier.sequence() > later.sequence());
}
