//! A response, whole, or as numbered events of its items.

use super::super::errors::{Code, Problem};
use super::super::voice::{Voice, name};
use super::super::wire::{Output, usage};
use super::items::Item;
use axum::response::sse::Event;
use docket_core::job::{Job, State};
use docket_protocol::answer::{CallPart, Delta};
use serde_json::{Value, json};

/// OpenAI's responses.
pub(super) struct ResponseVoice {
    /// What is repeated of the request.
    echo: Value,
    /// How many events there were.
    events: u64,
    /// The items so far. Of those before the last only calls may still grow.
    items: Vec<Item>,
    /// The item that is being said, if it is no call.
    open: Option<usize>,
    /// Where each call stands among the items.
    calls: Vec<usize>,
}

impl ResponseVoice {
    /// A voice that repeats this of the request. It is read from text, so that what is told at once and what is told
    /// later are read from the same bytes, and are the same to the last digit.
    pub(super) fn new(echo: &str) -> Result<Self, Problem> {
        let echo = serde_json::from_str(echo);
        let echo = echo.map_err(|_| Problem::new(Code::Internal, "The response cannot be read."))?;
        Ok(Self { echo, events: 0, items: Vec::new(), open: None, calls: Vec::new() })
    }

    /// The response as long as there is no answer.
    pub(super) fn unfinished(&self, job: &Job) -> Value {
        let status = if matches!(job.state, State::Running { .. }) { "in_progress" } else { "queued" };
        self.response(job, status, &[], &[])
    }

    /// The response of a job that came to nothing.
    pub(super) fn nothing(&self, job: &Job, problem: &Problem) -> Value {
        self.gone_wrong(job, &[], problem)
    }

    /// The response of which only a part arrived.
    pub(super) fn broken(&self, job: &Job, output: &Output, problem: &Problem) -> Value {
        self.gone_wrong(job, &views(job, &Item::of(&output.text, &output.extras)), problem)
    }

    fn gone_wrong(&self, job: &Job, items: &[Value], problem: &Problem) -> Value {
        let (code, message) = problem.words();
        self.response(job, "failed", items, &[("error", json!({"code": code, "message": message}))])
    }

    fn response(&self, job: &Job, status: &str, output: &[Value], more: &[(&str, Value)]) -> Value {
        let mut response = self.echo.clone();
        response["id"] = json!(name("resp_", job));
        response["object"] = json!("response");
        response["created_at"] = json!(job.created_at.0 / 1_000);
        response["status"] = json!(status);
        response["output"] = json!(output);
        for name in ["error", "incomplete_details", "usage"] {
            response[name] = Value::Null;
        }
        for (name, value) in more {
            response[*name] = value.clone();
        }
        response
    }

    /// The response to a whole answer, which may have ended because it was long enough.
    fn ended(&self, job: &Job, output: &Output, items: &[Value]) -> Value {
        let used = usage(job).map(|usage| {
            json!({
                "input_tokens": usage.prompt_tokens,
                "input_tokens_details": {"cached_tokens": 0},
                "output_tokens": usage.completion_tokens,
                "output_tokens_details": {"reasoning_tokens": 0},
                "total_tokens": usage.total_tokens,
            })
        });
        let used = ("usage", json!(used));
        match output.reason() {
            "length" => {
                let why = ("incomplete_details", json!({"reason": "max_output_tokens"}));
                self.response(job, "incomplete", items, &[used, why])
            }
            _ => self.response(job, "completed", items, &[used]),
        }
    }

    /// The next event.
    fn event(&mut self, kind: &str, members: Value) -> Event {
        let mut data = json!({"type": kind, "sequence_number": self.events});
        if let (Value::Object(data), Value::Object(members)) = (&mut data, members) {
            data.extend(members);
        }
        self.events += 1;
        Event::default().event(kind).data(data.to_string())
    }

    /// An event about an item or, where it has one, its part.
    fn about(&mut self, job: &Job, place: usize, kind: &str, members: Value) -> Event {
        let item = &self.items[place];
        let mut all = json!({"item_id": item.id(job, place), "output_index": place});
        if item.part().is_some() {
            all["content_index"] = json!(0);
        }
        if let (Value::Object(all), Value::Object(members)) = (&mut all, members) {
            all.extend(members);
        }
        self.event(kind, all)
    }

    /// Begins an item.
    fn begin(&mut self, job: &Job, item: Item) -> Vec<Event> {
        let mut events = self.end_open(job);
        let place = self.items.len();
        let view = item.view(job, place, false);
        let part = item.part();
        self.items.push(item);
        events.push(self.event("response.output_item.added", json!({"output_index": place, "item": view})));
        if let Some(part) = part {
            self.open = Some(place);
            events.push(self.about(job, place, "response.content_part.added", json!({"part": part})));
        } else {
            self.calls.push(place);
        }
        events
    }

    /// Ends the item that is being said.
    fn end_open(&mut self, job: &Job) -> Vec<Event> {
        let Some(place) = self.open.take() else { return Vec::new() };
        self.end(job, place)
    }

    fn end(&mut self, job: &Job, place: usize) -> Vec<Event> {
        let item = self.items[place].clone();
        let (kind, said) = match &item {
            Item::Thought(text) => ("response.reasoning_text.done", json!({"text": text})),
            Item::Text(text) => ("response.output_text.done", json!({"text": text, "logprobs": []})),
            Item::Refusal(refusal) => ("response.refusal.done", json!({"refusal": refusal})),
            Item::Call { name, arguments, .. } => {
                ("response.function_call_arguments.done", json!({"name": name, "arguments": arguments}))
            }
        };
        let mut events = vec![self.about(job, place, kind, said)];
        if let Some(part) = item.part() {
            events.push(self.about(job, place, "response.content_part.done", json!({"part": part})));
        }
        let view = item.view(job, place, true);
        events.push(self.event("response.output_item.done", json!({"output_index": place, "item": view})));
        events
    }

    /// Says more of the open item, or begins one of its kind.
    fn say(&mut self, job: &Job, item: Item) -> Vec<Event> {
        let alike = |open: &Item| std::mem::discriminant(open) == std::mem::discriminant(&item);
        let mut events = Vec::new();
        let place = match self.open.filter(|place| alike(&self.items[*place])) {
            Some(place) => place,
            None => {
                let empty = match &item {
                    Item::Thought(_) => Item::Thought(String::new()),
                    Item::Refusal(_) => Item::Refusal(String::new()),
                    _ => Item::Text(String::new()),
                };
                events = self.begin(job, empty);
                self.items.len() - 1
            }
        };
        let (kind, more) = match (&mut self.items[place], item) {
            (Item::Thought(text), Item::Thought(more)) => {
                text.push_str(&more);
                ("response.reasoning_text.delta", json!({"delta": more}))
            }
            (Item::Refusal(text), Item::Refusal(more)) => {
                text.push_str(&more);
                ("response.refusal.delta", json!({"delta": more}))
            }
            (Item::Text(text), Item::Text(more)) => {
                text.push_str(&more);
                ("response.output_text.delta", json!({"delta": more, "logprobs": []}))
            }
            _ => return events,
        };
        events.push(self.about(job, place, kind, more));
        events
    }

    /// Says more of a call, or begins it. The relay has checked that the parts fit together.
    fn call(&mut self, job: &Job, part: CallPart) -> Vec<Event> {
        let more = part.function.arguments.unwrap_or_default();
        let mut events = Vec::new();
        let mut named = part.function.name;
        if let Some(call_id) = part.id {
            let name = named.take().unwrap_or_default();
            events = self.begin(job, Item::Call { call_id, name, arguments: String::new() });
        }
        let Some(&place) = self.calls.get(part.index as usize) else { return events };
        let Item::Call { name, arguments, .. } = &mut self.items[place] else { return events };
        if let Some(late) = named {
            *name = late;
        }
        if !more.is_empty() {
            arguments.push_str(&more);
            let more = json!({"delta": more});
            events.push(self.about(job, place, "response.function_call_arguments.delta", more));
        }
        events
    }
}

/// Items that are said to their end.
fn views(job: &Job, items: &[Item]) -> Vec<Value> {
    items.iter().enumerate().map(|(place, item)| item.view(job, place, true)).collect()
}

impl Voice for ResponseVoice {
    fn whole(&self, job: &Job, output: &Output) -> Value {
        self.ended(job, output, &views(job, &Item::of(&output.text, &output.extras)))
    }

    fn opening(&mut self, job: &Job) -> Vec<Event> {
        let response = json!({"response": self.response(job, "in_progress", &[], &[])});
        vec![self.event("response.created", response.clone()), self.event("response.in_progress", response)]
    }

    fn text(&mut self, job: &Job, text: &str) -> Vec<Event> {
        self.say(job, Item::Text(text.to_owned()))
    }

    fn beside(&mut self, job: &Job, delta: Delta) -> Vec<Event> {
        let thought = delta.reasoning_content.map(Item::Thought);
        let refusal = delta.refusal.map(Item::Refusal);
        let mut events = Vec::new();
        for item in thought.into_iter().chain(refusal) {
            events.extend(self.say(job, item));
        }
        for part in delta.tool_calls {
            events.extend(self.call(job, part));
        }
        events
    }

    fn closing(&mut self, job: &Job, output: &Output) -> Vec<Event> {
        let mut events = match self.items.is_empty() {
            true => self.begin(job, Item::Text(String::new())),
            false => Vec::new(),
        };
        events.extend(self.end_open(job));
        for place in std::mem::take(&mut self.calls) {
            events.extend(self.end(job, place));
        }
        let response = self.ended(job, output, &views(job, &self.items));
        let kind =
            if response["status"] == "incomplete" { "response.incomplete" } else { "response.completed" };
        events.push(self.event(kind, json!({"response": response})));
        events
    }

    fn failed(&mut self, job: &Job, problem: &Problem) -> Vec<Event> {
        let (code, message) = problem.words();
        let response = self.gone_wrong(job, &views(job, &self.items), problem);
        vec![
            self.event("response.failed", json!({"response": response})),
            self.event("error", json!({"code": code, "message": message, "param": null})),
        ]
    }
}
