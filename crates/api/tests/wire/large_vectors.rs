//! Vectors that are larger than a frame: a worker sends them in parts, and nobody may send anything else so.

use crate::credits::{Developer, MODEL, finish, request};
use crate::market::Market;
use crate::tools::able;
use crate::worker::Worker;
use docket_protocol::frames::{FromWorker, MAX_FRAME_BYTES, MAX_PARTED_BYTES, Parts, encode};
use docket_protocol::receipt::Bundle;
use docket_protocol::verify::{Claim, Holds, Pins, verify};
use hyper::StatusCode;
use serde_json::{Value, json};
use std::fmt::Write;

const ROUTE: &str = "/v1/embeddings";
const TEXTS: usize = 500;
const DIMENSIONS: usize = 768;

/// The number at a place of a vector, with the digits in which a worker writes it.
fn digits(text: usize, place: usize) -> String {
    format!("-0.{:07}", text * DIMENSIONS + place + 1_000_001)
}

/// An output of some 4 MiB.
fn output() -> String {
    let mut output = format!(r#"{{"model":"{MODEL}","embeddings":["#);
    for text in 0..TEXTS {
        let numbers: Vec<_> = (0..DIMENSIONS).map(|place| digits(text, place)).collect();
        write!(output, "{}[{}]", if text > 0 { "," } else { "" }, numbers.join(","))
            .expect("a text takes all");
    }
    output + "]}"
}

fn body(texts: usize) -> Value {
    json!({"model": MODEL, "input": vec!["x".repeat(180); texts]})
}

fn name(assigned: &Value) -> String {
    assigned["job_id"].as_str().expect("a name").to_owned()
}

/// A completion with both receipts, in its parts.
fn parts(worker: &Worker, assigned: &Value, output: &str) -> Vec<FromWorker> {
    let full = worker.full_receipt(assigned, output);
    let signature = worker.key.sign(&full.signed_bytes());
    let FromWorker::JobComplete(complete) = Worker::completion(full, output, (signature, None)) else {
        panic!("it is a completion")
    };
    Parts::of(*complete).map(FromWorker::JobPart).collect()
}

async fn small(worker: &mut Worker) {
    let job = name(&worker.job().await);
    worker.complete(&job, &format!(r#"{{"model":"{MODEL}","embeddings":[[0.5]]}}"#)).await;
}

fn part(job: &str, seq: u32, bytes: usize) -> Value {
    json!({"type": "job_part", "job_id": job, "seq": seq, "text": "1".repeat(bytes)})
}

/// A sign of life is answered, and before it nothing else but what the connection's jobs have come to.
async fn is_alive(worker: &mut Worker) {
    worker.send(json!({"type": "heartbeat", "provider_pubkey": worker.pubkey()})).await;
    loop {
        let frame = worker.next().await;
        if frame["type"] == "heartbeat_ack" {
            return;
        }
        assert!(frame["type"] == "job_cancel" || frame["type"] == "job_done", "{frame}");
    }
}

#[tokio::test]
async fn an_answer_of_several_mebibytes_is_whole_wherever_it_is_read() {
    let market = Market::open().await;
    let developer = Developer::rich(&market).await;
    let mut worker = able(&market, 1, &["embeddings"]).await;
    let output = output();
    assert!(output.len() > 4 << 20);
    let (asked, send) = (body(TEXTS), async {
        let assigned = worker.job().await;
        let parts = parts(&worker, &assigned, &output);
        assert!(parts.len() > 16 && parts.iter().all(|part| encode(part).len() < MAX_FRAME_BYTES));
        worker.send_together(parts).await;
    });
    let (answer, ()) = tokio::join!(developer.ask("POST", ROUTE, &[], &asked), send);
    assert_eq!(answer.status, StatusCode::OK);
    let vectors = &answer.json()["data"];
    assert_eq!(vectors.as_array().map(Vec::len), Some(TEXTS));
    for (text, place) in [(0, 0), (TEXTS / 2, 7), (TEXTS - 1, DIMENSIONS - 1)] {
        assert_eq!(vectors[text]["embedding"][place].to_string(), digits(text, place).trim_end_matches('0'));
    }

    let id = answer.header("x-decentral-job-id").to_owned();
    let job = developer.job(&id).await;
    let told = (&job["status"], &job["credits_charged"], &job["on_chain"]["proof_hash"]);
    assert_eq!(told, (&json!("settled"), &json!(1), &Value::Null), "it has no text");
    let bundle = developer.get(&format!("/v1/jobs/{id}/receipt")).await;
    let bundle = Bundle::parse(&bundle.body).expect("it is a bundle");
    assert!(bundle.output.as_deref() == Some(&output));
    let verdict = verify(&bundle, &Pins::default());
    assert!(verdict.ok());
    assert_eq!(verdict.holds(Claim::Output), Some(Holds::Proven));
    // The same again in base64, by the same name and from the store.
    let mut again = body(TEXTS);
    again["encoding_format"] = json!("base64");
    let (answer, ()) = tokio::join!(developer.ask("POST", ROUTE, &[], &again), async {
        let assigned = worker.job().await;
        worker.send_together(parts(&worker, &assigned, &output)).await;
    });
    let encoded = answer.json()["data"][TEXTS - 1]["embedding"].as_str().map(str::len);
    assert_eq!(encoded, Some((DIMENSIONS * 4).div_ceil(3) * 4));
}

#[tokio::test]
async fn as_many_texts_as_openai_takes_fit_into_a_request() {
    let market = Market::open().await;
    let developer = Developer::rich(&market).await;
    let mut worker = able(&market, 1, &["embeddings"]).await;
    let asked = body(2_048);
    let (answer, ()) = tokio::join!(developer.ask("POST", ROUTE, &[], &asked), small(&mut worker));
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    let answer = developer.ask("POST", ROUTE, &[], &body(2_049)).await;
    assert_eq!((answer.status, &answer.json()["error"]["param"]), (StatusCode::BAD_REQUEST, &json!("input")));
}

#[tokio::test]
async fn more_than_the_limit_fails_the_attempt_and_the_next_worker_has_the_job() {
    let market = Market::open().await;
    let developer = Developer::rich(&market).await;
    let mut greedy = able(&market, 1, &["embeddings"]).await;
    let asked = body(1);
    let (answer, ()) = tokio::join!(developer.ask("POST", ROUTE, &[], &asked), async {
        let job = name(&greedy.job().await);
        let mut honest = able(&market, 2, &["embeddings"]).await;
        let bytes = 512 << 10;
        for seq in 0..=u32::try_from(MAX_PARTED_BYTES / bytes).expect("a few") {
            greedy.send(part(&job, seq, bytes)).await;
        }
        small(&mut honest).await;
        // What it still says of the job is late, and does no harm.
        greedy.send(part(&job, 33, bytes)).await;
        is_alive(&mut greedy).await;
    });
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    assert_eq!(developer.balance().await, 99);
}

#[tokio::test]
async fn parts_that_do_not_fit_together_fail_the_attempt() {
    let wrong: [fn(&str) -> Vec<Value>; 4] = [
        |job| vec![part(job, 0, 9), part(job, 2, 9)],
        |job| vec![part(job, 0, 9), part(job, 1, 9), part(job, 1, 9)],
        |job| vec![json!({"type": "job_part", "job_id": job, "seq": 0, "text": "no frame", "last": true})],
        |job| {
            // Of another job than its parts say, and without a receipt.
            let text = json!({"type": "job_complete", "job_id": "other", "output": 1, "output_hash": format!("sha256:{}", "0".repeat(64))});
            vec![json!({"type": "job_part", "job_id": job, "seq": 0, "text": text.to_string(), "last": true})]
        },
    ];
    for wrong in wrong {
        let market = Market::open().await;
        let developer = Developer::rich(&market).await;
        let mut first = able(&market, 1, &["embeddings"]).await;
        let asked = body(1);
        let (answer, ()) = tokio::join!(developer.ask("POST", ROUTE, &[], &asked), async {
            let job = name(&first.job().await);
            let mut second = able(&market, 2, &["embeddings"]).await;
            for frame in wrong(&job) {
                first.send(frame).await;
            }
            small(&mut second).await;
        });
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    }
}

#[tokio::test]
async fn only_vectors_come_in_parts_and_no_frame_is_larger_than_a_frame() {
    let market = Market::open().await;
    let developer = Developer::rich(&market).await;
    let mut first = able(&market, 1, &["seed", "embeddings"]).await;
    // Of a job that it does not have, a worker may say what it likes.
    first.send(part("job_nobody", 0, 9)).await;
    first.send(part("job_nobody", 1, 9)).await;
    is_alive(&mut first).await;

    let chat = request(json!({}));
    let (answer, ()) = tokio::join!(developer.ask("POST", "/v1/chat/completions", &[], &chat), async {
        let job = name(&first.job().await);
        let mut second = able(&market, 2, &["seed"]).await;
        first.send(part(&job, 0, 9)).await;
        let assigned = second.job().await;
        finish(&mut second, &assigned, "one").await;
        is_alive(&mut first).await;
    });
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());

    // A frame that is too large ends the connection, whatever its worker has in hand.
    let asked = body(1);
    let (answer, ()) = tokio::join!(developer.ask("POST", ROUTE, &[], &asked), async {
        let job = name(&first.job().await);
        let mut third = able(&market, 3, &["embeddings"]).await;
        first.send(part(&job, 0, MAX_FRAME_BYTES)).await;
        while first.perhaps().await.is_some() {}
        market.pass(docket_engine::RESUME_GRACE).await;
        small(&mut third).await;
    });
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
}
