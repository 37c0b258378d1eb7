//! Messages between workers and the coordinator: delayed, overtaken, doubled and lost.

use super::dice::Dice;
use super::streams::Said;
use docket_core::event::Fault;
use docket_core::time::{Millis, Timestamp};
use docket_engine::{Arrival, ToWorker};
use std::sync::Arc;

/// Names one connection between a worker and the coordinator, from its first knock on.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Link(pub(crate) u64);

/// A message on its way.
#[derive(Clone)]
pub(crate) enum Packet {
    ToWorker(ToWorker),
    FromWorker(Say),
}

/// What a worker says.
#[derive(Clone)]
pub(crate) enum Say {
    Alive,
    Accept(Arc<str>),
    Piece(Box<Said>),
    /// Whether it follows pieces.
    Complete {
        arrival: Box<Arrival>,
        streamed: bool,
    },
    HandBack(Arc<str>, Fault),
    Drain,
}

/// The wires.
#[derive(Default)]
pub(crate) struct Network {
    under_way: Vec<(Timestamp, Link, Packet)>,
}

impl Network {
    /// Sends something: most of it arrives, most of that soon.
    pub(crate) fn send(&mut self, dice: &mut Dice, now: Timestamp, link: Link, packet: Packet) {
        let copies = match dice.below(100) {
            0..3 => 0,
            3..7 => 2,
            _ => 1,
        };
        for _ in 0..copies {
            if let Some(job) = packet.streams()
                && dice.percent(98)
            {
                // It does not overtake what was said of the same answer before.
                let before = self
                    .under_way
                    .iter()
                    .filter(|(_, other, packet)| *other == link && packet.streams() == Some(job));
                let delay = if dice.percent(1) { dice.between(500, 8_000) } else { dice.between(0, 20) };
                let due = before.map(|(due, ..)| *due).max().unwrap_or(now).max(now + Millis(delay));
                self.under_way.push((due, link, packet.clone()));
                continue;
            }
            let delay = if dice.percent(5) { dice.between(1_000, 20_000) } else { dice.between(0, 80) };
            self.under_way.push((now + Millis(delay), link, packet.clone()));
        }
    }

    /// Something that has arrived by now, in an order of chance.
    pub(crate) fn arrive(&mut self, dice: &mut Dice, now: Timestamp) -> Option<(Link, Packet)> {
        let here = |(_, (due, ..)): &(usize, &(Timestamp, Link, Packet))| *due <= now;
        let arrived: Vec<usize> = self.under_way.iter().enumerate().filter(here).map(|(at, _)| at).collect();
        let mut at = (!arrived.is_empty()).then(|| *dice.pick(&arrived))?;
        let (_, link, packet) = &self.under_way[at];
        if let Some(job) = packet.streams() {
            let first = |(_, other, packet): &(Timestamp, Link, Packet)| {
                other == link && packet.streams() == Some(job)
            };
            at = arrived.into_iter().find(|at| first(&self.under_way[*at])).unwrap_or(at);
        }
        let (_, link, packet) = self.under_way.remove(at);
        Some((link, packet))
    }

    /// A connection has ended, and what was on it is gone.
    pub(crate) fn cut(&mut self, link: Link) {
        self.under_way.retain(|(_, other, _)| *other != link);
    }

    /// When the next message arrives.
    pub(crate) fn next(&self) -> Option<Timestamp> {
        self.under_way.iter().map(|(due, ..)| *due).min()
    }
}

impl Packet {
    /// The job of whose answer it is a piece, or the end after all pieces.
    fn streams(&self) -> Option<&Arc<str>> {
        match self {
            Self::FromWorker(Say::Piece(said)) => Some(&said.job),
            Self::FromWorker(Say::Complete { arrival, streamed: true }) => Some(&arrival.job),
            Self::FromWorker(_) | Self::ToWorker(_) => None,
        }
    }
}

impl Say {
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Alive => "alive".to_owned(),
            Self::Accept(job) => format!("accept {job}"),
            Self::Piece(said) => format!("piece {} of {}", said.number, said.job),
            Self::Complete { arrival, .. } => format!("complete {}", arrival.job),
            Self::HandBack(job, reason) => format!("hand back {job}: {}", reason.code()),
            Self::Drain => "drain".to_owned(),
        }
    }
}
