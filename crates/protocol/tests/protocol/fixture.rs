//! The examples that all readers of the wire forms share.

use serde::de::DeserializeOwned;
use std::path::Path;

/// Reads an example from `fixtures/protocol`.
pub(crate) fn read<T: DeserializeOwned>(name: &str) -> T {
    read_from("protocol", name)
}

/// Reads an example from another folder of `fixtures`.
pub(crate) fn read_from<T: DeserializeOwned>(folder: &str, name: &str) -> T {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures").join(folder).join(name);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"))
}
