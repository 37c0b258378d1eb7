//! Puts the calls of tools together from the parts in which they come.

use super::wire::CallPart;
use crate::engine::outcome::{FunctionCall, FunctionKind, ToolCall};

/// More calls than that are no answer.
const MOST_CALLS: usize = 128;

/// The calls of an answer so far.
#[derive(Default)]
pub(super) struct Calls {
    /// Each under the number that the server gave it.
    calls: Vec<(Option<u32>, ToolCall)>,
}

impl Calls {
    /// Adds a part, or says why it cannot.
    ///
    /// A part without a number goes on with the last call; another id always begins another call, because some
    /// servers number all of them 0.
    pub(super) fn push(&mut self, part: CallPart) -> Result<(), &'static str> {
        let id = part.id.filter(|id| !id.is_empty());
        let goes_on = self.calls.iter().rposition(|(index, call)| {
            let same_place = part.index.is_none() || part.index == *index;
            same_place && id.as_ref().is_none_or(|id| *id == call.id)
        });
        let place = match goes_on {
            Some(place) => place,
            None if self.calls.len() == MOST_CALLS => return Err("the answer calls too many tools"),
            None => {
                let id = id.unwrap_or_else(|| format!("call_{}", self.calls.len()));
                let call = ToolCall { id, r#type: FunctionKind::Function, function: FunctionCall::default() };
                self.calls.push((part.index, call));
                self.calls.len() - 1
            }
        };
        let function = &mut self.calls[place].1.function;
        let more = part.function.unwrap_or_default();
        if function.name.is_empty() {
            function.name = more.name.unwrap_or_default();
        }
        function.arguments.push_str(&more.arguments.unwrap_or_default());
        Ok(())
    }

    /// All of them, in the order in which they began.
    pub(super) fn done(self) -> Vec<ToolCall> {
        self.calls.into_iter().map(|(_, call)| call).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put_together(parts: &[&str]) -> Vec<[String; 3]> {
        let mut calls = Calls::default();
        for part in parts {
            calls.push(serde_json::from_str(part).unwrap()).unwrap();
        }
        calls.done().into_iter().map(|call| [call.id, call.function.name, call.function.arguments]).collect()
    }

    #[test]
    fn calls_are_put_together_however_servers_cut_and_number_them() {
        let a = |arguments: &str| ["a", "rain", arguments].map(str::to_owned);
        let b = |arguments: &str| ["b", "wind", arguments].map(str::to_owned);
        let numbered = [
            r#"{"index":0,"id":"a","type":"function","function":{"name":"rain","arguments":""}}"#,
            r#"{"index":0,"function":{"arguments":"{\"x\":"}}"#,
            r#"{"index":1,"id":"b","type":"function","function":{"name":"wind"}}"#,
            r#"{"index":0,"id":"","function":{"name":null,"arguments":"1}"}}"#,
            r#"{"index":1,"id":"b","function":{"name":"wind","arguments":"{}"}}"#,
        ];
        assert_eq!(put_together(&numbered), [a(r#"{"x":1}"#), b("{}")]);
        let all_zero = [
            r#"{"index":0,"id":"a","function":{"name":"rain","arguments":"{}"}}"#,
            r#"{"index":0,"id":"b","function":{"name":"wind","arguments":"{"}}"#,
            r#"{"index":0,"function":{"arguments":"}"}}"#,
        ];
        assert_eq!(put_together(&all_zero), [a("{}"), b("{}")]);
        let unnumbered = [
            r#"{"id":"a","function":{"name":"rain","arguments":"{"}}"#,
            r#"{"function":{"arguments":"}"}}"#,
            r#"{"id":"b","function":{"name":"wind"}}"#,
        ];
        assert_eq!(put_together(&unnumbered), [a("{}"), b("")]);
        let unnamed = [r#"{"index":0,"function":{"name":"rain"}}"#, r#"{"index":1}"#];
        assert_eq!(put_together(&unnamed), [["call_0", "rain", ""], ["call_1", "", ""]]);
    }

    #[test]
    fn too_many_calls_are_refused() {
        let mut calls = Calls::default();
        let part = |index| serde_json::from_str(&format!(r#"{{"index":{index}}}"#)).unwrap();
        assert!((0..128).all(|index| calls.push(part(index)).is_ok()));
        assert!(calls.push(part(127)).is_ok());
        assert!(calls.push(part(128)).is_err());
    }
}
