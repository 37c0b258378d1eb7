//! The text that an engine has streamed for one job, and the pieces in which it was sent.

use docket_protocol::digest::{Digest, RunningHash};

/// The longest piece. Even if every byte of it must be escaped, it fits into a frame.
const MAX_CHUNK_BYTES: usize = 64 << 10;

/// A growing text that is sent in pieces, and after a [`Self::rewind`] once more in exactly the same pieces.
///
/// The receiver can therefore pass over what it has by number alone.
#[derive(Debug, Default)]
pub(crate) struct Transcript {
    text: String,
    /// Where each piece ended that was ever sent.
    ends: Vec<usize>,
    sent: usize,
    hash: RunningHash,
}

/// A piece to be sent.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Chunk {
    pub(crate) seq: u32,
    pub(crate) text: String,
    pub(crate) running_hash: Digest,
}

impl Transcript {
    pub(crate) fn push(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// How many bytes of text there are.
    pub(crate) fn len(&self) -> usize {
        self.text.len()
    }

    /// The next piece: all that is ready, up to the longest. `None` once everything was sent.
    pub(crate) fn next_chunk(&mut self) -> Option<Chunk> {
        let start = self.sent.checked_sub(1).map_or(0, |last| self.ends[last]);
        if self.sent == self.ends.len() {
            if start == self.text.len() {
                return None;
            }
            self.ends.push(self.text.floor_char_boundary(start + MAX_CHUNK_BYTES));
        }
        let text = self.text[start..self.ends[self.sent]].to_owned();
        let seq = u32::try_from(self.sent).ok()?;
        self.sent += 1;
        Some(Chunk { seq, running_hash: self.hash.push(&text), text })
    }

    /// Begins to send from the first piece again.
    pub(crate) fn rewind(&mut self) {
        self.sent = 0;
        self.hash = RunningHash::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(transcript: &mut Transcript) -> Vec<Chunk> {
        std::iter::from_fn(|| transcript.next_chunk()).collect()
    }

    #[test]
    fn what_is_ready_together_goes_out_together() {
        let mut transcript = Transcript::default();
        assert_eq!(transcript.next_chunk(), None);
        transcript.push("Grü");
        transcript.push("ße");
        let first = Chunk { seq: 0, text: "Grüße".into(), running_hash: Digest::of("Grüße".as_bytes()) };
        assert_eq!(all(&mut transcript), [first]);
        transcript.push(", world");
        let whole = Digest::of("Grüße, world".as_bytes());
        assert_eq!(all(&mut transcript), [Chunk { seq: 1, text: ", world".into(), running_hash: whole }]);
    }

    #[test]
    fn a_rewound_text_goes_out_in_the_same_pieces() {
        let mut transcript = Transcript::default();
        transcript.push("one ");
        let mut pieces = all(&mut transcript);
        transcript.push("two ");
        pieces.extend(all(&mut transcript));
        transcript.push("three");
        transcript.rewind();
        let again = all(&mut transcript);
        assert_eq!(again[..2], pieces);
        assert_eq!((again.len(), again[2].running_hash), (3, Digest::of(b"one two three")));
    }

    #[test]
    fn a_long_text_is_cut_between_characters() {
        let mut transcript = Transcript::default();
        let text = "€".repeat(MAX_CHUNK_BYTES);
        transcript.push(&text);
        let pieces = all(&mut transcript);
        assert_eq!(pieces.iter().map(|piece| piece.text.as_str()).collect::<String>(), text);
        assert!(pieces.iter().all(|piece| piece.text.len() <= MAX_CHUNK_BYTES && !piece.text.is_empty()));
    }
}
