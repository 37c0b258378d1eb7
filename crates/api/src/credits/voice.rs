//! The words in which an answer is given, whole or streamed: each route has its own.

use super::errors::Problem;
use super::wire::{Output, Usage, usage};
use axum::response::sse::Event;
use docket_core::feature::{Feature, Features};
use docket_core::job::Job;
use docket_protocol::answer::{Delta, Extras, Logprobs};
use serde::Serialize;
use serde_json::{Value, json};

/// Says an answer. Of one that is streamed it says the opening first, then what comes in its order, then the end.
pub(super) trait Voice: Send {
    /// A whole answer.
    fn whole(&self, job: &Job, output: &Output) -> Value;
    /// What comes before anything of a streamed answer.
    fn opening(&mut self, job: &Job) -> Vec<Event>;
    /// More text.
    fn text(&mut self, job: &Job, text: &str) -> Vec<Event>;
    /// Something beside text.
    fn beside(&mut self, job: &Job, delta: Delta) -> Vec<Event>;
    /// The end of an answer that is whole.
    fn closing(&mut self, job: &Job, output: &Output) -> Vec<Event>;
    /// The end of one that is not.
    fn failed(&mut self, job: &Job, problem: &Problem) -> Vec<Event>;
}

/// The voice in which an answer is told to who comes by later.
pub(super) fn of(job: &Job) -> Box<dyn Voice> {
    let goes_on = job.ask.needs.include(Features::NONE.with(Feature::Completions));
    let include_usage = true;
    if goes_on { Box::new(TextVoice { include_usage }) } else { Box::new(ChatVoice { include_usage }) }
}

/// OpenAI's chat completions.
pub(super) struct ChatVoice {
    /// Whether a streamed answer ends with a count of tokens.
    pub(super) include_usage: bool,
}

/// OpenAI's completions of a text.
pub(super) struct TextVoice {
    /// Whether a streamed answer ends with a count of tokens.
    pub(super) include_usage: bool,
}

/// No choices, where only tokens are counted.
const NONE: [(); 0] = [];

/// The name under which OpenAI's clients know an answer.
pub(super) fn name(prefix: &str, job: &Job) -> String {
    let name = &*job.public_id.text;
    format!("{prefix}{}", name.strip_prefix("job_").unwrap_or(name))
}

/// What is around all that OpenAI's interface says of an answer.
#[derive(Serialize)]
struct Envelope<'a, Choices> {
    id: String,
    object: &'static str,
    created: i64,
    model: Option<&'a str>,
    choices: Choices,
    usage: Option<Usage>,
    system_fingerprint: (),
}

impl<'a, Choices: Serialize> Envelope<'a, Choices> {
    fn new(prefix: &str, object: &'static str, job: &'a Job, choices: Choices) -> Self {
        Self {
            id: name(prefix, job),
            object,
            created: job.created_at.0 / 1_000,
            model: job.ask.model.as_deref(),
            choices,
            usage: None,
            system_fingerprint: (),
        }
    }

    fn with(self, usage: Option<Usage>) -> Self {
        Self { usage, ..self }
    }

    fn event(&self) -> Event {
        Event::default().data(serde_json::to_string(self).expect("it holds only what JSON can hold"))
    }
}

/// A part of a chat's answer.
#[derive(Serialize)]
struct Part<'a, Delta> {
    index: u8,
    delta: Delta,
    logprobs: Option<Value>,
    finish_reason: Option<&'a str>,
}

/// More text of a chat's answer; the first part also says whose it is.
#[derive(Serialize)]
struct Content<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'static str>,
    content: &'a str,
}

impl ChatVoice {
    fn envelope<'a, C: Serialize>(object: &'static str, job: &'a Job, choices: C) -> Envelope<'a, C> {
        Envelope::new("chatcmpl-", object, job, choices)
    }

    fn chunk<'a, C: Serialize>(job: &'a Job, choices: C) -> Envelope<'a, C> {
        Self::envelope("chat.completion.chunk", job, choices)
    }

    fn delta(
        job: &Job,
        delta: impl Serialize,
        logprobs: Option<Value>,
        finish_reason: Option<&str>,
    ) -> Vec<Event> {
        vec![Self::chunk(job, [Part { index: 0, delta, logprobs, finish_reason }]).event()]
    }
}

impl Voice for ChatVoice {
    fn whole(&self, job: &Job, output: &Output) -> Value {
        let Extras { tool_calls, logprobs, refusal, reasoning_content } = &output.extras;
        // Where a model does nothing but call tools, OpenAI has no content.
        let content = Some(&output.text).filter(|text| !text.is_empty() || tool_calls.is_empty());
        let mut message = json!({"role": "assistant", "content": content, "refusal": refusal});
        if !tool_calls.is_empty() {
            message["tool_calls"] = json!(tool_calls);
        }
        if let Some(thought) = reasoning_content {
            message["reasoning_content"] = json!(thought);
        }
        let choice = json!({
            "index": 0,
            "message": message,
            "logprobs": logprobs.as_ref().map(likelihoods),
            "finish_reason": output.reason(),
        });
        json!(Self::envelope("chat.completion", job, [choice]).with(usage(job)))
    }

    fn opening(&mut self, job: &Job) -> Vec<Event> {
        Self::delta(job, Content { role: Some("assistant"), content: "" }, None, None)
    }

    fn text(&mut self, job: &Job, text: &str) -> Vec<Event> {
        Self::delta(job, Content { role: None, content: text }, None, None)
    }

    fn beside(&mut self, job: &Job, mut delta: Delta) -> Vec<Event> {
        let logprobs = delta.logprobs.take();
        Self::delta(job, delta, logprobs.as_ref().map(likelihoods), None)
    }

    fn closing(&mut self, job: &Job, output: &Output) -> Vec<Event> {
        let mut events = Self::delta(job, json!({}), None, Some(output.reason()));
        events.extend(self.include_usage.then(|| Self::chunk(job, NONE).with(usage(job)).event()));
        events.push(done());
        events
    }

    fn failed(&mut self, _: &Job, problem: &Problem) -> Vec<Event> {
        vec![Event::default().data(problem.json())]
    }
}

/// A text, or a part of it.
#[derive(Serialize)]
struct Written<'a> {
    text: &'a str,
    index: u8,
    logprobs: (),
    finish_reason: Option<&'a str>,
}

impl TextVoice {
    fn envelope<C: Serialize>(job: &Job, choices: C) -> Envelope<'_, C> {
        Envelope::new("cmpl-", "text_completion", job, choices)
    }

    const fn choice<'a>(text: &'a str, finish_reason: Option<&'a str>) -> [Written<'a>; 1] {
        [Written { text, index: 0, logprobs: (), finish_reason }]
    }
}

impl Voice for TextVoice {
    fn whole(&self, job: &Job, output: &Output) -> Value {
        json!(Self::envelope(job, Self::choice(&output.text, Some(output.reason()))).with(usage(job)))
    }

    fn opening(&mut self, _: &Job) -> Vec<Event> {
        Vec::new()
    }

    fn text(&mut self, job: &Job, text: &str) -> Vec<Event> {
        vec![Self::envelope(job, Self::choice(text, None)).event()]
    }

    /// A text that is gone on with has nothing beside.
    fn beside(&mut self, _: &Job, _: Delta) -> Vec<Event> {
        Vec::new()
    }

    fn closing(&mut self, job: &Job, output: &Output) -> Vec<Event> {
        let mut events = vec![Self::envelope(job, Self::choice("", Some(output.reason()))).event()];
        events.extend(self.include_usage.then(|| Self::envelope(job, NONE).with(usage(job)).event()));
        events.push(done());
        events
    }

    fn failed(&mut self, _: &Job, problem: &Problem) -> Vec<Event> {
        vec![Event::default().data(problem.json())]
    }
}

fn likelihoods(logprobs: &Logprobs) -> Value {
    json!({"content": logprobs.content, "refusal": null})
}

fn done() -> Event {
    Event::default().data("[DONE]")
}
