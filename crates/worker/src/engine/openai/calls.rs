//! Gives the calls of tools their order, however servers number the parts in which they come.

use super::wire;
use docket_protocol::answer::{CallPart, FunctionPart, MAX_CALLS, ToolKind};

/// The calls of an answer that have begun, each under the number that the server gave it.
#[derive(Default)]
pub(super) struct Calls(Vec<Begun>);

struct Begun {
    index: Option<u32>,
    id: String,
    is_named: bool,
}

impl Calls {
    /// The same part under the number of its call here, or why there cannot be one.
    ///
    /// A part without a number goes on with the last call; another id always begins another call, because some
    /// servers number all of them 0.
    pub(super) fn place(&mut self, part: wire::CallPart) -> Result<CallPart, &'static str> {
        let id = part.id.filter(|id| !id.is_empty());
        let goes_on = self.0.iter().rposition(|call| {
            let same_place = part.index.is_none() || part.index == call.index;
            same_place && id.as_ref().is_none_or(|id| *id == call.id)
        });
        let mut placed = CallPart::default();
        let place = match goes_on {
            Some(place) => place,
            None if self.0.len() == MAX_CALLS => return Err("the answer calls too many tools"),
            None => {
                let id = id.unwrap_or_else(|| format!("call_{}", self.0.len()));
                (placed.id, placed.r#type) = (Some(id.clone()), Some(ToolKind::Function));
                self.0.push(Begun { index: part.index, id, is_named: false });
                self.0.len() - 1
            }
        };
        let call = &mut self.0[place];
        let more = part.function.unwrap_or_default();
        let name = more.name.filter(|name| !name.is_empty() && !call.is_named);
        call.is_named |= name.is_some();
        placed.index = u32::try_from(place).unwrap_or(u32::MAX);
        placed.function = FunctionPart { name, arguments: more.arguments };
        Ok(placed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use docket_protocol::answer::{Delta, Extras};

    fn put_together(parts: &[&str]) -> Vec<[String; 3]> {
        let (mut calls, mut extras) = (Calls::default(), Extras::default());
        for part in parts {
            let part = calls.place(serde_json::from_str(part).unwrap()).unwrap();
            extras.push(Delta { tool_calls: vec![part], ..Delta::default() }).unwrap();
        }
        let calls = extras.tool_calls.into_iter();
        calls.map(|call| [call.id, call.function.name, call.function.arguments]).collect()
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
        assert!((0..128).all(|index| calls.place(part(index)).is_ok()));
        assert!(calls.place(part(127)).is_ok());
        assert!(calls.place(part(128)).is_err());
    }
}
