//! What a chat request may ask, checked field by field, and what a worker gets to see of it.

use super::errors::{Code, Problem};
use serde_json::{Map, Value, json};

/// More conversation than any model here can hold.
const MOST_MESSAGES: usize = 1_024;
/// All text of a conversation together, in bytes.
const MOST_BYTES: usize = 256 * 1024;
/// The longest answer that can be asked for.
const MOST_TOKENS: u64 = 131_072;
const MOST_STOPS: usize = 4;
const LONGEST_STOP: usize = 256;
const LONGEST_MODEL: usize = 128;

/// Whether a value asks for nothing.
type AsksNothing = fn(&Value) -> bool;

/// What OpenAI's interface has and nobody here offers yet, with the values that ask for nothing.
const REFUSED: [(&str, AsksNothing); 13] = [
    ("tools", is_empty),
    ("tool_choice", |value| value == "none" || value == "auto"),
    ("functions", is_empty),
    ("function_call", |value| value == "none" || value == "auto"),
    ("response_format", |value| value["type"] == "text"),
    ("logprobs", |value| value == false),
    ("top_logprobs", |value| value == 0),
    ("logit_bias", is_empty),
    ("modalities", |value| *value == json!(["text"])),
    ("audio", |_| false),
    ("web_search_options", |_| false),
    ("frequency_penalty", |value| value.as_f64() == Some(0.0)),
    ("presence_penalty", |value| value.as_f64() == Some(0.0)),
];

fn is_empty(value: &Value) -> bool {
    value.as_array().is_some_and(Vec::is_empty) || value.as_object().is_some_and(Map::is_empty)
}

/// A chat request that has passed every check.
#[derive(Debug)]
pub(super) struct Chat {
    pub(super) model: String,
    pub(super) stream: bool,
    /// Whether a streamed answer ends with a count of tokens.
    pub(super) include_usage: bool,
    /// The most tokens of the answer.
    pub(super) max_tokens: u32,
    /// What the worker gets to see.
    pub(super) payload: String,
}

impl Chat {
    /// Reads and checks a request; `covered` is how long an answer may be whose length nobody bounds. `null` is as good
    /// as absent, and what is not known is ignored.
    pub(super) fn parse(body: &[u8], covered: u32) -> Result<Self, Problem> {
        let body: Map<String, Value> = serde_json::from_slice(body).map_err(|error| {
            Problem::new(Code::InvalidRequest, format!("The body is no JSON object: {error}."))
        })?;
        let body = Fields(body.into_iter().filter(|(_, value)| !value.is_null()).collect());
        let model = body.text("model")?.ok_or_else(|| Problem::at("model", "`model` is missing."))?;
        if model.is_empty() || model.len() > LONGEST_MODEL {
            return Err(Problem::at("model", "`model` must have 1 to 128 bytes."));
        }
        for (param, asks_nothing) in REFUSED {
            if body.0.get(param).is_some_and(|value| !asks_nothing(value)) {
                return Err(Problem::unsupported(param));
            }
        }
        if body.whole("n", 1..=128)?.is_some_and(|n| n != 1) {
            return Err(Problem::unsupported("n"));
        }
        let stream = body.flag("stream")?.unwrap_or_default();
        let include_usage = match body.0.get("stream_options") {
            None => false,
            Some(_) if !stream => {
                return Err(Problem::at("stream_options", "`stream_options` is only for `stream: true`."));
            }
            Some(options) => options.get("include_usage").is_some_and(|asked| *asked == true),
        };
        let (older, newer) = ("max_tokens", "max_completion_tokens");
        let asked = match (body.whole(older, 1..=MOST_TOKENS)?, body.whole(newer, 1..=MOST_TOKENS)?) {
            (Some(one), Some(other)) if one != other => {
                return Err(Problem::at(
                    newer,
                    "`max_tokens` and `max_completion_tokens` contradict each other.",
                ));
            }
            (one, other) => one.or(other),
        };
        let max_tokens = asked.and_then(|asked| u32::try_from(asked).ok()).unwrap_or(covered);
        let mut payload = json!({
            "job_type": "LLM_INFER",
            "answer": "chat",
            "model": model,
            "messages": messages(&body)?,
            "max_tokens": max_tokens,
        });
        let mut add = |name: &str, value: Option<Value>| {
            if let Some(value) = value {
                payload[name] = value;
            }
        };
        add("temperature", body.fraction("temperature", 0.0..=2.0)?);
        let top_p = body.fraction("top_p", 0.0..=1.0)?;
        if top_p.as_ref().is_some_and(|top_p| top_p.as_f64() == Some(0.0)) {
            return Err(Problem::at("top_p", "`top_p` must be above 0 and at most 1."));
        }
        add("top_p", top_p);
        add("seed", body.whole("seed", 0..=u64::MAX)?.map(Value::from));
        add("stop", stop(&body)?);
        Ok(Self { model, stream, include_usage, max_tokens, payload: payload.to_string() })
    }
}

/// The members of the body that are not `null`.
struct Fields(Map<String, Value>);

impl Fields {
    fn text(&self, name: &'static str) -> Result<Option<String>, Problem> {
        let wrong = || Problem::at(name, format!("`{name}` must be a text."));
        self.0.get(name).map(|value| value.as_str().map(str::to_owned).ok_or_else(wrong)).transpose()
    }

    fn flag(&self, name: &'static str) -> Result<Option<bool>, Problem> {
        let wrong = || Problem::at(name, format!("`{name}` must be true or false."));
        self.0.get(name).map(|value| value.as_bool().ok_or_else(wrong)).transpose()
    }

    fn whole(
        &self,
        name: &'static str,
        range: std::ops::RangeInclusive<u64>,
    ) -> Result<Option<u64>, Problem> {
        let Some(value) = self.0.get(name) else { return Ok(None) };
        let number = value.as_u64().filter(|number| range.contains(number));
        let (low, high) = (range.start(), range.end());
        number.map(Some).ok_or_else(|| {
            Problem::at(name, format!("`{name}` must be a whole number between {low} and {high}."))
        })
    }

    fn fraction(
        &self,
        name: &'static str,
        range: std::ops::RangeInclusive<f64>,
    ) -> Result<Option<Value>, Problem> {
        let Some(value) = self.0.get(name) else { return Ok(None) };
        let (low, high) = (range.start(), range.end());
        match value.as_f64() {
            Some(number) if range.contains(&number) => Ok(Some(value.clone())),
            _ => Err(Problem::at(name, format!("`{name}` must be a number between {low} and {high}."))),
        }
    }
}

/// The conversation: texts alone, each by somebody who may speak.
fn messages(body: &Fields) -> Result<Vec<Value>, Problem> {
    let wrong = |at: String, words: &'static str| Problem::at(at, words);
    let Some(messages) = body.0.get("messages") else {
        return Err(Problem::at("messages", "`messages` is missing."));
    };
    let messages = messages.as_array().filter(|list| (1..=MOST_MESSAGES).contains(&list.len()));
    let messages =
        messages.ok_or_else(|| Problem::at("messages", "`messages` must be a list of 1 to 1024."))?;
    let mut bytes = 0;
    let read = messages.iter().enumerate().map(|(number, message)| {
        let at = |part: &str| format!("messages[{number}].{part}");
        let role = match message["role"].as_str() {
            Some("system" | "developer") => "system",
            Some("user") => "user",
            Some("assistant") => "assistant",
            Some("tool" | "function") => return Err(Problem::unsupported("tools")),
            _ => return Err(wrong(at("role"), "A role is system, developer, user or assistant.")),
        };
        let text = content(&message["content"]).map_err(|words| wrong(at("content"), words))?;
        bytes += text.len();
        if bytes > MOST_BYTES {
            return Err(Problem::new(Code::TooLarge, "The conversation is too long."));
        }
        Ok(json!({"role": role, "content": text}))
    });
    let read: Vec<_> = read.collect::<Result<_, _>>()?;
    let says_nothing =
        |message: &Value| message["content"].as_str().is_none_or(|text| text.trim().is_empty());
    if read.iter().all(says_nothing) {
        return Err(Problem::at("messages", "The conversation is empty."));
    }
    Ok(read)
}

/// A text, or parts that are texts.
fn content(content: &Value) -> Result<String, &'static str> {
    const WRONG: &str = "Content is a text, or a list of parts of type text.";
    match content {
        Value::String(text) => Ok(text.clone()),
        Value::Array(parts) => {
            let text = |part: &Value| match part["type"].as_str() {
                Some("text") => part["text"].as_str().map(str::to_owned).ok_or(WRONG),
                _ => Err(WRONG),
            };
            parts.iter().map(text).collect()
        }
        _ => Err(WRONG),
    }
}

fn stop(body: &Fields) -> Result<Option<Value>, Problem> {
    let Some(stop) = body.0.get("stop") else { return Ok(None) };
    let list = match stop {
        Value::String(text) => vec![text.as_str()],
        Value::Array(texts) => texts.iter().map(|text| text.as_str().unwrap_or_default()).collect(),
        _ => vec![""],
    };
    let fits = |text: &&str| (1..=LONGEST_STOP).contains(&text.len());
    if list.len() > MOST_STOPS || !list.iter().all(fits) {
        return Err(Problem::at("stop", "`stop` must be a text of 1 to 256 bytes, or up to 4 of them."));
    }
    Ok(Some(json!(list)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(body: Value) -> Value {
        let problem = Chat::parse(body.to_string().as_bytes(), 500).unwrap_err().json();
        serde_json::from_str::<Value>(&problem).unwrap()["error"].clone()
    }

    fn with(name: &str, value: Value) -> Value {
        let mut body = json!({"model": "m", "messages": [{"role": "user", "content": "Hi"}]});
        body[name] = value;
        body
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (name, value) in [
            ("model", json!(7)),
            ("model", json!("")),
            ("messages", json!([])),
            ("messages", json!("Hi")),
            ("messages", json!([{"role": "user", "content": " "}])),
            ("stream", json!("yes")),
            ("stream_options", json!({"include_usage": true})),
            ("max_tokens", json!(0)),
            ("max_completion_tokens", json!(1.5)),
            ("temperature", json!(2.1)),
            ("top_p", json!(0)),
            ("seed", json!(-1)),
            ("stop", json!(["a", "b", "c", "d", "e"])),
            ("stop", json!("")),
        ] {
            let problem = problem(with(name, value.clone()));
            assert_eq!(
                (&problem["code"], &problem["param"]),
                (&json!("invalid_request"), &json!(name)),
                "{value}"
            );
        }
        let role = problem(with("messages", json!([{"role": "judge", "content": "Hi"}])));
        assert_eq!(role["param"], "messages[0].role");
    }

    #[test]
    fn what_nobody_offers_is_refused_by_name() {
        for (name, value) in [
            ("tools", json!([{"type": "function"}])),
            ("response_format", json!({"type": "json_object"})),
            ("logprobs", json!(true)),
            ("n", json!(2)),
            ("frequency_penalty", json!(0.5)),
        ] {
            let problem = problem(with(name, value));
            assert_eq!(
                (&problem["code"], &problem["param"]),
                (&json!("unsupported_parameter"), &json!(name))
            );
        }
        for (name, value) in
            [("tools", json!([])), ("n", json!(1)), ("logprobs", json!(false)), ("x", json!(1))]
        {
            assert!(Chat::parse(with(name, value).to_string().as_bytes(), 500).is_ok(), "{name}");
        }
    }

    #[test]
    fn an_answer_is_bounded_even_if_nobody_asks_for_a_bound() {
        let parse = |body: Value| Chat::parse(body.to_string().as_bytes(), 500).unwrap();
        assert_eq!(parse(with("max_tokens", Value::Null)).max_tokens, 500);
        assert_eq!(parse(with("max_completion_tokens", json!(7))).max_tokens, 7);
        let chat = parse(with(
            "messages",
            json!([{"role": "developer", "content": [{"type": "text", "text": "Hi"}]}]),
        ));
        let payload: Value = serde_json::from_str(&chat.payload).unwrap();
        assert_eq!(payload["messages"], json!([{"role": "system", "content": "Hi"}]));
        assert_eq!(payload["max_tokens"], 500);
    }
}
