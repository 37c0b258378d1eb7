//! A stream that waits for its next text says in comments that it is alive, which readers of events pass over.

use crate::credits::{Developer, begun, finish, serving};
use crate::market::Market;
use crate::worker::say;
use serde_json::json;
use std::time::Duration;

#[tokio::test]
async fn a_stream_that_waits_is_kept_alive_by_comments() {
    let market = Market::open().await;
    let developer = Developer::rich(&market).await;
    let mut worker = serving(&market, 1).await;
    let (mut reader, assigned) = begun(&developer, &mut worker, json!({})).await;
    for number in 1..=2 {
        // With nothing else to do the clock goes on to what is due next.
        tokio::time::pause();
        let heard = async {
            while reader.heard.matches("\n:\n\n").count() < number {
                assert!(reader.hear_more().await, "it ended");
            }
        };
        tokio::time::timeout(Duration::from_secs(16), heard).await.expect("a comment every 15 seconds");
        tokio::time::resume();
    }
    say(&mut worker, &assigned, &["one ", "two"], 1).await;
    finish(&mut worker, &assigned, "one two").await;
    reader.hear("data: [DONE]").await;
    // Comments stand between events, in none.
    let (_, body) = reader.heard.split_once("\r\n\r\n").expect("head and body");
    let chunks = body.split("\r\n").skip(1).step_by(2).filter(|chunk| !chunk.is_empty());
    for event in chunks.flat_map(|chunk| chunk.split_terminator("\n\n")) {
        let mut lines = event.lines();
        assert!(
            event == ":" || lines.all(|line| line.starts_with("data: ") || line.starts_with("id: ")),
            "{event:?}"
        );
    }
}
