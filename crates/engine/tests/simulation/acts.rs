//! What clients, workers and the operator do.

use super::market::{Market, Wire};
use super::network::{Link, Packet, Say};
use super::orders::{Answer, CLIENTS, Order, client};
use super::promises::{Credit, Seen};
use super::reports::Report;
use super::workers::{Deed, Place};
use docket_core::command::{Canceller, Command};
use docket_core::id::PublicId;
use docket_core::ledger::Account;
use docket_core::money::{Amount, Asset, BasisPoints};
use docket_core::policy::{Judge, Ruling, Verdict};
use docket_core::time::Millis;
use docket_engine::{Connection, Engine, EngineError, Hello, StakeChange};
use std::collections::BTreeSet;
use std::sync::Arc;
use tokio::sync::mpsc;
use tokio::sync::mpsc::UnboundedSender;

/// So many orders are made in one market.
const ORDERS: usize = 40;

/// What a task is called that reads pieces of answers off a wire.
pub(super) const READING: &str = "reading ";

impl Market {
    /// A client, or the operator, does something.
    pub(super) fn client_acts(&mut self) {
        match self.dice.below(22) {
            16 => self.leave(),
            17 => self.end_graces(),
            18 if self.dice.percent(30) => self.make_key(),
            18 if self.dice.percent(10) => self.revoke_key(),
            18 if self.dice.percent(40) => self.make_hook(),
            18 if self.dice.percent(5) => self.delete_hook(),
            18 | 21 => self.rule(),
            19 => self.complain(),
            20 => self.follow_some(),
            0..6 if self.orders.len() < ORDERS + self.nodes.ordered() => {
                let of_credits = self.dice.percent(45);
                let key = self.keys.any(&mut self.dice).filter(|_| of_credits);
                let (number, now) = (self.orders.len(), self.clock.now());
                let order = match key {
                    Some(key) => Order::of_credits(number, key, &mut self.dice, now),
                    None => Order::made(number, &mut self.dice, now),
                };
                let impatient = order.new.key.is_some() && self.dice.percent(15);
                self.orders.push(order);
                for _ in 0..1 + u32::from(impatient) {
                    self.ask(self.orders.len() - 1);
                }
            }
            0..8 => self.ask_again(),
            8 => self.ask_by_mistake(),
            9 => self.credit(),
            10 if self.dice.percent(25) => self.bar(),
            10 if self.dice.percent(50) => self.stake(),
            10 => self.pair(),
            11..13 => self.look(),
            13 => self.wait(),
            _ if self.dice.percent(20) => self.dispute(),
            _ => self.command(),
        }
    }

    pub(super) fn ask(&mut self, number: usize) {
        let order = &mut self.orders[number];
        order.asked += 1;
        if let Some(worker) = order.new.preferred {
            self.nodes.promise(number, worker);
        }
        let (new, engine, reports) =
            (order.new.clone(), self.coordinator.engine.clone(), self.reports.clone());
        let key = new.key.as_ref().map_or("no key", |(key, _)| key);
        let (price, private) = (new.price, if new.ask.private { ", private" } else { "" });
        self.trace.line(format_args!("order {number} with {key} for {price:?}{private}"));
        order.next_try = self.clock.now() + Millis(self.dice.between(500, 9_000));
        self.coordinator.tasks.spawn_fragile(format!("order {number}"), async move {
            let result = engine.submit(new).await;
            reports.add(Report::Ordered(number, result));
        });
    }

    /// A client who heard nothing asks again; now and then one who did.
    fn ask_again(&mut self) {
        let now = self.now();
        let again = |order: &&Order| {
            order.new.key.is_some() && order.next_try <= now && order.answer == Answer::Nothing
        };
        let unheard: Vec<usize> = (0..self.orders.len()).filter(|at| again(&&self.orders[*at])).collect();
        let keyed: Vec<usize> =
            (0..self.orders.len()).filter(|at| self.orders[*at].new.key.is_some()).collect();
        let list = if unheard.is_empty() || self.dice.percent(20) { keyed } else { unheard };
        if !list.is_empty() {
            let number = *self.dice.pick(&list);
            self.ask(number);
        }
    }

    fn ask_by_mistake(&mut self) {
        if !self.orders.is_empty() {
            let other = self.dice.index(self.orders.len());
            if let Some(order) = self.orders[other].mistaken(self.orders.len(), self.clock.now()) {
                self.orders.push(order);
                self.ask(self.orders.len() - 1);
            }
        }
    }

    /// The operator credits a client, or repeats a credit of which he heard nothing.
    pub(super) fn credit(&mut self) {
        let credits = &mut self.promises.credits;
        let unheard: Vec<usize> = (0..credits.len()).filter(|at| !credits[*at].told).collect();
        let number = if unheard.is_empty() || self.dice.percent(50) {
            let units = 2_000_000 + credits.len() as u128;
            credits.push(Credit { client: self.dice.below(CLIENTS), units, told: false });
            credits.len() - 1
        } else {
            *self.dice.pick(&unheard)
        };
        let Credit { client: to, units, .. } = credits[number];
        let (engine, reports) = (self.coordinator.engine.clone(), self.reports.clone());
        self.trace.line(format_args!("credit {number} to client-{to}"));
        self.coordinator.tasks.spawn_fragile(format!("credit {number}"), async move {
            let (to, amount) = (Account::Client(client(to)), Amount::new(units, Asset::USDC));
            let result = engine.credit(to, amount, &format!("credit-{number}")).await;
            reports.add(Report::Credited(number, result));
        });
    }

    /// A client trusts a worker.
    fn pair(&mut self) {
        let (client, worker) = (client(self.dice.below(CLIENTS)), self.dice.index(self.workers.len()));
        let worker = self.workers[worker].id;
        let (engine, reports) = (self.coordinator.engine.clone(), self.reports.clone());
        self.coordinator.tasks.spawn_fragile(format!("trusting {worker:?}"), async move {
            let claimed = async {
                let pairing = engine.create_pairing(client).await?;
                engine.claim_pairing(&pairing.code, worker, std::net::Ipv4Addr::LOCALHOST.into()).await
            };
            let result = claimed.await.map(|(client, _)| client);
            reports.add(Report::Trusted(worker, result));
        });
    }

    /// The operator bars a worker, or lets it in again.
    fn bar(&mut self) {
        let worker = self.dice.index(self.workers.len());
        let worker = self.workers[worker].id;
        let barred = self.dice.percent(30);
        let (engine, reports) = (self.coordinator.engine.clone(), self.reports.clone());
        let what = format!("{} {worker:?}", if barred { "barring" } else { "admitting" });
        self.coordinator.tasks.spawn_fragile(what.clone(), async move {
            let result = engine.suspend(worker, barred).await.map(|_| ());
            reports.add(Report::Did(what, result));
        });
    }

    /// A worker's stake comes or goes; now and then under a key that was used before.
    fn stake(&mut self) {
        let worker = self.dice.index(self.workers.len());
        let worker = self.workers[worker].id;
        let change = *self.dice.pick(&[
            StakeChange::FromOutside,
            StakeChange::FromOutside,
            StakeChange::FromEarnings,
            StakeChange::Back,
        ]);
        let amount = Amount::new(*self.dice.pick(&[1, 999, 1_000, 50_000]), Asset::USDC);
        let key = format!("stake-{}", self.dice.below(40));
        let (engine, reports) = (self.coordinator.engine.clone(), self.reports.clone());
        let what = format!("{change:?} {} for {worker:?} under {key}", amount.units);
        self.coordinator.tasks.spawn_fragile(what.clone(), async move {
            let result = engine.change_stake(worker, change, amount, &key).await.map(|_| ());
            reports.add(Report::Did(what, result));
        });
    }

    /// A job that some client knows of: rather one with which something is under way, or one of the last few.
    pub(super) fn known_job(&mut self) -> Option<PublicId> {
        let answered = |order: &Order| match &order.answer {
            Answer::Job(id) => Some(id.clone()),
            Answer::Nothing | Answer::Refused => None,
        };
        let ids: Vec<PublicId> = self.orders.iter().filter_map(answered).collect();
        let tasks = &self.coordinator.tasks;
        let busy = |id: &&PublicId| tasks.names().any(|task| task.contains(&*id.text));
        let busy: Vec<PublicId> = ids.iter().filter(busy).cloned().collect();
        if !busy.is_empty() && self.dice.percent(50) {
            return Some(self.dice.pick(&busy).clone());
        }
        let from = if self.dice.percent(60) { ids.len().saturating_sub(5) } else { 0 };
        (!ids.is_empty()).then(|| self.dice.pick(&ids[from..]).clone())
    }

    fn follow_some(&mut self) {
        if let Some(id) = self.known_job() {
            self.follow(id);
        }
    }

    fn look(&mut self) {
        let Some(id) = self.known_job() else { return };
        let (engine, reports) = (self.coordinator.engine.clone(), self.reports.clone());
        self.coordinator.tasks.spawn_fragile(format!("looking at {id:?}"), async move {
            let since = reports.read();
            let seen = see(&engine, &id).await;
            reports.add(Report::Saw(id, since, seen));
        });
    }

    fn wait(&mut self) {
        let Some(id) = self.known_job() else { return };
        let (engine, reports) = (self.coordinator.engine.clone(), self.reports.clone());
        self.coordinator.tasks.spawn_fragile(format!("waiting for {id:?}"), async move {
            let Ok(Some(job)) = engine.find(&id).await else { return };
            let answered = engine.answered(job.id);
            match see(&engine, &id).await {
                Ok(Some(seen)) if !seen.job.state.is_answered() => answered.await,
                _ => {}
            }
            let since = reports.read();
            let seen = see(&engine, &id).await;
            reports.add(Report::Saw(id, since, seen));
        });
    }

    /// Somebody wants something of a job.
    fn command(&mut self) {
        let Some(id) = self.known_job() else { return };
        let command = match self.dice.below(10) {
            0 => Command::Cancel { by: Canceller::Client },
            1 => Command::Cancel { by: Canceller::Operator },
            2..4 => Command::Evaluate { verdict: Verdict::Complete, judgement: None },
            4 => Command::Evaluate { verdict: Verdict::Reject, judgement: None },
            5..8 => Command::Dispute { claim: None, filing: None },
            8 => Command::Rule {
                ruling: Ruling::Divided { client: BasisPoints(5_000) },
                by: Judge::Arbiter,
                stake: 0,
            },
            _ => Command::Rule {
                ruling: *self.dice.pick(&[Ruling::ForClient, Ruling::ForWorker]),
                by: Judge::Arbiter,
                stake: 0,
            },
        };
        self.order_to(id, command);
    }

    /// Somebody wants this of a job.
    pub(super) fn order_to(&mut self, id: PublicId, command: Command) {
        let (engine, reports) = (self.coordinator.engine.clone(), self.reports.clone());
        let what = format!("{} {id:?}", command.name());
        self.coordinator.tasks.spawn_fragile(what.clone(), async move {
            let done = async {
                if let Some(job) = engine.find(&id).await? {
                    engine.execute(job.id, &command).await?;
                }
                Ok(())
            };
            let result = done.await;
            reports.add(Report::Did(what, result));
        });
    }

    /// Somebody disputes what the rules can decide at once.
    fn dispute(&mut self) {
        let Some(id) = self.known_job() else { return };
        let ruling = *self.dice.pick(&[Ruling::ForClient, Ruling::ForClient, Ruling::ForWorker]);
        let (engine, reports) = (self.coordinator.engine.clone(), self.reports.clone());
        let what = format!("dispute {ruling:?} {id:?}");
        self.coordinator.tasks.spawn_fragile(what.clone(), async move {
            let done = async {
                if let Some(job) = engine.find(&id).await? {
                    engine.dispute(job.id, None, Some(ruling)).await?;
                }
                Ok(())
            };
            let result = done.await;
            reports.add(Report::Did(what, result));
        });
    }

    /// Some workers do something, if they have something to do.
    pub(super) fn workers_act(&mut self) {
        for number in 0..self.workers.len() {
            if self.dice.percent(50) {
                self.let_act(number);
            }
        }
    }

    pub(super) fn let_act(&mut self, number: usize) {
        let now = self.now();
        let worker = &mut self.workers[number];
        let Some(deed) = worker.act(&mut self.dice, now, &mut self.promises.genuine) else { return };
        match (deed, worker.place) {
            (Deed::Knock(hello), _) => self.knock(number, *hello),
            (Deed::Say(say), Place::Inside(link)) => {
                self.network.send(&mut self.dice, now, link, Packet::FromWorker(say));
            }
            (Deed::Leave, Place::Inside(link)) => self.end(link),
            (Deed::Freeze, _) => {
                self.trace.line(format_args!("{} freezes", worker.name()));
                worker.is_away(&mut self.dice, now);
            }
            (Deed::Say(_) | Deed::Leave, _) => {}
        }
    }

    fn knock(&mut self, number: usize, hello: Hello) {
        self.links += 1;
        let link = Link(self.links);
        let (outbound, inbox) = mpsc::unbounded_channel();
        let wire = Wire { worker: number, inbox, connection: None, reader: None, given: BTreeSet::new() };
        self.wires.insert(link, wire);
        self.workers[number].place = Place::Knocking(link);
        let (engine, reports) = (self.coordinator.engine.clone(), self.reports.clone());
        self.coordinator.tasks.spawn(format!("{link:?} enters"), async move {
            let result = engine.connect(hello, outbound).await;
            reports.add(Report::Entered(link, result));
        });
    }

    /// Something comes off a wire.
    pub(super) fn packet_arrives(&mut self) {
        let now = self.now();
        let Some((link, packet)) = self.network.arrive(&mut self.dice, now) else { return };
        match packet {
            Packet::ToWorker(message) => {
                let Some(worker) = self.workers.iter_mut().find(|worker| worker.place == Place::Inside(link))
                else {
                    return; // It froze.
                };
                if let Some(say) = worker.hear(message, &mut self.dice, now, &self.streams) {
                    self.network.send(&mut self.dice, now, link, Packet::FromWorker(say));
                }
            }
            Packet::FromWorker(say) => self.coordinator_hears(link, say),
        }
    }

    /// Pieces of answers are read in the order in which they come off the wire, one after another.
    pub(super) fn read_in_order(&mut self, link: Link, connection: Connection) -> UnboundedSender<Say> {
        let (sender, mut said) = mpsc::unbounded_channel();
        let (engine, reports) = (self.coordinator.engine.clone(), self.reports.clone());
        let worker = self.wires.get(&link).map(|wire| self.workers[wire.worker].id);
        self.coordinator.tasks.spawn(format!("{READING}{link:?}"), async move {
            while let (Some(say), Some(worker)) = (said.recv().await, worker) {
                match say {
                    Say::Piece(said) => {
                        let result = engine.relay(connection, &said.job, said.piece()).await;
                        if result.is_err() {
                            reports.add(Report::Did(format!("{worker:?} saying {}", said.job), result));
                        }
                    }
                    Say::Complete { arrival, .. } => {
                        let job = arrival.job.clone();
                        let result = engine.deliver(connection, *arrival).await;
                        reports.add(Report::Delivered(worker, job, result));
                    }
                    Say::Alive | Say::Accept(_) | Say::HandBack(..) | Say::Drain => {}
                }
            }
        });
        sender
    }

    fn coordinator_hears(&mut self, link: Link, say: Say) {
        let Some(wire) = self.wires.get(&link) else { return };
        let Some(connection) = wire.connection else { return };
        let worker = self.workers[wire.worker].id;
        self.trace.line(format_args!("{worker:?} says: {}", say.name()));
        if !self.coordinator.engine.heartbeat(connection) {
            return self.end(link);
        }
        let (engine, reports) = (self.coordinator.engine.clone(), self.reports.clone());
        let what = format!("{worker:?} says {}", say.name());
        let did = what.clone();
        match say {
            Say::Alive => {}
            Say::Drain => engine.drain_worker(connection),
            Say::Accept(job) => self.coordinator.tasks.spawn_fragile(what, async move {
                let result = engine.accept(connection, &job).await;
                reports.add(Report::Did(did, result));
            }),
            Say::HandBack(job, reason) => self.coordinator.tasks.spawn_fragile(what, async move {
                let result = engine.hand_back(connection, &job, reason).await;
                reports.add(Report::Did(did, result));
            }),
            Say::Piece(_) | Say::Complete { streamed: true, .. } => {
                if let Some(reader) = &wire.reader {
                    reader.send(say).ok(); // Whoever read it has gone with the connection.
                }
            }
            Say::Complete { arrival, .. } => self.coordinator.tasks.spawn_fragile(what, async move {
                let job = arrival.job.clone();
                let result = engine.deliver(connection, *arrival).await;
                reports.add(Report::Delivered(worker, job, result));
            }),
        }
    }
}

pub(super) async fn see(engine: &Arc<Engine>, id: &PublicId) -> Result<Option<Seen>, EngineError> {
    let Some(job) = engine.find(id).await? else { return Ok(None) };
    let answer = engine.answer(job.id).await?;
    Ok(Some(Seen { job, answer }))
}
