//! An answer as it is being given, as server-sent events. The page knows of no such thing; `docs/dialects.md` does.

use super::errors::Problem;
use super::routes::{JobName, body, find};
use crate::app::App;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::sse::{Event, KeepAlive, Sse};
use docket_core::id::PublicId;
use docket_engine::{Engine, Follower, Mark, News};
use futures::stream::{self, Stream};
use serde_json::json;
use std::convert::Infallible;
use std::sync::Arc;

/// `GET /v1/jobs/{id}/stream`: events `text` as text arrives, `again` when another worker begins from nothing, and
/// at the end one event `job` with what `GET /v1/jobs/{id}` answers. With `Last-Event-ID` it goes on from there.
pub(crate) async fn stream(
    State(app): State<Arc<App>>,
    JobName(id): JobName,
    headers: HeaderMap,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Problem> {
    let job = find(&app.engine, &id).await?;
    let follower = app.engine.follow(job.id, last_event(&headers));
    let reader = Reader { engine: app.engine.clone(), id, follower, over: false };
    let events = stream::unfold(reader, |mut reader| async move { Some((Ok(reader.next().await?), reader)) });
    Ok(Sse::new(events).keep_alive(KeepAlive::default()))
}

struct Reader {
    engine: Arc<Engine>,
    id: PublicId,
    follower: Option<Follower>,
    over: bool,
}

impl Reader {
    /// The next event; `None` after the last.
    async fn next(&mut self) -> Option<Event> {
        while let Some(follower) = &mut self.follower {
            match follower.next().await {
                Some(News::Text(text, Mark { beginning, bytes })) => {
                    let id = format!("{beginning}-{bytes}");
                    return Some(
                        Event::default().event("text").id(id).data(json!({"text": text}).to_string()),
                    );
                }
                // The events of this dialect know of text alone; what else there is, the job says at the end.
                Some(News::Delta(..)) => {}
                Some(News::Again) => return Some(Event::default().event("again").data("{}")),
                None => self.follower = None,
            }
        }
        if std::mem::replace(&mut self.over, true) {
            return None;
        }
        self.engine.caught_up().await;
        // An answer that cannot be read now is one that the client asks for again.
        let job = find(&self.engine, &self.id).await.ok()?;
        let body = body(&self.engine, &job).await.ok()?;
        Some(Event::default().event("job").data(String::from_utf8(body).ok()?))
    }
}

/// The place after what the client has; the beginning if it has nothing, or says what was never said to it.
fn last_event(headers: &HeaderMap) -> Mark {
    let place = headers.get("last-event-id").and_then(|id| {
        let (beginning, bytes) = id.to_str().ok()?.split_once('-')?;
        Some(Mark { beginning: beginning.parse().ok()?, bytes: bytes.parse().ok()? })
    });
    place.unwrap_or_default()
}
