//! Server-sent events out of the bytes of a stream, whichever way these were cut.

use std::mem;
use std::ops::Range;

/// The longest stream, with all that servers wrap around each token.
const MAX_STREAM_BYTES: usize = 64 << 20;
/// The longest line, which is held whole.
const MAX_LINE_BYTES: usize = 1 << 20;
/// Some begin a text with it; it is no part of it.
const BOM: char = '\u{feff}';

/// What a server tells.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Event<'a> {
    /// All its data; several lines stand one under the other.
    pub(super) data: &'a str,
    /// Whether it is called an error.
    pub(super) is_error: bool,
}

/// Reads events as they arrive, within limits.
#[derive(Debug, Default)]
pub(super) struct Events {
    /// What has come, how far it was read, and how far there is no end of a line.
    bytes: Vec<u8>,
    read: usize,
    searched: usize,
    /// Whether a line feed that comes next still belongs to the line before.
    returned: bool,
    /// How many bytes have come in all.
    total: usize,
    /// Whether a line was read.
    begun: bool,
    /// The event that is being read: its data, each line with its end.
    data: String,
    is_error: bool,
    /// Whether that one was told.
    told: bool,
}

impl Events {
    /// Takes more bytes. All events that the ones before have brought were read.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Result<(), &'static str> {
        self.bytes.drain(..self.read);
        self.searched = self.searched.saturating_sub(self.read);
        self.read = 0;
        self.total += bytes.len();
        if self.total > MAX_STREAM_BYTES || self.bytes.len() > MAX_LINE_BYTES {
            return Err("the stream or a line of it is too long");
        }
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    /// The next event that has come to its end. What has no data is none.
    pub(super) fn next(&mut self) -> Result<Option<Event<'_>>, &'static str> {
        if mem::take(&mut self.told) {
            self.data.clear();
            self.is_error = false;
        }
        while let Some(line) = self.line() {
            let line = std::str::from_utf8(&self.bytes[line]).map_err(|_| "the stream is no text")?;
            let is_first = !mem::replace(&mut self.begun, true);
            let line = line.strip_prefix(BOM).filter(|_| is_first).unwrap_or(line);
            if line.is_empty() {
                if self.data.is_empty() {
                    self.is_error = false;
                    continue;
                }
                self.told = true;
                let data = self.data.strip_suffix('\n').unwrap_or(&self.data);
                return Ok(Some(Event { data, is_error: self.is_error }));
            }
            let (field, value) = line.split_once(':').unwrap_or((line, ""));
            let value = value.strip_prefix(' ').unwrap_or(value);
            match field {
                "data" => self.data.extend([value, "\n"]),
                "event" => self.is_error = value == "error",
                _ => {}
            }
        }
        Ok(None)
    }

    /// Where the next whole line stands, without its end.
    fn line(&mut self) -> Option<Range<usize>> {
        if self.returned && self.bytes.get(self.read) == Some(&b'\n') {
            self.returned = false;
            self.read += 1;
        }
        let start = self.read;
        let searched = self.searched.max(start);
        let Some(at) = self.bytes[searched..].iter().position(|byte| matches!(byte, b'\n' | b'\r')) else {
            self.searched = self.bytes.len();
            return None;
        };
        let end = searched + at;
        self.returned = self.bytes[end] == b'\r';
        self.read = end + 1;
        Some(start..end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<(String, bool)> {
        let (mut events, mut read) = (Events::default(), Vec::new());
        for piece in pieces {
            events.push(piece).unwrap();
            while let Some(Event { data, is_error }) = events.next().unwrap() {
                read.push((data.to_owned(), is_error));
            }
        }
        read
    }

    #[test]
    fn events_are_the_same_however_their_bytes_are_cut() {
        let stream = ": hello\n\ndata: {\"a\":1}\n\nevent: error\r\ndata:one\r\ndata: two \r\n\r\nid: 7\revent: x\rdata\r\r\
                      data: Grüße\n\nevent: error\n\ndata: last\n\ndata: cut off";
        let told = |data: &str, is_error| (data.to_owned(), is_error);
        let expected = [
            told("{\"a\":1}", false),
            told("one\ntwo ", true),
            told("", false),
            told("Grüße", false),
            told("last", false),
        ];
        for length in 1..=stream.len() {
            assert_eq!(read(stream.as_bytes().chunks(length)), expected, "in pieces of {length}");
        }
    }

    #[test]
    fn what_is_too_long_or_no_text_is_refused() {
        let mut events = Events::default();
        events.push(b"data: \xFF\n\n").unwrap();
        assert_eq!(events.next(), Err("the stream is no text"));
        let mut events = Events::default();
        let long = vec![b'x'; MAX_LINE_BYTES + 1];
        events.push(&long).unwrap();
        assert_eq!(events.next(), Ok(None));
        assert!(events.push(b"x").is_err(), "a line");
        let mut events = Events::default();
        let line = [b"x".repeat(MAX_LINE_BYTES - 1), b"\n".to_vec()].concat();
        let pushed = (0..=MAX_STREAM_BYTES / MAX_LINE_BYTES).map(|_| {
            events.push(&line)?;
            events.next().map(|_| ())
        });
        assert_eq!(pushed.filter(Result::is_err).count(), 1, "the stream");
    }

    #[test]
    fn a_byte_order_mark_at_the_beginning_is_left_out() {
        let marked = "\u{feff}data: x\n\ndata: \u{feff}y\n\n".as_bytes();
        let told = |data: &str| (data.to_owned(), false);
        assert_eq!(read(marked.chunks(1)), [told("x"), told("\u{feff}y")]);
        assert_eq!(read([marked]), [told("x"), told("\u{feff}y")]);
    }
}
