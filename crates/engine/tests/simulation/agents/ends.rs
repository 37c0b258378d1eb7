//! Every ended job reckoned anew, from what the published tables say and from what the journal has of it.

use super::super::Found;
use super::{TERMS, hire};
use docket_core::agent::court::Vote;
use docket_core::agent::hire::Seat;
use docket_core::agent::hire::dispute::Dispute;
use docket_core::agent::penalty::Offence;
use docket_core::agent::role::{Role, Strategy};
use docket_core::job::Job;
use docket_core::ledger::Account;
use docket_store::{JournalRow, TransferRow};
use std::collections::BTreeMap;

/// Who has how much.
type Sums = BTreeMap<Account, u128>;

/// What has become of a job, as far as money and rules go by it.
pub(super) struct Case<'a> {
    pub(super) job: &'a Job,
    pub(super) journal: &'a [JournalRow],
    pub(super) moved: &'a [TransferRow],
}

/// How votes ended a dispute.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Voted {
    Upheld,
    Overturned,
    Nothing,
}

impl Case<'_> {
    pub(super) fn at(&self, event: &str) -> Option<&JournalRow> {
        self.journal.iter().find(|row| row.event == event)
    }

    /// What was said of the work in the first place: whether it is accepted.
    pub(super) fn accepted(&self) -> Option<bool> {
        let verdict = |row: &JournalRow| ["completed", "rejected"].contains(&row.event.as_str());
        self.journal.iter().find(|row| verdict(row)).map(|row| row.event == "completed")
    }

    /// How the dispute ended, counted from what was revealed.
    pub(super) fn voted(&self) -> Option<Voted> {
        let dispute = hire(self.job).dispute.as_ref()?;
        let count = |wanted| votes(dispute).filter(|vote| *vote == wanted).count();
        Some(match (count(Vote::Uphold), count(Vote::Overturn)) {
            (2.., _) => Voted::Upheld,
            (_, 2..) => Voted::Overturned,
            _ => Voted::Nothing,
        })
    }

    /// Whether the provider is to be paid; `None` if there was never any work.
    pub(super) fn pays(&self) -> Option<bool> {
        let overturned = self.voted() == Some(Voted::Overturned);
        self.accepted().map(|accepted| accepted != overturned)
    }

    /// What an account of the job has given to whom.
    fn given(&self, from: impl Fn(&Account) -> bool) -> Sums {
        let mut sums = Sums::new();
        for leg in self.moved.iter().filter(|leg| from(&leg.from) && !from(&leg.to)) {
            *sums.entry(leg.to.clone()).or_default() += leg.amount.units;
        }
        sums
    }

    /// What has come into an account of the job.
    fn taken(&self, into: impl Fn(&Account) -> bool) -> u128 {
        let legs = self.moved.iter().filter(|leg| into(&leg.to) && !into(&leg.from));
        legs.map(|leg| leg.amount.units).sum()
    }

    /// What somebody has lost of a lock.
    pub(super) fn lost(&self, seat: &Seat) -> u128 {
        let lock = seat.locked(self.job);
        let given = self.given(|account| *account == lock);
        given.into_iter().filter(|(to, _)| *to != Account::Stake(seat.agent)).map(|(_, units)| units).sum()
    }

    fn wrong(&self, what: String) -> Found {
        let events: Vec<_> = self.journal.iter().map(|row| (&row.event, &row.detail, row.at.0)).collect();
        Err(format!("job {} {what}; its journal: {events:?}", self.job.public_id.text))
    }

    /// All of it.
    pub(super) fn check(&self) -> Found {
        self.check_course()?;
        self.check_budget()?;
        self.check_deposit()?;
        hire(self.job).seats().try_for_each(|(role, seat)| self.check_lock(role, seat))?;
        self.check_bonus()
    }

    /// Each part of the budget, and that they sum to it.
    fn check_budget(&self) -> Found {
        let (hire, price) = (hire(self.job), self.job.price.units);
        let held = self.taken(|account| matches!(account, Account::Escrow(_) | Account::Vesting(_)));
        let due = if self.at("funded").is_some() { price } else { 0 };
        if held != due {
            return self.wrong(format!("held {held} of {price}"));
        }
        let mut parts = Sums::new();
        if self.pays() == Some(true) {
            let rate = match hire.order.strategy {
                Strategy::Rubric => 3,
                Strategy::Program | Strategy::Hybrid | Strategy::Capital => 4,
            };
            // Whoever has accepted it himself, and was right as far as anybody has found.
            let earns = hire.judgement.is_some() && self.accepted() == Some(true);
            let fee = if earns { price * rate / 100 } else { 0 };
            let platform = price * 2 / 100;
            parts.insert(Account::Treasury, platform);
            if let (Some(provider), Some(judge)) =
                (&hire.provider, hire.evaluator.as_ref().or(hire.provider.as_ref()))
            {
                *parts.entry(judge.wallet(self.job)).or_default() += fee;
                *parts.entry(provider.wallet(self.job)).or_default() += price - platform - fee;
            }
        } else {
            parts.insert(hire.client.wallet(self.job), held);
        }
        parts.retain(|_, units| *units > 0);
        let given = self.given(|account| matches!(account, Account::Escrow(_) | Account::Vesting(_)));
        if given == parts { Ok(()) } else { self.wrong(format!("paid {given:?} and should {parts:?}")) }
    }

    /// What was put down for a dispute, and where it went.
    fn check_deposit(&self) -> Found {
        let deposit = |account: &Account| matches!(account, Account::Deposit(_));
        let (put, given) = (self.taken(deposit), self.given(deposit));
        let Some(dispute) = &hire(self.job).dispute else {
            return if put == 0 { Ok(()) } else { self.wrong(format!("took a deposit of {put}")) };
        };
        let due = self.deposit();
        let mut parts = Sums::new();
        if self.voted() == Some(Voted::Upheld) {
            let shared = put * 30 / 100;
            self.reward(dispute, Vote::Uphold, shared, shared, &mut parts);
            *parts.entry(Account::Treasury).or_default() += put - shared;
        } else if let Some(initiator) = hire(self.job).seat(dispute.initiator) {
            parts.insert(initiator.wallet(self.job), put);
        }
        parts.retain(|_, units| *units > 0);
        if put != due || given != parts {
            return self.wrong(format!("took {put} for {due}, gave {given:?} of it and should {parts:?}"));
        }
        Ok(())
    }

    /// 5 %, at least 5 coins, and half of it where the verdict was called close; rounded up.
    fn deposit(&self) -> u128 {
        let whole = (self.job.price.units * 5).div_ceil(100).max(5_000_000);
        let close = hire(self.job).judgement.is_some_and(|judgement| judgement.borderline);
        if close { whole.div_ceil(2) } else { whole }
    }

    /// Divides a sum among those who voted so, each at most so much, and the treasury has the rest.
    fn reward(&self, dispute: &Dispute, vote: Vote, sum: u128, most: u128, parts: &mut Sums) {
        let won = |juror: &&docket_core::agent::hire::dispute::Juror| {
            juror.revealed.is_some_and(|revealed| revealed.vote == vote)
        };
        let winners: Vec<_> = dispute.jurors.iter().flatten().filter(won).collect();
        let each = most.min(sum / (winners.len().max(1)) as u128);
        for winner in &winners {
            *parts.entry(winner.seat.wallet(self.job)).or_default() += each;
        }
        *parts.entry(Account::Treasury).or_default() += sum - each * winners.len() as u128;
    }

    /// What was locked, what it cost, and that the rest is back.
    fn check_lock(&self, role: Role, seat: &Seat) -> Found {
        let lock = seat.locked(self.job);
        let own = |account: &Account| *account == lock;
        let (put, given) = (self.taken(own), self.given(own));
        let mut parts = Sums::new();
        let percent = self.share(role, seat);
        let slash = seat.lock * percent / 100;
        let hire = hire(self.job);
        let treasury = Account::Treasury;
        if let (Role::Evaluator, Some(Voted::Overturned), Some(_), Some(dispute)) =
            (role, self.voted(), hire.judgement, &hire.dispute)
        {
            let redress = slash * 70 / 100;
            if let Some(initiator) = hire.seat(dispute.initiator) {
                parts.insert(initiator.wallet(self.job), redress);
            }
            self.reward(dispute, Vote::Overturn, slash - redress, self.deposit() * 10 / 100, &mut parts);
        } else {
            let cut = slash * 30 / 100 + slash * 10 / 100;
            parts.insert(treasury, cut);
            let injured = if role == Role::Client { hire.provider.as_ref() } else { Some(&hire.client) };
            let injured = injured.map_or(Account::Treasury, |seat| seat.wallet(self.job));
            *parts.entry(injured).or_default() += slash - cut;
        }
        parts.insert(Account::Stake(seat.agent), seat.lock - slash);
        parts.retain(|_, units| *units > 0);
        if put != seat.lock || given != parts {
            let who = seat.agent;
            return self.wrong(format!(
                "locked {put} of {who:?} as {role:?} for {}, gave {given:?} of it and should {parts:?}",
                seat.lock
            ));
        }
        Ok(())
    }

    /// The share of its lock that somebody owes, in percent.
    fn share(&self, role: Role, seat: &Seat) -> u128 {
        let hire = hire(self.job);
        let funded = self.at("funded").is_some();
        let finds = hire.judgement.and_then(|judgement| judgement.fault);
        let stands =
            self.accepted() == Some(false) && self.voted().is_none_or(|voted| voted == Voted::Upheld);
        let late = self.accepted().is_some() && hire.is_late();
        let (first, again) = match role {
            Role::Provider => match self.at("expired").map(|row| row.detail.as_str()) {
                Some("timed_out") if funded => (50, 100),
                Some("cancelled_by_client") if funded => (10, 20),
                _ if stands && finds == Some(Offence::Garbage) => (70, 100),
                _ if stands && finds.is_none() && seat.rejections + 1 >= 3 => (20, 40),
                _ if late => (10, 20),
                _ => (0, 0),
            },
            Role::Client if stands && finds == Some(Offence::BadFaith) => (60, 100),
            Role::Evaluator => match (hire.judgement, self.voted()) {
                (Some(judgement), Some(Voted::Overturned)) => {
                    let all = hire.dispute.as_ref().map_or(0, |dispute| votes(dispute).count()) == 3;
                    let alike =
                        hire.dispute.iter().all(|dispute| votes(dispute).all(|vote| vote == Vote::Overturn));
                    if judgement.borderline && all && alike { (80, 100) } else { (60, 100) }
                }
                (None, _) if self.accepted().is_some() => (30, 50),
                _ => (0, 0),
            },
            Role::Client | Role::Arbitrator => (0, 0),
        };
        if seat.violations >= 2 { again } else { first }
    }

    /// Early work earns 5 or 2 % more, and at most what the treasury has.
    fn check_bonus(&self) -> Found {
        let hire = hire(self.job);
        let given = self.given(|account| *account == Account::Treasury);
        let provider = hire.provider.map(|seat| seat.wallet(self.job));
        if given.keys().any(|to| Some(to) != provider.as_ref()) {
            return self.wrong(format!("had the treasury pay {given:?}"));
        }
        let bonus: u128 = given.values().sum();
        let spans = hire.begun_at.zip(hire.delivered_at).filter(|_| self.pays() == Some(true));
        let owed = spans.map_or(0, |(begun, delivered)| {
            let (taken, time) = (delivered.since(begun).0, hire.order.deadline.since(begun).0);
            let percent = match () {
                () if taken * 4 < time => 5,
                () if taken * 2 < time => 2,
                () => 0,
            };
            self.job.price.units * percent / 100
        });
        if bonus <= owed { Ok(()) } else { self.wrong(format!("earned a bonus of {bonus} of {owed}")) }
    }

    /// Each thing once, at its time, and nothing after the end.
    fn check_course(&self) -> Found {
        let ends = ["vested", "ruled", "expired", "cancelled"];
        let is_end = |row: &JournalRow| ends.contains(&row.event.as_str());
        if self.journal.iter().filter(|row| is_end(row)).count() != 1
            || !self.journal.last().is_some_and(is_end)
        {
            return self.wrong("did not end once, and with that".to_owned());
        }
        let count =
            |names: &[&str]| self.journal.iter().filter(|row| names.contains(&row.event.as_str())).count();
        for once in
            [&["created"][..], &["funded"], &["engaged"], &["appointed"], &["submitted"], &["disputed"]]
        {
            if count(once) > 1 {
                return self.wrong(format!("was {once:?} more than once"));
            }
        }
        if count(&["completed", "rejected"]) != count(&["submitted"]) {
            return self.wrong("was not judged once for the work".to_owned());
        }
        self.check_times()
    }

    fn check_times(&self) -> Found {
        let hire = hire(self.job);
        let at = |event: &str| self.at(event).map(|row| row.at);
        let verdict = at("completed").or(at("rejected"));
        let mut wrong = Vec::new();
        let mut demand = |holds: bool, what: &'static str| wrong.extend((!holds).then_some(what));
        if let (Some(submitted), Some(verdict)) = (at("submitted"), verdict) {
            let due = submitted + TERMS.evaluate_within;
            demand(submitted < hire.order.deadline + TERMS.grace, "work came after the grace");
            demand(hire.judgement.is_some() == (verdict < due), "a verdict came late, or silence early");
            demand(hire.judgement.is_some() || self.accepted() == Some(true), "silence refused work");
            let closes = verdict + TERMS.dispute_within;
            demand(at("disputed").is_none_or(|at| at < closes), "a dispute came late");
            demand(at("vested").is_none_or(|at| at >= closes), "it was paid before it was final");
            demand(at("vested").is_none() || at("disputed").is_none(), "it was paid in a dispute");
        }
        demand(at("expired").is_none_or(|at| at >= hire.order.deadline), "it expired too early");
        let reclaimed = self.at("expired").filter(|row| row.detail == "timed_out");
        let grace = hire.order.deadline + TERMS.grace;
        demand(reclaimed.is_none_or(|row| row.at >= grace), "it was missing within the grace");
        if let (Some(dispute), Some(ruled)) = (&hire.dispute, at("ruled")) {
            let (opened, within) = (dispute.filed_at, TERMS.vote_within);
            let committed: Vec<_> = self.journal.iter().filter(|row| row.event == "committed").collect();
            let revealed: Vec<_> = self.journal.iter().filter(|row| row.event == "revealed").collect();
            let jurors: Vec<_> = dispute.jurors.iter().flatten().collect();
            let complete = committed.len() == jurors.len() && !jurors.is_empty();
            let last = committed.last().map_or(opened, |row| row.at);
            let begins = if complete { last.min(opened + within) } else { opened + within };
            let all_shown = !revealed.is_empty() && revealed.len() == committed.len();
            demand(committed.iter().all(|row| row.at < opened + within), "somebody committed too late");
            demand(revealed.iter().all(|row| row.at >= begins), "somebody revealed too early");
            demand(revealed.iter().all(|row| row.at < begins + within), "a late vote counts");
            demand(all_shown || ruled >= begins + within, "a dispute ended before its time");
            demand(
                committed.len() == jurors.iter().filter(|juror| juror.commitment.is_some()).count(),
                "a commitment is lost",
            );
            demand(revealed.len() == votes(dispute).count(), "a vote is lost");
        }
        match wrong.first() {
            Some(what) => self.wrong(format!("is wrong: {what}")),
            None => Ok(()),
        }
    }
}

fn votes(dispute: &Dispute) -> impl Iterator<Item = Vote> {
    dispute.jurors.iter().flatten().filter_map(|juror| juror.revealed).map(|revealed| revealed.vote)
}
