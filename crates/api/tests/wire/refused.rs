//! Every request of `fixtures/quotes/errors.json` is refused as it stands there.

use crate::fixture;
use crate::market::Market;
use serde::Deserialize;
use serde_json::value::RawValue;

#[derive(Deserialize)]
struct Exchange {
    name: String,
    method: String,
    path: String,
    request: Option<Box<RawValue>>,
    status: u16,
    body: Body,
}

#[derive(Deserialize)]
struct Body {
    error: String,
}

#[tokio::test]
async fn every_listed_request_is_refused_in_the_listed_words() {
    let market = Market::open().await;
    let exchanges: Vec<Exchange> = serde_json::from_str(&fixture::read("errors.json")).expect("a list");
    assert!(!exchanges.is_empty());
    for Exchange { name, method, path, request, status, body } in exchanges {
        let request = request.as_ref().map_or("", |request| request.get());
        let headers = [("content-type", "application/json")];
        let answer = market.send(&method, &path, &headers, request.as_bytes()).await;
        assert_eq!(answer.status.as_u16(), status, "{name}: {}", answer.text());
        assert_eq!(answer.header("content-type"), "application/json", "{name}");
        match body.error.strip_prefix('*') {
            None => assert_eq!(answer.json(), serde_json::json!({ "error": body.error }), "{name}"),
            Some(start) => {
                let error = answer.json()["error"].as_str().expect("a text").to_owned();
                assert!(error.starts_with(start) && error.len() < 300, "{name}: {error}");
            }
        }
    }
    assert_eq!(market.engine().census().open_jobs, 0, "no refused request has made a job");
}
