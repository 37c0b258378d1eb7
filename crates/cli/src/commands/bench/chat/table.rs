//! What is printed: for each scene one line for each door, medians over the rounds, and what each adds to asking directly.

use super::client::{Door, Scene, Seen};
use serde::Serialize;
use std::fmt::Write as _;
use std::time::Duration;

/// One scene through one door, once.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Line {
    door: String,
    scene: &'static str,
    answers_per_s: f64,
    tokens_per_s: f64,
    /// Microseconds, at the median and all but one in a hundred.
    answer_us: [u64; 2],
    first_token_us: Option<[u64; 2]>,
    token_age_us: Option<[u64; 2]>,
    /// Processor time of coordinator and worker for each answer, microseconds.
    cpu_us: Option<[f64; 2]>,
}

impl Line {
    pub(super) fn of(door: &Door, scene: Scene, seen: Seen, spent: Option<[Duration; 2]>) -> Self {
        let seconds = seen.elapsed.as_secs_f64();
        let answers = seen.answers.len();
        let (ages, firsts) = (seen.ages, seen.firsts);
        Self {
            door: door.name.clone(),
            scene: scene.name,
            answers_per_s: answers as f64 / seconds,
            tokens_per_s: ages.len() as f64 / seconds,
            answer_us: spread(seen.answers).unwrap_or_default(),
            first_token_us: spread(firsts),
            token_age_us: spread(ages),
            cpu_us: spent.map(|spent| spent.map(|time| time.as_secs_f64() * 1e6 / answers.max(1) as f64)),
        }
    }
}

/// The median, and all but one in a hundred.
fn spread(mut values: Vec<u64>) -> Option<[u64; 2]> {
    values.sort_unstable();
    let last = values.len().checked_sub(1)?;
    Some([values[last / 2], values[last * 99 / 100]])
}

/// The tables of all scenes.
pub(super) fn print(lines: &[Line], scenes: &[Scene], doors: &[Door]) -> String {
    let mut text = String::new();
    for scene in scenes {
        // Writing to a text cannot fail.
        let _ = writeln!(text, "\n{} (p50 / p99; behind + what is added to asking directly)", scene.name);
        let of = |name: &str| -> Vec<&Line> {
            lines.iter().filter(|line| line.scene == scene.name && line.door == name).collect()
        };
        let direct = of(&doors[0].name);
        for door in doors {
            let _ = writeln!(text, "  {:14}{}", door.name, row(&of(&door.name), &direct));
        }
    }
    text
}

fn row(these: &[&Line], direct: &[&Line]) -> String {
    let middle = |read: fn(&Line) -> f64| median(these.iter().map(|line| read(line)));
    let mut text = format!("{:8.0} answers/s", middle(|line| line.answers_per_s));
    if these.iter().any(|line| line.tokens_per_s > 0.0) {
        text += &format!("  {:8.0} tokens/s", middle(|line| line.tokens_per_s));
    }
    type Read = fn(&Line) -> Option<[u64; 2]>;
    let figures: [(&str, Read); 3] = [
        ("answer", |line| Some(line.answer_us)),
        ("first token", |line| line.first_token_us),
        ("token age", |line| line.token_age_us),
    ];
    for (name, read) in figures {
        let at = |lines: &[&Line], place: usize| {
            median(lines.iter().filter_map(|line| read(line)).map(|spread| spread[place] as f64))
        };
        if these.iter().any(|line| read(line).is_some()) {
            let ms = |us: f64| us / 1e3;
            let [p50, p99] = [0, 1].map(|place| at(these, place));
            let [more50, more99] = [0, 1].map(|place| at(these, place) - at(direct, place));
            text += &format!(
                "  {name} {:.2} / {:.2} ms ({:+.2} / {:+.2})",
                ms(p50),
                ms(p99),
                ms(more50),
                ms(more99)
            );
        }
    }
    let cpu: Vec<[f64; 2]> = these.iter().filter_map(|line| line.cpu_us).collect();
    if !cpu.is_empty() {
        let [coordinator, worker] = [0, 1].map(|part| median(cpu.iter().map(|cpu| cpu[part])));
        text += &format!("  CPU {coordinator:.0} + {worker:.0} us");
    }
    text
}

/// The middle of some figures; zero if there are none.
fn median(figures: impl Iterator<Item = f64>) -> f64 {
    let mut figures: Vec<f64> = figures.collect();
    figures.sort_unstable_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_is_a_value_that_was_seen() {
        assert_eq!(spread(vec![3, 1, 2]), Some([2, 2]));
        assert_eq!(spread((1..=101).collect()), Some([51, 100]));
        assert_eq!(spread(Vec::new()), None);
        assert_eq!(median([3.0, 1.0, 2.0].into_iter()), 2.0);
        assert_eq!(median(std::iter::empty()), 0.0);
    }
}
