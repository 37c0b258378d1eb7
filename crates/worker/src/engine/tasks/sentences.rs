//! Splits prose into sentences, across wrapped lines and past abbreviations.

use unicode_segmentation::UnicodeSegmentation;

/// The sentences of a text, in order, with single spaces inside and no control characters. None is empty.
pub(super) fn sentences(text: &str) -> Vec<String> {
    let mut sentences = vec![];
    for paragraph in paragraphs(text) {
        let mut open = String::new();
        for piece in paragraph.split_sentence_bounds() {
            open.push_str(piece);
            if !ends_in_abbreviation(&open) {
                push(&mut sentences, &open);
                open.clear();
            }
        }
        push(&mut sentences, &open);
    }
    sentences
}

fn push(sentences: &mut Vec<String>, sentence: &str) {
    let sentence = sentence.trim();
    if !sentence.is_empty() {
        sentences.push(sentence.to_owned());
    }
}

/// Lines that belong together, each joined into one; a blank line or a list mark begins a new one. Headings, table
/// rows and fences of Markdown are no prose and left out.
fn paragraphs(text: &str) -> Vec<String> {
    let mut paragraphs = vec![String::new()];
    for line in text.lines() {
        let line = clean(line);
        let line = if line.starts_with(['#', '|']) || line.starts_with("```") { String::new() } else { line };
        match paragraphs.last_mut() {
            Some(open) if !line.is_empty() && !begins_item(&line) => {
                if !open.is_empty() {
                    open.push(' ');
                }
                open.push_str(&line);
            }
            _ => paragraphs.push(line),
        }
    }
    paragraphs
}

/// The text with every run of spaces and control characters as one space.
pub(super) fn clean(text: &str) -> String {
    let words = text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
    words.fold(String::with_capacity(text.len()), |mut clean, word| {
        if !clean.is_empty() {
            clean.push(' ');
        }
        clean + word
    })
}

fn begins_item(line: &str) -> bool {
    let numbered = line.trim_start_matches(|c: char| c.is_ascii_digit());
    line.starts_with(['-', '*', '•', '>']) || (numbered.len() < line.len() && numbered.starts_with(". "))
}

/// Whether a full stop probably belongs to the last word: "Dr.", "U.S.", "Nr.", or the day in "3. Mai".
fn ends_in_abbreviation(sentence: &str) -> bool {
    let Some(rest) = sentence.trim_end().strip_suffix('.') else { return false };
    let word = rest.rsplit([' ', '(', '"']).next().unwrap_or_default();
    let letters = word.chars().filter(|c| *c != '.').count();
    let begins_upper = word.chars().next().is_some_and(char::is_uppercase);
    let is_day = letters <= 2 && letters > 0 && word.chars().all(|c| c.is_ascii_digit());
    (begins_upper && letters <= 3 && word.chars().any(char::is_lowercase))
        || (begins_upper && (letters == 1 || word.contains('.')))
        || is_day
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrapped_lines_join_and_blank_lines_and_list_marks_part() {
        let text =
            "A line that is\nwrapped here. And\r\na second one.\n\nA title\n\n- one item\n- another item\n";
        assert_eq!(
            sentences(text),
            ["A line that is wrapped here.", "And a second one.", "A title", "- one item", "- another item"]
        );
    }

    #[test]
    fn headings_tables_and_fences_are_no_sentences() {
        let text =
            "# Title\nProse under it.\n| a | b |\n|---|---|\n```rust\n1. First point.\n2. Second point.";
        assert_eq!(sentences(text), ["Prose under it.", "1. First point.", "2. Second point."]);
    }

    #[test]
    fn abbreviations_and_dates_do_not_end_a_sentence() {
        assert_eq!(
            sentences("Dr. Smith met Mr. Jones in the U.S. Senate. They spoke of NASA. It went well."),
            ["Dr. Smith met Mr. Jones in the U.S. Senate.", "They spoke of NASA.", "It went well."]
        );
        assert_eq!(
            sentences("Am 3. Mai kam Nr. 5 an. Das war 1990."),
            ["Am 3. Mai kam Nr. 5 an.", "Das war 1990."]
        );
    }

    #[test]
    fn scripts_without_spaces_end_sentences_with_their_own_marks() {
        assert_eq!(
            sentences("今日は雨です。明日は晴れます。本当？"),
            ["今日は雨です。", "明日は晴れます。", "本当？"]
        );
        assert_eq!(sentences("यह एक है। यह दो है।"), ["यह एक है।", "यह दो है।"]);
    }

    #[test]
    fn control_characters_and_empty_input_leave_nothing_behind() {
        assert_eq!(sentences("a\0b\u{7}c.\t\tNext  one."), ["a b c.", "Next one."]);
        assert!(sentences(" \n\0\n ").is_empty());
    }
}
