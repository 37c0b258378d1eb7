//! `POST /v1/embeddings`: texts become vectors. A request has one price, and its answer is never streamed.

use super::asked::Asked;
use super::chat::LONGEST_NAME;
use super::completions::{answered, attend, label};
use super::errors::{Code, Problem};
use super::fields::Fields;
use super::jobs::reason;
use super::order::{Inquiry, Order, Route};
use super::wire::usage;
use axum::Json;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use docket_core::feature::Feature;
use docket_core::job::Job;
use serde::Deserialize;
use serde_json::{Value, json};

/// So many texts at once, and so many bytes of them together: what a worker answers must fit into a frame.
const MOST_INPUTS: usize = 64;
const MOST_BYTES: usize = 256 * 1024;
const MOST_DIMENSIONS: u64 = 65_536;

/// What a worker answered.
#[derive(Deserialize)]
struct Vectors<Number> {
    embeddings: Vec<Vec<Number>>,
}

/// `POST /v1/embeddings`.
pub(super) async fn create(asked: Asked) -> Result<Response, Problem> {
    let (inquiry, in_base64) = parse(&asked.body)?;
    let order = Order::new(Route::Embeddings, &asked, inquiry)?;
    let (job, present) = attend(&asked, order).await?;
    let app = &asked.app;
    let (job, answer) = answered(app, &job).await?;
    present.served();
    let vectors = answer.and_then(|answer| vectors(&answer, in_base64));
    let vectors = vectors.ok_or_else(|| reason(&job))?;
    let mut response = Json(list(&job, vectors)).into_response();
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
    let inquiry = Inquiry {
        model,
        stream: false,
        include_usage: false,
        max_tokens: None,
        needs: vec![("input", Feature::Embeddings)],
        payload: payload.to_string(),
    };
    Ok((inquiry, in_base64))
}

/// One text or several. Numbers of tokens nobody takes.
fn input(body: &Fields) -> Result<Vec<&str>, Problem> {
    const WRONG: &str = "`input` must be a text, or a list of 1 to 64, none of them empty.";
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
    let texts = texts.filter(fits).ok_or_else(|| Problem::at("input", WRONG))?;
    if texts.iter().map(|text| text.len()).sum::<usize>() > MOST_BYTES {
        return Err(Problem::new(Code::TooLarge, "`input` has at most 262144 bytes in all."));
    }
    Ok(texts)
}

/// The vectors of an output in the form that is wanted; `None` if it is another output. Numbers keep the digits with which
/// the worker wrote them.
fn vectors(output: &[u8], in_base64: bool) -> Option<Vec<Value>> {
    if in_base64 {
        let Vectors { embeddings } = serde_json::from_slice::<Vectors<f32>>(output).ok()?;
        let bytes = |vector: Vec<f32>| vector.into_iter().flat_map(f32::to_le_bytes).collect::<Vec<_>>();
        Some(embeddings.into_iter().map(|vector| json!(STANDARD.encode(bytes(vector)))).collect())
    } else {
        let Vectors { embeddings } = serde_json::from_slice::<Vectors<f64>>(output).ok()?;
        Some(embeddings.into_iter().map(|vector| json!(vector)).collect())
    }
}

fn list(job: &Job, vectors: Vec<Value>) -> Value {
    let data = vectors.into_iter().enumerate();
    let data =
        data.map(|(index, embedding)| json!({"object": "embedding", "index": index, "embedding": embedding}));
    let read = usage(job).map_or(0, |usage| usage.prompt_tokens);
    json!({
        "object": "list",
        "data": data.collect::<Vec<_>>(),
        "model": job.ask.model.as_deref(),
        "usage": {"prompt_tokens": read, "total_tokens": read},
    })
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
            (json!({"input": vec!["x"; 65]}), "invalid_request", "input"),
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
