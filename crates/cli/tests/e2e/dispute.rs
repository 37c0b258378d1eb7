//! Disputes, as a client opens them and the operator ends them.

use crate::commands::Market;
use crate::process::Docket;
use crate::upstream;
use docket_protocol::digest::Digest;
use serde_json::{Value, json};
use std::path::Path;
use std::time::Duration;

/// A market with one worker behind a server, and its data folder.
fn up(upstream: &str, data: &Path) -> (Docket, Market, String) {
    let engine = format!("openai:{upstream}");
    let (up, ready) = Docket::up_with(&["--data", data.to_str().unwrap(), "--engine", &engine]);
    (up, Market::of(&ready), ready["api_key"].as_str().unwrap().to_owned())
}

/// Asks for an answer as it comes, and answers with the job's id when it has ended.
async fn ask(market: &Market, key: &str) -> String {
    rustls::crypto::ring::default_provider().install_default().ok();
    let body = json!({"model": "slow", "stream": true, "messages": [{"role": "user", "content": "Count"}]});
    let url = format!("{}/v1/chat/completions", market.url);
    let answer = reqwest::Client::new().post(url).bearer_auth(key).json(&body).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let job = answer.headers()["x-decentral-job-id"].to_str().unwrap().to_owned();
    let text = answer.text().await.unwrap();
    assert!(text.contains(r#"{"content":"done"}"#), "{text}");
    job
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_disputes_with_what_he_received() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let (_up, market, key) = up(&upstream::start(Duration::ZERO).await, &data);
    let job = ask(&market, &key).await;
    let (same, other) = (folder.path().join("same"), folder.path().join("other"));
    std::fs::write(&same, "done").unwrap();
    std::fs::write(&other, "done\n").unwrap();
    let same = ["job", "dispute", &job, "--received", same.to_str().unwrap(), "--api-key", &key];
    assert_eq!(market.good(&same), format!("{job}  no dispute: the worker delivered what you received\n"));
    // The key of the data folder, and what the file holds to the last byte.
    let hash = Digest::of(b"done");
    let other =
        ["job", "dispute", &job, "--received", other.to_str().unwrap(), "--data", data.to_str().unwrap()];
    assert_eq!(market.good(&other), format!("{job}  decided for the worker: what was relayed is {hash}\n"));
    let wrong = |args: &[&str]| {
        let (code, output, errors) = market.run(args);
        assert_eq!(output, "", "{args:?}");
        assert_ne!(code, 0, "{args:?}");
        errors
    };
    assert!(wrong(&other).contains("(already_disputed)"));
    let none = folder.path().join("none");
    let hash = hash.to_string();
    let nobody = ["job", "dispute", &job, "--received-hash", &hash, "--data", none.to_str().unwrap()];
    assert!(wrong(&nobody).contains("give --api-key, set DOCKET_API_KEY"));
    assert!(wrong(&["job", "dispute", &job, "--received-hash", "sha256:1"]).contains("64 lower-case"));
    assert!(wrong(&["job", "dispute", &job]).contains("--received"));
    let rule = ["job", "rule", &job, "--for", "client", "--token", &market.token];
    assert!(wrong(&rule).contains("(job.not_now)"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_operator_divides_what_only_the_coordinator_vouches_for() {
    let folder = tempfile::tempdir().unwrap();
    let (_up, market, key) = up(&upstream::start_breaking().await, &folder.path().join("data"));
    let job = ask(&market, &key).await;
    let claim = Digest::of(b"").to_string();
    let dispute = ["job", "dispute", &job, "--received-hash", &claim, "--api-key", &key];
    let words = market.good(&dispute);
    let hash = Digest::of(b"done");
    assert_eq!(
        words,
        format!("{job}  disputed: the worker delivered {hash}\n  it is decided within 24 hours\n")
    );
    assert_eq!(
        market.operator(&["job", "rule", &job, "--for", "split:2550"]),
        format!("{job}  arbitrated: 25.50 % is back with credits:me\n")
    );
    let shown: Value = market.operator_json(&["job", "show", &job, "--journal"]);
    let journal = shown["journal"].as_array().unwrap();
    let details: Vec<_> = journal.iter().rev().take(2).map(|row| row["detail"].as_str().unwrap()).collect();
    let received = format!("received {}", claim.trim_start_matches("sha256:"));
    assert_eq!(details, ["divided:2550 by arbiter", &received]);
}
