//! Requests that a wallet signs: over the very bytes that are sent.

use super::key;
use crate::client::{self, Answer};
use anyhow::Result;
use docket_core::time::Timestamp;
use docket_engine::clock::Clock;
use docket_protocol::digest::Digest;
use docket_protocol::wallet::{Action, Statement, WalletKey};
use reqwest::{Method, header};
use serde::Serialize;

/// Whose word it is, and to whom.
#[derive(clap::Args)]
pub(super) struct Signer {
    #[command(flatten)]
    pub(super) place: client::Place,
    #[command(flatten)]
    key: key::KeyFile,
    /// Sign for this instant, in milliseconds since 1970: the same word for the same instant is carried out once, however
    /// often this is run within five minutes [default: now].
    #[arg(long, value_name = "MS", value_parser = clap::value_parser!(i64).range(0..))]
    at: Option<i64>,
}

/// What is asked for.
pub(super) struct Wish<'a> {
    pub(super) method: Method,
    pub(super) path: &'a str,
    pub(super) action: Action,
    /// What it is done to: an agent's number, or `new`.
    pub(super) resource: &'a str,
}

impl Signer {
    /// Signs a wish and sends it.
    pub(super) async fn send(&self, wish: Wish<'_>, body: &impl Serialize) -> Result<Answer> {
        let client = self.place.client()?;
        let at = self.at.map_or_else(|| Clock::system(Timestamp(0)).now(), Timestamp);
        let body = serde_json::to_vec(body)?;
        let mut request = client.request(wish.method, wish.path)?;
        for (name, value) in headers(&self.key.read()?, wish.action, wish.resource, at, &body) {
            request = request.header(name, value);
        }
        let request = request.header(header::CONTENT_TYPE, "application/json").body(body);
        client.send(request).await.map_err(|error| {
            match error.chain().any(|cause| cause.is::<reqwest::Error>()) {
                true => error.context(format!(
                    "it may have been done; with --at {} a repeat is carried out once",
                    at.0
                )),
                false => error,
            }
        })
    }
}

/// Who says so, when, and his signature.
fn headers(
    key: &WalletKey,
    action: Action,
    resource: &str,
    at: Timestamp,
    body: &[u8],
) -> [(&'static str, String); 3] {
    let message = Statement { action, resource, at, body: Some(Digest::of(body)) }.to_string();
    [
        ("x-wallet-address", key.address().to_string()),
        ("x-wallet-signature", key.sign(message.as_bytes()).to_string()),
        ("x-wallet-timestamp", at.0.to_string()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use docket_protocol::wallet::{Headers, verify};

    #[test]
    fn the_coordinator_knows_who_signed_these_bytes_and_no_others() {
        let action = Action::REGISTER_STRATEGY;
        let key = WalletKey::from_bytes(&[7; 32]).unwrap();
        let at = Timestamp(1_750_000_000_000);
        let [(_, address), (_, signature), (_, timestamp)] = headers(&key, action, "7", at, b"{}");
        let headers = Headers { address: &address, signature: &signature, timestamp: &timestamp };
        let signer = |resource, body| {
            verify(&headers, action, resource, Digest::of(body), at).ok().map(|signed| signed.signer)
        };
        assert_eq!(signer("7", b"{}"), Some(key.address()));
        assert_eq!(signer("7", b"{ }"), None);
        assert_eq!(signer("8", b"{}"), None);
    }
}
