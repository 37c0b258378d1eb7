//! What is shown of such a job and of those who take part: offers, shares, bonuses, and what is known of agents.

use super::sample::{BUDGET, DEADLINE, PLAIN, PROVIDER, STRANGER, Sample, wallet};
use crate::sample::START;
use docket_core::agent::hire::{Hire, LONGEST, Order};
use docket_core::agent::offer::{Offer, OfferStatus};
use docket_core::agent::penalty::Violations;
use docket_core::agent::role::{Level, Role, Strategy};
use docket_core::agent::score::{Deed, Score};
use docket_core::agent::standing::{Note, Standing};
use docket_core::change::Record;
use docket_core::hash::ContentHash;
use docket_core::id::{AgentId, Version};
use docket_core::money::BasisPoints;
use docket_core::refusal::Refusal;
use docket_core::reputation::ONE;
use docket_core::time::{Millis, Timestamp};

fn offer(agent: AgentId, withdrawn: bool) -> Offer {
    let offer = Offer::new(PLAIN.job().id, agent, wallet(agent), START);
    Offer { withdrawn_at: withdrawn.then_some(START), ..offer }
}

#[test]
fn how_an_offer_stands_follows_from_its_job() {
    use OfferStatus::{Accepted, Pending, Rejected, Withdrawn};
    for (way, its_own, anothers) in [
        ("create", Pending, Pending),
        ("create fund", Pending, Pending),
        ("create fund invite", Pending, Pending),
        ("create appoint", Pending, Pending),
        ("create engage", Accepted, Rejected),
        ("create fund engage", Accepted, Rejected),
        ("create fund engage submit", Accepted, Rejected),
        ("create fund engage appoint submit complete", Accepted, Rejected),
        ("create fund engage appoint submit complete lapse", Accepted, Rejected),
        ("create fund engage appoint submit reject", Accepted, Rejected),
        ("create fund engage appoint submit reject dispute-by-provider", Accepted, Rejected),
        ("create fund engage appoint submit reject dispute-by-provider lapse", Accepted, Rejected),
        ("create fund engage lapse", Accepted, Rejected),
        ("create lapse", Rejected, Rejected),
        ("create fund lapse", Rejected, Rejected),
        ("create cancel", Rejected, Rejected),
        ("create fund cancel", Rejected, Rejected),
    ] {
        let (job, _) = PLAIN.reached(way);
        assert_eq!(offer(PROVIDER, false).status(&job), its_own, "{way}");
        assert_eq!(offer(STRANGER, false).status(&job), anothers, "{way}");
        assert_eq!(offer(STRANGER, true).status(&job), Withdrawn, "{way}");
        let taken_back = offer(PROVIDER, true).status(&job);
        assert_eq!(taken_back, if its_own == Accepted { Accepted } else { Withdrawn }, "{way}");
    }
}

#[test]
fn an_offer_is_taken_back_and_made_again_under_a_new_version() {
    let first = Offer { version: Version(3), ..offer(PROVIDER, false) };
    for (change, withdrawn_at) in [(first.withdraw(DEADLINE), Some(DEADLINE)), (first.stand(), None)] {
        assert_eq!(change.before, Version(3));
        let Record::Offer(after) = change.after else { panic!("an offer is stored") };
        assert_eq!((after.withdrawn_at, after.version), (withdrawn_at, Version(4)));
        assert_eq!(after.created_at, first.created_at);
    }
}

#[test]
fn each_note_changes_what_it_is_about_and_nothing_else() {
    let new = Standing::default();
    let after = |notes: &[Note]| notes.iter().fold(new, |standing, note| standing.after(*note, DEADLINE));
    assert_eq!((new.score, new.locked, new.jobs()), (Score::NEW, 0, 0));

    let locked = after(&[Note::Locked(7), Note::Locked(5), Note::Unlocked(4)]);
    assert_eq!(locked, Standing { locked: 8, ..new });
    assert_eq!(after(&[Note::Unlocked(1)]), new);
    assert_eq!(after(&[Note::Locked(u128::MAX), Note::Locked(1)]).locked, u128::MAX);

    let scored = after(&[Note::Deed(Deed::Completed(Level::L3)), Note::Deed(Deed::Rejected)]);
    assert_eq!(scored, Standing { score: Score::new(71), ..new });

    let ended = |completed, on_time, level| Note::Ended { completed, on_time, level };
    let jobs =
        after(&[ended(true, true, Some(Level::L2)), ended(true, false, None), ended(false, true, None)]);
    let record = jobs.record;
    assert_eq!((record.total, record.completed, record.on_time, record.level_sum), (3, 2, 1, 2));
    assert_eq!(Standing { record: new.record, ..jobs }, new);

    let worked = |paid| Note::Worked { paid };
    let works = after(&[worked(true), worked(false), worked(true)]);
    assert_eq!((works.history.paid, works.history.lost), (2 * ONE, ONE));
    assert_eq!(Standing { history: new.history, ..works }, new);
    let later = works.after(worked(false), DEADLINE + Millis::hours(720)).history;
    assert_eq!((later.paid, later.lost, later.by_jobs()), (ONE, ONE * 3 / 2, BasisPoints(4_769)));

    let refused = Note::Judged { approved: false };
    let judged = after(&[refused, refused, Note::Judged { approved: true }, refused]);
    assert_eq!((judged.record.judged, judged.record.approved, judged.rejections), (4, 1, 1));
    assert_eq!(after(&[refused, refused, refused]).rejections, 3);

    let verdict = |passed, borderline, overturned| Note::Verdict { passed, borderline, overturned };
    let verdicts =
        after(&[verdict(true, true, false), verdict(true, false, true), verdict(false, false, false)]);
    let counted = verdicts.verdicts;
    assert_eq!((counted.judged, counted.passed, counted.borderline, counted.overturned), (3, 2, 1, 1));
    assert_eq!(Standing { verdicts: new.verdicts, ..verdicts }, new);

    let disputes = after(&[Note::Disputed { won: true }, Note::Disputed { won: false }]);
    assert_eq!((disputes.record.disputes, disputes.record.dispute_wins, disputes.disputes), (2, 1, 0));

    let sat = after(&[Note::Sat, Note::Sat]);
    assert_eq!(sat, Standing { disputes: 2, ..new });
    assert_eq!(sat.jobs(), 2);

    let violated = after(&[Note::Violated, Note::Clean, Note::Violated, Note::Clean]);
    assert_eq!(violated, Standing { violations: Violations { count: 2, clean: 1 }, ..new });
}

#[test]
fn shares_are_known_from_the_verdict_on_and_only_where_the_provider_is_paid() {
    let budget = BUDGET.units;
    let (fee, cut) = (budget * 3 / 100, budget * 2 / 100);
    let shared = |fee| Some((budget - fee - cut, fee, cut));
    for (way, shares) in [
        ("create fund engage appoint submit", None),
        ("create fund engage appoint submit complete", shared(fee)),
        ("create fund engage appoint submit complete lapse", shared(fee)),
        ("create fund engage appoint submit lapse", shared(0)),
        ("create fund engage submit lapse lapse", shared(0)),
        ("create fund engage appoint submit reject", None),
        ("create fund engage appoint submit complete dispute-by-client", None),
        ("create fund engage appoint submit complete dispute-by-client lapse", shared(fee)),
        ("create fund engage appoint submit reject dispute-by-provider lapse", None),
        (
            "create fund engage appoint submit reject dispute-by-provider commit-1-overturn commit-2-overturn \
             @committed reveal-1-overturn reveal-2-overturn lapse",
            shared(0),
        ),
        ("create fund engage lapse", None),
    ] {
        let (job, _) = PLAIN.reached(way);
        let hire = job.hire.as_ref().expect("the sample is a hire");
        let parts = hire.shares(&job);
        let parts = parts.map(|parts| (parts.worker.units, parts.evaluator.units, parts.platform.units));
        assert_eq!(parts, shares, "{way}");
    }
}

#[test]
fn a_bonus_ends_at_the_quarter_and_at_the_half_of_the_time_from_when_there_was_money() {
    let given = DEADLINE.0 - START.0;
    for (way, begun) in [
        ("create fund engage submit", START),
        ("create engage fund submit", START),
        ("create @just-before-half fund engage submit", Timestamp(START.0 + given / 2 - 1)),
        ("create engage @just-before-half fund submit", Timestamp(START.0 + given / 2 - 1)),
    ] {
        let (job, _) = PLAIN.reached(way);
        let hire = Hire::clone(job.hire.as_ref().expect("the sample is a hire"));
        assert_eq!(hire.begun_at, Some(begun), "{way}");
        let given = DEADLINE.0 - begun.0;
        let (quarter, half) = ((given + 3) / 4, (given + 1) / 2);
        for (taken, bonus) in [
            (0, 50_000),
            (quarter - 1, 50_000),
            (quarter, 20_000),
            (half - 1, 20_000),
            (half, 0),
            (given, 0),
            (i64::MAX - begun.0, 0),
        ] {
            let delivered = Hire { delivered_at: Some(begun + Millis(taken)), ..hire.clone() };
            assert_eq!(delivered.bonus(1_000_000), bonus, "{way}, after {taken} of {given}");
        }
    }
}

#[test]
fn no_bonus_is_owed_where_the_market_rewards_nothing_or_nothing_was_delivered() {
    let (job, _) = PLAIN.reached("create fund engage submit");
    let hire = Hire::clone(job.hire.as_ref().expect("the sample is a hire"));
    assert_eq!(hire.bonus(100), 5);
    let order = Order { rewards_early: false, ..(*hire.order).clone() };
    assert_eq!(Hire { order: order.into(), ..hire.clone() }.bonus(100), 0);
    assert_eq!(Hire { delivered_at: None, ..hire.clone() }.bonus(100), 0);
    assert_eq!(Hire { begun_at: None, ..hire }.bonus(100), 0);
}

#[test]
fn an_order_names_what_its_strategy_judges_by_and_a_time_ahead() {
    let (job, _) = PLAIN.reached("create");
    let order = Order::clone(&job.hire.as_ref().expect("it is one").order);
    for (deadline, fits) in [
        (START, false),
        (START + Millis(1), true),
        (START + LONGEST, true),
        (START + LONGEST + Millis(1), false),
        (Timestamp(i64::MAX), false),
        (Timestamp(i64::MIN), false),
    ] {
        let refusal = Order { deadline, ..order.clone() }.check(START).err();
        assert_eq!(refusal, (!fits).then_some(Refusal::BadDeadline), "{deadline:?}");
    }
    let hash = Some(ContentHash([1; 32]));
    for (strategy, program, rubric, fits) in [
        (Strategy::Program, hash, None, true),
        (Strategy::Program, None, hash, false),
        (Strategy::Rubric, None, hash, true),
        (Strategy::Rubric, hash, None, false),
        (Strategy::Hybrid, hash, hash, true),
        (Strategy::Hybrid, hash, None, false),
        (Strategy::Hybrid, None, hash, false),
        (Strategy::Capital, hash, hash, false),
    ] {
        let order = Order { strategy, program, rubric, ..order.clone() };
        assert_eq!(order.check(START).err(), (!fits).then_some(Refusal::OrderIncomplete), "{strategy:?}");
    }
}

#[test]
fn everybody_who_takes_part_has_one_role() {
    let sample = Sample { judge: None, ..PLAIN };
    let (job, _) = sample.reached("create fund engage appoint submit complete dispute-by-client");
    let hire = job.hire.as_ref().expect("it is one");
    let roles: Vec<Role> = hire.seats().map(|(role, _)| role).collect();
    assert_eq!(roles[..3], [Role::Client, Role::Provider, Role::Evaluator]);
    assert_eq!(roles[3..], [Role::Arbitrator; 3]);
    assert!(hire.seats().all(|(role, seat)| hire.role_of(seat.agent) == Some(role)));
    assert_eq!(hire.role_of(STRANGER), None);
    assert_eq!(hire.parties().len(), 3);
}
