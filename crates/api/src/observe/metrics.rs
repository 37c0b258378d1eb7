//! `GET /metrics`: counts and states, in the text that Prometheus reads.

use super::requests::Count;
use crate::app::App;
use crate::openapi::Operation;
use crate::route::{Guard, Route};
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use docket_engine::Latencies;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{DescriptorEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Registry;
use std::fmt;
use std::sync::Arc;

const KIND: HeaderValue =
    HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8");

pub(crate) fn routes() -> Vec<Route> {
    let operation = Operation::new("process", "Counts and states, for Prometheus.").answer(
        200,
        "OpenMetrics text.",
        "application/openmetrics-text",
        serde_json::json!({"type": "string"}),
    );
    vec![Route::get("/metrics", show, operation).guarded(Guard::Free)]
}

async fn show(State(app): State<Arc<App>>) -> Response {
    let mut registry = Registry::default();
    registry.register_collector(Box::new(Scrape(app)));
    let mut text = String::new();
    match encode(&mut text, &registry) {
        Ok(()) => ([(header::CONTENT_TYPE, KIND)], text).into_response(),
        Err(error) => {
            tracing::error!(%error, "the metrics cannot be written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// All that is told, read at the moment at which it is asked.
struct Scrape(Arc<App>);

impl fmt::Debug for Scrape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Scrape")
    }
}

impl Collector for Scrape {
    fn encode(&self, mut to: DescriptorEncoder<'_>) -> fmt::Result {
        let engine = &self.0.engine;
        let store = engine.store();
        let size = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
        for (name, help, value) in [
            ("docket_workers_connected", "Workers that are connected", size(engine.workers_online())),
            ("docket_jobs_open", "Jobs that are not final", size(store.open_count())),
            ("docket_jobs_running", "Jobs in workers' hands", size(engine.running())),
            ("docket_log_entries", "Entries of the log", i64::try_from(store.log().0).unwrap_or(i64::MAX)),
            (
                "docket_store_stopped",
                "1 if the store accepts nothing any more",
                store.stopped().is_some().into(),
            ),
            (
                "docket_webhooks_waiting",
                "Webhooks that are to be told something",
                size(engine.waiting_hooks()),
            ),
            ("docket_draining", "1 if no new jobs are taken", engine.is_draining().into()),
        ] {
            to.encode_descriptor(name, help, None, MetricType::Gauge)?.encode_gauge(&value)?;
        }
        encode_endings(&mut to, &engine.meter().endings())?;
        encode_attempts(&mut to, &engine.meter().attempts())?;
        encode_commits(&mut to, &engine.meter().commits())?;
        encode_requests(&mut to, &self.0.requests.counts())?;
        encode_durations(&mut to, &self.0.requests.durations())
    }
}

fn encode_endings(to: &mut DescriptorEncoder<'_>, endings: &[(&'static str, u64)]) -> fmt::Result {
    let help = "Jobs that have become final since the start, by their final state";
    let mut family = to.encode_descriptor("docket_jobs_ended", help, None, MetricType::Counter)?;
    for (state, jobs) in endings {
        family.encode_family(&[("state", *state)])?.encode_counter::<NoLabelSet, _, u64>(jobs, None)?;
    }
    Ok(())
}

fn encode_attempts(to: &mut DescriptorEncoder<'_>, attempts: &[(&'static str, u64)]) -> fmt::Result {
    let help = "Attempts to deliver to webhooks since the start, by what came of them";
    let mut family = to.encode_descriptor("docket_webhook_attempts", help, None, MetricType::Counter)?;
    for (outcome, count) in attempts {
        family.encode_family(&[("outcome", *outcome)])?.encode_counter::<NoLabelSet, _, u64>(count, None)?;
    }
    Ok(())
}

fn encode_commits(to: &mut DescriptorEncoder<'_>, commits: &Latencies) -> fmt::Result {
    let help = "How long a change took to be durable, the wait for its turn included";
    to.encode_descriptor("docket_commit_seconds", help, None, MetricType::Histogram)?
        .encode_histogram::<NoLabelSet>(commits.sum.as_secs_f64(), commits.count, &buckets(commits), None)
}

fn buckets(latencies: &Latencies) -> Vec<(f64, u64)> {
    let bounded = latencies.buckets.iter().map(|(bound, count)| (bound.as_secs_f64(), *count));
    bounded.chain([(f64::MAX, latencies.beyond)]).collect() // The last is written as infinity.
}

fn encode_durations(to: &mut DescriptorEncoder<'_>, routes: &[(&'static str, Latencies)]) -> fmt::Result {
    let help = "How long answers took, by route; those that the client asked to wait for, with the wait";
    let mut family = to.encode_descriptor("docket_http_seconds", help, None, MetricType::Histogram)?;
    for (route, took) in routes {
        family.encode_family(&[("route", *route)])?.encode_histogram::<NoLabelSet>(
            took.sum.as_secs_f64(),
            took.count,
            &buckets(took),
            None,
        )?;
    }
    Ok(())
}

fn encode_requests(to: &mut DescriptorEncoder<'_>, counts: &[Count]) -> fmt::Result {
    let help = "Answers since the start, by route, method and status";
    let mut family = to.encode_descriptor("docket_http_requests", help, None, MetricType::Counter)?;
    for Count { route, method, status, answers } in counts {
        let labels = [("route", *route), ("method", *method), ("status", status.as_str())];
        family.encode_family(&labels)?.encode_counter::<NoLabelSet, _, u64>(answers, None)?;
    }
    Ok(())
}
