//! A job with entrusted capital as tables: its whole life, and who gets each unit at its end.

use super::endings::{books, ended, spelt, write_end};
use super::life::{told, write_life};
use super::sample::{BUDGET, CAPITAL, DEADLINE, ENTRUSTED, STOP_LOSS, Sample, TARGET};
use crate::golden;
use std::fmt::Write as _;

/// Every state that the rules of capital tell apart, and a way to it.
const STATES: [(&str, &str); 29] = [
    ("absent", ""),
    ("open, provider", "create engage appoint"),
    ("no provider", "create fund appoint"),
    ("nothing known", "create fund engage appoint"),
    ("no evaluator", "create fund engage value"),
    ("between", "create fund engage appoint value"),
    ("target, open", "create fund engage appoint value-up"),
    ("stop-loss, open", "create fund engage appoint value-down"),
    ("between again", "create fund engage appoint value-down value"),
    ("target", "create fund engage appoint close-up"),
    ("stop-loss", "create fund engage appoint value close-down"),
    ("closed between", "create fund engage appoint value close-between"),
    ("late, nothing known", "create fund engage appoint @deadline"),
    ("late, open", "create fund engage appoint value @deadline"),
    ("late, closed", "create fund engage appoint value @deadline close-between"),
    ("submitted, unjudged", "create fund engage close-down submit-report"),
    ("submitted, target", "create fund engage appoint close-up submit-report"),
    ("submitted, stop-loss", "create fund engage appoint close-down submit-report"),
    ("submitted, between", "create fund engage appoint close-between submit-report"),
    ("submitted late", "create fund engage appoint @deadline close-between submit-report"),
    ("completed, target", "create fund engage appoint close-up submit-report complete"),
    ("rejected, stop-loss", "create fund engage appoint close-down submit-report reject"),
    ("rejected in silence", "create fund engage appoint close-down submit-report lapse"),
    ("completed, between", "create fund engage appoint close-between submit-report complete"),
    ("rejected, between", "create fund engage appoint close-between submit-report reject"),
    (
        "disputed, between",
        "create fund engage appoint close-between submit-report reject dispute-by-provider",
    ),
    ("settled for good", "create fund engage appoint close-up submit-report complete lapse"),
    ("rejected for good", "create fund engage appoint close-down submit-report lapse lapse"),
    ("expired", "create fund engage appoint value lapse"),
];

/// Every word whose outcome may be another than in a job without capital.
const WORDS: [&str; 26] = [
    "value",
    "value-up",
    "value-down",
    "value-again",
    "value-back",
    "close-up",
    "close-down",
    "close-between",
    "appoint",
    "submit",
    "submit-report",
    "report-by-stranger",
    "complete",
    "complete-l2",
    "complete-with-fault",
    "reject",
    "reject-garbage",
    "reject-bad-faith",
    "cancel",
    "cancel-by-operator",
    "step-back",
    "reclaim",
    "dispute-by-client",
    "dispute-by-provider",
    "dispute-unfiled",
    "lapse",
];

/// What ends a job: the name, the way, and the word that ends it. `U`, `D` and `B` stand for capital that was closed up,
/// down or between and delivered as that; the other letters are those of any job's endings.
const ENDINGS: [(&str, &str, &str); 30] = [
    ("nothing ever known", "A", "lapse"),
    ("nothing known, reclaimed", "A @deadline", "reclaim"),
    ("nothing known, cancelled", "A", "cancel-by-operator"),
    ("nothing known, stepped back", "A", "step-back"),
    ("no evaluator, nothing known", "create fund engage", "lapse"),
    ("missing, traded on", "A value", "lapse"),
    ("missing, at the target", "A value-up", "lapse"),
    ("missing, closed", "A close-up", "lapse"),
    ("missing, closed late", "A @deadline close-up", "lapse"),
    ("reclaimed, closed", "A close-between @deadline", "reclaim"),
    ("cancelled, closed", "A close-up", "cancel-by-operator"),
    ("target, completed", "U complete", "lapse"),
    ("target, late", "A close-up @deadline submit-report complete", "lapse"),
    ("target, silence", "U lapse", "lapse"),
    ("target, no evaluator", "create fund engage close-up submit-report lapse", "lapse"),
    ("target, closed late", "A @deadline close-up submit-report complete", "lapse"),
    ("stop-loss, rejected", "D reject", "lapse"),
    ("stop-loss, silence", "D lapse", "lapse"),
    ("stop-loss, no evaluator", "create fund engage close-down submit-report lapse", "lapse"),
    ("stop-loss, closed late, silence", "A @deadline close-down submit-report lapse", "lapse"),
    ("between, completed", "B complete", "lapse"),
    ("between, rejected", "B reject", "lapse"),
    ("between, silence", "B lapse", "lapse"),
    ("between, no evaluator", "create fund engage close-between submit-report lapse", "lapse"),
    ("between, closed late", "A @deadline close-between submit-report complete", "lapse"),
    ("between, upheld", "B complete C 000", "lapse"),
    ("between, overturned", "B complete C 111", "lapse"),
    ("between, rejected, upheld", "B reject P 000", "lapse"),
    ("between, rejected, overturned", "B reject P 111", "lapse"),
    ("between, silence, overturned", "B lapse C 111", "lapse"),
];

/// Those in which a third refused delivery in a row may cost something.
const REFUSED: [&str; 5] = [
    "stop-loss, rejected",
    "stop-loss, silence",
    "stop-loss, no evaluator",
    "stop-loss, late, silence",
    "between, rejected",
];

const APPOINTED: &str = "create fund engage appoint";

/// A way with its abbreviations spelt out.
fn way(short: &str) -> String {
    let words = short.split_whitespace().map(|word| match word {
        "A" => APPOINTED.to_owned(),
        "U" => format!("{APPOINTED} close-up submit-report"),
        "D" => format!("{APPOINTED} close-down submit-report"),
        "B" => format!("{APPOINTED} close-between submit-report"),
        word => spelt(word),
    });
    words.collect::<Vec<_>>().join(" ")
}

fn bounds() -> String {
    format!(
        "of {} units that are entrusted, the stop-loss is hit at {STOP_LOSS} and the target is reached at {TARGET}\n",
        ENTRUSTED.entrusted
    )
}

#[test]
fn the_life_of_a_hire_with_capital_is_the_published_table() {
    let mut text = bounds();
    write_life(&mut text, &CAPITAL, &STATES, &WORDS);
    golden::check("hire-capital.txt", &text);
}

#[test]
fn every_unit_of_every_ending_with_capital_goes_where_the_published_table_says() {
    let mut text = format!(
        "a budget of {} units; everybody's score is 70 and this is his first violation\n{}\n",
        BUDGET.units,
        bounds()
    );
    for (name, short, word) in ENDINGS {
        write_end(&mut text, name, &ended(&CAPITAL, &way(short), word));
    }
    text.push_str("\n\nthe third refused delivery in a row\n\n");
    let third = Sample { rejections: 2, ..CAPITAL };
    for (name, short, word) in ENDINGS.into_iter().filter(|(name, ..)| REFUSED.contains(name)) {
        write_end(&mut text, name, &ended(&third, &way(short), word));
    }
    writeln!(text, "\n\ntwo violations are remembered of everybody\n").expect("a string takes all");
    let repeated = Sample { violations: 2, ..CAPITAL };
    for (name, short, word) in ENDINGS.into_iter().filter(|(name, ..)| !name.contains("nothing")) {
        if name.contains("silence") || name.contains("missing") || name.contains("reclaimed") {
            write_end(&mut text, name, &ended(&repeated, &way(short), word));
        }
    }
    golden::check("hire-capital-endings.txt", &text);
}

#[test]
fn an_ending_with_capital_empties_all_accounts_of_its_job() {
    for (name, short, word) in ENDINGS {
        for (violations, rejections) in [(0, 0), (2, 2)] {
            let sample = Sample { violations, rejections, ..CAPITAL };
            for (account, units) in books(&sample, &way(short), word) {
                assert!(account.job().is_none() || units == 0, "{name}: {account} has {units}");
            }
        }
    }
}

#[test]
fn every_word_about_capital_is_taken_somewhere() {
    let taken = |word: &str| {
        STATES.iter().any(|(_, way)| {
            let (job, now) = CAPITAL.reached(way);
            [now, DEADLINE].iter().any(|at| told(&CAPITAL, &job, word, *at).contains(' '))
        })
    };
    const NEVER: [&str; 7] = [
        "submit",
        "report-by-stranger",
        "complete-l2",
        "complete-with-fault",
        "reject-garbage",
        "reject-bad-faith",
        "dispute-unfiled",
    ];
    for word in WORDS.into_iter().filter(|word| *word != "lapse") {
        assert_eq!(taken(word), !NEVER.contains(&word), "{word}");
    }
}
