//! Every ending of such a job: who gets each unit, by which accounts, and what is said of each agent.

use super::sample::{BUDGET, CLIENT, EVALUATOR, JURORS, PLAIN, PROVIDER, Sample, wallet};
use crate::golden;
use docket_core::agent::role::{Level, Strategy};
use docket_core::agent::score::Deed;
use docket_core::agent::standing::Note;
use docket_core::change::Change;
use docket_core::id::{AgentId, Dialect};
use docket_core::job::Job;
use docket_core::ledger::{Account, Transfer};
use docket_core::time::Timestamp;
use std::collections::BTreeMap;
use std::fmt::Write as _;

const DONE: &str = "create fund engage appoint submit";
const LATE: &str = "create fund engage appoint @deadline submit";

/// What moves before the end: the name, the way, and the word that moves it.
const BEGINNINGS: [(&str, &str, &str); 6] = [
    ("created", "", "create"),
    ("engaged", "create", "engage"),
    ("appointed", "create", "appoint"),
    ("funded", "create", "fund"),
    ("completed", DONE, "complete"),
    ("disputed", "create fund engage appoint submit complete", "dispute-by-client"),
];

/// What ends a job: the name, the way, and the word that ends it. `D` stands for a job that is done, `L` for one that was
/// done late, `P` and `C` for disputes by the provider and the client, digits for the votes in their order, 1 to overturn.
const ENDINGS: [(&str, &str, &str); 46] = [
    ("cancelled, open", "create", "cancel"),
    ("cancelled, funded", "create fund", "cancel"),
    ("cancelled, evaluator there", "create fund appoint", "cancel"),
    ("cancelled by the operator", "create fund engage appoint", "cancel-by-operator"),
    ("evaluator stepped back", "create fund engage appoint", "step-back"),
    ("expired, open", "create appoint", "lapse"),
    ("expired, never paid in", "create engage appoint", "lapse"),
    ("expired, no provider", "create fund appoint", "lapse"),
    ("reclaimed, no provider", "create fund appoint @just-before-deadline", "lapse"),
    ("reclaimed within the grace", "create fund engage appoint @deadline", "reclaim"),
    ("reclaimed after the grace", "create fund engage appoint", "lapse"),
    ("completed, early", "D complete", "lapse"),
    ("completed, just before half", "create fund engage appoint @just-before-half submit complete", "lapse"),
    ("completed, half of the time", "create fund engage appoint @half submit complete", "lapse"),
    ("completed, late", "L complete", "lapse"),
    ("silent evaluator", "D lapse", "lapse"),
    ("silent evaluator, late", "L lapse", "lapse"),
    ("no evaluator", "create fund engage submit lapse", "lapse"),
    ("no evaluator, late", "create fund engage @deadline submit lapse", "lapse"),
    ("rejected", "D reject", "lapse"),
    ("rejected, late", "L reject", "lapse"),
    ("rejected, garbage", "D reject-garbage", "lapse"),
    ("rejected, garbage, late", "L reject-garbage", "lapse"),
    ("rejected, bad faith", "D reject-bad-faith", "lapse"),
    ("rejected, bad faith, late", "L reject-bad-faith", "lapse"),
    ("upheld, completed", "D complete C 000", "lapse"),
    ("upheld by two, completed", "D complete C 001", "lapse"),
    ("overturned, completed", "D complete C 111", "lapse"),
    ("overturned by two, completed", "D complete C 110", "lapse"),
    ("overturned, borderline", "D complete-borderline C 111", "lapse"),
    ("overturned by two, borderline", "D complete-borderline C 110", "lapse"),
    ("upheld, borderline", "D complete-borderline C 000", "lapse"),
    ("overturned, late", "L complete C 111", "lapse"),
    ("upheld, rejected", "D reject P 000", "lapse"),
    ("upheld, garbage", "D reject-garbage P 000", "lapse"),
    ("overturned, rejected", "D reject P 111", "lapse"),
    ("overturned, garbage", "D reject-garbage P 111", "lapse"),
    ("no quorum, garbage", "D reject-garbage P 01-", "lapse"),
    ("no quorum, bad faith", "D reject-bad-faith P 01-", "lapse"),
    ("no quorum, completed", "D complete C 01-", "lapse"),
    ("nobody votes", "D complete C ---", "lapse"),
    ("one is silent, overturned", "D complete C 11-", "lapse"),
    ("no seats", "D complete dispute-with-nobody", "lapse"),
    (
        "two seats, overturned",
        "D complete dispute-with-two commit-1-overturn commit-2-overturn reveal-1-overturn reveal-2-overturn",
        "lapse",
    ),
    ("overturned, silent evaluator", "D lapse C 111", "lapse"),
    ("upheld, silent evaluator", "D lapse C 000", "lapse"),
];

/// Those that cost somebody another share when it is not the first time.
const REPEATED: [&str; 14] = [
    "reclaimed within the grace",
    "reclaimed after the grace",
    "completed, late",
    "silent evaluator",
    "silent evaluator, late",
    "rejected",
    "rejected, late",
    "rejected, garbage",
    "rejected, bad faith",
    "overturned, completed",
    "overturned, borderline",
    "overturned by two, borderline",
    "upheld, garbage",
    "overturned, silent evaluator",
];

/// A way with its abbreviations spelt out.
pub(super) fn spelt(way: &str) -> String {
    let words = way.split_whitespace().map(|word| match word {
        "D" => DONE.to_owned(),
        "L" => LATE.to_owned(),
        "C" => "dispute-by-client".to_owned(),
        "P" => "dispute-by-provider".to_owned(),
        votes if votes.len() == 3 && votes.chars().all(|vote| "01-".contains(vote)) => voted(votes),
        word => word.to_owned(),
    });
    words.collect::<Vec<_>>().join(" ")
}

/// Those who vote commit at once and reveal when the time has come.
fn voted(votes: &str) -> String {
    let cast = |what: &str| {
        let seats = (1..).zip(votes.chars()).filter(|(_, vote)| *vote != '-');
        let words = seats
            .map(|(seat, vote)| format!("{what}-{seat}-{}", if vote == '1' { "overturn" } else { "uphold" }));
        words.collect::<Vec<_>>().join(" ")
    };
    format!("{} @committed {}", cast("commit"), cast("reveal"))
}

/// The end of a job: as it stood before, and what happened.
pub(super) fn ended(sample: &Sample, way: &str, word: &str) -> (Job, Change) {
    let (job, now) = sample.reached(&spelt(way));
    let at = if word == "lapse" { job.state.deadline().expect("it is not final") } else { now };
    let change = sample.tell(&job, word, at).unwrap_or_else(|refusal| panic!("{way} {word}: {refusal}"));
    (job, change)
}

/// All endings of the table.
pub(super) fn endings() -> impl Iterator<Item = (&'static str, String, &'static str)> {
    ENDINGS.into_iter().map(|(name, way, word)| (name, spelt(way), word))
}

#[test]
fn every_unit_of_every_ending_of_a_hire_goes_where_the_published_table_says() {
    let mut text = format!(
        "a budget of {} units, judged by criteria; everybody's score is 70 and this is his first violation\n\n",
        BUDGET.units
    );
    for (name, way, word) in BEGINNINGS {
        write_end(&mut text, name, &ended(&PLAIN, way, word));
    }
    for (name, way, word) in ENDINGS {
        write_end(&mut text, name, &ended(&PLAIN, way, word));
    }
    text.push_str("\n\nby the level that the work reached\n\n");
    for (name, strategy, word) in [
        ("L0", Strategy::Rubric, "D complete-l0"),
        ("L1", Strategy::Rubric, "D complete-l1"),
        ("L2", Strategy::Program, "D complete-l2"),
        ("L3", Strategy::Program, "D complete-l3"),
        ("L3, hybrid", Strategy::Hybrid, "D complete-l3"),
    ] {
        write_end(&mut text, name, &ended(&Sample { strategy, ..PLAIN }, word, "lapse"));
    }
    text.push_str("\n\nthe third refused delivery in a row\n\n");
    let third = Sample { rejections: 2, ..PLAIN };
    for (name, way) in [
        ("third, rejected", "D reject"),
        ("third, late", "L reject"),
        ("third, garbage", "D reject-garbage"),
        ("third, bad faith", "D reject-bad-faith"),
        ("third, upheld", "D reject P 000"),
        ("third, overturned", "D reject P 111"),
        ("third, no quorum", "D reject P 01-"),
    ] {
        write_end(&mut text, name, &ended(&third, way, "lapse"));
    }
    text.push_str("\n\ntwo violations are remembered of everybody\n\n");
    let repeated = Sample { violations: 2, ..PLAIN };
    for (name, way, word) in ENDINGS.into_iter().filter(|(name, ..)| REPEATED.contains(name)) {
        write_end(&mut text, name, &ended(&repeated, way, word));
    }
    let again = Sample { rejections: 2, ..repeated };
    write_end(&mut text, "third, rejected", &ended(&again, "D reject", "lapse"));
    golden::check("hire-endings.txt", &text);
}

pub(super) fn write_end(text: &mut String, name: &str, (_, change): &(Job, Change)) {
    let mut name = name;
    for Transfer { from, to, amount } in &change.transfers {
        let (from, to) = (place(from), place(to));
        writeln!(text, "  {name:<30}  {from:<17} -> {to:<17}  {:>12}", amount.units)
            .expect("a string takes all");
        name = "";
    }
    if change.transfers.is_empty() {
        writeln!(text, "  {name:<30}  nothing moves").expect("a string takes all");
    }
    let mut said: BTreeMap<AgentId, Vec<String>> = BTreeMap::new();
    for (agent, note) in &change.notes {
        // Locks are said by the transfers above.
        if !matches!(note, Note::Locked(_) | Note::Unlocked(_)) {
            said.entry(*agent).or_default().push(written(note));
        }
    }
    for (agent, notes) in said {
        writeln!(text, "  {:<30}  {:<17} {}", "", title(agent), notes.join(", "))
            .expect("a string takes all");
    }
}

fn written(note: &Note) -> String {
    match note {
        Note::Locked(units) => format!("locked {units}"),
        Note::Unlocked(units) => format!("unlocked {units}"),
        Note::Deed(deed) => format!("{:+} {}", deed.points(), deed_name(*deed)),
        Note::Ended { completed, on_time, level } => format!(
            "{}{}{}",
            if *completed { "completed" } else { "not completed" },
            if *on_time { "" } else { " late" },
            level.map_or(String::new(), |level| format!(" at {}", level.name())),
        ),
        Note::Worked { paid } => if *paid { "paid" } else { "lost" }.to_owned(),
        Note::Judged { approved } => if *approved { "approved" } else { "refused" }.to_owned(),
        Note::Verdict { passed, borderline, overturned } => format!(
            "verdict {}{}{}",
            if *passed { "passed" } else { "failed" },
            if *borderline { " closely" } else { "" },
            if *overturned { ", overturned" } else { "" },
        ),
        Note::Disputed { won } => if *won { "dispute won" } else { "dispute lost" }.to_owned(),
        Note::Sat => "sat".to_owned(),
        Note::Violated => "VIOLATED".to_owned(),
        Note::Clean => "clean".to_owned(),
    }
}

fn deed_name(deed: Deed) -> String {
    match deed {
        Deed::Completed(Level::L0) => "completed l0".to_owned(),
        Deed::Completed(level) => format!("completed {}", level.name()),
        deed => format!("{deed:?}").to_lowercase(),
    }
}

fn title(agent: AgentId) -> String {
    match agent {
        CLIENT => "client".to_owned(),
        PROVIDER => "provider".to_owned(),
        EVALUATOR => "evaluator".to_owned(),
        agent => {
            let seat = JURORS.iter().position(|juror| *juror == agent);
            seat.map_or(format!("agent {}", agent.0), |seat| format!("seat {}", seat + 1))
        }
    }
}

/// An account by who has it.
fn place(account: &Account) -> String {
    let agents = [CLIENT, PROVIDER, EVALUATOR].into_iter().chain(JURORS);
    match account {
        Account::Client(client) => {
            let owner = agents.into_iter().find(|agent| wallet(*agent).client(Dialect::Agents) == *client);
            owner.map_or("somebody".to_owned(), title)
        }
        Account::Stake(agent) => format!("stake {}", title(*agent)),
        Account::Locked(agent, _) => format!("lock {}", title(*agent)),
        Account::Escrow(_) => "escrow".to_owned(),
        Account::Vesting(_) => "vesting".to_owned(),
        Account::Deposit(_) => "deposit".to_owned(),
        Account::Treasury => "treasury".to_owned(),
        other => other.to_string(),
    }
}

#[test]
fn an_ending_empties_all_accounts_of_its_job() {
    for (name, way, word) in endings() {
        for violations in [0, 2] {
            let sample = Sample { violations, ..PLAIN };
            let held = books(&sample, &way, word);
            for (account, units) in held {
                assert!(account.job().is_none() || units == 0, "{name}: {account} has {units}");
            }
        }
    }
}

/// What every account has after an ending, where none had anything before.
pub(super) fn books(sample: &Sample, way: &str, word: &str) -> BTreeMap<Account, i128> {
    let mut held: BTreeMap<Account, i128> = BTreeMap::new();
    let mut book = |transfers: &[Transfer]| {
        for Transfer { from, to, amount } in transfers {
            let units = i128::try_from(amount.units).expect("the sample is small");
            *held.entry(from.clone()).or_default() -= units;
            *held.entry(to.clone()).or_default() += units;
        }
    };
    let words: Vec<&str> = way.split_whitespace().collect();
    for (before, word) in words.iter().enumerate().filter(|(_, word)| !word.starts_with('@')) {
        let (job, now) = sample.reached(&words[..before].join(" "));
        let at = if *word == "lapse" { job.state.deadline().unwrap_or(now) } else { now };
        book(&sample.tell(&job, word, at).expect("the way is open").transfers);
    }
    let (_, change) = ended(sample, way, word);
    book(&change.transfers);
    assert_eq!(held.values().sum::<i128>(), 0);
    held
}

#[test]
fn only_the_last_event_of_a_job_opens_its_locks() {
    for (name, way, word) in endings() {
        let (job, change) = ended(&PLAIN, &way, word);
        let after = crate::sample::after(&change);
        let hire = after.hire.as_ref().expect("the sample is a hire");
        assert!(after.state.is_final(), "{name}");
        assert!(hire.seats().all(|(_, seat)| seat.released == Some(change.at)), "{name}");
        let before = job.hire.as_ref().expect("the sample is a hire");
        assert!(before.seats().all(|(_, seat)| seat.released.is_none()), "{name}");
        assert!(change.at > Timestamp(0));
    }
}
