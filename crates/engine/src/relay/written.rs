//! What has arrived so far of one answer: its text and what it has beside text, in the order in which it came.

use super::{LONGEST, Mark, News, Piece, Told};
use docket_core::event::Fault;
use docket_core::id::WorkerId;
use docket_protocol::answer::{Delta, Extras, MAX_STREAM_BYTES};
use docket_protocol::digest::RunningHash;

/// What has arrived so far.
#[derive(Default)]
pub(super) struct Written {
    by: Option<WorkerId>,
    /// Texts and deltas, one behind the other.
    stream: String,
    pieces: Vec<Span>,
    /// How much of the stream is text, in bytes.
    text_bytes: usize,
    /// The deltas, put together.
    extras: Extras,
    /// As far as anybody was told.
    told: usize,
    hash: RunningHash,
    /// Counts how often it began from nothing.
    beginning: u32,
    /// Its worker's attempt is about to end: what he still says comes too late.
    closed: bool,
    pub(super) over: bool,
}

/// A piece, as it lies in the stream behind the one before.
#[derive(Clone, Copy)]
struct Span {
    end: usize,
    /// How many tokens there are up to its end.
    tokens: u64,
    is_delta: bool,
}

/// A piece that has been read: what it adds to the stream.
enum Read<'a> {
    Text(&'a str),
    Delta(Delta, String),
}

impl<'a> Read<'a> {
    fn of(piece: &Piece<'a>) -> Option<Self> {
        let Some(raw) = piece.delta else { return Some(Self::Text(piece.text)) };
        let delta: Delta = serde_json::from_str(raw).ok()?;
        let json = delta.to_json();
        piece.text.is_empty().then_some(Self::Delta(delta, json))
    }

    fn bytes(&self) -> &str {
        match self {
            Self::Text(text) => text,
            Self::Delta(_, json) => json,
        }
    }
}

impl Written {
    /// Takes a piece; the fault that the worker has shown, if the pieces do not fit together.
    pub(super) fn take(&mut self, worker: WorkerId, piece: &Piece<'_>) -> Result<(), Fault> {
        if self.closed && self.by == Some(worker) {
            return Ok(());
        }
        let read = Read::of(piece).ok_or(Fault::WorkerError)?;
        let number = piece.number as usize;
        let is_known = |known: &str| known == read.bytes();
        if self.by != Some(worker) || (number == 0 && self.piece(0).is_some_and(|first| !is_known(first))) {
            self.begin_again(worker);
        }
        if let Some(known) = self.piece(number) {
            return if is_known(known) { Ok(()) } else { Err(Fault::WorkerError) };
        }
        let fits = number == self.pieces.len()
            && self.text_bytes + piece.text.len() <= LONGEST
            && self.stream.len() + read.bytes().len() <= MAX_STREAM_BYTES;
        if !fits || self.hash.push(piece.delta.unwrap_or(piece.text)) != piece.running_hash {
            return Err(Fault::WorkerError);
        }
        self.stream.push_str(read.bytes());
        let is_delta = matches!(read, Read::Delta(..));
        match read {
            Read::Text(text) => self.text_bytes += text.len(),
            Read::Delta(delta, _) => self.extras.push(delta).map_err(|_| Fault::WorkerError)?,
        }
        let before = self.pieces.last().map_or(0, |piece| piece.tokens);
        let counted = piece.tokens.map_or(before + 1, u64::from);
        let end = self.stream.len();
        self.pieces.push(Span { end, tokens: counted.max(before).min(end as u64), is_delta });
        Ok(())
    }

    /// Whether exactly one piece has come.
    pub(super) fn has_begun(&self) -> bool {
        self.pieces.len() == 1
    }

    fn start(&self, number: usize) -> usize {
        number.checked_sub(1).map_or(0, |before| self.pieces[before].end)
    }

    fn piece(&self, number: usize) -> Option<&str> {
        let piece = self.pieces.get(number)?;
        self.stream.get(self.start(number)..piece.end)
    }

    /// All text, without what came beside it.
    fn text(&self) -> String {
        let texts = self.pieces.iter().enumerate().filter(|(_, piece)| !piece.is_delta);
        texts.filter_map(|(number, _)| self.piece(number)).collect()
    }

    /// What follows a place, if there is more.
    pub(super) fn after(&mut self, place: &mut Mark) -> Option<News> {
        if place.beginning != self.beginning {
            *place = Mark { beginning: self.beginning, bytes: 0 };
            return Some(News::Again);
        }
        let number = self.pieces.partition_point(|piece| piece.end <= place.bytes);
        let first = self.pieces.get(number)?;
        // A place that no follower was ever told of is taken for the last one before it.
        let start = match first.is_delta {
            true => self.start(number),
            false => self.stream.floor_char_boundary(place.bytes),
        };
        let end = match first.is_delta {
            true => first.end,
            false => self.pieces[number..].iter().take_while(|piece| !piece.is_delta).last()?.end,
        };
        place.bytes = end;
        self.told = self.told.max(end);
        let said = self.stream[start..end].to_owned();
        Some(if first.is_delta { News::Delta(said, *place) } else { News::Text(said, *place) })
    }

    /// The same place, for somebody who does not know how often it began from nothing.
    pub(super) const fn place(&self, bytes: usize) -> Mark {
        Mark { beginning: self.beginning, bytes }
    }

    /// How many bytes of text there are, and everything beside.
    pub(super) fn relayed(&self) -> (usize, Extras) {
        (self.text_bytes, self.extras.clone())
    }

    /// Whether an answer is what was relayed of it, if anything was.
    pub(super) fn agrees(&self, text: &str, extras: &Extras) -> bool {
        (self.text_bytes == 0 || self.text() == text) && self.extras.agrees(extras)
    }

    /// Forgets what nobody was told of what a worker writes, and takes no more from him. What somebody was told ends
    /// with a piece, because news do.
    pub(super) fn break_off(&mut self, worker: WorkerId) -> Option<Told> {
        if self.by != Some(worker) {
            self.begin_again(worker);
        }
        self.closed = true;
        let pieces = self.pieces.partition_point(|piece| piece.end <= self.told);
        self.stream.truncate(self.told);
        self.pieces.truncate(pieces);
        let tokens = self.pieces.last()?.tokens;
        let mut extras = Extras::default();
        let deltas = self.pieces.iter().enumerate().filter(|(_, piece)| piece.is_delta);
        for delta in deltas.filter_map(|(number, _)| serde_json::from_str(self.piece(number)?).ok()) {
            extras.push(delta).ok()?; // It was pushed before, in the same order.
        }
        self.extras = extras.clone();
        let text = self.text();
        self.text_bytes = text.len();
        Some(Told { text, extras, tokens })
    }

    fn begin_again(&mut self, worker: WorkerId) {
        let beginning = self.beginning + u32::from(!self.stream.is_empty());
        *self = Self { by: Some(worker), beginning, ..Self::default() };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use docket_core::id::Attempt;
    use docket_protocol::digest::Digest;

    const ANN: WorkerId = WorkerId([1; 32]);
    const BOB: WorkerId = WorkerId([2; 32]);

    /// Takes the pieces of a text from their first on, each with the running hash that belongs to it.
    fn take(written: &mut Written, worker: WorkerId, pieces: &[&str]) -> Result<(), Fault> {
        let mut hash = RunningHash::default();
        (0..).zip(pieces).try_for_each(|(number, text)| {
            let piece = Piece {
                attempt: Attempt::default(),
                number,
                text,
                delta: None,
                running_hash: hash.push(text),
                tokens: None,
            };
            written.take(worker, &piece)
        })
    }

    #[test]
    fn what_is_sent_again_is_told_once() {
        let (mut written, mut place) = (Written::default(), Mark::default());
        take(&mut written, ANN, &["Grü", "ße"]).unwrap();
        let told = News::Text("Grüße".to_owned(), Mark { beginning: 0, bytes: 7 });
        assert_eq!(written.after(&mut place), Some(told));
        take(&mut written, ANN, &["Grü", "ße", "!"]).unwrap();
        let told = News::Text("!".to_owned(), Mark { beginning: 0, bytes: 8 });
        assert_eq!((written.after(&mut place), written.after(&mut place)), (Some(told), None));
    }

    #[test]
    fn what_nobody_was_told_is_no_part_of_a_broken_answer() {
        let (mut written, mut place) = (Written::default(), Mark::default());
        take(&mut written, ANN, &["one ", "two "]).unwrap();
        assert_eq!(written.break_off(ANN), None);
        take(&mut written, ANN, &["one ", "two ", "three"]).unwrap();
        assert_eq!(written.after(&mut place), None, "she has said it too late");
        take(&mut written, BOB, &["eins ", "zwei "]).unwrap();
        let told = News::Text("eins zwei ".to_owned(), Mark { beginning: 0, bytes: 10 });
        assert_eq!(written.after(&mut place), Some(told), "of the first nobody ever heard");
        take(&mut written, BOB, &["eins ", "zwei ", "drei"]).unwrap();
        let part = Told { text: "eins zwei ".to_owned(), extras: Extras::default(), tokens: 2 };
        assert_eq!(written.break_off(BOB), Some(part.clone()));
        take(&mut written, BOB, &["eins ", "zwei ", "drei", "vier"]).unwrap();
        assert_eq!(written.break_off(BOB), Some(part));
        assert_eq!(written.after(&mut place), None, "nobody is told what is not paid");
    }

    #[test]
    fn who_begins_from_nothing_is_told_from_nothing() {
        let (mut written, mut place) = (Written::default(), Mark::default());
        take(&mut written, ANN, &["one ", "two"]).unwrap();
        written.after(&mut place);
        for (beginning, worker, text) in [(1, BOB, "eins"), (2, BOB, "uno"), (3, ANN, "uno")] {
            take(&mut written, worker, &[text]).unwrap();
            assert_eq!(written.after(&mut place), Some(News::Again));
            let told = News::Text(text.to_owned(), Mark { beginning, bytes: text.len() });
            assert_eq!((written.after(&mut place), written.after(&mut place)), (Some(told), None));
        }
    }

    #[test]
    fn pieces_that_do_not_fit_together_are_a_fault() {
        let fault = Err(Fault::WorkerError);
        let text = "one".to_owned();
        let piece = |number, text, hash: &str| Piece {
            attempt: Attempt::default(),
            number,
            text,
            delta: None,
            running_hash: Digest::of(hash.as_bytes()),
            tokens: None,
        };
        let mut written = Written::default();
        take(&mut written, ANN, &[&text, "two"]).unwrap();
        assert_eq!(written.take(ANN, &piece(3, "four", "onetwofour")), fault, "a gap");
        assert_eq!(written.take(ANN, &piece(1, "zwei", "onezwei")), fault, "another second piece");
        assert_eq!(written.take(ANN, &piece(2, "three", "onetwo")), fault, "another hash");
        let long = "x".repeat(LONGEST);
        assert_eq!(take(&mut Written::default(), ANN, &[&long, "y"]), fault, "too long");
    }

    #[test]
    fn a_place_in_the_middle_of_a_character_is_taken_for_the_one_before() {
        let mut written = Written::default();
        take(&mut written, ANN, &["aü"]).unwrap();
        let mut place = Mark { beginning: 0, bytes: 2 };
        let told = News::Text("ü".to_owned(), Mark { beginning: 0, bytes: 3 });
        assert_eq!(written.after(&mut place), Some(told));
    }

    const CALL: &str =
        r#"{"tool_calls":[{"index":0,"id":"c1","type":"function","function":{"name":"rain"}}]}"#;
    const MORE: &str = r#"{"tool_calls":[{"index":0,"function":{"arguments":"{}"}}]}"#;

    /// Takes pieces from their first on; those that begin with a brace are deltas.
    fn take_all(written: &mut Written, pieces: &[&str]) -> Result<(), Fault> {
        let mut hash = RunningHash::default();
        (0..).zip(pieces).try_for_each(|(number, said)| {
            let is_delta = said.starts_with('{');
            let piece = Piece {
                attempt: Attempt::default(),
                number,
                text: if is_delta { "" } else { said },
                delta: is_delta.then_some(said),
                running_hash: hash.push(said),
                tokens: None,
            };
            written.take(ANN, &piece)
        })
    }

    fn called(arguments: &str) -> Extras {
        let json = format!(
            r#"{{"tool_calls":[{{"id":"c1","type":"function","function":{{"name":"rain","arguments":"{arguments}"}}}}]}}"#
        );
        serde_json::from_str(&json).unwrap()
    }

    #[test]
    fn what_comes_beside_text_is_told_in_its_place_and_can_be_taken_up_again() {
        let (mut written, mut place) = (Written::default(), Mark::default());
        take_all(&mut written, &["one ", "two", CALL, MORE, "three"]).unwrap();
        let mut news = Vec::new();
        let mut places = Vec::new();
        while let Some(said) = written.after(&mut place) {
            places.push(place);
            news.push(match said {
                News::Text(said, _) | News::Delta(said, _) => said,
                News::Again => panic!("nobody began again"),
            });
        }
        let normal = |json| serde_json::from_str::<Delta>(json).unwrap().to_json();
        assert_eq!(news, ["one two", &normal(CALL), &normal(MORE), "three"]);
        for (number, place) in places.into_iter().enumerate() {
            let next = written.after(&mut place.clone());
            assert_eq!(next.is_some(), number < 3);
            if let Some(News::Text(said, _) | News::Delta(said, _)) = next {
                assert_eq!(said, news[number + 1]);
            }
        }
        let inside = written.after(&mut Mark { beginning: 0, bytes: 9 });
        assert!(matches!(inside, Some(News::Delta(said, _)) if said == news[1]), "it is told whole");
        assert!(written.agrees("one twothree", &called("{}")));
        assert!(!written.agrees("one two", &called("{}")) && !written.agrees("one twothree", &called("{1}")));
    }

    #[test]
    fn a_broken_answer_has_what_was_told_of_everything() {
        let (mut written, mut place) = (Written::default(), Mark::default());
        take_all(&mut written, &["one ", CALL, MORE]).unwrap();
        written.after(&mut place);
        written.after(&mut place);
        let told = written.break_off(ANN).unwrap();
        assert_eq!((told.text.as_str(), told.extras, told.tokens), ("one ", called(""), 2));
        assert_eq!(written.after(&mut place), None, "nobody is told what is not paid");
    }

    #[test]
    fn what_cannot_stand_beside_text_is_a_fault() {
        for wrong in [r#"{"tool_calls":7}"#, r#"{"tool_calls":"#, MORE] {
            assert_eq!(take_all(&mut Written::default(), &[wrong]), Err(Fault::WorkerError), "{wrong}");
        }
        let hash = Digest::of(CALL.as_bytes());
        let both = Piece {
            attempt: Attempt::default(),
            number: 0,
            text: "x",
            delta: Some(CALL),
            running_hash: hash,
            tokens: None,
        };
        assert_eq!(Written::default().take(ANN, &both), Err(Fault::WorkerError));
    }
}
