//! What a model's answer has beside its text: the tools it calls, how likely its tokens were, why it refuses, what it
//! thought. Whole, as it stands in an output, and in the parts in which it comes. What of it a client sees is left to
//! others.

use crate::fields;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The most tools that one answer may call.
pub const MAX_CALLS: usize = 128;

/// The longest answer on its way, in bytes: its text, and each [`Delta`] as JSON.
pub const MAX_STREAM_BYTES: usize = 4 << 20;

/// What an answer has beside its text, with its calls in whole or in parts. Empty members are not written.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(bound(deserialize = "Call: Deserialize<'de>"))]
pub struct Beside<Call> {
    /// The tools that the model wants called, in the order in which it began to call them.
    #[serde(
        default = "Vec::new",
        skip_serializing_if = "Vec::is_empty",
        deserialize_with = "fields::list::<MAX_CALLS, _, _>"
    )]
    pub tool_calls: Vec<Call>,
    /// How likely each token was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logprobs: Option<Logprobs>,
    /// Why the model does not answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refusal: Option<String>,
    /// What the model thought before it answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reasoning_content: Option<String>,
}

/// All that an answer has beside its text.
pub type Extras = Beside<ToolCall>;

/// What comes next to it, as in the `delta` of OpenAI's chunks: parts of calls, and more of the others.
pub type Delta = Beside<CallPart>;

/// A tool that the model wants called.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct ToolCall {
    /// Names the call; the tool's answer repeats it.
    pub id: String,
    /// What kind of tool it is.
    pub r#type: ToolKind,
    /// Which function, with what.
    pub function: FunctionCall,
}

/// The only kind of tool.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ToolKind {
    /// A function of the client.
    #[default]
    Function,
}

/// A function with its arguments, which are JSON in a text, as far as the model kept to it.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct FunctionCall {
    /// Its name.
    pub name: String,
    /// Its arguments.
    pub arguments: String,
}

/// How likely tokens were, in the model server's words.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Logprobs {
    /// One element for each token of the text.
    #[serde(default)]
    pub content: Vec<Value>,
}

/// A part of a call. The first one of a call has its id, and no other has.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct CallPart {
    /// Which call, counted from 0; a new call has the next number.
    pub index: u32,
    /// Names the call.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "fields::optional_text::<256, _>"
    )]
    pub id: Option<String>,
    /// What kind of tool it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub r#type: Option<ToolKind>,
    /// Which function, and more of its arguments.
    #[serde(default)]
    pub function: FunctionPart,
}

/// A part of a call of a function.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct FunctionPart {
    /// The whole name.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "fields::optional_text::<256, _>"
    )]
    pub name: Option<String>,
    /// More of the arguments.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arguments: Option<String>,
}

/// A part that does not fit to what came before it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("a part of a call does not fit to what came before it")]
pub struct Misfit;

impl Delta {
    /// The first part of a call, or all of it.
    pub fn call(index: u32, call: ToolCall) -> Self {
        let FunctionCall { name, arguments } = call.function;
        let function = FunctionPart { name: Some(name), arguments: Some(arguments) };
        let part = CallPart { index, id: Some(call.id), r#type: Some(call.r#type), function };
        Self { tool_calls: vec![part], ..Self::default() }
    }

    /// As a JSON object, the same bytes every time.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("texts and JSON can always be written")
    }
}

impl Extras {
    /// Whether there is nothing but text.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Adds what has come. After a misfit a part of it may have been added.
    pub fn push(&mut self, delta: Delta) -> Result<(), Misfit> {
        let Delta { tool_calls, logprobs, refusal, reasoning_content } = delta;
        tool_calls.into_iter().try_for_each(|part| self.push_call(part))?;
        if let Some(logprobs) = logprobs {
            self.logprobs.get_or_insert_default().content.extend(logprobs.content);
        }
        for (text, more) in [(&mut self.refusal, refusal), (&mut self.reasoning_content, reasoning_content)] {
            if let Some(more) = more {
                text.get_or_insert_default().push_str(&more);
            }
        }
        Ok(())
    }

    fn push_call(&mut self, part: CallPart) -> Result<(), Misfit> {
        let place = part.index as usize;
        match part.id {
            Some(id) if place == self.tool_calls.len() && place < MAX_CALLS => {
                self.tool_calls.push(ToolCall { id, ..ToolCall::default() });
            }
            Some(_) => return Err(Misfit),
            None => {}
        }
        let function = &mut self.tool_calls.get_mut(place).ok_or(Misfit)?.function;
        match part.function.name {
            Some(name) if function.name.is_empty() => function.name = name,
            Some(_) => return Err(Misfit),
            None => {}
        }
        function.arguments.push_str(part.function.arguments.as_deref().unwrap_or_default());
        Ok(())
    }

    /// Whether a whole has everything that came of it, and nothing else in those members.
    pub fn agrees(&self, whole: &Self) -> bool {
        (self.tool_calls.is_empty() || self.tool_calls == whole.tool_calls)
            && (self.logprobs.is_none() || self.logprobs == whole.logprobs)
            && (self.refusal.is_none() || self.refusal == whole.refusal)
            && (self.reasoning_content.is_none() || self.reasoning_content == whole.reasoning_content)
    }

    /// What would make it whole for somebody who has all of `known`: the members of which nothing is known, in parts.
    pub fn beyond(self, known: &Self) -> Vec<Delta> {
        let Self { tool_calls, logprobs, refusal, reasoning_content } = self;
        let mut parts = vec![
            Delta {
                reasoning_content: reasoning_content.filter(|_| known.reasoning_content.is_none()),
                ..Delta::default()
            },
            Delta { refusal: refusal.filter(|_| known.refusal.is_none()), ..Delta::default() },
            Delta { logprobs: logprobs.filter(|_| known.logprobs.is_none()), ..Delta::default() },
        ];
        if known.tool_calls.is_empty() {
            parts.extend((0..).zip(tool_calls).map(|(index, call)| Delta::call(index, call)));
        }
        parts.retain(|part| *part != Delta::default());
        parts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delta(json: &str) -> Delta {
        serde_json::from_str(json).unwrap()
    }

    fn joined(parts: &[&str]) -> Result<Extras, Misfit> {
        let mut extras = Extras::default();
        parts.iter().try_for_each(|part| extras.push(delta(part)))?;
        Ok(extras)
    }

    #[test]
    fn parts_join_to_the_whole_and_the_whole_parts_again() {
        let parts = [
            r#"{"reasoning_content":"Rain"}"#,
            r#"{"reasoning_content":"?"}"#,
            r#"{"tool_calls":[{"index":0,"id":"a","type":"function","function":{"name":"rain","arguments":""}}]}"#,
            r#"{"tool_calls":[{"index":0,"function":{"arguments":"{\"x\":"}}]}"#,
            r#"{"tool_calls":[{"index":1,"id":"b","function":{"name":"wind"}},{"index":0,"function":{"arguments":"1}"}}]}"#,
            r#"{"logprobs":{"content":[{"token":"a"}]},"refusal":"No"}"#,
            r#"{"logprobs":{"content":[{"token":"b"}]},"refusal":"."}"#,
        ];
        let whole = joined(&parts).unwrap();
        let json = r#"{"tool_calls":[{"id":"a","type":"function","function":{"name":"rain","arguments":"{\"x\":1}"}},{"id":"b","type":"function","function":{"name":"wind","arguments":""}}],"logprobs":{"content":[{"token":"a"},{"token":"b"}]},"refusal":"No.","reasoning_content":"Rain?"}"#;
        assert_eq!(serde_json::to_string(&whole).unwrap(), json);
        assert_eq!(serde_json::from_str::<Extras>(json).unwrap(), whole);
        let mut again = Extras::default();
        for part in whole.clone().beyond(&Extras::default()) {
            again.push(delta(&part.to_json())).unwrap();
        }
        assert_eq!(again, whole);
        let thought = joined(&parts[..2]).unwrap();
        assert!(thought.agrees(&whole) && !joined(&parts[..1]).unwrap().agrees(&whole));
        assert!(whole.clone().beyond(&thought).iter().all(|part| part.reasoning_content.is_none()));
        assert_eq!(whole.clone().beyond(&whole), []);
    }

    #[test]
    fn a_part_that_fits_nowhere_is_refused() {
        let begun = r#"{"tool_calls":[{"index":0,"id":"a","function":{"name":"rain"}}]}"#;
        for wrong in [
            r#"{"tool_calls":[{"index":1,"id":"b"}]}"#,
            r#"{"tool_calls":[{"index":0,"id":"a"}]}"#,
            r#"{"tool_calls":[{"index":1,"function":{"arguments":"x"}}]}"#,
            r#"{"tool_calls":[{"index":0,"function":{"name":"wind"}}]}"#,
        ] {
            let parts = if wrong.contains(r#"1,"id""#) { vec![wrong] } else { vec![begun, wrong] };
            assert_eq!(joined(&parts), Err(Misfit), "{wrong}");
        }
        let many = vec![r#"{"index":0,"id":"a"}"#; MAX_CALLS + 1].join(",");
        assert!(serde_json::from_str::<Delta>(&format!(r#"{{"tool_calls":[{many}]}}"#)).is_err());
    }
}
