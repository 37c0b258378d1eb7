//! What a worker's history comes to for each dialect that has workers, point by point, for the operator.

use crate::openapi::{array, choice, count, nullable, object, text};
use docket_core::id::Dialect;
use docket_core::reputation::{IMAGINED_JOBS, Jobs, Reputation, Term, View};
use docket_core::worker::{PROVEN_BY, Standing, Worker};
use serde::Serialize;
use serde_json::{Value, json};

/// Which dialect goes by which view, the best on its own scale, and the best as its answers show it.
const DIALECTS: [(Dialect, View, u16, u16); 3] = [
    (Dialect::Quotes, View::Jobs, 100, 100),
    (Dialect::Credits, View::Parts, 1_000, 1_000),
    (Dialect::Registry, View::Tested, 10_000, 100),
];
const BEST: u32 = 10_000;

/// Each number with what it is made of, and how much is known at all.
#[derive(Serialize)]
pub(super) struct Explanation {
    views: Vec<ViewOf>,
    confidence: Confidence,
    /// `null` for a worker that is not new.
    cold_start: Option<ColdStart>,
}

/// What a dialect makes of the history.
#[derive(Serialize)]
struct ViewOf {
    dialect: &'static str,
    /// Of 10,000. The terms add up to it.
    number: u16,
    /// The best on the dialect's own scale.
    scale: u16,
    /// The number as the dialect's answers have it, rounded down.
    shown: u32,
    terms: Vec<TermOf>,
}

#[derive(Serialize)]
struct TermOf {
    term: &'static str,
    points: i64,
    because: String,
}

/// Sums of jobs in jobs, to a thousandth.
#[derive(Serialize)]
struct Confidence {
    jobs: String,
    imagined: String,
    /// In basis points.
    share: u16,
}

/// How far a new worker has come.
#[derive(Serialize)]
struct ColdStart {
    paid: u32,
    needed: u32,
}

impl Explanation {
    pub(super) fn of(worker: &Worker) -> Self {
        let Worker { standing, reputation, .. } = worker;
        Self {
            views: DIALECTS.map(|row| ViewOf::of(row, reputation)).into(),
            confidence: Confidence {
                jobs: Jobs(reputation.jobs()).to_string(),
                imagined: Jobs(IMAGINED_JOBS).to_string(),
                share: reputation.confidence().0,
            },
            cold_start: standing.is_new().then(|| ColdStart::of(*standing)),
        }
    }
}

impl ViewOf {
    fn of((dialect, view, scale, shown): (Dialect, View, u16, u16), history: &Reputation) -> Self {
        let number = view.number(history).0;
        let shown = u32::from(number) * u32::from(shown) / BEST;
        let terms = view.terms(history).into_iter().map(TermOf::from).collect();
        Self { dialect: dialect.name(), number, scale, shown, terms }
    }
}

impl From<Term> for TermOf {
    fn from(Term { name, points, because }: Term) -> Self {
        Self { term: name, points, because: because.to_string() }
    }
}

impl ColdStart {
    const fn of(standing: Standing) -> Self {
        Self { paid: standing.completed, needed: PROVEN_BY }
    }
}

/// The fields of an [`Explanation`], for the description of the API.
pub(super) fn fields() -> Vec<(&'static str, Value)> {
    let term = object(&[
        ("term", text("What it is, in one word.")),
        ("points", json!({"type": "integer", "description": "What it adds or takes, of 10000."})),
        ("because", text("What it is made of, in words.")),
    ]);
    let view = object(&[
        ("dialect", choice(&DIALECTS.map(|(dialect, ..)| dialect.name()))),
        ("number", count("Of 10000. The terms add up to it.")),
        ("scale", count("The best on the dialect's own scale.")),
        ("shown", count("The number as the dialect's answers have it.")),
        ("terms", array(term)),
    ]);
    let confidence = object(&[
        ("jobs", text("Jobs paid or lost, as far as they have not faded.")),
        ("imagined", text("Jobs of the middle that stand beside them.")),
        ("share", count("How much of all these was seen, in basis points.")),
    ]);
    let cold_start = object(&[
        ("paid", count("Jobs paid.")),
        ("needed", count("How many make a worker not new any more.")),
    ]);
    vec![("views", array(view)), ("confidence", confidence), ("cold_start", nullable(cold_start))]
}

#[cfg(test)]
mod tests {
    use super::*;
    use docket_core::id::WorkerId;
    use docket_core::money::BasisPoints;
    use docket_core::reputation::Evidence;
    use docket_core::time::{Millis, Timestamp};
    use proptest::prelude::*;

    fn evidence() -> impl Strategy<Value = Evidence> {
        prop_oneof![
            (0..10_000_u16).prop_map(|place| Evidence::Paid { placing: Some(BasisPoints(place)) }),
            Just(Evidence::Lost),
            Just(Evidence::Unproven),
            (0..1_000_000_000_i64).prop_map(|span| Evidence::Connected(Millis(span))),
            any::<bool>().prop_map(|passed| Evidence::Challenged { passed }),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn what_is_shown_of_each_dialect_adds_up(
            steps in prop::collection::vec((evidence(), 0..900_000_000_i64), 0..60),
        ) {
            let (mut worker, mut now) = (Worker::unknown(WorkerId([1; 32])), Timestamp(0));
            for (evidence, passed) in steps {
                now = now + Millis(passed);
                worker = worker.after(evidence, now);
            }
            let shown = serde_json::to_value(Explanation::of(&worker)).unwrap();
            let views = shown["views"].as_array().unwrap();
            let dialects: Vec<_> = views.iter().map(|view| view["dialect"].as_str().unwrap()).collect();
            prop_assert_eq!(dialects, ["quotes", "credits", "registry"]);
            for view in views {
                let terms = view["terms"].as_array().unwrap();
                let sum: i64 = terms.iter().map(|term| term["points"].as_i64().unwrap()).sum();
                prop_assert_eq!(sum, view["number"].as_i64().unwrap(), "{}", view);
            }
            let [jobs, parts, tested] =
                [worker.reputation.by_jobs(), worker.reputation.by_parts(), worker.reputation.tested()].map(|n| n.0);
            let expected = [(jobs, jobs / 100), (parts, parts / 10), (tested, tested / 100)];
            for (view, (number, on_scale)) in views.iter().zip(expected) {
                prop_assert_eq!((&view["number"], &view["shown"]), (&json!(number), &json!(on_scale)));
            }
            prop_assert_eq!(shown["cold_start"].is_null(), worker.standing.completed >= 10);
        }
    }
}
