//! The OpenAI-compatible engine against a real HTTP server that misbehaves in each way that servers do.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use docket_protocol::digest::Digest;
use docket_protocol::frames::Feature;
use docket_worker::engine::openai::{OpenAi, OpenAiConfig};
use docket_worker::engine::{
    Capability, Delta, Engine, EngineError, EngineSpec, Engines, FinishReason, Outcome, Request, Said,
    StartError,
};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// What the server does with a connection after it has read the request.
#[derive(Clone, Debug)]
enum Step {
    Send(String),
    Wait(Duration),
    /// Keeps the connection until the client closes it, then says so.
    Hold,
}

/// A server on loopback that answers `GET` with a list of models and `POST` with a script.
struct Server {
    url: String,
    requests: Arc<Mutex<Vec<(String, Value)>>>,
    left: mpsc::UnboundedReceiver<()>,
}

impl Server {
    async fn start(models: &str, script: Vec<Step>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(vec![]));
        let (leave, left) = mpsc::unbounded_channel();
        let (seen, models) = (requests.clone(), models.to_owned());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, models.clone(), script.clone(), seen.clone(), leave.clone()));
            }
        });
        Self { url, requests, left }
    }

    async fn engine(&self) -> OpenAi {
        OpenAi::start(self.config()).await.unwrap()
    }

    fn config(&self) -> OpenAiConfig {
        let Ok(EngineSpec::OpenAi { base_url, .. }) = format!("openai:{}", self.url).parse() else {
            panic!("{} is a base URL", self.url)
        };
        OpenAiConfig::new(base_url)
    }

    fn last_request(&self) -> (String, Value) {
        self.requests.lock().unwrap().last().unwrap().clone()
    }
}

async fn serve(
    mut stream: TcpStream,
    models: String,
    script: Vec<Step>,
    seen: Arc<Mutex<Vec<(String, Value)>>>,
    leave: mpsc::UnboundedSender<()>,
) {
    let mut received = vec![];
    let (head, body) = loop {
        let mut buffer = [0; 4096];
        match stream.read(&mut buffer).await {
            Ok(read) if read > 0 => received.extend_from_slice(&buffer[..read]),
            _ => return,
        }
        let text = String::from_utf8_lossy(&received).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let head = head.to_ascii_lowercase();
        let length = head
            .split("content-length: ")
            .nth(1)
            .map_or(0, |rest| rest.lines().next().unwrap().parse().unwrap());
        if body.len() >= length {
            break (head, body.to_owned());
        }
    };
    seen.lock().unwrap().push((head.clone(), serde_json::from_str(&body).unwrap_or(Value::Null)));
    if head.starts_with("get /v1/models ") {
        stream.write_all(models.as_bytes()).await.unwrap();
        return;
    }
    for step in script {
        match step {
            Step::Send(bytes) => {
                if stream.write_all(bytes.as_bytes()).await.is_err() {
                    break;
                }
            }
            Step::Wait(time) => tokio::time::sleep(time).await,
            Step::Hold => {
                while matches!(stream.read(&mut [0; 64]).await, Ok(read) if read > 0) {}
                leave.send(()).ok();
                return;
            }
        }
    }
}

fn http(status: &str, content_type: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\ncontent-type: {content_type}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
    )
}

const MODELS: &str = r#"{"object":"list","data":[{"id":"llama3.2:latest","object":"model"},{"id":"qwen3-8b","max_model_len":40960,"meta":null}]}"#;

fn models() -> String {
    http("200 OK", "application/json", MODELS)
}

/// A stream's head; what follows is its body until the connection closes.
fn head() -> Step {
    Step::Send("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n".into())
}

fn event(data: &Value) -> Step {
    Step::Send(format!("data: {data}\n\n"))
}

fn text(content: &str) -> Step {
    event(
        &json!({"id": "c", "choices": [{"index": 0, "delta": {"content": content}, "finish_reason": null}]}),
    )
}

fn finish(reason: &str) -> Step {
    event(&json!({"choices": [{"index": 0, "delta": {}, "finish_reason": reason}]}))
}

fn usage(prompt: u32, completion: u32) -> Step {
    event(
        &json!({"choices": [], "usage": {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": 0}}),
    )
}

fn done() -> Step {
    Step::Send("data: [DONE]\n\n".into())
}

fn prompt() -> Request {
    Request::from_payload(r#"{"job_type":"LLM_INFER","prompt":"What is escrow?","max_tokens":64}"#).unwrap()
}

async fn ask(engine: &dyn Engine, request: Request) -> (Result<Outcome, EngineError>, Vec<String>) {
    let (sink, mut deltas) = mpsc::channel(1);
    let collect = async {
        let mut pieces = vec![];
        while let Some(Delta { said, .. }) = deltas.recv().await {
            pieces.push(match said {
                Said::Text(text) => text,
                Said::Beside(part) => part.to_json(),
            });
        }
        pieces
    };
    tokio::join!(engine.run(request, sink, CancellationToken::new()), collect)
}

/// What becomes of an answer that the server sends in these steps.
async fn answer(steps: Vec<Step>) -> (Result<Outcome, EngineError>, Vec<String>) {
    let server = Server::start(&models(), steps).await;
    ask(&server.engine().await, prompt()).await
}

#[tokio::test]
async fn a_proper_stream_is_passed_on_and_counted() {
    let steps = vec![
        head(),
        Step::Send(": a comment\n\n".into()),
        event(
            &json!({"choices": [{"delta": {"role": "assistant", "content": ""}}], "system_fingerprint": "x", "new": {"a": 1}}),
        ),
        text("Money "),
        Step::Wait(Duration::from_millis(50)),
        event(&json!({"choices": [{"delta": {"content": null, "reasoning_content": "hm"}}]})),
        text("set aside: "),
        text("ü."),
        finish("stop"),
        usage(9, 4),
        done(),
    ];
    let server = Server::start(&models(), steps).await;
    let engine = server.engine().await;
    let asked = r#"{"job_type":"LLM_INFER","model":"qwen3-8b","messages":[{"role":"system","content":"Be brief."},
        {"role":"user","content":"What is escrow?"}],"max_tokens":64,"temperature":0.5,"seed":3,"stop":["\n"]}"#;
    let (outcome, pieces) = ask(&engine, Request::from_payload(asked).unwrap()).await;
    let outcome = outcome.unwrap();
    assert_eq!(outcome.output.get(), r#"{"text":"Money set aside: ü.","model":"qwen3-8b"}"#);
    assert_eq!(pieces, ["Money ", "set aside: ", "ü."]);
    assert_eq!(
        (outcome.usage.prompt_tokens, outcome.usage.completion_tokens, outcome.usage.estimated),
        (9, 4, false)
    );
    assert_eq!((outcome.finish_reason, outcome.model.weights_sha256), (FinishReason::Stop, None));
    let sampler = outcome.sampler.unwrap();
    assert_eq!(
        (sampler.temperature, sampler.top_p, sampler.seed, sampler.max_tokens),
        (Some(0.5), None, Some(3), 64)
    );

    let (head, body) = server.last_request();
    assert!(head.starts_with("post /v1/chat/completions "), "{head}");
    assert_eq!(
        body,
        json!({
            "model": "qwen3-8b", "max_tokens": 64, "temperature": 0.5, "seed": 3, "stop": ["\n"],
            "stream": true, "stream_options": {"include_usage": true},
            "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "What is escrow?"}]
        })
    );
}

/// A request for the whole answer of a chat, with these settings beside the prompt.
fn chat(settings: &str) -> Request {
    let payload =
        format!(r#"{{"job_type":"LLM_INFER","prompt":"Rain?","max_tokens":64,"answer":"chat"{settings}}}"#);
    Request::from_payload(&payload).unwrap()
}

/// A server that honours everything and answers in these steps.
async fn able(steps: Vec<Step>) -> (Server, OpenAi) {
    let server = Server::start(&models(), steps).await;
    let features = Feature::ALL.into();
    let engine = OpenAi::start(OpenAiConfig { features, ..server.config() }).await.unwrap();
    (server, engine)
}

#[tokio::test]
async fn the_answer_of_a_chat_says_why_it_ended_and_names_its_text() {
    let (_, engine) =
        able(vec![head(), text("Grü"), text("ße"), finish("length"), usage(9, 4), done()]).await;
    let (outcome, pieces) = ask(&engine, chat("")).await;
    let outcome = outcome.unwrap();
    let output = r#"{"text":"Grüße","model":"llama3.2:latest","finish_reason":"length"}"#;
    assert_eq!(outcome.output.get(), output);
    assert_eq!(outcome.text_hash, Some(Digest::of(pieces.concat().as_bytes())));
    let (plain, _) = ask(&engine, prompt()).await;
    let plain = plain.unwrap();
    assert_eq!(
        (plain.output.get(), plain.text_hash),
        (r#"{"text":"Grüße","model":"llama3.2:latest"}"#, None)
    );
}

#[tokio::test]
async fn every_setting_of_a_chat_reaches_the_server_as_it_was_written() {
    let (server, engine) = able(vec![head(), text("Yes."), finish("stop"), done()]).await;
    let tools = r#"[{"type":"function","function":{"name":"rain","parameters":{"z":1.50,"a":{}}}}]"#;
    let settings = format!(
        r#","frequency_penalty":0.5,"presence_penalty":-2,"logit_bias":{{"9":-1}},"tools":{tools},"tool_choice":"required",
        "parallel_tool_calls":false,"response_format":{{"type":"json_object"}},"logprobs":true,"top_logprobs":0"#
    );
    ask(&engine, chat(&settings)).await.0.unwrap();
    let (_, body) = server.last_request();
    assert_eq!(
        body,
        json!({
            "model": "llama3.2:latest", "max_tokens": 64, "stream": true, "stream_options": {"include_usage": true},
            "messages": [{"role": "user", "content": "Rain?"}],
            "frequency_penalty": 0.5, "presence_penalty": -2.0, "logit_bias": {"9": -1}, "tools": serde_json::from_str::<Value>(tools).unwrap(),
            "tool_choice": "required", "parallel_tool_calls": false, "response_format": {"type": "json_object"},
            "logprobs": true, "top_logprobs": 0
        })
    );

    let talk = r#"{"job_type":"LLM_INFER","answer":"chat","messages":[{"role":"user","content":"Rain?"},
        {"role":"assistant","content":null,"tool_calls":[{"id":"c","type":"function","function":{"name":"rain","arguments":"{}"}}]},
        {"role":"tool","tool_call_id":"c","content":"Yes."}]}"#;
    ask(&engine, Request::from_payload(talk).unwrap()).await.0.unwrap();
    let messages = &server.last_request().1["messages"];
    let call = json!({"id": "c", "type": "function", "function": {"name": "rain", "arguments": "{}"}});
    assert_eq!(messages[1], json!({"role": "assistant", "content": null, "tool_calls": [call]}));
    assert_eq!(messages[2], json!({"role": "tool", "content": "Yes.", "tool_call_id": "c"}));
}

#[tokio::test]
async fn calls_of_tools_come_in_their_parts_and_whole_in_the_answer() {
    let part = |calls: Value| event(&json!({"choices": [{"delta": {"tool_calls": calls}}]}));
    let steps = vec![
        head(),
        part(
            json!([{"index": 0, "id": "a", "type": "function", "function": {"name": "rain", "arguments": ""}}]),
        ),
        part(json!([{"index": 0, "function": {"arguments": "{\"in\":"}}])),
        part(json!([{"index": 0, "function": {"arguments": "\"Bern\"}"}}])),
        finish("tool_calls"),
        usage(30, 12),
        done(),
    ];
    let (_, engine) = able(steps.clone()).await;
    let (outcome, pieces) = ask(&engine, chat(r#","tools":[{"type":"function"}]"#)).await;
    let outcome = outcome.unwrap();
    let call = r#"{"id":"a","type":"function","function":{"name":"rain","arguments":"{\"in\":\"Bern\"}"}}"#;
    let expected = format!(
        r#"{{"text":"","model":"llama3.2:latest","finish_reason":"tool_calls","tool_calls":[{call}]}}"#
    );
    assert_eq!(outcome.output.get(), expected);
    assert_eq!(
        pieces,
        [
            r#"{"tool_calls":[{"index":0,"id":"a","type":"function","function":{"name":"rain"}}]}"#,
            r#"{"tool_calls":[{"index":0,"function":{"arguments":"{\"in\":"}}]}"#,
            r#"{"tool_calls":[{"index":0,"function":{"arguments":"\"Bern\"}"}}]}"#,
        ]
    );
    assert_eq!(outcome.text_hash, Some(Digest::of(b"")));
    assert_eq!((outcome.usage.completion_tokens, outcome.usage.estimated), (12, false));
    let uncounted: Vec<Step> = [&steps[..5], &steps[6..]].concat();
    let (_, engine) = able(uncounted).await;
    let guessed = ask(&engine, chat(r#","tools":[{"type":"function"}]"#)).await.0.unwrap().usage;
    // "rain" and `{"in":"Bern"}`; before it "Rain?" and `{"type":"function"}`.
    assert_eq!((guessed.completion_tokens, guessed.prompt_tokens, guessed.estimated), (1 + 4, 2 + 5, true));
    // Who asked for text alone gets text alone.
    let plain = answer(steps).await.0.unwrap();
    assert_eq!(plain.output.get(), r#"{"text":"","model":"llama3.2:latest"}"#);
}

#[tokio::test]
async fn how_likely_each_token_was_is_said_to_who_asked() {
    let token = |token: &str, logprob: f64| json!({"token": token, "logprob": logprob, "bytes": null, "top_logprobs": [{"token": "no", "logprob": -9.5}]});
    let likely = |text: &str, logprob: f64| {
        let logprobs = json!({"content": [token(text, logprob)], "refusal": null});
        event(&json!({"choices": [{"delta": {"content": text}, "logprobs": logprobs}]}))
    };
    let steps =
        vec![head(), likely("It ", -0.1), likely("rains.", -0.30000000000000004), finish("stop"), done()];
    let (_, engine) = able(steps).await;
    let (outcome, pieces) = ask(&engine, chat(r#","logprobs":true,"top_logprobs":1"#)).await;
    let outcome = outcome.unwrap();
    let said = |token: Value| json!({"logprobs": {"content": [token]}}).to_string();
    let beside = [said(token("It ", -0.1)), said(token("rains.", -0.30000000000000004))];
    assert_eq!(pieces, ["It ", &beside[0], "rains.", &beside[1]]);
    let logprobs = json!([token("It ", -0.1), token("rains.", -0.30000000000000004)]);
    let output = format!(
        r#"{{"text":"It rains.","model":"llama3.2:latest","finish_reason":"stop","logprobs":{{"content":{logprobs}}}}}"#
    );
    assert_eq!(outcome.output.get(), output);
    let silent = ask(&engine, chat("")).await.0.unwrap();
    assert!(!silent.output.get().contains("logprobs"));
}

#[tokio::test]
async fn what_the_owner_did_not_promise_is_refused_by_name_before_the_server_hears_of_it() {
    let server = Server::start(&models(), vec![head(), text("{}"), finish("stop"), done()]).await;
    let engine = server.engine().await;
    let usual = BTreeSet::from([Feature::Chat, Feature::Seed, Feature::Penalties, Feature::Json]);
    assert!(engine.offer().models.iter().all(|model| model.features == usual));
    for (settings, name) in [
        (r#","tools":[{}]"#, "tools"),
        (r#","logprobs":true"#, "logprobs"),
        (r#","logit_bias":{"1":5}"#, "logit_bias"),
    ] {
        let refused = ask(&engine, chat(settings)).await.0.unwrap_err();
        assert_eq!(refused, EngineError::Unsupported(format!("llama3.2:latest does not support {name}")));
    }
    let answered =
        r#"{"job_type":"LLM_INFER","messages":[{"role":"tool","tool_call_id":"c","content":"Yes."}]}"#;
    let refused = ask(&engine, Request::from_payload(answered).unwrap()).await.0.unwrap_err();
    assert!(matches!(&refused, EngineError::Unsupported(reason) if reason.contains("tools")), "{refused}");
    assert!(server.last_request().0.starts_with("get "), "only its models were asked for");
    let json = r#","response_format":{"type":"json_object"},"frequency_penalty":1"#;
    assert!(ask(&engine, chat(json)).await.0.is_ok());

    let spec: EngineSpec = format!("openai+tools:{}#qwen3-8b", server.url).parse().unwrap();
    let promised = Engines::start(&[spec], None).await.unwrap().offer().models.remove(0).features;
    assert_eq!(promised, usual.into_iter().chain([Feature::Tools]).collect());
}

#[tokio::test]
async fn each_piece_counts_as_a_token_unless_the_server_has_counted_more() {
    let counted = |content: &str, written: u32| {
        let usage = json!({"prompt_tokens": 9, "completion_tokens": written});
        event(&json!({"choices": [{"delta": {"content": content}}], "usage": usage}))
    };
    let steps = vec![
        head(),
        text("a"),
        text("b"),
        counted("c", 5),
        counted("d", 2),
        text("e"),
        finish("stop"),
        done(),
    ];
    let (_, engine) = able(steps).await;
    let (sink, mut deltas) = mpsc::channel(8);
    engine.run(prompt(), sink, CancellationToken::new()).await.unwrap();
    let mut counts = vec![];
    while let Some(Delta { tokens, .. }) = deltas.recv().await {
        counts.push(tokens);
    }
    assert_eq!(counts, [1, 2, 5, 6, 7]);
}

#[tokio::test]
async fn the_first_token_is_passed_on_before_the_second_comes() {
    let steps = vec![head(), text("first"), Step::Hold];
    let server = Server::start(&models(), steps).await;
    let engine =
        OpenAi::start(OpenAiConfig { idle: Duration::from_secs(60), ..server.config() }).await.unwrap();
    let (sink, mut deltas) = mpsc::channel(1);
    let cancel = CancellationToken::new();
    let run = engine.run(prompt(), sink, cancel.clone());
    let watch = async {
        let first = deltas.recv().await;
        cancel.cancel();
        first
    };
    let (outcome, first) = tokio::join!(run, watch);
    assert_eq!(first, Some(Delta::text("first".into(), 1)));
    assert!(matches!(outcome, Err(EngineError::Cancelled)));
}

#[tokio::test]
async fn an_end_without_done_is_a_failure_however_much_came() {
    let closed = answer(vec![head(), text("All of it."), finish("stop"), usage(1, 3)]).await;
    assert!(
        matches!(&closed.0, Err(EngineError::Upstream { message, .. }) if message.contains("before it was done"))
    );
    assert_eq!(closed.1, ["All of it."], "what came was passed on");

    let chunked = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
    let broken = answer(vec![Step::Send(format!("{chunked}40\r\ndata: {{\"choi"))]).await;
    assert!(matches!(broken.0, Err(EngineError::Upstream { .. })), "{:?}", broken.0);
    let nothing = answer(vec![]).await;
    assert!(matches!(nothing.0, Err(EngineError::Upstream { status: None, .. })), "{:?}", nothing.0);
}

/// What becomes of an answer when the server may be silent only so long.
async fn answer_within(idle: Duration, steps: Vec<Step>) -> Result<Outcome, EngineError> {
    let server = Server::start(&models(), steps).await;
    let engine = OpenAi::start(OpenAiConfig { idle, ..server.config() }).await.unwrap();
    ask(&engine, prompt()).await.0
}

#[tokio::test]
async fn silence_is_a_timeout_before_and_between_chunks() {
    let idle = Duration::from_millis(500);
    for steps in [vec![Step::Hold], vec![head(), Step::Hold], vec![head(), text("Half"), Step::Hold]] {
        let outcome = answer_within(idle, steps.clone()).await;
        assert!(matches!(outcome, Err(EngineError::Timeout { after }) if after == idle), "{steps:?}");
    }
}

#[tokio::test]
async fn a_server_that_sends_comments_is_not_silent() {
    let comment = [Step::Wait(Duration::from_millis(700)), Step::Send(": still here\n\n".into())];
    let mut slow = vec![head()];
    (0..5).for_each(|_| slow.extend(comment.clone()));
    slow.extend([text("Late."), finish("stop"), done()]);
    let outcome = answer_within(Duration::from_secs(3), slow).await.unwrap();
    assert_eq!(outcome.output.get(), r#"{"text":"Late.","model":"llama3.2:latest"}"#);
}

#[tokio::test]
async fn a_cancel_closes_the_connection_even_while_nobody_reads() {
    let steps = vec![head(), text("one"), text("two"), text("three"), Step::Hold];
    let mut server = Server::start(&models(), steps).await;
    let engine =
        OpenAi::start(OpenAiConfig { idle: Duration::from_secs(60), ..server.config() }).await.unwrap();
    let (sink, _unread) = mpsc::channel(1);
    let cancel = CancellationToken::new();
    let stop = async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        cancel.cancel();
    };
    let (outcome, ()) = tokio::join!(engine.run(prompt(), sink, cancel.clone()), stop);
    assert!(matches!(outcome, Err(EngineError::Cancelled)));
    let left = tokio::time::timeout(Duration::from_secs(5), server.left.recv()).await;
    assert_eq!(left, Ok(Some(())), "the server sees the connection close");
}

#[tokio::test]
async fn an_error_in_the_stream_is_a_failure_also_after_content() {
    for failure in [
        event(&json!({"error": {"message": "CUDA out of memory", "type": "server_error"}})),
        event(&json!({"error": "CUDA out of memory"})),
        event(&json!({"object": "error", "message": "CUDA out of memory", "code": 500})),
        Step::Send("event: error\ndata: CUDA out of memory\n\n".into()),
        Step::Send("event: error\ndata: {\"reason\": \"CUDA out of memory\"}\n\n".into()),
    ] {
        let (outcome, pieces) =
            answer(vec![head(), text("Escrow is"), failure, finish("stop"), done()]).await;
        let said = outcome.unwrap_err();
        assert!(
            matches!(&said, EngineError::Upstream { message, .. } if message.contains("CUDA out of memory")),
            "{said}"
        );
        assert_eq!(pieces, ["Escrow is"]);
    }
}

#[tokio::test]
async fn chunks_without_choices_are_passed_over_and_a_stream_of_nothing_else_is_no_answer() {
    let empty = [
        event(&json!({"choices": null})),
        event(&json!({"choices": []})),
        event(&json!({"object": "ping"})),
        event(&json!({"choices": [{"delta": null}]})),
    ];
    let mut steps = vec![head()];
    steps.extend(empty[..3].to_vec());
    let mut nothing = steps.clone();
    nothing.push(done());
    assert!(matches!(answer(nothing).await.0, Err(EngineError::BadOutput(_))));
    steps.extend(empty[3..].to_vec());
    steps.extend([text("ok"), finish("length"), done()]);
    let outcome = answer(steps).await.0.unwrap();
    assert_eq!(
        (outcome.output.get(), outcome.finish_reason),
        (r#"{"text":"ok","model":"llama3.2:latest"}"#, FinishReason::Length)
    );
}

#[tokio::test]
async fn usage_that_is_missing_is_estimated_and_says_so() {
    for tail in
        [vec![done()], vec![usage(3, 0), done()], vec![event(&json!({"choices": [], "usage": null})), done()]]
    {
        let mut steps = vec![head(), text("one two three"), finish("content_filter")];
        steps.extend(tail);
        let outcome = answer(steps).await.0.unwrap();
        assert_eq!(
            (outcome.usage.prompt_tokens, outcome.usage.completion_tokens, outcome.usage.estimated),
            (4, 4, true)
        );
        assert_eq!(outcome.finish_reason.as_str(), "content_filter");
    }
}

#[tokio::test]
async fn what_is_no_stream_of_chunks_is_bad_output() {
    for (event, reason) in [
        ("data: {not json}\n\n".to_owned(), "key must be a string"),
        ("data: [1, 2]\n\n".to_owned(), "invalid type"),
        (format!("data: {}", "x".repeat(2 << 20)), "too long"),
    ] {
        let (outcome, _) = answer(vec![head(), Step::Send(event), done()]).await;
        assert!(
            matches!(&outcome, Err(EngineError::BadOutput(said)) if said.contains(reason)),
            "{outcome:?}"
        );
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = Server::start(&models(), vec![]).await;
    let moved = format!("HTTP/1.1 307 Moved\r\nlocation: {}/v1\r\ncontent-length: 0\r\n\r\n", elsewhere.url);
    let (outcome, _) = answer(vec![Step::Send(moved)]).await;
    assert!(matches!(outcome, Err(EngineError::Upstream { status: Some(307), .. })), "{outcome:?}");
    assert!(elsewhere.requests.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_refusal_carries_status_and_reason() {
    for (status, body, code, reason) in [
        ("404 Not Found", r#"{"error":{"message":"model not found","type":"x"}}"#, 404, "model not found"),
        ("400 Bad Request", r#"{"object":"error","message":"context too long"}"#, 400, "context too long"),
        ("422 Unprocessable", r#"{"detail":"bad seed"}"#, 422, "bad seed"),
        ("503 Unavailable", "<html>try\nlater</html>", 503, "<html>try later</html>"),
        ("500 Internal Server Error", "", 500, "no reason given"),
        ("200 OK", r#"{"error":"loading model"}"#, 200, "loading model"),
    ] {
        let (outcome, _) = answer(vec![Step::Send(http(status, "application/json", body))]).await;
        let expected = EngineError::Upstream { status: Some(code), message: reason.into() };
        assert_eq!(outcome.unwrap_err(), expected);
    }
}

#[tokio::test]
async fn models_are_discovered_or_checked_at_the_start() {
    let server = Server::start(&models(), vec![]).await;
    let offer = server.engine().await.offer();
    assert_eq!(offer.capabilities(), [Capability::LlmInfer]);
    let names: Vec<_> =
        offer.models.iter().map(|model| (model.name.as_str(), model.context_tokens)).collect();
    assert_eq!(names, [("llama3.2:latest", None), ("qwen3-8b", Some(40_960))]);

    let named = |model: &str| OpenAi::start(OpenAiConfig { model: Some(model.into()), ..server.config() });
    assert_eq!(named("llama3.2").await.unwrap().offer().models.len(), 1);
    let missing = named("gpt-9").await.err().unwrap().to_string();
    assert!(missing.contains("does not have `gpt-9`; it has llama3.2:latest, qwen3-8b"), "{missing}");

    for answer in [
        http("200 OK", "application/json", r#"{"data":[]}"#),
        http("200 OK", "text/html", "<html>"),
        http("401 Unauthorized", "application/json", r#"{"error":{"message":"no key"}}"#),
        String::new(),
    ] {
        let server = Server::start(&answer, vec![]).await;
        let refused = OpenAi::start(server.config()).await.err().unwrap();
        assert!(matches!(refused, StartError::NoModel(_) | StartError::Unreachable { .. }), "{refused}");
    }
}

#[tokio::test]
async fn the_key_comes_from_the_environment_and_goes_to_this_server_only() {
    let server = Server::start(&models(), vec![]).await;
    let with = |name: &str| OpenAi::start(OpenAiConfig { api_key_env: Some(name.into()), ..server.config() });
    with("CARGO_PKG_NAME").await.unwrap(); // set for every test by cargo
    assert!(server.last_request().0.contains("authorization: bearer docket-worker"));
    server.engine().await;
    assert!(!server.last_request().0.contains("authorization"));
    let missing = with("DOCKET_TEST_NO_SUCH_VARIABLE").await.err().unwrap();
    assert!(matches!(missing, StartError::NoKey(name) if name == "DOCKET_TEST_NO_SUCH_VARIABLE"));
}

#[tokio::test]
async fn several_engines_answer_as_one_by_model_and_task() {
    let server =
        Server::start(&models(), vec![head(), text("Yes."), finish("stop"), usage(1, 1), done()]).await;
    let specs: Vec<EngineSpec> =
        vec!["tasks".parse().unwrap(), format!("openai:{}#qwen3-8b", server.url).parse().unwrap()];
    let engines = Engines::start(&specs, None).await.unwrap();
    let offer = engines.offer();
    assert_eq!(offer.capabilities(), [Capability::LlmInfer, Capability::Task]);
    assert_eq!((offer.models.len(), offer.tasks.len()), (1, 3));

    let run = async |payload: &str| {
        let (sink, _) = mpsc::channel(1);
        engines.run(Request::from_payload(payload).unwrap(), sink, CancellationToken::new()).await
    };
    let any = run(r#"{"job_type":"LLM_INFER","prompt":"Yes?"}"#).await.unwrap();
    assert_eq!(any.output.get(), r#"{"text":"Yes.","model":"qwen3-8b"}"#);
    let task = run(r#"{"job_type":"TASK","task_type":"summarize","input":"Yes."}"#).await.unwrap();
    assert_eq!(task.output.get(), r#"{"summary":"Yes.","word_count":1}"#);
    let other =
        run(r#"{"job_type":"LLM_INFER","prompt":"Yes?","model":"llama3.2:latest"}"#).await.unwrap_err();
    assert_eq!(other.to_string(), "this worker does not have the model `llama3.2:latest`; it has qwen3-8b");

    let twice = [specs[1].clone(), specs[1].clone()];
    assert!(
        matches!(Engines::start(&twice, None).await, Err(StartError::Ambiguous(name)) if name == "qwen3-8b")
    );
    assert!(matches!(Engines::start(&[], None).await, Err(StartError::Nothing)));
}

#[tokio::test]
async fn a_server_that_is_not_there_is_named() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let spec: EngineSpec = format!("openai:http://{}", listener.local_addr().unwrap()).parse().unwrap();
    drop(listener);
    let refused = Engines::start(&[spec], None).await.err().unwrap().to_string();
    assert!(refused.starts_with("no OpenAI-compatible server answers at http://127.0.0.1:"), "{refused}");
    assert!(refused.contains("cannot connect"), "{refused}");
}

#[tokio::test]
async fn what_a_model_thought_and_why_it_refuses_is_part_of_the_answer_of_a_chat() {
    let said = |delta: Value| event(&json!({"choices": [{"delta": delta}]}));
    let thought = said(json!({"role": "assistant", "content": null, "reasoning_content": "Hm. "}));
    let steps = vec![
        head(),
        thought,
        said(json!({"reasoning": "No."})),
        said(json!({"content": "", "refusal": "I will not."})),
        finish("stop"),
        done(),
    ];
    let (_, engine) = able(steps).await;
    let (outcome, pieces) = ask(&engine, chat("")).await;
    let parts =
        [r#"{"reasoning_content":"Hm. "}"#, r#"{"reasoning_content":"No."}"#, r#"{"refusal":"I will not."}"#];
    assert_eq!(pieces, parts);
    let outcome = outcome.unwrap();
    let output = r#"{"text":"","model":"llama3.2:latest","finish_reason":"stop","refusal":"I will not.","reasoning_content":"Hm. No."}"#;
    assert_eq!(outcome.output.get(), output);
    assert!(outcome.usage.completion_tokens > 0 && outcome.usage.estimated);
    assert_eq!(
        ask(&engine, prompt()).await.1,
        Vec::<String>::new(),
        "who asked for text alone hears nothing else"
    );
}

fn payload(more: &str) -> Request {
    Request::from_payload(&format!(r#"{{"job_type":"LLM_INFER",{more}}}"#)).unwrap()
}

#[tokio::test]
async fn a_text_is_gone_on_with_where_the_owner_promises_it() {
    let said = |text: &str| event(&json!({"choices": [{"index": 0, "text": text, "finish_reason": null}]}));
    let end = event(&json!({"choices": [{"index": 0, "text": "", "finish_reason": "length"}]}));
    let (server, engine) = able(vec![head(), said(" upon"), said(" a"), end, usage(2, 2), done()]).await;
    let asked = r#""answer":"completion","prompt":"Once","max_tokens":2,"presence_penalty":1,"logit_bias":{"9":-1},"tools":[{}],"stop":".""#;
    let (outcome, pieces) = ask(&engine, payload(asked)).await;
    assert_eq!(pieces, [" upon", " a"]);
    let outcome = outcome.unwrap();
    let output = r#"{"text":" upon a","model":"llama3.2:latest","finish_reason":"length"}"#;
    assert_eq!(outcome.output.get(), output);
    assert_eq!(outcome.text_hash, Some(Digest::of(b" upon a")));
    let (request, body) = server.last_request();
    assert!(request.starts_with("post /v1/completions "), "{request}");
    assert_eq!(
        body,
        json!({
            "model": "llama3.2:latest", "prompt": "Once", "max_tokens": 2, "stream": true,
            "stream_options": {"include_usage": true}, "stop": ["."], "presence_penalty": 1.0, "logit_bias": {"9": -1},
        })
    );
    let refused = ask(&server.engine().await, payload(r#""answer":"completion","prompt":"Once""#)).await.0;
    assert!(matches!(refused, Err(EngineError::Unsupported(_))), "{refused:?}");
}

#[tokio::test]
async fn texts_become_vectors_where_the_owner_promises_it() {
    let vectors = |json: Value| vec![Step::Send(http("200 OK", "application/json", &json.to_string()))];
    let answered = json!({
        "data": [{"index": 1, "embedding": [1, -2.5]}, {"index": 0, "embedding": [0.1, 0]}],
        "usage": {"prompt_tokens": 5, "total_tokens": 5},
    });
    let (server, engine) = able(vectors(answered)).await;
    let embed = r#""answer":"embeddings","model":"qwen3-8b","input":["one","two"]"#;
    let (outcome, pieces) = ask(&engine, payload(embed)).await;
    let outcome = outcome.unwrap();
    assert_eq!(outcome.output.get(), r#"{"model":"qwen3-8b","embeddings":[[0.1,0.0],[1.0,-2.5]]}"#);
    assert_eq!((pieces.len(), outcome.usage.prompt_tokens, outcome.usage.estimated), (0, 5, false));
    let (request, body) = server.last_request();
    assert!(request.starts_with("post /v1/embeddings "), "{request}");
    assert_eq!(body, json!({"model": "qwen3-8b", "input": ["one", "two"], "encoding_format": "float"}));
    for wrong in [
        json!({"data": [{"embedding": [1.0]}]}),
        json!({"data": [{"embedding": [1.0]}, {"embedding": [1.0, 2.0]}]}),
        json!({"data": [{"embedding": []}, {"embedding": []}]}),
        json!({"data": [{"embedding": [1e39]}, {"embedding": [1.0]}]}),
        json!({"data": 7}),
    ] {
        let (_, engine) = able(vectors(wrong.clone())).await;
        let refused = ask(&engine, payload(embed)).await.0;
        assert!(matches!(refused, Err(EngineError::BadOutput(_))), "{wrong} -> {refused:?}");
    }
    let (_, engine) = able(vectors(json!({"data": [{"embedding": [1.0]}, {"embedding": [2.0]}]}))).await;
    let guessed = ask(&engine, payload(embed)).await.0.unwrap();
    assert_eq!((guessed.usage.prompt_tokens, guessed.usage.estimated), (2, true));
    let longer = ask(&engine, payload(&format!(r#"{embed},"dimensions":2"#))).await.0;
    assert!(matches!(longer, Err(EngineError::BadOutput(_))), "{longer:?}");
    let refused = ask(&server.engine().await, payload(embed)).await.0;
    assert!(matches!(refused, Err(EngineError::Unsupported(_))), "{refused:?}");
}

#[tokio::test]
async fn a_server_that_is_there_for_vectors_alone_is_asked_for_no_text() {
    let server = Server::start(&models(), vec![head(), text("x"), finish("stop"), done()]).await;
    let spec: EngineSpec = format!("openai+embeddings:{}#qwen3-8b", server.url).parse().unwrap();
    let engines = Engines::start(&[spec], None).await.unwrap();
    assert_eq!(engines.offer().models.remove(0).features, BTreeSet::from([Feature::Embeddings]));
    for request in [prompt(), chat("")] {
        let refused = ask(&engines, request).await.0.unwrap_err();
        let no = "qwen3-8b makes vectors of texts and does not answer them".to_owned();
        assert_eq!(refused, EngineError::Unsupported(no));
    }
    assert!(server.last_request().0.starts_with("get "), "only its models were asked for");
    for both in ["openai+chat+embeddings", "openai+embeddings+json"] {
        let spec: EngineSpec = format!("{both}:{}#qwen3-8b", server.url).parse().unwrap();
        let promised = Engines::start(&[spec], None).await.unwrap().offer().models.remove(0).features;
        let usual = [Feature::Chat, Feature::Seed, Feature::Penalties, Feature::Json];
        assert_eq!(promised, usual.into_iter().chain([Feature::Embeddings]).collect());
    }
}
