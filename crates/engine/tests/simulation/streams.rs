//! Answers that are given piece by piece: what was sent of them, what was told, and what that costs.

use super::Found;
use super::dice::Dice;
use docket_core::event::Voucher;
use docket_core::hash::{ContentHash, Sha256};
use docket_core::id::{Attempt, WorkerId};
use docket_core::job::Job;
use docket_core::ledger::Account;
use docket_engine::{News, Piece};
use docket_protocol::digest::{Digest, RunningHash};
use docket_store::{Answer, TransferRow};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

/// One job in one worker's hands.
type Hands = (Arc<str>, WorkerId);

/// What workers meant to say, and what followers were told.
#[derive(Clone, Default)]
pub(crate) struct Streams(Rc<RefCell<Record>>);

#[derive(Default)]
struct Record {
    /// Every script that a worker began for a job.
    scripts: BTreeMap<Hands, Vec<Script>>,
    /// Of each answer in the coordinator's present life: how often it had begun again, and as much as somebody was told.
    told: BTreeMap<Arc<str>, (u32, String)>,
}

/// The pieces of an answer: each text, and how many tokens the worker counts up to its end, if it counts.
pub(crate) type Script = Arc<[(Arc<str>, Option<u32>)]>;

/// A piece on its way.
#[derive(Clone)]
pub(crate) struct Said {
    pub(crate) job: Arc<str>,
    attempt: Attempt,
    pub(crate) number: u32,
    text: Arc<str>,
    running_hash: Digest,
    tokens: Option<u32>,
}

impl Said {
    pub(crate) fn piece(&self) -> Piece<'_> {
        Piece {
            attempt: self.attempt,
            number: self.number,
            text: &self.text,
            delta: None,
            running_hash: self.running_hash,
            tokens: self.tokens,
        }
    }
}

/// An answer that a worker is giving.
pub(crate) struct Recital {
    pub(crate) attempt: Attempt,
    script: Script,
    next: usize,
    hash: RunningHash,
}

impl Recital {
    /// A new answer. No two begin alike, and some workers count more tokens than there can be, or none, or fewer and
    /// fewer.
    pub(crate) fn made(attempt: Attempt, dice: &mut Dice) -> Self {
        let counting = dice.below(5);
        let pieces = dice.between(1, 7).unsigned_abs();
        let first = dice.number();
        let text = |at: u64| -> Arc<str> {
            if at == 0 { format!("{first:x} ").into() } else { format!("w{at}ü ").into() }
        };
        let count = |at: u64| match counting {
            0 => None,
            1 => Some(1_000 * (at + 1)),
            2 => Some(30_u64.saturating_sub(9 * at)),
            _ => Some(3 * (at + 1)),
        };
        let count = |at| count(at).map(|count| u32::try_from(count).expect("it is small"));
        let script = (0..pieces).map(|at| (text(at), count(at))).collect();
        Self { attempt, script, next: 0, hash: RunningHash::default() }
    }

    pub(crate) fn script(&self) -> &Script {
        &self.script
    }

    /// From its beginning.
    pub(crate) fn begin_again(&mut self) {
        (self.next, self.hash) = (0, RunningHash::default());
    }

    /// The next piece; `None` once all are said.
    pub(crate) fn say(&mut self, job: &Arc<str>) -> Option<Said> {
        let (text, tokens) = self.script.get(self.next)?.clone();
        let number = u32::try_from(self.next).expect("there are few");
        self.next += 1;
        let running_hash = self.hash.push(&text);
        Some(Said { job: job.clone(), attempt: self.attempt, number, text, running_hash, tokens })
    }

    /// A piece that does not fit to the others.
    pub(crate) fn garble(&mut self, job: &Arc<str>, dice: &mut Dice) -> Option<Said> {
        let mut said = self.say(job)?;
        match dice.below(3) {
            0 => said.running_hash = Digest::of(b"another text"),
            1 => said.number += 1,
            _ => said.attempt.number += 1,
        }
        Some(said)
    }

    pub(crate) fn text(&self) -> String {
        self.script.iter().map(|(text, _)| &**text).collect()
    }

    /// As many tokens as the worker counts in all of it.
    pub(crate) fn tokens(&self) -> u64 {
        self.script.last().and_then(|(_, tokens)| *tokens).map_or(self.script.len() as u64, u64::from)
    }
}

impl Streams {
    /// A worker begins to answer.
    pub(crate) fn began(&self, job: &Arc<str>, worker: WorkerId, script: &Script) {
        self.0.borrow_mut().scripts.entry((job.clone(), worker)).or_default().push(script.clone());
    }

    /// How much of an answer somebody was told, in bytes.
    pub(crate) fn told(&self, job: &str) -> usize {
        self.0.borrow().told.get(job).map_or(0, |(_, text)| text.len())
    }

    /// Somebody is told something. All are told the same.
    pub(crate) fn hear(&self, job: &Arc<str>, news: News) -> Found {
        let News::Text(text, place) = news else { return Ok(()) };
        let mut record = self.0.borrow_mut();
        let (beginning, told) = record.told.entry(job.clone()).or_default();
        if *beginning < place.beginning {
            (*beginning, *told) = (place.beginning, String::new());
        }
        let start = place.bytes - text.len();
        let known =
            told.get(start..).ok_or_else(|| format!("of {job} nobody was told what is before {start}"))?;
        if *beginning != place.beginning || !(text.starts_with(known) || known.starts_with(&text)) {
            return Err(format!("of {job} some were told {known:?} and some {text:?}"));
        }
        if text.len() > known.len() {
            told.replace_range(start.., &text);
        }
        Ok(())
    }

    /// The coordinator is gone, and with it all that it had not written down.
    pub(crate) fn forget_told(&self) {
        self.0.borrow_mut().told.clear();
    }

    /// Checks that a job that was just settled costs what was told of it, where its answer broke off.
    pub(crate) fn check(&self, job: &Job, answer: Option<&Answer>, moved: &[TransferRow]) -> Found {
        let name = &job.public_id.text;
        let wrong = |what: String| Err(format!("the answer to {name} {what}"));
        let Some(delivery) = job.delivery() else {
            return wrong("is settled and was not delivered".to_owned());
        };
        let whole = delivery.voucher == Voucher::Worker;
        let charge = job.policy.charge(job.price, delivery.usage.output, whole);
        let settled =
            moved.iter().filter(|leg| leg.event == "settled" && leg.from == Account::Escrow(job.id));
        let charged: u128 = settled
            .filter(|leg| !matches!(leg.to, Account::Client(_) | Account::Outside(_)))
            .map(|leg| leg.amount.units)
            .sum();
        if charged != charge.units || charged > job.price.units {
            return wrong(format!("costs {charged} of {}, and should {}", job.price.units, charge.units));
        }
        if whole {
            return Ok(());
        }
        let record = self.0.borrow();
        let told = record.told.get(name).map_or("", |(_, text)| text);
        if told.is_empty() {
            return wrong("broke off before anybody was told anything, and is settled".to_owned());
        }
        let output = answer.map(|answer| String::from_utf8_lossy(&answer.output).into_owned());
        let output = output.unwrap_or_default();
        if !output.contains(&format!("\"text\":\"{told}\""))
            || ContentHash::from(Sha256::of(output.as_bytes())) != delivery.output
        {
            return wrong(format!("is kept as {output:?}, and told was {told:?}"));
        }
        let worker = delivery.worker().expect("only workers deliver here");
        let scripts = record.scripts.get(&(name.clone(), worker)).into_iter().flatten();
        let tokens = scripts.rev().find_map(|script| lower_count(script, told));
        if tokens == Some(delivery.usage.output) {
            return Ok(());
        }
        wrong(format!("has {} tokens up to {told:?}, and should {tokens:?}", delivery.usage.output))
    }
}

/// How many tokens the beginning of an answer has, by the worker's count and by one for each byte, whichever is lower;
/// `None` if it is not the beginning of this answer, or does not end with a piece.
fn lower_count(script: &Script, told: &str) -> Option<u64> {
    let (mut tokens, mut bytes) = (0, 0);
    for (text, counted) in script.iter() {
        let counted = counted.map_or(tokens + 1, u64::from);
        if told.get(bytes..bytes + text.len()) != Some(text) {
            return None;
        }
        bytes += text.len();
        tokens = counted.max(tokens).min(bytes as u64);
        if bytes == told.len() {
            return Some(tokens);
        }
    }
    None
}
