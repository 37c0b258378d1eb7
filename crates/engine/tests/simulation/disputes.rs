//! Disputes over answers of `credits`: by right and wrong hashes, ruled by the coordinator, by the operator or by
//! nobody.

use super::Found;
use super::market::Market;
use super::reports::Report;
use docket_core::event::Voucher;
use docket_core::hash::Sha256;
use docket_core::id::PublicId;
use docket_core::job::{Job, State};
use docket_core::ledger::Account;
use docket_core::money::BasisPoints;
use docket_core::policy::Ruling;
use docket_core::time::Timestamp;
use docket_engine::EngineError;
use docket_store::{JournalRow, TransferRow};

impl Market {
    /// A client compares what he received with what was delivered, and disputes what differs.
    pub(super) fn complain(&mut self) {
        let part = if self.dice.percent(50) { self.some_part() } else { None };
        let Some(id) = part.or_else(|| self.known_job()) else { return };
        let received = self.dice.percent(70).then(|| Sha256::of(b"something else"));
        let (engine, reports) = (self.coordinator.engine.clone(), self.reports.clone());
        let what = format!("complaining about {id:?}");
        self.coordinator.tasks.spawn_fragile(what.clone(), async move {
            let done = async {
                let Some(job) = engine.find(&id).await? else { return Ok(()) };
                let Some(delivery) = job.delivery() else { return Ok(()) };
                // Who has received what was delivered has nothing to dispute.
                let Some(received) = received else { return Ok::<_, EngineError>(()) };
                // Of a part nobody but the coordinator knows that it is one, so it does not judge itself.
                let decided = (delivery.voucher == Voucher::Worker).then_some(Ruling::ForWorker);
                engine.dispute(job.id, Some(received), decided).await.map(|_| ())
            };
            let result = done.await;
            reports.add(Report::Did(what, result));
        });
    }

    /// A job of which only a part was delivered, and that is not final.
    fn some_part(&mut self) -> Option<PublicId> {
        let mut jobs = self.coordinator.engine.store().open_jobs();
        jobs.retain(|job| job.delivery().is_some_and(|delivery| delivery.voucher != Voucher::Worker));
        jobs.sort_by_key(|job| job.id);
        (!jobs.is_empty()).then(|| self.dice.pick(&jobs).public_id.clone())
    }

    /// The operator ends a dispute. Over every third job he never rules.
    pub(super) fn rule(&mut self) {
        let disputed = |job: &std::sync::Arc<Job>| {
            matches!(job.state, State::Disputed { .. }) && !job.id.0.is_multiple_of(3)
        };
        let mut jobs = self.coordinator.engine.store().open_jobs();
        jobs.retain(disputed);
        jobs.sort_by_key(|job| job.id);
        if jobs.is_empty() {
            return;
        }
        let id = self.dice.pick(&jobs).id;
        let rulings = [Ruling::ForClient, Ruling::ForWorker, Ruling::Divided { client: BasisPoints(3_000) }];
        let ruling = *self.dice.pick(&rulings);
        let (engine, reports) = (self.coordinator.engine.clone(), self.reports.clone());
        let what = format!("ruling {ruling:?} over {id:?}");
        self.coordinator.tasks.spawn_fragile(what.clone(), async move {
            let result = engine.rule(id, ruling).await.map(|_| ());
            reports.add(Report::Did(what, result));
        });
    }
}

/// What came to nothing costs nothing; what was disputed was disputed in time, and nothing of it moves before somebody has ruled.
pub(crate) fn check(job: &Job, journal: &[JournalRow], moved: &[TransferRow]) -> Found {
    let at = |event: &str| journal.iter().find(|row| row.event == event).map(|row| row.at);
    let paid = |leg: &TransferRow| match leg.to {
        Account::Escrow(_) | Account::Client(_) | Account::Outside(_) => false,
        // It pays for tests.
        Account::Treasury => !job.is_challenge(),
        _ => true,
    };
    let wrong = |what: String| Err(format!("{:?} {what}", job.public_id));
    if matches!(job.state, State::Closed { .. }) && moved.iter().any(paid) {
        return wrong("came to nothing, and somebody was paid".to_owned());
    }
    let window_opens = ["settled", "completed", "rejected"].into_iter().filter_map(at).max();
    let window_closes = window_opens.map(|at| at + job.policy.dispute_window);
    if let Some(vested) = at("vested")
        && window_closes.is_none_or(|closes| vested < closes)
    {
        return wrong(format!("vested at {vested:?}, and could be disputed until {window_closes:?}"));
    }
    let Some(disputed) = at("disputed") else {
        return if at("ruled").is_none() { Ok(()) } else { wrong("was ruled and not disputed".to_owned()) };
    };
    if window_closes.is_none_or(|closes| disputed >= closes) {
        return wrong(format!("was disputed at {disputed:?}, and could be until {window_closes:?}"));
    }
    let place = |event: &str| journal.iter().position(|row| row.event == event);
    let late = |leg: &&TransferRow| leg.event == "vested" || (leg.event == "ruled" && leg.at < disputed);
    match moved.iter().find(late) {
        Some(leg) => wrong(format!("moved {:?} by {} though it was disputed", leg.amount, leg.event)),
        None if place("ruled").is_some_and(|ruled| Some(ruled) < place("disputed")) => {
            wrong("was ruled before it was disputed".to_owned())
        }
        None => Ok(()),
    }
}

/// How long after its promise an answer may still come, if it is given as it comes.
pub(crate) fn last_arrival(job: &Job) -> Option<Timestamp> {
    Some(job.finish_by? + job.policy.stream_within.unwrap_or_default())
}
