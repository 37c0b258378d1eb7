//! Strategy `HYBRID`: a program and a rubric together, each by its share.

use crate::Points;
use crate::rubric::{Judgement, Rubric};

/// What both say together.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize)]
pub struct Verdict {
    /// The program's share of 100. The rest is the rubric's.
    pub program_weight: u8,
    /// Whether the program passed, which counts 100 points, or 0.
    pub program_passed: bool,
    /// The weighted score, rounded down. What passes is decided before that.
    #[serde(rename = "score_hundredths")]
    pub score: Points,
    /// Whether the score reaches the rubric's pass mark.
    pub passed: bool,
    /// Whether the models disagree on a dimension.
    pub borderline: bool,
}

/// The rubric says nothing of a program.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the rubric has no `program_weight`, the program's share of 100")]
pub struct NoProgramWeight;

/// Weighs what the program and the models said, by the rubric under which they judged.
pub fn weigh(
    rubric: &Rubric,
    program_passed: bool,
    judgement: &Judgement,
) -> Result<Verdict, NoProgramWeight> {
    let program_weight = rubric.program_weight().ok_or(NoProgramWeight)?;
    let program = if program_passed { Points::FULL } else { Points::from_hundredths(0) };
    let share = u32::from(program_weight);
    // In ten-thousandths of a point: nothing is lost.
    let score = share * program.hundredths() + (100 - share) * judgement.score.hundredths();
    Ok(Verdict {
        program_weight,
        program_passed,
        score: Points::from_hundredths(score / 100),
        passed: score >= u32::from(rubric.pass()) * 10_000,
        borderline: judgement.borderline,
    })
}
