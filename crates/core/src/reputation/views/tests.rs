use super::*;
use crate::reputation::{Because, Evidence, Term};
use crate::time::{Millis, Timestamp};
use proptest::prelude::*;

const NOON: Timestamp = Timestamp(1_800_000_000_000);
const PAID_JOB: Evidence = Evidence::Paid { placing: None };
const PASSED: Evidence = Evidence::Challenged { passed: true };
const REFUTED: Evidence = Evidence::Challenged { passed: false };

fn after(evidence: &[(Evidence, usize)]) -> Reputation {
    let all = evidence.iter().flat_map(|(evidence, times)| std::iter::repeat_n(*evidence, *times));
    all.fold(Reputation::default(), |known, evidence| known.after(evidence, NOON))
}

/// The example of `docs/reputation.md`.
fn example() -> Reputation {
    let placed = Evidence::Paid { placing: Some(BasisPoints(7_500)) };
    after(&[
        (Evidence::Connected(Millis::hours(12)), 1),
        (placed, 8),
        (PAID_JOB, 4),
        (Evidence::Lost, 1),
        (Evidence::Unproven, 1),
        (PASSED, 3),
        (REFUTED, 1),
    ])
}

fn said(view: View, history: &Reputation) -> String {
    let line = |Term { name, points, because }: Term| format!("{name} {points} {because}\n");
    view.terms(history).into_iter().map(line).collect()
}

#[test]
fn jobs_alone_start_in_the_middle_and_move_with_work() {
    let of = |paid, lost| after(&[(PAID_JOB, paid), (Evidence::Lost, lost)]).by_jobs().0;
    assert_eq!([of(0, 0), of(4, 0), of(0, 4), of(1, 0)], [5_000, 6_500, 3_500, 5_600]);
    let most = Reputation { paid: i64::MAX as u64, ..Reputation::default() };
    assert_eq!(most.by_jobs().0, 7_999);
    let worst = Reputation { lost: i64::MAX as u64, ..Reputation::default() };
    assert_eq!(worst.by_jobs().0, 2_000);
}

#[test]
fn what_was_lost_long_ago_counts_less_where_jobs_alone_count() {
    let old = after(&[(Evidence::Lost, 4)]);
    let now =
        |days: i64| old.after(Evidence::Connected(Millis(0)), NOON + Millis::hours(24 * days)).by_jobs().0;
    assert_eq!([now(0), now(30), now(60), now(3_000)], [3_500, 4_000, 4_400, 5_000]);
}

#[test]
fn a_refuted_challenge_is_a_lost_job_with_a_bad_proof_among_the_parts_and_a_passed_one_nothing() {
    let work = after(&[(PAID_JOB, 5)]);
    let refuted = after(&[(PAID_JOB, 5), (REFUTED, 2)]);
    assert_eq!(refuted.by_parts(), after(&[(PAID_JOB, 5), (Evidence::Unproven, 2)]).by_parts());
    assert!(refuted.by_parts() < work.by_parts());
    assert_eq!(refuted.work(), work.parts());
    assert_eq!(after(&[(PAID_JOB, 5), (PASSED, 9)]).by_parts(), work.by_parts());
    for view in [&refuted, &after(&[(PAID_JOB, 5), (PASSED, 9)])] {
        assert_eq!(view.by_jobs(), work.by_jobs(), "challenges are no jobs of clients");
    }
}

#[test]
fn who_is_new_has_a_hundred_more_with_each_challenge_passed_and_two_thousand_less_with_each_refuted() {
    let of = |passed, refuted| after(&[(PASSED, passed), (REFUTED, refuted)]).tested().0;
    assert_eq!([of(0, 0), of(1, 0), of(7, 0), of(50, 0), of(51, 0)], [5_000, 5_100, 5_700, 10_000, 10_000]);
    assert_eq!([of(0, 1), of(0, 2), of(0, 3), of(1, 1), of(5, 9)], [3_000, 1_000, 0, 3_100, 0]);
}

#[test]
fn no_store_of_passed_challenges_pays_for_a_refuted_one() {
    let of = |refuted| after(&[(PASSED, 5_000), (REFUTED, refuted)]).tested().0;
    assert_eq!([of(0), of(1), of(2), of(5)], [10_000, 8_000, 6_000, 0]);
}

#[test]
fn challenges_fade_as_jobs_do() {
    let of = |evidence: &[(Evidence, usize)]| {
        let now = NOON + Millis::hours(720);
        after(evidence).after(Evidence::Lost, now).tested().0
    };
    let lost = after(&[(Evidence::Lost, 1)]).tested().0;
    assert_eq!([of(&[(PASSED, 3)]), of(&[(REFUTED, 1)])], [lost + 150, lost - 1_000]);
}

#[test]
fn confidence_grows_with_jobs_and_fades_with_them() {
    let of = |paid, lost| after(&[(PAID_JOB, paid), (Evidence::Lost, lost)]).confidence().0;
    assert_eq!([of(0, 0), of(1, 0), of(2, 2), of(10, 0)], [0, 2_000, 5_000, 7_142]);
    let later = after(&[(PAID_JOB, 8)]).after(Evidence::Connected(Millis(0)), NOON + Millis::hours(720));
    assert_eq!((later.jobs(), later.confidence().0), (4 * ONE, 5_000));
}

#[test]
fn each_view_says_in_words_what_its_number_is_made_of() {
    let history = example();
    assert_eq!(View::ALL.map(|view| view.number(&history).0), [6_666, 7_188, 5_746]);
    assert_eq!(
        said(View::Jobs, &history),
        "imagined 1111 4.000 of 18.000 jobs, each of which counts 5000\n\
         paid 5333 12.000 of 18.000 jobs, each of which counts 8000\n\
         lost 222 2.000 of 18.000 jobs, each of which counts 2000\n"
    );
    assert_eq!(
        said(View::Parts, &history),
        "completion 2578 35 % of 7368: 12.000 of 15.000 jobs, beside 4.000 imagined ones, half of them good\n\
         latency 2000 30 % of 6666: 6.000 of 8.000 jobs, beside 4.000 imagined ones, half of them good\n\
         proof 1944 25 % of 7777: 12.000 of 14.000 jobs, beside 4.000 imagined ones, half of them good\n\
         uptime 666 10 % of 6660: 11.9 of 11.9 hours, beside 24.0 imagined ones, half of them good\n"
    );
    assert_eq!(
        said(View::Tested, &history),
        "completion 2721 35 % of 7777: 12.000 of 14.000 jobs, beside 4.000 imagined ones, half of them good\n\
         latency 2000 30 % of 6666: 6.000 of 8.000 jobs, beside 4.000 imagined ones, half of them good\n\
         proof 2059 25 % of 8235: 12.000 of 13.000 jobs, beside 4.000 imagined ones, half of them good\n\
         uptime 666 10 % of 6660: 11.9 of 11.9 hours, beside 24.0 imagined ones, half of them good\n\
         passed 300 3.000 challenges, each of which counts 100\n\
         refuted -2000 1.000 challenges, each of which counts -2000\n"
    );
    let bounded = after(&[(PASSED, 60), (REFUTED, 9)]);
    assert_eq!(
        said(View::Tested, &bounded),
        "completion 1750 35 % of 5000: 0.000 of 0.000 jobs, beside 4.000 imagined ones, half of them good\n\
         latency 1500 30 % of 5000: 0.000 of 0.000 jobs, beside 4.000 imagined ones, half of them good\n\
         proof 1250 25 % of 5000: 0.000 of 0.000 jobs, beside 4.000 imagined ones, half of them good\n\
         uptime 500 10 % of 5000: 0.0 of 0.0 hours, beside 24.0 imagined ones, half of them good\n\
         passed 6000 60.000 challenges, each of which counts 100\n\
         best -1000 nothing goes beyond 10000\n\
         refuted -18000 9.000 challenges, each of which counts -2000\n\
         least 8000 nothing goes below 0\n"
    );
}

fn history() -> impl Strategy<Value = (Reputation, Timestamp)> {
    let evidence = prop_oneof![
        3 => prop::option::of(0..12_000_u16).prop_map(|placing| Evidence::Paid { placing: placing.map(BasisPoints) }),
        1 => Just(Evidence::Lost),
        1 => Just(Evidence::Unproven),
        1 => any::<i64>().prop_map(|span| Evidence::Connected(Millis(span))),
        3 => Just(PASSED),
        1 => Just(REFUTED),
    ];
    let step = (evidence, 0..400_000_000_i64, 1..20_usize);
    prop::collection::vec(step, 0..40).prop_map(|steps| {
        let (mut known, mut now) = (Reputation::default(), NOON);
        for (evidence, passed, times) in steps {
            now = now + Millis(passed);
            known = (0..times).fold(known, |known, _| known.after(evidence, now));
        }
        (known, now)
    })
}

fn is_bound(term: &Term, bound: Because) -> bool {
    term.because == bound
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_terms_of_every_view_add_up_to_its_number((known, _) in history()) {
        for view in View::ALL {
            let terms = view.terms(&known);
            let sum: i64 = terms.iter().map(|term| term.points).sum();
            prop_assert_eq!(sum, i64::from(view.number(&known).0), "{:?}: {:?}", view, terms);
            for Term { name, points, because } in terms {
                let of_a_thousand = match because {
                    Because::Mean { jobs, all, each } => u128::from(jobs) * u128::from(each) * 1_000 / u128::from(all),
                    Because::Part { rate, weight, .. } => u128::from(rate.share().0) * u128::from(weight),
                    Because::Challenges { .. } | Because::Best | Because::Least => continue,
                };
                let exact = i64::try_from(of_a_thousand).unwrap();
                prop_assert!((points * 1_000).abs_diff(exact) < 1_001, "{name} of {view:?}");
            }
        }
    }

    #[test]
    fn a_fresh_challenge_counts_whole_however_the_history_is((known, now) in history()) {
        let number = |known: &Reputation| i64::from(known.tested().0);
        let bounded = |known: &Reputation, bound| View::Tested.terms(known).iter().any(|term| is_bound(term, bound));
        let [passed, refuted] = [PASSED, REFUTED].map(|evidence| known.after(evidence, now));
        if !bounded(&passed, Because::Best) && !bounded(&known, Because::Least) {
            prop_assert_eq!(number(&passed), number(&known) + 100);
        }
        // A store of passes changes nothing about it.
        if !bounded(&refuted, Because::Least) {
            prop_assert_eq!(number(&refuted), number(&known) - 2_000);
        }
        prop_assert!(number(&passed) >= number(&known));
    }
}
