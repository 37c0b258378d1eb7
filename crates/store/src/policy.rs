//! The terms of a job as one line of text: many jobs share it, so it is stored once.

use crate::error::StoreError;
use crate::value::corrupt;
use docket_core::ledger::NetworkId;
use docket_core::money::{BasisPoints, Split};
use docket_core::policy::{Arbitration, Evaluation, Lapse, Metering, Policy, Ruling, Source, Tier, Verdict};
use docket_core::time::Millis;
use std::str::SplitWhitespace;

/// Writes the terms: the fields in the order of [`Policy`], with a space between.
pub(crate) fn encode(policy: &Policy) -> String {
    let source = match &policy.source {
        Source::Client => "client".to_owned(),
        Source::Minted(network) => format!("mint={}", network.0),
        Source::Treasury => "treasury".to_owned(),
    };
    let lapse = match policy.lapse {
        Lapse::Failed => "failed",
        Lapse::Refunded => "refunded",
        Lapse::Expired => "expired",
    };
    let evaluation = policy.evaluation.map_or("none".to_owned(), |evaluation| {
        format!("{}={}", evaluation.within.0, verdict_name(evaluation.silence))
    });
    let stream = policy.stream_within.map_or("none".to_owned(), |within| within.0.to_string());
    let metering = policy.metering.map_or("none".to_owned(), |metering| {
        format!("{}={}={}={}", metering.base, metering.covered, metering.per_block, metering.block)
    });
    let staked = policy.staked.map_or(String::new(), |share| format!(" {}", share.0));
    let tier = policy.tier.map_or(String::new(), |tier| {
        format!(" {}={}", if tier.is_challenge { "challenge" } else { "tier" }, tier.least)
    });
    format!(
        "{source} {} {} {} {} {} {} {} {} {} {lapse} {evaluation} {} {}={} {stream} {metering}{staked}{tier}",
        policy.split.evaluator.0,
        policy.split.platform.0,
        policy.split.burned.0,
        policy.fund_within.0,
        policy.match_within.0,
        policy.rematch_within.0,
        policy.run_within.0,
        policy.finish_within.0,
        policy.attempts,
        policy.dispute_window.0,
        policy.arbitration.within.0,
        encode_ruling(policy.arbitration.default),
    )
}

/// The reverse of [`encode`].
pub(crate) fn decode(text: &str) -> Result<Policy, StoreError> {
    read(text.split_whitespace()).ok_or_else(|| corrupt("the terms of a job"))
}

fn read(mut words: SplitWhitespace<'_>) -> Option<Policy> {
    let source = match words.next()? {
        "client" => Source::Client,
        "treasury" => Source::Treasury,
        minted => Source::Minted(NetworkId(minted.strip_prefix("mint=")?.into())),
    };
    let share = |word: Option<&str>| word?.parse().ok().map(BasisPoints);
    let span = |word: Option<&str>| word?.parse().ok().map(Millis);
    let split = Split {
        evaluator: share(words.next())?,
        platform: share(words.next())?,
        burned: share(words.next())?,
    };
    let (fund_within, match_within) = (span(words.next())?, span(words.next())?);
    Some(Policy {
        source,
        split,
        fund_within,
        match_within,
        rematch_within: {
            // Terms from before this span was one of its own have one number less here: it was the same.
            let is_own = words.clone().nth(3)?.parse::<i64>().is_ok();
            if is_own { span(words.next())? } else { match_within }
        },
        run_within: span(words.next())?,
        finish_within: span(words.next())?,
        attempts: words.next()?.parse().ok()?,
        lapse: match words.next()? {
            "failed" => Lapse::Failed,
            "refunded" => Lapse::Refunded,
            "expired" => Lapse::Expired,
            _ => return None,
        },
        evaluation: match words.next()? {
            "none" => None,
            text => {
                let (within, silence) = text.split_once('=')?;
                Some(Evaluation { within: span(Some(within))?, silence: parse_verdict(silence)? })
            }
        },
        dispute_window: span(words.next())?,
        arbitration: {
            let (within, default) = words.next()?.split_once('=')?;
            Arbitration { within: span(Some(within))?, default: decode_ruling(default)? }
        },
        stream_within: match words.next()? {
            "none" => None,
            text => Some(span(Some(text))?),
        },
        metering: match words.next()? {
            "none" => None,
            text => Some(read_metering(text)?),
        },
        // What most terms do not have stands last, each where it is there.
        staked: match words.clone().next() {
            Some(word) if !word.contains('=') => Some(share(words.next())?),
            _ => None,
        },
        tier: words.next().map(read_tier).map_or(Some(None), |tier| tier.map(Some))?,
    })
}

fn read_tier(text: &str) -> Option<Tier> {
    let (kind, least) = text.split_once('=')?;
    let is_challenge = match kind {
        "challenge" => true,
        "tier" => false,
        _ => return None,
    };
    Some(Tier { least: least.parse().ok()?, is_challenge })
}

fn read_metering(text: &str) -> Option<Metering> {
    let mut numbers = text.split('=');
    let metering = Metering {
        base: numbers.next()?.parse().ok()?,
        covered: numbers.next()?.parse().ok()?,
        per_block: numbers.next()?.parse().ok()?,
        block: numbers.next()?.parse().ok().filter(|block| *block > 0)?,
    };
    numbers.next().is_none().then_some(metering)
}

/// The name of a verdict.
pub(crate) const fn verdict_name(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Complete => "complete",
        Verdict::Reject => "reject",
    }
}

/// The reverse of [`verdict_name`].
pub(crate) fn parse_verdict(name: &str) -> Option<Verdict> {
    [Verdict::Complete, Verdict::Reject].into_iter().find(|verdict| verdict_name(*verdict) == name)
}

/// A ruling as text.
pub(crate) fn encode_ruling(ruling: Ruling) -> String {
    match ruling {
        Ruling::ForWorker => "worker".to_owned(),
        Ruling::ForClient => "client".to_owned(),
        Ruling::Divided { client } => format!("divided:{}", client.0),
    }
}

/// The reverse of [`encode_ruling`].
pub(crate) fn decode_ruling(text: &str) -> Option<Ruling> {
    match text {
        "worker" => Some(Ruling::ForWorker),
        "client" => Some(Ruling::ForClient),
        divided => {
            let client = divided.strip_prefix("divided:")?.parse().ok()?;
            Some(Ruling::Divided { client: BasisPoints(client) })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_read_back_as_they_are_written() {
        let mut policy = Policy {
            source: Source::Client,
            split: Split { evaluator: BasisPoints(300), platform: BasisPoints(200), burned: BasisPoints(1) },
            fund_within: Millis(1),
            match_within: Millis(2),
            rematch_within: Millis(15),
            run_within: Millis(3),
            finish_within: Millis(4),
            attempts: 5,
            lapse: Lapse::Refunded,
            evaluation: Some(Evaluation { within: Millis(6), silence: Verdict::Complete }),
            dispute_window: Millis(7),
            arbitration: Arbitration {
                within: Millis(8),
                default: Ruling::Divided { client: BasisPoints(5_000) },
            },
            stream_within: Some(Millis(9)),
            metering: Some(Metering { base: 10, covered: 11, per_block: 12, block: 13 }),
            staked: Some(BasisPoints(14)),
            tier: Some(Tier { least: 15, is_challenge: true }),
        };
        assert_eq!(decode(&encode(&policy)).unwrap(), policy);
        policy.source = Source::Minted(NetworkId("ledger:testnet".into()));
        policy.evaluation = None;
        policy.stream_within = None;
        policy.metering = None;
        policy.staked = None;
        policy.tier = Some(Tier { least: 3, is_challenge: false });
        assert_eq!(decode(&encode(&policy)).unwrap(), policy);
        policy.source = Source::Treasury;
        policy.tier = None;
        policy.arbitration.default = Ruling::ForClient;
        assert_eq!(decode(&encode(&policy)).unwrap(), policy);
        assert!(decode("client 1 2").is_err());
    }

    #[test]
    fn terms_from_before_another_worker_was_looked_for_for_less_time_are_read_as_they_were_meant() {
        let read = decode("client 0 500 0 30 31 60 90 3 failed none 7 8=worker none none").unwrap();
        let spans = [read.match_within, read.rematch_within, read.run_within, read.finish_within];
        assert_eq!((spans, read.attempts), ([31, 31, 60, 90].map(Millis), 3));
        assert_eq!((read.lapse, read.staked), (Lapse::Failed, None));
    }
}
