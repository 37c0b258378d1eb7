//! What the routes of this dialect take and answer, for the description of the API.

use super::status;
use crate::openapi::{Operation, array, choice, constant, count, nullable, object, reference, text};
use serde_json::{Value, json};

/// The schemas that have names.
pub(crate) fn schemas() -> Vec<(&'static str, Value)> {
    let error = object(&[
        ("code", text("What went wrong, for programs.")),
        ("message", text("The same for people.")),
        ("type", text("The group that the code belongs to.")),
        ("param", nullable(text("The part of the request that it is about."))),
        ("docs", text("Where the code is explained.")),
    ]);
    let usage = object(&[
        ("prompt_tokens", count("Tokens of the question.")),
        ("completion_tokens", count("Tokens of the answer.")),
        ("total_tokens", count("Both.")),
    ]);
    vec![
        ("ApiError", object(&[("error", error)])),
        ("TokenUsage", usage),
        ("CreditsJob", job()),
        ("Dispute", dispute()),
        ("Model", model()),
    ]
    .into_iter()
    .chain(super::request_docs::schemas())
    .chain(super::hook_docs::schemas())
    .collect()
}

fn amount(description: &str) -> Value {
    json!({"type": "number", "description": description})
}

fn job() -> Value {
    let on_chain = object(&[
        ("escrow_tx", nullable(text("Where the log has the hold: `ledger:` and an index."))),
        ("settlement_tx", nullable(text("Where the log has the end."))),
        ("escrow_pda", nullable(text("Always `null` on a ledger."))),
        ("slot", nullable(count("The index of the end in the log."))),
        ("proof_hash", nullable(text("SHA-256 of the answer's text."))),
    ]);
    object(&[
        ("id", text("`job_` and 18 letters and digits.")),
        ("object", constant("job")),
        ("status", choice(&status::all())),
        ("model", nullable(text("Its name."))),
        ("tier", text("What the model costs by.")),
        ("credits_charged", amount("What is paid; before there is an answer, what is held.")),
        ("usdc_value", amount("The same in dollars.")),
        ("worker_address", nullable(text("The worker's key in base58."))),
        ("created_at", text("An instant in whole seconds.")),
        ("completed_at", nullable(text("An instant in whole seconds."))),
        ("on_chain", on_chain),
        ("usage", nullable(reference("TokenUsage"))),
    ])
}

fn dispute() -> Value {
    let evidence = object(&[
        ("your_hash", nullable(text("Of what the client says that he received."))),
        ("worker_hash", nullable(text("Of what the worker says that it delivered."))),
        ("relayed_hash", nullable(text("Of what the coordinator handed on."))),
        ("vouched_by", json!({"enum": ["worker", "coordinator", null]})),
        ("receipt", text("Where the receipt is to be had.")),
        ("receipt_tx", nullable(text("Where the log has the receipt."))),
    ]);
    let transfer = object(&[
        ("at", text("An instant in whole seconds.")),
        ("event", text("What caused it.")),
        ("from", text("An account.")),
        ("to", text("An account.")),
        ("credits", amount("How many.")),
        ("tx", nullable(text("Where the log has it."))),
    ]);
    object(&[
        ("object", constant("dispute")),
        ("job_id", text("Which job.")),
        ("status", choice(&["open", "ruled"])),
        ("opened_at", text("An instant in whole seconds.")),
        ("deadline", text("Without a ruling until then the worker is paid.")),
        ("ruled_at", nullable(text("An instant in whole seconds."))),
        ("ruling", json!({"enum": ["for_worker", "for_client", "divided", null]})),
        ("client_share_bp", nullable(count("Of a divided sum, in hundredths of a percent."))),
        ("decided_by", json!({"enum": ["rules", "arbiter", "default", null]})),
        ("evidence", evidence),
        ("transfers", array(transfer)),
    ])
}

fn model() -> Value {
    let decentral = object(&[
        ("tier", nullable(text("What the model costs by."))),
        ("credits_per_request", nullable(count("With as many tokens as it covers."))),
        ("credits_per_1k_tokens", nullable(count("For each begun thousand beyond."))),
        ("active_workers", count("Connected workers that serve it.")),
        ("median_latency_ms", nullable(count("From a request to its whole answer."))),
        ("parameters", nullable(text("Such as `8B`."))),
        (
            "features",
            array(text(
                "What at least one of them honours: `chat` for answers in text, `embeddings` for vectors, and more.",
            )),
        ),
        ("supported_parameters", array(text("The parameters that ask for it."))),
        ("context_window", nullable(count("Tokens that it can hold."))),
    ]);
    object(&[
        ("id", text("Its name.")),
        ("object", constant("model")),
        ("created", count("Always 0.")),
        ("owned_by", text("Always `docket`.")),
        ("decentral", decentral),
    ])
}

/// An operation with errors in this dialect's form.
pub(super) fn failing(operation: Operation, statuses: &[(u16, &str)]) -> Operation {
    statuses
        .iter()
        .fold(operation, |operation, (status, words)| operation.json(*status, words, reference("ApiError")))
}

pub(super) const BAD: (u16, &str) = (400, "A parameter is wrong, or nobody offers it.");
const NO_RESPONSE: (u16, &str) = (404, "There is no such stored response under this key.");
const NO_JOB: (u16, &str) = (404, "There is no such job under this key.");
pub(super) const BUSY: (u16, &str) = (503, "Nobody can do it now; nothing was charged.");

/// Errors of everything that makes a job.
const PLACING: [(u16, &str); 10] = [
    BAD,
    (402, "The balance or the key's limit does not cover the hold."),
    (404, "No live worker serves the model."),
    (409, "The job was withdrawn."),
    (413, "The body is too large."),
    (415, "The body is no JSON."),
    (422, "The idempotency key was used for another request."),
    (502, "The workers that tried have failed; nothing was charged."),
    BUSY,
    (504, "There was no answer in time; nothing was charged."),
];

pub(super) fn key(operation: Operation) -> Operation {
    operation.header(
        "Idempotency-Key",
        false,
        "The same for the same intended purchase: a repeat gets the same job.",
        json!({"type": "string", "minLength": 1, "maxLength": 255}),
    )
}

fn named(operation: Operation) -> Operation {
    operation.part("id", "The job's id.", json!({"type": "string", "minLength": 1}))
}

pub(super) fn chat() -> Operation {
    let operation = Operation::new("credits", "OpenAI's chat completions; each is a job.")
        .body(reference("ChatRequest"))
        .json(
            200,
            "The answer, or with `stream` its chunks as server-sent events.",
            json!({"type": "object"}),
        )
        .or_streamed(200);
    failing(key(operation), &PLACING)
}

pub(super) fn respond() -> Operation {
    let operation = Operation::new("credits", "OpenAI's responses; each is the job of a chat.")
        .body(reference("ResponseRequest"))
        .json(
            200,
            "The response, or with `stream` its events as server-sent events.",
            json!({"type": "object"}),
        )
        .or_streamed(200);
    failing(key(operation), &PLACING)
}

pub(super) fn show_response() -> Operation {
    let operation =
        Operation::new("credits", "A response that was stored, as it was answered, or as far as it is.")
            .part("id", "The response's id.", json!({"type": "string", "minLength": 1}))
            .json(200, "The response.", json!({"type": "object"}));
    failing(operation, &[BAD, NO_RESPONSE, BUSY])
}

pub(super) fn delete_response() -> Operation {
    let deleted = object(&[
        ("id", text("The response's id.")),
        ("object", constant("response")),
        ("deleted", json!({"const": true})),
    ]);
    let operation = Operation::new("credits", "Nobody reads the response again. Its job stays.")
        .part("id", "The response's id.", json!({"type": "string", "minLength": 1}))
        .json(200, "It is deleted.", deleted);
    failing(operation, &[NO_RESPONSE, BUSY])
}

pub(super) fn go_on() -> Operation {
    let operation =
        Operation::new("credits", "A text is gone on with, where a worker of the model does that.")
            .body(reference("CompletionRequest"))
            .json(
                200,
                "The answer, or with `stream` its chunks as server-sent events.",
                json!({"type": "object"}),
            )
            .or_streamed(200);
    failing(key(operation), &PLACING)
}

pub(super) fn embeddings() -> Operation {
    let vector = object(&[
        ("object", constant("embedding")),
        ("index", count("Which text.")),
        ("embedding", json!({"anyOf": [array(json!({"type": "number"})), text("32-bit floats in base64.")]})),
    ]);
    let tokens =
        object(&[("prompt_tokens", count("Tokens of the texts.")), ("total_tokens", count("The same."))]);
    let list = object(&[
        ("object", constant("list")),
        ("data", array(vector)),
        ("model", text("Its name.")),
        ("usage", tokens),
    ]);
    let operation = Operation::new("credits", "Texts become vectors, where a worker of the model does that.")
        .body(reference("EmbeddingRequest"))
        .json(200, "One for each text.", list);
    failing(key(operation), &PLACING)
}

/// What a stream answers in this dialect before it has begun, beside what it answers in others.
pub(crate) fn following(operation: Operation) -> Operation {
    let statuses = [
        (409, "The job was withdrawn, or its answer is no text."),
        (502, "The workers that tried have failed; nothing was charged."),
        (504, "There was no answer in time; nothing was charged."),
    ];
    failing(operation, &statuses)
}

pub(super) fn submit() -> Operation {
    let operation = Operation::new("credits", "The same as a job that nobody waits for.")
        .body(reference("ChatRequest"))
        .json(201, "The job.", reference("CreditsJob"));
    failing(key(operation), &PLACING)
}

pub(super) fn list_models() -> Operation {
    let list = object(&[("object", constant("list")), ("data", array(reference("Model")))]);
    Operation::new("credits", "The models that live workers serve.").json(200, "They.", list)
}

pub(super) fn show_model() -> Operation {
    let operation = Operation::new("credits", "One of them.")
        .part("model", "Its name, which may have slashes.", json!({"type": "string", "minLength": 1}))
        .json(200, "It.", reference("Model"));
    failing(operation, &[(404, "No live worker serves it.")])
}

pub(super) fn page(operation: Operation) -> Operation {
    operation
        .query("limit", "How many.", json!({"type": "integer", "minimum": 1, "maximum": 100, "default": 20}))
        .query("before", "Older than this one.", json!({"type": "string"}))
}

pub(super) fn list_of(schema: Value) -> Value {
    object(&[
        ("object", constant("list")),
        ("data", array(schema)),
        ("has_more", json!({"type": "boolean"})),
        ("next_cursor", nullable(text("To be given as `before`, or with `after` as that."))),
    ])
}

pub(super) fn list_jobs() -> Operation {
    let operation = page(Operation::new("credits", "The jobs of this key, the newest first."))
        .query("after", "Newer than this one.", json!({"type": "string"}))
        .query("status", "Only with this status.", choice(&status::all()))
        .query("model", "Only of this model.", json!({"type": "string"}))
        .json(200, "A page of them.", list_of(reference("CreditsJob")));
    failing(operation, &[BAD, BUSY])
}

pub(super) fn cancel() -> Operation {
    let operation = named(Operation::new("credits", "Withdraws a job that has no answer yet.")).json(
        200,
        "The job.",
        reference("CreditsJob"),
    );
    failing(operation, &[NO_JOB, (409, "It has its answer, or came to nothing."), BUSY])
}

pub(super) fn open_dispute() -> Operation {
    let body = json!({
        "type": "object",
        "required": ["received_output_hash"],
        "properties": {"received_output_hash": {"type": "string", "pattern": "^(sha256:)?[0-9a-f]{64}$"}},
    });
    let mut opened = object(&[
        ("job_id", text("Which job.")),
        ("dispute_opened", json!({"type": "boolean"})),
        ("your_hash", text("As it was sent.")),
        ("worker_hash", text("Of what the worker says that it delivered.")),
        ("dispute_tx", nullable(text("Where the log has what the dispute has moved."))),
        ("arbitration_window_hours", count("How long the arbiter may take.")),
    ]);
    // There only if the coordinator could decide at once.
    opened["properties"]["ruling"] = choice(&["for_worker", "for_client"]);
    let operation =
        named(Operation::new("credits", "Disputes that the answer is what the worker delivered."))
            .body(body)
            .json(200, "Whether there is a dispute now. There is none where the hashes are equal.", opened);
    let conflict = (409, "It has no answer, the time for disputes is over, or it was disputed before.");
    failing(operation, &[BAD, NO_JOB, conflict, (413, "The body is too large."), BUSY])
}

pub(super) fn show_dispute() -> Operation {
    let operation = named(Operation::new("credits", "The dispute over a job: evidence, ruling, transfers."));
    let operation = operation.json(200, "It.", reference("Dispute"));
    failing(operation, &[(404, "There is no such job under this key, or no dispute over it."), BUSY])
}

pub(super) fn credits() -> Operation {
    let account = object(&[
        ("object", constant("credits")),
        ("balance", amount("What can be spent now.")),
        ("held", amount("What jobs of the account without an answer hold.")),
        ("spent", amount("What was charged under this key, with what it holds.")),
    ]);
    Operation::new("credits", "The credits of the account.").json(200, "They.", account)
}

pub(super) fn statement() -> Operation {
    let movement = object(&[
        ("id", text("Its number.")),
        ("created_at", text("An instant in whole seconds.")),
        ("event", text("What caused it.")),
        ("job_id", nullable(text("About which job."))),
        ("credits", amount("Negative where credits left the account.")),
    ]);
    let operation = page(Operation::new("credits", "Every movement of the account, the newest first.")).json(
        200,
        "A page of them.",
        list_of(movement),
    );
    failing(operation, &[BAD, BUSY])
}

pub(super) fn errors() -> Operation {
    let page = json!({"type": "string"});
    let page = json!({
        "description": "Markdown; HTML for who accepts `text/html`, where each code is an anchor.",
        "content": {"text/markdown": {"schema": page}, "text/html": {"schema": page}},
    });
    Operation::new("process", "Every error code and its meaning.").answers(200, page)
}
