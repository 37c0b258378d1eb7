//! The coordinator's wires, driven over real sockets on a real store.

mod actors;
mod admin;
mod agents;
mod capital;
mod completions;
mod credits;
mod dispute;
mod embeddings;
mod enrolling;
mod faults;
mod fixture;
mod guide;
mod hires;
mod hostile;
mod http;
mod idempotency;
mod keepalive;
mod keys;
mod large_vectors;
mod log;
mod market;
mod nodes;
mod observe;
mod one_receipt;
mod page_of_agents;
mod pages;
mod reader;
mod refused;
mod reputation;
mod responses;
mod responses_again;
mod responses_before;
mod retries;
mod stake;
mod stream;
mod together;
mod tools;
mod wallets;
mod webhooks;
mod worker;

/// The guide's task.
const TASK: &str = r#"{"job_type":"TASK","user_id":"user_abc123","privacy_class":"PUBLIC","payload":{"job_type":"TASK","task_type":"classify","input":"This product is amazing and works perfectly."}}"#;

/// What the guide's worker answers.
const ANSWER: &str = r#"{"sentiment":"positive","confidence":0.5}"#;

/// A private job of the same kind.
fn private_task() -> String {
    TASK.replace("PUBLIC", "PRIVATE")
}
