//! The message that a wallet signs for a request.

use super::Action;
use crate::digest::Digest;
use docket_core::time::Timestamp;
use std::fmt;

/// What a wallet states by signing: `AACP:<action>:<resource>:<milliseconds>`, as documented, and where the body is named
/// `:` and 64 lower-case hexadecimal digits after it.
///
/// Read from the right no two statements look alike, whatever the resource is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Statement<'a> {
    /// What is to be done.
    pub action: Action,
    /// To what: mostly the id of a job.
    pub resource: &'a str,
    /// When it was signed.
    pub at: Timestamp,
    /// SHA-256 of the request's body, byte by byte. Actions of our own need it, see [`Action::binds_body`].
    pub body: Option<Digest>,
}

impl Statement<'_> {
    /// With another beginning in place of `AACP:<action>`.
    pub(super) fn spelled(&self, spelling: &str) -> String {
        let mut text = format!("{spelling}:{}:{}", self.resource, self.at.0);
        if let Some(Digest(body)) = self.body {
            text.push(':');
            text.push_str(&hex::encode(body));
        }
        text
    }
}

impl fmt::Display for Statement<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.spelled(&self.action.spelling()))
    }
}
