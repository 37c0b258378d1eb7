//! What holds for any run of commands, at any times, under any terms.

use crate::sample::{self, after, job, outcome};
use docket_core::change::Change;
use docket_core::command::{Charge, Command};
use docket_core::effect::EffectKind;
use docket_core::event::{Event, Fault};
use docket_core::id::{Attempt, WorkerId};
use docket_core::job::{Job, State};
use docket_core::ledger::{Account, NetworkId, Transfer};
use docket_core::money::{Amount, Asset, BasisPoints, Split};
use docket_core::policy::{Arbitration, Evaluation, Lapse, Policy, Ruling, Source, Verdict};
use docket_core::refusal::Refusal;
use docket_core::time::{Millis, Timestamp};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use std::collections::{BTreeMap, BTreeSet};

/// One command, and all that came of it.
struct Step {
    before: Job,
    command: Command,
    at: Timestamp,
    outcome: Result<Change, Refusal>,
}

impl Step {
    fn event(&self) -> Option<&Event> {
        self.outcome.as_ref().ok()?.job.as_ref().map(|change| &change.event)
    }

    fn transfers(&self) -> &[Transfer] {
        self.outcome.as_ref().map_or(&[], |change| &change.transfers)
    }

    fn after(&self) -> Job {
        self.outcome.as_ref().map_or_else(|_| self.before.clone(), after)
    }
}

/// A job, and what it is told: the command, whether it is made to fit the holder, and when.
#[derive(Clone, Debug)]
struct Script {
    job: Job,
    lines: Vec<(Command, bool, When)>,
}

/// When a command comes.
#[derive(Clone, Copy, Debug)]
enum When {
    /// So much after the one before; a clock that was set back makes it less.
    After(i64),
    /// At the deadline, give or take.
    Around(i64),
}

impl Script {
    fn play(&self) -> Vec<Step> {
        let (mut job, mut at) = (self.job.clone(), sample::START);
        let mut steps = Vec::new();
        for (command, fitting, when) in &self.lines {
            at = match (when, job.state.deadline()) {
                (When::After(span), _) | (When::Around(span), None) => at + Millis(*span),
                (When::Around(span), Some(by)) => by + Millis(*span),
            };
            let command = if *fitting { fit(command.clone(), &job) } else { command.clone() };
            let step = Step { outcome: outcome(&job, &command, at), before: job, command, at };
            job = step.after();
            steps.push(step);
        }
        steps
    }
}

/// Puts the attempt and the worker of the present holder into a command.
fn fit(mut command: Command, job: &Job) -> Command {
    let Some((holder, current)) = job.holder() else { return command };
    match &mut command {
        Command::Accept { attempt } | Command::Return { attempt, .. } => *attempt = current,
        Command::Submit { delivery, .. } => *delivery = sample::delivery(holder, current),
        Command::Create
        | Command::Fund
        | Command::Assign { .. }
        | Command::Cancel { .. }
        | Command::GiveUp { .. }
        | Command::Evaluate { .. }
        | Command::Dispute
        | Command::Rule { .. }
        | Command::Lapse
        | Command::Recover { .. } => {}
    }
    command
}

fn scripts() -> impl Strategy<Value = Script> {
    let price = prop_oneof![0..20u128, 0..1u128 << 100].prop_map(|units| Amount::new(units, Asset::USDC));
    let line = (commands(), prop::bool::weighted(0.8), whens());
    (policies(), price, vec(line, 1..40)).prop_map(|(policy, price, mut lines)| {
        // Nothing happens to a job that is not there: most runs begin with one that is.
        lines.insert(1, (Command::Fund, true, When::After(0)));
        Script { job: job(policy, price), lines }
    })
}

fn whens() -> impl Strategy<Value = When> {
    prop_oneof![
        4 => (0..6i64).prop_map(When::After),
        1 => (-20..40i64).prop_map(When::After),
        2 => (-1..2i64).prop_map(When::Around),
    ]
}

fn policies() -> impl Strategy<Value = Policy> {
    let source = prop_oneof![Just(Source::Client), Just(Source::Minted(sample::testnet()))];
    let lapse = prop_oneof![Just(Lapse::Failed), Just(Lapse::Refunded), Just(Lapse::Expired)];
    let judge = (spans(), verdicts()).prop_map(|(within, silence)| Evaluation { within, silence });
    let arbitration = (spans(), rulings()).prop_map(|(within, default)| Arbitration { within, default });
    let deadlines = (spans(), spans(), spans(), (0..80i64).prop_map(Millis), spans());
    (source, splits(), deadlines, 0..4u32, lapse, proptest::option::of(judge), arbitration).prop_map(
        |(source, split, deadlines, attempts, lapse, evaluation, arbitration)| {
            let (fund_within, match_within, run_within, finish_within, dispute_window) = deadlines;
            Policy {
                source,
                split,
                fund_within,
                match_within,
                run_within,
                finish_within,
                attempts,
                lapse,
                evaluation,
                dispute_window,
                arbitration,
            }
        },
    )
}

fn spans() -> impl Strategy<Value = Millis> {
    prop_oneof![1 => Just(0), 4 => 1..30i64].prop_map(Millis)
}

/// Shares that leave the worker at least nothing.
fn splits() -> impl Strategy<Value = Split> {
    (0..=10_000u16, 0..=10_000u16, 0..=10_000u16).prop_map(|(one, two, three)| {
        let mut marks = [one, two, three];
        marks.sort_unstable();
        let shares = [marks[0], marks[1] - marks[0], marks[2] - marks[1]].map(BasisPoints);
        Split { evaluator: shares[0], platform: shares[1], burned: shares[2] }
    })
}

fn commands() -> impl Strategy<Value = Command> {
    let faults = proptest::sample::select(Fault::ALL.to_vec());
    let wait = proptest::option::of(spans());
    let submit = (workers(), attempts(), charges()).prop_map(|(worker, attempt, charge)| Command::Submit {
        delivery: sample::delivery(worker, attempt),
        charge,
    });
    prop_oneof![
        1 => Just(Command::Create),
        1 => Just(Command::Fund),
        6 => (workers(), 1..3u32, wait).prop_map(|(worker, epoch, accept_within)| Command::Assign {
            worker,
            epoch,
            accept_within
        }),
        2 => attempts().prop_map(|attempt| Command::Accept { attempt }),
        4 => (attempts(), faults.clone()).prop_map(|(attempt, reason)| Command::Return { attempt, reason }),
        3 => submit,
        1 => faults.clone().prop_map(|by| Command::Cancel { by }),
        1 => faults.prop_map(|reason| Command::GiveUp { reason }),
        2 => verdicts().prop_map(|verdict| Command::Evaluate { verdict }),
        2 => Just(Command::Dispute),
        2 => rulings().prop_map(|ruling| Command::Rule { ruling }),
        2 => Just(Command::Lapse),
        1 => spans().prop_map(|grace| Command::Recover { grace }),
    ]
}

fn workers() -> impl Strategy<Value = WorkerId> {
    (1..6u8).prop_map(|key| WorkerId([key; 32]))
}

fn attempts() -> impl Strategy<Value = Attempt> {
    (1..3u32, 0..5u32).prop_map(|(epoch, number)| Attempt { epoch, number })
}

fn verdicts() -> impl Strategy<Value = Verdict> {
    prop_oneof![Just(Verdict::Complete), Just(Verdict::Reject)]
}

fn rulings() -> impl Strategy<Value = Ruling> {
    let divided = (0..=10_000u16).prop_map(|bps| Ruling::Divided { client: BasisPoints(bps) });
    prop_oneof![Just(Ruling::ForWorker), Just(Ruling::ForClient), divided]
}

fn charges() -> impl Strategy<Value = Charge> {
    let asset = prop_oneof![9 => Just(Asset::USDC), 1 => Just(Asset::ETH)];
    let units = prop_oneof![0..30u128, 0..1u128 << 100];
    prop_oneof![
        Just(Charge::Whole),
        (units, asset).prop_map(|(units, asset)| Charge::Exactly(Amount::new(units, asset))),
        (0..12u64, 0..12u64).prop_map(|(delivered, covered)| Charge::Portion { delivered, covered }),
    ]
}

/// The books that a run leaves: the client begins with the price.
struct Books(BTreeMap<Account, i128>);

impl Books {
    fn opened_for(job: &Job) -> Self {
        let mut books = Self(BTreeMap::new());
        if job.policy.source == Source::Client {
            let (from, to) =
                (Account::Outside(NetworkId("ledger:main".into())), Account::Client(job.client.clone()));
            books.book(&Transfer { from, to, amount: job.price });
        }
        books
    }

    fn book(&mut self, transfer: &Transfer) {
        let units = i128::try_from(transfer.amount.units).expect("prices here stay below 2^100");
        *self.0.entry(transfer.from.clone()).or_default() -= units;
        *self.0.entry(transfer.to.clone()).or_default() += units;
    }

    fn balance(&self, account: &Account) -> u128 {
        self.0.get(account).map_or(0, |units| u128::try_from(*units).expect("the account is not negative"))
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, rng_seed: RngSeed::Fixed(1), ..ProptestConfig::default() })]

    #[test]
    fn the_books_balance_and_no_account_is_negative(script in scripts()) {
        let mut books = Books::opened_for(&script.job);
        for step in script.play() {
            for transfer in step.transfers() {
                prop_assert!(!transfer.amount.is_zero() && transfer.from != transfer.to);
                prop_assert_eq!(transfer.amount.asset, script.job.price.asset);
                books.book(transfer);
            }
            prop_assert_eq!(books.0.values().sum::<i128>(), 0);
            prop_assert!(books.0.iter().all(|(account, units)| *units >= 0 || account.may_be_negative()));
        }
    }

    #[test]
    fn a_job_knows_its_own_accounts_and_leaves_them_empty(script in scripts()) {
        let mut books = Books::opened_for(&script.job);
        for step in script.play() {
            step.transfers().iter().for_each(|transfer| books.book(transfer));
            let job = step.after();
            prop_assert_eq!(books.balance(&Account::Escrow(job.id)), job.escrow.units);
            prop_assert_eq!(books.balance(&Account::Vesting(job.id)), job.vesting.units);
            prop_assert!(!job.state.is_final() || (job.escrow.is_zero() && job.vesting.is_zero()));
        }
    }

    #[test]
    fn the_hold_is_resolved_once_and_never_exceeded(script in scripts()) {
        let steps = script.play();
        let id = script.job.id;
        for own in [Account::Escrow(id), Account::Vesting(id)] {
            let leaves = |step: &&Step| step.transfers().iter().any(|transfer| transfer.from == own);
            prop_assert!(steps.iter().filter(leaves).count() <= 1);
        }
        let earned = |transfer: &&Transfer| {
            matches!(
                transfer.to,
                Account::Worker(_) | Account::Agent(_) | Account::Treasury | Account::Burned
            )
        };
        let transfers = steps.iter().flat_map(Step::transfers);
        let charge: u128 = transfers.filter(earned).map(|transfer| transfer.amount.units).sum();
        prop_assert!(charge <= script.job.price.units);
    }

    #[test]
    fn what_is_divided_is_what_was_charged(script in scripts()) {
        for step in script.play() {
            if let Some(Event::Settled { charge, .. } | Event::Evaluated { charge, .. }) = step.event() {
                let rest = step.before.escrow.units - charge.units;
                let source = |transfer: &&Transfer| matches!(transfer.to, Account::Client(_) | Account::Outside(_));
                let back: u128 = step.transfers().iter().filter(source).map(|leg| leg.amount.units).sum();
                let refused = matches!(step.after().state, State::Rejected { vests_at: None, .. });
                prop_assert_eq!(back, if refused { step.before.escrow.units } else { rest });
            }
        }
    }

    #[test]
    fn every_event_is_one_version_and_a_refusal_changes_nothing(script in scripts()) {
        for step in script.play() {
            let repeated = outcome(&step.before, &step.command, step.at);
            prop_assert_eq!(&repeated, &step.outcome);
            let job = step.after();
            match &step.outcome {
                Ok(_) => prop_assert_eq!(job.version, step.before.version.next()),
                Err(_) => prop_assert_eq!(job, step.before),
            }
        }
    }

    #[test]
    fn what_is_final_stays_as_it_is(script in scripts()) {
        let over = |step: &Step| step.before.state.is_final();
        for step in script.play().into_iter().filter(over) {
            prop_assert!(step.outcome.is_err(), "{:?} after the end", step.command);
        }
    }

    #[test]
    fn every_job_comes_to_an_end_by_waiting(script in scripts()) {
        for step in script.play() {
            let mut job = step.after();
            let mut lapses = 0;
            while job.version.0 > 0 && let Some(by) = job.state.deadline() {
                let lapse = outcome(&job, &Command::Lapse, by);
                prop_assert!(lapse.is_ok(), "{:?} cannot lapse: {lapse:?}", job.state);
                job = lapse.as_ref().map_or(job, after);
                lapses += 1;
                prop_assert!(lapses <= 2, "{:?} is still not final", job.state);
            }
            prop_assert!(job.version.0 == 0 || job.state.is_final());
        }
    }

    #[test]
    fn nobody_works_beyond_what_was_promised(script in scripts()) {
        for job in script.play().iter().map(Step::after) {
            if let (State::Funded { by } | State::Assigned { by, .. } | State::Running { by, .. }, Some(promise)) =
                (&job.state, job.finish_by)
            {
                prop_assert!(*by <= promise);
            }
        }
    }

    #[test]
    fn a_worker_has_a_job_at_most_once_and_under_a_number_of_its_own(script in scripts()) {
        let (mut workers, mut numbers) = (BTreeSet::new(), BTreeSet::new());
        for step in script.play().iter().filter(|step| step.before.holder().is_none()) {
            if let Some((worker, attempt)) = step.after().holder() {
                prop_assert!(workers.insert(worker), "{worker:?} has it again");
                prop_assert!(numbers.insert(attempt.number), "{attempt:?} repeats");
            }
        }
    }

    #[test]
    fn no_more_workers_may_lose_a_job_than_the_terms_allow(script in scripts()) {
        let uses_up = |step: &&Step| {
            matches!(step.event(), Some(Event::Returned { reason, .. }) if *reason != Fault::HandedBack)
        };
        let lost = script.play().iter().filter(uses_up).count();
        prop_assert!(lost < script.job.policy.attempts.max(1) as usize);
    }

    #[test]
    fn whoever_waits_for_a_worker_is_routed(script in scripts()) {
        for step in script.play() {
            let Some(event @ (Event::Funded { .. } | Event::Returned { .. })) = step.event() else { continue };
            let job = step.after();
            prop_assert!(matches!(job.state, State::Funded { .. }), "{event:?}");
            let effects = step.outcome.iter().flat_map(|change| &change.effects);
            let routes = effects.filter(|effect| {
                (effect.job, effect.version, effect.kind) == (job.id, job.version, EffectKind::Route)
            });
            prop_assert_eq!(routes.count(), 1);
        }
    }

    #[test]
    fn only_work_that_arrived_pays_a_worker(script in scripts()) {
        for step in script.play() {
            for transfer in step.transfers() {
                if let Account::Worker(worker) = &transfer.to {
                    let delivery = step.after().delivery().cloned();
                    prop_assert_eq!(delivery.map(|delivery| delivery.worker), Some(*worker));
                }
            }
        }
    }
}
