//! A routing decision as it is kept: the chosen, the next ten with their reasons, a count per reason.

use docket_core::routing::Decision;
use serde::Serialize;

#[derive(Serialize)]
struct Document {
    chosen: Option<Entry>,
    next: Vec<Entry>,
    unfit: Vec<Count>,
}

#[derive(Serialize)]
struct Entry {
    worker: String,
    score: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    lost: Option<&'static str>,
}

#[derive(Serialize)]
struct Count {
    reason: &'static str,
    workers: usize,
}

/// The decision as JSON.
pub(crate) fn document(decision: &Decision) -> String {
    let entry = |ranked: &docket_core::routing::Ranked, lost| Entry {
        worker: ranked.worker.to_string(),
        score: ranked.score.to_string(),
        lost,
    };
    let shortlist = &decision.shortlist;
    let document = Document {
        chosen: shortlist.chosen.as_ref().map(|chosen| entry(chosen, None)),
        next: shortlist.runners_up.iter().map(|next| entry(&next.ranked, Some(next.lost.code()))).collect(),
        unfit: decision
            .tally
            .reasons()
            .filter(|(_, workers)| *workers > 0)
            .map(|(reason, workers)| Count { reason: reason.code(), workers })
            .collect(),
    };
    serde_json::to_string(&document).expect("texts and numbers have a JSON form")
}
