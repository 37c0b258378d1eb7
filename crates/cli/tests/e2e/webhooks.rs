//! Webhooks of the program as it is: `docket up` tells this machine, also after it was killed, unless it may not.

use crate::process::{Docket, PATIENCE, run};
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use reqwest::Client;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

/// Somebody's server, which fails as long as it is told to, and what it has heard.
struct Server {
    address: SocketAddr,
    fails: Arc<AtomicBool>,
    heard: mpsc::UnboundedReceiver<(String, Value)>,
}

impl Server {
    async fn start() -> Self {
        type Shared = (Arc<AtomicBool>, mpsc::UnboundedSender<(String, Value)>);
        async fn hear(State((fails, heard)): State<Shared>, headers: HeaderMap, body: String) -> StatusCode {
            let id = headers["webhook-id"].to_str().unwrap().to_owned();
            heard.send((id, serde_json::from_str(&body).unwrap())).unwrap();
            if fails.load(Ordering::Relaxed) { StatusCode::BAD_GATEWAY } else { StatusCode::OK }
        }
        let (fails, (sender, heard)) = (Arc::new(AtomicBool::new(true)), mpsc::unbounded_channel());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().fallback(hear).with_state((fails.clone(), sender));
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { address, fails, heard }
    }

    async fn hear(&mut self) -> (String, Value) {
        tokio::time::timeout(PATIENCE, self.heard.recv()).await.unwrap().unwrap()
    }
}

async fn make(url: &str, key: &str, server: &Server) -> reqwest::Response {
    let body = json!({"url": format!("http://{}/", server.address), "events": ["job.completed"]});
    Client::new().post(format!("{url}/v1/webhooks")).bearer_auth(key).json(&body).send().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_coordinator_that_was_killed_tells_what_it_had_to_tell() {
    rustls::crypto::ring::default_provider().install_default().ok();
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let args = ["--data", data.to_str().unwrap()];
    let mut server = Server::start().await;
    let (up, ready) = Docket::up_with(&args);
    let (url, key) = (ready["url"].as_str().unwrap(), ready["api_key"].as_str().unwrap());
    assert_eq!(make(url, key, &server).await.status(), 201);
    let chat =
        json!({"model": "tiny-qwen3", "messages": [{"role": "user", "content": "Hi"}], "max_tokens": 4});
    let answer = Client::new().post(format!("{url}/v1/chat/completions")).bearer_auth(key).json(&chat);
    let answer = answer.send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let job = answer.headers()["x-decentral-job-id"].to_str().unwrap().to_owned();
    let first = server.hear().await;
    assert_eq!((&first.1["type"], &first.1["data"]["id"]), (&json!("job.completed"), &json!(job)));
    up.kill_9();
    server.fails.store(false, Ordering::Relaxed);
    let (_up, _) = Docket::up_with(&args);
    assert_eq!(server.hear().await, first, "the same once more, byte for byte");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_operator_says_how_near_webhooks_may_lead() {
    rustls::crypto::ring::default_provider().install_default().ok();
    let server = Server::start().await;
    let (_up, ready) = Docket::up_with(&["--ephemeral", "--webhooks-to", "public"]);
    let refused = make(ready["url"].as_str().unwrap(), ready["api_key"].as_str().unwrap(), &server).await;
    assert_eq!(refused.status(), 400);
    assert_eq!(refused.json::<Value>().await.unwrap()["error"]["param"], "url");
    let shown = |args: &[&str]| run([&["serve", "--print-config"], args].concat()).1;
    assert!(shown(&[]).contains("webhooks_to = \"public\"\n"));
    assert!(shown(&["--webhooks-to", "private"]).contains("webhooks_to = \"private\"\n"));
    assert!(
        run(["serve", "--print-config", "--webhooks-to", "everywhere"])
            .2
            .contains("public, loopback or private")
    );
}
