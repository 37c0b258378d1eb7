//! What a chat may ask for beside its text, checked and bounded. What of it a model honours, its offer says.

use std::collections::{BTreeMap, BTreeSet};

use docket_protocol::frames::Feature;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

use super::EngineError;

/// The declarations of all tools together, in bytes.
pub const MAX_TOOLS_BYTES: usize = 256 << 10;
/// The format of the answer, with its schema, in bytes.
pub const MAX_FORMAT_BYTES: usize = 64 << 10;
/// The most tools that may be declared.
pub const MAX_TOOLS: usize = 128;

/// The most tokens that may be made likelier or less likely.
pub const MAX_BIASES: usize = 300;

const MAX_CHOICE_BYTES: usize = 16 << 10;
const MAX_TOP_LOGPROBS: u8 = 20;

/// The settings of a request that wants the whole answer of a chat, as in OpenAI's chat completions.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Chat {
    /// -2 to 2.
    pub frequency_penalty: Option<f64>,
    /// -2 to 2.
    pub presence_penalty: Option<f64>,
    /// How much likelier or less likely tokens are made: an object of numbers from -100 to 100 by the ids of tokens, at
    /// most [`MAX_BIASES`]; none where it is empty.
    pub logit_bias: Option<Verbatim>,
    /// The functions that may be called, each an object.
    pub tools: Vec<Verbatim>,
    /// Which of them; a text or an object, and only beside tools.
    pub tool_choice: Option<Verbatim>,
    /// Whether several may be called at once; only beside tools.
    pub parallel_tool_calls: Option<bool>,
    /// The form of the answer, an object; none for plain text.
    pub response_format: Option<Verbatim>,
    /// Whether to say how likely each token was.
    pub logprobs: bool,
    /// How many other likely tokens to name, 0 to 20; only beside `logprobs`.
    pub top_logprobs: Option<u8>,
}

/// JSON that is passed on as it was written.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Verbatim(Box<RawValue>);

impl Verbatim {
    /// The JSON text.
    pub fn get(&self) -> &str {
        self.0.get()
    }

    fn is_object(&self) -> bool {
        self.get().starts_with('{')
    }
}

impl PartialEq for Verbatim {
    fn eq(&self, other: &Self) -> bool {
        self.get() == other.get()
    }
}

impl Eq for Verbatim {}

/// The fields of a payload that count only where the answer of a chat is wanted.
#[derive(Deserialize)]
pub(super) struct WireChat {
    frequency_penalty: Option<f64>,
    presence_penalty: Option<f64>,
    #[serde(default, deserialize_with = "verbatim")]
    logit_bias: Option<Verbatim>,
    #[serde(default, deserialize_with = "verbatim_list")]
    tools: Vec<Verbatim>,
    #[serde(default, deserialize_with = "verbatim")]
    tool_choice: Option<Verbatim>,
    parallel_tool_calls: Option<bool>,
    #[serde(default, deserialize_with = "verbatim")]
    response_format: Option<Verbatim>,
    logprobs: Option<bool>,
    top_logprobs: Option<u8>,
}

/// The same as without, but that `null` is nothing and not a piece of JSON.
fn verbatim<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Verbatim>, D::Error> {
    Ok(Some(Verbatim::deserialize(deserializer)?).filter(|json| json.get() != "null"))
}

/// A list, or `null` for an empty one.
pub(super) fn verbatim_list<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Verbatim>, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

impl WireChat {
    pub(super) fn check(self) -> Result<Chat, EngineError> {
        for (name, penalty) in
            [("frequency_penalty", self.frequency_penalty), ("presence_penalty", self.presence_penalty)]
        {
            if penalty.is_some_and(|penalty| !(-2.0..=2.0).contains(&penalty)) {
                return Err(invalid(format!("{name} must be between -2 and 2")));
            }
        }
        check_objects("tools", &self.tools)?;
        let bytes = self.tools.iter().map(|tool| tool.get().len()).sum();
        EngineError::at_most("bytes of tools", MAX_TOOLS_BYTES, bytes)?;
        if let Some(choice) = &self.tool_choice {
            EngineError::at_most("bytes of tool_choice", MAX_CHOICE_BYTES, choice.get().len())?;
            if !choice.is_object() && !choice.get().starts_with('"') {
                return Err(invalid("tool_choice must be a text or an object"));
            }
        }
        if self.tools.is_empty() && (self.tool_choice.is_some() || self.parallel_tool_calls.is_some()) {
            return Err(invalid("tool_choice and parallel_tool_calls need tools"));
        }
        let logprobs = self.logprobs.unwrap_or_default();
        if self.top_logprobs.is_some_and(|top| top > MAX_TOP_LOGPROBS) {
            return Err(invalid(format!("top_logprobs must be between 0 and {MAX_TOP_LOGPROBS}")));
        }
        if self.top_logprobs.is_some() && !logprobs {
            return Err(invalid("top_logprobs needs logprobs"));
        }
        Ok(Chat {
            frequency_penalty: self.frequency_penalty,
            presence_penalty: self.presence_penalty,
            logit_bias: self.logit_bias.map(check_bias).transpose()?.flatten(),
            tools: self.tools,
            tool_choice: self.tool_choice,
            parallel_tool_calls: self.parallel_tool_calls,
            response_format: self.response_format.map(check_format).transpose()?.flatten(),
            logprobs,
            top_logprobs: self.top_logprobs,
        })
    }
}

/// At most [`MAX_TOOLS`] elements, each an object.
pub(super) fn check_objects(what: &'static str, list: &[Verbatim]) -> Result<(), EngineError> {
    EngineError::at_most(what, MAX_TOOLS, list.len())?;
    match list.iter().all(Verbatim::is_object) {
        true => Ok(()),
        false => Err(invalid(format!("{what} must be a list of objects"))),
    }
}

/// The biases, unless there are none.
fn check_bias(biases: Verbatim) -> Result<Option<Verbatim>, EngineError> {
    let read: BTreeMap<u32, f64> = serde_json::from_str(biases.get())
        .map_err(|_| invalid("logit_bias must be an object of numbers by the ids of tokens"))?;
    EngineError::at_most("tokens in logit_bias", MAX_BIASES, read.len())?;
    match read.values().all(|bias| (-100.0..=100.0).contains(bias)) {
        true => Ok((!read.is_empty()).then_some(biases)),
        false => Err(invalid("a logit_bias must be between -100 and 100")),
    }
}

/// The format, unless it is the one that everybody gets.
fn check_format(format: Verbatim) -> Result<Option<Verbatim>, EngineError> {
    #[derive(Deserialize)]
    struct Typed {
        r#type: String,
    }
    EngineError::at_most("bytes of response_format", MAX_FORMAT_BYTES, format.get().len())?;
    match serde_json::from_str(format.get()) {
        Ok(Typed { r#type }) if format.is_object() => Ok((r#type != "text").then_some(format)),
        _ => Err(invalid("response_format must be an object with a type")),
    }
}

impl Chat {
    /// What of it counts where a model goes on with a text, in place of an answer to it.
    pub(super) fn for_raw_text(self) -> Self {
        let Self { frequency_penalty, presence_penalty, logit_bias, .. } = self;
        Self { frequency_penalty, presence_penalty, logit_bias, ..Self::default() }
    }

    /// Refuses what a model does not honour, by the name of the field that asks for it.
    pub(super) fn fits(&self, model: &str, honoured: &BTreeSet<Feature>) -> Result<(), EngineError> {
        let penalty = |penalty: Option<f64>| penalty.is_some_and(|penalty| penalty != 0.0);
        let asked = [
            ("tools", Feature::Tools, !self.tools.is_empty()),
            ("response_format", Feature::Json, self.response_format.is_some()),
            ("logprobs", Feature::Logprobs, self.logprobs),
            ("frequency_penalty", Feature::Penalties, penalty(self.frequency_penalty)),
            ("presence_penalty", Feature::Penalties, penalty(self.presence_penalty)),
            ("logit_bias", Feature::LogitBias, self.logit_bias.is_some()),
        ];
        match asked.into_iter().find(|(_, feature, asked)| *asked && !honoured.contains(feature)) {
            Some((name, _, _)) => Err(EngineError::Unsupported(format!("{model} does not support {name}"))),
            None => Ok(()),
        }
    }
}

fn invalid(reason: impl Into<String>) -> EngineError {
    EngineError::Invalid(reason.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chat(json: &str) -> Result<Chat, EngineError> {
        serde_json::from_str::<WireChat>(json).map_err(|error| invalid(error.to_string()))?.check()
    }

    #[test]
    fn every_setting_is_read_and_what_is_passed_on_keeps_its_bytes() {
        let asked = chat(
            r#"{"frequency_penalty":-2,"presence_penalty":2,"tools":[ {"type":"function", "z":1.0e2,"a":"\u00e9"} ],
                "tool_choice":"auto","parallel_tool_calls":false,"response_format":{"type":"json_object"},
                "logprobs":true,"top_logprobs":20,"logit_bias":{"7": -1e2},"store":false}"#,
        )
        .unwrap();
        assert_eq!((asked.frequency_penalty, asked.presence_penalty), (Some(-2.0), Some(2.0)));
        assert_eq!(asked.tools[0].get(), r#"{"type":"function", "z":1.0e2,"a":"\u00e9"}"#);
        assert_eq!(asked.tool_choice.unwrap().get(), r#""auto""#);
        assert_eq!(
            (asked.parallel_tool_calls, asked.logprobs, asked.top_logprobs),
            (Some(false), true, Some(20))
        );
        assert_eq!(asked.response_format.unwrap().get(), r#"{"type":"json_object"}"#);
        assert_eq!(asked.logit_bias.unwrap().get(), r#"{"7": -1e2}"#);
    }

    #[test]
    fn nothing_is_asked_by_nulls_empty_lists_and_the_usual_format() {
        for nothing in [
            "{}",
            r#"{"frequency_penalty":null,"tools":null,"tool_choice":null,"parallel_tool_calls":null,
                "response_format":null,"logprobs":null,"top_logprobs":null,"logit_bias":null}"#,
            r#"{"tools":[],"logit_bias":{},"response_format":{"type":"text"},"logprobs":false}"#,
        ] {
            assert_eq!(chat(nothing), Ok(Chat::default()), "{nothing}");
        }
    }

    #[test]
    fn what_is_out_of_range_or_contradicts_itself_is_invalid() {
        for wrong in [
            r#"{"frequency_penalty":2.01}"#,
            r#"{"presence_penalty":-2.5}"#,
            r#"{"logit_bias":[]}"#,
            r#"{"logit_bias":{"rain":1}}"#,
            r#"{"logit_bias":{"-1":1}}"#,
            r#"{"logit_bias":{"1":"1"}}"#,
            r#"{"logit_bias":{"1":100.5}}"#,
            r#"{"tools":{}}"#,
            r#"{"tools":["x"]}"#,
            r#"{"tools":[{}],"tool_choice":7}"#,
            r#"{"tool_choice":"auto"}"#,
            r#"{"tools":[],"parallel_tool_calls":true}"#,
            r#"{"response_format":"json"}"#,
            r#"{"response_format":["json_object"]}"#,
            r#"{"response_format":{}}"#,
            r#"{"logprobs":1}"#,
            r#"{"logprobs":true,"top_logprobs":21}"#,
            r#"{"logprobs":true,"top_logprobs":-1}"#,
            r#"{"top_logprobs":1}"#,
        ] {
            assert!(matches!(chat(wrong), Err(EngineError::Invalid(_))), "{wrong}");
        }
    }

    #[test]
    fn what_is_beyond_a_limit_is_too_large() {
        let filler = |bytes: usize| "x".repeat(bytes);
        let tools = |bytes| format!(r#"{{"tools":[{{"x":"{}"}}]}}"#, filler(bytes - 8));
        assert!(chat(&tools(MAX_TOOLS_BYTES)).is_ok());
        let many = format!(r#"{{"tools":[{}]}}"#, vec!["{}"; MAX_TOOLS + 1].join(","));
        let choice = format!(r#"{{"tools":[{{}}],"tool_choice":"{}"}}"#, filler(MAX_CHOICE_BYTES));
        let format = format!(r#"{{"response_format":{{"type":"x","y":"{}"}}}}"#, filler(MAX_FORMAT_BYTES));
        let biases: Vec<_> = (0..=MAX_BIASES).map(|id| format!(r#""{id}":1"#)).collect();
        let biases = format!(r#"{{"logit_bias":{{{}}}}}"#, biases.join(","));
        for large in [tools(MAX_TOOLS_BYTES + 1), many, choice, format, biases] {
            assert!(matches!(chat(&large), Err(EngineError::TooLarge { .. })));
        }
    }

    #[test]
    fn what_a_model_does_not_honour_is_refused_by_its_name() {
        let none = BTreeSet::new();
        for (asked, name, feature) in [
            (r#"{"tools":[{}]}"#, "tools", Feature::Tools),
            (r#"{"response_format":{"type":"json_object"}}"#, "response_format", Feature::Json),
            (r#"{"logprobs":true}"#, "logprobs", Feature::Logprobs),
            (r#"{"frequency_penalty":0.1}"#, "frequency_penalty", Feature::Penalties),
            (r#"{"presence_penalty":-0.1}"#, "presence_penalty", Feature::Penalties),
            (r#"{"logit_bias":{"1":5}}"#, "logit_bias", Feature::LogitBias),
        ] {
            let asked = chat(asked).unwrap();
            let refused = EngineError::Unsupported(format!("m does not support {name}"));
            assert_eq!(asked.fits("m", &none), Err(refused));
            assert_eq!(asked.fits("m", &BTreeSet::from([feature])), Ok(()));
        }
        assert_eq!(chat(r#"{"frequency_penalty":0}"#).unwrap().fits("m", &none), Ok(()));
    }
}
