//! A node with an endpoint of its own: registers, shows life, takes jobs by HTTP and signs its answers.

use crate::http::Answer;
use crate::market::Market;
use crate::wallets::Owner;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use docket_protocol::digest::Digest;
use docket_protocol::wallet::{Action, Completion, WalletKey};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// How a node answers.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    /// With the prompt in capitals.
    Honest,
    /// At length, as a model does.
    Model,
    /// At length, as another model does.
    OtherModel,
    /// Signed by another wallet.
    SignedByAnother,
    /// With a status.
    Status(u16),
    /// With more than anybody reads.
    Endless,
    /// Never.
    Silent,
}

#[derive(Clone)]
struct Server {
    key: Arc<WalletKey>,
    manner: Arc<Mutex<Manner>>,
    heard: Arc<Mutex<Vec<(HeaderMap, Value)>>>,
}

/// A node before a market.
pub(crate) struct Node<'a> {
    pub(crate) owner: Owner<'a>,
    pub(crate) address: SocketAddr,
    pub(crate) tier: u8,
    manner: Arc<Mutex<Manner>>,
    heard: Arc<Mutex<Vec<(HeaderMap, Value)>>>,
    task: JoinHandle<()>,
}

impl<'a> Node<'a> {
    /// A node that is registered and online.
    pub(crate) async fn online(market: &'a Market, number: u8, tier: u8) -> Self {
        let node = Self::start(market, number, tier, Manner::Honest).await;
        let made = node.register().await;
        assert_eq!(made.status, StatusCode::CREATED, "{}", made.text());
        node.alive().await;
        node
    }

    pub(crate) async fn start(market: &'a Market, number: u8, tier: u8, manner: Manner) -> Self {
        let owner = Owner::of(market, number);
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port is free");
        let address = listener.local_addr().expect("a listener has an address");
        let (manner, heard) = (Arc::new(Mutex::new(manner)), Arc::new(Mutex::new(Vec::new())));
        let key = Arc::new(WalletKey::from_bytes(&[number; 32]).expect("a key"));
        let server = Server { key, manner: manner.clone(), heard: heard.clone() };
        let router = Router::new().fallback(answer).with_state(server);
        let task = tokio::spawn(async move { axum::serve(listener, router).await.expect("it serves") });
        Self { owner, address, tier, manner, heard, task }
    }

    pub(crate) fn endpoint(&self) -> String {
        format!("http://{}/infer", self.address)
    }

    pub(crate) fn be(&self, manner: Manner) {
        *self.manner.lock().expect("nobody panics here") = manner;
    }

    /// What it was sent.
    pub(crate) fn heard(&self) -> Vec<(HeaderMap, Value)> {
        self.heard.lock().expect("nobody panics here").clone()
    }

    pub(crate) async fn register(&self) -> Answer {
        self.register_with(json!({})).await
    }

    pub(crate) async fn register_with(&self, more: Value) -> Answer {
        let mut body =
            json!({"address": self.owner.address(), "endpoint": self.endpoint(), "gpuTier": self.tier});
        for (name, value) in more.as_object().expect("an object") {
            body[name] = value.clone();
        }
        let (action, path) = (Action::REGISTER_NODE, "/api/nodes/register".to_owned());
        self.owner.sign(action, &self.owner.address(), "POST", path, &body).send(self.owner.market).await
    }

    pub(crate) async fn deactivate(&self) -> Answer {
        let body = json!({"address": self.owner.address()});
        let (action, path) = (Action::DEACTIVATE_NODE, "/api/nodes/deactivate".to_owned());
        self.owner.sign(action, &self.owner.address(), "POST", path, &body).send(self.owner.market).await
    }

    /// A heartbeat so many seconds from now by its own clock.
    pub(crate) fn beat(&self, skew: i64) -> Value {
        let seconds = self.owner.market.engine().clock().now().0 / 1_000 + skew;
        let address = self.owner.address();
        let endpoint = self.endpoint();
        let message =
            format!("Docket:heartbeat:{}:{seconds}:{}:{endpoint}", address.to_lowercase(), self.tier);
        let signature = self.owner.key.sign(message.as_bytes()).to_string();
        json!({"address": address, "endpoint": endpoint, "timestamp": seconds, "gpuTier": self.tier, "signature": signature})
    }

    pub(crate) async fn send(&self, beat: &Value) -> Answer {
        self.owner.market.post("/api/nodes/heartbeat", &beat.to_string()).await
    }

    pub(crate) async fn alive(&self) {
        let answer = self.send(&self.beat(0)).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    }

    pub(crate) async fn shown(&self) -> Value {
        self.owner.market.get(&format!("/api/nodes/{}", self.owner.address())).await.json()["data"].clone()
    }
}

impl Drop for Node<'_> {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn answer(State(server): State<Server>, headers: HeaderMap, body: Bytes) -> Response {
    let errand: Value = serde_json::from_slice(&body).expect("JSON");
    server.heard.lock().expect("nobody panics here").push((headers, errand.clone()));
    let manner = *server.manner.lock().expect("nobody panics here");
    let capitals = errand["input"].as_str().expect("a prompt").to_uppercase();
    let output = match manner {
        Manner::Model => format!("I was asked: {capitals} {}", "What I know of it is this. ".repeat(4)),
        Manner::OtherModel => format!("Nobody knows. {capitals} {}", "I do not know it either. ".repeat(4)),
        _ => capitals,
    };
    let job = errand["jobId"].as_str().expect("a job");
    let message = Completion::message(job, Digest::of(output.as_bytes()));
    let other = WalletKey::from_bytes(&[99; 32]).expect("a key");
    let key = if manner == Manner::SignedByAnother { &other } else { &*server.key };
    let signature = key.sign(message.as_bytes()).to_string();
    match manner {
        Manner::Honest | Manner::Model | Manner::OtherModel | Manner::SignedByAnother => {
            axum::Json(json!({"output": output, "signature": signature})).into_response()
        }
        Manner::Status(status) => StatusCode::from_u16(status).expect("a status").into_response(),
        Manner::Endless => vec![b' '; 3 << 20].into_response(),
        Manner::Silent => std::future::pending().await,
    }
}
