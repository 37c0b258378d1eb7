//! What callers hear, and what it makes of the promises.

use super::Found;
use super::agents::Heard;
use super::market::Market;
use super::network::Link;
use super::orders::Answer;
use super::promises::Seen;
use super::workers::Place;
use docket_core::hook::Hook;
use docket_core::id::{ClientId, PublicId, WorkerId};
use docket_core::key::ApiKey;
use docket_core::refusal::Refusal;
use docket_core::time::Millis;
use docket_engine::{EngineError, Executed, Submitted, Welcome};
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;

/// Answers that have come and were not read yet.
#[derive(Clone, Default)]
pub(crate) struct Reports(Rc<Inbox>);

#[derive(Default)]
struct Inbox {
    waiting: RefCell<VecDeque<Report>>,
    read: Cell<u64>,
}

/// An answer of the coordinator to somebody.
pub(crate) enum Report {
    Ordered(usize, Result<Submitted, EngineError>),
    /// Of a job, by somebody who began to look when so many answers had been read.
    Saw(PublicId, u64, Result<Option<Seen>, EngineError>),
    Entered(Link, Result<Welcome, EngineError>),
    Delivered(WorkerId, Arc<str>, Result<Executed, EngineError>),
    Credited(usize, Result<Option<u64>, EngineError>),
    Trusted(WorkerId, Result<ClientId, EngineError>),
    KeyMade(Result<ApiKey, EngineError>),
    HookMade(Result<Option<Hook>, EngineError>),
    Agents(Box<Heard>),
    Did(String, Result<(), EngineError>),
    /// What somebody saw with his own eyes is wrong.
    Wrong(String),
}

impl Reports {
    pub(crate) fn add(&self, report: Report) {
        self.0.waiting.borrow_mut().push_back(report);
    }

    fn next(&self) -> Option<Report> {
        let report = self.0.waiting.borrow_mut().pop_front()?;
        self.0.read.set(self.0.read.get() + 1);
        Some(report)
    }

    /// How many answers were read so far.
    pub(crate) fn read(&self) -> u64 {
        self.0.read.get()
    }
}

impl Market {
    /// Reads all answers.
    pub(super) fn take_reports(&mut self) -> Found {
        while let Some(report) = self.reports.next() {
            match report {
                Report::Ordered(number, result) => self.was_ordered(number, result)?,
                Report::Saw(id, since, result) => match result {
                    Ok(seen) => {
                        let state = seen.as_ref().map_or("not there", |seen| seen.job.state.name());
                        self.trace.line(format_args!("{id:?} is {state}"));
                        self.promises.saw(&id, seen, since, self.reports.read())?;
                    }
                    Err(error) => self.failed(&format!("looking at {id:?}"), &error)?,
                },
                Report::Entered(link, result) => self.has_entered(link, result),
                Report::Delivered(worker, name, result) => match result {
                    Ok(executed) => {
                        let state = executed.job.state.name();
                        self.trace.line(format_args!("{worker:?} delivered {name}: {state}"));
                        let index = executed.log_index.filter(|_| state == "settled");
                        self.promises.settled.insert(name, (worker, index));
                    }
                    Err(error) => self.failed(&format!("{worker:?} delivering {name}"), &error)?,
                },
                Report::Credited(number, result) => match result {
                    Ok(_) => {
                        self.trace.line(format_args!("credit {number} is there"));
                        self.promises.credits[number].told = true;
                    }
                    Err(error) => self.failed(&format!("credit {number}"), &error)?,
                },
                Report::Trusted(worker, result) => match result {
                    Ok(client) => {
                        self.trace.line(format_args!("{client:?} trusts {worker:?}"));
                        self.promises.trusted.insert((client, worker));
                    }
                    Err(error) => self.failed(&format!("trusting {worker:?}"), &error)?,
                },
                Report::KeyMade(result) => match result {
                    Ok(key) => {
                        self.trace.line(format_args!("{:?} has the key {:?}", key.client, key.number()));
                        self.keys.add(key);
                    }
                    Err(error) => self.failed("making a key", &error)?,
                },
                Report::HookMade(result) => match result {
                    Ok(hook) => {
                        self.trace.line(format_args!("there is the hook {hook:?}"));
                        self.hooks.extend(hook.map(|hook| (hook, self.clock.now())));
                    }
                    Err(error) => self.failed("making a hook", &error)?,
                },
                Report::Agents(heard) => self.agent_heard(*heard)?,
                Report::Wrong(what) => return Err(what),
                Report::Did(what, result) => match result {
                    Ok(()) => self.trace.line(format_args!("{what}: done")),
                    Err(error) => self.failed(&what, &error)?,
                },
            }
        }
        Ok(())
    }

    fn was_ordered(&mut self, number: usize, result: Result<Submitted, EngineError>) -> Found {
        let order = &mut self.orders[number];
        order.next_try = self.clock.now() + Millis(self.dice.between(100, 9_000));
        match result {
            Ok(submitted) => {
                self.promises.made(order, &submitted)?;
                let Submitted { id, repeated, given_up } = &submitted;
                if *repeated {
                    self.sights.insert("repeated".to_owned());
                }
                let lost = self.dice.percent(15);
                let heard = if lost { ", and the client does not hear of it" } else { "" };
                let how = if *repeated { "again " } else { "" };
                let end = if *given_up { ", given up" } else { "" };
                self.trace.line(format_args!("order {number} is {how}{id:?}{end}{heard}"));
                if !lost {
                    order.answer = Answer::Job(id.clone());
                }
                let follows = order.new.policy.stream_within.is_some() && self.dice.percent(75);
                if follows && !lost {
                    self.follow(id.clone());
                }
                Ok(())
            }
            Err(EngineError::Refused(refusal)) => {
                self.trace.line(format_args!("order {number}: {refusal}"));
                self.sight(refusal.code());
                match refusal {
                    Refusal::InsufficientFunds => Ok(()),
                    Refusal::SpendingLimit if self.orders[number].new.key_id.is_some() => Ok(()),
                    Refusal::KeyRevoked if self.keys.may_be_revoked(self.orders[number].new.key_id) => Ok(()),
                    Refusal::KeyReused if self.shares_its_key(number) => {
                        self.orders[number].answer = Answer::Refused;
                        Ok(())
                    }
                    refusal => Err(format!("order {number} was refused: {refusal}")),
                }
            }
            Err(error) => self.failed(&format!("order {number}"), &error),
        }
    }

    fn shares_its_key(&self, number: usize) -> bool {
        let key = |order: &super::orders::Order| order.new.key.as_ref().map(|(key, _)| key.clone());
        let own = key(&self.orders[number]);
        self.orders.iter().enumerate().any(|(other, order)| other != number && key(order) == own)
    }

    fn has_entered(&mut self, link: Link, result: Result<Welcome, EngineError>) {
        match result {
            Ok(welcome) => {
                if !welcome.resumed.is_empty() {
                    self.sight("resumed");
                }
                let Some(wire) = self.wires.get_mut(&link) else {
                    self.coordinator.engine.disconnect(welcome.connection); // It went while it knocked.
                    return;
                };
                wire.connection = Some(welcome.connection);
                let reader = self.read_in_order(link, welcome.connection);
                let Some(wire) = self.wires.get_mut(&link) else { return };
                wire.reader = Some(reader);
                let worker = &mut self.workers[wire.worker];
                self.trace.line(format_args!("{} is in, with {:?}", worker.name(), welcome.resumed));
                if worker.place == Place::Knocking(link) {
                    worker.place = Place::Inside(link);
                }
            }
            Err(error) => {
                self.trace.line(format_args!("{link:?} is not let in: {error}"));
                if let EngineError::Refused(refusal) = error {
                    self.sight(refusal.code());
                }
                self.end(link);
            }
        }
    }

    /// An answer that is no answer. The disk may be broken; but nobody is ever told to come back for nothing.
    pub(super) fn failed(&mut self, what: &str, error: &EngineError) -> Found {
        self.trace.line(format_args!("{what}: {error}"));
        if let EngineError::Refused(refusal) = error {
            self.sight(refusal.code());
        }
        match error {
            EngineError::Busy => Err(format!("{what}: decided again and again in vain")),
            EngineError::Refused(_) | EngineError::Store(_) => Ok(()),
        }
    }
}
