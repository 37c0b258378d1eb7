//! A text that a model is to go on with: OpenAI's older completions, checked field by field.

use super::chat::{Asked, LONGEST_NAME, MOST_TOKENS, streaming};
use super::errors::{Code, Problem};
use super::fields::{AsksNothing, Fields};
use super::order::Inquiry;
use docket_core::feature::Feature;
use serde_json::{Value, json};

/// How long an answer may be whose length nobody bounds, as OpenAI documents it.
const USUAL_TOKENS: u32 = 16;
const LONGEST_PROMPT: usize = 256 * 1024;

/// What OpenAI's interface has and nobody here offers, with the values that ask for nothing.
const REFUSED: [(&str, AsksNothing); 4] = [
    ("suffix", |value| value == ""),
    ("echo", |value| value == false),
    ("best_of", |value| *value == 1),
    ("logprobs", |_| false),
];

/// Reads and checks a request.
pub(super) fn parse(body: &[u8]) -> Result<Inquiry, Problem> {
    let body = Fields::parse(body)?;
    let model = body.model()?;
    body.refuse(&REFUSED)?;
    if body.whole("n", 1..=128)?.is_some_and(|n| n != 1) {
        return Err(Problem::unsupported("n"));
    }
    body.text("user", LONGEST_NAME)?;
    let (stream, include_usage) = streaming(&body)?;
    let tokens = body.whole("max_tokens", 1..=MOST_TOKENS)?;
    let max_tokens = tokens.and_then(|tokens| u32::try_from(tokens).ok()).unwrap_or(USUAL_TOKENS);
    let mut asked = Asked::new(json!({
        "job_type": "LLM_INFER",
        "answer": "completion",
        "model": model,
        "max_tokens": max_tokens,
    }));
    asked.add_for("prompt", Some(prompt(&body)?.into()), Feature::Completions);
    asked.add_sampling(&body)?;
    let Asked { payload, needs } = asked;
    let payload = payload.to_string();
    Ok(Inquiry { model, stream, include_usage, max_tokens: Some(max_tokens), needs, payload })
}

/// One text. Several at once, and numbers of tokens, nobody takes.
fn prompt(body: &Fields) -> Result<&str, Problem> {
    let text = match body.get("prompt") {
        None => return Err(Problem::at("prompt", "`prompt` is missing.")),
        Some(Value::Array(list)) => match list.as_slice() {
            [Value::String(text)] => text,
            [Value::String(_) | Value::Number(_) | Value::Array(_), ..] => {
                return Err(Problem::unsupported("prompt"));
            }
            _ => return Err(Problem::at("prompt", "`prompt` must be a text, or a list of one.")),
        },
        Some(Value::String(text)) => text,
        Some(_) => return Err(Problem::at("prompt", "`prompt` must be a text, or a list of one.")),
    };
    match text {
        text if text.trim().is_empty() => Err(Problem::at("prompt", "`prompt` is empty.")),
        text if text.len() > LONGEST_PROMPT => {
            Err(Problem::new(Code::TooLarge, "`prompt` has at most 262144 bytes."))
        }
        text => Ok(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(more: Value) -> Result<Inquiry, Value> {
        let mut body = json!({"model": "m", "prompt": "Once"});
        for (name, value) in more.as_object().unwrap() {
            body[name] = value.clone();
        }
        parse(body.to_string().as_bytes()).map_err(|problem| problem.told())
    }

    #[test]
    fn a_text_is_read_with_its_settings() {
        let inquiry = read(json!({"prompt": ["Once"], "temperature": 0.5, "stop": "."})).unwrap();
        let payload: Value = serde_json::from_str(&inquiry.payload).unwrap();
        let expected = json!({
            "job_type": "LLM_INFER", "answer": "completion", "model": "m", "max_tokens": 16, "prompt": "Once",
            "temperature": 0.5, "stop": ["."],
        });
        assert_eq!((payload, inquiry.max_tokens), (expected, Some(16)));
        assert_eq!(inquiry.needs, [("model", Feature::Chat), ("prompt", Feature::Completions)]);
        let biased = read(json!({"logit_bias": {"50256": -100}})).unwrap();
        assert_eq!(biased.needs.last(), Some(&("logit_bias", Feature::LogitBias)));
        assert!(biased.payload.contains(r#""logit_bias":{"50256":-100}"#), "{}", biased.payload);
        assert!(read(json!({"echo": false, "suffix": "", "best_of": 1, "n": 1, "logprobs": null})).is_ok());
    }

    #[test]
    fn what_is_wrong_is_named_and_what_nobody_offers_is_refused() {
        for (more, code, param) in [
            (json!({"prompt": null}), "invalid_request", "prompt"),
            (json!({"prompt": " "}), "invalid_request", "prompt"),
            (json!({"prompt": []}), "invalid_request", "prompt"),
            (json!({"prompt": {}}), "invalid_request", "prompt"),
            (json!({"prompt": ["one", "two"]}), "unsupported_parameter", "prompt"),
            (json!({"prompt": [1, 2]}), "unsupported_parameter", "prompt"),
            (json!({"prompt": [[1, 2]]}), "unsupported_parameter", "prompt"),
            (json!({"max_tokens": 0}), "invalid_request", "max_tokens"),
            (json!({"echo": true}), "unsupported_parameter", "echo"),
            (json!({"suffix": "end"}), "unsupported_parameter", "suffix"),
            (json!({"best_of": 2}), "unsupported_parameter", "best_of"),
            (json!({"n": 2}), "unsupported_parameter", "n"),
            (json!({"logit_bias": {"1": 101}}), "invalid_request", "logit_bias"),
            (json!({"logprobs": 1}), "unsupported_parameter", "logprobs"),
        ] {
            let problem = read(more.clone()).unwrap_err();
            assert_eq!((&problem["code"], &problem["param"]), (&json!(code), &json!(param)), "{more}");
        }
    }
}
