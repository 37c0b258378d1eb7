//! Which path belongs to which dialect. The one file that knows more than one of them.

pub use crate::agents::{AgentTerms, keep_snapshots};
use crate::app::App;
use crate::observe::{Observer, Telling, limit, observe};
use crate::openapi::{Operation, reference};
pub(crate) use crate::registry::{Beats, Feed, Kept};
pub use crate::registry::{ChallengeSettings, Postman, RegistryModel, RegistryTerms};
use crate::route::{Guard, Route};
use crate::{admin, agents, credits, health, log, observe, openapi, quotes, registry, workers};
use axum::Router;
use axum::extract::{Request, State};
use axum::handler::Handler;
use axum::http::{HeaderMap, Method, Uri, header};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, any, get};
use docket_core::id::Dialect;
use docket_core::job::Job;
use docket_core::routing::Scoring;
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;

/// Every path that is served, and in which ways.
pub(crate) fn table() -> Vec<Route> {
    let parts = [
        quotes::routes(),
        credits::routes(),
        agents::routes(),
        registry::routes(),
        shared(),
        log::routes(),
        workers::routes(),
        health::routes(),
        observe::routes(),
        openapi::routes(),
        admin::routes(),
    ];
    parts.into_iter().flatten().collect()
}

/// The named schemas of all parts.
pub(crate) fn schemas() -> Vec<(&'static str, Value)> {
    [quotes::schemas(), credits::schemas(), agents::schemas(), registry::schemas(), admin::schemas()].concat()
}

/// All routes over one market.
pub fn router(app: Arc<App>) -> Router {
    let [mut limited, mut free, mut operators] = [(); 3].map(|()| Router::new());
    for Route { path, guard, handler, .. } in table() {
        let part = match guard {
            Guard::Limited | Guard::Key => &mut limited,
            Guard::Free => &mut free,
            Guard::Operator => &mut operators,
        };
        *part = std::mem::take(part).route(path, handler);
    }
    let mut limited = limited.fallback(not_found).method_not_allowed_fallback(method_not_allowed);
    if app.limiter.is_some() {
        let telling = Telling { refuse: too_many_requests, counts: brings_key };
        limited = limited.layer(from_fn_with_state((app.clone(), telling), limit));
    }
    let operators = operators
        .route("/admin/v1/{*rest}", any(admin::not_found))
        .method_not_allowed_fallback(admin::method_not_allowed)
        // Without the token nobody learns even which paths there are.
        .layer(from_fn_with_state(app.clone(), admin::require_token));
    let free = free.method_not_allowed_fallback(quotes::method_not_allowed);
    let observer = Observer { app: app.clone(), on_panic };
    limited.merge(free).merge(operators).layer(from_fn_with_state(observer, observe)).with_state(app)
}

/// Paths at which two dialects meet: the name of the job decides.
fn shared() -> Vec<Route> {
    let at = |path, handler, operation| Route::new(Method::GET, path, handler, operation);
    vec![
        at("/v1/jobs/{id}", by_name(credits::show, quotes::show), with_key(quotes::show_docs())),
        at(
            "/v1/jobs/{id}/receipt",
            by_name(credits::receipt, quotes::receipt),
            with_key(quotes::receipt_docs()),
        ),
        at(
            "/v1/jobs/{id}/stream",
            by_name(credits::follow, quotes::stream),
            with_key(credits::following(quotes::stream_docs())),
        ),
    ]
}

/// A job named `job_…` is one of `credits`, any other one of `quotes`.
fn by_name<C, CT, Q, QT>(credits: C, quotes: Q) -> MethodRouter<Arc<App>>
where
    C: Handler<CT, Arc<App>> + Sync,
    CT: 'static,
    Q: Handler<QT, Arc<App>> + Sync,
    QT: 'static,
{
    get(move |State(app): State<Arc<App>>, request: Request| {
        let (credits, quotes) = (credits.clone(), quotes.clone());
        async move {
            match request.uri().path().starts_with("/v1/jobs/job_") {
                true => credits.call(request, app).await,
                false => quotes.call(request, app).await,
            }
        }
    })
}

/// The same operation for jobs that need an API key, with that dialect's job and errors.
fn with_key(operation: Operation) -> Operation {
    let description = "The job is one of `credits`, and the API key is missing, unknown or revoked.";
    operation.or("Job", "CreditsJob").or("Error", "ApiError").json(401, description, reference("ApiError"))
}

/// Where neither route nor job decides, who brings credentials is taken for a client of `credits`.
fn brings_key(headers: &HeaderMap) -> bool {
    headers.contains_key(header::AUTHORIZATION)
}

/// Whether a path belongs to `agents`: there nothing else has to decide.
fn is_of_agents(path: &str) -> bool {
    path.starts_with(agents::PREFIX)
}

/// Whether a path belongs to `registry`: all of this beginning that is not one of `agents`.
fn is_of_registry(path: &str) -> bool {
    path.starts_with(registry::PREFIX) && !is_of_agents(path)
}

async fn not_found(method: Method, uri: Uri, headers: HeaderMap) -> Response {
    if is_of_agents(uri.path()) {
        agents::not_found(&method, uri.path())
    } else if is_of_registry(uri.path()) {
        registry::not_found(&method, uri.path())
    } else if brings_key(&headers) {
        credits::not_found(&method, uri.path())
    } else {
        quotes::not_found().await.into_response()
    }
}

async fn method_not_allowed(uri: Uri, headers: HeaderMap) -> Response {
    if is_of_agents(uri.path()) {
        agents::method_not_allowed()
    } else if is_of_registry(uri.path()) {
        registry::method_not_allowed()
    } else if brings_key(&headers) {
        credits::method_not_allowed()
    } else {
        quotes::method_not_allowed().await.into_response()
    }
}

fn too_many_requests(path: &str, headers: &HeaderMap, wait: Duration) -> Response {
    if is_of_agents(path) {
        agents::too_many_requests(wait)
    } else if is_of_registry(path) {
        registry::too_many_requests(wait)
    } else if brings_key(headers) {
        credits::too_many_requests(wait)
    } else {
        quotes::too_many_requests(wait)
    }
}

/// What is answered for a handler that has panicked.
fn on_panic(path: &str) -> Response {
    match path {
        _ if path.starts_with("/admin/") => admin::failed(),
        _ if is_of_agents(path) => agents::failed(),
        _ if is_of_registry(path) => registry::failed(),
        _ if credits::routes().iter().any(|route| route.path == path) => credits::failed(),
        _ => quotes::failed(),
    }
}

/// How the workers for a job are compared: by the published formula of the job's dialect.
pub fn scoring(job: &Job) -> Scoring {
    match job.public_id.dialect {
        Dialect::Quotes => quotes::scoring(job),
        Dialect::Credits => credits::scoring(job),
        Dialect::Registry => registry::scoring(job),
        // Agents choose each other.
        Dialect::Agents => quotes::scoring(job),
    }
}
