//! Roles, levels and strategies, and the names under which they are stored.

use crate::golden;
use docket_core::agent::fee;
use docket_core::agent::role::{Level, Role, Strategy};
use std::fmt::Write as _;

#[test]
fn each_strategy_reaches_the_levels_that_are_published() {
    let mut text = String::from("roles\n");
    for role in Role::ALL {
        writeln!(text, "  {}", role.name()).expect("a string takes all");
    }
    text.push_str("\nstrategies and the levels they reach\n");
    for strategy in Strategy::ALL {
        let levels: Vec<_> = strategy.levels().iter().map(|level| level.name()).collect();
        writeln!(text, "  {:<8} {}", strategy.name(), levels.join(" ")).expect("a string takes all");
    }
    golden::check("agent-roles.txt", &text);
}

#[test]
fn a_name_leads_back_to_what_it_names() {
    for role in Role::ALL {
        assert_eq!(Role::parse(role.name()), Some(role));
    }
    for level in Level::ALL {
        assert_eq!(Level::parse(level.name()), Some(level));
        assert_eq!(Level::ALL[usize::from(level.number())], level);
    }
    for strategy in Strategy::ALL {
        assert_eq!(Strategy::parse(strategy.name()), Some(strategy));
    }
    assert_eq!((Role::parse("Client"), Level::parse("l4"), Strategy::parse("")), (None, None, None));
}

#[test]
fn the_fee_is_known_before_the_level_is() {
    for strategy in Strategy::ALL {
        let levels = strategy.levels();
        assert!(levels.is_sorted() && !levels.is_empty());
        assert!(levels.iter().all(|level| fee::split(*level) == fee::split(levels[0])), "{strategy:?}");
    }
}
