//! What a job asks for: the payload of the `quotes` dialect, a superset of it, checked and bounded.

use docket_protocol::frames::{Feature, JobType};
use serde::Deserialize;

use super::chat::WireChat;
use super::message::WireMessage;
use super::{Chat, Embed, EngineError, Message, ModelOffer, Role};

/// The longest payload, as JSON, in bytes.
pub const MAX_PAYLOAD_BYTES: usize = 2 << 20;
/// All messages of a prompt together, in bytes.
pub const MAX_PROMPT_BYTES: usize = 1 << 20;
/// The input of a task, in bytes.
pub const MAX_INPUT_BYTES: usize = 256 << 10;
/// The limit of tokens where a payload names none.
pub const DEFAULT_MAX_TOKENS: u32 = 256;
/// The highest limit of tokens that a payload may name.
pub const MAX_MAX_TOKENS: u32 = 131_072;

const MAX_MESSAGES: usize = 1_024;
const MAX_STOPS: usize = 16;
const MAX_STOP_BYTES: usize = 256;
pub(super) const MAX_MODEL_BYTES: usize = 256;

/// What to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Request {
    /// Ask a language model.
    Infer(Infer),
    /// Turn texts into vectors.
    Embed(Embed),
    /// Run a built-in task.
    Task(Task),
}

/// A question to a language model.
#[derive(Clone, Debug, PartialEq)]
pub struct Infer {
    /// The model's name; none for the worker's first.
    pub model: Option<String>,
    /// The conversation, oldest first; a bare prompt is one message of the user.
    pub messages: Vec<Message>,
    /// The most tokens to write, at least 1.
    pub max_tokens: u32,
    /// 0 to 2.
    pub temperature: Option<f64>,
    /// Above 0, at most 1.
    pub top_p: Option<f64>,
    /// What the random numbers begin with.
    pub seed: Option<u64>,
    /// Texts that end the answer; none is empty.
    pub stop: Vec<String>,
    /// Where the output is to be the whole answer of a chat: what it asks for beside the text.
    pub chat: Option<Chat>,
    /// Whether the one message is a text to go on with, and not one to answer.
    pub raw: bool,
    /// Whether nobody is told of the answer before its end.
    pub whole: bool,
}

impl Infer {
    /// Refuses what a model does not honour, by its name.
    pub(super) fn fits(&self, model: &ModelOffer) -> Result<(), EngineError> {
        if !model.features.contains(&Feature::Chat) {
            let no = format!("{} makes vectors of texts and does not answer them", model.name);
            return Err(EngineError::Unsupported(no));
        }
        let of_tools = self.messages.iter().any(Message::is_of_tools);
        if of_tools && !model.features.contains(&Feature::Tools) {
            let no = format!("{} does not support tools, and the messages speak of them", model.name);
            return Err(EngineError::Unsupported(no));
        }
        if self.raw && !model.features.contains(&Feature::Completions) {
            let no = format!("{} answers texts and does not go on with them", model.name);
            return Err(EngineError::Unsupported(no));
        }
        self.chat.as_ref().map_or(Ok(()), |chat| chat.fits(&model.name, &model.features))
    }
}

/// A built-in task with its input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    /// Which task.
    pub kind: TaskKind,
    /// The text to work on; not blank.
    pub input: String,
}

/// The built-in tasks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskKind {
    /// The most central sentences of a text.
    Summarize,
    /// Whether a text speaks well or ill of its subject.
    Classify,
    /// The JSON values in a text.
    ExtractJson,
}

impl TaskKind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Summarize, Self::Classify, Self::ExtractJson];

    /// The name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Summarize => "summarize",
            Self::Classify => "classify",
            Self::ExtractJson => "extract_json",
        }
    }
}

#[derive(Deserialize)]
struct WireKind {
    job_type: JobType,
    answer: Option<AnswerForm>,
}

/// The form of the output, where it is not the plain one.
#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum AnswerForm {
    Chat,
    Completion,
    Embeddings,
}

#[derive(Deserialize)]
struct WireInfer {
    prompt: Option<String>,
    messages: Option<Vec<WireMessage>>,
    max_tokens: Option<u32>,
    model: Option<String>,
    temperature: Option<f64>,
    top_p: Option<f64>,
    seed: Option<u64>,
    stop: Option<OneOrMany>,
}

#[derive(Deserialize)]
struct WireTask {
    task_type: TaskKind,
    input: String,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl Request {
    /// Reads the payload of a job: `{"job_type":"LLM_INFER","prompt",…}` or `{"job_type":"TASK","task_type","input"}`.
    ///
    /// A model may also be asked with `messages` in place of `prompt`, and with `model`, `temperature`, `top_p`,
    /// `seed` and `stop`, all as in OpenAI's chat completions. With `"answer":"chat"` the output is the whole answer of a
    /// chat, and the fields of [`Chat`] count. With `"answer":"completion"` the model goes on with the prompt, and with
    /// `"answer":"embeddings"` the payload is that of [`Embed`]. Fields that are not known are ignored.
    pub fn from_payload(payload: &str) -> Result<Self, EngineError> {
        EngineError::at_most("bytes of payload", MAX_PAYLOAD_BYTES, payload.len())?;
        let WireKind { job_type, answer } = read(payload)?;
        if job_type == JobType::Task {
            return read::<WireTask>(payload)?.check().map(Self::Task);
        }
        let chat = match answer {
            Some(AnswerForm::Embeddings) => return Embed::from_payload(payload).map(Self::Embed),
            Some(AnswerForm::Chat) => Some(read::<WireChat>(payload)?.check()?),
            Some(AnswerForm::Completion) => Some(read::<WireChat>(payload)?.check()?.for_raw_text()),
            None => None,
        };
        let raw = matches!(answer, Some(AnswerForm::Completion));
        let infer = Infer { chat, raw, ..read::<WireInfer>(payload)?.check()? };
        if raw && infer.messages.len() != 1 {
            return Err(invalid("a text to go on with is one prompt"));
        }
        Ok(Self::Infer(infer))
    }
}

/// Reads a part of a payload. From the text each time, so that what is passed on keeps its bytes.
pub(super) fn read<'de, T: Deserialize<'de>>(payload: &'de str) -> Result<T, EngineError> {
    serde_json::from_str(payload).map_err(|error| invalid(format!("payload: {error}")))
}

impl WireInfer {
    fn check(self) -> Result<Infer, EngineError> {
        let messages = match (self.prompt, self.messages) {
            (Some(content), None) => vec![Message::new(Role::User, content)],
            (None, Some(messages)) => {
                EngineError::at_most("messages", MAX_MESSAGES, messages.len())?;
                messages.into_iter().map(WireMessage::check).collect::<Result<_, _>>()?
            }
            (Some(_), Some(_)) => return Err(invalid("give either prompt or messages, not both")),
            (None, None) => return Err(invalid("prompt is missing")),
        };
        let bytes = messages.iter().map(Message::bytes).sum();
        EngineError::at_most("bytes of prompt", MAX_PROMPT_BYTES, bytes)?;
        if messages.iter().all(|message| message.content.trim().is_empty()) {
            return Err(invalid("the prompt is empty"));
        }
        let max_tokens = self.max_tokens.unwrap_or(DEFAULT_MAX_TOKENS);
        if !(1..=MAX_MAX_TOKENS).contains(&max_tokens) {
            return Err(invalid(format!("max_tokens must be between 1 and {MAX_MAX_TOKENS}")));
        }
        if self.temperature.is_some_and(|temperature| !(0.0..=2.0).contains(&temperature)) {
            return Err(invalid("temperature must be between 0 and 2"));
        }
        if self.top_p.is_some_and(|top_p| !(top_p > 0.0 && top_p <= 1.0)) {
            return Err(invalid("top_p must be above 0 and at most 1"));
        }
        let model = check_model(self.model)?;
        Ok(Infer {
            model,
            messages,
            max_tokens,
            temperature: self.temperature,
            top_p: self.top_p,
            seed: self.seed,
            stop: check_stop(self.stop)?,
            chat: None,
            raw: false,
            whole: false,
        })
    }
}

/// An empty name is none.
pub(super) fn check_model(model: Option<String>) -> Result<Option<String>, EngineError> {
    let model = model.filter(|model| !model.is_empty());
    EngineError::at_most("bytes of model name", MAX_MODEL_BYTES, model.as_ref().map_or(0, String::len))?;
    Ok(model)
}

fn check_stop(stop: Option<OneOrMany>) -> Result<Vec<String>, EngineError> {
    let stop = match stop {
        None => vec![],
        Some(OneOrMany::One(text)) => vec![text],
        Some(OneOrMany::Many(texts)) => texts,
    };
    EngineError::at_most("stop sequences", MAX_STOPS, stop.len())?;
    for text in &stop {
        EngineError::at_most("bytes of stop sequence", MAX_STOP_BYTES, text.len())?;
        if text.is_empty() {
            return Err(invalid("a stop sequence is empty"));
        }
    }
    Ok(stop)
}

impl WireTask {
    fn check(self) -> Result<Task, EngineError> {
        EngineError::at_most("bytes of input", MAX_INPUT_BYTES, self.input.len())?;
        if self.input.trim().is_empty() {
            return Err(invalid("input is empty"));
        }
        Ok(Task { kind: self.task_type, input: self.input })
    }
}

pub(super) fn invalid(reason: impl Into<String>) -> EngineError {
    EngineError::Invalid(reason.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn infer(payload: &str) -> Infer {
        match Request::from_payload(payload).unwrap() {
            Request::Infer(infer) => infer,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_dialects_own_payloads_are_read() {
        let asked = infer(
            r#"{"job_type":"LLM_INFER","prompt":"Explain quantum computing in one paragraph.","max_tokens":256}"#,
        );
        let content = "Explain quantum computing in one paragraph.";
        assert_eq!((asked.messages, asked.chat), (vec![Message::new(Role::User, content)], None));
        assert_eq!((asked.max_tokens, asked.model, asked.stop.len()), (256, None, 0));
        assert_eq!(infer(r#"{"job_type":"LLM_INFER","prompt":"Hi"}"#).max_tokens, DEFAULT_MAX_TOKENS);

        let task = r#"{"job_type":"TASK","task_type":"classify","input":"This product is amazing and works perfectly."}"#;
        let input = "This product is amazing and works perfectly.".to_owned();
        assert_eq!(Request::from_payload(task), Ok(Request::Task(Task { kind: TaskKind::Classify, input })));
    }

    #[test]
    fn a_conversation_with_every_setting_is_read_and_unknown_fields_are_passed_over() {
        let asked = infer(
            r#"{"job_type":"LLM_INFER","model":"m","messages":[{"role":"developer","content":"Be brief."},
                {"role":"user","content":[{"type":"text","text":"What is "},{"type":"text","text":"escrow?"}]}],
                "temperature":0.7,"top_p":0.9,"seed":7,"stop":"END","max_tokens":null,"frequency_penalty":1,"user":"u"}"#,
        );
        assert_eq!(asked.messages[0], Message::new(Role::System, "Be brief."));
        assert_eq!(asked.messages[1].content, "What is escrow?");
        assert_eq!((asked.temperature, asked.top_p, asked.seed), (Some(0.7), Some(0.9), Some(7)));
        assert_eq!((asked.model.as_deref(), asked.stop), (Some("m"), vec!["END".to_owned()]));
    }

    #[test]
    fn only_the_answer_of_a_chat_asks_for_more_than_text() {
        let fields = r#""prompt":"x","tools":7,"logprobs":"yes","response_format":{"type":"json_object"}"#;
        assert_eq!(infer(&format!(r#"{{"job_type":"LLM_INFER",{fields},"answer":null}}"#)).chat, None);
        let chat = format!(r#"{{"job_type":"LLM_INFER",{fields},"answer":"chat"}}"#);
        assert!(matches!(Request::from_payload(&chat), Err(EngineError::Invalid(_))));
        let asked = infer(
            r#"{"tools":[{"type":"function"}],"answer":"chat","prompt":"x","job_type":"LLM_INFER","logprobs":true}"#,
        );
        let chat = asked.chat.unwrap();
        assert_eq!((chat.tools[0].get(), chat.logprobs), (r#"{"type":"function"}"#, true));
    }

    #[test]
    fn what_says_nothing_or_nonsense_is_invalid() {
        for payload in [
            "",
            "[]",
            "{}",
            r#"{"job_type":"TRAIN","prompt":"x"}"#,
            r#"{"job_type":"LLM_INFER"}"#,
            r#"{"job_type":"LLM_INFER","prompt":" \n"}"#,
            r#"{"job_type":"LLM_INFER","messages":[]}"#,
            r#"{"job_type":"LLM_INFER","prompt":"x","messages":[{"role":"user","content":"x"}]}"#,
            r#"{"job_type":"LLM_INFER","prompt":"x","max_tokens":0}"#,
            r#"{"job_type":"LLM_INFER","prompt":"x","max_tokens":-1}"#,
            r#"{"job_type":"LLM_INFER","prompt":"x","max_tokens":131073}"#,
            r#"{"job_type":"LLM_INFER","prompt":"x","temperature":2.5}"#,
            r#"{"job_type":"LLM_INFER","prompt":"x","top_p":0}"#,
            r#"{"job_type":"LLM_INFER","prompt":"x","stop":[""]}"#,
            r#"{"job_type":"LLM_INFER","messages":[{"role":"tool","content":"x"}]}"#,
            r#"{"job_type":"LLM_INFER","prompt":"x","answer":"poem"}"#,
            r#"{"job_type":"TASK","task_type":"translate","input":"x"}"#,
            r#"{"job_type":"TASK","task_type":"classify","input":""}"#,
            r#"{"job_type":"TASK","task_type":"classify","input":"\ud800"}"#,
        ] {
            let refused = Request::from_payload(payload);
            assert!(matches!(refused, Err(EngineError::Invalid(_))), "{payload} -> {refused:?}");
        }
        let picture =
            r#"{"job_type":"LLM_INFER","messages":[{"role":"user","content":[{"type":"image_url"}]}]}"#;
        assert!(matches!(Request::from_payload(picture), Err(EngineError::Unsupported(_))));
    }

    #[test]
    fn what_is_beyond_a_limit_is_too_large() {
        let task = |bytes| {
            format!(r#"{{"job_type":"TASK","task_type":"summarize","input":"{}"}}"#, "x".repeat(bytes))
        };
        assert!(Request::from_payload(&task(MAX_INPUT_BYTES)).is_ok());
        let prompt = |bytes| format!(r#"{{"job_type":"LLM_INFER","prompt":"{}"}}"#, "x".repeat(bytes));
        assert!(Request::from_payload(&prompt(MAX_PROMPT_BYTES)).is_ok());
        let stops =
            format!(r#"{{"job_type":"LLM_INFER","prompt":"x","stop":{:?}}}"#, vec!["s"; MAX_STOPS + 1]);
        let model = format!(
            r#"{{"job_type":"LLM_INFER","prompt":"x","model":"{}"}}"#,
            "m".repeat(MAX_MODEL_BYTES + 1)
        );
        let nested = format!(r#"{{"job_type":"LLM_INFER","x":{}"#, "[".repeat(MAX_PAYLOAD_BYTES));
        let calls = format!(
            r#"{{"job_type":"LLM_INFER","messages":[{{"role":"assistant","content":"x","tool_calls":[{{"x":"{}"}}]}}]}}"#,
            "x".repeat(MAX_PROMPT_BYTES)
        );
        for payload in [task(MAX_INPUT_BYTES + 1), prompt(MAX_PROMPT_BYTES + 1), stops, model, nested, calls]
        {
            let refused = Request::from_payload(&payload);
            assert!(matches!(refused, Err(EngineError::TooLarge { .. })), "{refused:?}");
        }
    }

    #[test]
    fn deep_nesting_is_an_error_and_no_crash() {
        let deep = format!(r#"{{"job_type":"LLM_INFER","prompt":"x","y":{}"#, "[".repeat(100_000));
        assert!(matches!(Request::from_payload(&deep), Err(EngineError::Invalid(_))));
    }
}
