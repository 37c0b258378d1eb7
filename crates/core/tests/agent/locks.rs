//! What each role locks, by budget, level and score.

use super::coins;
use crate::golden;
use docket_core::agent::lock::Locks;
use docket_core::agent::role::{Level, Role};
use docket_core::agent::score::Score;
use std::fmt::Write as _;

const LOCKS: Locks = Locks::DOCUMENTED;
const SCORES: [u8; 7] = [100, 90, 70, 50, 33, 1, 0];

#[test]
fn every_role_locks_what_the_published_table_says() {
    let mut text = format!("least pool {}\n", coins(LOCKS.least_pool));
    writeln!(
        text,
        "documented: a budget of 1000, a provider of score 50 at l2: {}",
        coins(documented_example())
    )
    .expect("a string takes all");
    let budgets = [("a budget of 1000", 1_000_000_000), ("a budget of 0.000077", 77), ("no budget", 0)];
    for (title, budget) in budgets {
        write!(text, "\n{title}, by score\n\n  {:<13}", "").expect("a string takes all");
        for score in SCORES {
            write!(text, "{score:>14}").expect("a string takes all");
        }
        text.push('\n');
        for role in Role::ALL {
            let levels = if role == Role::Provider { &Level::ALL[..] } else { &Level::ALL[..1] };
            for level in levels {
                let label = if role == Role::Provider { level.name() } else { "" };
                write!(text, "  {:<13}", format!("{} {label}", role.name())).expect("a string takes all");
                for score in SCORES {
                    let lock = LOCKS.lock(role, *level, budget, Score::new(score));
                    write!(text, "{:>14}", coins(lock)).expect("a string takes all");
                }
                text.push('\n');
            }
        }
    }
    golden::check("agent-locks.txt", &text);
}

fn documented_example() -> u128 {
    LOCKS.lock(Role::Provider, Level::L2, 1_000_000_000, Score::new(50))
}

#[test]
fn the_documented_example_holds() {
    assert_eq!(documented_example(), 160_000_000);
}

#[test]
fn only_the_providers_lock_depends_on_the_level() {
    for role in [Role::Client, Role::Evaluator, Role::Arbitrator] {
        let of = |level| LOCKS.lock(role, level, 1_234_567, Score::NEW);
        assert!(Level::ALL.into_iter().all(|level| of(level) == of(Level::L0)), "{role:?}");
    }
}

#[test]
fn a_lock_that_cannot_be_counted_is_more_than_anybody_has() {
    let lock = |budget| LOCKS.lock(Role::Evaluator, Level::L0, budget, Score::new(1));
    assert_eq!(lock(u128::MAX), u128::MAX);
    assert_eq!(lock(u128::MAX / 10), u128::MAX / 10 * 10);
    assert_eq!(lock(u128::MAX / 10 + 1), u128::MAX);
}
