//! Instants on the wire: `2026-02-09T12:00:02.000Z`, always UTC and always three digits of a second.

use crate::fields::parsed;
use serde::{Deserializer, Serializer};
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;
use time::{OffsetDateTime, PrimitiveDateTime};

const FORM: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");

/// Writes milliseconds since 1970. What lies outside of the years 0 to 9999 is written as the nearest end.
pub fn format(ms: i64) -> String {
    const FIRST: i64 = -62_167_219_200_000;
    const LAST: i64 = 253_402_300_799_999;
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(ms.clamp(FIRST, LAST)) * 1_000_000)
        .ok()
        .and_then(|instant| instant.format(FORM).ok())
        .expect("every year from 0 to 9999 can be written")
}

/// Reads milliseconds since 1970; `None` for any other way to write the instant.
pub fn parse(text: &str) -> Option<i64> {
    let instant = PrimitiveDateTime::parse(text, FORM).ok()?.assume_utc();
    let ms = i64::try_from(instant.unix_timestamp_nanos() / 1_000_000).ok()?;
    (format(ms) == text).then_some(ms)
}

/// For `#[serde(with = "instant")]` on milliseconds.
pub(crate) fn serialize<S: Serializer>(ms: &i64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&format(*ms))
}

/// For `#[serde(with = "instant")]` on milliseconds.
pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    parsed(deserializer, "an instant such as 2026-02-09T12:00:02.000Z", parse)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_reads_back_as_it_is_written() {
        for (ms, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (1_770_638_402_000, "2026-02-09T12:00:02.000Z"),
            (-1, "1969-12-31T23:59:59.999Z"),
            (951_782_400_123, "2000-02-29T00:00:00.123Z"),
        ] {
            assert_eq!(format(ms), text);
            assert_eq!(parse(text), Some(ms));
        }
        assert_eq!(format(i64::MIN), "0000-01-01T00:00:00.000Z");
        assert_eq!(format(i64::MAX), "9999-12-31T23:59:59.999Z");
    }

    #[test]
    fn every_other_form_is_refused() {
        for text in [
            "",
            "2026-02-09T12:00:02Z",
            "2026-02-09T12:00:02.0000Z",
            "2026-02-09 12:00:02.000Z",
            "2026-02-09T12:00:02.000+00:00",
            "2026-02-30T12:00:02.000Z",
            "+2026-02-09T12:00:02.000Z",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
