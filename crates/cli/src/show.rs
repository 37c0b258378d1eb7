//! How values are written for people.

use serde::Deserialize;
use std::io::{IsTerminal, Write};

/// An amount as the coordinator writes it.
#[derive(Deserialize, Clone, Debug)]
pub(crate) struct Money {
    units: String,
    asset: String,
    decimals: usize,
}

impl Money {
    pub(crate) fn new(units: String, asset: String, decimals: u8) -> Self {
        Self { units, asset, decimals: decimals.into() }
    }
}

impl std::fmt::Display for Money {
    /// Whole coins with all digits behind the point, and the asset.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (sign, digits) = match self.units.strip_prefix('-') {
            Some(digits) => ("-", digits),
            None => ("", self.units.as_str()),
        };
        let padded = format!("{digits:0>width$}", width = self.decimals + 1);
        let (whole, rest) = padded.split_at(padded.len() - self.decimals);
        let point = if rest.is_empty() { "" } else { "." };
        f.pad(&format!("{sign}{whole}{point}{rest} {}", self.asset))
    }
}

/// A key, short enough for a table.
pub(crate) fn short(key: &str) -> &str {
    key.get(..12).unwrap_or(key)
}

/// Text from elsewhere, without what would move the cursor.
pub(crate) fn plain(text: &str) -> String {
    text.replace(|letter: char| letter.is_control() && letter != '\n' && letter != '\t', "\u{fffd}")
}

/// Says on standard error that a list is empty, so that a program that reads the list reads nothing.
pub(crate) fn empty(why: &str) {
    eprintln!("docket: {why}");
}

/// An error with its causes, none said twice.
pub(crate) fn words(error: &anyhow::Error) -> String {
    error.chain().map(ToString::to_string).fold(String::new(), |words, cause| match words.is_empty() {
        true => cause,
        // Some errors already say what caused them.
        false if words.ends_with(&cause) => words,
        false => format!("{words}: {cause}"),
    })
}

/// One line on a terminal's standard error that is written over and over; nothing elsewhere.
pub(crate) struct Progress {
    shown: bool,
    terminal: bool,
}

impl Progress {
    pub(crate) fn new(quiet: bool) -> Self {
        Self { shown: false, terminal: !quiet && std::io::stderr().is_terminal() }
    }

    /// Shows a line in place of the last one.
    pub(crate) fn show(&mut self, line: &str) {
        if self.terminal {
            eprint!("\r\x1b[2K{line}");
            std::io::stderr().flush().ok(); // Nothing depends on it.
            self.shown = true;
        }
    }

    /// Takes the line away.
    pub(crate) fn end(&mut self) {
        if std::mem::take(&mut self.shown) {
            eprint!("\r\x1b[2K");
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.end();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_is_said_once() {
        let cause = anyhow::anyhow!("no such file");
        let error = cause.context("not read: no such file").context("the key");
        assert_eq!(words(&error), "the key: not read: no such file");
    }

    #[test]
    fn money_has_all_its_digits() {
        let text =
            |units: &str, decimals| Money::new(units.to_owned(), "USDC".to_owned(), decimals).to_string();
        assert_eq!(text("10000", 6), "0.010000 USDC");
        assert_eq!(text("-12345678", 6), "-12.345678 USDC");
        assert_eq!(text("0", 6), "0.000000 USDC");
        assert_eq!(text("7", 0), "7 USDC");
    }
}
