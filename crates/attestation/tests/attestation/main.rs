//! The crate as the rest of Docket sees it.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

#[cfg(feature = "dcap")]
mod dcap;
mod document;
mod forms;
#[cfg(feature = "dcap")]
mod made_up;
mod properties;
mod sev;
mod software;

use docket_attestation::{Balance, ClosedReason, Report, State};
use docket_core::time::{Millis, Timestamp};
use docket_protocol::keys::SigningKey;
use docket_protocol::wallet::WalletKey;
use serde_json::{Map, Value, json};

/// 2026-04-01T04:00:00Z, the instant in the dialect's documents.
const NOON: Timestamp = Timestamp(1_775_016_000_000);

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(object) => object,
        other => panic!("{other} is no object"),
    }
}

fn balance() -> Balance {
    let balance = json!({
        "simulated": true,
        "free": "50000000",
        "positions": [{ "symbol": "BTCUSDT", "quantity": "0.015", "value": "1000000000" }],
    });
    Balance::new(object(balance)).unwrap()
}

/// The `sequence`th report of job 123, four hours after the one before.
fn report(sequence: u64) -> Report {
    let at = NOON + Millis::hours(4 * (i64::try_from(sequence).unwrap() - 1));
    Report::new("123", 1_050_000_000, at, sequence, State::Running, balance()).unwrap()
}

fn closed_report() -> Report {
    let state = State::Closed(ClosedReason::StopLoss);
    Report::new("123", 900_000_000, NOON, 9, state, balance()).unwrap()
}

fn key(seed: u8) -> SigningKey {
    SigningKey::from_seed(&[seed; 32])
}

fn wallet(seed: u8) -> WalletKey {
    WalletKey::from_bytes(&[seed; 32]).unwrap()
}
