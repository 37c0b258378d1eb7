//! Somebody else's server: hears what is sent, checks it as its documentation says, and answers as the test wants.

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use docket_core::hash::Sha256;
use serde_json::Value;
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// How the server answers.
pub(crate) enum Reply {
    /// With a status.
    Status(u16),
    /// With a redirect.
    To(String),
    /// Never.
    Silence,
}

/// A message that arrived.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Message {
    pub(crate) path: String,
    headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

#[derive(Clone)]
struct Server {
    replies: Arc<Mutex<VecDeque<Reply>>>,
    heard: mpsc::UnboundedSender<Message>,
}

/// A server on a port of its own.
pub(crate) struct Receiver {
    pub(crate) address: SocketAddr,
    replies: Arc<Mutex<VecDeque<Reply>>>,
    heard: mpsc::UnboundedReceiver<Message>,
    task: JoinHandle<()>,
}

impl Receiver {
    /// A server that answers with 200, but first as it is told.
    pub(crate) async fn start(replies: impl IntoIterator<Item = Reply>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port is free");
        let address = listener.local_addr().expect("a listener has an address");
        let replies = Arc::new(Mutex::new(replies.into_iter().collect()));
        let (sender, heard) = mpsc::unbounded_channel();
        let server = Server { replies: replies.clone(), heard: sender };
        let router = Router::new().fallback(answer).with_state(server);
        let task = tokio::spawn(async move { axum::serve(listener, router).await.expect("it serves") });
        Self { address, replies, heard, task }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Answers so, before all that it was told.
    pub(crate) fn next_reply(&self, reply: Reply) {
        self.replies.lock().expect("nobody panics here").push_front(reply);
    }

    /// The next message.
    pub(crate) async fn hear(&mut self) -> Message {
        let message = tokio::time::timeout(Duration::from_secs(20), self.heard.recv()).await;
        message.expect("something in time").expect("the server runs")
    }

    /// Panics if anything has arrived that was not heard yet.
    pub(crate) fn heard_all(&mut self) {
        assert_eq!(self.heard.try_recv().ok(), None);
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn answer(State(server): State<Server>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    server.heard.send(Message { path: uri.to_string(), headers, body: body.to_vec() }).ok();
    let reply = server.replies.lock().expect("nobody panics here").pop_front();
    match reply.unwrap_or(Reply::Status(200)) {
        Reply::Status(status) => StatusCode::from_u16(status).expect("a status").into_response(),
        Reply::To(url) => {
            let location = HeaderValue::from_str(&url).expect("a URL");
            (StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, location)]).into_response()
        }
        Reply::Silence => std::future::pending().await,
    }
}

impl Message {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("a header is text"))
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("the body is JSON")
    }

    pub(crate) fn kind(&self) -> String {
        self.json()["type"].as_str().expect("a type").to_owned()
    }

    /// Panics unless the message is signed with the key, as Standard Webhooks says.
    pub(crate) fn check(&self, key: &[u8]) {
        self.check_all(&[key]);
    }

    /// Panics unless the message is signed with each of the keys, in their order, and with no other.
    pub(crate) fn check_all(&self, keys: &[&[u8]]) {
        use base64::Engine as _;
        let (id, timestamp) = (self.header("webhook-id"), self.header("webhook-timestamp"));
        let signed = [id.as_bytes(), timestamp.as_bytes(), &self.body].join(&b'.');
        let mac = |key: &&[u8]| base64::engine::general_purpose::STANDARD.encode(hmac(key, &signed));
        let signatures: Vec<_> = keys.iter().map(|key| format!("v1,{}", mac(key))).collect();
        assert_eq!(self.header("webhook-signature"), signatures.join(" "));
        assert_eq!(self.json()["id"], id);
        assert_eq!(self.header("content-type"), "application/json");
    }
}

/// HMAC-SHA256 by its definition in RFC 2104.
fn hmac(key: &[u8], message: &[u8]) -> [u8; 32] {
    let mut block = [0; 64];
    match key.len() {
        0..=64 => block[..key.len()].copy_from_slice(key),
        _ => block[..32].copy_from_slice(&Sha256::of(key).0),
    }
    let inner = Sha256::of(&[&block.map(|byte| byte ^ 0x36)[..], message].concat());
    Sha256::of(&[&block.map(|byte| byte ^ 0x5c)[..], &inner.0[..]].concat()).0
}
