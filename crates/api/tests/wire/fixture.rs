//! The golden bodies of `fixtures/quotes`.

use crate::http::Answer;
use serde_json::Value;
use std::path::PathBuf;

fn folder() -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "..", "..", "fixtures", "quotes"].iter().collect()
}

/// A file of the folder.
pub(crate) fn read(name: &str) -> String {
    std::fs::read_to_string(folder().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Compares a body with a golden one, byte for byte, order included. `values` says what stands for each
/// `{name}` in braces.
pub(crate) fn check(name: &str, answer: &Answer, values: &[(&str, &str)]) {
    let golden: Value = serde_json::from_str(&read(name)).expect("a golden file is JSON");
    let mut expected = golden.to_string();
    for (placeholder, value) in values {
        let value = serde_json::to_string(value).expect("a text is JSON");
        expected = expected.replace(&format!("{{{placeholder}}}"), value.trim_matches('"'));
    }
    assert_eq!(answer.text(), expected, "{name}");
    assert_eq!(answer.header("content-type"), "application/json", "{name}");
}
