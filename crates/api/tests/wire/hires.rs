//! Jobs for which one agent hires another, over the wire: every step on its signer's word, the money and the stakes that
//! each of them moves, and what everybody may read of it.

use crate::actors::{Actor, BUDGET, POOL, RUBRIC, Trio, bytes32};
use crate::http::Answer;
use crate::market::Market;
use crate::reader::Reader;
use crate::wallets::{Owner, refused};
use docket_core::ledger::Account;
use docket_core::money::{Amount, Asset};
use docket_core::time::Millis;
use docket_protocol::wallet::{Action, keccak256};
use hyper::StatusCode;
use serde_json::{Value, json};

async fn job(market: &Market, id: &str) -> Value {
    let answer = market.get(&format!("/api/v1/jobs/{id}")).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    answer.json()["data"].clone()
}

async fn treasury(market: &Market) -> i128 {
    let rows = market.engine().store().balance(&Account::Treasury).await.expect("it can be read");
    rows.first().map_or(0, |row| row.units)
}

const WEALTH: i128 = (3 * BUDGET - POOL) as i128;

#[tokio::test]
async fn a_job_goes_from_hand_to_hand_and_everybody_is_paid() {
    let market = Market::open().await;
    let trio = Trio::new(&market).await;
    let made = trio.client.create(&trio.client.order(&[])).await.json()["data"].clone();
    let id = made["jobId"].as_str().expect("a number");
    assert_eq!(id, "1");
    // The client locks 5 %, divided by its score as a share of 100.
    assert_eq!(made["stakeLocks"][0]["amount"], "71428572");
    assert_eq!(
        json!([made["status"], made["providerId"], made["escrowBalance"], made["passed"], made["cexConfig"]]),
        json!(["OPEN", null, "0", null, null])
    );
    let offered = trio.provider.offer(id).await.json()["data"].clone();
    assert_eq!(offered["status"], "PENDING");
    assert_eq!(trio.provider.offer(id).await.json()["data"], offered, "the same offer is the same");

    let funded = trio.client.take(Action::SET_BUDGET, id, "budget", json!({})).await;
    assert_eq!(json!([funded["status"], funded["escrowBalance"]]), json!(["FUNDED", BUDGET.to_string()]));
    let body = json!({"providerId": trio.provider.id});
    let engaged = trio.client.take(Action::SET_PROVIDER, id, "provider", body).await;
    assert_eq!(
        json!([engaged["providerId"], engaged["offers"][0]["status"]]),
        json!([trio.provider.id, "ACCEPTED"])
    );
    let body = json!({"evaluatorId": trio.evaluator.id});
    trio.evaluator.take(Action::EVALUATE, id, "evaluate", body).await;
    // 10 % of the provider and of the evaluator, divided by 70 %.
    assert_eq!(trio.provider.stake().await, POOL - 142_857_143);
    assert_eq!(trio.evaluator.stake().await, POOL - 142_857_143);
    let pool = market.get("/api/v1/agents/2").await.json()["data"]["stakingPool"].clone();
    assert_eq!(
        pool,
        json!({"available": (POOL - 71_428_572).to_string(), "locked": "71428572", "violationCount": 0})
    );

    let hash = bytes32(keccak256(b"Roses are red"));
    let wrong = json!({"deliverableHash": hash, "content": "Violets"});
    refused(
        &trio.provider.step(Action::SUBMIT, id, "submit", wrong).await,
        StatusCode::BAD_REQUEST,
        "invalid_request",
    );
    let body = json!({"deliverableHash": hash, "content": "Roses are red"});
    let submitted = trio.provider.take(Action::SUBMIT, id, "submit", body).await;
    assert_eq!(json!([submitted["status"], submitted["deliverableHash"]]), json!(["SUBMITTED", hash]));

    let completed =
        trio.evaluator.take(Action::COMPLETE, id, "complete", json!({"verificationLevel": "L1"})).await;
    let shares = json!([completed["platformFee"], completed["evaluatorFee"], completed["providerPayment"]]);
    assert_eq!(shares, json!(["20000000", "30000000", "950000000"]));
    assert_eq!(
        json!([completed["status"], completed["passed"], completed["verificationLevel"]]),
        json!(["COMPLETED", true, "L1"])
    );
    assert_eq!(completed["stakeLocks"][2]["active"], true, "it may still be disputed");
    assert_eq!(trio.owned().await, [WEALTH - BUDGET as i128, WEALTH, WEALTH], "nobody has anything yet");

    market.pass(Millis::hours(48)).await;
    let paid = job(&market, id).await;
    assert_eq!(json!([paid["status"], paid["escrowBalance"]]), json!(["COMPLETED", "0"]));
    assert!(
        paid["stakeLocks"].as_array().is_some_and(|locks| locks.iter().all(|lock| lock["active"] == false))
    );
    // The bonus for early work is 5 %, and the treasury holds the platform's 2 %: it came with the same payment, and
    // before that there was nothing.
    assert_eq!(trio.owned().await, [WEALTH - BUDGET as i128, WEALTH + 950_000_000, WEALTH + 30_000_000]);
    assert_eq!(treasury(&market).await, 20_000_000);
    assert_eq!(
        [trio.client.stake().await, trio.provider.stake().await, trio.evaluator.stake().await],
        [POOL; 3]
    );
    let reputation = market.get("/api/v1/reputation/3").await.json()["data"].clone();
    assert_eq!(
        json!([reputation["score"], reputation["totalJobs"], reputation["completedJobs"]]),
        json!([72, 1, 1])
    );
    assert_eq!(reputation["history"], json!({"paid": "1.000", "lost": "0.000", "score": 5_600}));
    // Who judges does no work of a provider's.
    let evaluator = market.get(&format!("/api/v1/reputation/{}", trio.evaluator.id)).await.json();
    assert_eq!(evaluator["data"]["history"], json!({"paid": "0.000", "lost": "0.000", "score": 5_000}));
    assert_eq!(market.books().await, Vec::<String>::new());
}

#[tokio::test]
async fn nobody_takes_a_step_that_is_not_his() {
    let market = Market::open().await;
    let trio = Trio::new(&market).await;
    let id = trio.engaged().await;
    let (client, provider, evaluator) = (&trio.client, &trio.provider, &trio.evaluator);
    let hash = json!({"deliverableHash": RUBRIC});
    let forbidden = |answer: Answer| refused(&answer, StatusCode::FORBIDDEN, "not_the_owner");
    forbidden(client.step(Action::SUBMIT, &id, "submit", hash.clone()).await);
    forbidden(provider.step(Action::SET_BUDGET, &id, "budget", json!({})).await);
    forbidden(provider.step(Action::CANCEL, &id, "cancel", json!({})).await);
    forbidden(client.step(Action::COMPLETE, &id, "complete", json!({})).await);
    refused(
        &client.step(Action::CANCEL, &id, "cancel", json!({})).await,
        StatusCode::CONFLICT,
        "provider_at_work",
    );
    refused(
        &client.step(Action::SET_BUDGET, &id, "budget", json!({})).await,
        StatusCode::BAD_REQUEST,
        "wrong_state",
    );
    refused(
        &evaluator.step(Action::COMPLETE, &id, "complete", json!({})).await,
        StatusCode::BAD_REQUEST,
        "wrong_state",
    );
    refused(
        &client.step(Action::CLAIM_REFUND, &id, "refund", json!({})).await,
        StatusCode::BAD_REQUEST,
        "too_early",
    );
    refused(
        &client.step(Action::FILE_DISPUTE, &id, "dispute", json!({})).await,
        StatusCode::BAD_REQUEST,
        "wrong_state",
    );
    let body = json!({"evaluatorId": evaluator.id});
    refused(
        &evaluator.step(Action::EVALUATE, &id, "evaluate", body).await,
        StatusCode::CONFLICT,
        "has_evaluator",
    );
    let late = Actor::new(&market, 9, "PROVIDER").await;
    refused(&late.offer(&id).await, StatusCode::CONFLICT, "has_provider");
    refused(&late.offer("77").await, StatusCode::NOT_FOUND, "job_not_found");
    let level = json!({"verificationLevel": "L3"});
    provider.take(Action::SUBMIT, &id, "submit", hash).await;
    refused(
        &evaluator.step(Action::COMPLETE, &id, "complete", level).await,
        StatusCode::BAD_REQUEST,
        "invalid_request",
    );
    assert_eq!(market.books().await, Vec::<String>::new());
}

#[tokio::test]
async fn an_offer_needs_a_score_a_stake_and_another_owner() {
    let market = Market::open().await;
    let trio = Trio::new(&market).await;
    let made = trio.client.create(&trio.client.order(&[])).await.json();
    let id = made["data"]["jobId"].as_str().expect("a number").to_owned();
    // A second agent of the client's own.
    let own = trio.client.owner.register(json!({"name": "Straw man"})).await.json();
    let straw = own["data"]["agentId"].as_str().expect("a number").to_owned();
    let body = json!({"agentId": straw, "ownerAddress": trio.client.owner.address()});
    refused(&trio.client.step(Action::OFFERS, &id, "offers", body).await, StatusCode::FORBIDDEN, "is_party");
    let body = json!({"agentId": trio.client.id, "ownerAddress": trio.client.owner.address()});
    refused(&trio.client.step(Action::OFFERS, &id, "offers", body).await, StatusCode::FORBIDDEN, "is_party");
    let body = json!({"agentId": trio.provider.id, "ownerAddress": trio.client.owner.address()});
    refused(
        &trio.client.step(Action::OFFERS, &id, "offers", body.clone()).await,
        StatusCode::FORBIDDEN,
        "not_the_owner",
    );
    refused(
        &trio.provider.step(Action::OFFERS, &id, "offers", body).await,
        StatusCode::FORBIDDEN,
        "not_the_owner",
    );

    let poor = Owner::of(&market, 8);
    let poor_id = poor.register(json!({"name": "Poor"})).await.json()["data"]["agentId"].clone();
    let body = json!({"agentId": poor_id, "ownerAddress": poor.address()});
    let letter = poor.sign(Action::OFFERS, &id, "POST", format!("/api/v1/jobs/{id}/offers"), &body);
    refused(&letter.send(&market).await, StatusCode::FORBIDDEN, "stake_too_small");

    // Withdrawn, and made again; what was signed for the one is not good for the other.
    let letter = trio.provider.letter(Action::OFFERS, &id, "offers", &json!({"agentId": trio.provider.id}));
    assert_eq!(letter.send(&market).await.json()["data"]["status"], "PENDING");
    market.pass(Millis(5)).await;
    let path = format!("/api/v1/jobs/{id}/offers/{}", trio.provider.id);
    let body = json!({"ownerAddress": trio.provider.owner.address()});
    let gone = trio.provider.owner.sign(Action::OFFERS, &id, "DELETE", path, &body);
    let withdrawn = json!({"success": true, "data": {"agentId": trio.provider.id, "status": "WITHDRAWN"}});
    assert_eq!(gone.send(&market).await.json(), withdrawn);
    assert_eq!(gone.send(&market).await.json(), withdrawn);
    refused(&letter.send(&market).await, StatusCode::CONFLICT, "signature_used");
    let listed = market.get(&format!("/api/v1/jobs/{id}/offers")).await.json();
    assert_eq!(listed["data"][0]["status"], "WITHDRAWN");
    market.pass(Millis(5)).await;
    assert_eq!(trio.provider.offer(&id).await.json()["data"]["status"], "PENDING");

    // Who has not offered is asked, and has the job as soon as it says yes.
    let other = Actor::new(&market, 9, "PROVIDER").await;
    let asked =
        trio.client.take(Action::SET_PROVIDER, &id, "provider", json!({"providerId": other.id})).await;
    assert_eq!(json!([asked["providerId"], asked["invitedId"]]), json!([null, other.id]));
    assert_eq!(other.offer(&id).await.json()["data"]["status"], "ACCEPTED");
    let offers = market.get(&format!("/api/v1/jobs/{id}/offers")).await.json()["data"].clone();
    let statuses: Vec<_> = offers.as_array().expect("a list").iter().map(|offer| &offer["status"]).collect();
    assert_eq!(statuses, ["REJECTED", "ACCEPTED"]);
    assert_eq!(market.books().await, Vec::<String>::new());
}

#[tokio::test]
async fn what_is_signed_is_taken_once() {
    let market = Market::open().await;
    let trio = Trio::new(&market).await;
    let order = trio.client.order(&[]);
    let letter = trio.client.owner.sign(Action::CREATE_JOB, "new", "POST", "/api/v1/jobs".to_owned(), &order);
    let first = letter.send(&market).await.json();
    assert_eq!(letter.send(&market).await.json(), first, "one job");
    let fund = trio.client.letter(Action::SET_BUDGET, "1", "budget", &json!({}));
    let funded = fund.send(&market).await.json();
    assert_eq!(funded["data"]["status"], "FUNDED");
    assert_eq!(fund.send(&market).await.json(), funded, "one payment");
    assert_eq!(trio.client.owner.own().await, WEALTH - BUDGET as i128);
    let wrong = json!({"amount": "5"});
    refused(
        &trio.client.step(Action::SET_BUDGET, "1", "budget", wrong).await,
        StatusCode::BAD_REQUEST,
        "invalid_request",
    );
    market.pass(Millis::hours(1)).await;
    refused(&fund.send(&market).await, StatusCode::UNAUTHORIZED, "stale_signature");
}

#[tokio::test]
async fn who_delivers_nothing_loses_a_part_of_its_lock_and_the_client_has_its_money() {
    let market = Market::open().await;
    let trio = Trio::new(&market).await;
    let id = trio.engaged().await;
    // Within the grace nobody but the client may say that it is over.
    market.pass(Millis::seconds(1_000_001)).await;
    refused(
        &trio.evaluator.step(Action::CLAIM_REFUND, &id, "refund", json!({})).await,
        StatusCode::FORBIDDEN,
        "not_the_owner",
    );
    market.pass(Millis::hours(24)).await;
    let expired = job(&market, &id).await;
    assert_eq!(json!([expired["status"], expired["escrowBalance"]]), json!(["EXPIRED", "0"]));
    // Half of the provider's lock, of which 60 % are the client's.
    let (slash, lock) = (142_857_143 / 2, 142_857_143);
    let treasury_part = slash * 3 / 10 + slash / 10;
    assert_eq!(trio.provider.stake().await, POOL - slash);
    assert_eq!(trio.client.owner.own().await, WEALTH + (slash - treasury_part) as i128);
    assert_eq!(treasury(&market).await, treasury_part as i128);
    assert!(lock > slash);
    let reputation =
        market.get(&format!("/api/v1/reputation/{}", trio.provider.id)).await.json()["data"].clone();
    assert_eq!(json!([reputation["score"], reputation["totalJobs"]]), json!([68, 1]));
    assert_eq!(reputation["history"], json!({"paid": "0.000", "lost": "1.000", "score": 4_400}));
    assert_eq!(market.books().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_silent_evaluator_pays_the_provider_and_loses_a_part_of_its_lock() {
    let market = Market::open().await;
    let trio = Trio::new(&market).await;
    let id = trio.submitted().await;
    market.pass(Millis::hours(48)).await;
    assert_eq!(job(&market, &id).await["status"], "COMPLETED");
    market.pass(Millis::hours(48)).await;
    let slash = 142_857_143 * 3 / 10;
    let treasury_part = slash * 3 / 10 + slash / 10;
    let [client, provider, evaluator] = trio.owned().await;
    // The evaluator's fee is the provider's too, and the treasury pays a bonus as far as it held something before.
    assert_eq!(provider, WEALTH + 980_000_000);
    assert_eq!(client, WEALTH - BUDGET as i128 + (slash - treasury_part) as i128);
    assert_eq!(evaluator, WEALTH);
    assert_eq!(trio.evaluator.stake().await, POOL - slash as u128);
    assert_eq!(market.books().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_verdict_is_overturned_by_two_of_three_and_whoever_was_wrong_pays() {
    let market = Market::open().await;
    let trio = Trio::new(&market).await;
    let mut jurors = Vec::new();
    for number in 11..14 {
        let juror = Actor::new(&market, number, "ARBITRATOR").await;
        let id = docket_core::id::AgentId(juror.id.parse().expect("a number"));
        market.engine().appoint_arbitrator(id, true).await.expect("it is appointed");
        jurors.push(juror);
    }
    let id = trio.submitted().await;
    let rejected = trio.evaluator.take(Action::REJECT, &id, "reject", json!({"reasonCode": "GARBAGE"})).await;
    assert_eq!(json!([rejected["status"], rejected["passed"]]), json!(["REJECTED", false]));
    assert_eq!(rejected["escrowBalance"], BUDGET.to_string(), "it may still be moved");
    refused(
        &trio.evaluator.step(Action::FILE_DISPUTE, &id, "dispute", json!({})).await,
        StatusCode::FORBIDDEN,
        "not_the_owner",
    );
    let won = trio.client.step(Action::FILE_DISPUTE, &id, "dispute", json!({})).await;
    refused(&won, StatusCode::FORBIDDEN, "not_eligible");
    let disputed = trio.provider.take(Action::FILE_DISPUTE, &id, "dispute", json!({})).await;
    assert_eq!(json!([disputed["status"], disputed["dispute"]["status"]]), json!(["DISPUTED", "OPEN"]));
    let deposit = 50_000_000;
    assert_eq!(disputed["dispute"]["deposit"], deposit.to_string());
    assert_eq!(trio.provider.owner.own().await, WEALTH - deposit);

    for juror in &jurors {
        let of = async |what: &str| market.get(&format!("/api/v1/agents/{}/{what}", juror.id)).await.json();
        let jobs = of("jobs").await;
        assert_eq!(json!([jobs["data"][0]["jobId"], jobs["pagination"]["total"]]), json!([id, 1]));
        let of_wallet =
            market.get(&format!("/api/v1/jobs?ownerAddress={}", juror.owner.address())).await.json();
        assert_eq!(of_wallet["data"][0]["jobId"], json!(id));
        let locks = of("locks?active=true").await;
        assert_eq!(
            json!([locks["data"][0]["role"], locks["data"][0]["amount"]]),
            json!(["ARBITRATOR", "10000000"])
        );
    }

    let vote = |juror: &Actor<'_>, step: &str, action, body: Value| {
        let path = format!("/api/v1/disputes/{id}/{step}");
        juror.owner.sign(action, &id, "POST", path, &body)
    };
    let salt = |number: u8| [number; 32];
    let bound = |number: u8, ballot: u8| {
        let packed: Vec<u8> = [ballot].into_iter().chain(salt(number)).collect();
        json!({"commitment": bytes32(keccak256(&packed))})
    };
    let shown = |number: u8, ballot: u8| json!({"vote": ballot, "salt": bytes32(salt(number))});
    let ballots = [1, 1, 0];
    for (number, (juror, ballot)) in (0..).zip(jurors.iter().zip(ballots)) {
        let letter = vote(juror, "reveal", Action::REVEAL_VOTE, shown(number, ballot));
        refused(&letter.send(&market).await, StatusCode::BAD_REQUEST, "too_early");
        let letter = vote(juror, "commit", Action::COMMIT_VOTE, bound(number, ballot));
        let answer = letter.send(&market).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    }
    let outsider = vote(&trio.client, "commit", Action::COMMIT_VOTE, bound(9, 0));
    refused(&outsider.send(&market).await, StatusCode::FORBIDDEN, "not_seated");
    market.pass(Millis(5)).await;
    let status = market.get(&format!("/api/v1/disputes/{id}")).await.json()["data"]["status"].clone();
    assert_eq!(status, "REVEAL", "all have committed");
    let liar = vote(&jurors[0], "reveal", Action::REVEAL_VOTE, shown(0, 0));
    refused(&liar.send(&market).await, StatusCode::BAD_REQUEST, "invalid_request");
    for (number, (juror, ballot)) in (0..).zip(jurors.iter().zip(ballots)) {
        let letter = vote(juror, "reveal", Action::REVEAL_VOTE, shown(number, ballot));
        let answer = letter.send(&market).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    }
    market.pass(Millis(5)).await;
    let settled = market.get(&format!("/api/v1/disputes/{id}")).await.json()["data"].clone();
    assert_eq!(json!([settled["status"], settled["outcome"]]), json!(["SETTLED", "OVERTURNED"]));
    let after = job(&market, &id).await;
    assert_eq!(
        json!([after["status"], after["passed"], after["escrowBalance"]]),
        json!(["ARBITRATED", true, "0"])
    );

    // 60 % of the evaluator's lock: 70 % of it to the provider, each who was right a tenth of the deposit.
    let slash: i128 = 142_857_143 * 6 / 10;
    let redress = slash * 7 / 10;
    assert_eq!(trio.provider.owner.own().await, WEALTH + 980_000_000 + redress);
    assert_eq!(trio.evaluator.owner.own().await, WEALTH);
    assert_eq!(trio.evaluator.stake().await, POOL - slash as u128);
    let earned: Vec<_> = futures::future::join_all(jurors.iter().map(|juror| juror.owner.own())).await;
    assert_eq!(earned, [WEALTH + deposit / 10, WEALTH + deposit / 10, WEALTH]);
    for juror in &jurors {
        assert_eq!(juror.stake().await, POOL);
    }
    let score = async |id: &str| {
        market.get(&format!("/api/v1/reputation/{id}")).await.json()["data"]["score"].clone()
    };
    assert_eq!(score(&trio.evaluator.id).await, 55);
    assert_eq!(score(&trio.provider.id).await, 74, "a win, and a job without a level");
    assert_eq!([score(&jurors[0].id).await, score(&jurors[2].id).await], [71, 68]);
    assert_eq!(market.books().await, Vec::<String>::new());
}

#[tokio::test]
async fn lists_show_what_fits_and_how_many_there_are() {
    let market = Market::open().await;
    let trio = Trio::new(&market).await;
    let first = trio.engaged().await;
    let second = trio.client.create(&trio.client.order(&[])).await.json()["data"]["jobId"].clone();
    trio.client.take(Action::CANCEL, second.as_str().expect("a number"), "cancel", json!({})).await;
    let listed = async |query: String| {
        let answer = market.get(&format!("/api/v1/jobs?{query}")).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
        let body = answer.json();
        let ids: Vec<_> =
            body["data"].as_array().expect("a list").iter().map(|job| job["jobId"].clone()).collect();
        (ids, body["pagination"]["total"].clone())
    };
    let both = (vec![json!("2"), json!("1")], json!(2));
    let one = (vec![json!(first)], json!(1));
    let none = (vec![], json!(0));
    assert_eq!(listed(String::new()).await, both);
    assert_eq!(listed("limit=1&page=2".to_owned()).await, (vec![json!("1")], json!(2)));
    assert_eq!(listed("status=FUNDED".to_owned()).await, one);
    assert_eq!(listed("status=REJECTED".to_owned()).await.0, [json!("2")]);
    assert_eq!(listed("status=SUBMITTED".to_owned()).await, none);
    assert_eq!(listed(format!("clientId={}&strategyType=RUBRIC", trio.client.id)).await, both);
    assert_eq!(listed(format!("providerId={}", trio.provider.id)).await, one);
    assert_eq!(listed(format!("evaluatorId={}", trio.evaluator.id)).await, one);
    assert_eq!(listed(format!("ownerAddress={}", trio.client.owner.address())).await, both);
    assert_eq!(listed(format!("ownerAddress={}", trio.evaluator.owner.address())).await, one);
    assert_eq!(listed("strategyType=PROGRAM".to_owned()).await, none);
    for wrong in ["status=LOST", "strategyType=x", "clientId=x", "ownerAddress=0x1", "page=0", "limit=101"] {
        let answer = market.get(&format!("/api/v1/jobs?{wrong}")).await;
        refused(&answer, StatusCode::BAD_REQUEST, "invalid_request");
    }
    let locks = market.get(&format!("/api/v1/agents/{}/locks?active=true", trio.client.id)).await.json();
    assert_eq!(locks["data"].as_array().map(Vec::len), Some(1));
    let seen = market.admin("GET", "/jobs").await.json();
    assert_eq!(seen["data"][0]["skill"], "hire", "{seen}");
    refused(&market.get("/api/v1/jobs/77").await, StatusCode::NOT_FOUND, "job_not_found");
    refused(&market.get("/api/v1/jobs/x").await, StatusCode::NOT_FOUND, "job_not_found");
    assert_eq!(market.get(&format!("/api/v1/jobs/{first}/dispute")).await.json()["data"], Value::Null);
}

#[tokio::test]
async fn what_was_delivered_is_read_by_those_who_take_part() {
    let market = Market::open().await;
    let trio = Trio::new(&market).await;
    let id = trio.submitted().await;
    let ask = |actor: &Actor<'_>| {
        let path = format!("/api/v1/jobs/{id}/deliverable");
        let mut letter = actor.owner.sign(Action::READ_DELIVERABLE, &id, "GET", path, &Value::Null);
        letter.body = String::new();
        letter
    };
    let stranger = Actor::new(&market, 9, "PROVIDER").await;
    let mut letter = ask(&stranger);
    refused(&letter.send(&market).await, StatusCode::UNAUTHORIZED, "bad_signature");
    letter = stranger.owner.sign_bare(Action::READ_DELIVERABLE, &id, "GET", letter.path);
    refused(&letter.send(&market).await, StatusCode::FORBIDDEN, "not_the_owner");
    let path = format!("/api/v1/jobs/{id}/deliverable");
    let read = trio.client.owner.sign_bare(Action::READ_DELIVERABLE, &id, "GET", path).send(&market).await;
    assert_eq!((read.status, read.text()), (StatusCode::OK, "Roses are red"));
}

#[tokio::test]
async fn money_that_nobody_has_is_not_promised() {
    let market = Market::open().await;
    let trio = Trio::new(&market).await;
    for (name, value, code) in [
        ("budget", json!("0"), "invalid_request"),
        ("budget", json!((u128::MAX / 2).to_string()[..30].to_owned()), "stake_too_small"),
        ("deadline", json!("1"), "invalid_request"),
        ("deadline", json!("99999999999"), "invalid_request"),
        ("rubricHash", Value::Null, "invalid_request"),
        ("strategyType", json!("WISH"), "invalid_request"),
        ("clientId", json!("77"), "agent_not_found"),
        ("clientId", json!(trio.provider.id), "not_the_owner"),
        ("evaluatorId", json!(trio.provider.id), "not_eligible"),
    ] {
        let answer = trio.client.create(&trio.client.order(&[(name, value.clone())])).await;
        assert_eq!(answer.json()["error"], code, "{name} {value}: {}", answer.text());
    }
    let dear = Amount::new(7 * BUDGET, Asset::TEST_USDC);
    let made =
        trio.client.create(&trio.client.order(&[("budget", json!(dear.units.to_string()))])).await.json();
    let id = made["data"]["jobId"].as_str().expect("its stake suffices").to_owned();
    let answer = trio.client.step(Action::SET_BUDGET, &id, "budget", json!({})).await;
    refused(&answer, StatusCode::BAD_REQUEST, "insufficient_funds");
    assert_eq!(job(&market, &id).await["status"], "OPEN");
    assert_eq!(market.books().await, Vec::<String>::new());
}

#[tokio::test]
async fn whoever_lacks_the_deposit_is_told_so() {
    let market = Market::open().await;
    let trio = Trio::new(&market).await;
    let id = trio.submitted().await;
    trio.evaluator.take(Action::REJECT, &id, "reject", json!({})).await;
    let deposit = BUDGET as i128 / 20;
    let rest = (WEALTH - deposit + 1).to_string();
    let spend = trio.provider.owner.stake(Action::DEPOSIT, &trio.provider.id, "deposit", &rest);
    assert_eq!(spend.send(&market).await.status, StatusCode::OK);
    assert_eq!(trio.provider.owner.own().await, deposit - 1);
    let poor = trio.provider.step(Action::FILE_DISPUTE, &id, "dispute", json!({})).await;
    refused(&poor, StatusCode::BAD_REQUEST, "insufficient_funds");
    assert_eq!(poor.json()["message"], "The wallet does not hold the deposit for the dispute.");
    assert_eq!(job(&market, &id).await["status"], "REJECTED");
    market.pass(Millis(1)).await;
    let back = trio.provider.owner.stake(Action::WITHDRAW, &trio.provider.id, "withdraw", "1");
    assert_eq!(back.send(&market).await.status, StatusCode::OK);
    let disputed = trio.provider.take(Action::FILE_DISPUTE, &id, "dispute", json!({})).await;
    assert_eq!(disputed["status"], "DISPUTED");
    assert_eq!(trio.provider.owner.own().await, 0);
    assert_eq!(market.books().await, Vec::<String>::new());
}

/// The first so many events after one, each with its name, its data and its number, where it has one.
async fn told(market: &Market, after: &str, count: usize) -> Vec<(String, Value, Option<String>)> {
    let head = format!("GET /api/v1/events HTTP/1.1\r\nhost: x\r\nlast-event-id: {after}\r\n\r\n");
    let mut reader = Reader::of(market, head).await;
    while reader.heard.matches("\n\n").count() < count {
        assert!(reader.hear_more().await, "{}", reader.heard);
    }
    let mut events: Vec<(String, Value, Option<String>)> = Vec::new();
    for line in reader.heard.lines() {
        if let Some(name) = line.strip_prefix("event: ") {
            events.push((name.to_owned(), Value::Null, None));
        } else if let (Some(data), Some(event)) = (line.strip_prefix("data: "), events.last_mut()) {
            event.1 = serde_json::from_str(data).expect("it is JSON");
        } else if let (Some(id), Some(event)) = (line.strip_prefix("id: "), events.last_mut()) {
            event.2 = Some(id.to_owned());
        }
    }
    events
}

#[tokio::test]
async fn what_happens_is_told_in_order_and_again_to_who_missed_it() {
    let market = Market::open().await;
    let trio = Trio::new(&market).await;
    trio.submitted().await;
    let all = told(&market, "0", 6).await;
    let names: Vec<_> = all.iter().map(|(name, ..)| name.as_str()).collect();
    let expected = [
        "job_created",
        "offer_submitted",
        "job_status_changed",
        "provider_set",
        "job_submitted",
        "job_status_changed",
    ];
    assert_eq!(names, expected);
    let created = &all[0].1;
    assert_eq!(
        json!([created["jobId"], created["title"], created["budget"]]),
        json!(["1", "A poem", BUDGET.to_string()])
    );
    assert_eq!(all[2].1, json!({"jobId": "1", "previousStatus": "OPEN", "status": "FUNDED"}));
    // Two that belong together are told again together.
    assert_eq!(all[4].2, None);
    let engaged = all[3].2.as_deref().expect("a number");
    let rest = told(&market, engaged, 2).await;
    assert_eq!(rest, all[4..]);
    let wrong = market.send("GET", "/api/v1/events", &[("last-event-id", "x")], b"").await;
    refused(&wrong, StatusCode::BAD_REQUEST, "invalid_request");
}

#[tokio::test]
async fn what_was_counted_is_shown() {
    let market = Market::open().await;
    let trio = Trio::new(&market).await;
    let id = trio.submitted().await;
    trio.evaluator.take(Action::COMPLETE, &id, "complete", json!({})).await;
    market.pass(Millis::hours(48)).await;
    let open = trio.client.create(&trio.client.order(&[])).await;
    assert_eq!(open.status, StatusCode::OK);
    let data = async |path: &str| market.get(&format!("/api/v1/{path}")).await.json()["data"].clone();
    let stats = data("stats").await;
    assert_eq!(
        stats,
        json!({"totalJobs": 2, "openForOfferCount": 1, "totalAgents": 3, "totalVolume": BUDGET.to_string(),
            "completionRate": 100, "zkProofCount": 0})
    );
    let day = data("stats/jobs?period=24h").await;
    assert_eq!(json!([day["jobsCreated"], day["jobsCompleted"], day["volume"]]), json!([1, 0, "0"]));
    let week = data("stats/jobs?period=7d").await;
    assert_eq!(
        json!([week["jobsCreated"], week["jobsCompleted"], week["volume"]]),
        json!([2, 1, BUDGET.to_string()])
    );
    refused(&market.get("/api/v1/stats/jobs?period=1y").await, StatusCode::BAD_REQUEST, "invalid_request");
    let treasury = data("treasury").await;
    assert_eq!(
        treasury,
        json!({"totalFeesCollected": "20000000", "totalSlashReceived": "0", "totalRewardPaid": "0",
            "balance": "20000000", "totalStaked": (3 * POOL).to_string()})
    );
    let config = data("config").await;
    assert_eq!(json!([config["chain"]["id"], config["terms"]["disputeSeconds"]]), json!([null, 172_800]));
}

#[tokio::test]
async fn agents_are_found_by_score_by_office_and_by_what_they_offered() {
    let market = Market::open().await;
    let trio = Trio::new(&market).await;
    let juror = Actor::new(&market, 11, "ARBITRATOR").await;
    let made = trio.client.create(&trio.client.order(&[])).await.json();
    let id = made["data"]["jobId"].as_str().expect("a number").to_owned();
    assert_eq!(trio.provider.offer(&id).await.status, StatusCode::OK);
    let found = async |query: String| {
        let body = market.get(&format!("/api/v1/{query}")).await.json();
        let ids = body["data"].as_array().unwrap_or_else(|| panic!("{body}")).iter();
        ids.map(|agent| agent["agentId"].as_str().expect("a number").to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(found(format!("agents?offeredJobId={id}")).await, [trio.provider.id.as_str()]);
    assert_eq!(found(format!("agents?offeredJobId={id}&role=CLIENT")).await, Vec::<String>::new());
    assert_eq!(found("agents?offeredJobId=77".to_owned()).await, Vec::<String>::new());
    assert_eq!(found("agents?isArbitrator=true".to_owned()).await, [juror.id.as_str()]);
    assert_eq!(found("agents?isArbitrator=false".to_owned()).await.len(), 3);
    assert_eq!(found("agents?minReputation=70".to_owned()).await.len(), 4);
    assert_eq!(found("agents?minReputation=71".to_owned()).await, Vec::<String>::new());
    assert_eq!(found("reputation/arbitrators".to_owned()).await, Vec::<String>::new());
    assert_eq!(found("reputation/arbitrators?minScore=70".to_owned()).await, [juror.id.as_str()]);
    let vouched = market.admin("POST", &format!("/agents/{}/appoint", juror.id)).await;
    assert_eq!(vouched.status, StatusCode::OK, "{}", vouched.text());
    assert_eq!(found("reputation/arbitrators".to_owned()).await, [juror.id.as_str()]);
    assert_eq!(
        market.admin("POST", &format!("/agents/{}/dismiss", juror.id)).await.json()["appointed_at"],
        Value::Null
    );
    assert_eq!(market.admin("POST", "/agents/77/appoint").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn an_offer_is_signed_as_the_page_has_it() {
    let market = Market::open().await;
    let trio = Trio::new(&market).await;
    let made = trio.client.create(&trio.client.order(&[])).await.json();
    let id = made["data"]["jobId"].as_str().expect("a number").to_owned();
    let body = json!({"agentId": trio.provider.id, "ownerAddress": trio.provider.owner.address()});
    for (spelling, status) in [
        ("AACP:submit", StatusCode::UNAUTHORIZED),
        ("AACP:offers", StatusCode::OK),
        ("TermiX:offers", StatusCode::OK),
        ("AACP:make-offer", StatusCode::OK),
    ] {
        let mut letter = trio.provider.letter(Action::OFFERS, &id, "offers", &body);
        let at = market.engine().clock().now().0;
        let signature = trio.provider.owner.key.sign(format!("{spelling}:{id}:{at}").as_bytes()).to_string();
        letter.headers.iter_mut().filter(|(name, _)| *name == "x-wallet-signature").for_each(|header| {
            header.1.clone_from(&signature);
        });
        assert_eq!(letter.send(&market).await.status, status, "{spelling}");
    }
    // What our own steps are signed for names the body.
    let mut letter = trio.client.letter(Action::SET_BUDGET, &id, "budget", &json!({}));
    let at = market.engine().clock().now().0;
    let bare = trio.client.owner.key.sign(format!("AACP:set-budget:{id}:{at}").as_bytes()).to_string();
    letter.headers.iter_mut().filter(|(name, _)| *name == "x-wallet-signature").for_each(|header| {
        header.1.clone_from(&bare);
    });
    refused(&letter.send(&market).await, StatusCode::UNAUTHORIZED, "bad_signature");
}
