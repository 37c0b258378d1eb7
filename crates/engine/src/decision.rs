//! A routing decision as it is kept and as it is shown: the chosen, the next ten with their reasons, a
//! count per reason.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use docket_core::id::WorkerId;
use docket_core::routing::{Decision, Ranked};
use serde::{Deserialize, Serialize};

/// As it is kept with every job: without names for what is in each line, and in few bytes.
#[derive(Serialize, Deserialize)]
struct Kept {
    /// Worker and score.
    chosen: Option<(Short, String)>,
    /// Worker, score, and by what it lost.
    next: Vec<(Short, String, String)>,
    /// Reason, and how many workers it kept out.
    unfit: Vec<(String, usize)>,
}

/// A worker's id in base64.
#[derive(Serialize, Deserialize)]
struct Short(String);

impl From<WorkerId> for Short {
    fn from(worker: WorkerId) -> Self {
        Self(URL_SAFE_NO_PAD.encode(worker.0))
    }
}

impl Short {
    fn hex(&self) -> String {
        let bytes = URL_SAFE_NO_PAD.decode(&self.0).unwrap_or_default();
        bytes.try_into().map(|bytes| WorkerId(bytes).to_string()).unwrap_or_default()
    }
}

/// As people and programs see it.
#[derive(Serialize)]
struct Shown {
    chosen: Option<Entry>,
    next: Vec<Entry>,
    unfit: Vec<Count>,
}

#[derive(Serialize)]
struct Entry {
    worker: String,
    score: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    lost: Option<String>,
}

#[derive(Serialize)]
struct Count {
    reason: String,
    workers: usize,
}

impl From<&Decision> for Kept {
    fn from(Decision { shortlist, tally, .. }: &Decision) -> Self {
        let words = |ranked: &Ranked| (Short::from(ranked.worker), ranked.score.to_string());
        let next = shortlist.runners_up.iter().map(|next| {
            let (worker, score) = words(&next.ranked);
            (worker, score, next.lost.code().to_owned())
        });
        let unfit = tally.reasons().filter(|(_, workers)| *workers > 0);
        Self {
            chosen: shortlist.chosen.as_ref().map(words),
            next: next.collect(),
            unfit: unfit.map(|(reason, workers)| (reason.code().to_owned(), workers)).collect(),
        }
    }
}

impl From<Kept> for Shown {
    fn from(Kept { chosen, next, unfit }: Kept) -> Self {
        Self {
            chosen: chosen.map(|(worker, score)| Entry { worker: worker.hex(), score, lost: None }),
            next: next
                .into_iter()
                .map(|(worker, score, lost)| Entry { worker: worker.hex(), score, lost: Some(lost) })
                .collect(),
            unfit: unfit.into_iter().map(|(reason, workers)| Count { reason, workers }).collect(),
        }
    }
}

/// The decision as it is kept.
pub(crate) fn keep(decision: &Decision) -> String {
    json(&Kept::from(decision))
}

/// The decision as it is shown, as JSON.
pub(crate) fn show(decision: &Decision) -> String {
    json(&Shown::from(Kept::from(decision)))
}

/// A kept decision as it is shown; `None` if it cannot be read.
pub(crate) fn show_kept(kept: &str) -> Option<String> {
    serde_json::from_str::<Kept>(kept).ok().map(|kept| json(&Shown::from(kept)))
}

fn json(document: &impl Serialize) -> String {
    serde_json::to_string(document).expect("texts and numbers have a JSON form")
}
