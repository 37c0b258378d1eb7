//! Makes ids: internal ones that grow, public ones that nobody can guess.

use docket_core::id::JobId;
use docket_core::time::Timestamp;
use std::sync::atomic::{AtomicU64, Ordering};

/// The first millisecond of 2024: ids count from here, and have room for 69 years.
const ORIGIN: i64 = 1_704_067_200_000;
/// Bits below the milliseconds: more than four million ids in each of them.
const COUNTER_BITS: u32 = 22;

/// Gives out ids, each greater than all before it, also after a restart and after a clock was set back.
#[derive(Debug)]
pub(crate) struct JobIds(AtomicU64);

impl JobIds {
    /// Ids after the last one that is stored.
    pub(crate) fn after(last: Option<JobId>) -> Self {
        Self(AtomicU64::new(last.map_or(0, |id| id.0)))
    }

    /// The next id.
    pub(crate) fn next(&self, now: Timestamp) -> JobId {
        let millis = u64::try_from(now.0.saturating_sub(ORIGIN)).unwrap_or_default();
        let earliest = millis << COUNTER_BITS;
        let last = self
            .0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |last| Some((last + 1).max(earliest)))
            .unwrap_or_else(|last| last);
        JobId((last + 1).max(earliest))
    }
}

/// The latest instant that is known to have passed: when the last stored job was made.
pub fn latest_known(start: docket_store::Start) -> Timestamp {
    let millis = start.last_job.map_or(0, |id| id.0 >> COUNTER_BITS);
    Timestamp(ORIGIN.saturating_add(i64::try_from(millis).unwrap_or_default()))
}

/// A UUID of version 7: 48 bits of time, so that new rows stand together, and 74 bits that nobody can guess.
pub(crate) fn public_uuid(now: Timestamp, random: [u8; 10]) -> String {
    let millis = u64::try_from(now.0).unwrap_or_default() & 0xffff_ffff_ffff;
    let [a, b, rest @ ..] = random;
    let version = 0x7000 | (u16::from_be_bytes([a, b]) & 0x0fff);
    let [variant, node @ ..] = rest;
    let [second, node @ ..] = node;
    let variant = 0x8000 | (u16::from_be_bytes([variant, second]) & 0x3fff);
    let node = node.iter().fold(0_u64, |node, byte| node << 8 | u64::from(*byte));
    format!("{:08x}-{:04x}-{version:04x}-{variant:04x}-{node:012x}", millis >> 16, millis & 0xffff)
}

/// The number of a UUID of version 7 in decimal: it grows with time and nobody can guess it.
pub(crate) fn job_number(now: Timestamp, random: [u8; 10]) -> String {
    let digits = public_uuid(now, random).replace('-', "");
    u128::from_str_radix(&digits, 16).unwrap_or_default().to_string()
}

/// `job_` and 18 lower-case letters and digits: eight of time, so that new rows stand together, and ten of chance.
pub(crate) fn job_name(now: Timestamp, random: [u8; 8]) -> String {
    let millis = u64::try_from(now.0).unwrap_or_default();
    let mut digits = [b'0'; 18];
    let mut write = |range: std::ops::Range<usize>, mut number: u64| {
        for digit in digits[range].iter_mut().rev() {
            let value = u8::try_from(number % 36).unwrap_or_default();
            *digit = if value < 10 { b'0' + value } else { b'a' + value - 10 };
            number /= 36;
        }
    };
    write(0..8, millis);
    write(8..18, u64::from_be_bytes(random));
    format!("job_{}", String::from_utf8_lossy(&digits))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_job_is_short_and_begins_with_the_time() {
        let name = |millis, random| job_name(Timestamp(millis), [random; 8]);
        let noon = 1_770_638_400_000;
        assert_eq!(name(noon, 0), "job_mlf4dxc00000000000");
        let (earlier, later) = (name(noon, 255), name(noon + 1, 0));
        assert!(earlier < later && earlier.len() == 22, "{earlier} {later}");
    }

    #[test]
    fn ids_grow_even_if_the_clock_does_not() {
        let ids = JobIds::after(Some(JobId(1 << 60)));
        let (first, second) = (ids.next(Timestamp(ORIGIN)), ids.next(Timestamp(0)));
        assert!(JobId(1 << 60) < first && first < second);
        let later = ids.next(Timestamp(ORIGIN + (1 << 40)));
        assert_eq!(later, JobId(1 << 62));
    }

    #[test]
    fn a_number_grows_with_time_and_keeps_its_length_for_a_century() {
        let number = |millis| job_number(Timestamp(millis), [0xff; 10]);
        let (now, later) = (number(1_770_638_400_000), number(4_900_000_000_000));
        assert!(now < later && now.len() == 37 && later.len() == 37, "{now} {later}");
    }

    #[test]
    fn a_public_id_is_a_uuid_of_version_7() {
        let id = public_uuid(Timestamp(0x0192_3456_789a), [0xff; 10]);
        assert_eq!(id, "01923456-789a-7fff-bfff-ffffffffffff");
        assert_eq!(public_uuid(Timestamp(0), [0; 10]), "00000000-0000-7000-8000-000000000000");
    }
}
