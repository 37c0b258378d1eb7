//! An inference server that costs next to nothing: OpenAI's chat interface with text that is made of the time, so that
//! whoever reads it knows how old it is.

use super::alarm::Alarm;
use anyhow::Result;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Answers at once, all tokens together.
pub(super) const SWIFT: &str = "swift";
/// Takes its time, as a model does.
pub(super) const PACED: &str = "paced";
/// From the request to the first token of the paced model.
const FIRST: Duration = Duration::from_millis(20);
/// From each of its tokens to the next.
const GAP: Duration = Duration::from_millis(10);
/// The longest request.
const LONGEST: usize = 1 << 20;

/// Serves an inference server for measurements, until it is stopped.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Where to listen; port 0 is any free one.
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: String,
    /// How many tokens a streamed answer has.
    #[arg(long, default_value_t = 64)]
    tokens: u32,
}

/// Serves, and prints its address as one line of JSON.
pub(crate) async fn run(args: Args) -> Result<()> {
    let listener = TcpListener::bind(&args.listen).await?;
    println!("{}", serde_json::json!({"url": format!("http://{}", listener.local_addr()?)}));
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        tokio::spawn(async move {
            // A client that goes away in the middle is nothing to report.
            let _ = serve(stream, args.tokens).await;
        });
    }
}

async fn serve(mut stream: TcpStream, tokens: u32) -> Result<()> {
    let mut buffer = Vec::with_capacity(4096);
    loop {
        let Some((head, end)) = request(&mut stream, &mut buffer).await? else { return Ok(()) };
        let request = String::from_utf8_lossy(&buffer[..end]).into_owned();
        buffer.drain(..end);
        let (head, body) = request.split_at(head);
        if !head.starts_with("POST") {
            let list = format!(
                r#"{{"status":"ok","model_path":"{SWIFT}","object":"list","data":[{{"id":"{SWIFT}","object":"model"}},{{"id":"{PACED}","object":"model"}}]}}"#
            );
            stream.write_all(&whole(&list)).await?;
            continue;
        }
        let body: serde_json::Value = serde_json::from_str(body)?;
        let model = if body["model"] == PACED { PACED } else { SWIFT };
        if body["stream"] == true {
            streamed(&mut stream, model, tokens).await?;
        } else {
            let answer = format!(
                r#"{{"id":"chatcmpl-1","object":"chat.completion","created":1700000000,"model":"{model}","choices":[{{"index":0,"message":{{"role":"assistant","content":"ok"}},"finish_reason":"stop"}}],"usage":{{"prompt_tokens":9,"completion_tokens":1,"total_tokens":10}}}}"#
            );
            stream.write_all(&whole(&answer)).await?;
        }
    }
}

/// Reads a whole request: where its head ends and where it ends; `None` if there is none any more.
async fn request(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Result<Option<(usize, usize)>> {
    loop {
        if let Some(head) = buffer.windows(4).position(|four| four == b"\r\n\r\n") {
            let text = String::from_utf8_lossy(&buffer[..head]).to_ascii_lowercase();
            let length = text.lines().find_map(|line| line.strip_prefix("content-length:"));
            let length: usize = length.and_then(|length| length.trim().parse().ok()).unwrap_or_default();
            anyhow::ensure!(length <= LONGEST, "a request that is too long");
            while buffer.len() < head + 4 + length {
                anyhow::ensure!(stream.read_buf(buffer).await? > 0, "a request was cut off");
            }
            return Ok(Some((head + 4, head + 4 + length)));
        }
        if buffer.len() > LONGEST || stream.read_buf(buffer).await? == 0 {
            return Ok(None);
        }
    }
}

fn whole(json: &str) -> Vec<u8> {
    let length = json.len();
    format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{json}")
        .into_bytes()
}

async fn streamed(stream: &mut TcpStream, model: &str, tokens: u32) -> Result<()> {
    const HEAD: &str =
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
    let (begun, alarm) = (Alarm::now(), Alarm::new()?);
    let mut ready = HEAD.to_owned();
    for number in 0..tokens {
        if model == PACED {
            if number > 0 {
                stream.write_all(ready.as_bytes()).await?;
                ready.clear();
            }
            alarm.at(begun + FIRST + GAP * number).await?;
        }
        let now = micros();
        let finish = if number + 1 == tokens { "\"stop\"" } else { "null" };
        let event = format!(
            "data: {{\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":1700000000,\"model\":\"{model}\",\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"@{now}@\"}},\"finish_reason\":{finish}}}]}}\n\n"
        );
        ready.push_str(&format!("{:x}\r\n{event}\r\n", event.len()));
    }
    ready.push_str("e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n");
    Ok(stream.write_all(ready.as_bytes()).await?)
}

/// The time, in microseconds since 1970: both sides are on one machine, so it can be compared.
pub(in crate::commands::bench) fn micros() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(now.as_micros()).unwrap_or_default()
}
