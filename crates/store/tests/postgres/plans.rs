//! How PostgreSQL answers each query: never by looking at every row of a table that grows.

use super::OnServer;
use super::server::Server;
use crate::cases::EVERY;
use crate::world::World;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Cases that together ask for everything that can be asked.
const ASKING: [&str; 12] = [
    "every_state_reads_back_as_it_was_committed",
    "a_statement_shows_both_sides_the_newest_first",
    "a_job_shows_its_own_transfers_in_order",
    "a_page_of_balances_ends_between_accounts",
    "a_pairing_is_claimed_once_and_trust_is_listed",
    "workers_are_paged_by_key",
    "a_client_sees_its_own_jobs",
    "a_key_is_found_by_the_digest_of_its_secret",
    "keys_are_paged_by_number",
    "a_key_sees_its_own_jobs_from_either_side",
    "what_fits_a_filter_is_found_from_either_side",
    "snapshots_of_every_worth_read_back_the_newest_first",
];

/// The server is told to look at all rows only where nothing else is possible, and to say how it found them.
const TALKATIVE: [&str; 4] = [
    "enable_seqscan=off",
    "session_preload_libraries=auto_explain",
    "auto_explain.log_min_duration=0",
    "log_line_prefix=",
];

#[test]
fn no_query_looks_at_every_row_of_a_table() {
    let Some(server) = Server::start().map(Arc::new) else { return };
    server.restart(&TALKATIVE);
    let asking: Vec<_> = EVERY.iter().filter(|(name, _)| ASKING.contains(name)).collect();
    assert_eq!(asking.len(), ASKING.len());
    for (_, case) in asking {
        case(&mut World::on(Box::new(OnServer::new(&server))));
    }
    let log = server.log();
    let scans = |kind: &str| -> BTreeSet<String> {
        let after = log.split(kind).skip(1);
        after.filter_map(|text| Some(text.split_whitespace().next()?.to_owned())).collect()
    };
    let whole: Vec<_> = scans("Seq Scan on")
        .into_iter()
        .filter(|table| !table.starts_with("pg_") && table != "refinery_schema_history")
        .collect();
    assert_eq!(whole, [""; 0]);
    for table in [
        "job",
        "balance",
        "transfer",
        "journal",
        "worker",
        "claim",
        "log_leaf",
        "payload",
        "result",
        "api_key",
        "key_spending",
        "snapshot",
    ] {
        assert!(log.contains(&format!(" on {table} ")), "nobody asked for {table}");
    }
}
