//! Scores, the parts of a record, and what looks odd about verdicts.

use crate::golden;
use docket_core::agent::flags::{Flags, Verdicts};
use docket_core::agent::record::Record;
use docket_core::agent::score::{Deed, Score};
use docket_core::money::BasisPoints;
use std::fmt::Write as _;

/// Records that a reader can follow by hand.
const RECORDS: [(&str, Record); 5] = [
    (
        "without history",
        Record {
            total: 0,
            completed: 0,
            on_time: 0,
            judged: 0,
            approved: 0,
            disputes: 0,
            dispute_wins: 0,
            level_sum: 0,
        },
    ),
    (
        "all of the best",
        Record {
            total: 9,
            completed: 9,
            on_time: 9,
            judged: 9,
            approved: 9,
            disputes: 2,
            dispute_wins: 2,
            level_sum: 27,
        },
    ),
    (
        "all of the worst",
        Record {
            total: 9,
            completed: 0,
            on_time: 0,
            judged: 9,
            approved: 0,
            disputes: 2,
            dispute_wins: 0,
            level_sum: 0,
        },
    ),
    (
        "9 of 10, one late",
        Record {
            total: 10,
            completed: 9,
            on_time: 8,
            judged: 10,
            approved: 8,
            disputes: 1,
            dispute_wins: 1,
            level_sum: 18,
        },
    ),
    (
        "never disputed",
        Record {
            total: 3,
            completed: 2,
            on_time: 2,
            judged: 3,
            approved: 2,
            disputes: 0,
            dispute_wins: 0,
            level_sum: 2,
        },
    ),
];

/// One verdict below each limit, at it, and above.
const VERDICTS: [(&str, Verdicts); 15] = {
    const NONE: Verdicts =
        Verdicts { judged: 0, passed: 0, overturned: 0, borderline: 0, compared: 0, deviation_sum: 0 };
    [
        ("none", NONE),
        ("2 of 40 overturned", Verdicts { judged: 40, passed: 20, overturned: 2, ..NONE }),
        ("3 of 40 overturned", Verdicts { judged: 40, passed: 20, overturned: 3, ..NONE }),
        ("9 of 40 borderline", Verdicts { judged: 40, passed: 20, borderline: 9, ..NONE }),
        ("10 of 40 borderline", Verdicts { judged: 40, passed: 20, borderline: 10, ..NONE }),
        ("3 differ by 59", Verdicts { judged: 40, passed: 20, compared: 3, deviation_sum: 59, ..NONE }),
        ("3 differ by 60", Verdicts { judged: 40, passed: 20, compared: 3, deviation_sum: 60, ..NONE }),
        ("19 of 19 passed", Verdicts { judged: 19, passed: 19, ..NONE }),
        ("20 of 20 passed", Verdicts { judged: 20, passed: 20, ..NONE }),
        ("19 of 20 passed", Verdicts { judged: 20, passed: 19, ..NONE }),
        ("96 of 100 passed", Verdicts { judged: 100, passed: 96, ..NONE }),
        ("95 of 100 passed", Verdicts { judged: 100, passed: 95, ..NONE }),
        ("5 of 100 passed", Verdicts { judged: 100, passed: 5, ..NONE }),
        ("4 of 100 passed", Verdicts { judged: 100, passed: 4, ..NONE }),
        (
            "everything",
            Verdicts {
                judged: 20,
                passed: 0,
                overturned: 3,
                borderline: 10,
                compared: 1,
                deviation_sum: u64::MAX,
            },
        ),
    ]
};

#[test]
fn every_deed_changes_a_score_as_the_published_table_says() {
    let scores = [0, 1, Score::NEW.points(), 99, 100].map(Score::new);
    let mut text = String::from("deed              points   a score of");
    for score in scores {
        write!(text, "{:>5}", score.points()).expect("a string takes all");
    }
    text.push_str(" becomes\n");
    for deed in Deed::ALL {
        write!(text, "  {:<15} {:>+6}             ", format!("{deed:?}"), deed.points())
            .expect("a string takes all");
        for score in scores {
            write!(text, "{:>5}", score.after(deed).points()).expect("a string takes all");
        }
        text.push('\n');
    }
    writeln!(
        text,
        "\nnew {}, to offer {}, to arbitrate {}",
        Score::NEW.points(),
        Score::TO_OFFER.points(),
        Score::TO_ARBITRATE.points()
    )
    .expect("a string takes all");
    text.push_str("\nrecord             completion  on time  approval  disputes  level     sum\n");
    for (name, record) in RECORDS {
        let parts = record.parts();
        writeln!(
            text,
            "  {name:<18} {:>8} {:>8} {:>9} {:>9} {:>6} {:>7}",
            points(parts.completion),
            points(parts.on_time),
            points(parts.approval),
            points(parts.disputes),
            points(parts.level),
            points(parts.sum()),
        )
        .expect("a string takes all");
    }
    text.push_str("\nverdicts               flags\n");
    for (name, verdicts) in VERDICTS {
        writeln!(text, "  {name:<21} {:04b}", verdicts.flags().bits()).expect("a string takes all");
    }
    golden::check("agent-scores.txt", &text);
}

/// Hundredths of a point as points.
fn points(part: BasisPoints) -> String {
    format!("{}.{:02}", part.0 / 100, part.0 % 100)
}

#[test]
fn a_new_agent_may_offer_and_an_agent_that_loses_anything_may_not() {
    assert!(Score::NEW >= Score::TO_OFFER);
    for deed in Deed::ALL {
        assert_eq!(Score::NEW.after(deed) < Score::TO_OFFER, deed.points() < 0, "{deed:?}");
    }
}

#[test]
fn counts_that_cannot_be_do_not_exceed_a_weight() {
    let record = Record {
        total: 1,
        completed: u64::MAX,
        on_time: u64::MAX,
        judged: 1,
        approved: u64::MAX,
        disputes: 1,
        dispute_wins: u64::MAX,
        level_sum: u64::MAX,
    };
    assert_eq!(record.parts().sum(), BasisPoints(10_000));
}

#[test]
fn each_flag_has_the_bit_that_is_published() {
    let flags = [Flags::OVERTURNED, Flags::BORDERLINE, Flags::DEVIATING, Flags::ONE_SIDED];
    assert_eq!(flags.map(Flags::bits), [1, 2, 4, 8]);
    assert_eq!(Verdicts::default().flags(), Flags::NONE);
}
