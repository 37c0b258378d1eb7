//! What the routes of this dialect take and answer, for the description of the API.

use crate::openapi::{Operation, array, choice, constant, count, nullable, object, reference, text};
use serde_json::{Value, json};

/// The schemas that have names.
pub(crate) fn schemas() -> Vec<(&'static str, Value)> {
    let instant = json!({"type": "string", "format": "date-time"});
    let receipt = object(&[
        ("job_id", reference("JobId")),
        ("provider_pubkey", reference("Key")),
        ("output_hash", text("SHA-256 of the output's bytes, `sha256:` and 64 hexadecimal digits.")),
        ("completed_at", text("When the worker was done, in its own words.")),
        ("payment_ref", nullable(text("Always `null` so far."))),
        ("signature", text("Ed25519 over the five other fields as `JSON.stringify` writes them, in base64.")),
    ]);
    vec![
        ("Error", object(&[("error", text("Words, or a code."))])),
        ("Instant", instant),
        ("JobId", json!({"type": "string", "format": "uuid"})),
        ("Key", json!({"type": "string", "pattern": "^[0-9a-f]{64}$"})),
        ("Quote", quote_schema()),
        ("Commit", commit_schema()),
        ("Committed", object(&[("job_id", reference("JobId"))])),
        ("Refused", object(&[("error", constant("no_trusted_worker")), ("job_id", reference("JobId"))])),
        ("Receipt", receipt),
        ("Job", job_schema()),
        ("Bundle", bundle_schema()),
    ]
}

fn quote_schema() -> Value {
    object(&[
        ("price", json!({"type": "string", "pattern": r"^\$[0-9]+\.[0-9]{3,}$"})),
        ("endpoint", choice(&["/v1/jobs/commit/fast", "/v1/jobs/commit/cheap"])),
        ("policy_resolved", choice(&["FAST", "CHEAP"])),
        ("network", text("Where the job would settle.")),
        ("expires_at", nullable(reference("Instant"))),
    ])
}

fn commit_schema() -> Value {
    let prompt = json!({
        "type": "object",
        "required": ["job_type", "prompt"],
        "properties": {
            "job_type": constant("LLM_INFER"),
            "prompt": {"type": "string", "pattern": r"\S", "maxLength": 262144},
            "max_tokens": {"type": "integer", "minimum": 1, "maximum": 32768},
        },
    });
    let task = json!({
        "type": "object",
        "required": ["job_type", "task_type", "input"],
        "properties": {
            "job_type": constant("TASK"),
            "task_type": choice(&["summarize", "classify", "extract_json"]),
            "input": {"type": "string", "pattern": r"\S", "maxLength": 262144},
        },
    });
    let of = |kind: &str, payload: Value| {
        json!({
            "type": "object",
            "required": ["job_type", "user_id", "payload"],
            "properties": {
                "job_type": constant(kind),
                "user_id": user(),
                "privacy_class": choice(&["PUBLIC", "PRIVATE"]),
                "payload": payload,
            },
        })
    };
    json!({"oneOf": [of("LLM_INFER", prompt), of("TASK", task)]})
}

fn job_schema() -> Value {
    object(&[
        ("id", reference("JobId")),
        ("status", choice(&["pending", "completed", "failed"])),
        ("result", json!({"description": "The output as the worker signed it, or why it failed."})),
        ("receipt", nullable(reference("Receipt"))),
        ("created_at", reference("Instant")),
        ("completed_at", nullable(reference("Instant"))),
    ])
}

fn bundle_schema() -> Value {
    json!({
        "type": "object",
        "description": "What `docket verify` reads.",
        "required": ["format", "signed_by", "receipt", "signature", "dispatch"],
        "properties": {
            "format": constant("docket-bundle/1"),
            "signed_by": choice(&["worker", "coordinator"]),
            "receipt": nullable(json!({"type": "object"})),
            "signature": nullable(json!({"type": "string"})),
            "batch": {
                "type": "object",
                "description": "Where the receipt stands among those that share its signature.",
                "required": ["index", "size", "path"],
                "properties": {
                    "index": {"type": "integer", "minimum": 0},
                    "size": {"type": "integer", "minimum": 2, "maximum": 256},
                    "path": array(json!({"type": "string"})),
                },
                "additionalProperties": false,
            },
            "dispatch": nullable(json!({"type": "object"})),
            "completion": {
                "type": "object",
                "description": "A node's word by its wallet, in the place of all other receipts.",
                "required": ["address", "job_id", "output_hash", "signature"],
                "properties": {
                    "address": text("The wallet."),
                    "job_id": text("The job."),
                    "output_hash": text("SHA-256 of the text of the answer."),
                    "signature": text("EIP-191 over `Docket:complete-job:<job>:<SHA-256 of the answer in hexadecimal>`."),
                },
                "additionalProperties": false,
            },
            "output": {"type": "string"},
            "vouched": array(json!({"type": "string"})),
            "log": {"type": "object"},
        },
        "additionalProperties": false,
    })
}

pub(super) fn health() -> Operation {
    let health = object(&[
        ("status", constant("ok")),
        ("workers_online", count("How many workers are connected.")),
        ("network", text("Where jobs settle.")),
        ("timestamp", reference("Instant")),
    ]);
    Operation::new("jobs", "Whether the market is there.").json(200, "It is.", health)
}

pub(super) fn quote() -> Operation {
    Operation::new("jobs", "What a kind of work costs, and where to commit it.")
        .required_query("job_type", "The kind of work.", choice(&["LLM_INFER", "TASK"]))
        .query("policy", "Whether speed or price counts.", choice(&["AUTO", "FAST", "CHEAP"]))
        .json(200, "A quote; it never expires.", reference("Quote"))
        .error(400, "An unknown kind of work or policy.")
}

pub(super) fn commit(policy: &str) -> Operation {
    Operation::new("jobs", &format!("Commits a job under the policy {policy}."))
        .header(
            "Idempotency-Key",
            false,
            "A repeat under the same key finds the same job.",
            json!({"type": "string", "pattern": "^[!#-~][!-~]{0,253}$"}),
        )
        .body(reference("Commit"))
        .json(201, "The job is durable and its price is held.", reference("Committed"))
        .error(400, "The body is not as it should be.")
        .error(402, "A payment is required, and nothing was paid.")
        .error(413, "The body is too large.")
        .error(415, "The body does not say that it is JSON.")
        .json(
            422,
            "The key was used with another request; or the job is private and no trusted worker could take it.",
            json!({"anyOf": [reference("Error"), reference("Refused")]}),
        )
        .error(503, "The coordinator takes no jobs now.")
}

pub(crate) fn show() -> Operation {
    Operation::new("jobs", "A job as it stands. Whoever knows the id may read it.")
        .part("id", "The job's id.", json!({"type": "string", "minLength": 1}))
        .query(
            "wait",
            "How many seconds to wait for its end.",
            json!({"type": "integer", "minimum": 0, "maximum": 60}),
        )
        .json(200, "The job.", reference("Job"))
        .error(400, "It cannot be waited for so long.")
        .error(404, "There is no such job.")
        .error(503, "The store cannot be read now.")
}

pub(crate) fn receipt() -> Operation {
    Operation::new("jobs", "The file that proves a job: receipts, output, and the place in the log.")
        .part("id", "The job's id.", json!({"type": "string", "minLength": 1}))
        .json(200, "The bundle.", reference("Bundle"))
        .error(404, "There is no such job, or nothing was delivered for it.")
        .error(409, "The job is not finished.")
        .error(503, "The store cannot be read now.")
}

/// An event of a stream. Those of jobs of `credits` have no name.
fn event() -> Value {
    let fields = [
        ("id", text("The place after it.")),
        ("event", text("Its name.")),
        ("data", text("JSON, or `[DONE]`.")),
    ];
    let mut event = object(&fields);
    event["required"] = json!(["data"]);
    event
}

pub(crate) fn stream() -> Operation {
    Operation::new("jobs", "The answer as it is being given, and at its end the job.")
        .part("id", "The job's id.", json!({"type": "string", "minLength": 1}))
        .header("Last-Event-ID", false, "Goes on after this event.", json!({"type": "string"}))
        .answer(
            200,
            "Events named `text`, each with `text`; `again` when another worker begins from nothing; the last is `job`. \
             Of a job of `credits`: the chunks of a chat.",
            "text/event-stream",
            event(),
        )
        .error(404, "There is no such job.")
        .error(503, "The store cannot be read now.")
}

/// A user's name, as it stands in requests.
fn user() -> Value {
    json!({"type": "string", "minLength": 1, "maxLength": 128, "pattern": r"^[^\x00-\x1f\x7f-\x9f]+$"})
}

pub(super) fn create_pairing() -> Operation {
    let created = object(&[
        ("pairing_code", json!({"type": "string", "pattern": "^[0-9A-F]{6}$"})),
        ("expires_at", reference("Instant")),
    ]);
    Operation::new("trust", "Makes a code by which the owner of a worker wins a user's trust.")
        .body(json!({"type": "object", "required": ["user_id"], "properties": {"user_id": user()}}))
        .json(201, "A code for one worker, good for an hour.", created)
        .error(400, "There is no user.")
        .error(413, "The body is too large.")
        .error(503, "The coordinator cannot do it now.")
}

pub(super) fn claim_pairing() -> Operation {
    let claim = json!({
        "type": "object",
        "required": ["pairing_code", "provider_pubkey"],
        "properties": {"pairing_code": {"type": "string"}, "provider_pubkey": reference("Key")},
    });
    let claimed =
        object(&[("user_id", text("Who trusts the worker now.")), ("paired_at", reference("Instant"))]);
    Operation::new("trust", "Claims a code for a worker.")
        .body(claim)
        .json(200, "The worker may see the user's private jobs.", claimed)
        .error(400, "`invalid_code`, `already_claimed`, `expired`, or a field is missing.")
        .error(413, "The body is too large.")
        .error(503, "The coordinator cannot do it now.")
}

pub(super) fn list_trusted() -> Operation {
    let provider = object(&[("provider_pubkey", reference("Key")), ("paired_at", reference("Instant"))]);
    Operation::new("trust", "The workers that a user trusts.")
        .required_query("user_id", "The user.", user())
        .json(200, "They.", object(&[("providers", array(provider))]))
        .error(400, "There is no user.")
        .error(503, "The store cannot be read now.")
}
