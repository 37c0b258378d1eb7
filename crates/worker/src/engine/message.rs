//! One message of a conversation, checked and bounded.

use super::EngineError;
use super::chat::{Verbatim, check_objects, verbatim_list};
use super::request::invalid;
use serde::Deserialize;

const MAX_CALL_ID_BYTES: usize = 256;

/// One message of a conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Who speaks.
    pub role: Role,
    /// What is said; may be empty where a model only called tools.
    pub content: String,
    /// The tools that the model called; only where it speaks.
    pub tool_calls: Vec<Verbatim>,
    /// Which call a tool answers; there exactly where a tool speaks.
    pub tool_call_id: Option<String>,
}

impl Message {
    /// A message of plain text.
    pub fn new(role: Role, content: impl Into<String>) -> Self {
        Self { role, content: content.into(), tool_calls: vec![], tool_call_id: None }
    }

    pub(super) fn is_of_tools(&self) -> bool {
        self.role == Role::Tool || !self.tool_calls.is_empty()
    }

    pub(super) fn bytes(&self) -> usize {
        let calls: usize = self.tool_calls.iter().map(|call| call.get().len()).sum();
        self.content.len() + calls + self.tool_call_id.as_ref().map_or(0, String::len)
    }
}

/// Who speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Instructions above the conversation; `developer` is read as this.
    #[serde(alias = "developer")]
    System,
    /// The one who asks.
    User,
    /// The model.
    Assistant,
    /// A tool that the model called.
    Tool,
}

impl Role {
    /// The name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::User => "user",
            Self::Assistant => "assistant",
            Self::Tool => "tool",
        }
    }
}

#[derive(Deserialize)]
pub(super) struct WireMessage {
    role: Role,
    content: Option<WireContent>,
    #[serde(default, deserialize_with = "verbatim_list")]
    tool_calls: Vec<Verbatim>,
    tool_call_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum WireContent {
    Text(String),
    Parts(Vec<WirePart>),
}

#[derive(Deserialize)]
struct WirePart {
    r#type: String,
    text: Option<String>,
}

impl WireMessage {
    pub(super) fn check(self) -> Result<Message, EngineError> {
        let Self { role, content, tool_calls, tool_call_id } = self;
        let content = match content {
            Some(WireContent::Text(text)) => text,
            Some(WireContent::Parts(parts)) => {
                parts.into_iter().map(WirePart::check).collect::<Result<_, _>>()?
            }
            None if tool_calls.is_empty() => return Err(invalid("a message has no content")),
            None => String::new(),
        };
        check_objects("tool_calls", &tool_calls)?;
        if role != Role::Assistant && !tool_calls.is_empty() {
            return Err(invalid("only a message of the assistant has tool_calls"));
        }
        if (role == Role::Tool) != tool_call_id.as_ref().is_some_and(|id| !id.is_empty()) {
            return Err(invalid("a message of a tool, and no other, has a tool_call_id"));
        }
        EngineError::at_most(
            "bytes of tool_call_id",
            MAX_CALL_ID_BYTES,
            tool_call_id.as_ref().map_or(0, String::len),
        )?;
        Ok(Message { role, content, tool_calls, tool_call_id })
    }
}

impl WirePart {
    fn check(self) -> Result<String, EngineError> {
        match (self.r#type.as_str(), self.text) {
            ("text", Some(text)) => Ok(text),
            _ => Err(EngineError::Unsupported("only text can be sent to a model here".into())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{Infer, Request};

    fn asked(payload: &str) -> Infer {
        match Request::from_payload(payload).unwrap() {
            Request::Infer(infer) => infer,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_tools_were_asked_and_answered_is_part_of_a_conversation() {
        let asked = asked(
            r#"{"job_type":"LLM_INFER","messages":[{"role":"user","content":"Rain?"},
                {"role":"assistant","content":null,"tool_calls":[{"id":"c1", "type":"function"}]},
                {"role":"tool","tool_call_id":"c1","content":"Yes."},{"role":"assistant","content":"It rains."}]}"#,
        );
        assert_eq!((asked.messages[1].role, asked.messages[1].content.as_str()), (Role::Assistant, ""));
        assert_eq!(asked.messages[1].tool_calls[0].get(), r#"{"id":"c1", "type":"function"}"#);
        assert_eq!((asked.messages[2].role, asked.messages[2].content.as_str()), (Role::Tool, "Yes."));
        assert_eq!(asked.messages[2].tool_call_id.as_deref(), Some("c1"));
        for wrong in [
            r#"{"role":"assistant","content":null}"#,
            r#"{"role":"assistant","content":null,"tool_calls":[]}"#,
            r#"{"role":"assistant","content":"x","tool_calls":["c1"]}"#,
            r#"{"role":"user","content":"x","tool_calls":[{}]}"#,
            r#"{"role":"tool","content":"x","tool_call_id":""}"#,
            r#"{"role":"user","content":"x","tool_call_id":"c1"}"#,
            r#"{"role":"tool","tool_call_id":"c1"}"#,
        ] {
            let payload =
                format!(r#"{{"job_type":"LLM_INFER","messages":[{{"role":"user","content":"x"}},{wrong}]}}"#);
            let refused = Request::from_payload(&payload);
            assert!(matches!(refused, Err(EngineError::Invalid(_))), "{wrong} -> {refused:?}");
        }
    }
}
