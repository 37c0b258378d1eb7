//! A client's request to have its capital traded.

use crate::ecies::{DecryptionKey, OVERHEAD};
use crate::{Refusal, Symbol};
use docket_core::time::{Millis, Timestamp};
use docket_protocol::canonical;
use docket_protocol::digest::Digest;
use serde::Deserialize;
use serde_json::Value;

/// The longest request in JSON, in bytes.
pub const MAX_REQUEST: usize = 16 * 1024;

/// How long a job may run.
pub const MAX_DURATION: Millis = Millis::hours(90 * 24);

/// The longest encrypted key, in bytes.
const MAX_ENCRYPTED: usize = OVERHEAD + 2 * 1024;

/// As many orders as a client may allow on one day.
const MAX_DAILY_TRADES: u32 = 1_000;

/// From here on a deadline counts milliseconds: as seconds it would lie in the year 5138.
const FIRST_MILLISECONDS: i64 = 100_000_000_000;

/// What a client allows.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Params {
    /// The loss at which all is sold, in hundredths of a percent of the capital.
    pub stop_loss_bps: u32,
    /// The gain at which all is sold.
    pub target_return_bps: Option<u32>,
    /// How many orders may be given on one day (UTC).
    pub max_daily_trades: u32,
    /// Which coins may be traded.
    pub allowed_symbols: Vec<Symbol>,
}

/// A request that was read. The key in it is still encrypted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct JobRequest {
    /// For which job.
    pub job_id: String,
    /// What the client allows.
    pub params: Params,
    /// When all is sold at the latest.
    pub deadline: Timestamp,
    encrypted: Vec<u8>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    job_id: Value,
    encrypted_api_key: String,
    params: WireParams,
    deadline: Value,
}

/// A limit that is not known here must not be passed over, so that unknown fields are refused.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WireParams {
    stop_loss_bps: u32,
    target_return_bps: Option<u32>,
    max_daily_trades: Option<u32>,
    allowed_symbols: Option<Vec<String>>,
    market: Option<String>,
    /// Snapshots are taken whenever they are asked for, so this is read and has no effect.
    #[serde(rename = "snapshot_interval_ms")]
    _snapshot_interval_ms: Option<u64>,
}

/// The client's key for the exchange. Other fields are of no use here.
#[derive(Deserialize)]
struct Credentials<'a> {
    #[serde(borrow)]
    key: std::borrow::Cow<'a, str>,
    #[serde(borrow)]
    secret: std::borrow::Cow<'a, str>,
}

impl JobRequest {
    /// Reads a request from JSON.
    pub fn parse(json: &[u8]) -> Result<Self, Refusal> {
        if json.len() > MAX_REQUEST {
            return Err(Refusal::malformed("a request of more than 16 KiB"));
        }
        let value = canonical::parse_strict(json, 4)
            .map_err(|error| Refusal::malformed(format!("a request is strict JSON: {error}")))?;
        let wire: Wire =
            serde_json::from_value(value).map_err(|error| Refusal::malformed(error.to_string()))?;
        Ok(Self {
            job_id: job_id(&wire.job_id)?,
            params: wire.params.read()?,
            deadline: deadline(&wire.deadline)?,
            encrypted: encrypted(&wire.encrypted_api_key)?,
        })
    }

    /// Decrypts the client's key, checks it, and keeps no more than a digest by which the same one is known again: the
    /// simulated exchange needs no key.
    pub(crate) fn credentials(&self, key: &DecryptionKey) -> Result<Digest, Refusal> {
        let text = key.open(&self.encrypted)?;
        // The refused text is never repeated.
        let refused = || Refusal::malformed("`encrypted_api_key` holds no JSON of a key and a secret");
        canonical::parse_strict(&text, 2).map_err(|_| refused())?;
        let credentials: Credentials<'_> = serde_json::from_slice(&text).map_err(|_| refused())?;
        let fits = |part: &str| (1..=512).contains(&part.len());
        if !fits(&credentials.key) || !fits(&credentials.secret) {
            return Err(refused());
        }
        let parts = zeroize::Zeroizing::new(format!(
            "{}:{}{}",
            credentials.key.len(),
            credentials.key,
            credentials.secret
        ));
        Ok(Digest::of(parts.as_bytes()))
    }
}

impl WireParams {
    fn read(self) -> Result<Params, Refusal> {
        let within = |name: &str, value: u32, most: u32| match (1..=most).contains(&value) {
            true => Ok(value),
            false => Err(Refusal::malformed(format!("`{name}` is 1 to {most}"))),
        };
        if self.market.is_some_and(|market| !market.eq_ignore_ascii_case("spot")) {
            return Err(Refusal::malformed("`market` is SPOT: nothing else is simulated"));
        }
        Ok(Params {
            stop_loss_bps: within("stop_loss_bps", self.stop_loss_bps, 10_000)?,
            target_return_bps: match self.target_return_bps {
                Some(rate) => Some(within("target_return_bps", rate, 1_000_000)?),
                None => None,
            },
            max_daily_trades: within(
                "max_daily_trades",
                self.max_daily_trades.unwrap_or(100),
                MAX_DAILY_TRADES,
            )?,
            allowed_symbols: match self.allowed_symbols {
                None => Symbol::ALL.to_vec(),
                Some(names) => symbols(&names)?,
            },
        })
    }
}

/// A set, so that the same request in another order is the same.
fn symbols(names: &[String]) -> Result<Vec<Symbol>, Refusal> {
    let known = names.iter().take(64).map(|name| Symbol::parse(&name.to_ascii_uppercase()));
    let mut symbols = known
        .collect::<Option<Vec<_>>>()
        .filter(|symbols| !symbols.is_empty())
        .ok_or_else(|| Refusal::malformed("`allowed_symbols` names coins that are simulated"))?;
    symbols.sort_unstable();
    symbols.dedup();
    Ok(symbols)
}

fn job_id(value: &Value) -> Result<String, Refusal> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) if number.is_u64() => number.to_string(),
        _ => String::new(),
    };
    match (1..=80).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic()) {
        true => Ok(text),
        false => Err(Refusal::malformed("`job_id` is a short text in printable ASCII, or a whole number")),
    }
}

/// Seconds or milliseconds since 1970: the dialect's documents have both.
fn deadline(value: &Value) -> Result<Timestamp, Refusal> {
    let number = match value {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    };
    match number {
        Some(seconds @ 1..FIRST_MILLISECONDS) => Ok(Timestamp(seconds * 1_000)),
        Some(milliseconds @ FIRST_MILLISECONDS..) => Ok(Timestamp(milliseconds)),
        _ => Err(Refusal::malformed("`deadline` is in seconds or milliseconds since 1970")),
    }
}

fn encrypted(text: &str) -> Result<Vec<u8>, Refusal> {
    let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")).unwrap_or(text);
    let bytes = (digits.len() <= 2 * MAX_ENCRYPTED).then(|| hex::decode(digits).ok()).flatten();
    bytes.ok_or_else(|| Refusal::malformed("`encrypted_api_key` is hexadecimal, of at most 2 KiB"))
}
