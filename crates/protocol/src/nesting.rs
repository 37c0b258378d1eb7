//! How deep a JSON text is nested, found without recursion and before any parser sees it.

/// Whether no array or object lies deeper than `max`. Says nothing about whether the text is JSON.
///
/// Up to the first syntax error, where every parser stops, the count is exact.
pub(crate) fn within(json: &[u8], max: usize) -> bool {
    // Most texts have not even so many brackets, and counting them is much cheaper.
    if json.iter().filter(|byte| matches!(byte, b'[' | b'{')).count() <= max {
        return true;
    }
    let (mut depth, mut in_text, mut escaped) = (0_usize, false, false);
    for byte in json {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            b'[' | b'{' if !in_text => depth += 1,
            b']' | b'}' if !in_text => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > max {
            return false;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_is_counted_outside_of_texts() {
        assert!(within(b"[[]]", 2) && !within(b"[[]]", 1));
        assert!(within(br#"{"a":[1,2],"b":[3]}"#, 2));
        assert!(within(br#"["[[[[", "\"[[[[", "\\"]"#, 1));
        assert!(!within(br#"["\\",[]]"#, 1));
        assert!(within(b"]]]][", 1));
        assert!(!within(&[b'['; 1 << 20], 64));
    }
}
