//! `docket job create` and `docket job describe`: what a client wants done.

use super::hash::Named;
use super::number::Number;
use super::view::tell;
use crate::commands::agent::signed::{Signer, Wish};
use crate::commands::agent::strategy::Strategy;
use anyhow::{Result, ensure};
use docket_core::time::Timestamp;
use docket_protocol::wallet::Action;
use reqwest::Method;
use serde::Serialize;
use std::str::FromStr;

/// A new job.
#[derive(clap::Args)]
pub(in crate::commands::job) struct Create {
    #[command(flatten)]
    signer: Signer,
    /// Which of the wallet's agents asks for it.
    #[arg(long, value_name = "AGENT")]
    client: u64,
    /// What it costs, in whole minor units, such as 10000000 for ten dollars. It cannot be changed.
    #[arg(long, value_name = "UNITS")]
    budget: u128,
    /// Until when it is to be done: seconds since 1970, or a span such as 90s, 30m, 2h or 3d from the instant of the
    /// signature.
    #[arg(long, value_name = "WHEN")]
    deadline: Deadline,
    /// By what the work is judged.
    #[arg(long, value_enum, ignore_case = true, value_name = "TYPE")]
    strategy: Strategy,
    /// The program that judges: 0x and 64 hexadecimal digits, or the file whose Keccak-256 that is.
    #[arg(long, value_name = "HASH|FILE")]
    program: Option<Named>,
    /// The criteria that count: 0x and 64 hexadecimal digits, or the file whose Keccak-256 that is.
    #[arg(long, value_name = "HASH|FILE")]
    rubric: Option<Named>,
    /// The one agent that may judge it [default: the first that takes the job].
    #[arg(long, value_name = "AGENT")]
    evaluator: Option<u64>,
    /// A few words.
    #[arg(long, value_name = "TEXT")]
    title: Option<String>,
    /// Some more words.
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// Which loss of entrusted capital ends the job, in hundredths of a percent.
    #[arg(long, value_name = "BPS", requires = "target_return_bps")]
    stop_loss_bps: Option<u16>,
    /// Which return on entrusted capital is wanted, in hundredths of a percent.
    #[arg(long, value_name = "BPS", requires = "stop_loss_bps")]
    target_return_bps: Option<u16>,
    /// How much capital is entrusted, in minor units [default: as much as the budget].
    #[arg(long, value_name = "UNITS", requires = "stop_loss_bps")]
    capital: Option<u128>,
}

/// Other words for a job.
#[derive(clap::Args)]
pub(in crate::commands::job) struct Describe {
    #[command(flatten)]
    signer: Signer,
    /// The job's number.
    job: Number,
    #[command(flatten)]
    words: Words,
}

#[derive(clap::Args, Serialize)]
#[group(required = true, multiple = true)]
struct Words {
    /// A few words.
    #[arg(long, value_name = "TEXT")]
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    /// Some more words.
    #[arg(long, value_name = "TEXT")]
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
}

/// Until when, in seconds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Deadline {
    At(i64),
    After(i64),
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    client_id: String,
    budget: String,
    deadline: String,
    strategy_type: Strategy,
    #[serde(skip_serializing_if = "Option::is_none")]
    program_hash: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rubric_hash: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    evaluator_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cex_config: Option<Capital>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Capital {
    stop_loss_bps: u16,
    target_return_bps: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    capital: Option<String>,
}

impl FromStr for Deadline {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = "it is seconds since 1970, or a number with s, m, h or d after it";
        let (digits, unit) = match text.char_indices().last() {
            Some((_, '0'..='9')) => (text, None),
            Some((place, unit)) => (&text[..place], Some(unit)),
            None => return Err(wrong),
        };
        let number: u32 = digits.parse().map_err(|_| wrong)?;
        let seconds = match unit {
            None => return Ok(Self::At(number.into())),
            Some('s') => 1,
            Some('m') => 60,
            Some('h') => 3_600,
            Some('d') => 86_400,
            Some(_) => return Err(wrong),
        };
        Ok(Self::After(i64::from(number) * seconds))
    }
}

impl Deadline {
    /// In seconds since 1970, if the signature is of this instant: a repeat of the same word has the same deadline.
    pub(super) const fn seconds(self, signed: Timestamp) -> i64 {
        match self {
            Self::At(seconds) => seconds,
            Self::After(seconds) => signed.0.div_euclid(1_000) + seconds,
        }
    }
}

/// Makes the job, and shows it.
pub(super) async fn create(args: &Create) -> Result<()> {
    let at = args.signer.instant();
    let hash = |named: &Option<Named>| named.as_ref().map(Named::hash).transpose();
    let bounds = args.stop_loss_bps.zip(args.target_return_bps);
    let capital = args.capital.map(|capital| capital.to_string());
    let body = Body {
        client_id: args.client.to_string(),
        budget: args.budget.to_string(),
        deadline: args.deadline.seconds(at).to_string(),
        strategy_type: args.strategy,
        program_hash: hash(&args.program)?,
        rubric_hash: hash(&args.rubric)?,
        evaluator_id: args.evaluator.map(|agent| agent.to_string()),
        title: args.title.as_deref(),
        description: args.description.as_deref(),
        cex_config: bounds.map(|(stop_loss_bps, target_return_bps)| Capital {
            stop_loss_bps,
            target_return_bps,
            capital,
        }),
    };
    let wish =
        Wish { method: Method::POST, path: "api/v1/jobs", action: Action::CREATE_JOB, resource: "new" };
    let answer = args.signer.send_at(at, wish, &body).await?;
    tell(&answer, args.signer.place.json)
}

/// Changes the words, and shows the job.
pub(super) async fn describe(args: &Describe) -> Result<()> {
    ensure!(args.words.title.is_some() || args.words.description.is_some(), "give --title or --description");
    let id = args.job.to_string();
    let wish = Wish {
        method: Method::PATCH,
        path: &args.job.path("/metadata"),
        action: Action::SET_JOB_METADATA,
        resource: &id,
    };
    let answer = args.signer.send(wish, &args.words).await?;
    tell(&answer, args.signer.place.json)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deadline_is_an_instant_or_a_span() {
        let signed = Timestamp(1_750_000_000_999);
        let read = |text: &str| text.parse::<Deadline>().map(|deadline| deadline.seconds(signed));
        assert_eq!(read("1750003600"), Ok(1_750_003_600));
        for (text, seconds) in [("90s", 90), ("30m", 1_800), ("2h", 7_200), ("3d", 259_200)] {
            assert_eq!(read(text), Ok(1_750_000_000 + seconds));
        }
        for wrong in ["", "h", "2 h", "-1h", "1.5h", "2w", "2hours", "5000000000", "99999999999d", "2é"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
