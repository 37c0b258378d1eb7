//! Who asks: the holder of an API key.

use super::errors::{Code, Problem};
use crate::app::App;
use axum::extract::FromRequestParts;
use axum::http::header;
use axum::http::request::Parts;
use docket_core::key::ApiKey;
use std::sync::Arc;

/// The key that a request was made with, known and not revoked.
pub(crate) struct Caller(pub(super) Arc<ApiKey>);

impl FromRequestParts<Arc<App>> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        let unknown = |words| Problem::new(Code::InvalidApiKey, words);
        let header = parts.headers.get(header::AUTHORIZATION);
        let header = header.ok_or_else(|| {
            unknown("No API key: send `Authorization: Bearer dcntrl_live_…`, which `docket keys new` makes.")
        })?;
        let secret = header.to_str().ok().and_then(|header| {
            let (scheme, secret) = header.split_once(' ')?;
            scheme.eq_ignore_ascii_case("bearer").then(|| secret.trim())
        });
        let secret =
            secret.ok_or_else(|| unknown("The Authorization header must be `Bearer` and an API key."))?;
        let key = app.engine.key(secret).await?.ok_or_else(|| unknown("This API key is not known here."))?;
        if key.revoked_at.is_some() {
            return Err(Problem::new(Code::KeyRevoked, "This API key was revoked."));
        }
        Ok(Self(key))
    }
}
