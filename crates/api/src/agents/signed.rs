//! Requests that a wallet has signed.

use super::errors::{Code, Problem};
use super::profile::Fields;
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

/// Somebody's word, with what he says.
pub(super) struct Signed {
    /// Whose it is.
    pub(super) word: Word,
    /// What he sent, as it came.
    pub(super) body: Bytes,
}

impl Signed {
    /// Reads a request and judges who signed it to do this to that.
    pub(super) async fn read(
        app: &App,
        request: Request,
        action: Action,
        resource: &str,
    ) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let body = read_body(body, app.settings.limits.body).await?;
        Self::judge(app, &parts.headers, body, action, resource)
    }

    /// Judges what was read already, because it names itself what it was signed for.
    pub(super) fn judge(
        app: &App,
        headers: &HeaderMap,
        body: Bytes,
        action: Action,
        resource: &str,
    ) -> Result<Self, Problem> {
        let headers = Headers {
            address: header(headers, "x-wallet-address")?,
            signature: header(headers, "x-wallet-signature")?,
            timestamp: header(headers, "x-wallet-timestamp")?,
        };
        let now = app.engine.clock().now();
        let signed = verify(&headers, action, resource, Digest::of(&body), now)?;
        let (by, digest) = (signed.signer.into(), Sha256(signed.message.0));
        Ok(Self { word: Word { dialect: Dialect::Agents, by, digest, at: signed.at }, body })
    }

    /// Whoever names an owner must be him.
    pub(super) fn must_be_owner(&self, fields: &Fields) -> Result<(), Problem> {
        match fields.wallet("ownerAddress")? {
            Some(owner) if owner != self.word.by => {
                Err(Problem::new(Code::NotTheOwner, "`ownerAddress` is not the wallet that signed."))
            }
            _ => Ok(()),
        }
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
