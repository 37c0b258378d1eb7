//! Whole decisions as text: who has the job, who would be next, and why nobody else.

use super::fleet::worker;
use crate::routing::*;
use crate::time::Timestamp;
use std::fmt::Write;

/// A worker with a name and with what sets it apart from [`worker`].
pub(super) struct Named {
    pub(super) name: &'static str,
    pub(super) about: &'static str,
    pub(super) known: Candidate,
}

/// What sets a worker apart.
pub(super) type Differs = fn(&mut Candidate);

/// Workers by name, numbered from 0 on.
pub(super) fn named<const N: usize>(who: [(&'static str, &'static str, Differs); N]) -> Vec<Named> {
    let named = |(number, (name, about, differs)): (u16, (_, _, Differs))| {
        let mut known = worker(number);
        differs(&mut known);
        Named { name, about, known }
    };
    (0..).zip(who).map(named).collect()
}

/// One decision.
pub(super) struct Scene {
    pub(super) title: &'static str,
    pub(super) demand: Demand<'static>,
    pub(super) scoring: Scoring,
    pub(super) now: Timestamp,
    pub(super) seed: u64,
}

/// The fleet, and each decision in full.
pub(super) fn table(fleet: &[Named], scenes: &[Scene]) -> String {
    let name = |worker| fleet.iter().find(|named| named.known.id == worker).map_or("?", |named| named.name);
    let mut text = String::from("the fleet\n");
    for Named { name, about, .. } in fleet {
        writeln!(text, "  {name}  {about}").unwrap();
    }
    for Scene { title, demand, scoring, now, seed } in scenes {
        let snapshot = || fleet.iter().map(|named| &named.known);
        let decision = choose(snapshot(), demand, scoring, *now, *seed);
        writeln!(text, "\n{title}").unwrap();
        match decision.shortlist.chosen {
            Some(Ranked { worker, score }) => writeln!(text, "  {}  {score}  chosen", name(worker)).unwrap(),
            None => writeln!(text, "  nobody").unwrap(),
        }
        for RunnerUp { ranked: Ranked { worker, score }, lost } in &decision.shortlist.runners_up {
            writeln!(text, "  {}  {score}  {}", name(*worker), lost.code()).unwrap();
        }
        for Verdict { worker, outcome } in explain(snapshot(), demand, scoring, *now, *seed) {
            if let Err(reason) = outcome {
                writeln!(text, "  {}  {}", name(worker), reason.code()).unwrap();
            }
        }
        let reasons: Vec<_> =
            decision.tally.reasons().map(|(reason, count)| format!("{} {count}", reason.code())).collect();
        let (fit, all) = (decision.tally.fit(), decision.tally.considered());
        writeln!(text, "  {fit} of {all} fit; {}", reasons.join(", ")).unwrap();
    }
    text
}
