//! Ends an answer at a stop sequence, also one that arrives in pieces, and never shows any part of it.

/// Lets text through up to the first stop sequence, holding back an end that may yet become one.
pub(crate) struct StopFilter<'a> {
    stops: &'a [String],
    held: String,
}

/// What a piece of text led to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Passed {
    /// This much may be shown; go on.
    Open(String),
    /// This much may be shown, then a stop sequence stood.
    Stopped(String),
}

impl<'a> StopFilter<'a> {
    pub(crate) fn new(stops: &'a [String]) -> Self {
        Self { stops, held: String::new() }
    }

    pub(crate) fn push(&mut self, piece: &str) -> Passed {
        self.held.push_str(piece);
        let found =
            self.stops.iter().filter(|stop| !stop.is_empty()).filter_map(|stop| self.held.find(stop)).min();
        if let Some(at) = found {
            self.held.truncate(at);
            return Passed::Stopped(std::mem::take(&mut self.held));
        }
        let kept = self.held.split_off(self.held.len() - self.pending());
        Passed::Open(std::mem::replace(&mut self.held, kept))
    }

    /// What was held back in vain, when the answer ends by itself.
    pub(crate) fn finish(self) -> String {
        self.held
    }

    /// The length of the longest end of the held text that begins some stop sequence.
    fn pending(&self) -> usize {
        let starts = self.held.char_indices().map(|(at, _)| at);
        starts
            .map(|at| &self.held[at..])
            .find(|end| self.stops.iter().any(|stop| stop.starts_with(*end)))
            .map_or(0, str::len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stops(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn a_stop_sequence_in_pieces_is_found_and_not_shown() {
        let stops = stops(&["\n\nQ:"]);
        let mut filter = StopFilter::new(&stops);
        assert_eq!(filter.push("Four.\n"), Passed::Open("Four.".into()));
        assert_eq!(filter.push("\n"), Passed::Open(String::new()));
        assert_eq!(filter.push("Q: next"), Passed::Stopped(String::new()));
    }

    #[test]
    fn a_start_that_comes_to_nothing_is_let_through() {
        let stops = stops(&["END"]);
        let mut filter = StopFilter::new(&stops);
        assert_eq!(filter.push("the EN"), Passed::Open("the ".into()));
        assert_eq!(filter.push("GINE E"), Passed::Open("ENGINE ".into()));
        assert_eq!(filter.finish(), "E");
    }

    #[test]
    fn the_earliest_of_several_stops_wins_and_multibyte_text_is_cut_whole() {
        let stops = stops(&["ü!", "ß"]);
        let mut filter = StopFilter::new(&stops);
        assert_eq!(filter.push("grüße ü"), Passed::Stopped("grü".into()));
    }

    #[test]
    fn without_stops_nothing_is_held() {
        let mut filter = StopFilter::new(&[]);
        assert_eq!(filter.push("abc"), Passed::Open("abc".into()));
        assert_eq!(filter.finish(), "");
    }
}
