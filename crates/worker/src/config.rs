//! What a worker needs to know before it starts, and what of it cannot work.

use crate::engine::Engines;
use docket_protocol::keys::SigningKey;
use docket_protocol::wallet::WalletKey;
use reqwest::Url;
use std::time::Duration;

/// How a worker works.
pub struct Config {
    /// Where the coordinator is: `ws://`, `wss://`, `http://`, `https://`, or only a host and a port.
    pub coordinator: String,
    /// Who the worker is; see [`crate::identity`].
    pub key: SigningKey,
    /// What does the work.
    pub engines: Engines,
    /// How many jobs at once, 1 to 256; without it, what the engines think right.
    pub concurrency: Option<u16>,
    /// The kind of machine.
    pub class: WorkerClass,
    /// A name for people, beside the name of this program.
    pub name: Option<String>,
    /// With which wallet it enrols as a node, for jobs that ask for a class of hardware; without it, it does not.
    pub node: Option<NodeIdentity>,
    /// A name for the hardware, such as `rtx4090`, for people.
    pub gpu_tier: Option<String>,
    /// Where the machine is, such as `eu-west`.
    pub region: Option<String>,
    /// The least it works for, in minor units of the coordinator's asset.
    pub price_floor: Option<u128>,
    /// Whether jobs wait for the worker's word before they count as assigned.
    pub accept: bool,
    /// How long running jobs may take once the worker was told to stop; then they are handed back.
    pub grace: Duration,
    /// After how long without work to say so.
    pub idle_after: Duration,
}

/// Who a worker is as a node.
pub struct NodeIdentity {
    /// Signs for the worker at each connection. Its address is the node's name.
    pub wallet: WalletKey,
    /// The class of the hardware, 1 to 9; which there are is for the coordinator to say.
    pub gpu_tier: u8,
}

/// The kind of machine.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WorkerClass {
    /// A computer.
    Desktop,
    /// A phone, which is given only tasks.
    Handheld,
}

/// Why a worker cannot start with a configuration. Each message says what to change.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ConfigError {
    /// Nothing that could be connected to.
    #[error("`{given}` is no address of a coordinator, such as ws://127.0.0.1:4010 ({reason})")]
    Coordinator {
        /// What was given.
        given: String,
        /// What is wrong with it.
        reason: String,
    },
    /// None, or more than a coordinator takes.
    #[error("a worker takes 1 to 256 jobs at once, not {0}")]
    Concurrency(u16),
    /// None, or more than a frame holds.
    #[error("a node's GPU tier is 1 to 9, not {0}")]
    GpuTier(u8),
    /// A text is longer than its field in the registration.
    #[error("the {what} `{given}` is longer than {limit} bytes")]
    TooLong {
        /// Which text.
        what: &'static str,
        /// What was given.
        given: String,
        /// The longest.
        limit: usize,
    },
    /// A coordinator reads only so many models.
    #[error("{0} models are offered, and a worker offers at most 256; name the one to offer with #NAME")]
    TooManyModels(usize),
}

impl Config {
    /// A computer that asks for no least price, with half a minute of grace at the end.
    pub fn new(coordinator: impl Into<String>, key: SigningKey, engines: Engines) -> Self {
        Self {
            coordinator: coordinator.into(),
            key,
            engines,
            concurrency: None,
            class: WorkerClass::Desktop,
            name: None,
            node: None,
            gpu_tier: None,
            region: None,
            price_floor: None,
            accept: false,
            grace: Duration::from_secs(30),
            idle_after: Duration::from_secs(60),
        }
    }
}

/// Where workers connect, as a WebSocket URL. Without a path it is `/v1/worker`.
pub(crate) fn address(given: &str) -> Result<Url, ConfigError> {
    let wrong = |reason: String| ConfigError::Coordinator { given: given.to_owned(), reason };
    let full = if given.contains("://") { given.to_owned() } else { format!("ws://{given}") };
    let mut url = Url::parse(&full).map_err(|error| wrong(error.to_string()))?;
    let scheme = match url.scheme() {
        "ws" | "http" => "ws",
        "wss" | "https" => "wss",
        other => return Err(wrong(format!("{other}:// is not spoken here"))),
    };
    // All four are special schemes, between which a change is always allowed.
    url.set_scheme(scheme).map_err(|()| wrong("the scheme cannot be used".into()))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong("a worker proves itself with its key; leave name and password out".into()));
    }
    if url.path() == "/" {
        url.set_path("/v1/worker");
    }
    url.set_fragment(None);
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_in_the_forms_that_people_have_at_hand() {
        for (given, expected) in [
            ("127.0.0.1:4010", "ws://127.0.0.1:4010/v1/worker"),
            ("localhost:4010", "ws://localhost:4010/v1/worker"),
            ("http://127.0.0.1:4010/", "ws://127.0.0.1:4010/v1/worker"),
            ("https://docket.example", "wss://docket.example/v1/worker"),
            ("ws://[::1]:4010", "ws://[::1]:4010/v1/worker"),
            ("wss://docket.example/market/worker#x", "wss://docket.example/market/worker"),
        ] {
            assert_eq!(address(given).map(|url| url.to_string()), Ok(expected.to_owned()), "{given}");
        }
    }

    #[test]
    fn what_is_no_address_is_answered_with_an_example() {
        for given in ["", "ftp://h", "ws://", "ws://user:secret@h", "unix:///run/docket", "127.0.0.1:99999"] {
            let said = address(given).unwrap_err().to_string();
            assert!(said.contains("such as ws://127.0.0.1:4010"), "{said}");
        }
    }
}
