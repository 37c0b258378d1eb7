//! A client in a closed loop: asks, reads the whole answer, asks again; and notes how long all of it took.

use super::upstream::micros;
use crate::commands::bench::http::request_with;
use anyhow::{Context, Result, bail};
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// What is asked, by how many at a time, for how long.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scene {
    pub(super) name: &'static str,
    pub(super) model: &'static str,
    pub(super) stream: bool,
    pub(super) clients: u32,
    /// How long after one client the next begins.
    pub(super) apart: Duration,
}

/// Who is asked.
#[derive(Clone, Debug)]
pub(super) struct Door {
    pub(super) name: String,
    pub(super) address: SocketAddr,
    pub(super) key: String,
}

/// What was seen, in microseconds.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// From a request to the end of its answer.
    pub(super) answers: Vec<u64>,
    /// From a request to its first token.
    pub(super) firsts: Vec<u64>,
    /// How old each token was when it arrived.
    pub(super) ages: Vec<u64>,
    /// How long it took.
    pub(super) elapsed: Duration,
}

/// Plays a scene for so long. Any answer that is no success fails the run.
pub(super) async fn play(door: &Door, scene: Scene, time: Duration) -> Result<Seen> {
    let words = "Say in plain words what happened. ".repeat(26);
    let body = serde_json::json!({
        "model": scene.model, "stream": scene.stream, "max_tokens": 64,
        "messages": [{"role": "user", "content": words}],
    });
    let header = format!("authorization: Bearer {}", door.key);
    let request = request_with("POST", "/v1/chat/completions", &header, &body.to_string());
    let begun = Instant::now();
    let mut lanes = JoinSet::new();
    for number in 0..scene.clients {
        let (address, request) = (door.address, request.clone());
        lanes.spawn(async move {
            tokio::time::sleep(scene.apart * number).await;
            lane(address, &request, scene.stream, begun + time).await
        });
    }
    let mut seen = Seen::default();
    while let Some(lane) = lanes.join_next().await {
        let lane = lane?.with_context(|| format!("{}, {}", door.name, scene.name))?;
        seen.answers.extend(lane.answers);
        seen.firsts.extend(lane.firsts);
        seen.ages.extend(lane.ages);
    }
    seen.elapsed = begun.elapsed();
    Ok(seen)
}

async fn lane(address: SocketAddr, request: &[u8], stream: bool, until: Instant) -> Result<Seen> {
    let mut socket = TcpStream::connect(address).await?;
    socket.set_nodelay(true)?;
    let (mut seen, mut buffer) = (Seen::default(), Vec::with_capacity(64 * 1024));
    while Instant::now() < until {
        let asked = Instant::now();
        socket.write_all(request).await?;
        buffer.clear();
        let mut read = 0;
        let mut first = None;
        loop {
            if socket.read_buf(&mut buffer).await? == 0 {
                bail!("an answer was cut off: {}", String::from_utf8_lossy(&buffer));
            }
            if stream {
                let before = seen.ages.len();
                read += ages(&buffer[read..], &mut seen.ages);
                if seen.ages.len() > before {
                    first = first.or_else(|| Some(asked.elapsed()));
                }
            }
            if is_complete(&buffer)? {
                break;
            }
        }
        seen.answers.push(whole_micros(asked.elapsed()));
        match first {
            Some(first) => seen.firsts.push(whole_micros(first)),
            None if stream => bail!("a stream without a token: {}", String::from_utf8_lossy(&buffer)),
            None => {}
        }
    }
    Ok(seen)
}

fn whole_micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

/// Adds the age of each token in the text, which is written `@time@`; answers how much of the text was read.
pub(in crate::commands::bench) fn ages(text: &[u8], ages: &mut Vec<u64>) -> usize {
    let (now, mut read) = (micros(), 0);
    while let Some(open) = text[read..].iter().position(|&byte| byte == b'@') {
        let begin = read + open + 1;
        let Some(length) = text[begin..].iter().position(|&byte| byte == b'@') else { break };
        let time = std::str::from_utf8(&text[begin..begin + length]).ok().and_then(|time| time.parse().ok());
        ages.extend(time.map(|time| now.saturating_sub(time)));
        read = begin + length + 1;
    }
    read
}

/// Whether the answer is there to its end. One that is no success is an error.
fn is_complete(answer: &[u8]) -> Result<bool> {
    let Some(end) = answer.windows(4).position(|four| four == b"\r\n\r\n") else { return Ok(false) };
    let head = String::from_utf8_lossy(&answer[..end]).to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
    let length = length.and_then(|length| length.trim().parse::<usize>().ok());
    let complete = match length {
        Some(length) => answer.len() >= end + 4 + length,
        None => answer.ends_with(b"0\r\n\r\n"),
    };
    if complete && !head.starts_with("http/1.1 200") {
        bail!("{}", String::from_utf8_lossy(answer));
    }
    Ok(complete)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_read_from_whole_marks_only() {
        let mut found = Vec::new();
        let old = micros() - 1_000_000;
        let text = format!("x@{old}@y@{old}@z@{old}");
        let read = ages(text.as_bytes(), &mut found);
        assert_eq!(found.len(), 2);
        assert!(found.iter().all(|age| (1_000_000..60_000_000).contains(age)), "{found:?}");
        assert!(text[read..].starts_with('z'));
    }

    #[test]
    fn an_answer_ends_where_its_head_says() {
        let head = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n";
        assert!(!is_complete(head.as_bytes()).unwrap());
        assert!(is_complete(format!("{head}ok").as_bytes()).unwrap());
        let chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n";
        assert!(!is_complete(chunked.as_bytes()).unwrap());
        assert!(is_complete(format!("{chunked}0\r\n\r\n").as_bytes()).unwrap());
        assert!(is_complete(b"HTTP/1.1 402 No\r\ncontent-length: 0\r\n\r\n").is_err());
    }
}
