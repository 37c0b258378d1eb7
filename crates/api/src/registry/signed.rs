//! Requests that a wallet has signed, by headers.

use super::errors::{Code, Problem};
use crate::app::App;
use crate::limits::read_body;
use axum::body::Bytes;
use axum::extract::Request;
use axum::http::HeaderMap;
use docket_core::agent::identity::Word;
use docket_core::hash::Sha256;
use docket_core::id::Dialect;
use docket_protocol::digest::Digest;
use docket_protocol::wallet::{Action, Headers, verify};

/// A request as it came.
pub(super) struct Asked {
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Asked {
    pub(super) async fn read(app: &App, request: Request) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let body = read_body(body, app.settings.limits.body).await?;
        Ok(Self { headers: parts.headers, body })
    }

    /// Whose word it is, for doing this to that.
    pub(super) fn word(&self, app: &App, action: Action, resource: &str) -> Result<Word, Problem> {
        let headers = Headers {
            address: header(&self.headers, "x-wallet-address")?,
            signature: header(&self.headers, "x-wallet-signature")?,
            timestamp: header(&self.headers, "x-wallet-timestamp")?,
        };
        let now = app.engine.clock().now();
        let signed = verify(&headers, action, resource, Digest::of(&self.body), now)?;
        let (by, digest) = (signed.signer.into(), Sha256(signed.message.0));
        Ok(Word { dialect: Dialect::Registry, by, digest, at: signed.at })
    }
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Result<&'a str, Problem> {
    let value = headers.get(name).and_then(|value| value.to_str().ok());
    value.ok_or_else(|| {
        let words = format!(
            "The header {name} is missing: a wallet signs this request (X-Wallet-Address, X-Wallet-Signature, \
             X-Wallet-Timestamp)."
        );
        Problem::new(Code::BadSignature, words)
    })
}
