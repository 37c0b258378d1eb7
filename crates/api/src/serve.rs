//! Accepts connections: bounded in number, without delay, and ended in order.

use crate::app::Limits;
use axum::Router;
use axum::extract::connect_info::ConnectInfo;
use axum::http::Request;
use hyper::body::Incoming;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;

/// Where a request came from.
pub type Peer = ConnectInfo<SocketAddr>;

/// A connection's place among those that may be open. Whoever keeps the connection keeps this.
pub(crate) type Place = Arc<OwnedSemaphorePermit>;

/// A listener and the routes behind it.
pub struct Server {
    /// Where it listens.
    pub listener: TcpListener,
    /// What answers.
    pub router: Router,
    /// Bounds on connections and heads.
    pub limits: Limits,
}

impl Server {
    /// Serves until the token is cancelled, then ends what is idle, waits for the rest, at most `grace`, and cuts off
    /// who is still there: who follows a job would stay as long as the job is open.
    pub async fn run(self, shutdown: CancellationToken, grace: Duration) {
        let Self { listener, router, limits } = self;
        let (places, tasks) = (Arc::new(Semaphore::new(limits.connections)), TaskTracker::new());
        let end = End { shutdown, cut: CancellationToken::new() };
        loop {
            let accepted = tokio::select! {
                () = end.shutdown.cancelled() => break,
                accepted = listener.accept() => accepted,
            };
            let (stream, peer) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Out of file descriptors, most likely: the next attempt may succeed.
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            };
            // Beyond the bound a connection is closed at once, which a client sees clearly.
            let Ok(place) = places.clone().try_acquire_owned() else { continue };
            let (router, end) = (router.clone(), end.clone());
            tasks.spawn(connection(stream, peer, Arc::new(place), router, limits, end));
        }
        drop(listener);
        tasks.close();
        if tokio::time::timeout(grace, tasks.wait()).await.is_err() {
            tracing::warn!(
                open = tasks.len(),
                "connections were still open at the end of the grace, and are cut off"
            );
            end.cut.cancel();
            tasks.wait().await;
        }
    }
}

/// How connections learn that it is time to go.
#[derive(Clone)]
struct End {
    /// Answer what was asked, and then no more.
    shutdown: CancellationToken,
    /// Now.
    cut: CancellationToken,
}

async fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    place: Place,
    router: Router,
    limits: Limits,
    end: End,
) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, %peer, "a connection was closed before it was used");
        return;
    }
    let service = hyper::service::service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        request.extensions_mut().insert(place.clone());
        router.clone().oneshot(request)
    });
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head_within)
        .max_buf_size(limits.head.max(8 * 1024))
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    let mut connection = std::pin::pin!(connection);
    let result = tokio::select! {
        result = connection.as_mut() => result,
        () = end.shutdown.cancelled() => {
            connection.as_mut().graceful_shutdown();
            tokio::select! {
                result = connection.as_mut() => result,
                () = end.cut.cancelled() => return,
            }
        }
    };
    if let Err(error) = result {
        tracing::debug!(%error, %peer, "a connection ended early");
    }
}
