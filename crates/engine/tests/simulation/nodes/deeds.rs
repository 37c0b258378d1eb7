//! How the deeds of nodes reach the coordinator.

use super::super::market::Market;
use super::super::reports::Report;
use super::listed::Wish;
use super::node::{Deed, Work};
use super::offers::{DIALECT, offer, profile};
use docket_core::agent::identity::Word;
use docket_core::event::{Fault, Usage};
use docket_core::hash::Sha256;
use docket_core::time::Timestamp;
use docket_engine::{Arrival, EngineError, Proof};
use std::sync::Arc;

impl Market {
    /// A node wants to be enrolled with what it offers.
    pub(super) fn enrol_node(&mut self, number: usize) {
        let offer = self.nodes.members[number].offer.clone();
        self.node_says(number, Wish::Enrol(offer));
    }

    /// Some node goes, comes back, or offers something else.
    pub(super) fn node_changes(&mut self) {
        let number = self.dice.index(self.nodes.members.len());
        let node = &mut self.nodes.members[number];
        if !self.dice.percent(node.nature.changes) {
            return;
        }
        node.changes();
        match self.dice.below(4) {
            0 => node.wants_in = false,
            1 => node.wants_in = true,
            2 => {
                let tier = u8::try_from(self.dice.between(1, 3)).expect("it is small");
                node.offer = offer(tier, &mut self.dice);
            }
            _ => node.offer = offer(node.offer.gpu_tier, &mut self.dice),
        }
        let wish = if node.wants_in { Wish::Enrol(node.offer.clone()) } else { Wish::Leave };
        self.node_says(number, wish);
    }

    /// A node signs something, if it knows what became of what it signed before.
    fn node_says(&mut self, number: usize, wish: Wish) {
        let node = &self.nodes.members[number];
        let (wallet, worker, name) = (node.wallet, node.worker, node.name());
        let now = self.clock.now();
        let at = Timestamp(now.0 + self.dice.between(-2_000, 2_000));
        let digest = Sha256::of(format!("{wallet} at {}", at.0).as_bytes());
        let word = Word { dialect: DIALECT, by: wallet, digest, at };
        let roll = self.nodes.roll.clone();
        {
            let mut roll = roll.borrow_mut();
            let Some(listed) = roll.of_worker(&worker).filter(|listed| listed.standings.len() == 1) else {
                return;
            };
            listed.says(&wish, word);
        }
        let what = match &wish {
            Wish::Enrol(offer) => {
                format!("{name} enrols: {} {:?} x {}", offer.gpu_tier, offer.models, offer.concurrency)
            }
            Wish::Leave => format!("{name} leaves"),
        };
        self.trace.line(format_args!("{what}"));
        let (engine, reports) = (self.coordinator.engine.clone(), self.reports.clone());
        self.coordinator.tasks.spawn_fragile(what.clone(), async move {
            let result = match wish {
                Wish::Enrol(offer) => engine.enrol(word, worker, offer).await,
                Wish::Leave => engine.leave(word).await,
            };
            let mut roll = roll.borrow_mut();
            if let Err(wrong) = roll.is_answered(&worker, word, &result, engine.clock().now()) {
                reports.add(Report::Wrong(wrong));
            }
            reports.add(Report::Did(what, result.map(drop)));
        });
    }

    pub(super) fn let_node_act(&mut self, number: usize) {
        if self.nodes.silent {
            return;
        }
        let now = self.clock.now();
        let node = &mut self.nodes.members[number];
        let wants_in = node.wants_in;
        match node.act(&mut self.dice, now) {
            Some(Deed::Beat) => {
                self.beat(number);
                let (is_new, is_refuted) = {
                    let mut roll = self.nodes.roll.borrow_mut();
                    let worker = self.nodes.members[number].worker;
                    let listed = roll.of_worker(&worker).expect("it is listed");
                    (listed.is_to_enrol(), listed.is_refuted())
                };
                if is_refuted && self.dice.percent(30) {
                    self.nodes.members[number].repents();
                }
                if wants_in && (is_new || (is_refuted && self.dice.percent(50))) {
                    self.enrol_node(number);
                }
            }
            Some(Deed::Answer { work, forged }) => self.node_answers(number, &work, forged),
            Some(Deed::HandBack(job, reason)) => self.node_hands_back(number, job, reason),
            None => {}
        }
    }

    /// A sign of life.
    fn beat(&mut self, number: usize) {
        let node = &self.nodes.members[number];
        let (wallet, worker) = (node.wallet, node.worker);
        let what = format!("{} beats", node.name());
        let (engine, reports) = (self.coordinator.engine.clone(), self.reports.clone());
        let roll = self.nodes.roll.clone();
        self.coordinator.tasks.spawn_fragile(what.clone(), async move {
            let result = engine.beat(wallet, profile).await;
            if result.is_ok()
                && let Some(listed) = roll.borrow_mut().of_worker(&worker)
            {
                listed.is_heard(engine.clock().now());
            }
            reports.add(Report::Did(what, result));
        });
    }

    /// What a node answers to what it was posted.
    fn node_answers(&mut self, number: usize, work: &Work, forged: bool) {
        let worker = self.nodes.members[number].worker;
        let job = work.assignment.job.public_id.text.clone();
        let question = String::from_utf8_lossy(&work.assignment.payload);
        let model = work.assignment.job.ask.model.as_deref().unwrap_or_default();
        let text = self.nodes.members[number].mind().answer(model, &question, &mut self.dice);
        let output: Arc<[u8]> = format!("{{\"text\":\"{text}\"}}").into_bytes().into();
        let digest = Sha256::of(&output);
        let document: Arc<[u8]> =
            format!("{{\"job\":\"{job}\",\"completion\":\"{digest}\"}}").into_bytes().into();
        let mut proof = Proof {
            job: job.clone(),
            worker,
            output: digest,
            text: Some(Sha256::of(text.as_bytes())),
            signed: true,
            digest: Sha256::of(&document),
            document,
        };
        if forged {
            match self.dice.below(3) {
                0 => proof.text = Some(Sha256::of(b"another text")),
                1 => proof.signed = false,
                _ => proof.job = "another job".into(),
            }
        } else {
            self.promises.genuine.insert((job.clone(), worker, digest, proof.digest));
        }
        let arrival = Arrival { job: job.clone(), output, usage: Usage::default(), proof };
        let (engine, reports) = (self.coordinator.engine.clone(), self.reports.clone());
        self.coordinator.tasks.spawn_fragile(format!("node {number} answers {job}"), async move {
            let Some(connection) = engine.connection_of(&worker) else { return };
            let result = engine.deliver(connection, arrival).await;
            reports.add(Report::Delivered(worker, job, result));
        });
    }

    /// A node cannot be reached, has no room, or has failed.
    fn node_hands_back(&mut self, number: usize, job: Arc<str>, reason: Fault) {
        let worker = self.nodes.members[number].worker;
        let what = format!("node {number} hands back {job}: {}", reason.code());
        let (engine, reports) = (self.coordinator.engine.clone(), self.reports.clone());
        let roll = self.nodes.roll.clone();
        self.coordinator.tasks.spawn_fragile(what.clone(), async move {
            let Some(connection) = engine.connection_of(&worker) else { return };
            let result: Result<(), EngineError> = engine.hand_back(connection, &job, reason).await;
            if reason == Fault::WorkerLost {
                let is_idle = engine.worker_view(&worker).is_none_or(|view| view.jobs.is_empty());
                engine.lose(&worker);
                if is_idle && let Some(listed) = roll.borrow_mut().of_worker(&worker) {
                    listed.is_lost(engine.clock().now());
                }
            }
            reports.add(Report::Did(what, result));
        });
    }
}
