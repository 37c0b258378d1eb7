//! What a chat request may ask, checked field by field, and what a worker gets to see of it.

use super::errors::Problem;
use super::fields::{AsksNothing, Fields, is_empty};
use super::messages::conversation;
use super::order::Inquiry;
use super::tools::{form, tools};
use docket_core::feature::Feature;
use serde_json::{Value, json};

/// The longest answer that can be asked for.
pub(super) const MOST_TOKENS: u64 = 131_072;
const MOST_STOPS: usize = 4;
const LONGEST_STOP: usize = 256;
/// The longest of the names that change nothing here: of end users, caches and the like.
pub(super) const LONGEST_NAME: usize = 512;

/// What OpenAI's interface has and nobody here offers, with the values that ask for nothing.
const REFUSED: [(&str, AsksNothing); 5] = [
    ("functions", is_empty),
    ("function_call", |value| value == "none" || value == "auto"),
    ("modalities", |value| *value == json!(["text"])),
    ("audio", |_| false),
    ("web_search_options", |_| false),
];

/// Reads and checks a request; `covered` is how long an answer may be whose length nobody bounds. `null` is as good
/// as absent, and what is not known is ignored.
pub(super) fn parse(body: &[u8], covered: u32) -> Result<Inquiry, Problem> {
    read(&Fields::parse(body)?, covered)
}

/// The same, of a body that was read already.
pub(super) fn read(body: &Fields, covered: u32) -> Result<Inquiry, Problem> {
    let model = body.model()?;
    body.refuse(&REFUSED)?;
    if body.whole("n", 1..=128)?.is_some_and(|n| n != 1) {
        return Err(Problem::unsupported("n"));
    }
    check_what_changes_nothing(body)?;
    let (stream, include_usage) = streaming(body)?;
    let max_tokens = max_tokens(body)?.unwrap_or(covered);
    let talk = conversation(body.get("messages"))?;
    let mut asked = Asked::new(json!({
        "job_type": "LLM_INFER",
        "answer": "chat",
        "model": model,
        "messages": talk.messages,
        "max_tokens": max_tokens,
    }));
    if talk.has_tools {
        asked.needs.push(("tools", Feature::Tools));
    }
    if let Some(tools) = tools(body)? {
        asked.add_for("tools", Some(tools.list.clone()), Feature::Tools);
        asked.add("tool_choice", tools.choice);
        asked.add("parallel_tool_calls", tools.parallel.map(Value::from));
    }
    asked.add_for("response_format", form(body)?.cloned(), Feature::Json);
    asked.add_sampling(body)?;
    let (logprobs, top_logprobs) = logprobs(body)?;
    asked.add_for("logprobs", logprobs.then_some(Value::Bool(true)), Feature::Logprobs);
    asked.add("top_logprobs", top_logprobs.map(Value::from));
    let Asked { payload, needs } = asked;
    Ok(Inquiry {
        model,
        stream,
        include_usage,
        max_tokens: Some(max_tokens),
        needs,
        payload: payload.to_string(),
    })
}

/// What a worker is asked, in the making.
pub(super) struct Asked {
    pub(super) payload: Value,
    pub(super) needs: Vec<(&'static str, Feature)>,
}

impl Asked {
    /// Something that is answered in text.
    pub(super) fn new(payload: Value) -> Self {
        Self { payload, needs: vec![("model", Feature::Chat)] }
    }

    /// What every worker takes.
    pub(super) fn add(&mut self, name: &'static str, value: Option<Value>) {
        if let Some(value) = value {
            self.payload[name] = value;
        }
    }

    /// What only some models honour.
    pub(super) fn add_for(&mut self, name: &'static str, value: Option<Value>, feature: Feature) {
        if value.is_some() {
            self.needs.push((name, feature));
        }
        self.add(name, value);
    }

    /// How tokens are to be drawn, and where the answer ends.
    pub(super) fn add_sampling(&mut self, body: &Fields) -> Result<(), Problem> {
        self.add("temperature", body.fraction("temperature", 0.0..=2.0)?);
        let top_p = body.fraction("top_p", 0.0..=1.0)?;
        if top_p.as_ref().is_some_and(|top_p| top_p.as_f64() == Some(0.0)) {
            return Err(Problem::at("top_p", "`top_p` must be above 0 and at most 1."));
        }
        self.add("top_p", top_p);
        self.add("stop", stop(body)?);
        self.add_for("seed", body.whole("seed", 0..=u64::MAX)?.map(Value::from), Feature::Seed);
        for name in ["frequency_penalty", "presence_penalty"] {
            let penalty = body.fraction(name, -2.0..=2.0)?.filter(|value| value.as_f64() != Some(0.0));
            self.add_for(name, penalty, Feature::Penalties);
        }
        self.add_for("logit_bias", body.biases("logit_bias")?, Feature::LogitBias);
        Ok(())
    }
}

/// Whether the answer is streamed, and whether its end counts tokens.
pub(super) fn streaming(body: &Fields) -> Result<(bool, bool), Problem> {
    let stream = body.flag("stream")?.unwrap_or_default();
    match body.get("stream_options") {
        None => Ok((stream, false)),
        Some(_) if !stream => {
            Err(Problem::at("stream_options", "`stream_options` is only for `stream: true`."))
        }
        Some(options) => Ok((stream, options.get("include_usage").is_some_and(|asked| *asked == true))),
    }
}

fn max_tokens(body: &Fields) -> Result<Option<u32>, Problem> {
    let (older, newer) = ("max_tokens", "max_completion_tokens");
    let asked = match (body.whole(older, 1..=MOST_TOKENS)?, body.whole(newer, 1..=MOST_TOKENS)?) {
        (Some(one), Some(other)) if one != other => {
            let words = "`max_tokens` and `max_completion_tokens` contradict each other.";
            return Err(Problem::at(newer, words));
        }
        (one, other) => one.or(other),
    };
    Ok(asked.and_then(|asked| u32::try_from(asked).ok()))
}

fn logprobs(body: &Fields) -> Result<(bool, Option<u64>), Problem> {
    let logprobs = body.flag("logprobs")?.unwrap_or_default();
    match body.whole("top_logprobs", 0..=20)? {
        Some(top) if logprobs => Ok((true, Some(top))),
        Some(1..) => Err(Problem::at("top_logprobs", "`top_logprobs` is only for `logprobs: true`.")),
        _ => Ok((logprobs, None)),
    }
}

/// Parameters that are documented, and that neither a worker nor the price depends on: hints, labels, names.
fn check_what_changes_nothing(body: &Fields) -> Result<(), Problem> {
    for name in ["user", "safety_identifier", "prompt_cache_key"] {
        body.text(name, LONGEST_NAME)?;
    }
    body.word("service_tier", &["auto", "default", "flex", "scale", "priority"])?;
    body.word("reasoning_effort", &["none", "minimal", "low", "medium", "high", "xhigh"])?;
    body.word("verbosity", &["low", "medium", "high"])?;
    body.word("prompt_cache_retention", &["in-memory", "in_memory", "24h"])?;
    body.flag("store")?;
    body.labels("metadata")?;
    match body.get("prediction") {
        Some(prediction) if prediction["type"] != "content" => {
            Err(Problem::at("prediction", "A prediction is of type content."))
        }
        _ => Ok(()),
    }
}

fn stop(body: &Fields) -> Result<Option<Value>, Problem> {
    let Some(stop) = body.get("stop") else { return Ok(None) };
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
        parse(body.to_string().as_bytes(), 500).unwrap_err().told()
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
            ("frequency_penalty", json!(2.5)),
            ("logit_bias", json!([])),
            ("logit_bias", json!({"1": "5"})),
            ("logit_bias", json!({"1": 100.5})),
            ("logit_bias", json!({"1": -101})),
            ("logit_bias", json!({"": 1})),
            ("logit_bias", json!({"-1": 1})),
            ("logit_bias", json!({"01": 1})),
            ("logit_bias", json!({"+1": 1})),
            ("logit_bias", json!({"rain": 1})),
            ("logit_bias", json!({"4294967296": 1})),
            ("logit_bias", (0..301).map(|id| (id.to_string(), json!(1))).collect()),
            ("logprobs", json!(1)),
            ("top_logprobs", json!(1)),
            ("user", json!(7)),
            ("metadata", json!({"a": 1})),
            ("service_tier", json!("best")),
            ("store", json!("yes")),
            ("prediction", json!({"type": "x"})),
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
        for (name, value) in
            [("functions", json!([{"name": "f"}])), ("modalities", json!(["audio"])), ("n", json!(2))]
        {
            let problem = problem(with(name, value));
            assert_eq!(
                (&problem["code"], &problem["param"]),
                (&json!("unsupported_parameter"), &json!(name))
            );
        }
        for (name, value) in
            [("tools", json!([])), ("n", json!(1)), ("logprobs", json!(false)), ("x", json!(1))]
        {
            assert!(parse(with(name, value).to_string().as_bytes(), 500).is_ok(), "{name}");
        }
    }

    #[test]
    fn an_answer_is_bounded_even_if_nobody_asks_for_a_bound() {
        let read = |body: Value| parse(body.to_string().as_bytes(), 500).unwrap();
        assert_eq!(read(with("max_tokens", Value::Null)).max_tokens, Some(500));
        assert_eq!(read(with("max_completion_tokens", json!(7))).max_tokens, Some(7));
        let chat = read(with(
            "messages",
            json!([{"role": "developer", "content": [{"type": "text", "text": "Hi"}]}]),
        ));
        let payload: Value = serde_json::from_str(&chat.payload).unwrap();
        assert_eq!(payload["messages"], json!([{"role": "system", "content": "Hi"}]));
        assert_eq!(payload["max_tokens"], 500);
    }

    #[test]
    fn what_only_some_models_honour_is_named_with_the_parameter_that_asks_for_it() {
        let tool = json!([{"type": "function", "function": {"name": "f"}}]);
        for (name, value, feature) in [
            ("tools", tool, Feature::Tools),
            ("response_format", json!({"type": "json_object"}), Feature::Json),
            ("logprobs", json!(true), Feature::Logprobs),
            ("seed", json!(7), Feature::Seed),
            ("frequency_penalty", json!(0.5), Feature::Penalties),
            ("presence_penalty", json!(-0.5), Feature::Penalties),
            ("logit_bias", json!({"50256": -100, "0": 0.5}), Feature::LogitBias),
            ("logit_bias", (0..300).map(|id| (id.to_string(), json!(100))).collect(), Feature::LogitBias),
        ] {
            let chat = parse(with(name, value.clone()).to_string().as_bytes(), 500).unwrap();
            let payload: Value = serde_json::from_str(&chat.payload).unwrap();
            assert_eq!(
                (chat.needs, &payload[name]),
                (vec![("model", Feature::Chat), (name, feature)], &value)
            );
        }
        for (name, value) in [
            ("tools", json!([])),
            ("response_format", json!({"type": "text"})),
            ("logprobs", json!(false)),
            ("top_logprobs", json!(0)),
            ("presence_penalty", json!(0)),
            ("logit_bias", json!({})),
            ("reasoning_effort", json!("low")),
            ("store", json!(true)),
        ] {
            let chat = parse(with(name, value).to_string().as_bytes(), 500).unwrap();
            let payload: Value = serde_json::from_str(&chat.payload).unwrap();
            assert_eq!((chat.needs, payload.get(name)), (vec![("model", Feature::Chat)], None), "{name}");
        }
    }
}
