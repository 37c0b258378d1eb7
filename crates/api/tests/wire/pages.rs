//! Lists of jobs through filters: whoever goes on from cursor to cursor sees each job that fits once, and comes to an end.

use crate::credits::{Developer, request, serving};
use crate::market::Market;
use docket_core::id::Dialect;
use docket_core::job::Ask;
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

/// All pages from one side, and how many there were.
async fn walk(
    developer: &Developer<'_>,
    filter: &str,
    side: &str,
    first: Option<&str>,
) -> (Vec<String>, usize) {
    let (mut all, mut pages, mut cursor) = (Vec::new(), 0, first.map(str::to_owned));
    loop {
        let place = cursor.map(|cursor| format!("&{side}={cursor}")).unwrap_or_default();
        let page = developer.get(&format!("/v1/jobs?limit=2&{filter}{place}")).await.json();
        pages += 1;
        all.extend(names(&page));
        cursor = page["next_cursor"].as_str().map(str::to_owned);
        assert_eq!(page["has_more"], json!(cursor.is_some()), "{page}");
        if cursor.is_none() {
            return (all, pages);
        }
        assert!(pages < 20, "it comes to no end");
    }
}

#[tokio::test]
async fn few_among_many_are_found_page_by_page() {
    let market = Market::open().await;
    let developer = Developer::rich(&market).await;
    let _worker = serving(&market, 1).await;
    let submit = async || {
        let job = developer.ask("POST", "/v1/jobs", &[], &request(json!({}))).await.json();
        job["id"].as_str().expect("a name").to_owned()
    };
    let mut fitting = vec![submit().await, submit().await];
    submit_others(&market, 1_050).await;
    fitting.extend([submit().await, submit().await, submit().await]);
    fitting.reverse();
    let newest_first = walk(&developer, "model=qwen3-8b", "before", None).await;
    assert_eq!(newest_first, (fitting.clone(), 3), "the page that ends early has a cursor, too");
    // From the oldest on: each page is told newest first.
    let (oldest, rest) = (fitting.pop().expect("five jobs"), fitting);
    let (mut upwards, _) = walk(&developer, "model=qwen3-8b", "after", Some(&oldest)).await;
    upwards.sort();
    let mut expected = rest.clone();
    expected.sort();
    assert_eq!(upwards, expected);
    let (nothing, pages) = walk(&developer, "model=nobody", "before", None).await;
    assert_eq!((nothing.len(), pages), (0, 2), "what is looked at for a page is bounded");
    assert_eq!(walk(&developer, "status=settled", "before", None).await.0.len(), 0);
}
