//! The items of a response: what a model thought, said, and wants called.

use super::super::voice::name;
use docket_core::job::Job;
use docket_protocol::answer::Extras;
use serde_json::{Value, json};

/// One item, as far as it has come.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Item {
    Thought(String),
    Text(String),
    Refusal(String),
    Call { call_id: String, name: String, arguments: String },
}

impl Item {
    /// All items of an answer; one that says nothing has an empty text.
    pub(super) fn of(text: &str, extras: &Extras) -> Vec<Self> {
        let thought = extras.reasoning_content.clone().map(Self::Thought);
        let refusal = extras.refusal.clone().map(Self::Refusal);
        let calls = extras.tool_calls.iter().map(|call| Self::Call {
            call_id: call.id.clone(),
            name: call.function.name.clone(),
            arguments: call.function.arguments.clone(),
        });
        let is_said = !text.is_empty() || (refusal.is_none() && extras.tool_calls.is_empty());
        let text = is_said.then(|| Self::Text(text.to_owned()));
        thought.into_iter().chain(text).chain(refusal).chain(calls).collect()
    }

    /// Its name, from the job and its place among the items.
    pub(super) fn id(&self, job: &Job, place: usize) -> String {
        let prefix = match self {
            Self::Thought(_) => "rs_",
            Self::Text(_) | Self::Refusal(_) => "msg_",
            Self::Call { .. } => "fc_",
        };
        format!("{}_{place}", name(prefix, job))
    }

    /// The only part of a message or a thought; `None` for a call.
    pub(super) fn part(&self) -> Option<Value> {
        match self {
            Self::Thought(text) => Some(json!({"type": "reasoning_text", "text": text})),
            Self::Text(text) => {
                Some(json!({"type": "output_text", "text": text, "annotations": [], "logprobs": []}))
            }
            Self::Refusal(refusal) => Some(json!({"type": "refusal", "refusal": refusal})),
            Self::Call { .. } => None,
        }
    }

    /// As it stands in a response. One that is only begun has no content yet.
    pub(super) fn view(&self, job: &Job, place: usize, is_done: bool) -> Value {
        let id = self.id(job, place);
        let status = if is_done { "completed" } else { "in_progress" };
        let content: Vec<_> = self.part().into_iter().filter(|_| is_done).collect();
        match self {
            Self::Thought(_) => {
                json!({"type": "reasoning", "id": id, "summary": [], "content": content, "status": status})
            }
            Self::Text(_) | Self::Refusal(_) => json!({
                "type": "message", "id": id, "status": status, "role": "assistant", "content": content,
            }),
            Self::Call { call_id, name, arguments } => json!({
                "type": "function_call", "id": id, "status": status, "call_id": call_id, "name": name,
                "arguments": arguments,
            }),
        }
    }
}
