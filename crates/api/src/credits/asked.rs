//! A request that brings JSON under an API key.

use super::auth::Caller;
use super::errors::{Code, Problem};
use crate::app::App;
use crate::headers::{idempotency_key, may_be_json};
use crate::limits::read_body;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::HeaderMap;
use docket_core::key::ApiKey;
use std::sync::Arc;

/// A request under a key, with the bytes of its body, which says that it is JSON.
pub(super) struct Asked {
    pub(super) app: Arc<App>,
    pub(super) key: Arc<ApiKey>,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

impl FromRequest<Arc<App>> for Asked {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, Problem> {
        let (mut parts, body) = request.into_parts();
        let Caller(key) = Caller::from_request_parts(&mut parts, app).await?;
        if !may_be_json(&parts.headers) {
            return Err(Problem::new(Code::UnsupportedMediaType, "Content-Type must be application/json."));
        }
        let body = read_body(body, app.settings.limits.body).await?.into();
        Ok(Self { app: app.clone(), key, headers: parts.headers, body })
    }
}

impl Asked {
    /// What the caller calls this request, if he gives it a name.
    pub(super) fn idempotency_key(&self) -> Result<Option<&str>, Problem> {
        let wrong = "An idempotency key has 1 to 255 visible characters.";
        idempotency_key(&self.headers).map_err(|_| Problem::at("Idempotency-Key", wrong))
    }
}
