//! The conversation of a chat: texts, and the tools that were called in it.

use super::errors::{Code, Problem};
use super::tools::is_name;
use serde_json::{Value, json};

/// More conversation than any model here can hold.
const MOST_MESSAGES: usize = 1_024;
/// All text of a conversation together, in bytes.
const MOST_BYTES: usize = 256 * 1024;
const MOST_CALLS: usize = 128;
const LONGEST_CALL_ID: usize = 256;

/// A conversation that has passed every check.
pub(super) struct Conversation {
    /// As the worker gets to see it.
    pub(super) messages: Vec<Value>,
    /// Whether tools were called in it.
    pub(super) has_tools: bool,
}

/// Reads the member `messages`.
pub(super) fn conversation(messages: Option<&Value>) -> Result<Conversation, Problem> {
    let messages = messages.ok_or_else(|| Problem::at("messages", "`messages` is missing."))?;
    let messages = messages.as_array().filter(|list| (1..=MOST_MESSAGES).contains(&list.len()));
    let messages =
        messages.ok_or_else(|| Problem::at("messages", "`messages` must be a list of 1 to 1024."))?;
    let (mut read, mut bytes, mut has_tools) = (Vec::with_capacity(messages.len()), 0, false);
    for (number, given) in messages.iter().enumerate() {
        let message = message(given, number)?;
        let calls = &message["tool_calls"];
        has_tools |= calls.is_array() || message["role"] == "tool";
        bytes += message["content"].as_str().map_or(0, str::len);
        bytes += if calls.is_array() { calls.to_string().len() } else { 0 };
        if bytes > MOST_BYTES {
            return Err(Problem::new(Code::TooLarge, "The conversation is too long."));
        }
        read.push(message);
    }
    let says_nothing =
        |message: &Value| message["content"].as_str().is_none_or(|text| text.trim().is_empty());
    if read.iter().all(says_nothing) {
        return Err(Problem::at("messages", "The conversation is empty."));
    }
    Ok(Conversation { messages: read, has_tools })
}

fn message(given: &Value, number: usize) -> Result<Value, Problem> {
    let at = |part: &str| format!("messages[{number}].{part}");
    let role = match given["role"].as_str() {
        Some("system" | "developer") => "system",
        Some(role @ ("user" | "assistant" | "tool")) => role,
        Some("function") => return Err(Problem::unsupported(at("role"))),
        _ => {
            let words = "A role is system, developer, user, assistant or tool.";
            return Err(Problem::at(at("role"), words));
        }
    };
    for member in ["function_call", "audio"] {
        if !given[member].is_null() {
            return Err(Problem::unsupported(at(member)));
        }
    }
    let calls = match &given["tool_calls"] {
        Value::Null => None,
        calls if role == "assistant" => tool_calls(calls, &at("tool_calls"))?,
        _ => return Err(Problem::at(at("tool_calls"), "Only an assistant calls tools.")),
    };
    let content = match &given["content"] {
        Value::Null if calls.is_some() => Value::Null,
        content => Value::String(text(content).map_err(|words| Problem::at(at("content"), words))?),
    };
    let mut message = json!({"role": role, "content": content});
    if let Some(calls) = calls {
        message["tool_calls"] = calls;
    }
    match &given["tool_call_id"] {
        Value::String(id) if role == "tool" && is_call_id(id) => message["tool_call_id"] = json!(id),
        Value::Null if role != "tool" => {}
        _ => {
            let words = "A message of a tool, and no other, names the call that it answers.";
            return Err(Problem::at(at("tool_call_id"), words));
        }
    }
    Ok(message)
}

/// A text, or parts that are texts.
fn text(content: &Value) -> Result<String, &'static str> {
    const WRONG: &str = "Content is a text, or a list of parts of type text.";
    match content {
        Value::String(text) => Ok(text.clone()),
        Value::Array(parts) => {
            let text = |part: &Value| match part["type"].as_str() {
                Some(kind @ ("text" | "refusal")) => part[kind].as_str().map(str::to_owned).ok_or(WRONG),
                _ => Err(WRONG),
            };
            parts.iter().map(text).collect()
        }
        _ => Err(WRONG),
    }
}

/// What an assistant has called; `None` where the list is empty.
fn tool_calls(calls: &Value, at: &str) -> Result<Option<Value>, Problem> {
    let wrong = || {
        let words =
            "Calls are a list of up to 128 of `{id, type: \"function\", function: {name, arguments}}`.";
        Problem::at(at.to_owned(), words)
    };
    let read = |call: &Value| {
        let (id, function) = (call["id"].as_str()?, &call["function"]);
        let (name, arguments) = (function["name"].as_str()?, function["arguments"].as_str()?);
        let fits = call["type"] == "function" && is_call_id(id) && is_name(name);
        fits.then(
            || json!({"id": id, "type": "function", "function": {"name": name, "arguments": arguments}}),
        )
    };
    let calls = calls.as_array().filter(|calls| calls.len() <= MOST_CALLS).ok_or_else(wrong)?;
    let calls: Option<Vec<_>> = calls.iter().map(read).collect();
    let calls = calls.ok_or_else(wrong)?;
    Ok((!calls.is_empty()).then_some(Value::Array(calls)))
}

fn is_call_id(id: &str) -> bool {
    (1..=LONGEST_CALL_ID).contains(&id.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(message: Value) -> Result<Conversation, Problem> {
        conversation(Some(&json!([{"role": "user", "content": "Rain?"}, message])))
    }

    #[test]
    fn what_tools_were_called_and_answered_is_part_of_a_conversation() {
        let call = json!({"id": "c", "type": "function", "function": {"name": "rain", "arguments": "{}"}});
        let asked =
            read(json!({"role": "assistant", "content": null, "tool_calls": [call], "refusal": null}));
        let asked = asked.unwrap();
        assert!(asked.has_tools);
        assert_eq!(asked.messages[1], json!({"role": "assistant", "content": null, "tool_calls": [call]}));
        let answered =
            json!({"role": "tool", "tool_call_id": "c", "content": [{"type": "text", "text": "Yes."}]});
        let answered = read(answered).unwrap();
        assert_eq!(answered.messages[1], json!({"role": "tool", "content": "Yes.", "tool_call_id": "c"}));
        assert!(answered.has_tools && !read(json!({"role": "user", "content": "x"})).unwrap().has_tools);
    }

    #[test]
    fn what_is_wrong_with_a_message_is_named() {
        let call = |id: &str, name: &str| json!([{"id": id, "type": "function", "function": {"name": name, "arguments": "{}"}}]);
        for (wrong, part) in [
            (json!({"role": "judge", "content": "x"}), "role"),
            (json!({"role": "function", "content": "x"}), "role"),
            (json!({"role": "assistant", "content": null}), "content"),
            (json!({"role": "assistant", "content": null, "tool_calls": []}), "content"),
            (json!({"role": "user", "content": [{"type": "image_url"}]}), "content"),
            (json!({"role": "user", "content": "x", "tool_calls": call("c", "f")}), "tool_calls"),
            (json!({"role": "assistant", "tool_calls": call("", "f")}), "tool_calls"),
            (json!({"role": "assistant", "tool_calls": call("c", "f f")}), "tool_calls"),
            (json!({"role": "assistant", "tool_calls": {}}), "tool_calls"),
            (json!({"role": "assistant", "content": "x", "function_call": {"name": "f"}}), "function_call"),
            (json!({"role": "tool", "content": "x"}), "tool_call_id"),
            (json!({"role": "user", "content": "x", "tool_call_id": "c"}), "tool_call_id"),
        ] {
            let problem = read(wrong.clone()).map(|_| ()).unwrap_err().json();
            assert!(problem.contains(&format!("messages[1].{part}\"")), "{wrong} -> {problem}");
        }
    }
}
