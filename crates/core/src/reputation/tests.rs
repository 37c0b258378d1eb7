use super::*;
use proptest::prelude::*;

const NOON: Timestamp = Timestamp(1_800_000_000_000);

fn paid(placing: u16) -> Evidence {
    Evidence::Paid { placing: Some(BasisPoints(placing)) }
}

fn after(evidence: impl IntoIterator<Item = Evidence>) -> Reputation {
    evidence.into_iter().fold(Reputation::default(), |known, evidence| known.after(evidence, NOON))
}

#[test]
fn a_new_worker_stands_in_the_middle() {
    let middle = BasisPoints(5_000);
    let new = Reputation::default();
    assert_eq!(View::ALL.map(|view| view.number(&new)), [middle; 3]);
    let Parts { completion, latency, proof, uptime } = new.parts();
    assert_eq!([completion, latency, proof, uptime].map(Rate::share), [middle; 4]);
    assert_eq!(new.confidence(), BasisPoints(0));
}

#[test]
fn the_parts_weigh_what_is_documented() {
    let only = |evidence: Evidence| after(std::iter::repeat_n(evidence, 1 << 20)).by_parts().0;
    // Jobs speak for completion and proof, a bad proof against both, a lost job against the first alone.
    assert_eq!(only(Evidence::Paid { placing: None }), 3_500 + 1_500 + 2_500 + 500 - 1);
    assert_eq!(only(paid(10_000)), 3_500 + 3_000 + 2_500 + 500 - 1);
    assert_eq!(only(paid(0)), 3_500 + 2_500 + 500 - 1);
    assert_eq!(only(Evidence::Lost), 1_500 + 1_250 + 500);
    assert_eq!(only(Evidence::Unproven), 1_500 + 500);
    assert_eq!(views::WEIGHTS.iter().sum::<u64>(), 1_000);
}

#[test]
fn what_was_imagined_is_outweighed_by_what_was_seen() {
    let score = |jobs| {
        after(std::iter::repeat_n(Evidence::Paid { placing: None }, jobs)).parts().completion.share().0
    };
    assert_eq!([0, 1, 4, 12, 96].map(score), [5_000, 6_000, 7_500, 8_750, 9_800]);
}

#[test]
fn evidence_loses_half_of_its_weight_in_thirty_days() {
    let old = after([Evidence::Lost; 8]);
    let then = NOON + Millis::hours(720);
    let now = old.after(Evidence::Connected(Millis(0)), then);
    assert_eq!(now.lost, 4 * ONE);
    assert_eq!(old.parts().completion.share().0, 1_666);
    assert_eq!(now.parts().completion.share().0, 2_500, "four lost beside four imagined");
    let forgotten = now.after(Evidence::Connected(Millis(0)), NOON + Millis::hours(1_000_000));
    assert_eq!((forgotten.lost, forgotten.parts().completion.share().0), (0, 5_000));
}

#[test]
fn uptime_is_the_share_of_the_time_in_which_it_was_connected() {
    let day = |days: i64| NOON + Millis::hours(24 * days);
    let present = Reputation::default().after(Evidence::Connected(Millis::hours(240)), day(10));
    assert_eq!(present.connected, present.watched);
    assert!(present.parts().uptime.share().0 > 9_400);
    let half = present.after(Evidence::Connected(Millis::hours(0)), day(20));
    assert!((4_000..5_000).contains(&half.parts().uptime.share().0), "the later days weigh more");
    let boast = Reputation::default()
        .after(Evidence::Connected(Millis(0)), NOON)
        .after(Evidence::Connected(Millis::hours(9)), NOON + Millis::hours(1));
    assert_eq!((boast.connected, boast.watched), (boast.watched, faded_span(Millis::hours(1))));
}

#[test]
fn a_span_is_placed_among_those_of_others() {
    let place = |span| placing(Millis(span), Millis(200), Millis(600)).0;
    assert_eq!([-5, 0, 50, 100, 200].map(place), [10_000, 10_000, 8_750, 7_500, 5_000]);
    assert_eq!([300, 400, 599, 600, i64::MAX].map(place), [3_750, 2_500, 12, 0, 0]);
    let alike = |span| placing(Millis(span), Millis(200), Millis(200)).0;
    assert_eq!([200, 201].map(alike), [5_000, 0]);
    assert_eq!(placing(Millis(0), Millis(0), Millis(0)).0, 5_000);
}

fn evidence() -> impl Strategy<Value = Evidence> {
    prop_oneof![
        prop::option::of(0..12_000_u16)
            .prop_map(|placing| Evidence::Paid { placing: placing.map(BasisPoints) }),
        Just(Evidence::Lost),
        Just(Evidence::Unproven),
        any::<i64>().prop_map(|span| Evidence::Connected(Millis(span))),
        any::<bool>().prop_map(|passed| Evidence::Challenged { passed }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_evidence_leads_out_of_the_range(
        steps in prop::collection::vec((evidence(), -4_000_000..4_000_000_000_i64), 0..200),
    ) {
        let (mut known, mut now) = (Reputation::default(), NOON);
        for (evidence, passed) in steps {
            now = now + Millis(passed);
            known = known.after(evidence, now);
            prop_assert!(View::ALL.iter().all(|view| view.number(&known).0 <= 10_000));
            prop_assert!(known.connected <= known.watched && known.placed <= known.compared);
            prop_assert!(known.compared <= known.paid && known.unproven <= known.lost);
        }
    }

    #[test]
    fn within_an_hour_the_order_of_jobs_does_not_count(
        jobs in prop::collection::vec((evidence(), 0..3_600_000_i64), 0..20),
    ) {
        let jobs: Vec<_> =
            jobs.into_iter().filter(|(evidence, _)| !matches!(evidence, Evidence::Connected(_))).collect();
        let all = |jobs: &mut dyn Iterator<Item = &(Evidence, i64)>| {
            jobs.fold(Reputation::default(), |known, (evidence, at)| known.after(*evidence, NOON + Millis(*at)))
        };
        prop_assert_eq!(all(&mut jobs.iter()), all(&mut jobs.iter().rev()));
    }

    #[test]
    fn a_paid_job_never_lowers_the_rates_that_it_speaks_for(
        steps in prop::collection::vec(evidence(), 0..50),
    ) {
        let known = after(steps);
        let shares = |known: Reputation| {
            let Parts { completion, latency, proof, uptime } = known.parts();
            [completion, latency, proof, uptime].map(Rate::share)
        };
        let before = shares(known);
        let paid = shares(known.after(paid(10_000), NOON));
        prop_assert!(paid[0] >= before[0] && paid[2] >= before[2]);
        prop_assert!(paid[1] >= before[1] && paid[3] == before[3]);
        for bad in [Evidence::Unproven, Evidence::Challenged { passed: false }] {
            let lost = shares(known.after(bad, NOON));
            prop_assert!(lost[0] <= before[0] && lost[2] <= before[2]);
        }
    }
}
