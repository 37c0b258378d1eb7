//! When challenges come.

use super::market::{Manner, Market, Options, TRUSTED};
use docket_core::challenge::{Failure, State};
use docket_core::enrolment::Activity;
use docket_core::time::{Millis, Timestamp};
use futures::executor::block_on;
use std::collections::{BTreeMap, BTreeSet};

/// When each node was challenged in a time.
fn moments(name: &'static str, seed: u64, nodes: u8, span: Millis) -> Vec<Vec<Timestamp>> {
    let mut market = Market::open(Options { seed, ..Options::named(name) });
    for node in 1..=nodes {
        market.enter(node, Manner::Honest);
    }
    market.pass(span);
    let moments = (1..=nodes).map(|node| market.all(node).iter().map(|one| one.opened_at).collect());
    let moments = moments.collect();
    market.close();
    moments
}

/// Thirty nodes for twelve hours: each for the first time after an hour in the mean, and then every six.
#[test]
fn everybody_is_challenged_as_often_as_his_interval_says_and_nobody_can_tell_when() {
    let nodes = moments("half_day", 1, 30, Millis::hours(12));
    let count: usize = nodes.iter().map(Vec::len).sum();
    assert!((55..=120).contains(&count), "{count} challenges of 30 nodes");
    assert!(nodes.iter().filter(|moments| moments.is_empty()).count() <= 1);
    let all: BTreeSet<_> = nodes.iter().flatten().collect();
    assert!(all.len() > count * 9 / 10, "they do not come together");
    let first: BTreeSet<_> = nodes.iter().filter_map(|moments| moments.last()).collect();
    let (earliest, latest) = (first.first().unwrap(), first.last().unwrap());
    assert!(latest.since(**earliest) > Millis::hours(1), "some are challenged soon, some late");
    let [one, other] =
        [("one", 2), ("other", 3)].map(|(name, seed)| moments(name, seed, 5, Millis::hours(2)));
    assert_ne!(one, other);
}

#[test]
fn no_more_are_challenged_at_a_time_than_may_be() {
    let mut market = Market::open(Options { at_once: 2, ..Options::named("at_once") });
    for node in 1..=60 {
        market.enter(node, Manner::Sleeps);
    }
    let mut open = BTreeSet::new();
    for _ in 0..180 {
        market.pass(Millis::seconds(20));
        let all = block_on(market.engine.store().open_challenges()).unwrap();
        open.insert(all.len());
    }
    assert_eq!(open.last(), Some(&2), "{open:?}");
    market.close();
}

#[test]
fn the_next_question_comes_after_a_while_and_a_node_without_room_is_asked_later() {
    let pause = Millis::seconds(120);
    let mut market = Market::open(Options { question_interval: pause, ..Options::named("pauses") });
    market.enter(1, Manner::Honest);
    market.prepare(1);
    market.lose(TRUSTED);
    market.challenge(1).unwrap();
    market.settle();
    assert_eq!(market.last(1).probes.len(), 1, "the first answer is judged, and the next question waits");
    market.set_manner(1, Manner::Sleeps);
    while market.client_orders().is_some() {} // Until it has no room.
    market.pass(Millis::seconds(290));
    let waits = market.last(1);
    assert_eq!((waits.state, waits.probes.len()), (State::Open, 1), "it has no room");
    market.set_manner(1, Manner::Honest);
    market.pass(Millis::seconds(600)); // What it slept over has timed out.
    assert_eq!(market.last(1).state, State::Passed);
    market.close();
}

#[test]
fn who_goes_in_the_middle_is_asked_nothing_until_it_is_back_and_then_goes_on() {
    let pause = Millis::seconds(60);
    let mut market = Market::open(Options { question_interval: pause, ..Options::named("goes") });
    market.enter(1, Manner::Lies);
    market.prepare(1);
    market.challenge(1).unwrap();
    market.settle();
    market.go(1);
    let asked = market.given(1).len();
    market.pass(Millis::seconds(300));
    let waits = market.last(1);
    assert_eq!((waits.state, waits.probes.len()), (State::Open, 1));
    assert_eq!(market.given(1).len(), asked, "it has gone");
    assert_eq!(market.come_back(1), Ok(Activity::Active));
    market.pass(Millis::seconds(700));
    assert_eq!(market.last(1).id, waits.id);
    assert_eq!(market.last(1).state, State::Failed(Failure::OtherAnswers), "going was no way around it");
    market.close();
}

#[test]
fn who_is_away_in_the_middle_is_asked_on_when_it_is_back() {
    let pause = Millis::seconds(60);
    let mut market = Market::open(Options { question_interval: pause, ..Options::named("away") });
    market.enter(1, Manner::Lies);
    market.prepare(1);
    market.challenge(1).unwrap();
    market.settle();
    market.lose(1);
    market.pass(Millis::seconds(300));
    let waits = market.last(1);
    assert_eq!((waits.state, waits.probes.len()), (State::Open, 1));
    market.enter(1, Manner::Lies);
    market.pass(Millis::seconds(700));
    assert_eq!(market.last(1).id, waits.id);
    assert_eq!(market.last(1).state, State::Failed(Failure::OtherAnswers), "being away was no way around it");
    market.close();
}

#[test]
fn no_more_questions_are_put_in_an_hour_than_may_be() {
    let mut market = Market::open(Options { questions_per_hour: 10, ..Options::named("budget") });
    (1..=4).for_each(|node| market.enter(node, Manner::Honest));
    let mut hours: BTreeMap<i64, u32> = BTreeMap::new();
    market.pass(Millis::hours(6));
    for job in market.jobs().iter().filter(|job| job.is_challenge()) {
        *hours.entry(job.created_at.0.div_euclid(3_600_000)).or_default() += 1;
    }
    assert!(hours.values().any(|count| *count == 10), "somebody is asked: {hours:?}");
    assert!(hours.values().all(|count| *count <= 10), "{hours:?}");
    market.close();
}
