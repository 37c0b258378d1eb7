//! One who reads an answer as its bytes come.

use crate::market::Market;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

pub(crate) struct Reader {
    socket: TcpStream,
    pub(crate) heard: String,
}

impl Reader {
    /// Sends a whole request, head and body, over a connection of its own.
    pub(crate) async fn of(market: &Market, request: String) -> Self {
        let mut socket = TcpStream::connect(market.address()).await.expect("the coordinator listens");
        socket.write_all(request.as_bytes()).await.expect("the coordinator reads");
        Self { socket, heard: String::new() }
    }

    /// Reads until some text has come.
    pub(crate) async fn hear(&mut self, text: &str) {
        while !self.heard.contains(text) {
            assert!(self.hear_more().await, "it ended without {text}: {}", self.heard);
        }
    }

    /// Reads what comes next; whether there was more.
    pub(crate) async fn hear_more(&mut self) -> bool {
        let mut bytes = [0; 4096];
        let read = tokio::time::timeout(Duration::from_secs(20), self.socket.read(&mut bytes));
        let length = read.await.expect("something in time").expect("the connection stands");
        self.heard.push_str(std::str::from_utf8(&bytes[..length]).expect("the tests' texts are short"));
        length > 0
    }

    /// The names of the events that came.
    pub(crate) fn events(&self) -> Vec<&str> {
        self.heard.lines().filter_map(|line| line.strip_prefix("event: ")).collect()
    }

    /// The job that the head names.
    pub(crate) fn job(&self) -> String {
        let line = self.heard.lines().find_map(|line| line.strip_prefix("x-decentral-job-id: "));
        line.expect("the job is named in the head").to_owned()
    }
}
