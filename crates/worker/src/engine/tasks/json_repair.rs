//! Reads what was meant to be JSON: other quotes, missing or extra commas, comments, bare words, a missing end.
//!
//! It takes each character once with a short look ahead, nests no deeper than [`MAX_DEPTH`], and gives up where it
//! would have to guess, so that no input makes it loop, overflow or invent.

use super::extract_json::MAX_DEPTH;

/// How far a string that may follow is searched for its end.
const LOOK_AHEAD_BYTES: usize = 200;

/// A value as sound JSON, unless an escape in it is not.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Repaired {
    pub(super) json: String,
    /// One past its last byte in the text.
    pub(super) end: usize,
}

/// Reads the object or array that begins at `start`. `steps` is lowered by the characters taken, and bounds them.
pub(super) fn repair(text: &str, start: usize, steps: &mut usize) -> Option<Repaired> {
    let mut reader = Reader { text, at: start, json: String::new(), open: vec![], steps };
    reader.value()?;
    Some(Repaired { json: reader.json, end: reader.at })
}

struct Reader<'a, 'b> {
    text: &'a str,
    at: usize,
    json: String,
    /// The openers of what is being read: `{` or `[`.
    open: Vec<char>,
    steps: &'b mut usize,
}

impl<'a> Reader<'a, '_> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn take(&mut self) -> Option<char> {
        let c = self.peek()?;
        *self.steps = self.steps.checked_sub(1)?;
        self.at += c.len_utf8();
        Some(c)
    }

    fn skip(&mut self, bytes: usize) -> Option<()> {
        *self.steps = self.steps.checked_sub(bytes)?;
        self.at += bytes;
        Some(())
    }

    /// Passes over spaces, comments and the dots that stand for "and so on".
    fn skip_trivia(&mut self) -> Option<()> {
        loop {
            let rest = self.rest();
            let length = match rest {
                _ if rest.starts_with(char::is_whitespace) => rest.len() - rest.trim_start().len(),
                _ if rest.starts_with("//") || rest.starts_with('#') => rest.find('\n').unwrap_or(rest.len()),
                _ if rest.starts_with("/*") => rest.find("*/").map_or(rest.len(), |at| at + 2),
                _ if rest.starts_with("...") => 3,
                _ if rest.starts_with('…') => '…'.len_utf8(),
                _ => return Some(()),
            };
            self.skip(length)?;
        }
    }

    fn value(&mut self) -> Option<()> {
        match self.peek()? {
            '{' => self.container('{', '}'),
            '[' => self.container('[', ']'),
            quote @ ('"' | '\'') => self.string(quote, false),
            _ => self.bare_value(),
        }
    }

    /// Reads an object or array. The wrong closer ends it too if it closes what is around, and is dropped if not.
    fn container(&mut self, opener: char, closer: char) -> Option<()> {
        if self.open.len() == MAX_DEPTH {
            return None;
        }
        self.take()?;
        self.open.push(opener);
        self.json.push(opener);
        loop {
            self.skip_trivia()?;
            match self.peek() {
                Some(',') => drop(self.take()?),
                Some(c) if c == closer => {
                    self.take()?;
                    break;
                }
                Some(c @ ('}' | ']')) => {
                    if self.open.contains(if c == '}' { &'{' } else { &'[' }) {
                        break;
                    }
                    self.take()?;
                }
                Some(_) => self.member(opener)?,
                None => break,
            }
        }
        self.open.pop();
        self.json.push(closer);
        Some(())
    }

    fn member(&mut self, opener: char) -> Option<()> {
        let before = self.json.len();
        if !self.json.ends_with(opener) {
            self.json.push(',');
        }
        if opener == '{' {
            self.key()?;
            self.skip_trivia()?;
            match self.peek() {
                Some(':') => drop(self.take()?),
                Some(_) => return None,
                None => {
                    self.json.truncate(before); // cut off within the key
                    return Some(());
                }
            }
            self.json.push(':');
            self.skip_trivia()?;
        }
        match self.peek() {
            None | Some(',' | '}' | ']') => self.json.push_str("null"),
            Some(_) => self.value()?,
        }
        self.skip_trivia()?;
        let separated = self.rest().is_empty() || self.rest().starts_with([',', '}', ']']);
        (separated || self.begins_member(self.rest())).then_some(())
    }

    fn key(&mut self) -> Option<()> {
        match self.peek()? {
            quote @ ('"' | '\'') => self.string(quote, true),
            _ => {
                let word = &self.rest()[..bare_word(self.rest())];
                self.skip(word.len())?;
                (!word.is_empty()).then(|| self.push_string(word))
            }
        }
    }

    /// A value without quotes: a number, a word of some language for true, false or nothing, or else text.
    fn bare_value(&mut self) -> Option<()> {
        let rest = self.rest();
        let length = rest.find([',', '}', ']', '\n', '"', '{', '[']).unwrap_or(rest.len());
        let comment = [" #", " //", " /*"].iter().filter_map(|mark| rest[..length].find(mark)).min();
        let length = comment.unwrap_or(length);
        let word = rest[..length].trim_end();
        if word.is_empty() {
            return None;
        }
        self.skip(length)?;
        match word {
            "true" | "True" | "TRUE" => self.json.push_str("true"),
            "false" | "False" | "FALSE" => self.json.push_str("false"),
            "null" | "None" | "NULL" | "nil" | "undefined" | "NaN" | "Infinity" | "-Infinity" => {
                self.json.push_str("null");
            }
            _ => match number(word) {
                Some(number) => self.json.push_str(&number),
                None => self.push_string(word),
            },
        }
        Some(())
    }

    /// A string, up to the quote after which the text goes on as JSON does; other quotes belong to it. One that is
    /// cut off may hold none: it would be a guess which of them was the end.
    fn string(&mut self, quote: char, is_key: bool) -> Option<()> {
        self.take()?;
        self.json.push('"');
        let mut holds_quotes = false;
        loop {
            match self.peek() {
                None if holds_quotes => return None,
                None => break,
                Some('{' | '}' | '\n') if is_key => return None, // a key that runs this far has lost its end
                Some(c) => {
                    self.take()?;
                    match c {
                        _ if c == quote && self.string_ends(is_key) => break,
                        '\\' => self.escape()?,
                        _ => self.push_char(c),
                    }
                    holds_quotes |= c == quote;
                }
            }
        }
        self.json.push('"');
        Some(())
    }

    fn escape(&mut self) -> Option<()> {
        let rest = self.rest();
        let hex = rest
            .strip_prefix('u')
            .and_then(|hex| hex.get(..4))
            .filter(|hex| hex.bytes().all(|b| b.is_ascii_hexdigit()));
        if let Some(hex) = hex {
            self.json.push_str("\\u");
            self.json.push_str(hex);
            return self.skip(5);
        }
        match self.peek() {
            Some(c @ ('"' | '\\' | '/' | 'b' | 'f' | 'n' | 'r' | 't')) => {
                self.json.extend(['\\', c]);
                self.skip(1)
            }
            Some('\'') => {
                self.json.push('\'');
                self.skip(1)
            }
            _ => {
                self.json.push_str("\\\\");
                Some(())
            }
        }
    }

    fn string_ends(&self, is_key: bool) -> bool {
        let rest = self.rest().trim_start();
        match rest.chars().next() {
            None => true,
            Some(c) if is_key => c == ':',
            Some('}' | ']') => true,
            Some(',') => self.begins_member(&rest[1..]),
            Some(_) => self.begins_member(rest),
        }
    }

    /// Whether the text looks like the next member, the end, or a comment before them.
    fn begins_member(&self, text: &str) -> bool {
        let text = text.trim_start();
        let in_object = self.open.last() == Some(&'{');
        let follows = |rest: &str| {
            let rest = rest.trim_start();
            if in_object {
                rest.starts_with(':')
            } else {
                rest.is_empty() || rest.starts_with([',', ']', '}'])
            }
        };
        match text.chars().next() {
            None | Some(',' | '}' | ']' | '#' | '…') => true,
            Some('/') => text.starts_with("//") || text.starts_with("/*"),
            Some('{' | '[') => !in_object,
            Some(quote @ ('"' | '\'')) => {
                let near = &text[1..text.floor_char_boundary(LOOK_AHEAD_BYTES)];
                match near.find(quote) {
                    Some(at) => follows(&text[at + 2..]),
                    None => !in_object || near.len() + 1 == text.len(),
                }
            }
            Some(_) => {
                let length = bare_word(text);
                text.starts_with("...") || (length > 0 && follows(&text[length..]))
            }
        }
    }

    fn push_string(&mut self, text: &str) {
        self.json.push('"');
        text.chars().for_each(|c| self.push_char(c));
        self.json.push('"');
    }

    fn push_char(&mut self, c: char) {
        match c {
            '"' => self.json.push_str("\\\""),
            '\\' => self.json.push_str("\\\\"),
            '\n' => self.json.push_str("\\n"),
            '\t' => self.json.push_str("\\t"),
            '\u{0}'..='\u{1f}' => self.json.push_str(&format!("\\u{:04x}", u32::from(c))),
            _ => self.json.push(c),
        }
    }
}

/// The length of the word at the start of a text: what may be a key or a number without quotes.
fn bare_word(text: &str) -> usize {
    let is_end = |c: char| !(c.is_alphanumeric() || matches!(c, '_' | '$' | '-' | '+' | '.'));
    text.find(is_end).unwrap_or(text.len())
}

/// The word as a JSON number, where it is one but for its first or last character.
fn number(word: &str) -> Option<String> {
    let word = word.strip_prefix('+').unwrap_or(word);
    let before = if word.starts_with('.') { "0" } else { "" };
    let after = if word.ends_with('.') { "0" } else { "" };
    let number = format!("{before}{word}{after}");
    serde_json::from_str::<serde_json::Number>(&number).is_ok().then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn repaired(text: &str) -> Option<String> {
        repair(text, 0, &mut 100_000).map(|repaired| repaired.json)
    }

    #[test]
    fn each_kind_of_damage_is_mended() {
        for (broken, sound) in [
            ("{'a': 'it's', \"b\": True}", r#"{"a":"it's","b":true}"#),
            (
                "{a: 1, b_2: None, $c: undefined, d-e: -Infinity}",
                r#"{"a":1,"b_2":null,"$c":null,"d-e":null}"#,
            ),
            ("[1, 2,, 3,]", "[1,2,3]"),
            (r#"{"a": 1 "b": "x" "c": [1 2]}"#, r#"{"a":1,"b":"x","c":["1 2"]}"#),
            (r#"["a" "b"]"#, r#"["a","b"]"#),
            ("{\"a\": 1, // one\n/* two */ \"b\": 2 # three\n}", r#"{"a":1,"b":2}"#),
            (
                r#"{"t": "he said "hi" to me, and left", "n": 1}"#,
                r#"{"t":"he said \"hi\" to me, and left","n":1}"#,
            ),
            (r#"{"t": "he said "hi", and left", "n": 1}"#, r#"{"t":"he said \"hi\", and left","n":1}"#),
            (r#"{"height": "5'10"", "w": 1}"#, r#"{"height":"5'10\"","w":1}"#),
            (r#"{"a": 1, "b": [1, {"c": "cut o"#, r#"{"a":1,"b":[1,{"c":"cut o"}]}"#),
            (r#"{"a": 1, "b"#, r#"{"a":1}"#),
            (r#"{"a": , "b":}"#, r#"{"a":null,"b":null}"#),
            (r#"{"a": [1, 2}"#, r#"{"a":[1,2]}"#),
            (r#"{"a": 1]}"#, r#"{"a":1}"#),
            (
                "{\"a\": \"two\nlines\tand \\x and \\u00e9 \\u12\"}",
                "{\"a\":\"two\\nlines\\tand \\\\x and \\u00e9 \\\\u12\"}",
            ),
            ("[007, .5, 5., +1, 1e5, 0x1F, 1-2]", r#"["007",0.5,5.0,1,1e5,"0x1F","1-2"]"#),
            ("[1, 2, ...]", "[1,2]"),
            ("{name: Ann Lee, at: http://x.y/z}", r#"{"name":"Ann Lee","at":"http://x.y/z"}"#),
        ] {
            assert_eq!(repaired(broken).as_deref(), Some(sound), "{broken}");
            assert!(serde_json::from_str::<serde_json::Value>(sound).is_ok(), "{sound}");
        }
    }

    #[test]
    fn where_it_would_have_to_guess_it_gives_up() {
        for hopeless in [
            "{name}",
            "{1 of 2}",
            "{\"a\" \"b\"}",
            "{\"a\": \"b\": 1}",
            "{: 1}",
            "{\"a\": \"1\" 2 3: 4}",
            "{\"x\": 1, \"a\" \"b\"} {\"c\": 2}",
        ] {
            assert_eq!(repaired(hopeless), None, "{hopeless}");
        }
        assert_eq!(repaired(&"[".repeat(MAX_DEPTH + 1)), None);
        assert_eq!(repair("[1, 2, 3", 0, &mut 5), None, "the steps are used up");
    }

    #[test]
    fn it_ends_where_the_value_ends() {
        let text = "see {'a': 1} and more";
        assert_eq!(repair(text, 4, &mut 100), Some(Repaired { json: r#"{"a":1}"#.into(), end: 12 }));
    }
}
