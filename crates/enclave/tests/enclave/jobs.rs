//! How a job begins, and what is refused before it does.

use crate::{
    CAPITAL, START, after, begin, believing, calm, create, credentials, encrypted, opening, request, wallet,
};
use docket_attestation::{State, Verifier};
use docket_core::time::Millis;
use docket_enclave::{JobRequest, MAX_JOBS, Opening, Refusal};
use serde_json::{Value, json};

#[test]
fn an_enclave_says_who_it_is_and_that_it_is_simulated() {
    let answer = serde_json::to_value(calm().attestation()).unwrap();
    assert_eq!(answer["simulated"], json!(true));
    assert_eq!(answer["exchange"], json!("docket-simulated-exchange"));
    assert_eq!(answer["measurement"], Value::Null);
    assert_eq!(answer["key"], json!(calm().key().to_string()));
    assert!(answer["tee_pubkey"].as_str().unwrap().starts_with("0x04"));
    let other = docket_enclave::Enclave::new(&[2; 32], docket_enclave::Market::new(7, 0)).unwrap();
    assert_ne!(other.attestation().tee_pubkey, calm().attestation().tee_pubkey);
    assert_ne!(other.key(), calm().key());
}

#[test]
fn a_job_begins_with_its_capital_and_is_attested() {
    let mut enclave = calm();
    let answer = serde_json::to_value(begin(&mut enclave).unwrap()).unwrap();
    let deadline = after(Millis::hours(240)).0;
    assert_eq!(
        answer,
        json!({ "simulated": true, "job_id": "123", "state": "running", "deadline": deadline })
    );
    let (report, attestation) = enclave.snapshot("123", START).unwrap();
    assert_eq!((report.job_id(), report.reported_value()), ("123", CAPITAL));
    assert_eq!((report.at(), report.state()), (START, State::Running));
    assert_eq!(report.balance().as_value()["simulated"], json!(true));
    assert!(believing(&enclave).verify(&report, &attestation, START).is_ok());
}

#[test]
fn the_same_request_again_is_answered_again() {
    let mut enclave = calm();
    let first = request(&enclave);
    let answer = create(&mut enclave, &first).unwrap();
    assert_eq!(create(&mut enclave, &first), Ok(answer.clone()));
    // A library encrypts the same key to other bytes each time.
    let mut again = first.clone();
    again["encrypted_api_key"] = json!(format!("0x{}", encrypted(&enclave, &credentials(), 4)));
    assert_eq!(create(&mut enclave, &again), Ok(answer.clone()));
    // The same deadline in seconds.
    again["deadline"] = json!(after(Millis::hours(240)).0 / 1_000);
    assert_eq!(create(&mut enclave, &again), Ok(answer));
}

#[test]
fn allowed_symbols_are_a_set() {
    let mut enclave = calm();
    let mut request = request(&enclave);
    request["params"]["allowed_symbols"] = json!(["BTCUSDT", "ETHUSDT"]);
    let answer = create(&mut enclave, &request).unwrap();
    request["params"]["allowed_symbols"] = json!(["ethusdt", "BTCUSDT", "ETHUSDT"]);
    assert_eq!(create(&mut enclave, &request), Ok(answer));
    request["params"]["allowed_symbols"] = json!(["BTCUSDT"]);
    assert_eq!(create(&mut enclave, &request), Err(Refusal::JobDiffers));
}

#[test]
fn the_same_job_with_other_content_is_refused() {
    let mut enclave = calm();
    let first = request(&enclave);
    create(&mut enclave, &first).unwrap();
    let other_key = json!({ "key": "test-key", "secret": "other" });
    for (path, value) in [
        ("/params/stop_loss_bps", json!(999)),
        ("/params/target_return_bps", json!(null)),
        ("/params/max_daily_trades", json!(51)),
        ("/deadline", json!(after(Millis::hours(241)).0)),
        ("/encrypted_api_key", json!(encrypted(&enclave, &other_key, 3))),
    ] {
        let mut changed = first.clone();
        *changed.pointer_mut(path).unwrap() = value;
        let refused = create(&mut enclave, &changed).unwrap_err();
        assert_eq!((refused.status(), refused), (409, Refusal::JobDiffers), "{path}");
    }
    let parsed = JobRequest::parse(first.to_string().as_bytes()).unwrap();
    for opening in [
        Opening { capital: CAPITAL + 1, ..opening() },
        Opening { provider: wallet(6).address(), ..opening() },
    ] {
        assert_eq!(enclave.create_job(&parsed, opening, START), Err(Refusal::JobDiffers));
    }
}

/// Where credentials are joined, two pairs must not look alike.
#[test]
fn a_key_and_its_secret_cannot_be_cut_elsewhere() {
    let mut enclave = calm();
    let with = |enclave: &docket_enclave::Enclave, key: &str, secret: &str| {
        let mut request = request(enclave);
        request["encrypted_api_key"] = json!(encrypted(enclave, &json!({ "key": key, "secret": secret }), 3));
        request
    };
    let (first, second) = (with(&enclave, "ab", "c"), with(&enclave, "a", "bc"));
    create(&mut enclave, &first).unwrap();
    assert_eq!(create(&mut enclave, &second), Err(Refusal::JobDiffers));
}

#[test]
fn a_deadline_is_read_in_seconds_and_in_milliseconds() {
    let enclave = calm();
    let deadline = after(Millis::hours(240));
    for value in [json!(deadline.0), json!(deadline.0 / 1_000), json!((deadline.0 / 1_000).to_string())] {
        let mut request = request(&enclave);
        request["deadline"] = value.clone();
        assert_eq!(JobRequest::parse(request.to_string().as_bytes()).unwrap().deadline, deadline, "{value}");
    }
}

#[test]
fn what_is_no_request_is_refused_by_name() {
    let enclave = calm();
    let ciphertext = encrypted(&enclave, &credentials(), 3);
    for (path, value, words) in [
        ("/job_id", json!(""), "job_id"),
        ("/job_id", json!("1 2"), "job_id"),
        ("/job_id", json!(-1), "job_id"),
        ("/deadline", json!(0), "deadline"),
        ("/deadline", json!(1.5), "deadline"),
        ("/deadline", json!("soon"), "deadline"),
        ("/deadline", json!(START.0), "deadline"),
        ("/deadline", json!(after(Millis::hours(90 * 24 + 1)).0), "deadline"),
        ("/encrypted_api_key", json!("xyz"), "encrypted_api_key"),
        ("/encrypted_api_key", json!(ciphertext.repeat(20)), "encrypted_api_key"),
        ("/params/stop_loss_bps", json!(0), "stop_loss_bps"),
        ("/params/stop_loss_bps", json!(10_001), "stop_loss_bps"),
        ("/params/stop_loss_bps", json!(null), "expected u32"),
        ("/params/target_return_bps", json!(0), "target_return_bps"),
        ("/params/max_daily_trades", json!(1_001), "max_daily_trades"),
        ("/params/allowed_symbols", json!([]), "allowed_symbols"),
        ("/params/allowed_symbols", json!(["DOGEUSDT"]), "allowed_symbols"),
        ("/params/market", json!("FUTURES"), "market"),
        ("/params/futures", json!({ "margin_type": "CROSSED" }), "futures"),
    ] {
        let mut changed = request(&enclave);
        changed["params"]["allowed_symbols"] = json!(["BTCUSDT"]);
        let (parent, field) = path.rsplit_once('/').unwrap();
        changed.pointer_mut(parent).unwrap()[field] = value.clone();
        let refused = create(&mut calm(), &changed).unwrap_err();
        assert_eq!(refused.status(), 400);
        assert!(
            matches!(&refused, Refusal::Malformed(text) if text.contains(words)),
            "{path} {value}: {refused}"
        );
    }
}

#[test]
fn credentials_that_are_none_are_refused_without_repeating_them() {
    let enclave = calm();
    for credentials in [
        json!("secret-text"),
        json!({ "key": "secret-text" }),
        json!({ "key": "", "secret": "secret-text" }),
        json!({ "key": "k", "secret": "secret-text".repeat(60) }),
        json!({ "key": 1, "secret": "secret-text" }),
    ] {
        let mut request = request(&enclave);
        request["encrypted_api_key"] = json!(encrypted(&enclave, &credentials, 3));
        let refused = create(&mut calm(), &request).unwrap_err().to_string();
        assert!(refused.contains("encrypted_api_key") && !refused.contains("secret-text"), "{refused}");
    }
    let mut foreign = request(&enclave);
    let other = docket_enclave::Enclave::new(&[2; 32], docket_enclave::Market::new(7, 0)).unwrap();
    foreign["encrypted_api_key"] = json!(encrypted(&other, &credentials(), 3));
    let refused = create(&mut calm(), &foreign).unwrap_err();
    assert_eq!((refused.code(), refused.status()), ("enclave.not_for_us", 400));
}

#[test]
fn an_enclave_keeps_no_more_jobs_than_it_can() {
    let mut enclave = calm();
    let mut request = request(&enclave);
    request["deadline"] = json!(after(Millis::hours(1)).0);
    for number in 0..MAX_JOBS {
        request["job_id"] = json!(number.to_string());
        create(&mut enclave, &request).unwrap();
    }
    request["job_id"] = json!("one more");
    assert!(create(&mut enclave, &request).is_err(), "a name with a space");
    request["job_id"] = json!("one-more");
    let refused = create(&mut enclave, &request).unwrap_err();
    assert_eq!((refused.status(), refused), (500, Refusal::Full));
    assert!(!enclave.forget("7"), "it still runs");
    enclave.status("7", after(Millis::hours(1))).unwrap();
    assert!(enclave.forget("7") && !enclave.forget("7"));
    assert!(create(&mut enclave, &request).is_ok());
}

#[test]
fn a_job_that_is_not_there_is_not_found() {
    let mut enclave = calm();
    for refused in [enclave.status("9", START).unwrap_err(), enclave.snapshot("9", START).unwrap_err()] {
        assert_eq!((refused.status(), refused), (404, Refusal::UnknownJob));
    }
}
