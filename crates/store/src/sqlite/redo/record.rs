//! A group as bytes of the redo log, and back.
//!
//! A record is a head of 32 bytes, the group's rows, and zeros up to a whole block, so that nothing
//! that was written later shares a block with it. Numbers are little-endian.

use crate::rows::{Kind, Rows};
use crate::value::Value;
use std::borrow::Cow;

/// Bytes of a block; a record begins and ends with one.
pub(super) const BLOCK: usize = 4096;

const MAGIC: [u8; 4] = *b"DKR1";
const HEAD: usize = 32;

/// Which database a record belongs to, and which form of its rows: others are not read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Origin {
    /// Chosen at random when the database was made.
    pub(super) database: u64,
    /// How many versions the schema had.
    pub(super) schema: u32,
}

/// A whole record, read back.
#[derive(PartialEq, Debug)]
pub(super) struct Record<'a> {
    pub(super) number: u64,
    pub(super) origin: Origin,
    body: &'a [u8],
}

/// The bytes of a group.
///
/// | bytes | what |
/// | --- | --- |
/// | 0..4 | `DKR1` |
/// | 4..8 | CRC-32 of all that follows, the zeros at the end left out |
/// | 8..12 | bytes of the rows |
/// | 12..20 | the number of the group |
/// | 20..28, 28..32 | the database, and the versions of its schema |
/// | 32.. | for each kind of row: the kind (1), how many (4), and of each row how many values (1), each a tag (1) with its bytes |
pub(super) fn encode(number: u64, origin: Origin, kinds: &[(Kind, Rows<'_>)]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(BLOCK);
    bytes.extend_from_slice(&MAGIC);
    bytes.extend_from_slice(&[0; 8]); // The sum and the length are set at the end.
    bytes.extend_from_slice(&number.to_le_bytes());
    bytes.extend_from_slice(&origin.database.to_le_bytes());
    bytes.extend_from_slice(&origin.schema.to_le_bytes());
    for (kind, rows) in kinds {
        bytes.push(*kind as u8);
        put_length(&mut bytes, rows.len());
        for row in rows {
            bytes.push(u8::try_from(row.len()).expect("no table has so many columns"));
            row.iter().for_each(|value| put_value(&mut bytes, value));
        }
    }
    let body = u32::try_from(bytes.len() - HEAD).expect("a group is bounded far below 4 GiB");
    bytes[8..12].copy_from_slice(&body.to_le_bytes());
    let sum = crc32fast::hash(&bytes[8..]);
    bytes[4..8].copy_from_slice(&sum.to_le_bytes());
    bytes.resize(bytes.len().next_multiple_of(BLOCK), 0);
    bytes
}

fn put_length(bytes: &mut Vec<u8>, length: usize) {
    let length = u32::try_from(length).expect("what a group brings is bounded far below 4 GiB");
    bytes.extend_from_slice(&length.to_le_bytes());
}

fn put_value(bytes: &mut Vec<u8>, value: &Value<'_>) {
    match value {
        Value::Null => bytes.push(0),
        Value::Int(number) => {
            bytes.push(1);
            bytes.extend_from_slice(&number.to_le_bytes());
        }
        Value::Text(text) => {
            bytes.push(2);
            put_length(bytes, text.len());
            bytes.extend_from_slice(text.as_bytes());
        }
        Value::Bytes(content) => {
            bytes.push(3);
            put_length(bytes, content.len());
            bytes.extend_from_slice(content);
        }
    }
}

/// The whole records of a segment, in the order of their numbers. What an earlier round left behind has lower ones.
///
/// A record that is not whole was the last one, or is damaged: then there are later ones behind it, and one is missing.
pub(super) fn scan(mut segment: &[u8]) -> Vec<Record<'_>> {
    let mut records: Vec<Record<'_>> = Vec::new();
    while !segment.is_empty() {
        let record = parse(segment).filter(|record| records.last().is_none_or(|last| last.precedes(record)));
        let length =
            record.as_ref().map_or(BLOCK, |record| (HEAD + record.body.len()).next_multiple_of(BLOCK));
        segment = &segment[length.min(segment.len())..];
        records.extend(record);
    }
    records
}

fn parse(bytes: &[u8]) -> Option<Record<'_>> {
    let mut rest = Bytes(bytes);
    if rest.take(4)? != MAGIC {
        return None;
    }
    let sum = rest.u32()?;
    let summed = rest.0;
    let length = rest.length()?;
    let number = rest.u64()?;
    let origin = Origin { database: rest.u64()?, schema: rest.u32()? };
    let body = rest.take(length)?;
    (crc32fast::hash(&summed[..HEAD - 8 + length]) == sum).then_some(Record { number, origin, body })
}

impl<'a> Record<'a> {
    fn precedes(&self, later: &Self) -> bool {
        self.number < later.number && self.origin == later.origin
    }

    /// The rows, in the order in which they are written; nothing if they have another form.
    pub(super) fn rows(&self) -> Option<Vec<(Kind, Rows<'a>)>> {
        let mut rest = Bytes(self.body);
        let mut kinds = Vec::new();
        while !rest.0.is_empty() {
            let kind = *Kind::ALL.get(usize::from(rest.u8()?))?;
            let rows = (0..rest.length()?).map(|_| rest.row()).collect::<Option<_>>()?;
            kinds.push((kind, rows));
        }
        Some(kinds)
    }
}

/// Bytes that are read from the front.
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    fn u8(&mut self) -> Option<u8> {
        self.array().map(|[byte]| byte)
    }

    fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }

    fn length(&mut self) -> Option<usize> {
        usize::try_from(self.u32()?).ok()
    }

    fn row(&mut self) -> Option<Vec<Value<'a>>> {
        (0..self.u8()?).map(|_| self.value()).collect()
    }

    fn value(&mut self) -> Option<Value<'a>> {
        Some(match self.u8()? {
            0 => Value::Null,
            1 => Value::Int(self.array().map(i64::from_le_bytes)?),
            2 => {
                let length = self.length()?;
                Value::Text(Cow::Borrowed(str::from_utf8(self.take(length)?).ok()?))
            }
            3 => {
                let length = self.length()?;
                Value::Bytes(self.take(length)?)
            }
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORIGIN: Origin = Origin { database: 77, schema: 6 };

    fn group(text: &str) -> Vec<(Kind, Rows<'_>)> {
        let values = vec![Value::Null, Value::Int(-5), Value::name(text), Value::Bytes(&[0, 255])];
        vec![(Kind::NewJob, vec![values.clone(), vec![]]), (Kind::ForgottenDelivery, vec![values])]
    }

    #[test]
    fn a_kind_is_found_by_its_number() {
        for (number, kind) in Kind::ALL.iter().enumerate() {
            assert_eq!(*kind as usize, number);
        }
    }

    #[test]
    fn what_was_written_is_read_back() {
        let long = "é".repeat(5_000);
        let mut segment = encode(8, ORIGIN, &group("short"));
        segment.extend(encode(9, ORIGIN, &group(&long)));
        segment.extend([0; BLOCK]);
        let records = scan(&segment);
        assert_eq!(records.iter().map(|record| record.number).collect::<Vec<_>>(), [8, 9]);
        assert!(records.iter().all(|record| record.origin == ORIGIN));
        assert_eq!(records[0].rows().unwrap(), group("short"));
        assert_eq!(records[1].rows().unwrap(), group(&long));
    }

    #[test]
    fn what_is_not_whole_is_not_read() {
        let first = encode(8, ORIGIN, &group("a"));
        let whole: Vec<u8> = [first.clone(), encode(9, ORIGIN, &group("b"))].concat();
        let used = first.len() + HEAD + scan(&whole)[1].body.len();
        for place in (0..used).step_by(7) {
            let mut torn = whole.clone();
            torn[place] ^= 1;
            let harmless = place >= used - first.len() && place < first.len();
            assert!(harmless || scan(&torn).len() == 1, "a changed byte at {place}");
            assert!(scan(&whole[..place]).len() <= 1, "cut off at {place}");
        }
    }

    #[test]
    fn what_an_earlier_round_left_behind_is_not_read() {
        let later = encode(20, ORIGIN, &group("later"));
        for (number, origin) in [(12, ORIGIN), (20, ORIGIN), (21, Origin { database: 78, ..ORIGIN })] {
            let segment = [later.clone(), encode(number, origin, &group("earlier"))].concat();
            assert_eq!(scan(&segment).len(), 1);
        }
    }
}
