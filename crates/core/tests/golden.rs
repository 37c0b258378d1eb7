//! Compares a table with the file that stands for it in `fixtures/core`.

use std::path::Path;
use std::{env, fs};

/// Fails at the first line that differs. With `UPDATE_FIXTURES=1` the file is written anew instead.
pub(crate) fn check(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/core").join(name);
    if env::var_os("UPDATE_FIXTURES").is_some_and(|update| update == "1") {
        fs::write(&path, text).expect("the folder of the golden files can be written");
    }
    let stands = fs::read_to_string(&path).expect("the golden file exists");
    if stands == text {
        return;
    }
    let pairs = (1..).zip(stands.lines().map(Some).chain([None]).zip(text.lines().map(Some).chain([None])));
    let (line, (was, is)) = pairs.into_iter().find(|(_, (was, is))| was != is).unwrap_or((0, (None, None)));
    panic!(
        "fixtures/core/{name}, line {line}, says\n  {}\nwhere the rules now say\n  {}\n\
         If that is meant, run the test again with UPDATE_FIXTURES=1.",
        was.unwrap_or("(the end)"),
        is.unwrap_or("(the end)"),
    );
}
