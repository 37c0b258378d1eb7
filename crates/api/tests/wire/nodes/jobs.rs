//! Whole jobs: advice, payment, delivery by HTTP, the answer for who paid, and the money.

use super::node::{Manner, Node};
use super::{page, refused};
use crate::http::Answer;
use crate::market::{Market, Options};
use crate::wallets::Owner;
use docket_core::agent::identity::Wallet;
use docket_core::hash::Sha256;
use docket_core::id::{Dialect, WorkerId};
use docket_core::ledger::Account;
use docket_core::money::Amount;
use docket_core::time::Millis;
use docket_protocol::wallet::Action;
use hyper::StatusCode;
use serde_json::{Value, json};

pub(super) const MODEL: &str = "llama-3.1-8b-compressed";
pub(super) const PROMPT: &str = "Explain quantum computing in simple terms.";
const PRICE: u128 = 1_200_000_000_000_000;

/// Somebody who wants a prompt run.
pub(super) struct Requester<'a>(Owner<'a>);

impl<'a> Requester<'a> {
    pub(super) fn of(market: &'a Market, number: u8) -> Self {
        Self(Owner::of(market, number))
    }

    pub(super) async fn ask(&self) -> Value {
        let body = json!({"modelId": MODEL, "input": PROMPT, "requesterAddress": self.0.address()});
        let answer = self.0.market.post("/api/jobs/submit", &body.to_string()).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
        answer.json()["data"].clone()
    }

    async fn pay_with(&self, body: Value) -> Answer {
        let digest = Sha256::of(PROMPT.as_bytes()).to_string();
        let path = "/api/jobs/pay".to_owned();
        self.0.sign(Action::PAY_JOB, &digest, "POST", path, &body).send(self.0.market).await
    }

    pub(super) async fn pay(&self) -> Answer {
        let digest = Sha256::of(PROMPT.as_bytes()).to_string();
        self.pay_with(json!({"modelId": MODEL, "inputHash": digest})).await
    }

    pub(super) async fn read(&self, job: &str, what: &str) -> Answer {
        let path = format!("/api/jobs/{job}/{what}");
        self.0.sign_bare(Action::READ_JOB, job, "GET", path).send(self.0.market).await
    }

    async fn expire(&self, job: &str) -> Answer {
        let path = format!("/api/jobs/{job}/expire");
        self.0.sign_bare(Action::EXPIRE_JOB, job, "POST", path).send(self.0.market).await
    }

    fn account(&self) -> Account {
        Account::Client(Wallet::from(self.0.key.address()).client(Dialect::Registry))
    }

    async fn endow(&self, units: u128) {
        let engine = self.0.market.engine();
        let amount = Amount::new(units, engine.ledger().coin());
        engine.credit(self.account(), amount, "for a requester").await.expect("it is credited");
    }
}

pub(super) async fn show(market: &Market, job: &str) -> Value {
    market.get(&format!("/api/jobs/{job}?wait=20")).await.json()["data"].clone()
}

async fn holds(market: &Market, account: &Account) -> u128 {
    let coin = market.engine().ledger().coin();
    let rows = market.engine().store().balance(account).await.expect("it can be read");
    rows.iter().find(|row| row.is_in(coin)).map_or(0, |row| row.units.unsigned_abs())
}

/// A market where clients spend what they have.
async fn real() -> Market {
    Market::with(Options { testnet: false, ..Options::default() }).await
}

#[tokio::test]
async fn carrying_out_the_instructions_runs_the_whole_job() {
    let market = real().await;
    let node = Node::online(&market, 1, 1).await;
    let ann = Requester::of(&market, 7);
    let advice = ann.ask().await;
    refused(&ann.pay().await, StatusCode::PAYMENT_REQUIRED, "insufficient_funds");
    ann.endow(3 * PRICE).await;
    let paid = ann.pay().await;
    assert_eq!(
        paid.status,
        StatusCode::CREATED,
        "the prompt is kept where the money was missing: {}",
        paid.text()
    );
    let job = paid.json()["data"]["jobId"].as_str().expect("a number").to_owned();
    assert!(job.bytes().all(|byte| byte.is_ascii_digit()), "{job}");
    let done = show(&market, &job).await;
    assert_eq!(done["status"], "completed", "{done}");
    assert_eq!(done["assignedNode"], advice["assignedNode"]);
    assert_eq!(done["inputHash"], advice["inputHash"]);
    assert_eq!((&done["costWei"], &done["costEth"]), (&json!("1200000000000000"), &json!("0.0012")));
    assert_eq!(done["nodeEarnedWei"], "1140000000000000");
    assert_eq!(done["burnedWei"], "60000000000000");
    assert_eq!(done["requesterAddress"], ann.0.address());
    assert!(done["settlement"].as_str().is_some_and(|place| place.starts_with("ledger:")), "{done}");
    let text = done.to_string();
    assert!(
        !text.contains("quantum") && !text.contains("QUANTUM"),
        "neither prompt nor answer is for everybody"
    );

    let answer = ann.read(&job, "result").await.json()["data"].clone();
    assert_eq!(answer["output"], PROMPT.to_uppercase());
    assert_eq!(answer["outputHash"], Sha256::of(PROMPT.to_uppercase().as_bytes()).to_string());
    assert_eq!(answer["outputHash"], done["outputHash"]);
    let ben = Requester::of(&market, 8);
    refused(&ben.read(&job, "result").await, StatusCode::FORBIDDEN, "not_the_requester");
    refused(&market.get(&format!("/api/jobs/{job}/result")).await, StatusCode::UNAUTHORIZED, "bad_signature");

    let (headers, errand) = node.heard().remove(0);
    assert_eq!((&errand["jobId"], &errand["input"]), (&json!(job), &json!(PROMPT)));
    assert_eq!((&errand["modelId"], &errand["inputHash"]), (&json!(MODEL), &advice["inputHash"]));
    let header = |name: &str| headers.get(name).expect("it is there").to_str().expect("text").to_owned();
    let signed = format!("{}.{}.{}", header("webhook-id"), header("webhook-timestamp"), errand_text(&errand));
    let signature = header("webhook-signature").strip_prefix("v1a,").expect("the scheme").to_owned();
    let signature = docket_protocol::keys::Signature::parse(&signature).expect("a signature");
    let key = docket_protocol::keys::SigningKey::from_seed(&[9; 32]).public_key();
    assert!(key.verify(signed.as_bytes(), &signature), "the node knows that the coordinator sends it");

    let earner = WorkerId::of_wallet(&Wallet::from(node.owner.key.address()));
    assert_eq!(holds(&market, &Account::Worker(earner)).await, 1_140_000_000_000_000);
    assert_eq!(holds(&market, &Account::Burned).await, 60_000_000_000_000);
    assert_eq!(holds(&market, &ann.account()).await, 2 * PRICE);
    assert_eq!(market.books().await, Vec::<String>::new());
    assert_eq!(node.shown().await["jobsCompleted"], 1);
    let feed = market.get("/api/explorer/feed").await.json()["data"].clone();
    let kinds: Vec<_> =
        feed["events"].as_array().expect("a list").iter().map(|event| &event["type"]).collect();
    assert_eq!(kinds, ["job_completed", "job_submitted", "node_registered"]);
    assert_eq!(feed["events"][0]["data"]["node"], node.owner.address());
    let stats = market.get("/api/explorer/stats").await.json()["data"].clone();
    assert_eq!((&stats["totalJobs"], &stats["completedJobs"]), (&json!(1), &json!(1)));
    assert_eq!(stats["totalEarnedEth"], "0.00114");
    assert_eq!(stats["totalBurnedEth"], "0.00006");
}

/// As the coordinator writes it.
fn errand_text(errand: &Value) -> String {
    let names =
        ["jobId", "modelId", "input", "inputHash", "maxTokens", "temperature", "topP", "attempt", "deadline"];
    let members: Vec<_> = names.iter().map(|name| format!("\"{name}\":{}", errand[name])).collect();
    format!("{{{}}}", members.join(","))
}

#[tokio::test]
async fn what_is_signed_once_pays_once() {
    let market = real().await;
    let _node = Node::online(&market, 1, 1).await;
    let ann = Requester::of(&market, 7);
    ann.endow(5 * PRICE).await;
    ann.ask().await;
    let (first, second) = tokio::join!(ann.pay(), ann.pay());
    let job = |answer: &Answer| answer.json()["data"]["jobId"].clone();
    assert_eq!(
        (first.status, job(&first)),
        (second.status, job(&second)),
        "{} {}",
        first.text(),
        second.text()
    );
    assert_eq!(job(&ann.pay().await), job(&first));
    market.pass(Millis(1)).await;
    refused(&ann.pay().await, StatusCode::CONFLICT, "input_gone");
    let digest = Sha256::of(PROMPT.as_bytes()).to_string();
    let other = ann.pay_with(json!({"modelId": MODEL, "inputHash": digest, "input": PROMPT})).await;
    assert_eq!(other.status, StatusCode::CREATED, "with the prompt it needs no advice");
    assert_ne!(job(&other), job(&first));
    market.pass(Millis(1)).await;
    let wrong = ann.pay_with(json!({"modelId": MODEL, "inputHash": digest, "input": "another"})).await;
    refused(&wrong, StatusCode::BAD_REQUEST, "invalid_request");
    let cheap = ann.pay_with(
        json!({"modelId": MODEL, "inputHash": digest, "input": PROMPT, "valueWei": "1199999999999999"}),
    );
    refused(&cheap.await, StatusCode::BAD_REQUEST, "price_too_low");
    let id = job(&other).as_str().expect("a number").to_owned();
    show(&market, &id).await;
    assert_eq!(holds(&market, &ann.account()).await, 3 * PRICE);
    assert_eq!(market.books().await, Vec::<String>::new());
}

#[tokio::test]
async fn an_advice_lasts_a_quarter_of_an_hour() {
    let market = Market::open().await;
    let node = Node::online(&market, 1, 1).await;
    let ann = Requester::of(&market, 7);
    ann.ask().await;
    market.pass(Millis::seconds(15 * 60)).await;
    node.alive().await;
    refused(&ann.pay().await, StatusCode::CONFLICT, "input_gone");
    ann.ask().await;
    assert_eq!(ann.pay().await.status, StatusCode::CREATED);
}

#[tokio::test]
async fn whoever_was_advised_has_the_job_although_somebody_better_has_come() {
    let market = Market::open().await;
    let first = Node::online(&market, 1, 1).await;
    let ann = Requester::of(&market, 7);
    let advice = ann.ask().await;
    market.pass(Millis::seconds(1)).await;
    first.alive().await;
    let second = Node::online(&market, 2, 1).await;
    market.pass(Millis::seconds(1)).await;
    first.alive().await;
    let other = Requester::of(&market, 8);
    assert_eq!(other.ask().await["assignedNode"], second.owner.address(), "the longest unheard of equals");
    let job = ann.pay().await.json()["data"]["jobId"].as_str().expect("a number").to_owned();
    assert_eq!(show(&market, &job).await["assignedNode"], advice["assignedNode"]);
    let why = market.admin("GET", &format!("/jobs/{job}/why")).await.json();
    assert_eq!(why["decision"]["next"][0]["lost"], "other_promised", "{why}");
}

#[tokio::test]
async fn a_node_that_fails_is_followed_by_the_next_best() {
    let market = Market::open().await;
    for (number, manner) in [
        (20, Manner::Status(500)),
        (30, Manner::SignedByAnother),
        (40, Manner::Status(503)),
        (50, Manner::Endless),
    ] {
        let bad = Node::online(&market, number, 1).await;
        let ann = Requester::of(&market, number + 1);
        let advice = ann.ask().await;
        assert_eq!(advice["assignedNode"], bad.owner.address(), "the others have gone or failed");
        bad.be(manner);
        let good = Node::online(&market, number + 2, 1).await;
        let job = ann.pay().await.json()["data"]["jobId"].as_str().expect("a number").to_owned();
        let done = show(&market, &job).await;
        assert_eq!(
            (&done["status"], &done["assignedNode"]),
            (&json!("completed"), &json!(good.owner.address())),
            "{done}"
        );
        let failed = i64::from(manner != Manner::Status(503));
        assert_eq!(bad.shown().await["jobsFailed"], failed, "who has no room is not to blame");
        market.pass(Millis::seconds(1)).await;
        for node in [bad, good] {
            assert_eq!(node.deactivate().await.status, StatusCode::OK);
        }
        market.pass(Millis::seconds(200)).await;
    }
    assert_eq!(market.books().await, Vec::<String>::new());
}

#[tokio::test]
async fn who_cannot_be_reached_is_offline_and_the_job_goes_on() {
    let market = Market::open().await;
    let gone = Node::online(&market, 1, 1).await;
    let ann = Requester::of(&market, 7);
    ann.ask().await;
    let address = gone.owner.address();
    drop(gone);
    tokio::task::yield_now().await;
    let good = Node::online(&market, 2, 1).await;
    let job = ann.pay().await.json()["data"]["jobId"].as_str().expect("a number").to_owned();
    let done = show(&market, &job).await;
    assert_eq!(done["assignedNode"], good.owner.address(), "{done}");
    let shown = market.get(&format!("/api/nodes/{address}")).await.json();
    assert_eq!(shown["data"]["online"], false);
}

#[tokio::test]
async fn a_job_that_nobody_takes_gives_its_money_back_after_a_day() {
    let market = real().await;
    let node = Node::online(&market, 1, 1).await;
    let ann = Requester::of(&market, 7);
    ann.endow(PRICE).await;
    ann.ask().await;
    market.pass(Millis(1)).await;
    assert_eq!(node.deactivate().await.status, StatusCode::OK);
    let job = ann.pay().await.json()["data"]["jobId"].as_str().expect("a number").to_owned();
    let waits = market.get(&format!("/api/jobs/{job}")).await.json()["data"].clone();
    assert_eq!((&waits["status"], &waits["assignedNode"]), (&json!("submitted"), &Value::Null));
    assert_eq!(waits["expiresAt"], "2026-02-10T12:00:00.001Z");
    refused(&ann.expire(&job).await, StatusCode::CONFLICT, "too_early");
    assert_eq!(holds(&market, &ann.account()).await, 0);
    market.pass(Millis::hours(24)).await;
    let back = market.get(&format!("/api/jobs/{job}")).await.json()["data"].clone();
    assert_eq!((&back["status"], &back["reason"]), (&json!("expired"), &json!("no_eligible_worker")));
    assert_eq!(holds(&market, &ann.account()).await, PRICE);
    assert_eq!(ann.expire(&job).await.json()["data"]["status"], "expired", "asking again says the same");
    refused(&ann.read(&job, "result").await, StatusCode::CONFLICT, "wrong_state");
    assert_eq!(market.books().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_node_that_sleeps_on_a_job_loses_it_and_the_money_goes_back() {
    let market = real().await;
    let node = Node::online(&market, 1, 1).await;
    node.be(Manner::Silent);
    let ann = Requester::of(&market, 7);
    ann.endow(PRICE).await;
    ann.ask().await;
    let job = ann.pay().await.json()["data"]["jobId"].as_str().expect("a number").to_owned();
    for _ in 0..4 {
        market.pass(Millis::seconds(60)).await;
        node.alive().await;
    }
    assert_eq!(market.get(&format!("/api/jobs/{job}")).await.json()["data"]["status"], "assigned");
    market.pass(Millis::seconds(60)).await;
    let back = market.get(&format!("/api/jobs/{job}")).await.json()["data"].clone();
    assert_eq!((&back["status"], &back["reason"]), (&json!("expired"), &json!("timed_out")));
    assert_eq!(holds(&market, &ann.account()).await, PRICE);
    assert_eq!(node.shown().await["jobsFailed"], 1);
    assert_eq!(market.books().await, Vec::<String>::new());
}

#[tokio::test]
async fn the_page_is_answered_after_a_restart_too_once_a_node_shows_life() {
    let mut market = Market::open().await;
    let beat = {
        let node = Node::online(&market, 1, 1).await;
        market.pass(Millis::seconds(3)).await;
        node.beat(0)
    };
    market.restart().await;
    let ask = async |market: &Market| market.post("/api/jobs/submit", &page()["request"].to_string()).await;
    let nobody = ask(&market).await;
    assert_eq!(nobody.json()["details"]["reasons"], json!({"offline": 1}));
    assert_eq!(market.post("/api/nodes/heartbeat", &beat.to_string()).await.status, StatusCode::OK);
    assert_eq!(ask(&market).await.status, StatusCode::OK);
}
