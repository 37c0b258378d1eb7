//! The text that an engine has streamed for one job, and the pieces in which it was sent.

use docket_protocol::digest::{Digest, RunningHash};
use std::collections::VecDeque;

/// The longest piece. Even if every byte of it must be escaped, it fits into a frame.
const MAX_CHUNK_BYTES: usize = 64 << 10;

/// A growing text that is sent in pieces, and after a [`Self::rewind`] once more in exactly the same pieces.
///
/// The receiver can therefore pass over what it has by number alone.
#[derive(Debug, Default)]
pub(crate) struct Transcript {
    text: String,
    /// Where each piece ended that was ever sent.
    ends: Vec<Mark>,
    /// What came in since the last of them.
    ready: VecDeque<Mark>,
    sent: usize,
    hash: RunningHash,
}

/// A place in the text.
#[derive(Clone, Copy, Debug, Default)]
struct Mark {
    /// In bytes.
    at: usize,
    /// How many tokens there are up to here.
    tokens: u32,
}

/// A piece to be sent.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Chunk {
    pub(crate) seq: u32,
    pub(crate) text: String,
    pub(crate) running_hash: Digest,
    /// How many tokens there are up to its end.
    pub(crate) tokens: u32,
}

impl Transcript {
    /// Adds text, with which there are so many tokens.
    pub(crate) fn push(&mut self, text: &str, tokens: u32) {
        self.text.push_str(text);
        self.ready.push_back(Mark { at: self.text.len(), tokens });
    }

    /// How many bytes of text there are.
    pub(crate) fn len(&self) -> usize {
        self.text.len()
    }

    /// The next piece: all that is ready, up to the longest. `None` once everything was sent.
    pub(crate) fn next_chunk(&mut self) -> Option<Chunk> {
        let start = self.sent.checked_sub(1).map_or_else(Mark::default, |last| self.ends[last]);
        if self.sent == self.ends.len() {
            let end = self.cut(start)?;
            self.ends.push(end);
        }
        let end = self.ends[self.sent];
        let text = self.text[start.at..end.at].to_owned();
        let seq = u32::try_from(self.sent).ok()?;
        self.sent += 1;
        Some(Chunk { seq, running_hash: self.hash.push(&text), text, tokens: end.tokens })
    }

    /// Where a new piece ends: as far as it can where something had come in, so that its tokens are known. What came
    /// in at once and is longer than a piece counts with its last part.
    fn cut(&mut self, start: Mark) -> Option<Mark> {
        self.ready.front()?;
        let limit = start.at + MAX_CHUNK_BYTES;
        let mut end = None;
        while let Some(mark) = self.ready.pop_front_if(|mark| mark.at <= limit) {
            end = Some(mark);
        }
        Some(end.unwrap_or_else(|| Mark { at: self.text.floor_char_boundary(limit), ..start }))
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
        transcript.push("Grü", 2);
        transcript.push("ße", 3);
        let running_hash = Digest::of("Grüße".as_bytes());
        assert_eq!(all(&mut transcript), [Chunk { seq: 0, text: "Grüße".into(), running_hash, tokens: 3 }]);
        transcript.push(", world", 5);
        let running_hash = Digest::of("Grüße, world".as_bytes());
        assert_eq!(all(&mut transcript), [Chunk { seq: 1, text: ", world".into(), running_hash, tokens: 5 }]);
    }

    #[test]
    fn a_rewound_text_goes_out_in_the_same_pieces() {
        let mut transcript = Transcript::default();
        transcript.push("one ", 1);
        let mut pieces = all(&mut transcript);
        transcript.push("two ", 2);
        pieces.extend(all(&mut transcript));
        transcript.push("three", 4);
        transcript.rewind();
        let again = all(&mut transcript);
        assert_eq!(again[..2], pieces);
        assert_eq!((again.len(), again[2].running_hash), (3, Digest::of(b"one two three")));
        assert_eq!(again.iter().map(|piece| piece.tokens).collect::<Vec<_>>(), [1, 2, 4]);
    }

    #[test]
    fn a_long_text_is_cut_between_characters() {
        let mut transcript = Transcript::default();
        let text = "€".repeat(MAX_CHUNK_BYTES);
        transcript.push("€", 1);
        transcript.push(&text, 9);
        transcript.push("!", 10);
        let text = format!("€{text}!");
        let pieces = all(&mut transcript);
        let mut tokens = vec![1; pieces.len()];
        tokens[pieces.len() - 1] = 10;
        assert_eq!(pieces.iter().map(|piece| piece.tokens).collect::<Vec<_>>(), tokens);
        assert_eq!(pieces.iter().map(|piece| piece.text.as_str()).collect::<String>(), text);
        assert!(pieces.iter().all(|piece| piece.text.len() <= MAX_CHUNK_BYTES && !piece.text.is_empty()));
    }
}
