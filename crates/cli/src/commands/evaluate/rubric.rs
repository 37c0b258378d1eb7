//! `docket evaluate rubric`: has models score the work.

use super::{Deliverable, Work, expect, models, verdict};
use crate::client::block_on;
use crate::commands::read;
use crate::show::plain;
use anyhow::{Context, Result};
use docket_evaluation::Digest;
use docket_evaluation::rubric::{Heard, Judgement, MAX_RUBRIC_BYTES, Prompt, Rubric, aggregate};
use serde::Serialize;
use std::fmt;
use std::path::PathBuf;
use std::process::ExitCode;

/// By which rubric, and by which models.
#[derive(clap::Args)]
pub(super) struct RubricArgs {
    /// The rubric's file.
    #[arg(long, value_name = "FILE")]
    rubric: PathBuf,
    /// Refuse any other rubric than that with this Keccak-256 hash.
    #[arg(long, value_name = "HASH")]
    expect_rubric: Option<Digest>,
    #[command(flatten)]
    models: models::ModelArgs,
}

/// What came of it.
#[derive(Serialize)]
pub(super) struct Report {
    strategy: &'static str,
    deliverable: Digest,
    rubric: Digest,
    pub(super) pass: u8,
    #[serde(flatten)]
    pub(super) judgement: Judgement,
    models: Vec<Voice>,
}

/// What one model said: its scores in the order of the dimensions, or why there are none.
#[derive(Serialize)]
struct Voice {
    model: String,
    asked: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    scores: Option<Vec<u8>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    silence: Option<String>,
}

impl From<Heard> for Voice {
    fn from(Heard { model, asked, opinion }: Heard) -> Self {
        match opinion {
            Ok(opinion) => Self { model, asked, scores: Some(opinion.scores), silence: None },
            Err(silence) => Self { model, asked, scores: None, silence: Some(silence.to_string()) },
        }
    }
}

pub(super) fn run(work: &Work, args: &RubricArgs) -> Result<ExitCode> {
    let deliverable = work.read()?;
    let report = judge(&deliverable, args, &args.read()?)?;
    work.show(&report, report.judgement.passed)
}

impl RubricArgs {
    /// The rubric in the file.
    pub(super) fn read(&self) -> Result<Rubric> {
        let json = read(&self.rubric, MAX_RUBRIC_BYTES)?;
        let rubric = Rubric::parse(&json).with_context(|| self.rubric.display().to_string())?;
        expect(self.expect_rubric, rubric.digest(), &self.rubric)?;
        Ok(rubric)
    }

    /// Refuses what can be known to be wrong before anything runs.
    pub(super) fn check(&self) -> Result<()> {
        self.models.models().map(drop)
    }
}

/// Has the models score the work.
pub(super) fn judge(work: &Deliverable, args: &RubricArgs, rubric: &Rubric) -> Result<Report> {
    let prompt = Prompt::new(rubric, &work.bytes)?;
    let models = args.models.models()?;
    let heard = block_on(async { Ok(models.hear(rubric, &prompt).await) })?;
    let opinions: Vec<_> = heard.iter().filter_map(|heard| heard.opinion.clone().ok()).collect();
    let voices: Vec<_> = heard.into_iter().map(Voice::from).collect();
    let judgement = aggregate(rubric, &opinions).map_err(|error| {
        let silent: Vec<_> = voices.iter().filter(|voice| voice.silence.is_some()).collect();
        silent.iter().fold(error.to_string(), |words, voice| format!("{words}\n  {voice}"))
    });
    let judgement = judgement.map_err(anyhow::Error::msg)?;
    let (deliverable, pass) = (work.digest, rubric.pass());
    Ok(Report { strategy: "rubric", deliverable, rubric: rubric.digest(), pass, judgement, models: voices })
}

impl fmt::Display for Voice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scores = |scores: &Vec<u8>| scores.iter().map(u8::to_string).collect::<Vec<_>>().join(", ");
        let said = self.scores.as_ref().map(scores).or_else(|| self.silence.clone()).unwrap_or_default();
        f.write_str(&plain(&format!("{}  {said}", self.model)))
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Judgement { dimensions, score, passed, borderline } = &self.judgement;
        let note = if *borderline { "; borderline: the models disagree" } else { "" };
        writeln!(f, "{}: {score} points by the rubric, {} suffice{note}", verdict(*passed), self.pass)?;
        writeln!(f, "  rubric       {}", self.rubric)?;
        writeln!(f, "  deliverable  {}", self.deliverable)?;
        let width = dimensions.iter().map(|dimension| dimension.name.chars().count()).max().unwrap_or(0);
        for dimension in dimensions {
            let flag = if dimension.flagged { "  disagreed" } else { "" };
            writeln!(
                f,
                "  {:width$}  weight {:3}  median {:3}  spread {:>5}{flag}",
                dimension.name, dimension.weight, dimension.median, dimension.spread
            )?;
        }
        writeln!(f, "  the models:")?;
        self.models.iter().try_for_each(|voice| writeln!(f, "    {voice}"))
    }
}
