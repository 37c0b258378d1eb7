//! Talks to a coordinator over HTTP: what a command asks, and in plain words why it was not answered.

use crate::data::API_KEY;
use anyhow::{Context, Result, anyhow, bail};
use clap::Args;
use reqwest::{Method, RequestBuilder, Response, StatusCode, Url};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The largest answer that is read.
const MOST: usize = 64 << 20;
/// How long a coordinator may take to accept a connection.
const CONNECT_WITHIN: Duration = Duration::from_secs(10);
/// Where the operator's token lies if nobody says where.
const USUAL_DATA: &str = "./docket-data";

/// Which coordinator, and how its answers are shown.
#[derive(Args, Clone, Debug)]
pub(crate) struct Place {
    /// The coordinator's address.
    #[arg(long, env = "DOCKET_URL", default_value = "http://127.0.0.1:4010")]
    url: Url,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Which coordinator, and by which right.
#[derive(Args, Clone, Debug)]
pub(crate) struct Operator {
    #[command(flatten)]
    pub(crate) place: Place,
    /// The operator's token [default: the one in the data folder].
    #[arg(long, env = "DOCKET_ADMIN_TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// The coordinator's data folder, where its operator's token lies [default: ./docket-data].
    #[arg(long)]
    pub(crate) data: Option<PathBuf>,
}

/// Which coordinator, and whose jobs and webhooks.
#[derive(Args, Clone, Debug)]
pub(crate) struct Keyed {
    #[command(flatten)]
    pub(crate) place: Place,
    /// The API key [default: the one in the data folder, which `docket up` brings].
    #[arg(long, env = "DOCKET_API_KEY", hide_env_values = true, value_name = "KEY")]
    api_key: Option<String>,
    /// The data folder, where that API key lies [default: ./docket-data].
    #[arg(long)]
    data: Option<PathBuf>,
}

/// A coordinator that answers.
pub(crate) struct Client {
    http: reqwest::Client,
    url: Url,
    token: Option<String>,
}

impl Place {
    /// A client without any right.
    pub(crate) fn client(&self) -> Result<Client> {
        let http = reqwest::Client::builder()
            .connect_timeout(CONNECT_WITHIN)
            .tcp_nodelay(true)
            .user_agent(concat!("docket/", env!("CARGO_PKG_VERSION")))
            .build()
            .context("no HTTP client can be made")?;
        Ok(Client { http, url: self.url.clone(), token: None })
    }
}

impl Operator {
    /// A client with the operator's token.
    pub(crate) fn client(&self) -> Result<Client> {
        let token = match &self.token {
            Some(token) => token.clone(),
            None => secret_in(
                self.data.as_deref(),
                "admin.token",
                "operator's token",
                "--token",
                "DOCKET_ADMIN_TOKEN",
            )?,
        };
        Ok(Client { token: Some(token), ..self.place.client()? })
    }
}

impl Keyed {
    /// A client with the API key.
    pub(crate) fn client(&self) -> Result<Client> {
        let key = match &self.api_key {
            Some(key) => key.clone(),
            None => {
                secret_in(self.data.as_deref(), API_KEY, "client's API key", "--api-key", "DOCKET_API_KEY")?
            }
        };
        Ok(Client { token: Some(key), ..self.place.client()? })
    }
}

/// What stands in a file of the data folder; if it cannot be read, how else to give it.
fn secret_in(data: Option<&Path>, file: &str, what: &str, option: &str, variable: &str) -> Result<String> {
    let path = data.unwrap_or(Path::new(USUAL_DATA)).join(file);
    let secret = std::fs::read_to_string(&path).with_context(|| {
        format!(
            "this needs the {what}, and {} cannot be read; give {option}, set {variable}, \
             or name the coordinator's data folder with --data",
            path.display()
        )
    })?;
    Ok(secret.trim().to_owned())
}

impl Client {
    /// Asks for a path such as `v1/quote`.
    pub(crate) fn request(&self, method: Method, path: &str) -> Result<RequestBuilder> {
        let base = self.url.as_str().trim_end_matches('/');
        let url = format!("{base}/{path}").parse::<Url>().with_context(|| format!("{base}/{path}"))?;
        let request = self.http.request(method, url);
        Ok(match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        })
    }

    /// Sends a request and reads the whole answer; an error of the coordinator is an error here.
    pub(crate) async fn send(&self, request: RequestBuilder) -> Result<Answer> {
        let body = read(self.open(request).await?).await?;
        Ok(Answer { body })
    }

    /// Sends a request whose answer comes bit by bit.
    pub(crate) async fn open(&self, request: RequestBuilder) -> Result<Response> {
        let response = request.send().await.map_err(|error| self.unreachable(error))?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let body = read(response).await.unwrap_or_default();
        Err(Refused { status, words: words(&body) }.into())
    }

    /// `GET` for a path.
    pub(crate) async fn get(&self, path: &str) -> Result<Answer> {
        self.send(self.request(Method::GET, path)?).await
    }

    /// `POST` to a path, without a body.
    pub(crate) async fn post(&self, path: &str) -> Result<Answer> {
        self.send(self.request(Method::POST, path)?).await
    }

    fn unreachable(&self, error: reqwest::Error) -> anyhow::Error {
        let url = self.url.as_str().trim_end_matches('/');
        if error.is_connect() {
            return anyhow!(
                "nothing listens on {url}: start a coordinator with `docket up`, or name another with --url"
            );
        }
        anyhow::Error::new(error.without_url()).context(format!("{url} did not answer"))
    }
}

/// What the coordinator answered.
pub(crate) struct Answer {
    body: Vec<u8>,
}

impl Answer {
    /// The answer, read.
    pub(crate) fn parse<T: DeserializeOwned>(&self) -> Result<T> {
        serde_json::from_slice(&self.body).context("the answer is not what this program understands")
    }

    /// The bytes as they came.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.body
    }

    /// The text as it came.
    pub(crate) fn text(&self) -> Result<&str> {
        std::str::from_utf8(&self.body).context("the answer is no text")
    }
}

/// The coordinator said no.
#[derive(Debug, thiserror::Error)]
#[error("the coordinator answered {}: {words}", status.as_u16())]
pub(crate) struct Refused {
    /// With which status.
    pub(crate) status: StatusCode,
    /// In which words.
    pub(crate) words: String,
}

/// What an error says, whichever of the coordinator's forms it has.
pub(crate) fn words(body: &[u8]) -> String {
    #[derive(Deserialize)]
    struct Error {
        error: Option<Value>,
        message: Option<String>,
        detail: Option<String>,
        code: Option<String>,
        /// Some count what stands in the way.
        details: Option<Value>,
    }
    let clipped = |text: &str| text.chars().filter(|letter| !letter.is_control()).take(500).collect();
    match serde_json::from_slice(body) {
        Ok(Error { detail: Some(detail), code, .. }) => {
            clipped(&format!("{detail} ({})", code.unwrap_or_default()))
        }
        Ok(Error { error: Some(Value::String(code)), message: Some(message), .. }) => {
            clipped(&format!("{message} ({code})"))
        }
        Ok(Error { error: Some(Value::String(words)), code: Some(code), details, .. }) => {
            clipped(&format!("{words} ({code}){}", details.as_ref().map(counts).unwrap_or_default()))
        }
        Ok(Error { error: Some(Value::String(error)), .. }) => clipped(&error),
        Ok(Error { error: Some(Value::Object(error)), .. }) => {
            let text = |name| error.get(name).and_then(Value::as_str).unwrap_or_default();
            clipped(&format!("{} ({})", text("message"), text("code")))
        }
        _ => clipped(&String::from_utf8_lossy(body)),
    }
}

/// How often what was counted.
fn counts(details: &Value) -> String {
    let all = details.get("reasons").and_then(Value::as_object).into_iter().flatten();
    let counted =
        all.filter_map(|(what, count)| Some(format!("{} {}", count.as_u64()?, what.replace('_', " "))));
    let list = counted.collect::<Vec<_>>().join(", ");
    if list.is_empty() { list } else { format!(": {list}") }
}

async fn read(mut response: Response) -> Result<Vec<u8>> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.context("the answer broke off")? {
        if body.len() + chunk.len() > MOST {
            bail!("the answer is larger than {MOST} bytes");
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// Runs what waits for a coordinator, on this thread.
pub(crate) fn block_on<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(work)
}

/// A part of a path, with all that means something there written otherwise.
pub(crate) fn segment(text: &str) -> String {
    let mut segment = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'~' | b':' | b'.' => {
                segment.push(char::from(byte));
            }
            _ => segment.push_str(&format!("%{byte:02X}")),
        }
    }
    segment
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stays_one_segment() {
        assert_eq!(segment("client:quotes:ann/b ü"), "client:quotes:ann%2Fb%20%C3%BC");
    }

    #[test]
    fn an_error_reads_the_same_in_each_of_its_forms() {
        assert_eq!(words(br#"{"error":"Job not found"}"#), "Job not found");
        assert_eq!(words(br#"{"code":"job.not_now","detail":"it is over"}"#), "it is over (job.not_now)");
        assert_eq!(
            words(br#"{"error":{"code":"wrong_state","message":"It is over."}}"#),
            "It is over. (wrong_state)"
        );
        assert_eq!(
            words(br#"{"success":false,"error":"name_taken","message":"Another agent has this name."}"#),
            "Another agent has this name. (name_taken)"
        );
        assert_eq!(
            words(br#"{"ok":false,"error":"There is no such node.","code":"node_not_found"}"#),
            "There is no such node. (node_not_found)"
        );
        assert_eq!(words(b"<html>\n"), "<html>");
    }
}
