//! What a request for a response may ask, as the request for a chat that asks the same.

use super::super::chat::{self, LONGEST_NAME, MOST_TOKENS};
use super::super::errors::Problem;
use super::super::fields::{AsksNothing, Fields, is_empty};
use super::super::order::Inquiry;
use serde_json::{Map, Value, json};
use std::borrow::Cow;

/// What OpenAI's interface has and nobody here offers, with the values that ask for nothing.
const REFUSED: [(&str, AsksNothing); 7] = [
    ("conversation", |_| false),
    ("prompt", |_| false),
    ("context_management", is_empty),
    ("background", |value| value == false),
    ("max_tool_calls", |_| false),
    ("top_logprobs", |value| value == 0),
    ("truncation", |value| value == "disabled" || value == "auto"),
];

/// A request that has passed every check.
pub(super) struct Read {
    pub(super) inquiry: Inquiry,
    /// What the answer repeats of the request, as JSON.
    pub(super) echo: String,
    /// Whether the answer may be read again.
    pub(super) is_stored: bool,
}

/// The response that a request goes on from, if it does.
pub(super) fn previous(body: &Fields) -> Result<Option<String>, Problem> {
    body.text("previous_response_id", LONGEST_NAME)
}

/// Reads and checks a request that goes on from the messages `before` it.
pub(super) fn parse(body: &Fields, before: Vec<Value>, covered: u32) -> Result<Read, Problem> {
    body.refuse(&REFUSED)?;
    check_what_changes_nothing(body)?;
    let chat = Fields::of(chat(body, before)?);
    let mut inquiry = chat::read(&chat, covered).map_err(|problem| problem.rename(as_asked))?;
    for (param, _) in inquiry.needs.iter_mut().filter(|(param, _)| *param == "response_format") {
        *param = "text.format";
    }
    let is_stored = body.flag("store")?.unwrap_or(true);
    let given = |name: &str, usual: Value| body.get(name).cloned().unwrap_or(usual);
    let echo = json!({
        "background": false,
        "instructions": body.get("instructions"),
        "max_output_tokens": body.get("max_output_tokens"),
        "metadata": given("metadata", json!({})),
        "model": inquiry.model,
        "parallel_tool_calls": given("parallel_tool_calls", json!(true)),
        "previous_response_id": body.get("previous_response_id"),
        "reasoning": {"effort": null, "summary": null},
        "service_tier": "default",
        "store": is_stored,
        "temperature": given("temperature", json!(1.0)),
        "text": given("text", json!({"format": {"type": "text"}})),
        "tool_choice": given("tool_choice", json!("auto")),
        "tools": given("tools", json!([])),
        "top_p": given("top_p", json!(1.0)),
        "truncation": "disabled",
        "user": body.get("user"),
    });
    Ok(Read { inquiry, echo: echo.to_string(), is_stored })
}

fn check_what_changes_nothing(body: &Fields) -> Result<(), Problem> {
    for name in ["user", "safety_identifier", "prompt_cache_key"] {
        body.text(name, LONGEST_NAME)?;
    }
    let is_object = |name: &'static str| match body.get(name) {
        Some(value) if !value.is_object() => Err(Problem::at(name, format!("`{name}` must be an object."))),
        _ => Ok(()),
    };
    is_object("reasoning")?;
    is_object("text")?;
    is_object("stream_options")?;
    match body.get("include").map(Value::as_array) {
        Some(Some(list)) if list.iter().any(|name| name == "message.output_text.logprobs") => {
            Err(Problem::unsupported("include"))
        }
        Some(None) => Err(Problem::at("include", "`include` must be a list.")),
        _ => Ok(()),
    }
}

/// The body of the chat that asks the same.
fn chat(body: &Fields, before: Vec<Value>) -> Result<Map<String, Value>, Problem> {
    let mut chat = Map::new();
    let same = [
        "model",
        "stream",
        "temperature",
        "top_p",
        "parallel_tool_calls",
        "metadata",
        "store",
        "service_tier",
    ];
    for name in same {
        if let Some(value) = body.get(name) {
            chat.insert(name.to_owned(), value.clone());
        }
    }
    if let Some(tokens) = body.whole("max_output_tokens", 1..=MOST_TOKENS)? {
        chat.insert("max_tokens".to_owned(), tokens.into());
    }
    chat.insert("messages".to_owned(), Value::Array(messages(body, before)?));
    if let Some(tools) = body.get("tools") {
        chat.insert("tools".to_owned(), tools_of_chat(tools));
    }
    if let Some(choice) = body.get("tool_choice") {
        chat.insert("tool_choice".to_owned(), choice_of_chat(choice)?);
    }
    if let Some(format) =
        body.get("text").and_then(|text| text.get("format")).filter(|format| !format.is_null())
    {
        chat.insert("response_format".to_owned(), format_of_chat(format));
    }
    Ok(chat)
}

/// A function stands beside its type here, and under it in a chat.
fn tools_of_chat(tools: &Value) -> Value {
    let tool = |tool: &Value| match tool.as_object() {
        Some(members) if tool["type"] == "function" => {
            let function: Map<_, _> = members
                .iter()
                .filter(|(name, _)| *name != "type")
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect();
            json!({"type": "function", "function": function})
        }
        _ => tool.clone(),
    };
    match tools.as_array() {
        Some(list) => list.iter().map(tool).collect(),
        None => tools.clone(),
    }
}

fn choice_of_chat(choice: &Value) -> Result<Value, Problem> {
    match choice["type"].as_str() {
        None => Ok(choice.clone()),
        Some("function") => Ok(json!({"type": "function", "function": {"name": choice["name"]}})),
        Some(_) => Err(Problem::unsupported("tool_choice")),
    }
}

/// A schema stands beside its type here, and under it in a chat.
fn format_of_chat(format: &Value) -> Value {
    match format.as_object() {
        Some(members) if format["type"] == "json_schema" => {
            let schema: Map<_, _> = members
                .iter()
                .filter(|(name, _)| *name != "type")
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect();
            json!({"type": "json_schema", "json_schema": schema})
        }
        _ => format.clone(),
    }
}

/// Instructions, what was said before, and input as the messages of a chat.
fn messages(body: &Fields, before: Vec<Value>) -> Result<Vec<Value>, Problem> {
    let mut messages = Vec::new();
    match body.get("instructions") {
        None => {}
        Some(Value::String(text)) => messages.push(json!({"role": "system", "content": text})),
        Some(_) => return Err(Problem::at("instructions", "`instructions` must be a text.")),
    }
    messages.extend(before);
    match body.get("input") {
        None => return Err(Problem::at("input", "`input` is missing.")),
        Some(Value::String(text)) => messages.push(json!({"role": "user", "content": text})),
        Some(Value::Array(items)) => {
            for (number, item) in items.iter().enumerate() {
                add(&mut messages, item, number)?;
            }
        }
        Some(_) => return Err(Problem::at("input", "`input` must be a text or a list of items.")),
    }
    Ok(messages)
}

/// Adds an item of a response as a message of a chat, or to the one before it; `number` is its place in a request.
pub(super) fn add(messages: &mut Vec<Value>, item: &Value, number: usize) -> Result<(), Problem> {
    let at = |part: &str| format!("input[{number}].{part}");
    match item["type"].as_str() {
        None | Some("message") => {
            let content = content(&item["content"]);
            let content = content.ok_or_else(|| {
                Problem::at(at("content"), "Content is a text, or a list of parts of text.")
            })?;
            messages.push(json!({"role": item["role"], "content": content}));
        }
        Some("function_call") => {
            let function = json!({"name": item["name"], "arguments": item["arguments"]});
            let call = json!({"id": item["call_id"], "type": "function", "function": function});
            // What was called at once is one message of a chat.
            match messages.last_mut().filter(|message| message["role"] == "assistant") {
                Some(message) => match message["tool_calls"].as_array_mut() {
                    Some(calls) => calls.push(call),
                    None => message["tool_calls"] = json!([call]),
                },
                None => messages.push(json!({"role": "assistant", "content": null, "tool_calls": [call]})),
            }
        }
        Some("function_call_output") => {
            let output = content(&item["output"]);
            let output = output.ok_or_else(|| {
                Problem::at(at("output"), "An output is a text, or a list of parts of text.")
            })?;
            messages.push(json!({"role": "tool", "tool_call_id": item["call_id"], "content": output}));
        }
        // Clients give back what they got; a model is not told what it thought.
        Some("reasoning") => {}
        Some(_) => return Err(Problem::unsupported(at("type"))),
    }
    Ok(())
}

/// A text, or parts that are texts.
fn content(content: &Value) -> Option<String> {
    let text = |part: &Value| match part["type"].as_str()? {
        "input_text" | "output_text" | "text" => part["text"].as_str().map(str::to_owned),
        "refusal" => part["refusal"].as_str().map(str::to_owned),
        _ => None,
    };
    match content {
        Value::String(text) => Some(text.clone()),
        Value::Array(parts) => parts.iter().map(text).collect(),
        _ => None,
    }
}

/// What a parameter of a chat is called here.
fn as_asked(param: &str) -> Cow<'static, str> {
    if param.starts_with("messages") {
        return "input".into();
    }
    let format = param.strip_prefix("response_format");
    if let Some(rest) = format {
        return format!("text.format{}", rest.replacen(".json_schema", "", 1)).into();
    }
    param.replacen(".function", "", 1).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use docket_core::feature::Feature;

    fn read(more: Value) -> Result<(Inquiry, Value), Value> {
        let mut body = json!({"model": "m", "input": "Rain?"});
        for (name, value) in more.as_object().unwrap() {
            body[name] = value.clone();
        }
        let body = Fields::parse(body.to_string().as_bytes()).map_err(|problem| problem.told())?;
        let read = parse(&body, Vec::new(), 500).map_err(|problem| problem.told())?;
        let echo: Value = serde_json::from_str(&read.echo).unwrap();
        assert_eq!(echo["store"], read.is_stored);
        Ok((read.inquiry, echo))
    }

    #[test]
    fn a_request_asks_what_the_chat_asks() {
        let tool =
            json!({"type": "function", "name": "rain", "parameters": {"type": "object"}, "strict": true});
        let (inquiry, echo) = read(json!({
            "instructions": "Be brief.",
            "input": [
                {"role": "user", "content": [{"type": "input_text", "text": "Rain?"}]},
                {"type": "reasoning", "summary": []},
                {"type": "function_call", "call_id": "a", "name": "rain", "arguments": "{}"},
                {"type": "function_call", "call_id": "b", "name": "rain", "arguments": "{}"},
                {"type": "function_call_output", "call_id": "a", "output": "Yes."},
                {"type": "function_call_output", "call_id": "b", "output": [{"type": "input_text", "text": "No."}]},
                {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Both."}]},
            ],
            "tools": [tool], "tool_choice": {"type": "function", "name": "rain"}, "max_output_tokens": 7,
            "text": {"format": {"type": "json_schema", "name": "s", "schema": {}, "strict": true}},
            "metadata": {"a": "b"}, "store": true, "reasoning": {"effort": "low"}, "include": [],
        }))
        .unwrap();
        let payload: Value = serde_json::from_str(&inquiry.payload).unwrap();
        let call =
            |id: &str| json!({"id": id, "type": "function", "function": {"name": "rain", "arguments": "{}"}});
        assert_eq!(
            payload["messages"],
            json!([
                {"role": "system", "content": "Be brief."},
                {"role": "user", "content": "Rain?"},
                {"role": "assistant", "content": null, "tool_calls": [call("a"), call("b")]},
                {"role": "tool", "content": "Yes.", "tool_call_id": "a"},
                {"role": "tool", "content": "No.", "tool_call_id": "b"},
                {"role": "assistant", "content": "Both."},
            ])
        );
        let function = json!({"name": "rain", "parameters": {"type": "object"}, "strict": true});
        assert_eq!(payload["tools"], json!([{"type": "function", "function": function}]));
        assert_eq!(payload["tool_choice"], json!({"type": "function", "function": {"name": "rain"}}));
        let schema = json!({"name": "s", "schema": {}, "strict": true});
        assert_eq!(payload["response_format"], json!({"type": "json_schema", "json_schema": schema}));
        assert_eq!((inquiry.max_tokens, &payload["max_tokens"]), (Some(7), &json!(7)));
        assert_eq!(inquiry.needs.last(), Some(&("text.format", Feature::Json)));
        assert_eq!(
            (&echo["store"], &echo["metadata"], &echo["tools"]),
            (&json!(true), &json!({"a": "b"}), &json!([tool]))
        );
        assert_eq!(read(json!({})).unwrap().1["store"], true, "as OpenAI does");
        assert_eq!(read(json!({"store": false})).unwrap().1["store"], false);
    }

    #[test]
    fn what_is_wrong_is_named_in_the_words_of_the_request() {
        let user = |content: Value| json!({"input": [{"role": "user", "content": content}]});
        for (more, code, param) in [
            (json!({"model": null}), "invalid_request", "model"),
            (json!({"input": null}), "invalid_request", "input"),
            (json!({"input": 7}), "invalid_request", "input"),
            (json!({"input": ""}), "invalid_request", "input"),
            (json!({"input": [{"role": "judge", "content": "x"}]}), "invalid_request", "input"),
            (user(json!([{"type": "input_image"}])), "invalid_request", "input[0].content"),
            (
                json!({"input": [{"type": "item_reference", "id": "x"}]}),
                "unsupported_parameter",
                "input[0].type",
            ),
            (json!({"instructions": 7}), "invalid_request", "instructions"),
            (json!({"max_output_tokens": 0}), "invalid_request", "max_output_tokens"),
            (json!({"temperature": 3}), "invalid_request", "temperature"),
            (json!({"tools": [{"type": "web_search"}]}), "unsupported_parameter", "tools[0].type"),
            (json!({"tools": [{"type": "function", "name": "f f"}]}), "invalid_request", "tools[0].name"),
            (json!({"tool_choice": {"type": "mcp"}}), "unsupported_parameter", "tool_choice"),
            (json!({"text": {"format": {"type": "x"}}}), "invalid_request", "text.format.type"),
            (json!({"text": {"format": {"type": "json_schema"}}}), "invalid_request", "text.format.name"),
            (json!({"text": 7}), "invalid_request", "text"),
            (json!({"store": "yes"}), "invalid_request", "store"),
            (json!({"conversation": "c"}), "unsupported_parameter", "conversation"),
            (json!({"background": true}), "unsupported_parameter", "background"),
            (json!({"include": ["message.output_text.logprobs"]}), "unsupported_parameter", "include"),
        ] {
            let problem = read(more.clone()).map(|_| ()).unwrap_err();
            assert_eq!((&problem["code"], &problem["param"]), (&json!(code), &json!(param)), "{more}");
        }
    }
}
