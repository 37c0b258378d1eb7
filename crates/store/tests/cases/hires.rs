//! Jobs for which one agent hires another: every state of them, their offers, what is known of the agents, and what is
//! counted, as it stands on disk.

use crate::sample::{NOW, job, terms, with_leaf};
use crate::world::{World, now};
use docket_core::agent::court::Vote;
use docket_core::agent::hire::dispute::Filing;
use docket_core::agent::hire::step::Step;
use docket_core::agent::hire::{Hire, Judgement, Order, Seat};
use docket_core::agent::identity::Wallet;
use docket_core::agent::offer::Offer;
use docket_core::agent::penalty::Offence;
use docket_core::agent::role::{Level, Role, Strategy};
use docket_core::agent::standing::Standing;
use docket_core::agent::tally::{IN_ALL, Tally, hour};
use docket_core::change::Change;
use docket_core::command::{Charge, Command};
use docket_core::decide::decide;
use docket_core::event::{Conduct, Delivery, Usage, Voucher};
use docket_core::hash::{ContentHash, Sha256};
use docket_core::id::{AgentId, Attempt, Dialect, Doer, PublicId};
use docket_core::job::Job;
use docket_core::ledger::Account;
use docket_core::money::{Amount, Asset};
use docket_core::policy::{Policy, Source, Verdict};
use docket_core::reputation::{Evidence, Reputation};
use docket_core::time::{Millis, Timestamp};
use docket_store::{CommitError, Documents, HireFilter, Page};
use std::collections::BTreeMap;
use std::sync::Arc;

const POOL: u128 = 1_000;
pub(super) const ALL: Page = Page { skip: 0, limit: 100 };

fn wallet(agent: u64) -> Wallet {
    Wallet([u8::try_from(agent).unwrap_or_default(); 20])
}

pub(super) fn seat(agent: u64, lock: u128) -> Seat {
    Seat {
        agent: AgentId(agent),
        owner: wallet(agent),
        lock,
        since: NOW,
        released: None,
        violations: 2,
        rejections: 1,
    }
}

/// A job that agent 1 asks for, which does not exist yet.
pub(super) fn hired(number: u64) -> Job {
    let order = Order {
        strategy: Strategy::Hybrid,
        program: Some(ContentHash([1; 32])),
        rubric: Some(ContentHash([2; 32])),
        capital: None,
        deadline: NOW + Millis::hours(10),
        grace: Millis::hours(24),
        judge: Some(AgentId(3)),
        rewards_early: true,
    };
    let hire = Hire {
        title: "\"Äpfel\" \u{1f34e}".into(),
        description: "two\nlines".into(),
        ..Hire::new(Arc::new(order), seat(1, 50))
    };
    let plain = job(number, Policy { source: Source::Client, ..terms() });
    let public_id = PublicId { dialect: Dialect::Agents, text: number.to_string().into() };
    Job { hire: Some(Arc::new(hire)), public_id, request: None, ..plain }
}

pub(super) fn delivery() -> Delivery {
    Delivery {
        by: Doer::Agent(AgentId(2)),
        attempt: Attempt::default(),
        output: ContentHash([7; 32]),
        receipt: Sha256([8; 32]),
        voucher: Voucher::Worker,
        usage: Usage::default(),
        conduct: Conduct::default(),
    }
}

fn filing() -> Arc<Filing> {
    Arc::new(Filing {
        initiator: Role::Provider,
        deposit: 60,
        jurors: [Some(seat(11, 10)), None, Some(seat(13, 10))],
    })
}

/// Takes a step, and sees that the disk has what memory has.
pub(super) fn take(world: &mut World, job: &Arc<Job>, command: &Command, at: Timestamp) -> Arc<Job> {
    let event = decide(job, command, at).unwrap_or_else(|refusal| panic!("{command:?}: {refusal}"));
    let change = Change::of(job, event, at);
    let after = world.commit(with_leaf(change, Documents::default())).expect("it is written").job;
    let after = after.expect("it is about a job");
    assert_eq!(world.on_disk(after.id).as_deref(), Some(&*after), "{command:?}");
    after
}

pub(super) fn endowed(world: &mut World) {
    for agent in [1, 2, 3, 11, 13] {
        let account = Account::Stake(AgentId(agent));
        world
            .commit(crate::sample::credit(account, Amount::new(POOL, Asset::USDC), &agent.to_string()))
            .unwrap();
    }
    let provider = Account::Client(wallet(2).client(Dialect::Agents));
    world.commit(crate::sample::credit(provider, Amount::new(POOL, Asset::USDC), "provider")).unwrap();
    world.give("ann", 5_000);
}

fn standing(world: &World, agent: u64) -> Standing {
    now(world.disk().agent_standing(AgentId(agent))).unwrap_or_default()
}

pub(crate) fn a_hire_stands_on_disk_as_it_is_in_every_state(world: &mut World) {
    endowed(world);
    let job = Arc::new(hired(1));
    let job = take(world, &job, &Command::Create, NOW);
    assert_eq!((standing(world, 1).locked, world.balance(&Account::Stake(AgentId(1)))), (50, 950));
    let job = take(world, &job, &Command::Hire(Step::Invite { agent: AgentId(2) }), NOW);
    let job = take(world, &job, &Command::Fund, NOW);
    let job = take(world, &job, &Command::Hire(Step::Engage { provider: seat(2, 100) }), NOW);
    let job = take(world, &job, &Command::Hire(Step::Appoint { evaluator: seat(3, 100) }), NOW);
    let job = take(world, &job, &Command::Submit { delivery: delivery(), charge: Charge::Whole }, NOW);
    let judgement = Judgement {
        level: Level::L3,
        borderline: true,
        fault: Some(Offence::Garbage),
        proof: Some(ContentHash([9; 32])),
    };
    let judge = Command::Evaluate { verdict: Verdict::Reject, judgement: Some(judgement) };
    let job = take(world, &job, &judge, NOW);
    let seated = |world: &World, agent| {
        let filter = HireFilter { party: Some(AgentId(agent)), ..HireFilter::default() };
        now(Box::pin(world.store().hires(&filter, ALL))).1
    };
    assert_eq!([seated(world, 11), seated(world, 3)], [0, 1], "the index is read");
    let job = take(world, &job, &Command::Dispute { claim: None, filing: Some(filing()) }, NOW);
    assert_eq!([seated(world, 11), seated(world, 12), seated(world, 13)], [1, 0, 1]);
    world.check_books();
    world.reopen();
    assert_eq!([seated(world, 11), seated(world, 12), seated(world, 13)], [1, 0, 1]);
    let commitment = |agent: u64| ContentHash([u8::try_from(agent).unwrap_or_default(); 32]);
    let commit = |agent: u64| Step::Commit { agent: AgentId(agent), commitment: commitment(agent) };
    let job = take(world, &job, &Command::Hire(commit(11)), NOW);
    let job = take(world, &job, &Command::Hire(commit(13)), NOW);
    let reveal = |agent: u64| Step::Reveal {
        agent: AgentId(agent),
        vote: Vote::Overturn,
        salt: ContentHash([5; 32]),
        commitment: commitment(agent),
    };
    let job = take(world, &job, &Command::Hire(reveal(11)), NOW);
    let job = take(world, &job, &Command::Hire(reveal(13)), NOW);
    let job = take(world, &job, &Command::Lapse { treasury: 0 }, NOW);
    assert!(job.state.is_final());
    world.reopen();
    assert_eq!(world.on_disk(job.id), Some(job.clone()));
    world.check_books();
    let evaluator = standing(world, 3);
    assert_eq!((evaluator.locked, evaluator.violations.count, evaluator.score.points()), (0, 1, 55));
    assert_eq!((standing(world, 11).disputes, standing(world, 11).score.points()), (1, 71));
    assert_eq!(standing(world, 2).record.dispute_wins, 1);
    let none = Reputation::default();
    let history = none.after(Evidence::Paid { placing: None }, NOW);
    assert_eq!([2, 3, 11].map(|agent| standing(world, agent).history), [history, none, none]);
    let feed = now(world.disk().feed(0, 100));
    let events: Vec<_> =
        feed.iter().map(|row| (row.event.as_str(), row.before.as_str(), row.after.as_str())).collect();
    assert_eq!(events[..2], [("created", "", "open"), ("invited", "open", "open")]);
    assert_eq!(events.last(), Some(&("ruled", "disputed", "arbitrated")));
    assert_eq!(now(world.disk().feed(feed[3].number, 2)), feed[4..6]);
    assert_eq!(Some(now(world.disk().last_fed())), feed.last().map(|row| row.number));
}

pub(crate) fn hires_are_found_by_all_that_lists_ask_for(world: &mut World) {
    endowed(world);
    let first = take(world, &Arc::new(hired(1)), &Command::Create, NOW);
    let first = take(world, &first, &Command::Fund, NOW);
    let first = take(world, &first, &Command::Hire(Step::Engage { provider: seat(2, 100) }), NOW);
    // An index that is read now has the first from the disk, and the second from the writer.
    for reopened in [false, true] {
        if reopened {
            world.reopen();
        } else {
            take(world, &Arc::new(hired(2)), &Command::Create, NOW);
        }
        let found = |filter: HireFilter| {
            let (jobs, count) = now(Box::pin(world.store().hires(&filter, ALL)));
            assert_eq!(count, jobs.len() as u64);
            jobs.iter().map(|job| job.id.0).collect::<Vec<_>>()
        };
        let all = HireFilter::default;
        assert_eq!(found(all()), [2, 1]);
        assert_eq!(found(HireFilter { states: Some(vec!["funded"]), ..all() }), [1]);
        assert_eq!(
            found(HireFilter { states: Some(vec!["open", "funded"]), engaged: Some(false), ..all() }),
            [2]
        );
        assert_eq!(found(HireFilter { provider: Some(AgentId(2)), ..all() }), [1]);
        assert_eq!(found(HireFilter { party: Some(AgentId(1)), owner: Some(wallet(2)), ..all() }), [1]);
        assert_eq!(found(HireFilter { strategy: Some(Strategy::Program), ..all() }), Vec::<u64>::new());
        assert_eq!(found(HireFilter { disputed: true, ..all() }), Vec::<u64>::new());
    }
    assert_eq!(world.store().start().last_hire, Some(2));
    assert!(first.hire.is_some());
}

pub(crate) fn an_offer_is_made_taken_back_and_made_again(world: &mut World) {
    endowed(world);
    let job = take(world, &Arc::new(hired(1)), &Command::Create, NOW);
    let write = |record: docket_core::change::RecordChange| {
        with_leaf(Change::of_record(record.before, record.after, NOW), Documents::default())
    };
    let first = Offer::new(job.id, AgentId(2), wallet(2), NOW);
    world.commit(write(first.stand())).unwrap();
    assert!(matches!(world.commit(write(first.stand())).unwrap_err(), CommitError::Conflict));
    let made = now(world.disk().offer(job.id, AgentId(2))).expect("it was made");
    assert_eq!(made.withdrawn_at, None);
    world.commit(write(made.withdraw(NOW))).unwrap();
    let gone = now(world.disk().offer(job.id, AgentId(2))).expect("it was made");
    assert_eq!((gone.withdrawn_at, gone.created_at), (Some(NOW), NOW));
    world.commit(write(gone.stand())).unwrap();
    world.commit(write(Offer::new(job.id, AgentId(3), wallet(3), NOW).stand())).unwrap();
    world.reopen();
    let offers = now(world.disk().offers(job.id, 10));
    let standing: Vec<_> = offers.iter().map(|offer| (offer.agent.0, offer.withdrawn_at)).collect();
    assert_eq!(standing, [(2, None), (3, None)]);
    // Who chooses while the offer is taken back loses against that.
    let engage = Command::Hire(Step::Engage { provider: seat(2, 100) });
    let event = decide(&job, &engage, NOW).expect("it may be chosen");
    let records = vec![offers[0].stand()];
    let chosen = Change { records, ..Change::of(&job, event, NOW) };
    world.commit(write(offers[0].withdraw(NOW))).unwrap();
    let lost = world.commit(with_leaf(chosen, Documents::default())).unwrap_err();
    assert!(matches!(lost, CommitError::Conflict));
}

pub(crate) fn what_is_counted_stands_under_its_hour_and_in_all(world: &mut World) {
    endowed(world);
    let first = take(world, &Arc::new(hired(1)), &Command::Create, NOW);
    let later = NOW + Millis::hours(2);
    take(world, &Arc::new(hired(2)), &Command::Create, later);
    world.reopen();
    take(world, &first, &Command::Cancel { by: docket_core::command::Canceller::Client }, later);
    let counts = |first: i64, last: i64| -> BTreeMap<(Tally, i64), i128> {
        now(world.disk().tallies(first, last)).into_iter().collect()
    };
    let (early, late) = (hour(NOW), hour(later));
    assert_eq!(counts(early, early)[&(Tally::Created, early)], 1);
    assert_eq!(counts(early, late)[&(Tally::Created, late)], 1);
    let all = counts(IN_ALL, IN_ALL);
    assert_eq!([all[&(Tally::Created, IN_ALL)], all[&(Tally::Rejected, IN_ALL)]], [2, 1]);
    assert_eq!(all[&(Tally::Staked, IN_ALL)], 5 * POOL as i128);
}
