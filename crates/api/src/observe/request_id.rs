//! Names for requests, to find one again in the logs of both sides.

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use std::sync::atomic::{AtomicU64, Ordering};

/// Where the name stands, in requests and in answers.
pub(super) const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// The longest name that is taken over from a client.
const LONGEST: usize = 64;

/// Gives requests their names.
pub(crate) struct RequestIds {
    /// Differs from start to start.
    start: u32,
    next: AtomicU64,
}

impl RequestIds {
    /// `start` is a random number, so that two starts do not give the same names.
    pub(crate) fn new(start: u64) -> Self {
        let start = u32::try_from(start >> 32).unwrap_or_default();
        Self { start, next: AtomicU64::new(1) }
    }

    /// The name that the client gave, if it is a sound one, or a new one.
    pub(crate) fn of(&self, headers: &HeaderMap) -> HeaderValue {
        match headers.get(HEADER).filter(|name| is_sound(name.as_bytes())) {
            Some(name) => name.clone(),
            None => self.make(),
        }
    }

    fn make(&self) -> HeaderValue {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let name = format!("{:08x}-{number:x}", self.start);
        HeaderValue::try_from(name).expect("hexadecimal digits can stand in a header")
    }
}

/// Whether a name can stand in a log: letters, digits and a few marks.
fn is_sound(name: &[u8]) -> bool {
    let sound = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b':');
    (1..=LONGEST).contains(&name.len()) && name.iter().all(sound)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sound_name_is_kept_and_any_other_is_replaced() {
        let ids = RequestIds::new(0xabcd_ef01_2345_6789);
        let mut headers = HeaderMap::new();
        headers.insert(HEADER, HeaderValue::from_static("7f-3c.a:b_C"));
        assert_eq!(ids.of(&headers), "7f-3c.a:b_C");
        let long = "a".repeat(65);
        for name in ["", "a b", "a\tb", "<script>", &long] {
            headers.insert(HEADER, HeaderValue::from_str(name).unwrap());
            assert!(ids.of(&headers).to_str().unwrap().starts_with("abcdef01-"), "{name}");
        }
        headers.insert(HEADER, HeaderValue::from_bytes(b"\xff").unwrap());
        assert_ne!(ids.of(&headers), ids.of(&headers));
    }
}
