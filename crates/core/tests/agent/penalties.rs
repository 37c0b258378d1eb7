//! What offences cost, and who has it.

use crate::golden;
use docket_core::agent::penalty::{FORGOTTEN_AFTER, GRACE, Offence, REJECTIONS, SILENCE, Violations, divide};
use std::fmt::Write as _;

#[test]
fn every_offence_costs_what_the_published_table_says() {
    let mut text = format!(
        "spans: grace {} h, silence {} h; {REJECTIONS} rejections in a row; forgotten after {FORGOTTEN_AFTER} clean jobs\n",
        GRACE.0 / 3_600_000,
        SILENCE.0 / 3_600_000,
    );
    text.push_str("\noffence             role      share of the lock as violation 1, 2, 3, 4\n");
    for offence in Offence::ALL {
        let shares = [0, 1, 2, 3].map(|count| {
            let share = Violations { count, clean: 0 }.share(offence).0;
            format!("{:>4} %", share / 100)
        });
        writeln!(text, "  {:<17} {:<9} {}", offence.name(), offence.role().name(), shares.join(" "))
            .expect("a string takes all");
    }
    text.push_str("\na slash           arbitrators  injured  treasury  each arbitrator\n");
    for (slash, arbitrators) in [
        (1_000, 0),
        (1_000, 2),
        (1_000, 3),
        (1_019, 0),
        (1_019, 2),
        (1_019, 3),
        (1, 0),
        (1, 3),
        (9, 0),
        (0, 3),
    ] {
        let parts = divide(slash, arbitrators);
        writeln!(
            text,
            "  {slash:<15} {arbitrators:>11} {:>9} {:>9} {:>16}",
            parts.injured, parts.treasury, parts.each_arbitrator
        )
        .expect("a string takes all");
    }
    golden::check("agent-penalties.txt", &text);
}

#[test]
fn five_hundred_clean_jobs_in_a_row_are_forgiveness() {
    let twice = Violations::default().after_violation().after_violation();
    let clean = |from: Violations, jobs| (0..jobs).fold(from, |known, _| known.after_clean_job());
    assert_eq!(clean(twice, 499), Violations { count: 2, clean: 499 });
    assert_eq!(clean(twice, 500), Violations::default());
    let interrupted = clean(clean(twice, 499).after_violation(), 499);
    assert_eq!(interrupted, Violations { count: 3, clean: 499 });
    assert_eq!(clean(Violations::default(), 3), Violations::default(), "nothing is there to forget");
}

#[test]
fn a_repetition_stays_one_however_many_there_were() {
    let many = Violations { count: u32::MAX, clean: 0 }.after_violation();
    assert_eq!(many.count, u32::MAX);
    assert_eq!(many.share(Offence::Late).0, 2_000);
}

#[test]
fn an_offence_is_stored_under_its_name() {
    for offence in Offence::ALL {
        assert_eq!(Offence::parse(offence.name()), Some(offence));
    }
    assert_eq!(Offence::parse("theft"), None);
}
