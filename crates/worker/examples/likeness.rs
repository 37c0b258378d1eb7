//! Measures how often the rules of challenges would fail an honest worker or miss another model: `docs/challenges.md`.
//!
//! ```sh
//! cargo run --release -p docket-worker --example likeness ask MODEL.gguf [QUESTIONS.txt] > answers.jsonl
//! cargo run --release -p docket-worker --example likeness compare REFERENCE.jsonl ANSWERS.jsonl...
//! cargo run --release -p docket-worker --example likeness each REFERENCE.jsonl ANSWERS.jsonl
//! ```
//!
//! A file of answers has a line `{"question": ..., "answer": ...}` for each question, so answers of any other engine, from
//! any other machine, can be compared as well.

#[path = "../tests/likeness/trial.rs"]
mod trial;

use std::error::Error;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;

use docket_core::challenge::likeness::{self, Comparison, FAILS_WITH, Likeness, MOST_QUESTIONS};
use docket_gguf::{Model, Source};
use serde::{Deserialize, Serialize};
use trial::{Trial, ask, questions};

type Outcome<T> = Result<T, Box<dyn Error>>;

/// From how many tokens in common on answers are counted.
const DEPTHS: [usize; 8] = [1, 2, 4, 8, 12, 16, 24, 32];

#[derive(Serialize, Deserialize)]
struct Line {
    question: String,
    answer: String,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome<()> {
    let given: Vec<String> = std::env::args().skip(1).collect();
    match given.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["ask", model] => write_answers(model, questions()).await,
        ["ask", model, file] => {
            write_answers(model, fs::read_to_string(file)?.lines().map(str::to_owned).collect()).await
        }
        ["compare", reference, others @ ..] if !others.is_empty() => compare(reference, others),
        ["each", reference, other] => print_each(reference, other),
        _ => Err("say `ask MODEL.gguf [QUESTIONS.txt]`, `compare REFERENCE.jsonl ANSWERS.jsonl...` or \
                  `each REFERENCE.jsonl ANSWERS.jsonl`"
            .into()),
    }
}

async fn write_answers(model: &str, questions: Vec<String>) -> Outcome<()> {
    let model = Model::load(Source::Path(Path::new(model)))?;
    let answers = ask(&model, &questions).await?;
    let mut out = std::io::stdout().lock();
    for (question, answer) in questions.into_iter().zip(answers) {
        writeln!(out, "{}", serde_json::to_string(&Line { question, answer })?)?;
    }
    Ok(())
}

fn read_answers(file: &str) -> Outcome<(Vec<String>, Vec<String>)> {
    let mut read = (vec![], vec![]);
    for line in BufReader::new(File::open(file)?).lines() {
        let line: Line = serde_json::from_str(&line?)?;
        read.0.push(line.question);
        read.1.push(line.answer);
    }
    Ok(read)
}

/// The questions, the references, and the answers to the same questions.
fn read_both(reference: &str, other: &str) -> Outcome<(Vec<String>, Vec<String>, Vec<String>)> {
    let (questions, references) = read_answers(reference)?;
    let (same, answers) = read_answers(other)?;
    if same != questions {
        return Err(format!("{other} answers other questions than {reference}").into());
    }
    Ok((questions, references, answers))
}

fn compare(reference: &str, others: &[&str]) -> Outcome<()> {
    for other in others {
        let (_, references, answers) = read_both(reference, other)?;
        print_trial(other, &Trial::of(&references, &answers));
    }
    Ok(())
}

/// Prints for each question how many tokens the answers have in common, and of how many.
fn print_each(reference: &str, other: &str) -> Outcome<()> {
    let (questions, references, answers) = read_both(reference, other)?;
    for ((question, reference), answer) in questions.iter().zip(&references).zip(&answers) {
        match likeness::compare(reference, answer, Comparison::Tolerant) {
            Some(Likeness { agreed, of, agrees }) => {
                println!("{agreed:>4} of {of:<4} {} {question}", if agrees { "agrees" } else { "parts " });
            }
            None => println!("   -         short  {question}"),
        }
    }
    Ok(())
}

fn print_trial(name: &str, trial: &Trial) {
    let of = trial.probes();
    if of == 0 {
        println!("\n{name}: no reference is long enough");
        return;
    }
    let differ = of - trial.agreeing();
    let (low, high) = interval(differ, of);
    let rate = |count| count as f64 / of as f64;
    println!("\n{name}");
    println!(
        "  answers that do not agree: {differ} of {of} ({:.1} %, 95 %: {:.1} to {:.1} %)",
        100.0 * rate(differ),
        100.0 * low,
        100.0 * high
    );
    println!(
        "  challenges that fail: {} of {of}; by the rate of answers {} (95 %: {} to {})",
        trial.failures(),
        percent(fails(rate(differ))),
        percent(fails(low)),
        percent(fails(high))
    );
    let reach = DEPTHS.map(|depth| format!("{depth}: {:.1} %", 100.0 * rate(trial.reaching(depth))));
    println!("  tokens in common, at least: {}", reach.join(", "));
}

fn percent(share: f64) -> String {
    format!("{:.3} %", 100.0 * share)
}

/// How likely a challenge fails if each answer differs with this probability, whatever the others do.
fn fails(differs: f64) -> f64 {
    let choose =
        |from: usize, of: usize| (0..of).fold(1.0, |ways, at| ways * (from - at) as f64 / (at + 1) as f64);
    let with = |count: usize| {
        let agree = (MOST_QUESTIONS - count) as i32;
        choose(MOST_QUESTIONS, count) * differs.powi(count as i32) * (1.0 - differs).powi(agree)
    };
    (FAILS_WITH..=MOST_QUESTIONS).map(with).sum()
}

/// Wilson's interval for a share, which 95 of 100 such intervals contain.
fn interval(count: usize, of: usize) -> (f64, f64) {
    let (z, n) = (1.96, of as f64);
    let share = count as f64 / n;
    let middle = share + z * z / (2.0 * n);
    let half = z * (share * (1.0 - share) / n + z * z / (4.0 * n * n)).sqrt();
    let whole = 1.0 + z * z / n;
    (((middle - half) / whole).max(0.0), ((middle + half) / whole).min(1.0))
}
