//! What an enclave says of one job's capital at one instant, in the one form that is signed.

use docket_core::agent::capital::ClosedReason;
use docket_core::time::Timestamp;
use docket_protocol::canonical;
use docket_protocol::digest::Digest;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::fmt::Display;
use std::str::FromStr;

/// What a signed report begins with: nothing else that keys sign does.
const DOMAIN: &[u8] = b"docket-snapshot-v1\n";

/// The longest report in JSON, in bytes.
pub const MAX_REPORT: usize = 20 * 1024;

/// The longest balance report in canonical JSON, in bytes.
const MAX_BALANCE: usize = 16 * 1024;

/// How deep a report's JSON may be nested.
const MAX_DEPTH: usize = 8;

/// The last millisecond of the year 9999.
const LAST_INSTANT: i64 = 253_402_300_799_999;

/// A text is no report.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// Longer than [`MAX_REPORT`], or its balances longer than 16 KiB.
    #[error("a report of more than 20 KiB, or balances of more than 16 KiB")]
    TooLong,
    /// No JSON that everybody reads in the same way.
    #[error("not strict JSON: {0}")]
    NotStrict(#[from] canonical::StrictError),
    /// A field is missing, unknown, or of another type.
    #[error("not a report: {0}")]
    Malformed(#[from] serde_json::Error),
    /// A field has a value that no report has.
    #[error("the field `{0}` of a report is out of its range")]
    Field(&'static str),
    /// Not the signed form: another beginning, or JSON that is not canonical.
    #[error("not the signed form of a report")]
    NotSignedForm,
}

/// Whether capital is still traded.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum State {
    /// It is.
    Running,
    /// All was sold, and the value is final.
    Closed(ClosedReason),
}

impl State {
    /// As it is written.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Closed(_) => "closed",
        }
    }

    /// Why it is closed, if it is.
    pub const fn closed_reason(self) -> Option<ClosedReason> {
        match self {
            Self::Running => None,
            Self::Closed(reason) => Some(reason),
        }
    }
}

/// What the capital consists of: a JSON object in the words of the enclave, which has a canonical form.
#[derive(Clone, PartialEq, Debug)]
pub struct Balance(Value);

impl Balance {
    /// Takes an object of at most 16 KiB whose numbers every reader holds exactly.
    pub fn new(object: Map<String, Value>) -> Result<Self, ReportError> {
        let value = Value::Object(object);
        let bytes = canonical::to_vec(&value).map_err(|_| ReportError::Field("balance_report"))?;
        if bytes.len() > MAX_BALANCE {
            return Err(ReportError::TooLong);
        }
        canonical::parse_strict(&bytes, MAX_DEPTH - 1)?;
        Ok(Self(value))
    }

    /// The object.
    pub fn as_value(&self) -> &Value {
        &self.0
    }
}

/// What an enclave says of one job's capital. Who vouches for it is not yet known.
#[derive(Clone, PartialEq, Debug)]
pub struct Report {
    job_id: String,
    reported_value: u128,
    at: Timestamp,
    sequence: u64,
    state: State,
    balance: Balance,
}

impl Report {
    /// Puts a report together. `reported_value` is in minor units of the job's asset.
    ///
    /// Refuses an id that is not 1 to 80 printable ASCII characters, instants before 1970 or after 9999 and the
    /// sequence number zero.
    pub fn new(
        job_id: &str,
        reported_value: u128,
        at: Timestamp,
        sequence: u64,
        state: State,
        balance: Balance,
    ) -> Result<Self, ReportError> {
        let named = (1..=80).contains(&job_id.len()) && job_id.bytes().all(|byte| byte.is_ascii_graphic());
        let checks = [
            (named, "job_id"),
            ((0..=LAST_INSTANT).contains(&at.0), "snapshot_ms"),
            (sequence > 0, "sequence"),
        ];
        match checks.into_iter().find(|(holds, _)| !holds) {
            Some((_, field)) => Err(ReportError::Field(field)),
            None => Ok(Self { job_id: job_id.to_owned(), reported_value, at, sequence, state, balance }),
        }
    }

    /// Reads a report from JSON in any order and spacing; what is signed is its canonical form.
    pub fn parse(json: &[u8]) -> Result<Self, ReportError> {
        if json.len() > MAX_REPORT {
            return Err(ReportError::TooLong);
        }
        Self::from_value(canonical::parse_strict(json, MAX_DEPTH)?)
    }

    /// Reads a report from a JSON value that somebody has parsed strictly, for instance out of a larger one.
    pub fn from_value(value: Value) -> Result<Self, ReportError> {
        let wire: Wire = serde_json::from_value(value)?;
        let state = match (wire.state.as_str(), wire.closed_reason.as_deref()) {
            ("running", None) => State::Running,
            ("closed", Some(reason)) => {
                State::Closed(ClosedReason::parse(reason).ok_or(ReportError::Field("closed_reason"))?)
            }
            _ => return Err(ReportError::Field("state")),
        };
        Self::new(
            &wire.job_id,
            decimal(&wire.reported_value).ok_or(ReportError::Field("reported_value"))?,
            Timestamp(decimal(&wire.snapshot_ms).ok_or(ReportError::Field("snapshot_ms"))?),
            decimal(&wire.sequence).ok_or(ReportError::Field("sequence"))?,
            state,
            Balance::new(wire.balance_report)?,
        )
    }

    /// Reads a report from its signed form, byte by byte as [`Self::signed_form`] writes it.
    pub fn parse_signed(form: &[u8]) -> Result<Self, ReportError> {
        let json = form.strip_prefix(DOMAIN).ok_or(ReportError::NotSignedForm)?;
        let report = Self::parse(json)?;
        if report.signed_form() == form { Ok(report) } else { Err(ReportError::NotSignedForm) }
    }

    /// What is signed: `docket-snapshot-v1`, a newline, and the report in canonical JSON (RFC 8785).
    pub fn signed_form(&self) -> Vec<u8> {
        let mut form = DOMAIN.to_vec();
        form.extend(canonical::to_vec(&self.to_value()).expect("balances were checked, all else is text"));
        form
    }

    /// SHA-256 of the signed form: by this a report is named, and a quote binds it.
    pub fn digest(&self) -> Digest {
        Digest::of(&self.signed_form())
    }

    /// As JSON. Whole numbers are texts, because not every reader holds them exactly otherwise.
    pub fn to_value(&self) -> Value {
        json!({
            "balance_report": self.balance.0,
            "closed_reason": self.state.closed_reason().map(ClosedReason::name),
            "job_id": self.job_id,
            "reported_value": self.reported_value.to_string(),
            "sequence": self.sequence.to_string(),
            "snapshot_ms": self.at.0.to_string(),
            "state": self.state.name(),
        })
    }

    /// Of which job.
    pub fn job_id(&self) -> &str {
        &self.job_id
    }

    /// What the capital is worth, in minor units of the job's asset.
    pub fn reported_value(&self) -> u128 {
        self.reported_value
    }

    /// When it was worth that, by the enclave's clock.
    pub fn at(&self) -> Timestamp {
        self.at
    }

    /// A number from 1 on, greater for every later report of the job.
    pub fn sequence(&self) -> u64 {
        self.sequence
    }

    /// Whether the capital is still traded.
    pub fn state(&self) -> State {
        self.state
    }

    /// What the capital consists of.
    pub fn balance(&self) -> &Balance {
        &self.balance
    }
}

/// The fields as they stand on the wire.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    balance_report: Map<String, Value>,
    #[serde(deserialize_with = "Option::deserialize")] // `null` must stand there.
    closed_reason: Option<String>,
    job_id: String,
    reported_value: String,
    sequence: String,
    snapshot_ms: String,
    state: String,
}

/// A whole number in its one spelling.
fn decimal<T: FromStr + Display>(text: &str) -> Option<T> {
    text.parse().ok().filter(|number: &T| number.to_string() == text)
}
