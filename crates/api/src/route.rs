//! One entry of the table from which both the router and its description are made.

use crate::app::App;
use crate::openapi::Operation;
use axum::handler::Handler;
use axum::http::Method;
use axum::routing::{self, MethodRouter};
use std::sync::Arc;

/// A path, asked in one way.
pub(crate) struct Route {
    pub(crate) method: Method,
    /// With `{name}` for what differs, and `{*name}` for all the rest.
    pub(crate) path: &'static str,
    pub(crate) guard: Guard,
    pub(crate) handler: MethodRouter<Arc<App>>,
    pub(crate) operation: Operation,
}

/// Who may ask, and how often.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Guard {
    /// Everybody, but not too often from one address.
    Limited,
    /// Whoever has an API key, but not too often from one address.
    Key,
    /// Whoever watches over the process; and workers, whose connections are bounded in another way.
    Free,
    /// Whoever has the operator's token.
    Operator,
}

impl Route {
    /// A path for everybody.
    pub(crate) fn new(
        method: Method,
        path: &'static str,
        handler: MethodRouter<Arc<App>>,
        operation: Operation,
    ) -> Self {
        Self { method, path, guard: Guard::Limited, handler, operation }
    }

    pub(crate) fn get<H, T>(path: &'static str, handler: H, operation: Operation) -> Self
    where
        H: Handler<T, Arc<App>>,
        T: 'static,
    {
        Self::new(Method::GET, path, routing::get(handler), operation)
    }

    pub(crate) fn post<H, T>(path: &'static str, handler: H, operation: Operation) -> Self
    where
        H: Handler<T, Arc<App>>,
        T: 'static,
    {
        Self::new(Method::POST, path, routing::post(handler), operation)
    }

    pub(crate) fn patch<H, T>(path: &'static str, handler: H, operation: Operation) -> Self
    where
        H: Handler<T, Arc<App>>,
        T: 'static,
    {
        Self::new(Method::PATCH, path, routing::patch(handler), operation)
    }

    /// For holders of API keys.
    pub(crate) fn keyed(self) -> Self {
        self.guarded(Guard::Key)
    }

    pub(crate) fn delete<H, T>(path: &'static str, handler: H, operation: Operation) -> Self
    where
        H: Handler<T, Arc<App>>,
        T: 'static,
    {
        Self::new(Method::DELETE, path, routing::delete(handler), operation)
    }

    /// The same for others.
    pub(crate) fn guarded(self, guard: Guard) -> Self {
        Self { guard, ..self }
    }
}
