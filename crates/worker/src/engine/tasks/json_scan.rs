//! Finds where a bracketed piece of text ends, without recursion and within a budget of steps.

/// Steps that the search in one text may take. Ordinary text needs a few per byte; text made of openers would need
/// a square of its length.
pub(super) const STEPS: usize = 8 << 20;

/// Where a bracketed piece ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Extent {
    /// Every opener is closed.
    Closed {
        /// One past the last closer.
        end: usize,
        /// The deepest nesting.
        depth: usize,
    },
    /// The text ends first.
    Open {
        /// The deepest nesting.
        depth: usize,
    },
}

/// Whether brackets in double quotes count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Quotes {
    /// They do not, as in sound JSON.
    Respected,
    /// They do: some quote may be missing or one too many.
    Ignored,
}

/// Counts the steps of all searches in one text.
pub(super) struct Scanner<'a> {
    text: &'a str,
    steps_left: usize,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, steps_left: STEPS }
    }

    /// The next opening bracket or brace at or after a place.
    pub(super) fn opener(&self, from: usize) -> Option<usize> {
        self.text[from..].find(['{', '[']).map(|offset| from + offset)
    }

    /// How far the piece reaches that begins with the opener at `start`; `None` once the budget is spent.
    pub(super) fn extent(&mut self, start: usize, quotes: Quotes) -> Option<Extent> {
        let (mut open, mut depth) = (0_usize, 0);
        let (mut quoted, mut escaped) = (false, false);
        for (offset, byte) in self.text.as_bytes()[start..].iter().enumerate() {
            if offset == self.steps_left {
                self.steps_left = 0;
                return None;
            }
            match byte {
                _ if escaped => escaped = false,
                b'\\' if quoted => escaped = true,
                b'"' if quotes == Quotes::Respected => quoted = !quoted,
                _ if quoted => (),
                b'{' | b'[' => {
                    open += 1;
                    depth = depth.max(open);
                }
                b'}' | b']' => {
                    open -= 1; // the first byte is an opener, and the piece ends when all are closed
                    if open == 0 {
                        self.steps_left -= offset;
                        return Some(Extent::Closed { end: start + offset + 1, depth });
                    }
                }
                _ => (),
            }
        }
        self.steps_left -= self.text.len() - start;
        Some(Extent::Open { depth })
    }
}

/// Whether a bracketed piece begins like JSON, and not like a remark or a link: `{"a"`, `{a:`, `["`, `[{`, `[1,`.
pub(super) fn begins_like_json(piece: &str) -> bool {
    let mut rest = piece;
    while let Some(inner) = rest.strip_prefix('[') {
        rest = inner.trim_start();
    }
    let in_array = rest.len() < piece.len();
    if let Some(inner) = rest.strip_prefix('{') {
        let inner = inner.trim_start();
        let key = inner.trim_start_matches(|c: char| c.is_alphanumeric() || matches!(c, '_' | '$' | '-'));
        return inner.starts_with(['"', '\''])
            || (key.len() < inner.len() && key.trim_start().starts_with(':'));
    }
    let number =
        rest.trim_start_matches(|c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '.' | 'e' | 'E'));
    in_array
        && (rest.starts_with(['"', '\''])
            || (number.len() < rest.len() && number.trim_start().starts_with([',', ']'])))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn extent(text: &str, quotes: Quotes) -> Option<Extent> {
        Scanner::new(text).extent(0, quotes)
    }

    #[test]
    fn brackets_in_quotes_and_escaped_quotes_do_not_count() {
        assert_eq!(
            extent(r#"{"a":"}\"]"} x"#, Quotes::Respected),
            Some(Extent::Closed { end: 12, depth: 1 })
        );
        assert_eq!(extent(r#"[[{"a":[]}]]"#, Quotes::Respected), Some(Extent::Closed { end: 12, depth: 4 }));
        assert_eq!(extent(r#"{"a":"5" tall"}"#, Quotes::Respected), Some(Extent::Open { depth: 1 }));
        assert_eq!(extent(r#"{"a":"5" tall"}"#, Quotes::Ignored), Some(Extent::Closed { end: 15, depth: 1 }));
    }

    #[test]
    fn the_budget_ends_a_search_that_would_take_the_square() {
        let text = "[".repeat(64 << 10);
        let mut scanner = Scanner::new(&text);
        let searched =
            (0..text.len()).take_while(|at| scanner.extent(*at, Quotes::Respected).is_some()).count();
        assert!((100..200).contains(&searched), "{searched} searches");
    }

    #[test]
    fn a_remark_or_a_link_does_not_begin_like_json() {
        for json in [
            "{\"a\":1}",
            "{'a': 1}",
            "{a: 1}",
            "{ user-id : 1",
            "[1, 2",
            "[-1.5e3]",
            "[[1,2],",
            "[ { \"a\"",
            "['x'",
        ] {
            assert!(begins_like_json(json), "{json}");
        }
        for prose in
            ["[see note 3]", "[text](url)", "{name}", "{ }", "[[wiki]]", "[", "{", "[3rd]", "{1 of 2}"]
        {
            assert!(!begins_like_json(prose), "{prose}");
        }
    }
}
