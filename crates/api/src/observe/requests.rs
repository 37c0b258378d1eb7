//! Counts answers by route and status, without a lock.

use axum::http::{Method, StatusCode};
use docket_engine::{Histogram, Latencies};
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The statuses that are counted by themselves.
const STATUSES: [u16; 20] =
    [101, 200, 201, 204, 400, 401, 402, 403, 404, 405, 409, 413, 415, 422, 426, 429, 431, 500, 502, 503];
/// The methods that are counted by themselves.
const METHODS: [&str; 2] = ["GET", "POST"];
/// What everything else is called.
const OTHER: &str = "other";

/// Answers by route, method and status.
pub(crate) struct Requests {
    routes: HashMap<&'static str, Counters>,
    /// What no route answered.
    unmatched: Counters,
}

/// One count for each method and status, one for all others of each, and how long the answers took.
#[derive(Default)]
struct Counters {
    answers: [[AtomicU64; STATUSES.len() + 1]; METHODS.len() + 1],
    took: Histogram,
}

/// One count, with its labels.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Count {
    pub(super) route: &'static str,
    pub(super) method: &'static str,
    pub(super) status: String,
    pub(super) answers: u64,
}

impl Requests {
    /// Counters for the routes with these paths.
    pub(crate) fn over(paths: impl Iterator<Item = &'static str>) -> Self {
        Self {
            routes: paths.map(|path| (path, Counters::default())).collect(),
            unmatched: Counters::default(),
        }
    }

    /// Counts an answer; a path that is none of the routes' is no route.
    pub(super) fn count(&self, method: &Method, path: &str, status: StatusCode, took: Duration) {
        let counters = self.routes.get(path).unwrap_or(&self.unmatched);
        let method = METHODS.iter().position(|name| *name == method.as_str()).unwrap_or(METHODS.len());
        let status = STATUSES.iter().position(|code| *code == status.as_u16()).unwrap_or(STATUSES.len());
        counters.answers[method][status].fetch_add(1, Ordering::Relaxed);
        counters.took.add(took);
    }

    /// All counts that are not zero, in the order of their labels.
    pub(super) fn counts(&self) -> Vec<Count> {
        let routes = self.routes.iter().map(|(path, counters)| (*path, counters));
        let all = routes.chain([("unmatched", &self.unmatched)]);
        let mut counts: Vec<_> = all.flat_map(|(route, counters)| counters.counts(route)).collect();
        counts.sort_unstable_by(|a, b| (a.route, a.method, &a.status).cmp(&(b.route, b.method, &b.status)));
        counts
    }

    /// How long answers took, by route, where there were any.
    pub(super) fn durations(&self) -> Vec<(&'static str, Latencies)> {
        let all = self.routes.iter().map(|(path, counters)| (*path, counters));
        let all = all.chain([("unmatched", &self.unmatched)]);
        let mut took: Vec<_> = all.map(|(route, counters)| (route, counters.took.read())).collect();
        took.retain(|(_, latencies)| latencies.count > 0);
        took.sort_unstable_by_key(|(route, _)| *route);
        took
    }
}

impl Counters {
    fn counts(&self, route: &'static str) -> Vec<Count> {
        let mut counts = Vec::new();
        for (method, by_status) in METHODS.into_iter().chain([OTHER]).zip(&self.answers) {
            let statuses = STATUSES.map(|status| status.to_string()).into_iter().chain([OTHER.to_owned()]);
            for (status, answers) in statuses.zip(by_status) {
                let answers = answers.load(Ordering::Relaxed);
                if answers > 0 {
                    counts.push(Count { route, method, status, answers });
                }
            }
        }
        counts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_counted_under_its_route_method_and_status() {
        let requests = Requests::over(["/v1/quote"].into_iter());
        requests.count(&Method::GET, "/v1/quote", StatusCode::OK, Duration::from_millis(3));
        requests.count(&Method::GET, "/v1/quote", StatusCode::OK, Duration::from_millis(3));
        requests.count(
            &Method::DELETE,
            "/v1/quote",
            StatusCode::METHOD_NOT_ALLOWED,
            Duration::from_millis(3),
        );
        requests.count(&Method::POST, "", StatusCode::IM_A_TEAPOT, Duration::from_millis(3));
        let counts: Vec<_> =
            requests.counts().into_iter().map(|c| (c.route, c.method, c.status, c.answers)).collect();
        assert_eq!(
            counts,
            [
                ("/v1/quote", "GET", "200".to_owned(), 2),
                ("/v1/quote", "other", "405".to_owned(), 1),
                ("unmatched", "POST", "other".to_owned(), 1),
            ]
        );
        let took: Vec<_> =
            requests.durations().into_iter().map(|(route, took)| (route, took.count, took.sum)).collect();
        let millis = Duration::from_millis;
        assert_eq!(took, [("/v1/quote", 3, millis(9)), ("unmatched", 1, millis(3))]);
    }
}
