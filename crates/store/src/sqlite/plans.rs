//! How SQLite answers each query: never by looking at, or sorting, every row of a table that grows.

use super::Sqlite;
use super::open;
use crate::{queries, recall};
use rusqlite::Connection;

/// What may be walked from end to end: what hooks are to be told, the open jobs and challenges by indexes of their own, the
/// at most 100 rows of each side of a statement, which are sorted together, and the first agents of a list.
const SMALL: [&str; 8] = [
    "SCAN job USING INDEX job_open",
    "SCAN challenge USING INDEX challenge_open",
    "SCAN from_side",
    "SCAN to_side",
    "SCAN seen",
    "USE TEMP B-TREE FOR ORDER BY of statement",
    "SCAN meta",
    "SCAN delivery USING COVERING INDEX delivery_waiting",
];

#[test]
fn no_query_looks_at_every_row_of_a_table() {
    let (connection, _) = open::to_write(&Sqlite::memory("plans").place, None).unwrap();
    let every = queries::all().into_iter().map(str::to_owned).chain(recall::all());
    for sql in every {
        let statement = if sql.contains("AS to_side") { " of statement" } else { "" };
        for step in plan(&connection, &sql) {
            let whole = step.starts_with("SCAN") || step.contains("TEMP B-TREE");
            let step = if step.contains("TEMP B-TREE") { step + statement } else { step };
            assert!(!whole || SMALL.iter().any(|small| step.starts_with(small)), "{sql}\n{step}");
        }
    }
}

#[test]
fn a_list_of_a_key_walks_the_index_of_what_it_asks_for() {
    let (connection, _) = open::to_write(&Sqlite::memory("lists").place, None).unwrap();
    for sql in queries::of_key::all() {
        let index = if sql.contains("j.outcome IS NOT NULL OR") { "job_astray" } else { "job_key" };
        let walk = &plan(&connection, sql)[0];
        let expected = format!("INDEX {index} (api_key=? AND job_id");
        assert!(walk.starts_with("SEARCH j USING") && walk.contains(&expected), "{sql}\n{walk}");
    }
}

#[test]
fn a_list_of_agents_is_answered_from_an_index_alone() {
    let (connection, _) = open::to_write(&Sqlite::memory("agents").place, None).unwrap();
    for sql in queries::agents::lists() {
        let walks = plan(&connection, sql);
        let search = walks.iter().find(|step| step.starts_with("SEARCH")).unwrap();
        assert!(search.starts_with("SEARCH agent USING COVERING INDEX"), "{sql}\n{walks:?}");
    }
}

fn plan(connection: &Connection, sql: &str) -> Vec<String> {
    let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
    let params = rusqlite::params_from_iter(std::iter::repeat_n("1", statement.parameter_count()));
    statement.query_map(params, |row| row.get("detail")).unwrap().map(Result::unwrap).collect()
}
