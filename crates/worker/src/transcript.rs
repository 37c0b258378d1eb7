//! What an engine has streamed for one job, and the pieces in which it was sent.

use crate::engine::{Delta, Said};
use docket_protocol::digest::{Digest, RunningHash};
use std::collections::VecDeque;

/// The longest piece of text. Even if every byte of it must be escaped, it fits into a frame.
const MAX_CHUNK_BYTES: usize = 64 << 10;

/// A growing answer that is sent in pieces, and after a [`Self::rewind`] once more in exactly the same pieces.
///
/// The receiver can therefore pass over what it has by number alone.
#[derive(Debug, Default)]
pub(crate) struct Transcript {
    /// Texts, and what came beside them as JSON, one behind the other.
    stream: String,
    text_bytes: usize,
    /// Where each piece ended that was ever sent.
    ends: Vec<Mark>,
    /// What came in since the last of them.
    ready: VecDeque<Mark>,
    sent: usize,
    hash: RunningHash,
}

/// A place in the stream.
#[derive(Clone, Copy, Debug, Default)]
struct Mark {
    /// In bytes.
    at: usize,
    /// How many tokens there are up to here.
    tokens: u32,
    /// Whether what ends here is no text, and so is sent alone and whole.
    beside: bool,
}

/// A piece to be sent.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Chunk {
    pub(crate) seq: u32,
    pub(crate) text: String,
    /// What is no text, as JSON.
    pub(crate) delta: Option<String>,
    pub(crate) running_hash: Digest,
    /// How many tokens there are up to its end.
    pub(crate) tokens: u32,
}

impl Transcript {
    /// Adds a piece.
    pub(crate) fn push(&mut self, piece: &Delta) {
        let beside = match &piece.said {
            Said::Text(text) => {
                self.stream.push_str(text);
                self.text_bytes += text.len();
                false
            }
            Said::Beside(delta) => {
                self.stream.push_str(&delta.to_json());
                true
            }
        };
        self.ready.push_back(Mark { at: self.stream.len(), tokens: piece.tokens, beside });
    }

    /// How many bytes there are, of text and in all.
    pub(crate) const fn bytes(&self) -> (usize, usize) {
        (self.text_bytes, self.stream.len())
    }

    /// The next piece: all that is ready, up to the longest. `None` once everything was sent.
    pub(crate) fn next_chunk(&mut self) -> Option<Chunk> {
        let start = self.sent.checked_sub(1).map_or_else(Mark::default, |last| self.ends[last]);
        if self.sent == self.ends.len() {
            let end = self.cut(start)?;
            self.ends.push(end);
        }
        let end = self.ends[self.sent];
        let said = self.stream[start.at..end.at].to_owned();
        let seq = u32::try_from(self.sent).ok()?;
        self.sent += 1;
        let running_hash = self.hash.push(&said);
        let (text, delta) = if end.beside { (String::new(), Some(said)) } else { (said, None) };
        Some(Chunk { seq, running_hash, text, delta, tokens: end.tokens })
    }

    /// Where a new piece ends: of text as far as it can where something had come in, so that its tokens are known. Text
    /// that came in at once and is longer than a piece counts with its last part.
    fn cut(&mut self, start: Mark) -> Option<Mark> {
        if self.ready.front()?.beside {
            return self.ready.pop_front();
        }
        let limit = start.at + MAX_CHUNK_BYTES;
        let mut end = None;
        while let Some(mark) = self.ready.pop_front_if(|mark| !mark.beside && mark.at <= limit) {
            end = Some(mark);
        }
        let cut = || Mark { at: self.stream.floor_char_boundary(limit), beside: false, ..start };
        Some(end.unwrap_or_else(cut))
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

    fn text(text: &str, tokens: u32) -> Delta {
        Delta::text(text.to_owned(), tokens)
    }

    fn all(transcript: &mut Transcript) -> Vec<Chunk> {
        std::iter::from_fn(|| transcript.next_chunk()).collect()
    }

    #[test]
    fn what_is_ready_together_goes_out_together() {
        let mut transcript = Transcript::default();
        assert_eq!(transcript.next_chunk(), None);
        transcript.push(&text("Grü", 2));
        transcript.push(&text("ße", 3));
        let running_hash = Digest::of("Grüße".as_bytes());
        assert_eq!(
            all(&mut transcript),
            [Chunk { seq: 0, text: "Grüße".into(), delta: None, running_hash, tokens: 3 }]
        );
        transcript.push(&text(", world", 5));
        let running_hash = Digest::of("Grüße, world".as_bytes());
        assert_eq!(
            all(&mut transcript),
            [Chunk { seq: 1, text: ", world".into(), delta: None, running_hash, tokens: 5 }]
        );
    }

    #[test]
    fn a_rewound_text_goes_out_in_the_same_pieces() {
        let mut transcript = Transcript::default();
        transcript.push(&text("one ", 1));
        let mut pieces = all(&mut transcript);
        transcript.push(&text("two ", 2));
        pieces.extend(all(&mut transcript));
        transcript.push(&text("three", 4));
        transcript.rewind();
        let again = all(&mut transcript);
        assert_eq!(again[..2], pieces);
        assert_eq!((again.len(), again[2].running_hash), (3, Digest::of(b"one two three")));
        assert_eq!(again.iter().map(|piece| piece.tokens).collect::<Vec<_>>(), [1, 2, 4]);
    }

    #[test]
    fn a_long_text_is_cut_between_characters() {
        let mut transcript = Transcript::default();
        let long = "€".repeat(MAX_CHUNK_BYTES);
        for piece in [text("€", 1), text(&long, 9), text("!", 10)] {
            transcript.push(&piece);
        }
        let whole = format!("€{long}!");
        let pieces = all(&mut transcript);
        let mut tokens = vec![1; pieces.len()];
        tokens[pieces.len() - 1] = 10;
        assert_eq!(pieces.iter().map(|piece| piece.tokens).collect::<Vec<_>>(), tokens);
        assert_eq!(pieces.iter().map(|piece| piece.text.as_str()).collect::<String>(), whole);
        assert!(pieces.iter().all(|piece| piece.text.len() <= MAX_CHUNK_BYTES && !piece.text.is_empty()));
    }

    #[test]
    fn what_is_no_text_goes_out_alone_and_in_its_place() {
        let thought = docket_protocol::answer::Delta { refusal: Some("No".into()), ..Default::default() };
        let beside = Delta { said: Said::Beside(thought.clone()), tokens: 3 };
        let mut transcript = Transcript::default();
        for piece in [&text("one ", 1), &text("two", 2), &beside, &beside, &text("three", 4)] {
            transcript.push(piece);
        }
        let json = thought.to_json();
        let pieces = all(&mut transcript);
        let said: Vec<_> = pieces.iter().map(|piece| (piece.text.as_str(), piece.delta.as_deref())).collect();
        assert_eq!(said, [("one two", None), ("", Some(&*json)), ("", Some(&*json)), ("three", None)]);
        let whole = format!("one two{json}{json}three");
        assert_eq!(pieces[3].running_hash, Digest::of(whole.as_bytes()));
        assert_eq!(transcript.bytes(), (12, whole.len()));
        transcript.rewind();
        assert_eq!(all(&mut transcript), pieces);
    }
}
