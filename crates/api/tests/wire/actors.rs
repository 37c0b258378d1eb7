//! Agents before a market, with stake and money, who take the steps of a job.

use crate::http::Answer;
use crate::market::Market;
use crate::wallets::{Letter, Owner};
use docket_core::hash::ContentHash;
use docket_core::time::Millis;
use docket_protocol::wallet::{Action, keccak256};
use hyper::StatusCode;
use serde_json::{Value, json};

pub(crate) const BUDGET: u128 = 1_000_000_000;
pub(crate) const POOL: u128 = 500_000_000;
pub(crate) const RUBRIC: &str = "0x1111111111111111111111111111111111111111111111111111111111111111";

pub(crate) fn bytes32(bytes: [u8; 32]) -> String {
    format!("0x{}", ContentHash(bytes))
}

/// A wallet with one agent that has stake and money.
pub(crate) struct Actor<'a> {
    pub(crate) owner: Owner<'a>,
    pub(crate) id: String,
}

impl<'a> Actor<'a> {
    pub(crate) async fn new(market: &'a Market, number: u8, role: &str) -> Self {
        let owner = Owner::of(market, number);
        let body = json!({"name": format!("Agent {number}"), "roles": [role]});
        let made = owner.register(body).await;
        assert_eq!(made.status, StatusCode::OK, "{}", made.text());
        let id = made.json()["data"]["agentId"].as_str().expect("a number").to_owned();
        owner.endow(3 * BUDGET).await;
        let deposit = owner.stake(Action::DEPOSIT, &id, "deposit", &POOL.to_string()).send(market).await;
        assert_eq!(deposit.status, StatusCode::OK, "{}", deposit.text());
        Self { owner, id }
    }

    pub(crate) fn market(&self) -> &'a Market {
        self.owner.market
    }

    pub(crate) fn letter(&self, action: Action, job: &str, step: &str, body: &Value) -> Letter {
        self.owner.sign(action, job, "POST", format!("/api/v1/jobs/{job}/{step}"), body)
    }

    /// A moment later than all before, so that nothing is signed twice.
    pub(crate) async fn step(&self, action: Action, job: &str, step: &str, body: Value) -> Answer {
        self.market().pass(Millis(1)).await;
        self.letter(action, job, step, &body).send(self.market()).await
    }

    /// A step that is taken; answers with the job.
    pub(crate) async fn take(&self, action: Action, job: &str, step: &str, body: Value) -> Value {
        let answer = self.step(action, job, step, body).await;
        assert_eq!(answer.status, StatusCode::OK, "{step}: {}", answer.text());
        answer.json()["data"].clone()
    }

    pub(crate) fn order(&self, more: &[(&str, Value)]) -> Value {
        let deadline = self.market().engine().clock().now().0 / 1_000 + 1_000_000;
        let mut order = json!({
            "clientId": self.id, "budget": BUDGET.to_string(), "deadline": deadline.to_string(),
            "strategyType": "RUBRIC", "rubricHash": RUBRIC, "title": "A poem", "description": "Twelve lines.",
        });
        more.iter().for_each(|(name, value)| order[*name] = value.clone());
        order
    }

    pub(crate) async fn create(&self, order: &Value) -> Answer {
        self.market().pass(Millis(1)).await;
        let letter = self.owner.sign(Action::CREATE_JOB, "new", "POST", "/api/v1/jobs".to_owned(), order);
        letter.send(self.market()).await
    }

    pub(crate) async fn offer(&self, job: &str) -> Answer {
        let body = json!({"agentId": self.id, "ownerAddress": self.owner.address()});
        self.step(Action::OFFERS, job, "offers", body).await
    }

    pub(crate) async fn stake(&self) -> u128 {
        let id = docket_core::id::AgentId(self.id.parse().expect("a number"));
        self.market().engine().free_stake(id).await.expect("it can be read")
    }
}

/// A client, a provider and an evaluator.
pub(crate) struct Trio<'a> {
    pub(crate) client: Actor<'a>,
    pub(crate) provider: Actor<'a>,
    pub(crate) evaluator: Actor<'a>,
}

impl<'a> Trio<'a> {
    pub(crate) async fn new(market: &'a Market) -> Self {
        Self::judged_by(market, "RUBRIC").await
    }

    /// The same, with an evaluator of this strategy.
    pub(crate) async fn judged_by(market: &'a Market, strategy: &str) -> Self {
        let evaluator = Actor::new(market, 3, "EVALUATOR").await;
        let path = format!("/api/v1/agents/{}/strategy", evaluator.id);
        let body = json!({"strategyType": strategy});
        let letter = evaluator.owner.sign(Action::REGISTER_STRATEGY, &evaluator.id, "POST", path, &body);
        assert_eq!(letter.send(market).await.status, StatusCode::OK);
        let (client, provider) =
            (Actor::new(market, 1, "CLIENT").await, Actor::new(market, 2, "PROVIDER").await);
        Self { client, provider, evaluator }
    }

    /// A job that waits for its verdict.
    pub(crate) async fn submitted(&self) -> String {
        let job = self.engaged().await;
        let hash = bytes32(keccak256(b"Roses are red"));
        let body = json!({"deliverableHash": hash, "content": "Roses are red"});
        self.provider.take(Action::SUBMIT, &job, "submit", body).await;
        job
    }

    /// A job that has money, a provider and an evaluator.
    pub(crate) async fn engaged(&self) -> String {
        self.engaged_for(&[]).await
    }

    /// The same, with more in its order.
    pub(crate) async fn engaged_for(&self, more: &[(&str, Value)]) -> String {
        let made = self.client.create(&self.client.order(more)).await;
        assert_eq!(made.status, StatusCode::OK, "{}", made.text());
        let job = made.json()["data"]["jobId"].as_str().expect("a number").to_owned();
        assert_eq!(self.provider.offer(&job).await.status, StatusCode::OK);
        self.client.take(Action::SET_BUDGET, &job, "budget", json!({"amount": BUDGET.to_string()})).await;
        self.client
            .take(Action::SET_PROVIDER, &job, "provider", json!({"providerId": self.provider.id}))
            .await;
        let evaluate = json!({"evaluatorId": self.evaluator.id});
        self.evaluator.take(Action::EVALUATE, &job, "evaluate", evaluate).await;
        job
    }

    pub(crate) async fn owned(&self) -> [i128; 3] {
        [self.client.owner.own().await, self.provider.owner.own().await, self.evaluator.owner.own().await]
    }
}
