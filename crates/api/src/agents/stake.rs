//! An agent's stake: put down and taken back, on its owner's word.

use super::directory::Named;
use super::profile::Fields;
use super::signed::Signed;
use super::wire::{Answer, Known, PoolView, success};
use crate::app::App;
use axum::extract::{Request, State};
use docket_core::agent::identity::StakeMove;
use docket_core::id::AgentId;
use docket_core::money::Amount;
use docket_protocol::wallet::Action;
use std::sync::Arc;

/// `POST /api/v1/agents/{agentId}/deposit`: from the owner's own account into the stake.
pub(super) async fn deposit(
    State(app): State<Arc<App>>,
    Named(id): Named,
    request: Request,
) -> Answer<PoolView> {
    transfer(&app, id, request, Action::DEPOSIT, StakeMove::Deposit).await
}

/// `POST /api/v1/agents/{agentId}/withdraw`: from the free stake back into the owner's own account.
pub(super) async fn withdraw(
    State(app): State<Arc<App>>,
    Named(id): Named,
    request: Request,
) -> Answer<PoolView> {
    transfer(&app, id, request, Action::WITHDRAW, StakeMove::Withdraw).await
}

async fn transfer(
    app: &App,
    id: AgentId,
    request: Request,
    action: Action,
    way: StakeMove,
) -> Answer<PoolView> {
    let signed = Signed::read(app, request, action, &id.0.to_string()).await?;
    let amount = Amount::new(Fields::parse(&signed.body)?.amount("amount")?, app.asset());
    app.engine.move_agent_stake(id, signed.word, way, amount).await?;
    success(PoolView::of(&Known::of(app, id).await?))
}
