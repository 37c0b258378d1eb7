//! Ranks sentences by how central each is to all of them: LexRank (Erkan and Radev, 2004) over weighted words.

use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap, HashSet};

use rust_stemmers::Stemmer;
use unicode_segmentation::UnicodeSegmentation;
use whatlang::Lang;

use super::language::{is_spaceless, stemming, stop_words};

/// Sentences that are compared pair by pair. Of a longer text, the ones nearest to the whole are taken.
const MAX_COMPARED: usize = 256;
/// Steps of the power iteration; it has long settled by then.
const STEPS: usize = 40;
/// The weight of likeness against an even chance.
const DAMPING: f64 = 0.85;

/// A sentence as a direction in the space of words: sorted by word, of length one. Empty if no word tells anything.
pub(super) type Direction = Vec<(u32, f64)>;

/// Sentences in their order of rank.
pub(super) struct Ranking {
    /// Indices of sentences, the most central first; ties by place. Those below the average are left out.
    pub(super) order: Vec<usize>,
    /// The direction of every sentence, by index.
    pub(super) directions: Vec<Direction>,
}

/// Ranks the sentences of a text in a language.
pub(super) fn rank(sentences: &[String], language: Option<Lang>) -> Ranking {
    let directions = directions(sentences, language);
    let compared = nearest_to_the_whole(&directions);
    let scores = centrality(&compared.iter().map(|at| &directions[*at]).collect::<Vec<_>>());
    let average = scores.iter().sum::<f64>() / scores.len() as f64;
    let scored = scores.into_iter().zip(compared);
    // The tolerance keeps all of them where all are equal but for rounding.
    let mut order: Vec<(f64, usize)> = scored.filter(|(score, _)| *score > average * 0.999_999).collect();
    order.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    Ranking { order: order.into_iter().map(|(_, at)| at).collect(), directions }
}

/// The likeness of two sentences, 0 to 1.
pub(super) fn likeness(a: &Direction, b: &Direction) -> f64 {
    let (mut a, mut b) = (a.iter().peekable(), b.iter().peekable());
    let mut sum = 0.0;
    while let (Some((word_a, weight_a)), Some((word_b, weight_b))) = (a.peek(), b.peek()) {
        match word_a.cmp(word_b) {
            Ordering::Less => drop(a.next()),
            Ordering::Greater => drop(b.next()),
            Ordering::Equal => {
                sum += weight_a * weight_b;
                a.next();
                b.next();
            }
        }
    }
    sum
}

fn directions(sentences: &[String], language: Option<Lang>) -> Vec<Direction> {
    let words = Words::new(language);
    let mut numbers: HashMap<String, u32> = HashMap::new();
    let mut sentences_with: Vec<u32> = vec![];
    let counts: Vec<BTreeMap<u32, f64>> = sentences
        .iter()
        .map(|sentence| {
            let mut counts = BTreeMap::new();
            for word in words.of(sentence) {
                let next = sentences_with.len() as u32; // at most one for every byte of a bounded input
                let number = *numbers.entry(word).or_insert(next);
                if number == next {
                    sentences_with.push(0);
                }
                *counts.entry(number).or_insert(0.0) += 1.0;
            }
            counts.keys().for_each(|number| sentences_with[*number as usize] += 1);
            counts
        })
        .collect();
    let rarity =
        |number: u32| (1.0 + sentences.len() as f64 / f64::from(sentences_with[number as usize])).ln();
    let weighted = counts.into_iter().map(|counts| {
        counts.into_iter().map(|(number, count)| (number, count * rarity(number))).collect::<Direction>()
    });
    weighted.map(of_length_one).collect()
}

fn of_length_one(mut direction: Direction) -> Direction {
    let length = direction.iter().map(|(_, weight)| weight * weight).sum::<f64>().sqrt();
    direction.iter_mut().for_each(|(_, weight)| *weight /= length);
    direction
}

/// At most [`MAX_COMPARED`] sentences that say something, in the order of the text.
fn nearest_to_the_whole(directions: &[Direction]) -> Vec<usize> {
    let mut telling: Vec<usize> = (0..directions.len()).filter(|at| !directions[*at].is_empty()).collect();
    if telling.len() > MAX_COMPARED {
        let mut whole: BTreeMap<u32, f64> = BTreeMap::new();
        for (number, weight) in directions.iter().flatten() {
            *whole.entry(*number).or_insert(0.0) += weight;
        }
        let nearness =
            |at: usize| directions[at].iter().map(|(number, weight)| weight * whole[number]).sum::<f64>();
        telling.sort_by(|a, b| nearness(*b).total_cmp(&nearness(*a)).then(a.cmp(b)));
        telling.truncate(MAX_COMPARED);
        telling.sort_unstable();
    }
    telling
}

/// How often a reader stays at each sentence who goes on from one to a like one for ever.
fn centrality(directions: &[&Direction]) -> Vec<f64> {
    let count = directions.len();
    let mut paths: Vec<Vec<f64>> = vec![vec![0.0; count]; count];
    for a in 0..count {
        for b in 0..a {
            let like = likeness(directions[a], directions[b]);
            paths[a][b] = like;
            paths[b][a] = like;
        }
    }
    let totals: Vec<f64> = paths.iter().map(|row| row.iter().sum()).collect();
    let even = 1.0 / count as f64;
    let mut scores = vec![even; count];
    for _ in 0..STEPS {
        let mut next = vec![(1.0 - DAMPING) * even; count];
        for (from, row) in paths.iter().enumerate().filter(|(from, _)| totals[*from] > 0.0) {
            let step = DAMPING * scores[from] / totals[from];
            next.iter_mut().zip(row).for_each(|(score, like)| *score += step * like);
        }
        scores = next;
    }
    scores
}

/// What counts as a word in a language.
struct Words {
    stemmer: Option<Stemmer>,
    common: HashSet<&'static str>,
    in_pairs: bool,
}

impl Words {
    fn new(language: Option<Lang>) -> Self {
        Self {
            stemmer: language.and_then(stemming).map(Stemmer::create),
            common: language.map(stop_words).unwrap_or_default().iter().copied().collect(),
            in_pairs: language.is_some_and(is_spaceless),
        }
    }

    /// The telling words of a sentence by their stems. Without spaces to go by, every two neighbours make a word.
    fn of(&self, sentence: &str) -> Vec<String> {
        let lower = sentence.to_lowercase();
        let words: Vec<&str> = lower.unicode_words().filter(|word| !self.common.contains(word)).collect();
        if self.in_pairs {
            return words.windows(2).map(<[&str]>::concat).collect();
        }
        let stem =
            |word: &str| self.stemmer.as_ref().map_or_else(|| word.to_owned(), |s| s.stem(word).into_owned());
        words.into_iter().map(stem).collect()
    }
}
