//! `docket job rule`: ends a dispute as the arbiter says.

use super::{Row, admin_path};
use crate::client::Operator;
use anyhow::Result;
use reqwest::Method;
use serde::Serialize;
use std::str::FromStr;

/// Which job, and how its dispute ends.
#[derive(clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    operator: Operator,
    /// The job's id.
    job: String,
    /// For whom: worker, client, or split:N with the client's share in hundredths of a percent, such as split:5000.
    #[arg(long = "for", value_name = "WHOM")]
    ruling: Ruling,
}

/// How a dispute ends, as the operator's API takes it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(tag = "ruling", rename_all = "snake_case")]
enum Ruling {
    ForWorker,
    ForClient,
    Divided { client_share_bp: u16 },
}

impl FromStr for Ruling {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let share = |text: &str| text.parse().ok().filter(|share| *share <= 10_000);
        match text {
            "worker" => Ok(Self::ForWorker),
            "client" => Ok(Self::ForClient),
            _ => text
                .strip_prefix("split:")
                .and_then(share)
                .map(|client_share_bp| Self::Divided { client_share_bp })
                .ok_or("it is worker, client, or split: and the client's share, 0 to 10000"),
        }
    }
}

/// Ends the dispute.
pub(super) async fn run(args: &Args) -> Result<()> {
    let client = args.operator.client()?;
    let path = format!("{}/ruling", admin_path(&args.job));
    let answer = client.send(client.request(Method::POST, &path)?.json(&args.ruling)).await?;
    if args.operator.place.json {
        println!("{}", answer.text()?);
        return Ok(());
    }
    let row: Row = answer.parse()?;
    match args.ruling {
        Ruling::ForWorker => println!("{}  {}: the worker is paid", row.id, row.state),
        Ruling::ForClient => println!("{}  {}: all of it is back with {}", row.id, row.state, row.client),
        Ruling::Divided { client_share_bp } => {
            let (whole, rest) = (client_share_bp / 100, client_share_bp % 100);
            println!("{}  {}: {whole}.{rest:02} % is back with {}", row.id, row.state, row.client);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ruling_is_a_word_or_a_share() {
        let json = |text: &str| serde_json::to_string(&text.parse::<Ruling>().unwrap()).unwrap();
        assert_eq!(json("worker"), r#"{"ruling":"for_worker"}"#);
        assert_eq!(json("client"), r#"{"ruling":"for_client"}"#);
        assert_eq!(json("split:5000"), r#"{"ruling":"divided","client_share_bp":5000}"#);
        for wrong in ["", "both", "split", "split:", "split:10001", "split:-1", "split:50%"] {
            assert!(wrong.parse::<Ruling>().is_err(), "{wrong}");
        }
    }
}
