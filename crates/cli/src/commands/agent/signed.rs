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
pub(in crate::commands) struct Signer {
    #[command(flatten)]
    pub(in crate::commands) place: client::Place,
    #[command(flatten)]
    word: Word,
}

/// Whose word it is, and when he gives it.
#[derive(clap::Args, Clone)]
pub(in crate::commands) struct Word {
    #[command(flatten)]
    key: key::KeyFile,
    /// Sign for this instant, in milliseconds since 1970: the same word for the same instant is carried out once, however
    /// often this is run within five minutes [default: now].
    #[arg(long, value_name = "MS", value_parser = clap::value_parser!(i64).range(0..))]
    at: Option<i64>,
}

/// What is asked for.
pub(in crate::commands) struct Wish<'a> {
    pub(in crate::commands) method: Method,
    pub(in crate::commands) path: &'a str,
    pub(in crate::commands) action: Action,
    /// What it is done to: the number of an agent or of a job, or `new`.
    pub(in crate::commands) resource: &'a str,
}

impl Word {
    /// Whether a key is at hand, wherever it is looked for.
    pub(in crate::commands) fn is_there(&self) -> bool {
        self.key.is_there()
    }
}

impl Signer {
    /// Somebody's word for a coordinator.
    pub(in crate::commands) fn new(place: &client::Place, word: &Word) -> Self {
        Self { place: place.clone(), word: word.clone() }
    }

    /// The key that signs.
    pub(in crate::commands) fn key(&self) -> Result<WalletKey> {
        self.word.key.read()
    }

    /// The instant for which to sign.
    pub(in crate::commands) fn instant(&self) -> Timestamp {
        self.word.at.map_or_else(|| Clock::system(Timestamp(0)).now(), Timestamp)
    }

    /// Signs a wish for now and sends it.
    pub(in crate::commands) async fn send(&self, wish: Wish<'_>, body: &impl Serialize) -> Result<Answer> {
        self.send_at(self.instant(), wish, body).await
    }

    /// Signs a wish for an instant and sends it.
    pub(in crate::commands) async fn send_at(
        &self,
        at: Timestamp,
        wish: Wish<'_>,
        body: &impl Serialize,
    ) -> Result<Answer> {
        self.send_bytes(at, wish, serde_json::to_vec(body)?).await
    }

    /// Signs a wish that has no body, and sends it.
    pub(in crate::commands) async fn send_bare(&self, wish: Wish<'_>) -> Result<Answer> {
        self.send_bytes(self.instant(), wish, Vec::new()).await
    }

    async fn send_bytes(&self, at: Timestamp, wish: Wish<'_>, body: Vec<u8>) -> Result<Answer> {
        let client = self.place.client()?;
        let reads = wish.method == Method::GET;
        let mut request = client.request(wish.method, wish.path)?;
        for (name, value) in headers(&self.key()?, wish.action, wish.resource, at, &body) {
            request = request.header(name, value);
        }
        if !body.is_empty() {
            request = request.header(header::CONTENT_TYPE, "application/json").body(body);
        }
        client.send(request).await.map_err(|error| {
            match !reads && error.chain().any(|cause| cause.is::<reqwest::Error>()) {
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
