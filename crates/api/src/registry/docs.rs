//! What the routes of this dialect take and answer.

use super::status::STATUSES;
use crate::openapi::{Operation, array, choice, count, nullable, object, reference, text};
use serde_json::{Value, json};

const EVENTS: [&str; 3] = ["job_completed", "job_submitted", "node_registered"];
const STATES: [&str; 4] = ["active", "left", "refuted", "on_trial"];

pub(crate) fn schemas() -> Vec<(&'static str, Value)> {
    let boolean = json!({"type": "boolean"});
    let tier = json!({"type": "integer", "minimum": 1, "maximum": 3});
    let address = reference("Address");
    let error = json!({
        "type": "object",
        "required": ["ok", "error", "code"],
        "properties": {
            "ok": {"const": false},
            "error": text("Words."),
            "code": text("A code of the page `/docs/errors`."),
            "details": {"type": "object"},
        },
    });
    let advice = object(&[
        ("modelId", text("The model.")),
        ("assignedNode", address.clone()),
        ("nodeReputation", count("From 0 to 100.")),
        ("estimatedCostWei", reference("Units")),
        ("estimatedCostEth", text("The same in whole coins.")),
        ("inputHash", reference("HexDigest")),
        ("instructions", json!({"type": "object", "additionalProperties": {"type": "string"}})),
    ]);
    let job = object(&[
        ("jobId", reference("NodeJobNumber")),
        ("modelId", text("The model.")),
        ("status", choice(&STATUSES)),
        ("requesterAddress", text("Who paid.")),
        ("assignedNode", nullable(address.clone())),
        ("costWei", reference("Units")),
        ("costEth", text("The same in whole coins.")),
        ("inputHash", nullable(reference("HexDigest"))),
        ("outputHash", nullable(reference("HexDigest"))),
        ("nodeEarnedWei", nullable(reference("Units"))),
        ("burnedWei", nullable(reference("Units"))),
        ("reason", nullable(text("Why the money went back."))),
        ("submittedAt", reference("Instant")),
        ("completedAt", nullable(reference("Instant"))),
        ("expiresAt", nullable(reference("Instant"))),
        ("settlement", nullable(text("Where the log has it."))),
    ]);
    let node = object(&[
        ("address", address.clone()),
        ("endpoint", nullable(text("Where jobs are posted."))),
        ("gpuTier", tier),
        ("models", nullable(array(text("A model of the table.")))),
        ("reputation", count("From 0 to 100.")),
        ("reputationPoints", count("From 0 to 10,000.")),
        ("active", boolean.clone()),
        ("state", choice(&STATES)),
        ("online", boolean),
        ("lastHeartbeat", nullable(reference("Instant"))),
        ("openJobs", count("How many jobs it has.")),
        ("concurrency", count("How many it takes at a time.")),
        ("jobsCompleted", count("Paid.")),
        ("jobsFailed", count("Lost by its fault.")),
        ("registeredAt", reference("Instant")),
    ]);
    vec![
        ("RegistryError", error),
        ("HexDigest", json!({"type": "string", "pattern": "^[0-9a-f]{64}$"})),
        ("NodeJobNumber", json!({"type": "string", "pattern": "^[0-9]{1,40}$"})),
        ("Advice", advice),
        ("NodeJob", job),
        ("Node", node),
    ]
}

fn answer(data: Value) -> Value {
    object(&[("ok", json!({"const": true})), ("data", data)])
}

fn operation(summary: &str) -> Operation {
    Operation::new("registry", summary)
        .json(429, "Too many requests from this address.", reference("RegistryError"))
        .json(500, "A fault of the coordinator.", reference("RegistryError"))
        .json(503, "The coordinator cannot do it now.", reference("RegistryError"))
}

fn invalid(operation: Operation) -> Operation {
    operation.json(400, "A value is not as it should be.", reference("RegistryError"))
}

/// With a body in JSON.
fn posted(operation: Operation, properties: Value, required: &[&str]) -> Operation {
    let schema = json!({"type": "object", "properties": properties, "required": required});
    invalid(operation).body(schema).json(413, "The body is too large.", reference("RegistryError")).json(
        415,
        "The body is not said to be JSON.",
        reference("RegistryError"),
    )
}

/// What a wallet signs.
fn signed(operation: Operation, message: &str) -> Operation {
    let words = format!(
        "EIP-191 signature over `Docket:{message}:<timestamp>:<SHA-256 of the body in lower-case hexadecimal>`."
    );
    let time = "Milliseconds since 1970, at most five minutes ago.";
    let signature = json!({"type": "string", "pattern": "^0x[0-9a-fA-F]{130}$"});
    let digits = json!({"type": "string", "pattern": "^[0-9]{1,16}$"});
    operation
        .header("X-Wallet-Address", true, "The wallet.", reference("Address"))
        .header("X-Wallet-Signature", true, &words, signature)
        .header("X-Wallet-Timestamp", true, time, digits)
        .json(401, "The headers do not prove who asks.", reference("RegistryError"))
        .json(403, "Another wallet has paid for this job.", reference("RegistryError"))
        .json(413, "The body is too large.", reference("RegistryError"))
}

fn of_job(summary: &str) -> Operation {
    operation(summary).part("jobId", "The job.", reference("NodeJobNumber")).json(
        404,
        "There is no such job.",
        reference("RegistryError"),
    )
}

fn conflict(operation: Operation, words: &str) -> Operation {
    operation.json(409, words, reference("RegistryError"))
}

pub(super) fn submit() -> Operation {
    let fields = json!({
        "modelId": {"type": "string", "minLength": 1, "maxLength": 128},
        "input": {"type": "string", "minLength": 1, "maxLength": super::submit::LONGEST_INPUT},
        "requesterAddress": reference("Address"),
    });
    posted(
        operation("Who would run a model now, and for how much."),
        fields,
        &["modelId", "input", "requesterAddress"],
    )
    .json(200, "Advice; nothing is paid.", answer(reference("Advice")))
    .json(404, "The model is not known.", reference("RegistryError"))
}

pub(super) fn pay() -> Operation {
    let fields = json!({
        "modelId": {"type": "string", "minLength": 1, "maxLength": 128},
        "inputHash": {"type": "string", "description": "SHA-256 of the prompt in hexadecimal."},
        "input": {"type": "string", "description": "The prompt, where it is not kept any more."},
        "valueWei": {"type": "string", "description": "The most that may be held; at least the price."},
    });
    let operation =
        posted(operation("Hold the price of a job and have it done."), fields, &["modelId", "inputHash"]);
    conflict(signed(operation, "pay-job:<inputHash>"), "The prompt is gone, or the signature was used.")
        .json(201, "The job. A repeat is answered with the same.", answer(reference("NodeJob")))
        .json(402, "The account does not hold enough.", reference("RegistryError"))
        .json(404, "The model is not known.", reference("RegistryError"))
}

pub(super) fn job() -> Operation {
    invalid(of_job("A job as everybody may see it."))
        .query(
            "wait",
            "Whole seconds to wait for its end.",
            json!({"type": "integer", "minimum": 0, "maximum": 60}),
        )
        .json(200, "The job.", answer(reference("NodeJob")))
}

pub(super) fn result() -> Operation {
    let result = object(&[
        ("jobId", reference("NodeJobNumber")),
        ("assignedNode", nullable(reference("Address"))),
        ("output", text("The answer.")),
        ("outputHash", reference("HexDigest")),
    ]);
    conflict(
        signed(invalid(of_job("What a job has come to, for who paid.")), "read-job:<jobId>"),
        "There is no answer.",
    )
    .json(200, "The answer.", answer(result))
}

pub(super) fn receipt() -> Operation {
    conflict(
        signed(invalid(of_job("The file for `docket verify`, for who paid.")), "read-job:<jobId>"),
        "Nothing was delivered.",
    )
    .json(200, "The bundle.", reference("Bundle"))
}

pub(super) fn expire() -> Operation {
    conflict(
        signed(invalid(of_job("The money back, if nobody took the job in time.")), "expire-job:<jobId>"),
        "Not yet.",
    )
    .json(200, "The job.", answer(reference("NodeJob")))
}

pub(super) fn register() -> Operation {
    let fields = json!({
        "address": reference("Address"),
        "endpoint": {"type": "string", "minLength": 1, "maxLength": 1024},
        "gpuTier": {"type": "integer", "minimum": 1, "maximum": 3},
        "models": {"type": "array", "maxItems": 64, "items": {"type": "string"}},
        "concurrency": {"type": "integer", "minimum": 1, "maximum": 256},
    });
    let operation = posted(
        operation("Enrol a node, or change what it offers."),
        fields,
        &["address", "endpoint", "gpuTier"],
    );
    conflict(
        signed(operation, "register-node:<address as in the body>"),
        "Something newer was signed, a challenge was failed, or another worker of this address is online.",
    )
    .json(201, "The node.", answer(reference("Node")))
    .json(404, "A model is not known.", reference("RegistryError"))
}

pub(super) fn heartbeat() -> Operation {
    let fields = json!({
        "address": reference("Address"),
        "endpoint": {"type": "string", "minLength": 1, "maxLength": 1024},
        "timestamp": {"type": "integer", "description": "Seconds since 1970, at most a minute off."},
        "gpuTier": {"type": "integer", "minimum": 1, "maximum": 3},
        "signature": {"type": "string", "description": "EIP-191 signature over `Docket:heartbeat:<address in lower case>:<timestamp>:<gpuTier, or 0>:<endpoint>`."},
    });
    let view = object(&[
        ("received", json!({"const": true})),
        ("nextPingIn", count("In seconds.")),
        ("serverTime", reference("Instant")),
    ]);
    let required = ["address", "endpoint", "timestamp", "signature"];
    conflict(
        posted(operation("A sign of life of a node."), fields, &required),
        "It has come before, or the node keeps a connection.",
    )
    .json(200, "It was received.", answer(view))
    .json(401, "The signature is not the node's.", reference("RegistryError"))
    .json(404, "There is no such node.", reference("RegistryError"))
}

pub(super) fn deactivate() -> Operation {
    let fields = json!({"address": reference("Address")});
    let operation = posted(operation("A node that gets nothing new."), fields, &["address"]);
    conflict(signed(operation, "deactivate-node:<address as in the body>"), "Something newer was signed.")
        .json(200, "The node.", answer(reference("Node")))
        .json(404, "There is no such node.", reference("RegistryError"))
}

fn paged(operation: Operation) -> Operation {
    invalid(operation)
        .query("limit", "How many.", json!({"type": "integer", "minimum": 1, "maximum": 100, "default": 20}))
        .query("offset", "How many are left out.", json!({"type": "integer", "minimum": 0, "maximum": 10000}))
}

pub(super) fn nodes() -> Operation {
    let page = object(&[("nodes", array(reference("Node"))), ("total", count("How many there are."))]);
    paged(operation("Nodes, the highest reputation first."))
        .query("gpuTier", "Only those of this class.", json!({"type": "integer", "minimum": 1, "maximum": 3}))
        .json(200, "A page.", answer(page))
}

pub(super) fn node() -> Operation {
    operation("A node.")
        .part("address", "Its address.", reference("Address"))
        .json(200, "The node.", answer(reference("Node")))
        .json(404, "There is no such node.", reference("RegistryError"))
}

pub(super) fn models() -> Operation {
    let model = object(&[
        ("modelId", text("The model.")),
        ("gpuTier", count("The least class of hardware.")),
        ("contextLength", count("In tokens.")),
        ("maxTokens", count("Of an answer.")),
        ("priceWei", reference("Units")),
        ("priceEth", text("The same in whole coins.")),
    ]);
    operation("The models that can be asked for.").json(
        200,
        "All of them.",
        answer(object(&[("models", array(model))])),
    )
}

pub(super) fn feed() -> Operation {
    let event = object(&[
        ("id", text("`evt_` and a number.")),
        ("type", choice(&EVENTS)),
        ("timestamp", reference("Instant")),
        ("data", json!({"type": "object"})),
    ]);
    let page = object(&[("events", array(event)), ("total", count("How many there are."))]);
    paged(operation("What has happened, newest first.")).json(200, "A page.", answer(page))
}

pub(super) fn stats() -> Operation {
    operation("What was counted.").json(200, "Counts.", answer(json!({"type": "object"})))
}
