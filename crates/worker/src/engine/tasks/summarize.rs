//! `summarize`: the sentences of a text that say most of it, in its own words and order.

use serde::Serialize;
use unicode_segmentation::UnicodeSegmentation;

use super::language::{detect, is_spaceless};
use super::rank::{likeness, rank};
use super::sentences::{clean, sentences};

/// The length of a summary, in characters; only the mark of a cut comes on top.
pub const BUDGET_CHARS: usize = 200;

const MOST_SENTENCES: usize = 3;
/// Two sentences this alike say the same.
const SAME: f64 = 0.6;

/// The output of `summarize`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// At most [`BUDGET_CHARS`] characters, then `…` if a sentence had to be cut.
    pub summary: String,
    /// Words of the input: between spaces, or by the rules of Unicode where a script has none.
    pub word_count: usize,
}

/// Picks the most central sentences of a text that fit the budget. A short text is its own summary.
///
/// Works in any language; knowing its stems and common words makes it better.
pub fn summarize(text: &str) -> Summary {
    let language = detect(text).map(|info| info.lang());
    let spaceless = language.is_some_and(is_spaceless);
    let word_count = if spaceless { text.unicode_words().count() } else { text.split_whitespace().count() };
    let whole = clean(text);
    if fits(&whole, BUDGET_CHARS) {
        return Summary { summary: whole, word_count };
    }
    let sentences = sentences(text);
    let ranking = rank(&sentences, language);
    let mut chosen: Vec<usize> = vec![];
    let mut left = BUDGET_CHARS;
    for &at in &ranking.order {
        let repeats = |other: &usize| likeness(&ranking.directions[at], &ranking.directions[*other]) > SAME;
        if fits(&sentences[at], left) && !chosen.iter().any(repeats) {
            chosen.push(at);
            left = left.saturating_sub(sentences[at].chars().count() + 1);
        }
        if chosen.len() == MOST_SENTENCES {
            break;
        }
    }
    if chosen.is_empty() {
        let best = ranking.order.first().map_or(whole.as_str(), |at| &sentences[*at]);
        return Summary { summary: cut(best), word_count };
    }
    chosen.sort_unstable();
    let chosen: Vec<&str> = chosen.into_iter().map(|at| sentences[at].as_str()).collect();
    Summary { summary: chosen.join(if spaceless { "" } else { " " }), word_count }
}

fn fits(text: &str, chars: usize) -> bool {
    text.chars().nth(chars).is_none()
}

/// The beginning of a text that is too long, up to the last whole word, with a mark.
fn cut(text: &str) -> String {
    let end = text.char_indices().nth(BUDGET_CHARS).map_or(text.len(), |(at, _)| at);
    if end == text.len() {
        return text.to_owned();
    }
    let whole_words = text.split_word_bound_indices().map(|(at, _)| at).take_while(|at| *at <= end).last();
    // One word longer than the budget is cut within.
    let end = whole_words.filter(|at| *at > 0).unwrap_or(end);
    format!("{}…", text[..end].trim_end())
}
