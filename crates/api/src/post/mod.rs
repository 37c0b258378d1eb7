//! Sends what hooks are to be told: signed, to addresses that may be sent to, and to no other place that they name.
//!
//! What is sent, the dialect says; when and how often, the engine does.

mod address;
mod resolver;
mod signature;

pub use address::Reach;
pub(crate) use address::parse_url;
pub(crate) use signature::SigningKey;

use crate::app::App;
use crate::credits;
use docket_core::hook::{Delivery, Hook, Outcome, Trouble};
use docket_engine::post;
use reqwest::header::{CONTENT_TYPE, HeaderName, HeaderValue, USER_AGENT};
use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder};
use resolver::{AddressRefused, Resolver, Unresolved};
use std::error::Error;
use std::io;
use std::sync::Arc;
use std::time::Duration;

/// How long one attempt may take, from the name to the status.
const WITHIN: Duration = Duration::from_secs(10);
/// How long the other side may take to accept a connection.
const CONNECT_WITHIN: Duration = Duration::from_secs(5);

const ID: HeaderName = HeaderName::from_static("webhook-id");
const TIMESTAMP: HeaderName = HeaderName::from_static("webhook-timestamp");
const SIGNATURE: HeaderName = HeaderName::from_static("webhook-signature");
const AGENT: &str = concat!("docket/", env!("CARGO_PKG_VERSION"));

/// A client that reaches so far, and no further than the addresses that its resolver lets through.
pub(crate) fn client(reach: Reach, within: Duration) -> Result<Client, reqwest::Error> {
    rustls::crypto::ring::default_provider().install_default().ok(); // Somebody else may have done it.
    Client::builder()
        .redirect(Policy::none())
        // A proxy would resolve names by itself, past every check.
        .no_proxy()
        .dns_resolver(Resolver::new(reach))
        .connect_timeout(CONNECT_WITHIN)
        .timeout(within)
        .pool_max_idle_per_host(4)
        .pool_idle_timeout(Duration::from_secs(30))
        .build()
}

/// A request that the coordinator has signed with the key of its log, as Standard Webhooks do it with such keys:
/// `v1a,` and the signature over `<id>.<seconds>.<body>` in base64.
pub(crate) fn signed(app: &App, request: RequestBuilder, id: &str, body: String) -> RequestBuilder {
    let seconds = app.engine.clock().now().0.div_euclid(1_000);
    let signature = app.checkpoints.sign(format!("{id}.{seconds}.{body}").as_bytes());
    request
        .header(CONTENT_TYPE, HeaderValue::from_static("application/json"))
        .header(USER_AGENT, HeaderValue::from_static(AGENT))
        .header(ID, id)
        .header(TIMESTAMP, HeaderValue::from(seconds))
        .header(SIGNATURE, format!("v1a,{signature}"))
        .body(body)
}

/// Sends what hooks are to be told.
pub struct Courier {
    app: Arc<App>,
    client: Client,
}

impl Courier {
    /// A courier of one market. Fails where there is no TLS.
    pub fn new(app: Arc<App>) -> Result<Self, reqwest::Error> {
        let client = client(app.settings.webhooks_to, WITHIN)?;
        Ok(Self { app, client })
    }

    /// Sends what is due, as it becomes due, until the task is dropped. Exactly one task runs this.
    pub async fn run(self) {
        let courier = Arc::new(self);
        let engine = courier.app.engine.clone();
        let send = |hook: Arc<Hook>, delivery: Arc<Delivery>| {
            let courier = courier.clone();
            async move { courier.send(&hook, &delivery).await }
        };
        post::run(engine, send).await;
    }

    /// One attempt; `None` if it could not even begin, for a reason of our own.
    async fn send(&self, hook: &Hook, delivery: &Delivery) -> Option<Outcome> {
        let letter = match credits::letter(&self.app, hook, delivery).await {
            Ok(letter) => letter,
            Err(error) => {
                tracing::error!(hook = %hook.id, event = %delivery.id, ?error, "an event cannot be put into words");
                return None;
            }
        };
        let Some(url) = parse_url(&hook.url, self.app.settings.webhooks_to).ok() else {
            // It was sound when it was given; the operator has become stricter since.
            return Some(Outcome::Unheard(Trouble::AddressRefused));
        };
        let now = self.app.engine.clock().now();
        let seconds = now.0.div_euclid(1_000);
        // One for each secret that signs: whoever knows any of them can check it.
        let sign = |secret| Some(SigningKey::parse(secret)?.sign(&letter.id, seconds, &letter.body));
        let signatures: Option<Vec<_>> = hook.secrets(now).map(sign).collect();
        let signature = signatures?.join(" ");
        let text = |text: String| HeaderValue::from_str(&text).ok();
        let sent = self
            .client
            .post(url)
            .header(CONTENT_TYPE, HeaderValue::from_static("application/json"))
            .header(USER_AGENT, HeaderValue::from_static(AGENT))
            .header(ID, text(letter.id)?)
            .header(TIMESTAMP, HeaderValue::from(seconds))
            .header(SIGNATURE, text(signature)?)
            .body(letter.body);
        Some(match sent.send().await {
            // Nobody reads what the answer says beside its status.
            Ok(answer) => Outcome::Answered(answer.status().as_u16()),
            Err(error) => Outcome::Unheard(trouble(&error)),
        })
    }
}

/// An event in words.
pub(crate) struct Letter {
    /// The event's name, the same over all attempts.
    pub(crate) id: String,
    /// The body, byte for byte the same over all attempts.
    pub(crate) body: String,
}

/// TLS gives its errors as those of reading and writing, with its own inside, at some depth.
fn is_tls(error: &io::Error) -> bool {
    let Some(inner) = error.get_ref() else { return false };
    inner.is::<rustls::Error>() || inner.downcast_ref::<io::Error>().is_some_and(is_tls)
}

fn trouble(error: &reqwest::Error) -> Trouble {
    if error.is_timeout() {
        return Trouble::TimedOut;
    }
    let mut cause: Option<&(dyn Error + 'static)> = error.source();
    while let Some(error) = cause {
        if error.is::<AddressRefused>() {
            return Trouble::AddressRefused;
        }
        if error.is::<Unresolved>() {
            return Trouble::Unresolved;
        }
        if error.downcast_ref::<io::Error>().is_some_and(is_tls) {
            return Trouble::Tls;
        }
        cause = error.source();
    }
    Trouble::Connection
}
