//! Finds where a bracketed piece of text ends, without recursion and within a budget of steps.

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
    Open,
}

/// The next opening bracket or brace at or after a place.
pub(super) fn opener(text: &str, from: usize) -> Option<usize> {
    text[from..].find(['{', '[']).map(|offset| from + offset)
}

/// How far the piece reaches that begins with the opener at `start`. Brackets in double quotes do not count.
///
/// `steps` is lowered by the bytes looked at; `None` once there are none left.
pub(super) fn extent(text: &str, start: usize, steps: &mut usize) -> Option<Extent> {
    let (mut open, mut depth) = (0_usize, 0);
    let (mut quoted, mut escaped) = (false, false);
    for (offset, byte) in text.as_bytes()[start..].iter().enumerate() {
        *steps = steps.checked_sub(1)?;
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            _ if quoted => (),
            b'{' | b'[' => {
                open += 1;
                depth = depth.max(open);
            }
            b'}' | b']' => {
                open -= 1; // the first byte is an opener, and the piece ends when all are closed
                if open == 0 {
                    return Some(Extent::Closed { end: start + offset + 1, depth });
                }
            }
            _ => (),
        }
    }
    Some(Extent::Open)
}

/// Whether a bracketed piece begins like JSON, and not like a remark or a link: `{"a"`, `{a:`, `["`, `[{`, `[1,`.
pub(super) fn begins_like_json(piece: &str) -> bool {
    let inner = piece.trim_start_matches(|c: char| c == '[' || c.is_whitespace());
    if let Some(inner) = inner.strip_prefix('{') {
        let inner = inner.trim_start();
        let key = inner.trim_start_matches(|c: char| c.is_alphanumeric() || matches!(c, '_' | '$' | '-'));
        return inner.starts_with(['"', '\''])
            || (key.len() < inner.len() && key.trim_start().starts_with(':'));
    }
    let number =
        inner.trim_start_matches(|c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '.' | 'e' | 'E'));
    inner.starts_with(['"', '\''])
        || (number.len() < inner.len() && number.trim_start().starts_with([',', ']']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_in_quotes_and_escaped_quotes_do_not_count() {
        let extent = |text| extent(text, 0, &mut 100);
        assert_eq!(extent(r#"{"a":"}\"]"} x"#), Some(Extent::Closed { end: 12, depth: 1 }));
        assert_eq!(extent(r#"[[{"a":[]}]]"#), Some(Extent::Closed { end: 12, depth: 4 }));
        assert_eq!(extent(r#"{"a":"5" tall"}"#), Some(Extent::Open));
    }

    #[test]
    fn the_budget_ends_a_search() {
        let mut steps = 10;
        assert_eq!(extent("[[[[[[", 0, &mut steps), Some(Extent::Open));
        assert_eq!((extent("[[[[[[", 0, &mut steps), steps), (None, 0));
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
