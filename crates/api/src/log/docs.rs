//! What the log's routes answer, for the description of the API.

use crate::openapi::Operation;
use serde_json::json;

pub(super) fn checkpoint() -> Operation {
    Operation::new("log", "The size and the root of the log, signed (C2SP tlog-checkpoint).")
        .text(200, "A signed note.")
}

pub(super) fn tile() -> Operation {
    Operation::new("log", "A tile of hashes, or a bundle of entries below `entries/` (C2SP tlog-tiles).")
        .part("path", "Level and index, such as `0/x001/234.p/5`.", json!({"type": "string", "minLength": 1}))
        .answer(200, "The tile.", "application/octet-stream", json!({"type": "string", "format": "binary"}))
        .text(404, "The log has no such tile.")
        .text(503, "The log cannot be read now.")
}

pub(super) fn verifier_key() -> Operation {
    Operation::new("log", "The key that signs the log, in the form that readers pin.")
        .text(200, "Name, id and key.")
}
