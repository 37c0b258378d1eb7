//! The thinnest correct HTTP client for a load generator: one connection, one request at a time.
//!
//! It reads answers with a `Content-Length`, which is what the coordinator gives, and refuses all others.

use anyhow::{Context, Result, bail};
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// The longest answer that is read.
const LONGEST: usize = 4 << 20;

/// A connection that is kept.
pub(super) struct Client {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// What was answered.
pub(super) struct Answer<'a> {
    /// The status.
    pub(super) status: u16,
    /// The whole body.
    pub(super) body: &'a [u8],
}

impl Client {
    /// Connects. Small requests must not wait for each other, so without delay.
    pub(super) async fn connect(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).await.with_context(|| format!("{address}"))?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::with_capacity(4096) })
    }

    /// Sends a whole request and reads the whole answer.
    pub(super) async fn send(&mut self, request: &[u8]) -> Result<Answer<'_>> {
        self.stream.write_all(request).await?;
        self.buffer.clear();
        loop {
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                bail!("the coordinator closed the connection before it had answered");
            }
            let Some(head) = Head::read(&self.buffer)? else {
                if self.buffer.len() > LONGEST {
                    bail!("the head of an answer never ends");
                }
                continue;
            };
            let end = head.bytes + head.length;
            while self.buffer.len() < end {
                if self.stream.read_buf(&mut self.buffer).await? == 0 {
                    bail!("an answer was cut off");
                }
            }
            return Ok(Answer { status: head.status, body: &self.buffer[head.bytes..end] });
        }
    }
}

/// The head of an answer: its own length, and what it says of the body.
struct Head {
    status: u16,
    bytes: usize,
    length: usize,
}

impl Head {
    /// `None` until the head is complete.
    fn read(bytes: &[u8]) -> Result<Option<Self>> {
        let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else { return Ok(None) };
        let text = std::str::from_utf8(&bytes[..end]).context("the head of an answer is no text")?;
        let mut lines = text.split("\r\n");
        let status = lines.next().and_then(|line| line.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok());
        let length = lines.find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok())?
        });
        match (status, length) {
            (Some(status), Some(length)) if length <= LONGEST => {
                Ok(Some(Self { status, bytes: end + 4, length }))
            }
            _ => bail!("an answer without a status or a usable Content-Length: {text:?}"),
        }
    }
}

/// A request in full.
pub(super) fn request(method: &str, path: &str, body: &str) -> Vec<u8> {
    request_with(method, path, "", body)
}

/// A request in full with one more header, such as `authorization: Bearer x`.
pub(super) fn request_with(method: &str, path: &str, header: &str, body: &str) -> Vec<u8> {
    let end = if header.is_empty() { "" } else { "\r\n" };
    let length = body.len();
    format!(
        "{method} {path} HTTP/1.1\r\nhost: bench\r\ncontent-type: application/json\r\n{header}{end}\
         content-length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_read_when_it_is_complete() {
        let answer = b"HTTP/1.1 201 Created\r\nContent-Type: x\r\ncontent-length: 2\r\n\r\nok";
        let head = Head::read(answer).unwrap().unwrap();
        assert_eq!((head.status, head.bytes, head.length), (201, answer.len() - 2, 2));
        assert!(Head::read(&answer[..40]).unwrap().is_none());
        assert!(Head::read(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").is_err());
        assert!(Head::read(b"HTTP/1.1 200 OK\r\ncontent-length: 99999999\r\n\r\n").is_err());
    }

    #[test]
    fn a_request_says_how_long_its_body_is() {
        let bytes = request_with("POST", "/x", "a: b", "{}");
        let request = String::from_utf8(bytes).unwrap();
        assert!(request.contains("json\r\na: b\r\ncontent-length"));
        assert!(
            request.starts_with("POST /x HTTP/1.1\r\n") && request.ends_with("content-length: 2\r\n\r\n{}")
        );
    }
}
