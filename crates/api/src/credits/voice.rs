//! The words in which an answer is given, whole or streamed: each route has its own.

use super::errors::Problem;
use super::wire::{Output, Usage, usage};
use axum::response::sse::Event;
use docket_core::feature::{Feature, Features};
use docket_core::job::Job;
use docket_protocol::answer::{Delta, Extras, Logprobs};
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

/// The name under which OpenAI's clients know an answer.
pub(super) fn name(prefix: &str, job: &Job) -> String {
    let name = &*job.public_id.text;
    format!("{prefix}{}", name.strip_prefix("job_").unwrap_or(name))
}

impl ChatVoice {
    fn envelope(object: &str, job: &Job, choices: &Value, usage: Option<Usage>) -> Value {
        json!({
            "id": name("chatcmpl-", job),
            "object": object,
            "created": job.created_at.0 / 1_000,
            "model": job.ask.model.as_deref(),
            "choices": choices,
            "usage": usage,
            "system_fingerprint": null,
        })
    }

    fn chunk(job: &Job, choices: &Value, usage: Option<Usage>) -> Event {
        Event::default().data(Self::envelope("chat.completion.chunk", job, choices, usage).to_string())
    }

    fn delta(job: &Job, delta: Value, logprobs: Option<Value>, reason: Option<&str>) -> Vec<Event> {
        let choice = json!({"index": 0, "delta": delta, "logprobs": logprobs, "finish_reason": reason});
        vec![Self::chunk(job, &json!([choice]), None)]
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
        Self::envelope("chat.completion", job, &json!([choice]), usage(job))
    }

    fn opening(&mut self, job: &Job) -> Vec<Event> {
        Self::delta(job, json!({"role": "assistant", "content": ""}), None, None)
    }

    fn text(&mut self, job: &Job, text: &str) -> Vec<Event> {
        Self::delta(job, json!({"content": text}), None, None)
    }

    fn beside(&mut self, job: &Job, mut delta: Delta) -> Vec<Event> {
        let logprobs = delta.logprobs.take();
        Self::delta(job, json!(delta), logprobs.as_ref().map(likelihoods), None)
    }

    fn closing(&mut self, job: &Job, output: &Output) -> Vec<Event> {
        let mut events = Self::delta(job, json!({}), None, Some(output.reason()));
        events.extend(self.include_usage.then(|| Self::chunk(job, &json!([]), usage(job))));
        events.push(done());
        events
    }

    fn failed(&mut self, _: &Job, problem: &Problem) -> Vec<Event> {
        vec![Event::default().data(problem.json())]
    }
}

impl TextVoice {
    fn envelope(job: &Job, choices: &Value, usage: Option<Usage>) -> Value {
        json!({
            "id": name("cmpl-", job),
            "object": "text_completion",
            "created": job.created_at.0 / 1_000,
            "model": job.ask.model.as_deref(),
            "choices": choices,
            "usage": usage,
            "system_fingerprint": null,
        })
    }

    fn choice(text: &str, reason: Option<&str>) -> Value {
        json!([{"text": text, "index": 0, "logprobs": null, "finish_reason": reason}])
    }

    fn chunk(job: &Job, choices: &Value, usage: Option<Usage>) -> Event {
        Event::default().data(Self::envelope(job, choices, usage).to_string())
    }
}

impl Voice for TextVoice {
    fn whole(&self, job: &Job, output: &Output) -> Value {
        Self::envelope(job, &Self::choice(&output.text, Some(output.reason())), usage(job))
    }

    fn opening(&mut self, _: &Job) -> Vec<Event> {
        Vec::new()
    }

    fn text(&mut self, job: &Job, text: &str) -> Vec<Event> {
        vec![Self::chunk(job, &Self::choice(text, None), None)]
    }

    /// A text that is gone on with has nothing beside.
    fn beside(&mut self, _: &Job, _: Delta) -> Vec<Event> {
        Vec::new()
    }

    fn closing(&mut self, job: &Job, output: &Output) -> Vec<Event> {
        let mut events = vec![Self::chunk(job, &Self::choice("", Some(output.reason())), None)];
        events.extend(self.include_usage.then(|| Self::chunk(job, &json!([]), usage(job))));
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
