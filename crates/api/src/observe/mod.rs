//! What is known of every request, whatever it asks: its id, how it was answered, and that a fault in
//! one handler is that request's fault alone.

mod metrics;
mod rate;
mod request_id;
mod requests;

pub(crate) use metrics::routes;
pub(crate) use rate::{Limiter, Telling, limit};
pub(crate) use request_id::RequestIds;
pub(crate) use requests::Requests;

use crate::app::App;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderValue, Method};
use axum::middleware::Next;
use axum::response::Response;
use futures::FutureExt;
use request_id::HEADER;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

tokio::task_local! {
    static CURRENT: Current;
}

/// The request that is being answered, for whoever writes a log: a name costs nothing until somebody asks for it.
#[derive(Clone, Debug)]
pub struct Current {
    id: HeaderValue,
    route: Option<MatchedPath>,
}

impl Current {
    /// A request by its name, and the route that answers it, if there is one.
    pub fn new(id: HeaderValue, route: Option<MatchedPath>) -> Self {
        Self { id, route }
    }

    /// Whatever runs in the future runs for this request, unless it is a task of its own.
    pub async fn during<F: Future>(self, answering: F) -> F::Output {
        CURRENT.scope(self, answering).await
    }

    /// The request in whose handler the caller runs.
    pub fn get() -> Option<Self> {
        CURRENT.try_with(Self::clone).ok()
    }

    /// Its name, which is also in the answer.
    pub fn id(&self) -> &str {
        self.id.to_str().unwrap_or_default()
    }

    /// The route that answers it, with `{name}` for what differs; empty if there is none.
    pub fn route(&self) -> &str {
        self.route.as_ref().map_or("", MatchedPath::as_str)
    }
}

/// Answers for a handler that has panicked, in the form of its route.
type OnPanic = fn(path: &str) -> Response;

/// What the layer around all routes needs.
#[derive(Clone)]
pub(crate) struct Observer {
    pub(crate) app: Arc<App>,
    pub(crate) on_panic: OnPanic,
}

/// Gives a request its id, counts its answer, and answers for a handler that panics.
pub(crate) async fn observe(State(observer): State<Observer>, request: Request, next: Next) -> Response {
    let app = &observer.app;
    let id = app.request_ids.of(request.headers());
    let route = request.extensions().get::<MatchedPath>().cloned();
    let path = route.as_ref().map_or("", MatchedPath::as_str);
    let method = request.method().clone();
    let current = Current::new(id.clone(), route.clone());
    let begun = app.engine.clock().elapsed();
    // Who was told something finds it so. Whether the coordinator lives is said at once.
    let shows_jobs = ["/v1/", "/admin/"].iter().any(|part| path.starts_with(part));
    if method != Method::POST && shows_jobs {
        app.engine.caught_up().await;
    }
    let answered = current.during(AssertUnwindSafe(next.run(request)).catch_unwind()).await;
    let mut response = answered.unwrap_or_else(|_| {
        // The panic's own words are on standard error.
        tracing::error!(?id, %method, path, "a handler has panicked");
        (observer.on_panic)(path)
    });
    let took = app.engine.clock().elapsed().saturating_sub(begun);
    app.requests.count(&method, path, response.status(), took);
    response.headers_mut().insert(HEADER, id);
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Limits, Settings};
    use axum::body::Body;
    use axum::http::StatusCode;
    use axum::middleware::from_fn_with_state;
    use axum::response::IntoResponse;
    use axum::{Router, routing::get};
    use docket_core::time::Timestamp;
    use docket_engine::{Engine, clock::Clock, entropy::Entropy};
    use docket_protocol::keys::SigningKey;
    use docket_settlement::Ledger;
    use docket_store::Sqlite;
    use tower::ServiceExt;

    fn app() -> Arc<App> {
        let (store, _) = Sqlite::memory("observe").open().unwrap();
        let config = docket_engine::Config {
            ledger: Ledger::testnet(),
            scoring: crate::scoring,
            stake: docket_engine::StakeTerms::NONE,
            hires: docket_engine::HireTerms::DOCUMENTED,
            enclaves: docket_engine::Enclaves::none(),
            challenges: docket_engine::ChallengeTerms::NONE,
        };
        let engine = Engine::new(store, Clock::manual(Timestamp(0)), Entropy::seeded(1), config);
        let settings = Settings {
            origin: "market.example/log".to_owned(),
            allow_unproven: false,
            admin_token: None,
            limits: Limits::default(),
            prices: crate::PriceList::default(),
            registry: crate::RegistryTerms::default(),
            webhooks_to: crate::Reach::default(),
            enclave: None,
        };
        Arc::new(App::new(engine, settings, SigningKey::from_seed(&[1; 32])).unwrap())
    }

    async fn fails() -> &'static str {
        panic!("a fault for the test")
    }

    #[tokio::test]
    async fn a_handler_that_panics_is_answered_for() {
        let observer = Observer {
            app: app(),
            on_panic: |path| (StatusCode::INTERNAL_SERVER_ERROR, path.to_owned()).into_response(),
        };
        let router = Router::new()
            .route("/good", get(|| async { "good" }))
            .route("/bad/{id}", get(fails))
            .layer(from_fn_with_state(observer, observe));
        let ask = |path: &str| router.clone().oneshot(Request::get(path).body(Body::empty()).unwrap());
        let bad = ask("/bad/7").await.unwrap();
        assert_eq!(bad.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert!(bad.headers().contains_key("x-request-id"));
        let body = axum::body::to_bytes(bad.into_body(), 100).await.unwrap();
        assert_eq!(body, "/bad/{id}", "the form is chosen by the route");
        assert_eq!(ask("/good").await.unwrap().status(), StatusCode::OK);
    }
}
