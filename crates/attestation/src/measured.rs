//! What a quote must say so that it speaks for one report and one key.

use crate::{Key, Report};
use docket_protocol::digest::Digest;

/// What stands for a key in a quote: `docket-enclave-key-v1`, a newline, and the key as it is written.
pub fn statement_of_key(key: &Key) -> String {
    format!("docket-enclave-key-v1\n{key}")
}

/// The 64 bytes that a quote must carry as its report data: SHA-256 of the report's signed form, then SHA-256 of
/// [`statement_of_key`]. So the measured code stands for this report and for this key at once.
pub fn report_data(report: &Report, key: &Key) -> [u8; 64] {
    let mut data = [0; 64];
    data[..32].copy_from_slice(&report.digest().0);
    data[32..].copy_from_slice(&Digest::of(statement_of_key(key).as_bytes()).0);
    data
}
