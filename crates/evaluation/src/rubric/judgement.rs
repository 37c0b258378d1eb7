//! From several opinions to one judgement. All of it is whole numbers, so it comes out alike everywhere.

use super::{LEAST_OPINIONS, Rubric};
use crate::Points;

/// From this standard deviation on, in points of 100, the models disagree: more than 15.
const CALM_VARIANCE: u128 = 15 * 15;

/// What one model thinks.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize)]
pub struct Opinion {
    /// Which model.
    pub model: String,
    /// A score from 0 to 100 for each dimension of the rubric, in its order.
    pub scores: Vec<u8>,
}

/// What came of one dimension.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize)]
pub struct Dispersion {
    /// The dimension.
    pub name: String,
    /// Its share of 100.
    pub weight: u8,
    /// The score in the middle; of an even count the mean of the middle two, rounded down.
    pub median: u8,
    /// The standard deviation of all scores, rounded down to hundredths of a point. The models that answered are all that
    /// there are, not a sample, so it is divided by their count.
    #[serde(rename = "spread_hundredths")]
    pub spread: Points,
    /// Whether the standard deviation, before any rounding, is more than 15 points.
    pub flagged: bool,
}

/// What the models think together.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize)]
pub struct Judgement {
    /// In the order of the rubric.
    pub dimensions: Vec<Dispersion>,
    /// The medians by their weights. Exact, since weights are whole hundredths.
    #[serde(rename = "score_hundredths")]
    pub score: Points,
    /// Whether the score reaches the pass mark.
    pub passed: bool,
    /// Whether the models disagree on a dimension. Changes nothing: it says where a closer look is worth while.
    pub borderline: bool,
}

/// Too few models have said something usable.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{usable} models have given a usable opinion, and a judgement needs {needed}")]
pub struct TooFewOpinions {
    /// How many have.
    pub usable: usize,
    /// How many would have to.
    pub needed: usize,
}

/// Judges by the opinions, whose order does not matter. One that does not fit the rubric does not count; that each is of
/// another model is left to [`super::Panel`].
pub fn aggregate(rubric: &Rubric, opinions: &[Opinion]) -> Result<Judgement, TooFewOpinions> {
    let opinions: Vec<_> = opinions.iter().filter(|opinion| fits(rubric, opinion)).collect();
    if opinions.len() < LEAST_OPINIONS {
        return Err(TooFewOpinions { usable: opinions.len(), needed: LEAST_OPINIONS });
    }
    let mut dimensions = Vec::with_capacity(rubric.dimensions().len());
    let mut score = 0;
    for (place, dimension) in rubric.dimensions().iter().enumerate() {
        let mut scores: Vec<u8> = opinions.iter().map(|opinion| opinion.scores[place]).collect();
        scores.sort_unstable();
        let median = median(&scores);
        let (spread, flagged) = spread(&scores);
        score += u32::from(dimension.weight) * u32::from(median);
        let (name, weight) = (dimension.name.clone(), dimension.weight);
        dimensions.push(Dispersion { name, weight, median, spread, flagged });
    }
    let passed = score >= u32::from(rubric.pass()) * 100;
    let borderline = dimensions.iter().any(|dimension| dimension.flagged);
    Ok(Judgement { dimensions, score: Points::from_hundredths(score), passed, borderline })
}

fn fits(rubric: &Rubric, opinion: &Opinion) -> bool {
    opinion.scores.len() == rubric.dimensions().len() && opinion.scores.iter().all(|score| *score <= 100)
}

/// Of sorted scores, at least one.
fn median(scores: &[u8]) -> u8 {
    let middle = scores.len() / 2;
    match scores.len() % 2 {
        0 => scores[middle - 1].midpoint(scores[middle]),
        _ => scores[middle],
    }
}

/// The standard deviation, and whether it is too large. Both follow from n²·variance = n·Σx² - (Σx)².
fn spread(scores: &[u8]) -> (Points, bool) {
    let count = scores.len() as u128;
    let sum: u128 = scores.iter().map(|score| u128::from(*score)).sum();
    let squares: u128 = scores.iter().map(|score| u128::from(*score).pow(2)).sum();
    let variance = count * squares - sum * sum;
    let hundredths = (variance * 10_000 / (count * count)).isqrt();
    // A standard deviation of scores up to 100 is at most 50.
    (Points::from_hundredths(hundredths as u32), variance > CALM_VARIANCE * count * count)
}
