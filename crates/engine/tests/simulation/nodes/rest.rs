//! What must hold of nodes and their jobs in a moment of quiet, after a crash, and at rest.

use super::super::Found;
use super::super::market::Market;
use super::listed::{Listed, Standing};
use super::offers::{BURNED, LOST_AFTER, MODELS};
use docket_core::agent::tally::Tally;
use docket_core::change::Notice;
use docket_core::job::{Job, State};
use docket_core::ledger::Account;
use docket_store::{NoticeRow, TransferRow};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

impl Market {
    /// Nothing is under way.
    pub(crate) fn check_nodes_in_quiet(&mut self) -> Found {
        if !self.nodes.are_there() {
            return Ok(());
        }
        self.nodes_hear();
        self.check_enrolments()?;
        self.check_hands_of_nodes()?;
        self.check_challenges()?;
        self.check_numbers()?;
        if self.coordinator.engine.census().effects_later == 0 {
            self.nodes.roll.borrow().check_waiting(&self.coordinator.engine)?;
        }
        self.check_notices()
    }

    /// Who is enrolled on disk is enrolled as somebody was told, or as he may have been; and the coordinator knows it.
    pub(crate) fn check_enrolments(&mut self) -> Found {
        let (roll, now) = (self.nodes.roll.clone(), self.now());
        roll.borrow_mut().learn_verdicts()?;
        for listed in &mut roll.borrow_mut().listed {
            let wallet = listed.wallet;
            let kept = self.coordinator.read(|reader| reader.enrolment(wallet));
            let known = self.coordinator.engine.node(wallet).ok();
            if known.as_ref().map(|node| &*node.enrolment) != kept.as_ref() {
                return Err(format!("{wallet} is enrolled as {kept:?}, and known as {known:?}"));
            }
            let standing = kept.as_ref().map(Standing::from);
            if !listed.standings.contains(&standing) {
                return Err(format!(
                    "{wallet} is enrolled as {standing:?}, and can be {:?}",
                    listed.standings
                ));
            }
            if let Some(standing) = &standing {
                self.sights.insert(format!("a node that is {}", standing.state.name()));
            }
            listed.is_certain(standing, now)?;
            if listed.has_come_back {
                self.sights.insert("a node that has come back".to_owned());
            }
        }
        Ok(())
    }

    /// Each node is online as long as it was heard lately, and has what it was posted.
    fn check_hands_of_nodes(&mut self) -> Found {
        let (now, engine) = (self.now(), self.coordinator.engine.clone());
        let roll = self.nodes.roll.clone();
        for listed in &mut roll.borrow_mut().listed {
            let online = engine.node(listed.wallet).ok().and_then(|node| node.online);
            let seen = online.map(|online| online.last_seen);
            if listed.unsure {
                (listed.heard, listed.unsure) = (seen, false);
            }
            let heard = listed.heard.filter(|heard| now.since(*heard) <= LOST_AFTER);
            if heard != seen {
                return Err(format!("{} was heard {heard:?}, and is online since {seen:?}", listed.wallet));
            }
            let node = self.nodes.members.iter().find(|node| node.worker == listed.worker);
            let given: BTreeSet<Arc<str>> =
                node.into_iter().flat_map(|node| node.given().map(|(name, _)| name.clone())).collect();
            let view = engine.worker_view(&listed.worker);
            let held: BTreeSet<Arc<str>> = view.into_iter().flat_map(|view| view.jobs).collect();
            if given != held {
                return Err(format!("{} has {held:?} and was posted {given:?}", listed.wallet));
            }
        }
        Ok(())
    }

    /// How many nodes are online.
    pub(crate) fn nodes_online(&self) -> usize {
        let now = self.now();
        let roll = self.nodes.roll.borrow();
        let online =
            |heard: Option<docket_core::time::Timestamp>| heard.is_some_and(|at| now.since(at) <= LOST_AFTER);
        roll.listed.iter().filter(|listed| online(listed.heard)).count()
    }

    /// What everybody could see stays as it was, and more comes after it.
    fn check_notices(&mut self) -> Found {
        let seen = &mut self.nodes.record.notices;
        let last = self.coordinator.read(|reader| reader.last_notice());
        let mut all: Vec<NoticeRow> = Vec::new();
        let mut before = last + 1;
        while before > 1 {
            let page = self.coordinator.read(|reader| reader.notices(before, 100));
            let Some(first) = page.last() else { break };
            before = first.number;
            all.extend(page);
        }
        all.reverse();
        let numbers = all.iter().map(|row| row.number);
        if !numbers.eq(1..=last) || all.get(..seen.len()) != Some(&seen[..]) {
            return Err(format!("notices were {seen:?} and are {all:?}"));
        }
        *seen = all;
        Ok(())
    }

    /// Everything has ended.
    pub(crate) fn check_nodes_at_rest(&mut self) -> Found {
        if !self.nodes.are_there() {
            return Ok(());
        }
        let jobs = self.jobs_of_a_class();
        let mut counts: BTreeMap<Tally, i128> = BTreeMap::new();
        let mut notices: Vec<String> = Vec::new();
        for job in &jobs {
            let moved = self.coordinator.read(|reader| reader.job_transfers(job.id));
            check_money(job, &moved)?;
            let done = job.delivery().is_some();
            let (what, sum) = if done { (Tally::Done, 1) } else { (Tally::Returned, 1) };
            *counts.entry(what).or_default() += sum;
            *counts.entry(Tally::Asked).or_default() += 1;
            let to = |is: fn(&Account) -> bool| -> i128 {
                let legs = moved.iter().filter(|leg| is(&leg.to));
                legs.map(|leg| i128::try_from(leg.amount.units).expect("it is small")).sum()
            };
            *counts.entry(Tally::Earned).or_default() += to(|to| matches!(to, Account::Worker(_)));
            *counts.entry(Tally::Burned).or_default() += to(|to| matches!(to, Account::Burned));
            notices.push(format!("{:?}", Notice::Funded(job.id)));
            notices.extend(done.then(|| format!("{:?}", Notice::Done(job.id))));
            self.sight(if done {
                "a job of a class that was done"
            } else {
                "a job of a class that came to nothing"
            });
            if job.tried.len() > 1 {
                self.sight("a job of a class that several had");
            }
        }
        self.check_tallies(counts)?;
        let roll = self.nodes.roll.clone();
        let enrolled = |listed: &Listed| listed.standings.iter().any(Option::is_some);
        for listed in roll.borrow().listed.iter().filter(|listed| enrolled(listed)) {
            notices.push(format!("{:?}", Notice::Enrolled(listed.wallet)));
        }
        let mut shown: Vec<String> =
            self.nodes.record.notices.iter().map(|row| format!("{:?}", row.notice)).collect();
        shown.sort();
        notices.sort();
        if shown != notices {
            return Err(format!("everybody sees {shown:?}, and should {notices:?}"));
        }
        self.check_standings_of_nodes(&jobs)
    }

    fn check_tallies(&self, own: BTreeMap<Tally, i128>) -> Found {
        let of_classes = [Tally::Asked, Tally::Done, Tally::Returned, Tally::Earned, Tally::Burned];
        let mut kept: BTreeMap<Tally, i128> = BTreeMap::new();
        let hour = docket_core::agent::tally::hour(self.now());
        for (first, last) in [(0, 0), (1, hour)] {
            let mut sums: BTreeMap<Tally, i128> = BTreeMap::new();
            for ((tally, _), sum) in self.coordinator.read(|reader| reader.tallies(first, last)) {
                *sums.entry(tally).or_default() += sum;
            }
            sums.retain(|tally, sum| of_classes.contains(tally) && *sum != 0);
            if last > 0 && sums != kept {
                return Err(format!("{kept:?} are counted in all, and {sums:?} by the hour"));
            }
            kept = sums;
        }
        let mut own = own;
        own.retain(|_, sum| *sum != 0);
        if own == kept { Ok(()) } else { Err(format!("{kept:?} are counted, and {own:?} happened")) }
    }

    /// What is counted of each node's jobs is what was paid and lost.
    fn check_standings_of_nodes(&self, jobs: &[Arc<Job>]) -> Found {
        let happenings = self.happenings();
        let none = Vec::new();
        for listed in &self.nodes.roll.borrow().listed {
            let Some(known) = self.coordinator.read(|reader| reader.worker(listed.worker)) else { continue };
            let events = happenings.get(&listed.worker).unwrap_or(&none);
            let paid = events.iter().filter(|(_, event)| matches!(event, super::record::Event::Paid(_)));
            let lost = events.iter().filter(|(_, event)| matches!(event, super::record::Event::Lost { .. }));
            let counts = (known.standing.completed as usize, known.standing.failed as usize);
            let own = (paid.count(), lost.count());
            if counts != own {
                return Err(format!(
                    "{} has {counts:?} jobs, and {own:?} happened among {}",
                    listed.wallet,
                    jobs.len()
                ));
            }
        }
        Ok(())
    }
}

/// Of a price the node has all but what nobody has, or the client has it all again.
fn check_money(job: &Job, moved: &[TransferRow]) -> Found {
    let name = &job.public_id.text;
    let model = MODELS.iter().find(|(model, ..)| job.ask.model.as_deref() == Some(*model));
    let (_, _, price) = *model.ok_or_else(|| format!("{name} asks for no model that there is"))?;
    let legs: Vec<_> = moved.iter().map(|leg| (&leg.from, &leg.to, leg.amount.units)).collect();
    // Tests look like any other job, and the treasury pays for them.
    let client = if job.is_challenge() { Account::Treasury } else { Account::Client(job.client.clone()) };
    let escrow = Account::Escrow(job.id);
    let burned = price * u128::from(BURNED.0) / 10_000;
    let node = job.delivery().and_then(|delivery| delivery.worker()).map(Account::Worker);
    let own = match (&job.state, &node) {
        (State::Settled { .. }, Some(node)) => vec![
            (&client, &escrow, price),
            (&escrow, node, price - burned),
            (&escrow, &Account::Burned, burned),
        ],
        _ => vec![(&client, &escrow, price), (&escrow, &client, price)],
    };
    if legs == own { Ok(()) } else { Err(format!("for {name} moved {legs:?}, and should {own:?}")) }
}
