//! What a worker's history comes to, point by point, for people.

use crate::show::plain;
use serde::Deserialize;
use std::fmt::{Display, Formatter, Result};

/// What the operator is told of a worker's reputations; displayed as lines.
#[derive(Deserialize)]
pub(super) struct Explanation {
    views: Vec<View>,
    confidence: Confidence,
    cold_start: Option<ColdStart>,
}

#[derive(Deserialize)]
struct View {
    dialect: String,
    number: u32,
    scale: u32,
    shown: u32,
    terms: Vec<Term>,
}

#[derive(Deserialize)]
struct Term {
    term: String,
    points: i64,
    because: String,
}

#[derive(Deserialize)]
struct Confidence {
    jobs: String,
    imagined: String,
    share: u32,
}

#[derive(Deserialize)]
struct ColdStart {
    paid: u32,
    needed: u32,
}

impl Display for Explanation {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let Confidence { jobs, imagined, share } = &self.confidence;
        let [jobs, imagined] = [jobs, imagined].map(|jobs| plain(jobs));
        writeln!(
            f,
            "  {jobs} jobs seen beside {imagined} imagined: {} % of what is weighed was seen",
            share / 100
        )?;
        match &self.cold_start {
            Some(ColdStart { paid, needed }) => {
                writeln!(
                    f,
                    "  new, and trusted with few jobs at a time: {paid} of the {needed} paid jobs that end it"
                )?;
            }
            None => writeln!(f, "  not new any more: it may have as many jobs at a time as it takes")?,
        }
        self.views.iter().try_for_each(|view| view.fmt(f))
    }
}

impl Display for View {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let Self { dialect, number, scale, shown, terms } = self;
        let on_scale = u64::from(*number) * u64::from(*scale) / 10_000;
        write!(f, "  {:<9} {on_scale} of {scale}", plain(dialect))?;
        if u64::from(*shown) != on_scale {
            write!(f, ", shown as {shown}")?;
        }
        writeln!(f, ": {number} points of 10000")?;
        for Term { term, points, because } in terms {
            writeln!(f, "    {:<12}{points:>7}  {}", plain(term), plain(because))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_number_is_followed_by_what_it_is_made_of() {
        let told: Explanation = serde_json::from_str(
            r#"{
                "views": [
                    {"dialect": "quotes", "number": 5600, "scale": 100, "shown": 56, "terms": [
                        {"term": "imagined", "points": 4000, "because": "4.000 of 5.000 jobs"},
                        {"term": "paid", "points": 1600, "because": "1.000 of 5.000 jobs"}
                    ]},
                    {"dialect": "registry", "number": 3087, "scale": 10000, "shown": 30, "terms": [
                        {"term": "work", "points": 5087, "because": "as it was"},
                        {"term": "refuted", "points": -2000, "because": "a \u001b challenge"}
                    ]}
                ],
                "confidence": {"jobs": "1.000", "imagined": "4.000", "share": 2000},
                "cold_start": {"paid": 1, "needed": 10}
            }"#,
        )
        .unwrap();
        let lines = "  1.000 jobs seen beside 4.000 imagined: 20 % of what is weighed was seen
  new, and trusted with few jobs at a time: 1 of the 10 paid jobs that end it
  quotes    56 of 100: 5600 points of 10000
    imagined       4000  4.000 of 5.000 jobs
    paid           1600  1.000 of 5.000 jobs
  registry  3087 of 10000, shown as 30: 3087 points of 10000
    work           5087  as it was
    refuted       -2000  a \u{fffd} challenge
";
        assert_eq!(told.to_string(), lines);
        let old = Explanation { cold_start: None, views: Vec::new(), ..told };
        assert!(
            old.to_string().ends_with("  not new any more: it may have as many jobs at a time as it takes\n")
        );
    }
}
