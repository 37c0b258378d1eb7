//! `GET /v1/responses/{id}`: what was answered is read again.

use crate::credits::{Developer, MODEL, finish};
use crate::http::Answer;
use crate::market::Market;
use crate::responses::{ROUTE, broken_off};
use crate::tools::able;
use crate::worker::{Worker, say};
use docket_core::key::Limits;
use futures::future::join_all;
use hyper::StatusCode;
use serde_json::{Value, json};

/// A request, with whatever else the test wants in it.
pub(crate) fn asked(more: Value) -> Value {
    let mut body = json!({"model": MODEL, "input": "Rain?"});
    for (name, value) in more.as_object().expect("fields") {
        body[name] = value.clone();
    }
    body
}

/// Asks for a response, which the worker answers.
async fn answered(developer: &Developer<'_>, worker: &mut Worker, more: Value) -> Answer {
    let body = asked(more);
    let (answer, ()) = tokio::join!(developer.ask("POST", ROUTE, &[], &body), async {
        let assigned = worker.job().await;
        finish(worker, &assigned, "It rains.").await;
    });
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    answer
}

async fn again(developer: &Developer<'_>, id: &str) -> Answer {
    developer.get(&format!("{ROUTE}/{id}")).await
}

fn id(response: &Value) -> String {
    response["id"].as_str().expect("a name").to_owned()
}

fn of_job(job: &str) -> String {
    job.replacen("job_", "resp_", 1)
}

fn assert_gone(answer: &Answer) {
    let error = &answer.json()["error"];
    let told = (answer.status, &error["code"], &error["type"]);
    let gone = (StatusCode::NOT_FOUND, &json!("response_not_found"), &json!("invalid_request_error"));
    assert_eq!(told, gone, "{error}");
    assert_eq!(error["docs"], "/docs/errors#response_not_found");
}

/// The response in the event of a name.
fn told(heard: &str, name: &str) -> Value {
    let (_, rest) = heard.split_once(&format!("event: {name}\ndata: ")).expect("such an event");
    let data: Value = serde_json::from_str(rest.lines().next().expect("a line")).expect("data is JSON");
    data["response"].clone()
}

#[tokio::test]
async fn a_response_is_read_again_as_it_was_answered() {
    let mut market = Market::open().await;
    let developer = Developer::rich(&market).await;
    let mut worker = able(&market, 1, &["tools"]).await;
    let tools = json!([{"type": "function", "name": "rain", "parameters": {"z": 1.10, "a": {"b": null}}}]);
    let more = json!({
        "instructions": "Be brief.", "metadata": {"b": "2", "a": "1"}, "temperature": 0.123_456_789_012_345_67,
        "top_p": 1e-7, "tools": tools, "user": "ann", "max_output_tokens": 20,
    });
    let first = answered(&developer, &mut worker, more).await;
    let response = first.json();
    assert_eq!((&response["store"], &response["user"]), (&json!(true), &json!("ann")));
    let secret = developer.secret.clone();
    let second = again(&developer, &id(&response)).await;
    assert_eq!((second.status, second.text()), (StatusCode::OK, first.text()));
    for name in ["x-decentral-job-id", "x-decentral-tx-signature"] {
        assert_eq!((second.header(name), second.header(name).is_empty()), (first.header(name), false));
    }
    assert_eq!(second.header("x-decentral-settlement-tx"), "ledger:2", "it is settled by now");
    market.restart().await;
    let developer = Developer::known(&market, secret);
    assert_eq!(again(&developer, &id(&response)).await.text(), first.text());
}

#[tokio::test]
async fn only_who_asked_for_a_stored_response_reads_it() {
    let market = Market::open().await;
    let developer = Developer::rich(&market).await;
    let colleague = Developer::with(&market, 0, Limits::default()).await;
    let mut worker = able(&market, 1, &[]).await;
    let stored = answered(&developer, &mut worker, json!({"store": true})).await.json();
    assert_gone(&again(&colleague, &id(&stored)).await);
    assert_eq!(again(&developer, &id(&stored)).await.json(), stored);

    let answer = answered(&developer, &mut worker, json!({"store": false})).await;
    assert_eq!(answer.json()["store"], false);
    assert_gone(&again(&developer, &id(&answer.json())).await);
    let job = developer.job(answer.header("x-decentral-job-id")).await;
    assert_eq!(job["status"], "settled", "the job itself is there");

    for unknown in ["resp_", "resp_1", &id(&stored).replacen("resp_", "job_", 1), "x", "resp_%00"] {
        assert_gone(&again(&developer, unknown).await);
    }
    let chat = tokio::join!(developer.chat(json!({})), async {
        let assigned = worker.job().await;
        finish(&mut worker, &assigned, "one").await;
    });
    assert_gone(&again(&developer, &of_job(chat.0.header("x-decentral-job-id"))).await);

    let streamed = again(&developer, &format!("{}?stream=true", id(&stored))).await;
    let error = &streamed.json()["error"];
    assert_eq!((&error["code"], &error["param"]), (&json!("unsupported_parameter"), &json!("stream")));
}

async fn delete(developer: &Developer<'_>, id: &str) -> Answer {
    developer.ask("DELETE", &format!("{ROUTE}/{id}"), &[], &Value::Null).await
}

#[tokio::test]
async fn a_response_is_deleted_once_and_its_job_stays() {
    let mut market = Market::open().await;
    let developer = Developer::rich(&market).await;
    let colleague = Developer::with(&market, 0, Limits::default()).await;
    let mut worker = able(&market, 1, &[]).await;
    let kept = answered(&developer, &mut worker, json!({})).await.json();
    let answer = answered(&developer, &mut worker, json!({})).await;
    let (response, job) = (id(&answer.json()), answer.header("x-decentral-job-id").to_owned());
    assert_gone(&delete(&colleague, &response).await);
    assert_eq!(again(&developer, &response).await.text(), answer.text());
    let before = (developer.job(&job).await, developer.credits().await);

    // However often it is asked for at once, it is done once.
    let path = format!("{ROUTE}/{response}");
    let asked = (0..8).map(|_| developer.ask("DELETE", &path, &[], &Value::Null));
    let (deleted, late): (Vec<_>, Vec<_>) =
        join_all(asked).await.into_iter().partition(|answer| answer.status == StatusCode::OK);
    let told: Vec<_> = deleted.iter().map(Answer::json).collect();
    assert_eq!(told, [json!({"id": response, "object": "response", "deleted": true})]);
    late.iter().for_each(assert_gone);
    assert_eq!((developer.job(&job).await, developer.credits().await), before);
    let receipt = developer.get(&format!("/v1/jobs/{job}/receipt")).await;
    assert_eq!(receipt.json()["format"], "docket-bundle/1");

    let secret = developer.secret.clone();
    drop(worker);
    market.restart().await;
    let developer = Developer::known(&market, secret);
    assert_gone(&again(&developer, &response).await);
    assert_gone(&delete(&developer, &response).await);
    assert_eq!(again(&developer, &id(&kept)).await.json(), kept);
    for unknown in ["resp_1", &job, "x"] {
        assert_gone(&delete(&developer, unknown).await);
    }
    assert_eq!(developer.job(&job).await["status"], "settled");
}

#[tokio::test]
async fn who_waits_for_a_response_that_is_deleted_has_his_answer() {
    let market = Market::open().await;
    let developer = Developer::rich(&market).await;
    let mut worker = able(&market, 1, &[]).await;
    let body = asked(json!({}));
    let (answer, ()) = tokio::join!(developer.ask("POST", ROUTE, &[], &body), async {
        let assigned = worker.job().await;
        let response = of_job(assigned["job_id"].as_str().expect("a name"));
        assert_eq!(delete(&developer, &response).await.status, StatusCode::OK);
        finish(&mut worker, &assigned, "It rains.").await;
    });
    assert_eq!(answer.json()["status"], "completed");
    assert_gone(&again(&developer, &id(&answer.json())).await);
}

#[tokio::test]
async fn a_streamed_response_is_read_while_it_comes_and_when_it_has_come() {
    let market = Market::open().await;
    let developer = Developer::rich(&market).await;
    let mut worker = able(&market, 1, &[]).await;
    let mut reader = developer.stream_at(ROUTE, asked(json!({}))).await;
    let assigned = worker.job().await;
    let name = of_job(assigned["job_id"].as_str().expect("a name"));
    say(&mut worker, &assigned, &["It "], 0).await;
    reader.hear("It ").await;
    assert_eq!(again(&developer, &name).await.json(), told(&reader.heard, "response.in_progress"));

    // The worker takes one job at a time.
    let body = asked(json!({"instructions": "Wait."}));
    let waiting = developer.ask("POST", ROUTE, &[], &body);
    let ended = async {
        let jobs = loop {
            let jobs = developer.get("/v1/jobs").await.json()["data"].clone();
            if jobs.as_array().is_some_and(|jobs| jobs.len() == 2) {
                break jobs;
            }
        };
        let job = jobs[0]["id"].as_str().expect("a name").to_owned();
        let queued = again(&developer, &of_job(&job)).await.json();
        assert_eq!((&queued["status"], &queued["output"]), (&json!("queued"), &json!([])));
        assert_eq!((&queued["instructions"], &queued["usage"]), (&json!("Wait."), &Value::Null));
        developer.ask("POST", &format!("/v1/jobs/{job}/cancel"), &[], &Value::Null).await;
        again(&developer, &of_job(&job)).await.json()
    };
    let (refused, cancelled) = tokio::join!(waiting, ended);
    let error = &refused.json()["error"];
    assert_eq!(cancelled["status"], "failed");
    assert_eq!(cancelled["error"], json!({"code": "job_cancelled", "message": error["message"]}));

    say(&mut worker, &assigned, &["It ", "rains."], 1).await;
    finish(&mut worker, &assigned, "It rains.").await;
    reader.hear("event: response.completed").await;
    reader.hear("0\r\n\r\n").await;
    assert_eq!(again(&developer, &name).await.json(), told(&reader.heard, "response.completed"));
}

#[tokio::test]
async fn what_has_broken_off_is_read_again_as_failed_with_what_arrived() {
    let market = Market::open().await;
    let developer = Developer::rich(&market).await;
    let mut worker = able(&market, 1, &[]).await;
    let reader = broken_off(&developer, &mut worker).await;
    let failed = again(&developer, &of_job(&reader.job())).await.json();
    assert_eq!(failed, told(&reader.heard, "response.failed"));
    assert_eq!(failed["output"][0]["content"][0]["text"], "It ");
    assert_eq!(failed["error"]["code"], "stream_broken_off");
}
