//! The clock and randomness each have one place; everything else is told.

use super::Violation;
use crate::repository::Repository;

const RULE: &str = "ambient";

/// The crates that are told, their tests included.
const TOLD: [&str; 9] = [
    "crates/core",
    "crates/protocol",
    "crates/attestation",
    "crates/enclave",
    "crates/store",
    "crates/settlement",
    "crates/engine",
    "crates/api",
    "crates/evaluation",
];

/// Where they are told from.
const PLACES: [&str; 2] = ["crates/engine/src/clock.rs", "crates/engine/src/entropy.rs"];

const AMBIENT: [&str; 13] = [
    "SystemTime::now",
    "Instant::now",
    "Utc::now",
    "Local::now",
    "OffsetDateTime::now_utc",
    "UNIX_EPOCH.elapsed",
    "rand::",
    "fastrand::",
    "getrandom::",
    "thread_rng",
    "OsRng",
    "Uuid::new_v4",
    "Uuid::now_v7",
];

/// Checks everything that is not in the clock's or the randomness's own place; a benchmark may measure.
pub fn check(repository: &Repository) -> Vec<Violation> {
    let files = TOLD.iter().flat_map(|folder| repository.rust_under(folder));
    files
        .filter(|file| !PLACES.contains(&file.path.as_str()) && !file.path.contains("/benches/"))
        .filter_map(|file| Some((file, file.tokens()?)))
        .flat_map(|(file, tokens)| {
            AMBIENT.iter().flat_map(move |name| {
                tokens.find(name).into_iter().map(move |token| {
                    let message = format!("`{name}`: time and randomness are arguments here");
                    Violation::at(RULE, file, token, message)
                })
            })
        })
        .collect()
}
