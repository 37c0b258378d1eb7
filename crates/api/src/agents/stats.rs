//! What the market is and what was counted in it.

use super::errors::Problem;
use super::wire::{Answer, success};
use crate::app::App;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use docket_core::agent::tally::Tally;
use docket_core::ledger::Account;
use docket_engine::HireFilter;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Counts by what is counted.
struct Counts(BTreeMap<Tally, i128>);

impl Counts {
    fn of(&self, tally: Tally) -> i128 {
        self.0.get(&tally).copied().unwrap_or_default()
    }

    fn text(&self, tally: Tally) -> String {
        self.of(tally).to_string()
    }

    /// Of the jobs that have ended, the share that was completed, in whole percent; `null` where none has.
    fn completion_rate(&self) -> Option<i128> {
        let ended = self.of(Tally::Completed) + self.of(Tally::Rejected) + self.of(Tally::Ended);
        (self.of(Tally::Completed) * 100).checked_div(ended)
    }
}

/// All that was ever counted.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct StatsView {
    total_jobs: i128,
    open_for_offer_count: u64,
    total_agents: u64,
    total_volume: String,
    /// In percent.
    completion_rate: Option<i128>,
    zk_proof_count: u64,
}

/// `GET /api/v1/stats`.
pub(super) async fn all(State(app): State<Arc<App>>) -> Answer<StatsView> {
    let counts = Counts(app.engine.hire_counts(None).await?);
    let open =
        HireFilter { states: Some(vec!["open", "funded"]), engaged: Some(false), ..HireFilter::default() };
    success(StatsView {
        total_jobs: counts.of(Tally::Created),
        open_for_offer_count: app.engine.count_hires(&open).await?,
        total_agents: app.engine.store().count_agents().await.map_err(docket_engine::EngineError::from)?,
        total_volume: counts.text(Tally::Volume),
        completion_rate: counts.completion_rate(),
        zk_proof_count: 0,
    })
}

/// Over which time.
#[derive(Deserialize)]
pub(super) struct Over {
    period: Option<String>,
}

/// What was counted over some time.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PeriodView {
    period: String,
    jobs_created: i128,
    jobs_completed: i128,
    jobs_rejected: i128,
    jobs_expired: i128,
    jobs_disputed: i128,
    volume: String,
    /// In percent.
    completion_rate: Option<i128>,
}

/// `GET /api/v1/stats/jobs`: hours are counted whole, the present one included.
pub(super) async fn jobs(
    State(app): State<Arc<App>>,
    over: Result<Query<Over>, QueryRejection>,
) -> Answer<PeriodView> {
    let Query(over) = over?;
    let period = over.period.unwrap_or_else(|| "24h".to_owned());
    let hours = match period.as_str() {
        "24h" => Some(24),
        "7d" => Some(7 * 24),
        "30d" => Some(30 * 24),
        "all" => None,
        _ => return Err(Problem::invalid("`period` must be 24h, 7d, 30d or all.")),
    };
    let counts = Counts(app.engine.hire_counts(hours).await?);
    success(PeriodView {
        period,
        jobs_created: counts.of(Tally::Created),
        jobs_completed: counts.of(Tally::Completed),
        jobs_rejected: counts.of(Tally::Rejected),
        jobs_expired: counts.of(Tally::Ended),
        jobs_disputed: counts.of(Tally::Disputed),
        volume: counts.text(Tally::Volume),
        completion_rate: counts.completion_rate(),
    })
}

/// What the treasury has had of agents and paid to them, and what it holds of all that it ever had.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TreasuryView {
    total_fees_collected: String,
    total_slash_received: String,
    total_reward_paid: String,
    balance: String,
    total_staked: String,
}

/// `GET /api/v1/treasury`.
pub(super) async fn treasury(State(app): State<Arc<App>>) -> Answer<TreasuryView> {
    let counts = Counts(app.engine.hire_counts(None).await?);
    let balance = app.engine.balance_of(&Account::Treasury).await?;
    success(TreasuryView {
        total_fees_collected: counts.text(Tally::Fees),
        total_slash_received: counts.text(Tally::Slashes),
        total_reward_paid: counts.text(Tally::Rewards),
        balance: balance.to_string(),
        total_staked: counts.text(Tally::Staked),
    })
}

/// Where the market settles, and its terms. There is no chain and there are no contracts: what has an address there is
/// `null` here.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ConfigView {
    chain: ChainView,
    contracts: BTreeMap<&'static str, Option<String>>,
    terms: TermsView,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ChainView {
    id: Option<u64>,
    name: String,
    rpc_url: Option<String>,
    block_explorer: Option<String>,
    asset: String,
    decimals: u8,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TermsView {
    grace_seconds: i64,
    evaluate_seconds: i64,
    dispute_seconds: i64,
    vote_seconds: i64,
    early_bonus: bool,
}

/// The contracts of the reference.
const CONTRACTS: [&str; 9] = [
    "AACPCore",
    "AACPDispute",
    "AACPReputation",
    "AACPStaking",
    "AACPTreasury",
    "AgentNFT",
    "Groth16VerifierRouter",
    "StrategyVaultFactory",
    "TermixUSDC",
];

/// `GET /api/v1/config`.
pub(super) async fn config(State(app): State<Arc<App>>) -> Answer<ConfigView> {
    let (ledger, terms) = (app.engine.ledger(), app.engine.hire_terms());
    let asset = ledger.asset();
    success(ConfigView {
        chain: ChainView {
            id: None,
            name: ledger.network().0.to_string(),
            rpc_url: None,
            block_explorer: None,
            asset: asset.name().to_owned(),
            decimals: asset.decimals(),
        },
        contracts: CONTRACTS.into_iter().map(|name| (name, None)).collect(),
        terms: TermsView {
            grace_seconds: terms.grace.0 / 1_000,
            evaluate_seconds: terms.evaluate_within.0 / 1_000,
            dispute_seconds: terms.dispute_within.0 / 1_000,
            vote_seconds: terms.vote_within.0 / 1_000,
            early_bonus: terms.rewards_early,
        },
    })
}
