//! Nodes that are enrolled for a class of hardware, and clients who pay for jobs of a class.
//!
//! `node` says what a node is like and does next, `deeds` how that reaches the coordinator, `offers` what nodes and clients
//! ask for and on which terms. `roll` is the list of who may have a job (`listed`), kept from what was said and heard alone; it looks
//! at every choice in the instant in which it is made (`choice`). `record` reckons what each node is worth from what has
//! happened to it, and `rest` what everything must have come to. `trials` says what tests ask and whether their verdicts are right.

mod choice;
mod deeds;
mod listed;
mod node;
mod offers;
mod record;
mod rest;
mod roll;
mod trials;

use super::Found;
use super::coordinator::Coordinator;
use super::dice::Dice;
use super::market::Market;
use super::reports::Report;
use docket_core::agent::identity::Wallet;
use docket_core::id::WorkerId;
use docket_core::ledger::Account;
use docket_core::money::{Amount, Asset};
use docket_core::time::{Millis, Timestamp};
use docket_engine::ToWorker;
use node::Node;
pub(crate) use offers::{SCORING, is_for_nodes};
use record::Record;
use roll::Roll;
use std::cell::RefCell;
use std::rc::Rc;
pub(crate) use trials::is_question;

/// How many jobs of a class are ordered in one market.
const ORDERS: usize = 45;

/// All that the simulation knows of nodes.
#[derive(Default)]
pub(crate) struct Nodes {
    members: Vec<Node>,
    roll: Rc<RefCell<Roll>>,
    record: Record,
    /// How many jobs of a class were ordered.
    ordered: usize,
    /// Nobody gives a sign of life any more.
    silent: bool,
}

impl Nodes {
    /// With everybody, and nobody is enrolled yet.
    pub(crate) fn gathered(dice: &mut Dice, now: Timestamp) -> Self {
        let members: Vec<Node> = node::gather(dice, now);
        let roll = Rc::new(RefCell::new(Roll::of(&members)));
        Self { members, roll, ..Self::default() }
    }

    /// How they are tested: the first is trusted.
    pub(crate) fn challenges(&self) -> docket_engine::ChallengeTerms {
        let first = self.members.first();
        first.map_or(docket_engine::ChallengeTerms::NONE, |node| trials::terms(node.wallet))
    }

    /// How many orders are for jobs of a class.
    pub(crate) fn ordered(&self) -> usize {
        self.ordered
    }

    /// A client is going to order somebody's work as it was promised to him.
    pub(crate) fn promise(&self, order: usize, worker: WorkerId) {
        self.roll.borrow_mut().promised.insert(order, worker);
    }

    /// Whether this market has any.
    pub(crate) fn are_there(&self) -> bool {
        !self.members.is_empty()
    }
}

impl Market {
    /// Looks over the shoulder of a coordinator that has just started.
    pub(super) fn watch_choices(&mut self) {
        if !self.nodes.are_there() {
            return;
        }
        let engine = &self.coordinator.engine;
        let posts = engine.take_posts().expect("nobody else takes them");
        let truth = self.coordinator.truth();
        let Coordinator { engine, tasks, .. } = &mut self.coordinator;
        self.nodes.roll.borrow_mut().attach(posts, truth);
        let (roll, engine, reports) = (self.nodes.roll.clone(), engine.clone(), self.reports.clone());
        tasks.watch(Box::new(move |task| {
            if let Err(wrong) = roll.borrow_mut().look(&engine, task) {
                reports.add(Report::Wrong(wrong));
            }
        }));
    }

    /// Clients have what jobs of a class are paid in, and everybody enrols once.
    pub(super) fn set_nodes_up(&mut self) {
        if !self.nodes.are_there() {
            return;
        }
        for number in 0..super::orders::CLIENTS {
            let engine = self.coordinator.engine.clone();
            self.coordinator.tasks.spawn(format!("coins for client-{number}"), async move {
                let to = Account::Client(super::orders::client(number));
                let amount = Amount::new(1_000_000_000_000_000_000 + u128::from(number), Asset::ETH);
                // With a broken disk there are none; then orders are refused.
                engine.credit(to, amount, &format!("coins-{number}")).await.ok();
            });
        }
        let engine = self.coordinator.engine.clone();
        // Of some markets the treasury is soon empty.
        let questions = if self.dice.percent(15) { self.dice.below(20) } else { 1_000 };
        let units = u128::from(questions) * 1_800_000_000_000_000 + 1;
        self.coordinator.tasks.spawn("coins for the treasury".to_owned(), async move {
            engine.credit(Account::Treasury, Amount::new(units, Asset::ETH), "coins").await.ok();
        });
        for number in 0..self.nodes.members.len() {
            self.enrol_node(number);
        }
    }

    /// Nodes and their clients do something; now and then nothing else happens for a long time.
    pub(super) fn nodes_act(&mut self) -> Found {
        if !self.nodes.are_there() {
            return Ok(());
        }
        match self.dice.below(100) {
            0..4 => self.time_flies()?,
            4..40 if self.nodes.ordered < ORDERS => self.order_from_nodes(),
            40..48 => self.ask_for_advice()?,
            48..54 => self.node_changes(),
            _ => {}
        }
        self.let_nodes_act();
        Ok(())
    }

    /// Some minutes, or an hour, in which nodes and workers go on and hardly anybody else does anything.
    fn time_flies(&mut self) -> Found {
        // Who was refuted comes back after an hour.
        let is_awaited = self.nodes.roll.borrow().listed.iter().any(listed::Listed::is_refuted);
        let long = if is_awaited { 60 } else { 5 };
        let (steps, span) = if self.dice.percent(long) { (120, 40_000) } else { (40, 50_000) };
        for _ in 0..self.dice.between(steps / 10, steps) {
            self.clock.advance(Millis(self.dice.between(3_000, span)));
            self.trace.line(format_args!("{} ms", self.elapsed()));
            self.let_nodes_act();
            self.workers_act();
            self.coordinator.wake_timers();
            for _ in 0..6 {
                self.packet_arrives();
            }
            for _ in 0..self.dice.between(4, 16) {
                self.coordinator.tasks.poll_some();
            }
            self.pump();
            self.listen();
            self.take_reports()?;
        }
        Ok(())
    }

    pub(super) fn let_nodes_act(&mut self) {
        self.nodes_hear();
        for number in 0..self.nodes.members.len() {
            self.let_node_act(number);
        }
    }

    /// What nodes were posted since they looked last.
    pub(super) fn nodes_hear(&mut self) {
        let now = self.now();
        let posted = std::mem::take(&mut self.nodes.roll.borrow_mut().mail);
        for (worker, message) in posted {
            let Some(node) = self.nodes.members.iter_mut().find(|node| node.worker == worker) else {
                continue;
            };
            if let ToWorker::Assign(assignment) = &message {
                let name = assignment.job.public_id.text.clone();
                self.trace.line(format_args!("{} is given {name} as {:?}", node.name(), assignment.attempt));
                self.promises.issued.insert((name, worker, assignment.attempt));
            }
            if let ToWorker::Done { job, outcome: Ok(index), .. } = &message {
                self.promises.settled.insert(job.clone(), (worker, *index));
            }
            node.hear(message, &mut self.dice, now);
        }
    }

    /// The coordinator is gone, and nodes with it as far as it knew of them.
    pub(super) fn forget_nodes(&mut self) {
        self.nodes_hear();
        let ended = |name: &str| {
            let id = docket_core::id::PublicId { dialect: offers::DIALECT, text: name.into() };
            let job = self.coordinator.read(|reader| reader.find(&id));
            job.is_none_or(|job| job.state.is_final())
        };
        self.nodes.roll.borrow_mut().forget(ended);
        self.nodes.members.iter_mut().for_each(Node::is_cut_off);
    }

    /// When the next node does something.
    pub(super) fn next_of_nodes(&self) -> Option<Timestamp> {
        let members = self.nodes.members.iter().filter(|_| !self.nodes.silent);
        members.filter_map(Node::next).min()
    }

    /// Nobody answers and nobody gives a sign of life any more.
    pub(super) fn silence_nodes(&mut self) {
        self.nodes.silent = true;
    }
}

/// A wallet of its own for each node.
fn wallet(number: usize, dice: &mut Dice) -> Wallet {
    let mut bytes = [0; 20];
    bytes[0] = u8::try_from(number + 1).expect("there are few nodes");
    bytes[1..9].copy_from_slice(&dice.number().to_le_bytes());
    Wallet(bytes)
}
