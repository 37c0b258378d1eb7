//! From an address to a registered connection, and why there is none, in words that help.

use docket_protocol::frames::{
    AckStatus, ChallengeResponse, FromCoordinator, FromWorker, MAX_FRAME_BYTES, Register, RegisterAck,
    decode_from_coordinator, encode,
};
use docket_protocol::keys::SigningKey;
use futures::{SinkExt, StreamExt};
use reqwest::Url;
use std::io;
use std::time::Duration;
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, client_async_tls_with_config};

/// A WebSocket to the coordinator.
pub(crate) type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

const REACH_WITHIN: Duration = Duration::from_secs(5);
const REGISTER_WITHIN: Duration = Duration::from_secs(10);
/// What an idle connection keeps in memory for each direction.
const BUFFER_BYTES: usize = 4 << 10;
/// A larger message ends the connection; one between this and the limit of frames is passed over.
const MAX_MESSAGE_BYTES: usize = 2 * MAX_FRAME_BYTES;

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConnectError {
    #[error("the name of {0} cannot be resolved: {1}")]
    UnknownHost(String, io::Error),
    #[error("nothing listens on {0}; is the coordinator running, and is the address right?")]
    NothingListens(String),
    #[error("{0} does not answer within {secs} s", secs = REACH_WITHIN.as_secs())]
    Silent(String),
    #[error("{0} cannot be reached: {1}")]
    Unreachable(String, io::Error),
    #[error("{0} answers HTTP {1} where a coordinator would open a WebSocket; is this a Docket coordinator?")]
    NoCoordinator(Url, u16),
    #[error("no WebSocket to {0}: {1}")]
    NoWebSocket(Url, tungstenite::Error),
    #[error("{0} does not register the worker within {secs} s", secs = REGISTER_WITHIN.as_secs())]
    Unregistered(String),
    #[error("the coordinator closed the connection before it registered the worker{0}")]
    Closed(String),
    #[error("refused: {0}")]
    Refused(String),
}

/// Connects, proves the key, and registers.
pub(crate) async fn connect(
    url: &Url,
    key: &SigningKey,
    register: Register,
) -> Result<(Socket, RegisterAck), ConnectError> {
    let host = authority(url);
    let tcp = timeout(REACH_WITHIN, reach(&host)).await.map_err(|_| ConnectError::Silent(host.clone()))??;
    let registered = async {
        let mut socket = upgrade(url, tcp).await?;
        let ack = introduce(&mut socket, key, register).await?;
        Ok((socket, ack))
    };
    timeout(REGISTER_WITHIN, registered).await.map_err(|_| ConnectError::Unregistered(host))?
}

/// The host and the port, also where the URL leaves the port out.
fn authority(url: &Url) -> String {
    let port = url.port_or_known_default().unwrap_or_default();
    format!("{}:{port}", url.host_str().unwrap_or_default())
}

async fn reach(host: &str) -> Result<TcpStream, ConnectError> {
    let addresses = lookup_host(host).await.map_err(|error| ConnectError::UnknownHost(host.into(), error))?;
    let addresses: Vec<_> = addresses.collect();
    let tcp = TcpStream::connect(&*addresses).await.map_err(|error| match error.kind() {
        io::ErrorKind::ConnectionRefused => ConnectError::NothingListens(host.to_owned()),
        io::ErrorKind::TimedOut => ConnectError::Silent(host.to_owned()),
        _ => ConnectError::Unreachable(host.to_owned(), error),
    })?;
    // Small frames must not wait for each other.
    tcp.set_nodelay(true).map_err(|error| ConnectError::Unreachable(host.to_owned(), error))?;
    Ok(tcp)
}

async fn upgrade(url: &Url, tcp: TcpStream) -> Result<Socket, ConnectError> {
    // The first who installs a provider wins, and all here install the same.
    rustls::crypto::ring::default_provider().install_default().ok();
    let limits = WebSocketConfig::default()
        .read_buffer_size(BUFFER_BYTES)
        .write_buffer_size(BUFFER_BYTES)
        .max_message_size(Some(MAX_MESSAGE_BYTES))
        .max_frame_size(Some(MAX_MESSAGE_BYTES));
    match client_async_tls_with_config(url.as_str(), tcp, Some(limits), None).await {
        Ok((socket, _)) => Ok(socket),
        Err(tungstenite::Error::Http(response)) => {
            Err(ConnectError::NoCoordinator(url.clone(), response.status().as_u16()))
        }
        Err(error) => Err(ConnectError::NoWebSocket(url.clone(), error)),
    }
}

async fn introduce(
    socket: &mut Socket,
    key: &SigningKey,
    register: Register,
) -> Result<RegisterAck, ConnectError> {
    say(socket, &FromWorker::Register(Box::new(register))).await?;
    let mut complaint = String::new();
    loop {
        let text = match socket.next().await {
            Some(Ok(Message::Text(text))) => text,
            Some(Ok(Message::Close(_)) | Err(_)) | None => return Err(ConnectError::Closed(complaint)),
            Some(Ok(_)) => continue,
        };
        match decode_from_coordinator(&text) {
            Ok(FromCoordinator::Challenge(challenge)) => {
                let signature = key.sign_registration(&challenge.nonce);
                say(socket, &FromWorker::ChallengeResponse(ChallengeResponse { signature })).await?;
            }
            Ok(FromCoordinator::RegisterAck(ack)) => {
                return match ack.status {
                    AckStatus::Ok => Ok(*ack),
                    AckStatus::Error => Err(ConnectError::Refused(ack.error.unwrap_or_default())),
                };
            }
            Ok(FromCoordinator::Error(error)) => complaint = format!(" ({}: {})", error.code, error.message),
            Ok(_) => {}
            Err(error) => complaint = format!(" (it sent something that was not understood: {error})"),
        }
    }
}

async fn say(socket: &mut Socket, frame: &FromWorker) -> Result<(), ConnectError> {
    let sent = socket.send(Message::text(encode(frame))).await;
    sent.map_err(|error| ConnectError::Closed(format!(" ({error})")))
}
