//! An OpenAI-compatible server that says one word for each turn that a test gives it.

use crate::coordinator::soon;
use serde_json::json;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc};

pub(crate) struct Server {
    pub(crate) url: String,
    turns: Arc<Semaphore>,
    left: mpsc::UnboundedReceiver<()>,
}

impl Server {
    /// A server that answers everything with these words.
    pub(crate) async fn start(words: &'static [&'static str]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let turns = Arc::new(Semaphore::new(0));
        let (leave, left) = mpsc::unbounded_channel();
        let given = turns.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, words, given.clone(), leave.clone()));
            }
        });
        Self { url, turns, left }
    }

    /// Lets a word be said.
    pub(crate) fn give_turn(&self) {
        self.turns.add_permits(1);
    }

    /// Waits until somebody who was being answered has closed the connection.
    pub(crate) async fn is_left(&mut self) {
        soon("the connection to close", self.left.recv()).await.unwrap();
    }
}

async fn serve(
    mut stream: TcpStream,
    words: &[&str],
    turns: Arc<Semaphore>,
    leave: mpsc::UnboundedSender<()>,
) {
    let mut request = vec![];
    // What is asked does not matter, only that all of it has come: headers, and a body that ends with a brace.
    while !(request.ends_with(b"\r\n\r\n") || (request.starts_with(b"POST") && request.ends_with(b"}"))) {
        let mut buffer = [0; 4096];
        let Ok(read @ 1..) = stream.read(&mut buffer).await else { return };
        request.extend_from_slice(&buffer[..read]);
    }
    if request.starts_with(b"GET") {
        let models = json!({"data": [{"id": "served"}]}).to_string();
        let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n";
        return stream.write_all(format!("{head}{models}").as_bytes()).await.unwrap();
    }
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    for word in words {
        let mut nothing = [0];
        tokio::select! {
            turn = turns.acquire() => turn.unwrap().forget(),
            _ = stream.read(&mut nothing) => {
                leave.send(()).ok();
                return;
            }
        }
        let event = json!({"choices": [{"delta": {"content": word}}]});
        stream.write_all(format!("data: {event}\n\n").as_bytes()).await.unwrap();
    }
    let end = json!({"choices": [{"delta": {}, "finish_reason": "stop"}]});
    stream.write_all(format!("data: {end}\n\ndata: [DONE]\n\n").as_bytes()).await.unwrap();
}
