//! One market's life, a step of chance at a time.

use super::Found;
use super::agents::Agents;
use super::books::Books;
use super::coordinator::Coordinator;
use super::dice::Dice;
use super::disk::{NextWrite, Weather};
use super::faults::Planted;
use super::followers::Left;
use super::keys::Keys;
use super::mail::{Hooks, Mailbox};
use super::network::{Link, Network, Packet, Say};
use super::nodes::Nodes;
use super::orders::{CLIENTS, Order};
use super::promises::Promises;
use super::reports::Reports;
use super::streams::Streams;
use super::trace::Trace;
use super::workers::{Place, Worker};
use docket_core::time::{Millis, Timestamp};
use docket_engine::clock::Clock;
use docket_engine::{Connection, ToWorker};
use docket_store::Sqlite;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use tokio::sync::mpsc::error::TryRecvError;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};

/// 2026-01-01T23:58:00Z: most markets see the day end.
const START: Timestamp = Timestamp(1_767_311_880_000);
/// How many steps one life has before it comes to rest.
const STEPS: u64 = 1_700;
/// What can be seen at once is looked at this often, what needs quiet less often.
const LOOK: u64 = 12;
const QUIET: u64 = 50;

/// The whole market: who is in it, what was said, and what was promised.
pub(crate) struct Market {
    pub(super) dice: Dice,
    pub(super) clock: Clock,
    pub(super) trace: Trace,
    pub(super) planted: Planted,
    pub(super) coordinator: Coordinator,
    pub(super) weather: Weather,
    pub(super) network: Network,
    pub(super) wires: BTreeMap<Link, Wire>,
    pub(super) workers: Vec<Worker>,
    pub(super) orders: Vec<Order>,
    pub(super) promises: Promises,
    pub(super) books: Books,
    pub(super) reports: Reports,
    pub(super) streams: Streams,
    pub(super) keys: Keys,
    pub(super) agents: Agents,
    pub(super) nodes: Nodes,
    pub(super) left: Left,
    pub(super) hooks: Hooks,
    pub(super) mailbox: Mailbox,
    pub(super) links: u64,
    /// What has happened at all: events, reasons, refusals.
    pub(crate) sights: BTreeSet<String>,
    /// The disk is broken, and somebody will notice after so many steps.
    pub(super) broken: Option<u64>,
    database: String,
    _keep: Box<dyn Send>,
}

/// The coordinator's end of a connection.
pub(super) struct Wire {
    pub(super) worker: usize,
    pub(super) inbox: UnboundedReceiver<Box<ToWorker>>,
    pub(super) connection: Option<Connection>,
    /// Where pieces of answers are read.
    pub(super) reader: Option<UnboundedSender<Say>>,
    /// The jobs that the worker was given and not told to forget.
    pub(super) given: BTreeSet<Arc<str>>,
}

impl Market {
    /// A market before its first step. The database's name must be used by nobody else.
    pub(crate) fn seeded(seed: u64, database: String, planted: Planted, trace: Trace) -> Self {
        let mut dice = Dice::seeded(seed);
        let clock = Clock::manual(START);
        let weather = Weather::seeded(dice.number(), planted == Planted::ForgottenHooks);
        let mailbox = Mailbox::seeded(dice.number());
        let keep = Sqlite::memory(&database).keep_alive().expect("a database in memory can be made");
        let chance = dice.number();
        let count = 3 + dice.index(6);
        let workers: Vec<_> = (0..count).map(|number| Worker::made(number, &mut dice, START)).collect();
        for worker in &workers {
            trace.line(format_args!("a worker: {}", worker.name()));
        }
        // Every second market has agents: with them a life takes twice as long.
        let agents = if seed % 2 == 1 { Agents::gathered(&mut dice) } else { Agents::default() };
        // Every fourth market has nodes.
        let nodes = if seed.is_multiple_of(4) { Nodes::gathered(&mut dice, START) } else { Nodes::default() };
        let coordinator =
            Coordinator::start(&database, &clock, chance, &weather, &mailbox, nodes.challenges(), planted);
        Self {
            dice,
            clock,
            trace,
            planted,
            coordinator,
            weather,
            network: Network::default(),
            wires: BTreeMap::new(),
            workers,
            orders: Vec::new(),
            promises: Promises::default(),
            books: Books::default(),
            reports: Reports::default(),
            streams: Streams::default(),
            keys: Keys::default(),
            agents,
            nodes,
            left: Left::default(),
            hooks: Hooks::default(),
            mailbox,
            links: 0,
            sights: BTreeSet::new(),
            broken: None,
            database,
            _keep: Box::new(keep),
        }
    }

    /// Lives through all steps and comes to rest.
    pub(crate) fn live(&mut self) -> Found {
        self.watch_choices();
        for _ in 0..CLIENTS {
            self.credit();
            self.make_key();
            self.make_hook();
        }
        self.set_agents_up()?;
        self.set_nodes_up();
        for step in 1..=STEPS {
            self.step()?;
            if self.broken.is_none() && step % LOOK == 0 {
                self.check_books()?;
                self.check_hands()?;
            }
            if self.broken.is_none() && step % QUIET == 0 {
                self.check_in_quiet()?;
            }
        }
        self.come_to_rest()
    }

    fn step(&mut self) -> Found {
        match self.dice.below(1_130) {
            0..130 => self.pass_time(),
            130..390 => {
                for _ in 0..self.dice.between(1, 8) {
                    self.coordinator.tasks.poll_some();
                }
            }
            390..520 => self.pump(),
            520..580 => self.coordinator.wake_timers(),
            580..700 => self.client_acts(),
            700..840 => self.workers_act(),
            840..985 => {
                for _ in 0..self.dice.between(1, 6) {
                    self.packet_arrives();
                }
            }
            985..994 => {
                if let Some(what) = self.coordinator.tasks.hang_up() {
                    self.trace.line(format_args!("somebody hangs up on: {what}"));
                }
            }
            994..996 => self.break_disk(),
            996..1_000 => self.crash()?,
            _ if self.nodes.are_there() => self.nodes_act()?,
            _ => self.agents_act(),
        }
        self.listen();
        self.take_reports()?;
        match &mut self.broken {
            Some(0) => self.crash(),
            Some(steps) => {
                *steps -= 1;
                Ok(())
            }
            None => Ok(()),
        }
    }

    pub(super) fn sight(&mut self, what: &str) {
        if !self.sights.contains(what) {
            self.sights.insert(what.to_owned());
        }
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The time as the trace shows it: milliseconds since the market began.
    pub(super) fn elapsed(&self) -> i64 {
        self.now().since(START).0
    }

    fn pass_time(&mut self) {
        let span = match self.dice.below(80) {
            0..65 => self.dice.between(1, 300),
            65..77 => self.dice.between(300, 3_000),
            77..79 => self.dice.between(4_000, 12_000),
            _ => self.dice.between(12_000, 70_000),
        };
        self.clock.advance(Millis(span));
        self.trace.line(format_args!("{} ms", self.elapsed()));
    }

    pub(super) fn pump(&mut self) {
        let count = self.coordinator.pump(self.planted);
        if count > 0 {
            self.trace.line(format_args!("a group of {count}"));
            if count > 1 {
                self.sight("a group of several");
            }
        }
    }

    fn break_disk(&mut self) {
        if self.broken.is_none() {
            let next = *self.dice.pick(&[NextWrite::Lost, NextWrite::Unknown]);
            self.trace.line(format_args!("the next group: {next:?}"));
            self.weather.set_next_write(next);
            self.broken = Some(self.dice.below(40));
        }
    }

    /// The coordinator is gone from one instant to the next, and another is started.
    pub(super) fn crash(&mut self) -> Found {
        if self.planted == Planted::EarlyAcknowledgement && self.broken.is_none() {
            self.weather.set_next_write(NextWrite::Pretended);
            self.coordinator.settle(self.planted);
            self.take_reports()?;
        } else if self.dice.percent(50) {
            self.pump(); // What is on disk now, nobody hears of.
        }
        self.trace.line(format_args!("the coordinator crashes"));
        self.weather.set_next_write(NextWrite::Written);
        self.broken = None;
        for link in std::mem::take(&mut self.wires).into_keys() {
            self.network.cut(link);
        }
        let now = self.now();
        for worker in &mut self.workers {
            if !matches!(worker.place, Place::Away(_)) {
                worker.is_away(&mut self.dice, now);
            }
        }
        if self.dice.percent(40) {
            self.pass_time();
        }
        self.books.read_journal(&self.coordinator)?;
        self.check_streams()?;
        self.streams.forget_told();
        self.left.clear();
        self.forget_visits();
        self.forget_nodes();
        let (chance, challenges) = (self.dice.number(), self.nodes.challenges());
        self.coordinator = Coordinator::start(
            &self.database,
            &self.clock,
            chance,
            &self.weather,
            &self.mailbox,
            challenges,
            self.planted,
        );
        self.watch_choices();
        self.check_start()?;
        self.books.read(&self.coordinator)?;
        self.follow_feed();
        self.promises.verify(&self.coordinator, &self.books, &self.orders)?;
        self.verify_agents()?;
        self.check_enrolments()
    }

    /// Takes what the coordinator tells workers and puts it on the wires.
    pub(super) fn listen(&mut self) {
        let links: Vec<Link> = self.wires.keys().copied().collect();
        for link in links {
            while let Some(wire) = self.wires.get_mut(&link) {
                match wire.inbox.try_recv() {
                    Ok(message) if matches!(*message, ToWorker::Close) => self.end(link),
                    Ok(message) => self.carry(link, *message),
                    Err(TryRecvError::Disconnected) => self.end(link),
                    Err(TryRecvError::Empty) => break,
                }
            }
        }
    }

    fn carry(&mut self, link: Link, message: ToWorker) {
        let Some(wire) = self.wires.get_mut(&link) else { return };
        let worker = self.workers[wire.worker].id;
        match &message {
            ToWorker::Assign(assignment) => {
                let name = assignment.job.public_id.text.clone();
                self.trace.line(format_args!("{worker:?} is given {name} as {:?}", assignment.attempt));
                wire.given.insert(name.clone());
                self.promises.issued.insert((name, worker, assignment.attempt));
                if assignment.job.ask.private {
                    self.sights.insert("a job for a trusted worker".to_owned());
                }
            }
            ToWorker::Done { job, outcome, .. } => {
                wire.given.remove(job);
                if let Ok(index) = outcome {
                    self.promises.settled.insert(job.clone(), (worker, *index));
                }
            }
            ToWorker::Cancel { job, .. } => {
                wire.given.remove(job);
            }
            ToWorker::Drain | ToWorker::Close => {}
        }
        let now = self.now();
        self.network.send(&mut self.dice, now, link, Packet::ToWorker(message));
    }

    /// A connection ends, and both sides know.
    pub(super) fn end(&mut self, link: Link) {
        let Some(wire) = self.wires.remove(&link) else { return };
        self.network.cut(link);
        if let Some(connection) = wire.connection {
            self.coordinator.engine.disconnect(connection);
        }
        let now = self.clock.now();
        let worker = &mut self.workers[wire.worker];
        if worker.place == Place::Inside(link) || worker.place == Place::Knocking(link) {
            worker.is_away(&mut self.dice, now);
            self.trace.line(format_args!("{} is away", worker.name()));
        }
    }
}
