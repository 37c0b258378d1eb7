//! Webhooks of the program as it is: `docket up` tells this machine, also after it was killed, unless it may not.

use crate::commands::Market;
use crate::process::{Docket, PATIENCE, run, wait_until};
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

#[tokio::test(flavor = "multi_thread")]
async fn a_client_handles_his_webhooks_from_the_command_line() {
    rustls::crypto::ring::default_provider().install_default().ok();
    let mut server = Server::start().await;
    let (_up, ready) = Docket::up_with(&["--ephemeral"]);
    let market = Market::of(&ready);
    let key = ready["api_key"].as_str().unwrap();
    let keyed = |args: &[&str]| market.run(&[&["webhooks"], args, &["--api-key", key]].concat());
    let good = |args: &[&str]| {
        let (code, output, errors) = keyed(args);
        assert_eq!(code, 0, "{args:?}: {errors}");
        (output, errors)
    };
    let json =
        |args: &[&str]| -> Value { serde_json::from_str(&good(&[args, &["--json"]].concat()).0).unwrap() };
    assert!(good(&["list"]).1.contains("there are no webhooks yet"));
    let url = format!("http://{}/", server.address);
    let add = ["add", &url, "--events", "job.completed,credit.low", "--key", "k1"];
    let (secret, errors) = good(&add);
    assert!(secret.starts_with("whsec_"), "the secret alone on standard output: {secret}");
    assert!(errors.contains("shown now and never again") && !errors.contains(secret.trim_end()), "{errors}");
    let again = json(&add);
    assert_eq!(again["secret"], secret.trim_end(), "the same key makes one webhook");
    let id = again["id"].as_str().unwrap();
    assert_eq!(good(&["list"]).0, format!("{id}  active    {url}  job.completed,credit.low\n"));
    assert!(good(&["deliveries", id]).1.contains("it was told nothing yet"));

    let client = Client::new();
    let ping = client.post(format!("{}/v1/webhooks/{id}/test", market.url)).bearer_auth(key).send();
    assert_eq!(ping.await.unwrap().status(), 202);
    let (event, told) = server.hear().await;
    assert_eq!(told["type"], "ping");
    let failed = || json(&["deliveries", id])["data"][0]["last_status"] == 502;
    wait_until("the failure is noted", failed);
    let line = good(&["deliveries", id]).0;
    let words = "  pending    1 attempt, answered 502, next at ";
    assert!(line.starts_with(&format!("{event}  ")) && line.contains(words), "{line}");
    server.fails.store(false, Ordering::Relaxed);
    assert!(good(&["replay", id, &event]).0.contains("  ping            -  "));
    assert_eq!(server.hear().await, (event.clone(), told), "the same once more");
    wait_until("it is delivered", || json(&["deliveries", id])["data"][0]["status"] == "delivered");
    assert_eq!(json(&["deliveries", id, "--limit", "1"])["has_more"], false);

    let wrong = |args: &[&str]| {
        let (code, output, errors) = keyed(args);
        assert_eq!((code, output.as_str()), (1, ""), "{args:?}");
        errors
    };
    assert!(wrong(&["add", &url, "--events", "job.done"]).contains("must be a list of some of"));
    assert!(wrong(&["add", "http://10.0.0.1/", "--events", "job.failed"]).contains("(invalid_request)"));
    assert!(wrong(&["replay", id, "evt_1"]).contains("(event_not_found)"));
    let rotate = ["rotate", id, "--key", "k2"];
    let (other, errors) = good(&rotate);
    assert!(
        other.starts_with("whsec_") && other != secret,
        "another secret alone on standard output: {other}"
    );
    assert!(errors.contains("shown now and never again") && !errors.contains(other.trim_end()), "{errors}");
    assert_eq!(json(&rotate)["secret"], other.trim_end(), "the same key draws one secret");
    assert!(wrong(&["rotate", "wh_1"]).contains("(webhook_not_found)"));
    assert_eq!(good(&["delete", id]).0, format!("{id} is deleted: it is told nothing more\n"));
    assert!(wrong(&["delete", id]).contains("(webhook_not_found)"));
}
