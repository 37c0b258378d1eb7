//! What a worker's jobs and its time come to, as the operator sees it.

use crate::credits::{Developer, finish, serving};
use crate::market::Market;
use crate::worker::Worker;
use docket_core::time::Millis;
use hyper::StatusCode;
use serde_json::{Value, json};

impl Market {
    async fn reputation(&self, worker: &Worker) -> Value {
        self.admin("GET", &format!("/workers/{}", worker.pubkey())).await.json()["reputation"].clone()
    }
}

impl Developer<'_> {
    /// One answer, so many milliseconds after the worker has been asked.
    async fn answered_after(&self, worker: &mut Worker, span: i64) {
        let (answer, ()) = tokio::join!(self.chat(json!({})), async {
            let assigned = worker.job().await;
            self.market.pass(Millis(span)).await;
            finish(worker, &assigned, "one two three").await;
        });
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
        self.market.engine().caught_up().await;
    }
}

#[tokio::test]
async fn a_paid_job_counts_when_it_can_be_disputed_no_more_and_a_lost_one_at_once() {
    let market = Market::open().await;
    let developer = Developer::rich(&market).await;
    let mut worker = serving(&market, 1).await;
    let middle = json!({"score": 500, "completion": 500, "latency": 500, "proof": 500, "uptime": 500});
    assert_eq!(market.reputation(&worker).await, middle);
    developer.answered_after(&mut worker, 0).await;
    market.pass(Millis(20_000)).await;
    assert_eq!(market.reputation(&worker).await, middle);
    let (answer, ()) = tokio::join!(developer.chat(json!({})), async {
        let assigned = worker.job().await;
        worker.send(json!({"type": "job_fail", "job_id": assigned["job_id"], "error": "no memory"})).await;
        market.pass(Millis::seconds(120)).await;
    });
    assert_ne!(answer.status, StatusCode::OK);
    let now = market.reputation(&worker).await;
    // One paid and one lost beside four imagined; 140 s of connection are little beside a day.
    assert_eq!(now, json!({"score": 525, "completion": 500, "latency": 500, "proof": 600, "uptime": 500}));
}

#[tokio::test]
async fn each_point_of_a_workers_numbers_is_accounted_for() {
    let market = Market::open().await;
    let developer = Developer::rich(&market).await;
    let mut worker = serving(&market, 1).await;
    for _ in 0..10 {
        developer.answered_after(&mut worker, 0).await;
    }
    let path = format!("/workers/{}", worker.pubkey());
    let shown = market.admin("GET", &path).await.json();
    let new = json!({"jobs": "0.000", "imagined": "4.000", "share": 0});
    assert_eq!((&shown["confidence"], &shown["cold_start"]), (&new, &json!({"paid": 0, "needed": 10})));
    for (view, middle) in shown["views"].as_array().unwrap().iter().zip([50, 500, 50]) {
        assert_eq!((&view["number"], &view["shown"]), (&json!(5_000), &json!(middle)), "{view}");
    }
    market.pass(Millis::seconds(65)).await;
    let shown = market.admin("GET", &path).await.json();
    let ten = json!({"jobs": "10.000", "imagined": "4.000", "share": 7_142});
    assert_eq!((&shown["confidence"], &shown["cold_start"]), (&ten, &Value::Null));
    assert_eq!(
        shown["views"][0],
        json!({"dialect": "quotes", "number": 7_142, "scale": 100, "shown": 71, "terms": [
            {"term": "imagined", "points": 1_428, "because": "4.000 of 14.000 jobs, each of which counts 5000"},
            {"term": "paid", "points": 5_714, "because": "10.000 of 14.000 jobs, each of which counts 8000"},
            {"term": "lost", "points": 0, "because": "0.000 of 14.000 jobs, each of which counts 2000"},
        ]})
    );
    for view in shown["views"].as_array().unwrap() {
        let points = view["terms"].as_array().unwrap().iter().map(|term| term["points"].as_i64().unwrap());
        assert_eq!(json!(points.sum::<i64>()), view["number"], "{view}");
    }
    assert_eq!(shown["views"][0]["number"], shown["reputation_bps"]);
    assert_eq!(shown["views"][1]["shown"], shown["reputation"]["score"]);
}

#[tokio::test]
async fn workers_of_one_model_are_compared_by_their_first_text() {
    let market = Market::open().await;
    let developer = Developer::rich(&market).await;
    let mut slow = serving(&market, 1).await;
    for _ in 0..4 {
        developer.answered_after(&mut slow, 900).await;
    }
    let suspend = |worker: &Worker| format!("/workers/{}/suspend", worker.pubkey());
    market.admin("POST", &suspend(&slow)).await;
    let mut quick = serving(&market, 2).await;
    for _ in 0..4 {
        developer.answered_after(&mut quick, 100).await;
    }
    market.pass(Millis(25_000)).await;
    // What came before there was enough to compare with says nothing of either.
    for worker in [&slow, &quick] {
        assert_eq!(market.reputation(worker).await["latency"], 500);
    }
    developer.answered_after(&mut quick, 90).await;
    let resume = format!("/workers/{}/resume", slow.pubkey());
    market.admin("POST", &resume).await;
    market.admin("POST", &suspend(&quick)).await;
    developer.answered_after(&mut slow, 900).await;
    market.pass(Millis(70_000)).await;
    let [slow, quick] = [market.reputation(&slow).await, market.reputation(&quick).await];
    // 0 of 1, and 950 of 1000 by the median of 900 ms; each beside four imagined of the middle.
    assert_eq!((&slow["latency"], &quick["latency"]), (&json!(500), &json!(589)));
}

#[tokio::test]
async fn the_time_of_a_connection_is_kept_when_it_ends() {
    let mut market = Market::open().await;
    let key = {
        let worker = serving(&market, 1).await;
        let id = worker.key.public_key().into();
        // It is silent for too long, and the last of it was the grace that it had.
        market.pass(Millis::seconds(70)).await;
        id
    };
    for _ in 0..2 {
        let worker = market.engine().store().worker(key).await.unwrap().unwrap();
        assert_eq!((worker.reputation.connected, worker.reputation.watched), (65_000, 65_000));
        market.restart().await;
    }
}
