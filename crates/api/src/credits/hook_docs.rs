//! What the routes of webhooks take and answer, for the description of the API.

use super::docs::{BAD, BUSY, failing, key, list_of, page};
use super::events::WORDS;
use crate::openapi::{Operation, array, choice, count, nullable, object, reference, text};
use serde_json::{Value, json};

/// The schemas that have names.
pub(super) fn schemas() -> [(&'static str, Value); 2] {
    [("Webhook", hook()), ("WebhookDelivery", delivery())]
}

fn words() -> Vec<&'static str> {
    WORDS.iter().map(|(word, _)| *word).collect()
}

fn hook() -> Value {
    let mut hook = object(&[
        ("id", text("`wh_` and 24 hexadecimal digits.")),
        ("url", text("Where events are sent.")),
        ("events", array(choice(&words()))),
        ("created_at", text("An instant in whole seconds.")),
        ("status", choice(&["active", "disabled"])),
    ]);
    // There only in the answer to who has made or replaced it.
    hook["properties"]["secret"] = text("What deliveries are signed with.");
    hook
}

fn delivery() -> Value {
    let types: Vec<_> = words().into_iter().chain(["ping"]).collect();
    object(&[
        ("event_id", text("The same over all attempts.")),
        ("type", choice(&types)),
        ("job_id", nullable(text("About which job."))),
        ("created_at", text("When it has happened; an instant in whole seconds.")),
        ("status", choice(&["pending", "delivered", "failed"])),
        ("attempts", count("Since the event, or since it was asked for again.")),
        ("last_status", nullable(count("What the last attempt was answered with."))),
        ("last_error", nullable(text("Why the last attempt had no answer."))),
        ("next_attempt_at", nullable(text("An instant in whole seconds."))),
        ("delivered_at", nullable(text("An instant in whole seconds."))),
    ])
}

const NO_HOOK: (u16, &str) = (404, "This account has no such webhook.");
const NO_EVENT: (u16, &str) = (404, "This account has no such webhook, or the webhook knows no such event.");
const DISABLED: (u16, &str) = (409, "The webhook has answered 410 and is told nothing more.");

fn named(operation: Operation) -> Operation {
    operation.part("id", "The webhook's id.", json!({"type": "string", "minLength": 1}))
}

pub(super) fn create() -> Operation {
    let body = json!({
        "type": "object",
        "required": ["url", "events"],
        "properties": {
            "url": {"type": "string", "format": "uri", "maxLength": 1024},
            "events": {"type": "array", "items": choice(&words()), "minItems": 1},
            "secret": {"type": ["string", "null"], "minLength": 16, "maxLength": 350},
        },
    });
    let operation = Operation::new("credits", "Has events sent to a URL, signed by Standard Webhooks.")
        .body(body)
        .json(201, "The webhook, with its secret, which is shown only here.", reference("Webhook"));
    let errors = [
        BAD,
        (404, "The webhook that the same request has made before was deleted."),
        (409, "The account has as many webhooks as it may have."),
        (413, "The body is too large."),
        (415, "The body is no JSON."),
        (422, "The idempotency key was used for another request."),
        BUSY,
    ];
    failing(key(operation), &errors)
}

pub(super) fn list() -> Operation {
    let operation = Operation::new("credits", "The webhooks of the account, the oldest first.");
    failing(operation.json(200, "They.", list_of(reference("Webhook"))), &[BUSY])
}

pub(super) fn show() -> Operation {
    let operation = named(Operation::new("credits", "One of them.")).json(200, "It.", reference("Webhook"));
    failing(operation, &[NO_HOOK, BUSY])
}

pub(super) fn delete() -> Operation {
    let operation = named(Operation::new("credits", "Takes a webhook away, with all that it is to be told."));
    failing(operation.bare(204, "It is gone."), &[NO_HOOK, BUSY])
}

pub(super) fn rotate() -> Operation {
    let summary = "Draws another secret; for 24 hours the one before signs as well.";
    let operation = named(Operation::new("credits", summary)).json(
        200,
        "The webhook, with its new secret, which is shown only here.",
        reference("Webhook"),
    );
    let errors = [
        (400, "The idempotency key is none."),
        NO_HOOK,
        (409, "The webhook is told nothing more, or the secret of the same request is kept no more."),
        (413, "The body is too large."),
        (415, "The body is no JSON."),
        (422, "The idempotency key was used for another request."),
        BUSY,
    ];
    failing(key(operation), &errors)
}

pub(super) fn test() -> Operation {
    let operation = named(Operation::new("credits", "Sends an event `ping`.")).json(
        202,
        "It is on its way.",
        reference("WebhookDelivery"),
    );
    failing(operation, &[NO_HOOK, DISABLED, BUSY])
}

pub(super) fn deliveries() -> Operation {
    let operation =
        named(Operation::new("credits", "What a webhook was and is to be told, the newest first."));
    let list = list_of(reference("WebhookDelivery"));
    failing(page(operation).json(200, "A page of it.", list), &[BAD, NO_HOOK, BUSY])
}

pub(super) fn replay() -> Operation {
    let operation = named(Operation::new("credits", "Sends an event once more, for another day."))
        .part("event_id", "The event's id.", json!({"type": "string", "minLength": 1}))
        .json(202, "It is on its way.", reference("WebhookDelivery"));
    failing(operation, &[NO_EVENT, DISABLED, BUSY])
}
