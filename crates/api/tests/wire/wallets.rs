//! Wallets before a market: what they sign and send.

use crate::http::Answer;
use crate::market::Market;
use docket_core::agent::identity::Wallet;
use docket_core::id::Dialect;
use docket_core::ledger::Account;
use docket_core::money::Amount;
use docket_protocol::digest::Digest;
use docket_protocol::wallet::{Action, Statement, WalletKey};
use hyper::StatusCode;
use serde_json::{Value, json};

/// A wallet before a market.
pub(crate) struct Owner<'a> {
    pub(crate) market: &'a Market,
    pub(crate) key: WalletKey,
}

/// A request that was signed, to be sent as often as somebody likes.
pub(crate) struct Letter {
    pub(crate) method: &'static str,
    pub(crate) path: String,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: String,
}

impl<'a> Owner<'a> {
    pub(crate) fn of(market: &'a Market, number: u8) -> Self {
        Self { market, key: WalletKey::from_bytes(&[number; 32]).expect("a key") }
    }

    pub(crate) fn address(&self) -> String {
        self.key.address().to_string()
    }

    pub(crate) fn sign(
        &self,
        action: Action,
        resource: &str,
        method: &'static str,
        path: String,
        body: &Value,
    ) -> Letter {
        let (at, body) = (self.market.engine().clock().now(), body.to_string());
        let digest = Some(Digest::of(body.as_bytes()));
        let message = Statement { action, resource, at, body: digest }.to_string();
        let headers = vec![
            ("x-wallet-address", self.address()),
            ("x-wallet-signature", self.key.sign(message.as_bytes()).to_string()),
            ("x-wallet-timestamp", at.0.to_string()),
        ];
        Letter { method, path, headers, body }
    }

    /// A request without a body.
    pub(crate) fn sign_bare(
        &self,
        action: Action,
        resource: &str,
        method: &'static str,
        path: String,
    ) -> Letter {
        let at = self.market.engine().clock().now();
        let message = Statement { action, resource, at, body: Some(Digest::of(b"")) }.to_string();
        let headers = vec![
            ("x-wallet-address", self.address()),
            ("x-wallet-signature", self.key.sign(message.as_bytes()).to_string()),
            ("x-wallet-timestamp", at.0.to_string()),
        ];
        Letter { method, path, headers, body: String::new() }
    }

    pub(crate) fn registration(&self, body: &Value) -> Letter {
        self.sign(Action::REGISTER_AGENT, "new", "POST", "/api/v1/agents/register".to_owned(), body)
    }

    pub(crate) async fn register(&self, body: Value) -> Answer {
        self.registration(&body).send(self.market).await
    }

    pub(crate) async fn update(&self, id: &str, body: Value) -> Answer {
        self.sign(Action::UPDATE_AGENT, id, "PATCH", format!("/api/v1/agents/{id}"), &body)
            .send(self.market)
            .await
    }

    pub(crate) fn stake(&self, action: Action, id: &str, way: &str, units: &str) -> Letter {
        self.sign(action, id, "POST", format!("/api/v1/agents/{id}/{way}"), &json!({"amount": units}))
    }

    /// Money comes in for it from outside.
    pub(crate) async fn endow(&self, units: u128) {
        let account = Account::Client(Wallet::from(self.key.address()).client(Dialect::Agents));
        let engine = self.market.engine();
        let amount = Amount::new(units, engine.ledger().asset());
        let key = format!("for {}", self.address());
        engine.credit(account, amount, &key).await.expect("it is credited");
    }

    /// What its own account holds.
    pub(crate) async fn own(&self) -> i128 {
        let account = Account::Client(Wallet::from(self.key.address()).client(Dialect::Agents));
        let rows = self.market.engine().store().balance(&account).await.expect("it can be read");
        rows.first().map_or(0, |row| row.units)
    }
}

impl Letter {
    pub(crate) async fn send(&self, market: &Market) -> Answer {
        let headers: Vec<_> = self.headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        market.send(self.method, &self.path, &headers, self.body.as_bytes()).await
    }
}

pub(crate) fn refused(answer: &Answer, status: StatusCode, code: &str) {
    let body = answer.json();
    assert_eq!(
        (answer.status, &body["error"], &body["success"]),
        (status, &json!(code), &json!(false)),
        "{body}"
    );
    assert!(body["message"].as_str().is_some_and(|words| words.ends_with('.')), "{body}");
}
