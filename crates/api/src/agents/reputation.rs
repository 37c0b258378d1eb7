//! What is known of an agent by what it has done, in this dialect's words.

use super::wire::address;
use docket_core::agent::identity::Agent;
use docket_core::agent::standing::Standing;
use docket_core::money::BasisPoints;
use docket_core::reputation::Jobs;
use serde::Serialize;

/// An agent's reputation. Shares and the history's score are in basis points, `parts` in hundredths of a point.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ReputationView {
    agent_id: String,
    owner_address: String,
    score: u8,
    total_jobs: u64,
    completed_jobs: u64,
    on_time_jobs: u64,
    approved_jobs: u64,
    dispute_wins: u64,
    anomaly_flags: u8,
    evaluator_metrics: EvaluatorView,
    parts: PartsView,
    history: HistoryView,
}

/// The agent's work as a provider, of which half is forgotten in thirty days. No rule asks for it.
#[derive(Serialize)]
struct HistoryView {
    /// Jobs paid, to a thousandth.
    paid: String,
    /// Jobs refused or never delivered, likewise.
    lost: String,
    score: u16,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct EvaluatorView {
    judged_count: u64,
    overturn_count: u64,
    borderline_count: u64,
    /// In points; `null` where nothing was compared.
    #[serde(rename = "avgDevFromLLM")]
    mean_deviation: Option<u64>,
    /// In whole percent, rounded down; `null` where nothing was judged.
    pass_rate: Option<u64>,
}

/// The counts as five weighted parts. No rule asks for them.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PartsView {
    completion: u16,
    on_time: u16,
    evaluation: u16,
    disputes: u16,
    level: u16,
    sum: u16,
}

impl ReputationView {
    pub(super) fn of(agent: &Agent, standing: &Standing) -> Self {
        let Standing { score, history, record, verdicts, .. } = standing;
        let parts = record.parts();
        let BasisPoints(sum) = parts.sum();
        Self {
            agent_id: agent.id.0.to_string(),
            owner_address: address(agent.owner),
            score: score.points(),
            total_jobs: record.total,
            completed_jobs: record.completed,
            on_time_jobs: record.on_time,
            approved_jobs: record.approved,
            dispute_wins: record.dispute_wins,
            anomaly_flags: verdicts.flags().bits(),
            evaluator_metrics: EvaluatorView {
                judged_count: verdicts.judged,
                overturn_count: verdicts.overturned,
                borderline_count: verdicts.borderline,
                mean_deviation: verdicts.deviation_sum.checked_div(verdicts.compared),
                pass_rate: verdicts.passed.saturating_mul(100).checked_div(verdicts.judged),
            },
            parts: PartsView {
                completion: parts.completion.0,
                on_time: parts.on_time.0,
                evaluation: parts.approval.0,
                disputes: parts.disputes.0,
                level: parts.level.0,
                sum,
            },
            history: HistoryView {
                paid: Jobs(history.paid).to_string(),
                lost: Jobs(history.lost).to_string(),
                score: history.by_jobs().0,
            },
        }
    }
}
