//! The cases, and the databases on which each of them holds.

mod agents;
mod api_keys;
mod books;
mod challenges;
mod groups;
mod hires;
mod hooks;
mod jobs;
mod keys;
mod lists;
mod log;
mod of_key;
mod records;
mod snapshots;
mod threads;

use crate::place::{InFile, InMemory};
use crate::world::World;

/// Writes a test for each case on each embedded database, and one list of all for a database that a
/// test must start first.
macro_rules! cases {
    ($($module:ident { $($case:ident,)+ })+) => {
        /// Every case, by its name.
        pub(crate) const EVERY: &[(&str, fn(&mut World))] = &[$($((stringify!($case), $module::$case),)+)+];

        mod sqlite_in_a_file {
            use super::*;
            $($(#[test] fn $case() { $module::$case(&mut World::on(Box::new(InFile::new()))); })+)+
        }

        mod sqlite_in_memory {
            use super::*;
            $($(#[test] fn $case() { $module::$case(&mut World::on(Box::new(InMemory::new()))); })+)+
        }
    };
}

cases! {
    jobs {
        every_state_reads_back_as_it_was_committed,
        the_largest_result_reads_back_as_it_was_committed,
        who_has_a_job_is_seen_at_once_and_forgotten_by_a_restart,
        of_two_changes_decided_on_one_version_one_wins,
        a_change_in_memory_waits_for_the_write_before_it_and_then_conflicts,
        nothing_is_seen_before_it_is_on_disk,
        what_is_to_be_routed_is_found_again_until_the_end,
        every_start_counts_up,
        what_ended_last_is_answered_from_memory_until_others_have_ended,
    }
    books {
        no_balance_falls_below_zero,
        a_group_is_judged_one_after_another,
        balances_are_what_the_transfers_make_them,
        a_statement_shows_both_sides_the_newest_first,
        a_job_shows_its_own_transfers_in_order,
        a_page_of_balances_ends_between_accounts,
        assets_of_one_name_and_other_decimals_stay_apart,
        amounts_beyond_64_bits_are_exact,
    }
    keys {
        a_repeated_request_is_answered_with_the_first_ones_job,
        a_key_is_good_for_one_request,
        a_key_may_be_all_that_a_change_uses,
        a_name_or_a_number_is_taken_once,
        a_name_that_is_among_the_last_when_a_group_begins_is_taken,
        a_text_that_no_database_can_hold_is_refused_alone,
    }
    records {
        a_worker_has_versions_and_keeps_its_standing,
        evidence_is_folded_in_as_the_core_folds_it,
        a_pairing_is_claimed_once_and_trust_is_listed,
        workers_are_paged_by_key,
        a_database_from_before_there_were_challenges_keeps_what_it_knows,
    }
    challenges {
        a_challenge_reads_back_in_every_state,
        a_verdict_is_written_with_all_that_follows_from_it_or_not_at_all,
        a_question_is_funded_with_its_challenge_or_not_at_all,
        challenges_are_listed_by_whose_they_are_and_whether_they_are_open,
        references_are_kept_once_and_found_by_model_and_age,
    }
    agents {
        an_agent_has_its_name_for_itself,
        agents_are_listed_by_owner_role_and_name,
        what_an_owner_signed_moves_the_stake_once,
    }
    hires {
        a_hire_stands_on_disk_as_it_is_in_every_state,
        hires_are_found_by_all_that_lists_ask_for,
        an_offer_is_made_taken_back_and_made_again,
        what_is_counted_stands_under_its_hour_and_in_all,
    }
    snapshots {
        snapshots_of_every_worth_read_back_the_newest_first,
        a_claim_that_was_used_brings_no_second_snapshot,
        of_two_valuations_that_were_decided_on_one_version_one_is_kept,
        what_capital_is_worth_stands_with_its_job,
        an_order_from_before_capital_was_valued_is_still_read,
        a_snapshot_that_no_database_can_hold_is_refused_alone,
    }
    api_keys {
        a_key_is_found_by_the_digest_of_its_secret,
        a_number_is_given_once,
        a_revoked_key_funds_nothing_and_has_back_what_it_held,
        a_key_pays_for_its_own_client_alone,
        what_is_funded_at_once_cannot_pass_a_limit,
        a_limit_per_day_begins_anew_and_one_in_all_does_not,
        what_comes_back_can_be_spent_again,
        keys_are_paged_by_number,
        a_database_from_before_there_were_keys_is_brought_up_to_date,
    }
    hooks {
        what_happens_to_a_job_is_told_to_the_hooks_that_want_it,
        who_has_no_hook_and_who_has_no_key_is_told_nothing,
        a_secret_is_replaced_once_and_those_before_it_are_kept,
        an_account_has_so_many_hooks_and_no_more,
        a_hook_that_has_ended_is_told_nothing_from_then_on,
        of_two_reports_on_one_attempt_one_counts,
        what_is_due_is_found_in_order_and_what_has_ended_by_age,
        a_balance_that_runs_dry_is_told_once,
        an_event_is_written_down_once,
    }
    log {
        the_log_is_the_tree_over_all_entries,
        an_event_that_moves_money_has_a_place_in_the_log,
    }
    lists {
        pages_have_no_gaps_and_no_repeats_while_new_jobs_arrive,
        a_client_sees_its_own_jobs,
        a_list_shows_who_has_a_job,
        terms_of_a_jobs_own_are_stored_once,
    }
    of_key {
        a_key_sees_its_own_jobs_from_either_side,
        what_fits_a_filter_is_found_from_either_side,
        what_fits_is_found_behind_many_that_do_not_in_steps,
    }
    groups {
        what_waits_is_written_together,
        a_group_takes_no_more_than_it_can_carry,
        a_group_without_winners_writes_nothing,
        after_a_failed_write_nothing_is_accepted,
        what_a_failed_write_left_behind_is_found_by_a_restart,
        a_failed_read_fails_its_group_alone,
        a_database_that_is_gone_stops_the_store,
        without_a_writer_nothing_is_accepted,
        what_somebody_else_has_changed_stops_the_store,
    }
    threads {
        many_threads_commit_and_read_beside_the_writer,
    }
}
