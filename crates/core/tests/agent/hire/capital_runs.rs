//! What holds for any run of jobs with entrusted capital, by honest and by lying clocks.

use super::properties::for_any_story;
use super::story::Story;
use docket_core::agent::hire::step::Taken;
use docket_core::agent::standing::Note;
use docket_core::command::{Canceller, Command};
use docket_core::event::{Closing, Event};
use docket_core::policy::Verdict;
use proptest::prelude::*;

/// What capital has decided.
pub(super) fn of_capital(story: &Story) -> Option<&'static str> {
    story.hire.order.capital?;
    match (story.verdict(), story.bound()) {
        (Some((_, None)), Some(Verdict::Reject)) => Some("bound in silence to reject"),
        (Some(_), Some(Verdict::Reject)) => Some("bound to reject"),
        (Some(_), Some(Verdict::Complete)) => Some("bound to complete"),
        (Some((_, Some(_))), None) => Some("left to the evaluator"),
        (Some((_, None)), None) => None,
        (None, _) => (story.hire.begun_at.is_some() && !story.was_possible()).then_some("nothing attested"),
    }
}

#[test]
fn what_capital_leaves_as_a_verdict_is_what_is_paid() {
    for_any_story(216, |story| {
        let (Some((verdict, _)), Some(bound)) = (story.verdict(), story.bound()) else { return Ok(()) };
        prop_assert_eq!(verdict, bound);
        prop_assert!(!story.is_disputed());
        let budget = story.job.price.units;
        let provider = story.hire.provider.expect("somebody has delivered").agent;
        let (of_client, of_provider) = (story.of_budget(story.hire.client.agent), story.of_budget(provider));
        match bound {
            Verdict::Reject => prop_assert_eq!((of_client, of_provider), (budget, 0)),
            // At most 2 % are the platform's and 4 % the evaluator's.
            Verdict::Complete => prop_assert!(of_client == 0 && of_provider >= budget / 100 * 94),
        }
        Ok(())
    });
}

#[test]
fn between_its_bounds_capital_is_judged_like_any_work() {
    for_any_story(217, |story| {
        let Some((verdict, judgement)) = story.verdict() else { return Ok(()) };
        if story.hire.order.capital.is_none() || story.bound().is_some() {
            return Ok(());
        }
        prop_assert!(judgement.is_some() || verdict == Verdict::Complete, "silence pays the provider");
        prop_assert!(judgement.is_none_or(|judgement| judgement.fault.is_none()));
        Ok(())
    });
}

#[test]
fn nothing_is_delivered_of_capital_but_the_report_that_closed_it() {
    for_any_story(218, |story| {
        let valuations: Vec<_> = story.valuations().map(|(valuation, _)| valuation).collect();
        prop_assert!(story.hire.order.capital.is_some() || valuations.is_empty());
        let closing = valuations.last().and_then(|valuation| valuation.closed);
        for (event, _) in story.events() {
            let Event::Submitted { delivery, .. } = event else { continue };
            if story.hire.order.capital.is_some() {
                prop_assert_eq!(Some(delivery.output), closing.map(|closed| closed.deliverable));
            }
        }
        Ok(())
    });
}

#[test]
fn what_capital_is_worth_goes_forward_until_it_is_closed() {
    for_any_story(219, |story| {
        let valuations: Vec<_> = story.valuations().collect();
        for pair in valuations.windows(2) {
            let ((before, _), (after, _)) = (pair[0], pair[1]);
            prop_assert!(before.at < after.at && before.sequence < after.sequence);
            prop_assert!(before.closed.is_none());
        }
        prop_assert_eq!(story.hire.valuation, valuations.last().map(|(valuation, _)| *valuation));
        let expires = story.hire.order.deadline + story.hire.order.grace;
        prop_assert!(valuations.iter().all(|(_, at)| *at < expires));
        Ok(())
    });
}

#[test]
fn where_capital_was_never_closed_nobody_loses_anything_and_nothing_is_said() {
    for_any_story(220, |story| {
        if story.hire.order.capital.is_none() || story.hire.due.is_some() {
            return Ok(());
        }
        prop_assert!(story.verdict().is_none());
        for (_, seat) in story.hire.seats() {
            prop_assert_eq!(story.lost(seat), 0);
        }
        let changes = story.told.iter().filter_map(|told| told.outcome.as_ref().ok());
        let is_lock = |note: &Note| matches!(note, Note::Locked(_) | Note::Unlocked(_));
        prop_assert!(changes.flat_map(|change| &change.notes).all(|(_, note)| is_lock(note)));
        Ok(())
    });
}

#[test]
fn with_a_worth_a_job_ends_by_a_verdict_by_time_or_by_the_operator() {
    for_any_story(221, |story| {
        let valued = story
            .told
            .iter()
            .position(|told| matches!(told.event(), Some(Event::Hire(Taken::Valued { .. }))));
        for told in story.told.iter().skip(valued.unwrap_or(story.told.len())) {
            let by_operator = told.command == Command::Cancel { by: Canceller::Operator };
            let is_cancelled = matches!(told.event(), Some(Event::Closed { how: Closing::Cancelled, .. }));
            prop_assert!(!is_cancelled || by_operator, "{:?}", told.command);
        }
        Ok(())
    });
}
