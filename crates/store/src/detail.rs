//! What the journal keeps of an event besides its name, written and read back.

use crate::policy::{decode_ruling, encode_ruling};
use crate::read::JournalRow;
use docket_core::agent::hire::step::Taken;
use docket_core::event::Event;
use docket_core::hash::Sha256;
use docket_core::id::Doer;
use docket_core::policy::{Judge, Ruling};

/// What stands before the digest of what a client says that he received.
const RECEIVED: &str = "received ";
/// What stands between a ruling and who made it.
const BY: &str = " by ";

/// Who, why, how much.
pub(crate) fn detail(event: &Event) -> String {
    match event {
        Event::Returned { worker, reason, .. } => format!("{} by {worker}", reason.code()),
        Event::Closed { reason, .. } => reason.code().to_owned(),
        Event::Submitted { delivery, .. } | Event::Settled { delivery, .. } => {
            let attempt = delivery.attempt;
            let by = match delivery.by {
                Doer::Worker(worker) => {
                    format!("by {worker} in attempt {}-{}", attempt.epoch, attempt.number)
                }
                Doer::Agent(_) => format!("by {}", delivery.by),
            };
            match event {
                Event::Settled { broken: Some(reason), .. } => format!("{by}, {}", reason.code()),
                _ => by,
            }
        }
        Event::Hire(Taken::Invited { agent }) => format!("agent:{}", agent.0),
        Event::Hire(Taken::Engaged { provider: seat } | Taken::Appointed { evaluator: seat }) => {
            format!("agent:{}", seat.agent.0)
        }
        Event::Hire(Taken::Committed { seat, .. } | Taken::Revealed { seat, .. }) => format!("seat {seat}"),
        Event::Hire(Taken::Valued { valuation, .. }) => {
            format!("{} in {}", valuation.value, valuation.report)
        }
        Event::Evaluated { judgement: None, .. } => "by silence".to_owned(),
        Event::Disputed { claim: Some(claim), .. } => format!("{RECEIVED}{claim}"),
        Event::Ruled { ruling, by, .. } => format!("{}{BY}{}", encode_ruling(*ruling), by.name()),
        Event::Created { .. }
        | Event::Funded { .. }
        | Event::Assigned { .. }
        | Event::Accepted { .. }
        | Event::Recovered { .. }
        | Event::Evaluated { .. }
        | Event::Vested { .. }
        | Event::Hire(Taken::Described { .. })
        | Event::Disputed { claim: None, .. } => String::new(),
    }
}

impl JournalRow {
    /// The digest of what the client says that he received; `None` unless it is a dispute about that.
    pub fn claim(&self) -> Option<Sha256> {
        (self.event == "disputed").then(|| self.detail.strip_prefix(RECEIVED))?.and_then(Sha256::parse)
    }

    /// How a dispute ended, and by whom; `None` unless it is that.
    pub fn ruling(&self) -> Option<(Ruling, Judge)> {
        let (ruling, judge) = (self.event == "ruled").then(|| self.detail.split_once(BY))??;
        let judge = Judge::ALL.into_iter().find(|known| known.name() == judge)?;
        Some((decode_ruling(ruling)?, judge))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use docket_core::id::Version;
    use docket_core::money::BasisPoints;
    use docket_core::time::Timestamp;

    fn row(event: &Event) -> JournalRow {
        let (event, detail) = (event.name().to_owned(), detail(event));
        JournalRow { version: Version(1), at: Timestamp(1), event, detail, leaf_index: None }
    }

    #[test]
    fn a_dispute_and_its_end_read_back_as_they_are_written() {
        for claim in [None, Some(Sha256([7; 32]))] {
            let row = row(&Event::Disputed { claim, by: Timestamp(2), filing: None });
            assert_eq!((row.claim(), row.ruling()), (claim, None));
        }
        let divided = Ruling::Divided { client: BasisPoints(2_500) };
        for ruling in [Ruling::ForWorker, Ruling::ForClient, divided] {
            for by in Judge::ALL {
                let row = row(&Event::Ruled { ruling, by, slash: 0, bonus: 0 });
                assert_eq!((row.claim(), row.ruling()), (None, Some((ruling, by))));
            }
        }
    }
}
