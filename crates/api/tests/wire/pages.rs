//! Lists of jobs through filters: whoever goes on from cursor to cursor sees each job that fits once, and comes to an end.

use crate::credits::{Developer, finish, request, serving};
use crate::market::Market;
use docket_core::id::Dialect;
use docket_core::job::Ask;
use docket_core::key::Limits;
use docket_engine::{Naming, NewJob};
use futures::future::join_all;
use serde_json::{Value, json};
use std::sync::Arc;

/// Jobs like one that is open, and of another model, which nobody serves.
async fn submit_others(market: &Market, count: usize) {
    let like = market.engine().store().open_jobs().remove(0);
    let ask = Arc::new(Ask { model: Some("another".into()), ..Ask::clone(&like.ask) });
    let others = (0..count).map(|_| {
        market.engine().submit(NewJob {
            dialect: Dialect::Credits,
            naming: Naming::Short,
            client: like.client.clone(),
            ask: ask.clone(),
            price: like.price.with_units(1),
            policy: like.policy.clone(),
            payload: b"{}".as_slice().into(),
            echo: None,
            key: None,
            key_id: like.key,
            request: None,
            preferred: None,
            now_or_never: None,
        })
    });
    let submitted = join_all(others).await;
    assert!(submitted.iter().all(Result::is_ok));
}

fn names(page: &Value) -> Vec<String> {
    let jobs = page["data"].as_array().expect("jobs").iter();
    jobs.map(|job| job["id"].as_str().expect("a name").to_owned()).collect()
}

/// The pages from one side. Each but the last is full, and only the last says that it is.
async fn walk(developer: &Developer<'_>, filter: &str, side: &str, first: Option<&str>) -> Vec<Vec<String>> {
    let (mut pages, mut cursor) = (Vec::new(), first.map(str::to_owned));
    loop {
        let place = cursor.map(|cursor| format!("&{side}={cursor}")).unwrap_or_default();
        let page = developer.get(&format!("/v1/jobs?limit=2&{filter}{place}")).await.json();
        pages.push(names(&page));
        cursor = page["next_cursor"].as_str().map(str::to_owned);
        assert_eq!(page["has_more"], json!(cursor.is_some()), "{page}");
        let found = pages.last().map_or(0, Vec::len);
        if cursor.is_none() {
            assert!(pages.len() == 1 || found > 0, "it was said that there is more");
            return pages;
        }
        assert_eq!(found, 2, "{page}");
        assert!(pages.len() < 20, "it comes to no end");
    }
}

/// What they have, the newest first.
async fn all(developer: &Developer<'_>, filter: &str) -> Vec<String> {
    walk(developer, filter, "before", None).await.concat()
}

async fn submit(developer: &Developer<'_>) -> String {
    let job = developer.ask("POST", "/v1/jobs", &[], &request(json!({}))).await.json();
    job["id"].as_str().expect("a name").to_owned()
}

async fn cancel(developer: &Developer<'_>, job: &str) {
    let cancelled = developer.ask("POST", &format!("/v1/jobs/{job}/cancel"), &[], &Value::Null).await;
    assert_eq!(cancelled.json()["status"], "refunded");
}

#[tokio::test]
async fn few_among_many_fill_their_pages() {
    let market = Market::open().await;
    let developer = Developer::rich(&market).await;
    let _worker = serving(&market, 1).await;
    let mut fitting = vec![submit(&developer).await, submit(&developer).await];
    submit_others(&market, 2_100).await;
    fitting.extend([submit(&developer).await, submit(&developer).await, submit(&developer).await]);
    fitting.reverse();
    for filter in ["model=qwen3-8b", "model=qwen3-8b&status=processing"] {
        let pages = walk(&developer, filter, "before", None).await;
        assert_eq!((pages.len(), pages.concat()), (3, fitting.clone()), "{filter}");
        // From the oldest on: each page is told newest first.
        let oldest = fitting.last().map(String::as_str);
        let pages = walk(&developer, filter, "after", oldest).await;
        assert_eq!(pages, [&fitting[2..4], &fitting[..2]], "{filter}: the last page is full, and says so");
    }
    for filter in ["model=nobody", "status=settled", "status=failed", "model=another&status=refunded"] {
        assert_eq!(walk(&developer, filter, "before", None).await, [[""; 0]], "{filter}");
    }
    let page = developer.get("/v1/jobs?limit=100&model=another").await.json();
    assert_eq!((names(&page).len(), &page["has_more"]), (100, &json!(true)));

    cancel(&developer, &fitting[4]).await;
    cancel(&developer, &fitting[1]).await;
    let refunded = [fitting[1].clone(), fitting[4].clone()];
    for filter in ["status=refunded", "status=refunded&model=qwen3-8b"] {
        assert_eq!(all(&developer, filter).await, refunded);
        assert_eq!(all(&developer, &format!("{filter}&before={}", refunded[0])).await, refunded[1..]);
    }
    assert_eq!(all(&developer, "status=processing").await.len(), 3);
}

#[tokio::test]
async fn each_status_finds_the_jobs_that_show_it() {
    let mut market = Market::open().await;
    let developer = Developer::rich(&market).await;
    let mut worker = serving(&market, 1).await;
    let [settled, disputed, cancelled, running] = [(); 4].map(|()| submit(&developer));
    let jobs = [settled.await, disputed.await, cancelled.await, running.await];
    for job in &jobs[..2] {
        let assigned = worker.job().await;
        assert_eq!(assigned["job_id"], json!(job));
        finish(&mut worker, &assigned, "one").await;
    }
    cancel(&developer, &jobs[2]).await;
    submit_others(&market, 1).await;
    let pending = loop {
        let page = developer.get("/v1/jobs?limit=1&status=pending").await.json();
        if let [name] = &names(&page)[..] {
            break name.clone();
        }
    };
    let status = async |developer: &Developer<'_>, job: &str| developer.job(job).await["status"].clone();
    while status(&developer, &jobs[1]).await != "settled" {
        tokio::task::yield_now().await;
    }
    for (word, expected) in [
        ("pending", vec![pending.clone()]),
        ("processing", vec![jobs[3].clone()]),
        ("settling", vec![]),
        ("settled", vec![jobs[1].clone(), jobs[0].clone()]),
        ("failed", vec![]),
        ("refunded", vec![jobs[2].clone()]),
        ("disputed", vec![]),
    ] {
        let found = all(&developer, &format!("status={word}")).await;
        assert_eq!(found, expected, "{word}");
        for job in &found {
            assert_eq!(status(&developer, job).await, word);
        }
    }
    // Nobody is at work after a restart; all else is as it was.
    let secret = developer.secret.clone();
    drop(worker);
    market.restart().await;
    let developer = Developer::known(&market, secret);
    assert_eq!(all(&developer, "status=pending").await, [pending, jobs[3].clone()]);
    assert_eq!(all(&developer, "status=settled").await.len(), 2);

    for (query, param) in
        [("status=done", "status"), ("model=", "model"), ("model=%00", "model"), ("limit=0", "limit")]
    {
        let refused = developer.get(&format!("/v1/jobs?{query}")).await;
        let error = &refused.json()["error"];
        assert_eq!((refused.status.as_u16(), &error["param"]), (400, &json!(param)), "{query}");
    }
}

#[tokio::test]
async fn what_a_key_has_spent_is_told_however_many_keys_there_are() {
    let market = Market::open().await;
    let developer = Developer::rich(&market).await;
    for _ in 0..120 {
        Developer::with(&market, 0, Limits::default()).await;
    }
    let last = Developer::with(&market, 0, Limits::default()).await;
    let _worker = serving(&market, 1).await;
    assert_eq!(last.credits().await, [100, 0, 0]);
    submit(&last).await;
    assert_eq!(last.credits().await, [92, 8, 8]);
    assert_eq!(developer.credits().await, [92, 8, 0]);
}
