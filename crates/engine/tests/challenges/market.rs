//! A market with nodes that are tested: the real engine over a database in memory, with a clock in hand.

use crate::threads::{self, config};
use docket_core::agent::identity::{Wallet, Word};
use docket_core::challenge::Challenge;
use docket_core::enrolment::Activity;
use docket_core::event::{Fault, Usage};
use docket_core::hash::Sha256;
use docket_core::id::{ClientId, Dialect, JobId, WorkerId};
use docket_core::job::{Ask, Job, Skill};
use docket_core::ledger::Account;
use docket_core::money::Amount;
use docket_core::policy::{Policy, Tier};
use docket_core::refusal::Refusal;
use docket_core::routing::{Skills, WorkerClass};
use docket_core::time::{Millis, Timestamp};
use docket_engine::clock::Clock;
use docket_engine::entropy::Entropy;
use docket_engine::{
    Arrival, ChallengeTerms, Config, Connection, Engine, EngineError, Hello, Naming, NewJob, Prober, Profile,
    Proof, ToWorker, books,
};
use docket_settlement::Ledger;
use docket_store::{JobFilter, Sqlite};
use futures::executor::block_on;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::thread::JoinHandle;
use tokio::sync::mpsc;

pub(super) const MODEL: &str = "small";
/// The node whose answers are right, if the market trusts any.
pub(super) const TRUSTED: u8 = 100;
/// How long an answer may take.
pub(super) const RUN_WITHIN: Millis = Millis::seconds(300);
/// So many questions are asked.
const QUESTIONS: usize = 12;

/// How a node answers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Manner {
    /// As the model does.
    Honest,
    /// As another model does.
    Lies,
    /// Not at all.
    Sleeps,
    /// It gives back what it gets.
    Declines,
}

struct Node {
    connection: Connection,
    inbox: mpsc::UnboundedReceiver<Box<ToWorker>>,
    manner: Manner,
    /// What it has been given.
    given: Vec<JobId>,
}

/// Where the money of a market comes from, and whom it trusts.
#[derive(Clone, Copy)]
pub(super) struct Options {
    pub(super) name: &'static str,
    pub(super) seed: u64,
    pub(super) testnet: bool,
    pub(super) trusts: bool,
    pub(super) question_interval: Millis,
    pub(super) at_once: usize,
    pub(super) questions_per_hour: u32,
}

impl Options {
    pub(super) const fn named(name: &'static str) -> Self {
        let question_interval = Millis(0);
        let (at_once, questions_per_hour) = (16, 1_000);
        Self { name, seed: 1, testnet: true, trusts: true, question_interval, at_once, questions_per_hour }
    }
}

pub(super) struct Market {
    pub(super) engine: Arc<Engine>,
    pub(super) clock: Clock,
    options: Options,
    writer: JoinHandle<()>,
    nodes: BTreeMap<u8, Node>,
    words: i64,
    jobs: u64,
}

/// Jobs as any client of this market orders them.
#[derive(Debug)]
struct Orders(Ledger);

impl Prober for Orders {
    fn knows(&self, model: &str) -> bool {
        model == MODEL
    }

    fn order(&self, client: &Wallet, model: &str, question: &str) -> Option<NewJob> {
        (model == MODEL).then(|| order(&self.0, client.client(Dialect::Registry), question))
    }
}

pub(super) fn order(ledger: &Ledger, client: ClientId, question: &str) -> NewJob {
    let job = threads::new_job_on(ledger, 1, 1);
    let policy = Policy {
        tier: Some(Tier { least: 1, is_challenge: false }),
        run_within: RUN_WITHIN,
        attempts: 3,
        ..Policy::clone(&job.policy)
    };
    NewJob {
        dialect: Dialect::Registry,
        naming: Naming::Number,
        client,
        ask: Arc::new(Ask { skill: Skill::Infer, model: Some(MODEL.into()), ..Ask::clone(&job.ask) }),
        price: Amount::new(1_000, ledger.coin()),
        policy: policy.into(),
        payload: serde_json::to_vec(question).expect("a text can be written").into(),
        key: None,
        ..job
    }
}

/// What the model says.
fn truth(question: &str) -> String {
    let marks = Sha256::of(question.as_bytes()).0.map(|byte| format!("word{byte}"));
    format!("{question} {}", marks.join(" "))
}

pub(super) const fn wallet(node: u8) -> Wallet {
    Wallet([node; 20])
}

pub(super) const fn worker(node: u8) -> WorkerId {
    WorkerId([node; 32])
}

impl Options {
    fn terms(&self, ledger: &Ledger) -> ChallengeTerms {
        let trusted: BTreeSet<_> = self.trusts.then_some(wallet(TRUSTED)).into_iter().collect();
        ChallengeTerms {
            trusted,
            questions: (0..QUESTIONS).map(|number| format!("What is {number}?").into()).collect(),
            prober: Some(Arc::new(Orders(ledger.clone()))),
            question_interval: self.question_interval,
            at_once: self.at_once,
            questions_per_hour: self.questions_per_hour,
            references: QUESTIONS,
            ..ChallengeTerms::NONE
        }
    }

    fn start(&self, clock: &Clock) -> (Arc<Engine>, JoinHandle<()>) {
        let (store, writer) = Sqlite::memory(self.name).open().expect("a database in memory can be made");
        let writer = std::thread::spawn(move || writer.run());
        let ledger = if self.testnet { Ledger::testnet() } else { Ledger::main() };
        let config = Config { challenges: self.terms(&ledger), ledger, ..config() };
        let engine = Engine::new(store, clock.clone(), Entropy::seeded(self.seed), config);
        block_on(engine.recover()).expect("what is on disk can be taken up");
        (engine, writer)
    }
}

impl Market {
    pub(super) fn open(options: Options) -> Self {
        let clock = Clock::manual(Timestamp(1_800_000_000_000));
        let (engine, writer) = options.start(&clock);
        let mut market = Self { engine, clock, options, writer, nodes: BTreeMap::new(), words: 0, jobs: 0 };
        if options.trusts {
            market.enter(TRUSTED, Manner::Honest);
        }
        market
    }

    /// Kills the coordinator with all that is only in memory, and starts another.
    pub(super) fn crash(self) -> Self {
        let Self { engine, clock, options, writer, nodes, words, jobs } = self;
        let keeps = Sqlite::memory(options.name).keep_alive().expect("the database stays");
        drop((engine, nodes));
        writer.join().expect("the writer ends when nobody can write any more");
        let (engine, writer) = options.start(&clock);
        drop(keeps);
        Self { engine, clock, options, writer, nodes: BTreeMap::new(), words, jobs }
    }

    fn word(&mut self, node: u8) -> Word {
        self.words += 1;
        let digest = Sha256::of(&self.words.to_le_bytes());
        let at = Timestamp(self.clock.now().0 + self.words);
        Word { dialect: Dialect::Registry, by: wallet(node), digest, at }
    }

    /// Enrols a node, which keeps a connection.
    pub(super) fn enter(&mut self, node: u8, manner: Manner) {
        self.enter_with(node, manner, None);
    }

    /// The same with weights that it declares.
    pub(super) fn enter_with(&mut self, node: u8, manner: Manner, weights: Option<Sha256>) {
        let enrols = Some((self.word(node), 1));
        self.connect(node, manner, weights, enrols, Vec::new());
    }

    /// A worker, which is a node or is not, says that it has a job; answers whether it may go on with it.
    pub(super) fn claims(&mut self, node: u8, is_node: bool, job: &Job) -> bool {
        let enrols = is_node.then(|| (self.word(node), 1));
        !self.connect(node, Manner::Honest, None, enrols, vec![job.public_id.text.clone()]).is_empty()
    }

    fn connect(
        &mut self,
        node: u8,
        manner: Manner,
        weights: Option<Sha256>,
        enrols: Option<(Word, u8)>,
        resume: Vec<Arc<str>>,
    ) -> Vec<Arc<str>> {
        let (outbound, inbox) = mpsc::unbounded_channel();
        let profile = Profile {
            class: WorkerClass::Desktop,
            skills: Skills::INFER,
            models: vec![(MODEL.into(), docket_core::feature::Features::NONE)],
            weights: weights.into_iter().map(|weights| (MODEL.into(), weights)).collect(),
            gpu_tier: 0,
            deactivated: false,
            by_post: false,
            price_floor: Amount::zero(self.engine.ledger().asset()),
            concurrency: 2,
            accepts: false,
        };
        let hello =
            Hello { worker: worker(node), proof: true, unproven_allowed: false, profile, enrols, resume };
        let welcome = block_on(self.engine.connect(hello, outbound)).expect("it is let in");
        self.nodes.insert(node, Node { connection: welcome.connection, inbox, manner, given: Vec::new() });
        self.settle();
        welcome.resumed
    }

    /// A node's connection ends.
    pub(super) fn lose(&mut self, node: u8) {
        let node = self.nodes.remove(&node).expect("it is connected");
        self.engine.disconnect(node.connection);
    }

    pub(super) fn set_manner(&mut self, node: u8, manner: Manner) {
        self.nodes.get_mut(&node).expect("it is connected").manner = manner;
    }

    /// Lets everything go on that needs no time.
    pub(super) fn settle(&mut self) {
        loop {
            block_on(self.engine.challenge_due());
            if !self.answer() {
                return;
            }
        }
    }

    /// Lets each node answer what it has been given; `false` if there was nothing.
    pub(super) fn answer(&mut self) -> bool {
        let mut any = false;
        for (number, node) in &mut self.nodes {
            while let Ok(message) = node.inbox.try_recv() {
                let ToWorker::Assign(assignment) = *message else { continue };
                any = true;
                node.given.push(assignment.job.id);
                let question: String = serde_json::from_slice(&assignment.payload).expect("it is a text");
                let text = match node.manner {
                    Manner::Honest => truth(&question),
                    Manner::Lies => truth("something else"),
                    Manner::Sleeps => continue,
                    Manner::Declines => {
                        let name = &assignment.job.public_id.text;
                        let given_back = self.engine.hand_back(node.connection, name, Fault::Declined);
                        block_on(given_back).expect("it has the job");
                        continue;
                    }
                };
                let arrival = arrival(worker(*number), &assignment.job, &text);
                block_on(self.engine.deliver(node.connection, arrival)).expect("it counts");
            }
        }
        any
    }

    /// Lets time pass in steps of at most ten seconds, with signs of life.
    pub(super) fn pass(&mut self, span: Millis) {
        let mut left = span.0;
        while left > 0 {
            let step = left.min(10_000);
            left -= step;
            self.clock.advance(Millis(step));
            for node in self.nodes.values() {
                self.engine.heartbeat(node.connection);
            }
            block_on(async {
                self.engine.lapse_due().await;
                self.engine.sweep_workers().await;
            });
            self.settle();
        }
    }

    /// Lets the trusted node answer questions, until there are enough.
    pub(super) fn prepare(&mut self, node: u8) {
        assert_eq!(self.challenge(node), Err(Refusal::NoReference));
        self.settle();
        self.pass(Millis(1));
    }

    pub(super) fn challenge(&self, node: u8) -> Result<Challenge, Refusal> {
        match block_on(self.engine.challenge_now(wallet(node))) {
            Ok(challenge) => Ok(challenge),
            Err(EngineError::Refused(refusal)) => Err(refusal),
            Err(error) => panic!("{error}"),
        }
    }

    /// Challenges a node and lets it answer all questions.
    pub(super) fn test(&mut self, node: u8) -> Challenge {
        self.challenge(node).expect("nothing stands against it");
        for _ in 0..5 {
            self.settle();
            self.pass(Millis(2));
        }
        self.last(node)
    }

    pub(super) fn all(&self, node: u8) -> Vec<Challenge> {
        block_on(self.engine.challenges(wallet(node))).expect("they can be read")
    }

    pub(super) fn last(&self, node: u8) -> Challenge {
        self.all(node).first().expect("it was challenged").clone()
    }

    /// Comes back after it was refuted.
    pub(super) fn come_back(&mut self, node: u8) -> Result<Activity, Refusal> {
        let (word, offer) = (self.word(node), self.node(node).enrolment.offer.clone());
        match block_on(self.engine.enrol(word, worker(node), offer)) {
            Ok(node) => Ok(node.enrolment.state),
            Err(EngineError::Refused(refusal)) => Err(refusal),
            Err(error) => panic!("{error}"),
        }
    }

    /// A node goes on its own word, and stays connected.
    pub(super) fn go(&mut self, node: u8) {
        let word = self.word(node);
        block_on(self.engine.leave(word)).expect("it may");
    }

    pub(super) fn node(&self, node: u8) -> docket_engine::Node {
        self.engine.node(wallet(node)).expect("it is enrolled")
    }

    /// Its reputation with what challenges have shown, as it stands on disk and in memory.
    pub(super) fn tested(&self, node: u8) -> u16 {
        let stored = block_on(self.engine.store().worker(worker(node))).expect("it can be read");
        let stored = stored.expect("it has registered").reputation.tested().0;
        assert_eq!(self.node(node).worker.reputation.tested().0, stored);
        stored
    }

    pub(super) fn state(&self, node: u8) -> Activity {
        let stored = block_on(self.engine.store().enrolment(wallet(node))).expect("it can be read");
        let state = stored.expect("it is enrolled").state;
        assert_eq!(self.node(node).enrolment.state, state);
        state
    }

    /// What a node has been given since it entered.
    pub(super) fn given(&self, node: u8) -> Vec<Arc<Job>> {
        self.nodes[&node].given.iter().map(|job| self.job(*job)).collect()
    }

    pub(super) fn job(&self, id: JobId) -> Arc<Job> {
        block_on(self.engine.store().job(id)).expect("it can be read").expect("it is there")
    }

    /// A client orders a job; who has it.
    pub(super) fn client_orders(&mut self) -> Option<WorkerId> {
        self.jobs += 1;
        let client = Wallet(Sha256::of(&self.jobs.to_le_bytes()).0[..20].try_into().expect("so many"));
        let new = order(self.engine.ledger(), client.client(Dialect::Registry), "What is asked for?");
        let made = block_on(self.engine.submit(new)).expect("the job is made");
        let job = block_on(self.engine.find(&made.id)).expect("it can be read").expect("it is there");
        job.holder().map(|(worker, _)| worker)
    }

    pub(super) fn credit(&self, to: Account, units: u128) {
        let amount = Amount::new(units, self.engine.ledger().coin());
        block_on(self.engine.credit(to, amount, &format!("credit {units}"))).expect("money comes in");
    }

    pub(super) fn jobs(&self) -> Vec<Arc<Job>> {
        let mut all: Vec<Arc<Job>> = Vec::new();
        loop {
            let before = all.last().map(|job| job.id);
            let filter = JobFilter { client: None, before, limit: 100 };
            let page = block_on(self.engine.store().jobs(&filter)).expect("they can be read");
            if page.is_empty() {
                return all;
            }
            all.extend(page);
        }
    }

    /// Panics unless the books agree. Nothing of this market is left.
    pub(super) fn close(self) {
        let books = block_on(books::check(self.engine.store())).expect("they can be read");
        assert!(books.agree, "{:?}", books.faults);
        let Self { engine, nodes, writer, .. } = self;
        drop((engine, nodes));
        writer.join().expect("the writer ends when nobody can write any more");
    }
}

fn arrival(worker: WorkerId, job: &Job, text: &str) -> Arrival {
    let output: Arc<[u8]> = serde_json::json!({ "text": text }).to_string().into_bytes().into();
    let digest = Sha256::of(&output);
    let proof = Proof {
        job: job.public_id.text.clone(),
        worker,
        output: digest,
        text: Some(Sha256::of(text.as_bytes())),
        signed: true,
        digest,
        document: b"{}".as_slice().into(),
    };
    Arrival { job: job.public_id.text.clone(), output, usage: Usage { input: 1, output: 30 }, proof }
}
