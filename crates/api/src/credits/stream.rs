//! Answers as they are being given: server-sent events in the words of their route, which can be taken up again.

use super::attend::Present;
use super::auth::Caller;
use super::completions::{find, label, output};
use super::errors::{Code, Problem};
use super::jobs::{JobName, of_caller, reason};
use super::status::is_broken;
use super::voice::{self, Voice};
use super::wire::Output;
use crate::app::App;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use docket_core::job::Job;
use docket_engine::{Follower, Mark, News, ToldAnswer};
use docket_protocol::answer::{Delta, Extras};
use futures::stream::unfold;
use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;

/// Tells proxies to pass on what comes at once.
const UNBUFFERED: HeaderName = HeaderName::from_static("x-accel-buffering");

/// Streams the answer to a request from its beginning. Nothing is sent before there is something to send, so that an
/// early failure is a real status.
pub(super) async fn begin(
    app: Arc<App>,
    job: Arc<Job>,
    present: Present,
    voice: Box<dyn Voice>,
) -> Result<Response, Problem> {
    let telling = Telling::new(app, job, 0, voice).with(present);
    telling.answer().await
}

/// `GET /v1/jobs/{id}/stream`: the answer from its beginning, or from after `Last-Event-ID`, as it comes or came.
pub(crate) async fn stream(
    State(app): State<Arc<App>>,
    Caller(key): Caller,
    JobName(id): JobName,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let job = of_caller(&app, &key, &id).await?;
    if job.ask.is_of_vectors() {
        return Err(Problem::new(Code::WrongState, "Vectors are not streamed."));
    }
    let voice = voice::of(&job);
    Telling::new(app, job, last_event(&headers), voice).answer().await
}

/// The place after what the client has; the beginning if it has nothing, or says what was never said to it.
fn last_event(headers: &HeaderMap) -> usize {
    let bytes = headers.get("last-event-id").and_then(|id| id.to_str().ok()?.parse().ok());
    bytes.unwrap_or_default()
}

/// An answer on its way to a client.
struct Telling {
    app: Arc<App>,
    job: Arc<Job>,
    /// `None` once the job has its answer, or will never have one.
    follower: Option<Follower>,
    /// How many bytes of the answer the client has, as it came.
    told: usize,
    voice: Box<dyn Voice>,
    ready: VecDeque<Event>,
    over: bool,
    /// Keeps the job from being withdrawn.
    present: Option<Present>,
}

impl Telling {
    fn new(app: Arc<App>, job: Arc<Job>, told: usize, voice: Box<dyn Voice>) -> Self {
        let follower = app.engine.follow_from(job.id, told);
        let ready = VecDeque::new();
        Self { app, job, follower, told, voice, ready, over: false, present: None }
    }

    fn with(self, present: Present) -> Self {
        Self { present: Some(present), ..self }
    }

    async fn answer(mut self) -> Result<Response, Problem> {
        let fresh = self.told == 0;
        if fresh {
            self.open();
        }
        self.more().await?;
        if fresh && self.over && self.job.delivery().is_none() {
            return Err(reason(&self.job));
        }
        let job = self.job.clone();
        let app = self.app.clone();
        let events =
            unfold(
                self,
                |mut telling| async move { Some((Ok::<_, Infallible>(telling.next().await?), telling)) },
            );
        let mut response = Sse::new(events).keep_alive(KeepAlive::default()).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        headers.insert(UNBUFFERED, HeaderValue::from_static("no"));
        label(&app, &job, headers).await?;
        Ok(response)
    }

    /// The next event; `None` after the last.
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Some(event);
            }
            if self.over {
                if let Some(present) = self.present.take() {
                    present.served();
                }
                return None;
            }
            if let Err(problem) = self.more().await {
                self.over = true;
                self.fail(&problem);
            }
        }
    }

    /// Waits for more to tell: text, or the end.
    async fn more(&mut self) -> Result<(), Problem> {
        let (mut relayed, mut told) = (None, None);
        while let Some(follower) = &mut self.follower {
            match follower.next().await {
                Some(News::Text(text, Mark { bytes, .. })) => {
                    self.tell_text(bytes, &text);
                    return Ok(());
                }
                Some(News::Delta(delta, Mark { bytes, .. })) => {
                    if let Ok(delta) = serde_json::from_str(&delta) {
                        self.tell_beside(bytes, delta);
                    }
                    return Ok(());
                }
                // Of what another worker had begun the client knows nothing.
                Some(News::Again) => {}
                None => {
                    (relayed, told) = (Some(follower.relayed()), follower.told());
                    self.follower = None;
                }
            }
        }
        self.end(relayed, told).await
    }

    fn open(&mut self) {
        self.ready.extend(self.voice.opening(&self.job));
    }

    fn fail(&mut self, problem: &Problem) {
        self.ready.extend(self.voice.failed(&self.job, problem));
    }

    fn tell_text(&mut self, bytes: usize, text: &str) {
        let events = self.voice.text(&self.job, text);
        self.tell(bytes, events);
    }

    fn tell_beside(&mut self, bytes: usize, delta: Delta) {
        let events = self.voice.beside(&self.job, delta);
        self.tell(bytes, events);
    }

    /// What brings the client to a place: the last of it names the place.
    fn tell(&mut self, bytes: usize, mut events: Vec<Event>) {
        self.told = bytes;
        let last = events.pop().map(|last| last.id(bytes.to_string()));
        self.ready.extend(events.into_iter().chain(last));
    }

    /// What is left of the answer, and how it ended. `relayed` is what the client has: the text's length, and what there
    /// is beside.
    async fn end(
        &mut self,
        relayed: Option<(usize, Extras)>,
        told: Option<ToldAnswer>,
    ) -> Result<(), Problem> {
        self.over = true;
        let output = match told {
            Some(ToldAnswer { job, output }) => {
                self.job = job;
                Output::parse(&output)
            }
            None => {
                self.job = find(&self.app, &self.job.public_id).await?;
                output(&self.app, &self.job).await?
            }
        };
        let Some(output) = output else {
            self.fail(&reason(&self.job));
            return Ok(());
        };
        let (text_bytes, known) = match relayed {
            Some(relayed) => relayed,
            None => self.take_up(&output),
        };
        let rest = output.extras.clone().beyond(&known);
        let (calls, rest): (Vec<_>, _) = rest.into_iter().partition(|delta| !delta.tool_calls.is_empty());
        for delta in rest {
            self.tell_beside(self.told + delta.to_json().len(), delta);
        }
        let start = output.text.floor_char_boundary(text_bytes);
        if start < output.text.len() {
            let rest = &output.text[start..];
            self.tell_text(self.told + rest.len(), rest);
        }
        for delta in calls {
            self.tell_beside(self.told + delta.to_json().len(), delta);
        }
        if is_broken(&self.job) {
            self.fail(&reason(&self.job));
        } else {
            self.ready.extend(self.voice.closing(&self.job, &output));
        }
        Ok(())
    }

    /// What the client has of an answer that has ended. Of one that is only text, its place says it; where there is more,
    /// nobody remembers any longer in which order it came, so the client is told all of it, from who speaks on.
    fn take_up(&mut self, output: &Output) -> (usize, Extras) {
        if self.told > 0 && !output.extras.is_empty() {
            self.told = 0;
            self.open();
        }
        (self.told, Extras::default())
    }
}
