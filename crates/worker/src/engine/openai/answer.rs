//! An answer as it grows, and the pieces in which it is passed on.

use super::calls::Calls;
use super::wire::{self, Choice};
use crate::engine::{Chat, Delta, Said};
use docket_protocol::answer::{self, CallPart, Extras, FunctionPart, Logprobs};
use serde_json::Value;

/// The longest answer, with its calls and what it says of its tokens.
const MAX_ANSWER_BYTES: usize = 4 << 20;
/// The longest piece beside text. Even if every byte of it must be escaped, it fits into a frame.
const MAX_PIECE_BYTES: usize = 64 << 10;

/// All that has come of an answer.
#[derive(Default)]
pub(super) struct Answer {
    pub(super) text: String,
    pub(super) extras: Extras,
    pub(super) finish_reason: Option<String>,
    /// Tokens read and written, if the server said so.
    pub(super) usage: Option<(u32, u32)>,
    calls: Calls,
    /// Events that added something, each of which servers make from one token.
    events: u32,
    bytes: usize,
}

impl Answer {
    /// Takes in one more event of the answer, and gives what it adds.
    pub(super) fn push(&mut self, choice: Choice, chat: Option<&Chat>) -> Result<Vec<Delta>, &'static str> {
        self.finish_reason = choice.finish_reason.or(self.finish_reason.take());
        let (text, beside) = match choice.delta {
            Some(delta) => self.read(delta, chat.is_some())?,
            None => (choice.text.unwrap_or_default(), Vec::new()),
        };
        let logprobs = choice.logprobs.filter(|_| chat.is_some_and(|chat| chat.logprobs));
        let logprobs = logprobs.and_then(|logprobs| logprobs.content).unwrap_or_default();
        if text.is_empty() && beside.is_empty() && logprobs.is_empty() {
            return Ok(Vec::new());
        }
        self.events = self.events.saturating_add(1);
        let tokens = self.tokens();
        self.text.push_str(&text);
        self.bytes += text.len();
        let mut pieces = Vec::new();
        if !text.is_empty() {
            pieces.push(Delta::text(text, tokens));
        }
        for part in beside.into_iter().chain(likelihoods(logprobs)?) {
            self.bytes += part.to_json().len();
            self.extras.push(part.clone()).map_err(|_| "the parts of a call do not fit together")?;
            pieces.push(Delta { said: Said::Beside(part), tokens });
        }
        if self.bytes > MAX_ANSWER_BYTES {
            return Err("the answer is too long");
        }
        Ok(pieces)
    }

    /// The text of an event, and what else it has where the whole answer of a chat is wanted.
    fn read(
        &mut self,
        delta: wire::ChoiceDelta,
        whole: bool,
    ) -> Result<(String, Vec<answer::Delta>), &'static str> {
        let text = delta.content.unwrap_or_default();
        if !whole {
            return Ok((text, Vec::new()));
        }
        let mut parts: Vec<_> = cut(delta.reasoning_content.as_deref().unwrap_or_default())
            .map(|text| answer::Delta { reasoning_content: Some(text), ..answer::Delta::default() })
            .collect();
        parts.extend(
            cut(delta.refusal.as_deref().unwrap_or_default())
                .map(|text| answer::Delta { refusal: Some(text), ..answer::Delta::default() }),
        );
        for part in delta.tool_calls.unwrap_or_default() {
            let mut part = self.calls.place(part)?;
            let arguments = part.function.arguments.take().unwrap_or_default();
            let index = part.index;
            let begins = part.id.is_some() || part.function.name.is_some();
            parts.extend(begins.then(|| call(part)));
            parts.extend(cut(&arguments).map(|text| {
                let function = FunctionPart { name: None, arguments: Some(text) };
                call(CallPart { index, function, ..CallPart::default() })
            }));
        }
        Ok((text, parts))
    }

    /// The tokens so far: one for each event, or more if the server says so already.
    fn tokens(&mut self) -> u32 {
        self.events = self.events.max(self.usage.map_or(0, |(_, written)| written));
        self.events
    }
}

fn call(part: CallPart) -> answer::Delta {
    answer::Delta { tool_calls: vec![part], ..answer::Delta::default() }
}

/// What is said of the tokens, in pieces that fit into a frame.
fn likelihoods(tokens: Vec<Value>) -> Result<Vec<answer::Delta>, &'static str> {
    let mut pieces: Vec<(usize, Logprobs)> = Vec::new();
    for token in tokens {
        let bytes = token.to_string().len();
        if bytes > MAX_PIECE_BYTES {
            return Err("what the server says of a token is too long");
        }
        match pieces.last_mut() {
            Some((before, logprobs)) if *before + bytes <= MAX_PIECE_BYTES => {
                *before += bytes;
                logprobs.content.push(token);
            }
            _ => pieces.push((bytes, Logprobs { content: vec![token] })),
        }
    }
    let delta = |(_, logprobs)| answer::Delta { logprobs: Some(logprobs), ..answer::Delta::default() };
    Ok(pieces.into_iter().map(delta).collect())
}

/// A text in pieces, none of them empty, cut between characters.
fn cut(mut text: &str) -> impl Iterator<Item = String> + '_ {
    std::iter::from_fn(move || {
        let (piece, rest) = text.split_at(text.floor_char_boundary(MAX_PIECE_BYTES));
        text = rest;
        (!piece.is_empty()).then(|| piece.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pushed(events: &[String]) -> Result<(Answer, Vec<Delta>), &'static str> {
        let chat = Chat { logprobs: true, ..Chat::default() };
        let (mut answer, mut pieces) = (Answer::default(), Vec::new());
        for event in events {
            pieces.extend(answer.push(serde_json::from_str(event).unwrap(), Some(&chat))?);
        }
        Ok((answer, pieces))
    }

    #[test]
    fn what_is_passed_on_joins_to_the_answer() {
        let long = "€".repeat(MAX_PIECE_BYTES);
        let events = [
            r#"{"delta":{"role":"assistant","reasoning":"Hm"}}"#.to_owned(),
            r#"{"delta":{"content":"It"},"logprobs":{"content":[{"token":"It","logprob":-0.5}]}}"#.to_owned(),
            r#"{"delta":{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":""}}]}}"#
                .to_owned(),
            format!(r#"{{"delta":{{"tool_calls":[{{"index":0,"function":{{"arguments":"{long}"}}}}]}}}}"#),
            r#"{"delta":{"refusal":"No"},"finish_reason":"tool_calls"}"#.to_owned(),
            r#"{"delta":{}}"#.to_owned(),
        ];
        let (answer, pieces) = pushed(&events).unwrap();
        let (mut text, mut extras) = (String::new(), Extras::default());
        for piece in &pieces {
            match &piece.said {
                Said::Text(more) => text.push_str(more),
                Said::Beside(part) => {
                    assert!(part.to_json().len() < 2 * MAX_PIECE_BYTES);
                    extras.push(part.clone()).unwrap();
                }
            }
        }
        assert_eq!((&text, &extras), (&answer.text, &answer.extras));
        assert_eq!((text.as_str(), extras.reasoning_content.as_deref()), ("It", Some("Hm")));
        assert_eq!(extras.tool_calls[0].function.arguments, long);
        assert_eq!(extras.logprobs.unwrap().content.len(), 1);
        assert_eq!(answer.finish_reason.as_deref(), Some("tool_calls"));
        assert_eq!(pieces.last().unwrap().tokens, 5, "the last event adds nothing");
    }

    #[test]
    fn where_only_text_is_wanted_nothing_else_is_passed_on() {
        let mut answer = Answer::default();
        let event = r#"{"delta":{"content":"x","reasoning":"Hm","refusal":"No","tool_calls":[{"id":"a"}]}}"#;
        let pieces = answer.push(serde_json::from_str(event).unwrap(), None).unwrap();
        assert_eq!((pieces, answer.extras), (vec![Delta::text("x".into(), 1)], Extras::default()));
    }

    #[test]
    fn what_is_too_long_is_refused() {
        let token = format!(r#"{{"logprobs":{{"content":["{}"]}}}}"#, "x".repeat(MAX_PIECE_BYTES));
        assert!(pushed(&[token]).is_err());
        let thought = format!(r#"{{"delta":{{"reasoning_content":"{}"}}}}"#, "x".repeat(MAX_ANSWER_BYTES));
        assert!(pushed(&[thought]).is_err());
    }
}
