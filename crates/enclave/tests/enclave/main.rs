//! The simulated enclave as the rest of Docket sees it.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod jobs;
mod orders;
mod properties;
mod trading;

use docket_attestation::SoftwareVerifier;
use docket_core::time::{Millis, Timestamp};
use docket_enclave::{Enclave, JobAnswer, JobRequest, Market, Opening, Order, OrderAnswer, Refusal, ecies};
use docket_protocol::wallet::WalletKey;
use serde_json::{Value, json};

/// 2026-04-01T04:00:00Z.
const START: Timestamp = Timestamp(1_775_016_000_000);

/// 1,000 of the account's currency.
const CAPITAL: u128 = 1_000_000_000;

fn after(span: Millis) -> Timestamp {
    START + span
}

fn wallet(seed: u8) -> WalletKey {
    WalletKey::from_bytes(&[seed; 32]).unwrap()
}

fn provider() -> WalletKey {
    wallet(5)
}

fn opening() -> Opening {
    Opening { capital: CAPITAL, provider: provider().address() }
}

/// An enclave where every price stands still.
fn calm() -> Enclave {
    Enclave::new(&[1; 32], Market::new(7, 0)).unwrap()
}

/// An enclave where prices move.
fn lively() -> Enclave {
    Enclave::new(&[1; 32], lively_market()).unwrap()
}

fn lively_market() -> Market {
    Market::new(7, 2_000)
}

fn believing(enclave: &Enclave) -> SoftwareVerifier {
    SoftwareVerifier::pinning([enclave.key()])
}

/// A key for the exchange as a client's library encrypts it. `chance` stands for what the library draws.
fn encrypted(enclave: &Enclave, credentials: &Value, chance: u8) -> String {
    let text = credentials.to_string();
    let public_key = enclave.attestation().tee_pubkey;
    hex::encode(ecies::seal(&public_key, &[chance; 32], &[chance; 16], text.as_bytes()).unwrap())
}

fn credentials() -> Value {
    json!({ "key": "test-key", "secret": "test-secret" })
}

/// A request for job 123 that runs for ten days.
fn request(enclave: &Enclave) -> Value {
    json!({
        "job_id": "123",
        "encrypted_api_key": encrypted(enclave, &credentials(), 3),
        "params": { "stop_loss_bps": 1_000, "target_return_bps": 2_000, "max_daily_trades": 50 },
        "deadline": after(Millis::hours(240)).0,
    })
}

fn create(enclave: &mut Enclave, request: &Value) -> Result<JobAnswer, Refusal> {
    enclave.create_job(&JobRequest::parse(request.to_string().as_bytes())?, opening(), START)
}

/// Lets job 123 begin.
fn begin(enclave: &mut Enclave) -> Result<JobAnswer, Refusal> {
    let request = request(enclave);
    create(enclave, &request)
}

/// Gives an order that the provider signed.
fn give(enclave: &mut Enclave, order: &Value, now: Timestamp) -> Result<OrderAnswer, Refusal> {
    let order = Order::parse(order.to_string().as_bytes())?;
    let signature = provider().sign(order.signed_text().as_bytes()).to_string();
    enclave.order("123", &order, &signature, now)
}

fn market_order(nonce: u64, action: &str, symbol: &str, quantity: &str) -> Value {
    json!({
        "action": action, "job_id": "123", "nonce": nonce, "order_type": "market", "price": null,
        "quantity": quantity, "symbol": symbol,
    })
}
