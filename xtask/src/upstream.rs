//! A model server as workers stand in front of: it speaks OpenAI's interface, calls the tools that it is given, and
//! answers the same every time.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};

use anyhow::Context as _;
use serde_json::{Value, json};

/// The name of its only model.
const MODEL: &str = "able";
/// What it says of one token.
const LIKELY: f64 = -0.25;

/// Starts the server on any free port, until the process ends; gives its base URL.
///
/// # Errors
/// If no port is free.
pub fn start() -> anyhow::Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let url = format!("http://{}/v1", listener.local_addr()?);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || {
                if let Err(error) = serve(stream) {
                    eprintln!("the model server of the checks: {error:#}");
                }
            });
        }
    });
    Ok(url)
}

/// Answers one request, and closes the connection.
fn serve(stream: TcpStream) -> anyhow::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let path = line.split(' ').nth(1).context("a request has a path")?.to_owned();
    let mut length = 0;
    loop {
        line.clear();
        reader.read_line(&mut line)?;
        match line.trim().split_once(':') {
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                length = value.trim().parse()?
            }
            Some(_) => {}
            None => break,
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let (kind, answer) = match path.as_str() {
        "/v1/models" => ("application/json", json!({"object": "list", "data": [{"id": MODEL}]}).to_string()),
        "/v1/chat/completions" => ("text/event-stream", events(&chat(&serde_json::from_slice(&body)?))),
        "/v1/completions" => ("text/event-stream", events(&go_on())),
        "/v1/embeddings" => ("application/json", vectors(&serde_json::from_slice(&body)?).to_string()),
        _ => anyhow::bail!("nobody answers {path}"),
    };
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        answer.len()
    );
    let mut stream = stream;
    stream.write_all((head + &answer).as_bytes())?;
    Ok(())
}

/// The chunks of an answer: calls of all tools that it is given, or else words, another one where token 9 is unwanted.
fn chat(request: &Value) -> Vec<Value> {
    let last = request["messages"].as_array().and_then(|list| list.last()).cloned().unwrap_or_default();
    let mut chunks = vec![json!({"choices": [{"index": 0, "delta": {"role": "assistant", "content": ""}}]})];
    let mut add = |delta: Value| chunks.push(json!({"choices": [{"index": 0, "delta": delta}]}));
    let tools =
        request["tools"].as_array().filter(|_| last["role"] != "tool" && request["tool_choice"] != "none");
    for (index, tool) in tools.into_iter().flatten().enumerate() {
        let name = &tool["function"]["name"];
        let begun = json!({"index": index, "id": format!("call_{index}"), "type": "function", "function": {"name": name, "arguments": ""}});
        add(json!({"tool_calls": [begun]}));
        for arguments in ["{\"place\":", "\"Bern", "\"}"] {
            add(json!({"tool_calls": [{"index": index, "function": {"arguments": arguments}}]}));
        }
    }
    if tools.is_none() {
        let words = match request["response_format"]["type"].as_str() {
            Some(_) => vec!["{\"rain\"", ": true}"],
            None if request["logit_bias"]["9"] == -100 => vec!["It ", "pours."],
            None => vec!["It ", "rains."],
        };
        for word in words {
            let mut choice = json!({"index": 0, "delta": {"content": word}});
            if request["logprobs"] == true {
                let token = json!({"token": word, "logprob": LIKELY, "bytes": null, "top_logprobs": []});
                choice["logprobs"] = json!({"content": [token], "refusal": null});
            }
            chunks.push(json!({"choices": [choice]}));
        }
    }
    let reason = if tools.is_some() { "tool_calls" } else { "stop" };
    chunks.push(json!({"choices": [{"index": 0, "delta": {}, "finish_reason": reason}]}));
    chunks.push(
        json!({"choices": [], "usage": {"prompt_tokens": 12, "completion_tokens": 6, "total_tokens": 18}}),
    );
    chunks
}

/// The chunks of a text that is gone on with.
fn go_on() -> Vec<Value> {
    let said = |text: &str, reason: Option<&str>| json!({"choices": [{"index": 0, "text": text, "finish_reason": reason}]});
    let usage =
        json!({"choices": [], "usage": {"prompt_tokens": 2, "completion_tokens": 2, "total_tokens": 4}});
    vec![said(" a", None), said(" time", None), said("", Some("stop")), usage]
}

/// For each text its length and a half.
fn vectors(request: &Value) -> Value {
    let texts = request["input"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let data = texts.enumerate().map(|(index, text)| json!({"index": index, "embedding": [text.len(), 0.5]}));
    json!({"data": data.collect::<Vec<_>>(), "usage": {"prompt_tokens": 4, "total_tokens": 4}})
}

fn events(chunks: &[Value]) -> String {
    let chunks = chunks.iter().map(|chunk| format!("data: {chunk}\n\n"));
    chunks.chain(["data: [DONE]\n\n".to_owned()]).collect()
}
