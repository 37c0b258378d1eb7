//! `POST /v1/embeddings`: texts become vectors. A request has one price, and its answer is never streamed.

use super::asked::Asked;
use super::chat::LONGEST_NAME;
use super::completions::{answered, attend, label};
use super::errors::{Code, Problem};
use super::fields::Fields;
use super::jobs::reason;
use super::order::{Inquiry, Order, Route};
use super::wire::usage;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use docket_core::feature::Feature;
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Value, json};
use std::borrow::Cow;

/// So many texts at once, as OpenAI takes them.
const MOST_INPUTS: usize = 2_048;
/// So many bytes may go to a worker, as JSON: they must fit into a frame.
const MOST_BYTES: usize = 768 * 1024;
const MOST_DIMENSIONS: u64 = 65_536;

/// What a worker answered. Vectors stay as they are written until they are wanted: there may be many of them.
#[derive(Deserialize)]
struct Vectors<'a> {
    #[serde(borrow)]
    embeddings: Vec<&'a RawValue>,
}

/// What the client gets.
#[derive(Serialize)]
struct List<'a> {
    object: &'static str,
    data: Vec<Embedding<'a>>,
    model: Option<&'a str>,
    usage: TotalUsage,
}

#[derive(Serialize)]
struct Embedding<'a> {
    object: &'static str,
    index: usize,
    embedding: Cow<'a, RawValue>,
}

#[derive(Serialize)]
struct TotalUsage {
    prompt_tokens: u64,
    total_tokens: u64,
}

/// `POST /v1/embeddings`.
pub(super) async fn create(asked: Asked) -> Result<Response, Problem> {
    let (inquiry, in_base64) = parse(&asked.body)?;
    let order = Order::new(Route::Embeddings, &asked, inquiry)?;
    let (job, present) = attend(&asked, order).await?;
    let app = &asked.app;
    let (job, answer) = answered(app, &job).await?;
    present.served();
    let body = match answer {
        Some(answer) => {
            let (model, tokens) = (job.ask.model.clone(), usage(&job).map_or(0, |usage| usage.prompt_tokens));
            // With many vectors it takes tens of milliseconds.
            let write = move || list(&answer, in_base64, model.as_deref(), tokens);
            tokio::task::spawn_blocking(write).await.ok().flatten()
        }
        None => None,
    };
    let body = body.ok_or_else(|| reason(&job))?;
    let mut response = ([(CONTENT_TYPE, "application/json")], body).into_response();
    label(app, &job, response.headers_mut()).await?;
    Ok(response)
}

/// Reads and checks a request; whether its vectors are wanted in base64.
fn parse(body: &[u8]) -> Result<(Inquiry, bool), Problem> {
    let body = Fields::parse(body)?;
    let model = body.model()?;
    body.text("user", LONGEST_NAME)?;
    body.word("encoding_format", &["float", "base64"])?;
    let in_base64 = body.get("encoding_format").is_some_and(|format| format == "base64");
    let mut payload = json!({
        "job_type": "LLM_INFER",
        "answer": "embeddings",
        "model": model,
        "input": input(&body)?,
    });
    if let Some(dimensions) = body.whole("dimensions", 1..=MOST_DIMENSIONS)? {
        payload["dimensions"] = dimensions.into();
    }
    let payload = payload.to_string();
    if payload.len() > MOST_BYTES {
        return Err(Problem::new(Code::TooLarge, "`input` has at most 786432 bytes in all, as JSON."));
    }
    let inquiry = Inquiry {
        model,
        stream: false,
        include_usage: false,
        max_tokens: None,
        needs: vec![("input", Feature::Embeddings)],
        payload,
    };
    Ok((inquiry, in_base64))
}

/// One text or several. Numbers of tokens nobody takes.
fn input(body: &Fields) -> Result<Vec<&str>, Problem> {
    const WRONG: &str = "`input` must be a text, or a list of 1 to 2048, none of them empty.";
    let texts: Option<Vec<_>> = match body.get("input") {
        None => return Err(Problem::at("input", "`input` is missing.")),
        Some(Value::String(text)) => Some(vec![text.as_str()]),
        Some(Value::Array(list)) => match list.first() {
            Some(Value::Number(_) | Value::Array(_)) => return Err(Problem::unsupported("input")),
            _ => list.iter().map(Value::as_str).collect(),
        },
        Some(_) => None,
    };
    let fits = |texts: &Vec<&str>| {
        (1..=MOST_INPUTS).contains(&texts.len()) && !texts.iter().any(|text| text.is_empty())
    };
    texts.filter(fits).ok_or_else(|| Problem::at("input", WRONG))
}

/// The list of an output's vectors, in the form that is wanted; `None` if it is another output.
fn list(output: &[u8], in_base64: bool, model: Option<&str>, tokens: u64) -> Option<Vec<u8>> {
    let Vectors { embeddings } = serde_json::from_slice(output).ok()?;
    let data: Option<Vec<_>> = embeddings
        .into_iter()
        .enumerate()
        .map(|(index, numbers)| {
            let embedding = if in_base64 { encoded(numbers)? } else { checked(numbers)? };
            Some(Embedding { object: "embedding", index, embedding })
        })
        .collect();
    let usage = TotalUsage { prompt_tokens: tokens, total_tokens: tokens };
    serde_json::to_vec(&List { object: "list", data: data?, model, usage }).ok()
}

/// A vector as the worker wrote it, if it is one.
fn checked(numbers: &RawValue) -> Option<Cow<'_, RawValue>> {
    serde_json::from_str::<Vec<f64>>(numbers.get()).ok().map(|_| Cow::Borrowed(numbers))
}

/// A vector as the base64 of its numbers, 32 bits each.
fn encoded(numbers: &RawValue) -> Option<Cow<'_, RawValue>> {
    let numbers: Vec<f32> = serde_json::from_str(numbers.get()).ok()?;
    let bytes: Vec<u8> = numbers.into_iter().flat_map(f32::to_le_bytes).collect();
    to_raw_value(&STANDARD.encode(bytes)).ok().map(Cow::Owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(more: Value) -> Result<(Inquiry, bool), Value> {
        let mut body = json!({"model": "m", "input": "one"});
        for (name, value) in more.as_object().unwrap() {
            body[name] = value.clone();
        }
        parse(body.to_string().as_bytes()).map_err(|problem| problem.told())
    }

    #[test]
    fn texts_are_read_with_the_form_of_their_vectors() {
        let asked =
            json!({"input": ["one", "two"], "dimensions": 8, "encoding_format": "base64", "user": "u"});
        let (inquiry, in_base64) = read(asked).unwrap();
        let payload: Value = serde_json::from_str(&inquiry.payload).unwrap();
        let expected = json!({
            "job_type": "LLM_INFER", "answer": "embeddings", "model": "m", "input": ["one", "two"],
            "dimensions": 8,
        });
        assert_eq!((payload, in_base64, inquiry.max_tokens), (expected, true, None));
        assert!(!read(json!({"encoding_format": "float"})).unwrap().1);
    }

    #[test]
    fn what_is_wrong_is_named_and_what_nobody_offers_is_refused() {
        for (more, code, param) in [
            (json!({"input": null}), "invalid_request", "input"),
            (json!({"input": ""}), "invalid_request", "input"),
            (json!({"input": []}), "invalid_request", "input"),
            (json!({"input": ["x", 7]}), "invalid_request", "input"),
            (json!({"input": vec!["x"; 2_049]}), "invalid_request", "input"),
            (json!({"input": [1, 2]}), "unsupported_parameter", "input"),
            (json!({"input": [[1]]}), "unsupported_parameter", "input"),
            (json!({"dimensions": 0}), "invalid_request", "dimensions"),
            (json!({"encoding_format": "hex"}), "invalid_request", "encoding_format"),
        ] {
            let problem = read(more.clone()).unwrap_err();
            assert_eq!((&problem["code"], &problem["param"]), (&json!(code), &json!(param)), "{more}");
        }
    }
}
