//! `classify`: whether an English text speaks well or ill, and an honest "unknown" for every other language.

use std::borrow::Cow;

use serde::Serialize;
use serde::ser::Serializer;
use unicode_segmentation::UnicodeSegmentation;
use vader_sentimental::SentimentIntensityAnalyzer;
use whatlang::Lang;

use super::language::{code, detect, stop_words};

/// VADER is made for short texts, and its time grows with the square of their length: longer ones are scored in
/// parts of about this many bytes, and the scores averaged.
const PART_BYTES: usize = 1_000;
/// Where statistics are unsure, this many words are looked up.
const FEW_WORDS: usize = 40;
/// VADER's own bounds between neutral and the rest.
const NEUTRAL: f64 = 0.05;

/// The output of `classify`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Classification {
    /// The verdict.
    pub sentiment: Sentiment,
    /// 0 to 1, at most four decimals. Positive or negative: how strongly. Neutral: the share of words without any
    /// feeling. Unknown: 0.
    #[serde(serialize_with = "four_decimals")]
    pub confidence: f64,
    /// Two letters of ISO 639-1, or `und` if it cannot be told.
    pub language: &'static str,
    /// Why the sentiment is unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<&'static str>,
}

/// How a text speaks of its subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Sentiment {
    /// Well.
    Positive,
    /// Ill.
    Negative,
    /// Neither.
    Neutral,
    /// The text is in a language, or in none, that is not understood here.
    Unknown,
}

/// Judges a text by the VADER lexicon, provided that it is English.
pub fn classify(text: &str) -> Classification {
    let score = score(text);
    match guess(text, &score) {
        Guess::English => score.verdict("en"),
        Guess::Other(language) => unknown(code(language), "only English is understood"),
        // Emoticons and emoji speak every language.
        Guess::None if score.compound.abs() >= NEUTRAL => score.verdict("und"),
        Guess::None => unknown("und", "the language cannot be told"),
    }
}

enum Guess {
    English,
    Other(Lang),
    None,
}

/// Which language to take a text for. Of a few words the statistics are unsure; then the common words of all
/// languages decide, and after them the lexicon: a word that it knows is English if nothing speaks against it.
fn guess(text: &str, score: &Score) -> Guess {
    match detect(text) {
        None => Guess::None,
        Some(info) if info.is_reliable() && info.lang() == Lang::Eng => Guess::English,
        Some(info) if info.is_reliable() => Guess::Other(info.lang()),
        Some(_) => guess_from_few(text, score),
    }
}

fn guess_from_few(text: &str, score: &Score) -> Guess {
    let words: Vec<String> = text.unicode_words().take(FEW_WORDS).map(str::to_lowercase).collect();
    let common = |language: &Lang| {
        let common = stop_words(*language);
        words.iter().filter(|word| common.contains(&word.as_str())).count()
    };
    let english = common(&Lang::Eng);
    let others = Lang::all().iter().map(|language| (common(language), *language));
    match others.max_by_key(|(count, _)| *count) {
        Some((count, language)) if count > english => Guess::Other(language),
        _ if english > 0 || score.compound != 0.0 => Guess::English,
        _ => Guess::None,
    }
}

struct Score {
    /// -1 to 1.
    compound: f64,
    /// The share of words without feeling, 0 to 1.
    neutral: f64,
}

impl Score {
    fn verdict(&self, language: &'static str) -> Classification {
        let (sentiment, confidence) = match self.compound {
            well if well >= NEUTRAL => (Sentiment::Positive, well),
            ill if ill <= -NEUTRAL => (Sentiment::Negative, -ill),
            _ => (Sentiment::Neutral, self.neutral),
        };
        let confidence = (confidence * 10_000.0).round() / 10_000.0;
        Classification { sentiment, confidence, language, note: None }
    }
}

fn score(text: &str) -> Score {
    let analyzer = SentimentIntensityAnalyzer::new();
    let parts = parts(text);
    let mut sum = Score { compound: 0.0, neutral: 0.0 };
    for part in &parts {
        let scores = analyzer.polarity_scores(part);
        sum.compound += scores.compound;
        sum.neutral += scores.neu;
    }
    let count = parts.len() as f64;
    Score { compound: sum.compound / count, neutral: sum.neutral / count }
}

fn parts(text: &str) -> Vec<Cow<'_, str>> {
    if text.len() <= PART_BYTES {
        return vec![Cow::Borrowed(text)];
    }
    let mut parts = vec![];
    let mut open = String::new();
    for word in text.split_whitespace() {
        open.push_str(word);
        open.push(' ');
        if open.len() >= PART_BYTES {
            parts.push(Cow::Owned(std::mem::take(&mut open)));
        }
    }
    parts.push(Cow::Owned(open));
    parts
}

fn unknown(language: &'static str, note: &'static str) -> Classification {
    Classification { sentiment: Sentiment::Unknown, confidence: 0.0, language, note: Some(note) }
}

/// Writes 0 and 1 without a fraction, as JavaScript does, so that a client that writes the value again gets the
/// same bytes.
fn four_decimals<S: Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    if value.fract() == 0.0 {
        serializer.serialize_u8(*value as u8)
    } else {
        serializer.serialize_f64(*value)
    }
}
