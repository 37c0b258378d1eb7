//! A prompt from the command line: advice, payment by a wallet, the answer, and the receipt that proves it.

use crate::agent::Owner;
use crate::commands::Market;
use crate::process::{Docket, run};
use axum::extract::State;
use axum::routing::post;
use axum::{Json, Router};
use docket_protocol::digest::Digest;
use docket_protocol::wallet::{Action, Completion, Statement, WalletKey};
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;
use tokio::net::TcpListener;

const MODEL: &str = "mistral-7b-compressed";

/// Answers with the prompt in capitals and signs for it.
async fn answer(State(key): State<Arc<WalletKey>>, Json(errand): Json<Value>) -> Json<Value> {
    let output = errand["input"].as_str().unwrap().to_uppercase();
    let message = Completion::message(errand["jobId"].as_str().unwrap(), Digest::of(output.as_bytes()));
    Json(json!({"output": output, "signature": key.sign(message.as_bytes()).to_string()}))
}

/// A node with an endpoint, registered and alive; answers with its address.
async fn node(market: &Market) -> String {
    let key = Arc::new(WalletKey::from_bytes(&[7; 32]).unwrap());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}/", listener.local_addr().unwrap());
    let router = Router::new().route("/", post(answer)).with_state(key.clone());
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    let http = reqwest::Client::new();
    let send = async |path: &str, headers: [(&'static str, String); 3], body: String| {
        let mut request =
            http.post(format!("{}{path}", market.url)).header("content-type", "application/json");
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let answer = request.body(body).send().await.unwrap();
        assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
    };
    let address = key.address().to_string();
    let at = docket_engine::clock::Clock::system(docket_core::time::Timestamp(0)).now();
    let body = json!({"address": address, "endpoint": endpoint, "gpuTier": 1, "models": [MODEL]}).to_string();
    let (action, resource) = (Action::REGISTER_NODE, address.as_str());
    let message = Statement { action, resource, at, body: Some(Digest::of(body.as_bytes())) }.to_string();
    let headers = [
        ("x-wallet-address", address.clone()),
        ("x-wallet-timestamp", at.0.to_string()),
        ("x-wallet-signature", key.sign(message.as_bytes()).to_string()),
    ];
    send("/api/nodes/register", headers.clone(), body).await;
    let seconds = at.0 / 1_000;
    let message = format!("Docket:heartbeat:{}:{seconds}:0:{endpoint}", address.to_lowercase());
    let signature = key.sign(message.as_bytes()).to_string();
    let beat =
        json!({"address": address, "endpoint": endpoint, "timestamp": seconds, "signature": signature});
    send("/api/nodes/heartbeat", headers, beat.to_string()).await;
    address
}

/// What `docket verify` says of a file.
fn verified(file: &Path, more: &[&str]) -> (i32, String) {
    let (status, output, _) = run([&["verify", file.to_str().unwrap()], more].concat());
    (status.code().unwrap(), output)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_prompt_is_priced_paid_answered_and_proven() {
    rustls::crypto::ring::default_provider().install_default().ok();
    let (_up, ready) = Docket::up_with(&["--ephemeral", "--engine", "tasks", "--testnet", "false"]);
    let market = Market::of(&ready);
    let address = node(&market).await;
    let listed = market.good(&["node", "list"]);
    assert!(listed.contains(&format!("{address}  tier 1   50 of 100  active    online ")), "{listed}");
    assert_eq!(listed.lines().count(), 2, "and the worker of this process: {listed}");
    assert!(market.good(&["node", "list", "--limit", "1"]).ends_with("more: --offset 1\n"));
    assert_eq!(market.good(&["node", "list", "--tier", "2"]), "");
    assert_eq!(market.json(&["node", "list", "--offset", "2"])["data"]["total"], 2);
    let shown = market.good(&["node", "show", &address.to_lowercase()]);
    assert!(shown.contains("reputation 5000 of 10000, shown as 50") && shown.contains(MODEL), "{shown}");
    let (_, _, errors) = market.run(&["node", "show", "0xabc1230000000000000000000000000000000001"]);
    assert!(errors.contains("(node_not_found)"), "{errors}");
    let back = market.operator(&["node", "reinstate", &address]);
    assert_eq!(back, format!("{address} is active\n"));

    let folder = tempfile::tempdir().unwrap();
    let ann = Owner::new(&market, folder.path().join("ann.key"));
    let file = folder.path().join("receipt.json");
    let prompt = ["infer", "--model", MODEL, "explain", "escrow"];
    let unasked = ann.wrong(&prompt);
    assert!(
        unasked.starts_with(&format!("node {address}, of reputation 50 of 100, would do it for 0.0008 ETH"))
    );
    assert!(unasked.contains("nobody can be asked here"), "{unasked}");
    let paid = [&prompt[..], &["--yes", "--receipt", file.to_str().unwrap()]].concat();
    let account = format!("client:registry:{}", ann.address.to_lowercase());
    let poor = ann.wrong(&paid);
    assert!(poor.contains(&format!("{account} has to be topped up first")), "{poor}");
    assert!(poor.contains("(insufficient_funds)"), "{poor}");
    market.operator(&["ledger", "credit", &account, "1000000000000000", "--asset", "ETH"]);
    assert_eq!(ann.good(&paid), "EXPLAIN ESCROW\n");
    let balance = market.operator(&["ledger", "balance", &account]);
    assert!(balance.starts_with("0.000200000000000000 ETH"), "{balance}");
    assert!(market.operator(&["ledger", "check"]).contains("The books agree"));

    let (code, words) = verified(&file, &["--log", &market.url, "--worker", &address]);
    assert!(code == 0 && words.contains("\nOK: nothing is false"), "{words}");
    assert!(words.contains(&format!("the wallet {address} signed job ")), "{words}");
    let bundle = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, bundle.replacen("ESCROW", "ESCROV", 1)).unwrap();
    let (code, words) = verified(&file, &[]);
    assert!(code == 1 && words.contains("FALSE       output"), "{words}");
    std::fs::write(&file, bundle).unwrap();
    let other = ann.address.as_str();
    let (code, words) = verified(&file, &["--worker", other]);
    assert!(code == 1 && words.contains(&format!("and you pinned {other}")), "{words}");
    assert_eq!(verified(&file, &["--worker", "0x12"]).0, 2);
    let wrong = ann.wrong(&["infer", "--model", "gpt-9", "--yes", "hello"]);
    assert!(wrong.contains("(unknown_model)"), "{wrong}");
    let large = ann.wrong(&["infer", "--model", "llama-3.1-70b-compressed", "--yes", "hello"]);
    assert!(large.contains("(no_eligible_node): ") && large.contains(" lacks model"), "{large}");
}

#[test]
fn a_prompt_is_run_by_the_worker_of_docket_up() {
    if !cfg!(feature = "gguf") {
        return;
    }
    let (_up, ready) = Docket::up();
    let market = Market::of(&ready);
    let folder = tempfile::tempdir().unwrap();
    let ann = Owner::new(&market, folder.path().join("ann.key"));
    let file = folder.path().join("receipt.json");
    let receipt = file.display().to_string();
    let prompt =
        ["infer", "--model", "tiny-qwen3-compressed", "--yes", "--receipt", &receipt, "What is escrow?"];
    let done = ann.json(&prompt);
    assert_eq!(done["assignedNode"], ready["node"]);
    assert!(done["output"].as_str().is_some_and(|output| !output.is_empty()), "{done}");
    let (code, words) =
        verified(&file, &["--log", &market.url, "--worker", ready["worker"].as_str().unwrap()]);
    assert!(code == 0 && words.contains("proven      full receipt"), "{words}");
    assert!(market.operator(&["ledger", "check"]).contains("The books agree"));
}
