//! The operator's token.

use super::code::Code;
use super::problem::Problem;
use crate::app::App;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;
use docket_core::hash::Sha256;
use std::sync::Arc;
use subtle::ConstantTimeEq;

/// Lets a request through if it has the token.
pub(crate) async fn require_token(
    State(app): State<Arc<App>>,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let Some(expected) = &app.settings.admin_token else {
        let closed = "this coordinator has no operator's token, so nobody can be one";
        return Err(Problem::new(StatusCode::FORBIDDEN, Code::Closed, closed));
    };
    match token(request.headers()) {
        Some(token) if is(token, expected) => Ok(next.run(request).await),
        Some(_) => Err(Problem::new(
            StatusCode::UNAUTHORIZED,
            Code::WrongToken,
            "this is not the operator's token of this coordinator",
        )),
        None => Err(Problem::new(
            StatusCode::UNAUTHORIZED,
            Code::TokenRequired,
            "send the operator's token as 'Authorization: Bearer ...'",
        )),
    }
}

fn token(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// Digests are compared, so that the time says nothing about the token, not even its length.
fn is(token: &str, expected: &Sha256) -> bool {
    Sha256::of(token.as_bytes()).0.ct_eq(&expected.0).into()
}
