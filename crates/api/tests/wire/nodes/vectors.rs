//! Whole requests of nodes and clients, signed by viem, ethers and eth-account: taken as they are, and not with another byte.

use super::refused;
use crate::market::Market;
use crate::wallets::Letter;
use docket_core::hash::Sha256;
use hyper::StatusCode;
use serde_json::{Value, json};
use std::path::PathBuf;

/// What each request is answered that is taken for its signer's.
const EXPECTED: [(&str, u16); 10] = [
    ("register", 201),
    ("register", 201),
    ("heartbeat", 200),
    ("heartbeat", 400), // Jobs are not posted to an address that is written like this.
    ("pay", 201),
    ("pay", 201),
    ("result", 404), // There is no such job, for whoever asks.
    ("result", 404),
    ("expire", 404),
    ("deactivate", 200),
];

fn read(name: &str) -> Value {
    let path: PathBuf = [env!("CARGO_MANIFEST_DIR"), "..", "..", "fixtures", "wallet", name].iter().collect();
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{name}: {error}"));
    serde_json::from_str(&text).expect("it is JSON")
}

fn text<'a>(case: &'a Value, name: &str) -> &'a str {
    case[name].as_str().unwrap_or_default()
}

/// The request of a case, if it is one of the day of the tests.
fn letter(case: &Value, address: &str, signature: &str) -> Option<Letter> {
    if case["endpoint"].is_string() {
        let seconds: i64 = text(case, "seconds").parse().expect("seconds");
        let mut body = json!({"address": address, "endpoint": case["endpoint"], "timestamp": seconds});
        body["gpuTier"] = case["gpuTier"].clone();
        body["signature"] = json!(signature);
        let (path, headers) = ("/api/nodes/heartbeat".to_owned(), Vec::new());
        let letter = Letter { method: "POST", path, headers, body: body.to_string() };
        return Some(letter).filter(|_| seconds < 1_770_700_000);
    }
    let hash = Sha256::of(text(case, "input").as_bytes()).to_string();
    let upper = format!("0x{}", address[2..].to_uppercase());
    let filled = |name: &str| {
        let text = text(case, name).replace("$address", address).replace("$lower", &address.to_lowercase());
        text.replace("$upper", &upper).replace("$hash", &hash)
    };
    let resource = filled("resource");
    let (method, path) = match text(case, "action") {
        "register-node" => ("POST", "/api/nodes/register".to_owned()),
        "deactivate-node" => ("POST", "/api/nodes/deactivate".to_owned()),
        "pay-job" => ("POST", "/api/jobs/pay".to_owned()),
        "read-job" => ("GET", format!("/api/jobs/{resource}/result")),
        "expire-job" => ("POST", format!("/api/jobs/{resource}/expire")),
        _ => return None,
    };
    let at = text(case, "at");
    let headers = vec![
        ("x-wallet-address", address.to_lowercase()),
        ("x-wallet-signature", signature.to_owned()),
        ("x-wallet-timestamp", at.to_owned()),
    ];
    at.starts_with("17706384").then(|| Letter { method, path, headers, body: filled("body") })
}

/// The same with one byte more in its body, another endpoint, or another time.
fn forged(letter: &Letter) -> Letter {
    let (mut headers, mut body) = (letter.headers.clone(), letter.body.clone());
    match headers.last_mut() {
        None => body = body.replace("http://127.0.0.1:9", "http://127.0.0.1:8"),
        Some((_, timestamp)) if body.is_empty() => {
            timestamp.pop();
            timestamp.push('9');
        }
        Some(_) => body.push(' '),
    }
    Letter { method: letter.method, path: letter.path.clone(), headers, body }
}

#[tokio::test]
async fn what_three_libraries_sign_is_taken_as_it_was_signed_and_not_otherwise() {
    let cases = read("cases.json");
    for (at, library) in ["viem.json", "ethers.json", "eth_account.json"].into_iter().enumerate() {
        let market = Market::open().await;
        let signer = &read(library)["keys"][at];
        let signatures = signer["registry"].as_array().expect("signatures");
        let mut statuses = Vec::new();
        for (case, signature) in cases["registry"].as_array().expect("cases").iter().zip(signatures) {
            let signature = signature.as_str().expect("a text");
            let Some(letter) = letter(case, text(signer, "address"), signature) else { continue };
            refused(&forged(&letter).send(&market).await, StatusCode::UNAUTHORIZED, "bad_signature");
            let (_, what) = letter.path.rsplit_once('/').expect("a path has parts");
            statuses.push((what.to_owned(), letter.send(&market).await.status.as_u16()));
        }
        assert_eq!(statuses, EXPECTED.map(|(what, status)| (what.to_owned(), status)), "{library}");
    }
}
