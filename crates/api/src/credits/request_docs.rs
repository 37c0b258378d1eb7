//! What can be asked of a model, for the description of the API.

use crate::openapi::{choice, constant};
use serde_json::{Value, json};

/// The schemas that have names.
pub(super) fn schemas() -> [(&'static str, Value); 4] {
    [
        ("ChatRequest", chat()),
        ("ResponseRequest", response()),
        ("CompletionRequest", completion()),
        ("EmbeddingRequest", embedding()),
    ]
}

fn chat() -> Value {
    let name = json!({"type": "string", "pattern": "^[a-zA-Z0-9_-]{1,64}$"});
    let called = json!({
        "type": "object",
        "required": ["id", "type", "function"],
        "properties": {
            "id": {"type": "string", "minLength": 1, "maxLength": 256},
            "type": constant("function"),
            "function": {
                "type": "object",
                "required": ["name", "arguments"],
                "properties": {"name": name, "arguments": {"type": "string"}},
            },
        },
    });
    let message = json!({
        "type": "object",
        "required": ["role", "content"],
        "properties": {
            "role": choice(&["system", "developer", "user", "assistant", "tool"]),
            "content": {"type": "string", "pattern": r"\S"},
            "tool_calls": {"type": "array", "items": called, "maxItems": 128},
            "tool_call_id": {"type": "string", "minLength": 1, "maxLength": 256},
        },
    });
    let tool = json!({
        "type": "object",
        "required": ["type", "function"],
        "properties": {
            "type": constant("function"),
            "function": {
                "type": "object",
                "required": ["name"],
                "properties": {
                    "name": name,
                    "description": {"type": "string", "maxLength": 16_384},
                    "parameters": {"type": "object", "description": "A schema, nested at most 32 deep."},
                    "strict": {"type": "boolean"},
                },
            },
        },
    });
    let penalty = json!({"type": "number", "minimum": -2, "maximum": 2});
    json!({
        "type": "object",
        "required": ["model", "messages"],
        "properties": {
            "model": {"type": "string", "minLength": 1, "maxLength": 128},
            "messages": {"type": "array", "items": message, "minItems": 1, "maxItems": 1024},
            "stream": {"type": "boolean"},
            "max_tokens": {"type": "integer", "minimum": 1, "maximum": 131_072},
            "temperature": {"type": "number", "minimum": 0, "maximum": 2},
            "top_p": {"type": "number", "exclusiveMinimum": 0, "maximum": 1},
            "seed": {"type": "integer", "minimum": 0},
            "stop": {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]},
            "tools": {"type": "array", "items": tool, "maxItems": 128},
            "tool_choice": {"anyOf": [choice(&["none", "auto", "required"]), {"type": "object"}]},
            "parallel_tool_calls": {"type": "boolean"},
            "response_format": {
                "type": "object",
                "required": ["type"],
                "properties": {"type": choice(&["text", "json_object", "json_schema"])},
            },
            "logprobs": {"type": "boolean"},
            "top_logprobs": {"type": "integer", "minimum": 0, "maximum": 20},
            "frequency_penalty": penalty,
            "presence_penalty": penalty,
            "logit_bias": biases(),
        },
    })
}

/// How much likelier or less likely tokens are made.
fn biases() -> Value {
    let bias = json!({"type": "number", "minimum": -100, "maximum": 100});
    json!({"type": "object", "patternProperties": {"^(0|[1-9][0-9]{0,8})$": bias}, "additionalProperties": false, "maxProperties": 300})
}

fn response() -> Value {
    let item = json!({
        "type": "object",
        "required": ["role", "content"],
        "properties": {
            "type": constant("message"),
            "role": choice(&["system", "developer", "user", "assistant"]),
            "content": {"type": "string", "pattern": r"\S"},
        },
    });
    let text = json!({"type": "string", "pattern": r"\S"});
    let tool = json!({
        "type": "object",
        "required": ["type", "name"],
        "properties": {
            "type": constant("function"),
            "name": {"type": "string", "pattern": "^[a-zA-Z0-9_-]{1,64}$"},
            "parameters": {"type": "object", "description": "A schema, nested at most 32 deep."},
            "strict": {"type": "boolean"},
        },
    });
    json!({
        "type": "object",
        "required": ["model", "input"],
        "properties": {
            "model": {"type": "string", "minLength": 1, "maxLength": 128},
            "input": {"anyOf": [text, {"type": "array", "items": item, "minItems": 1, "maxItems": 1_023}]},
            "instructions": {"type": "string"},
            "previous_response_id": {
                "type": "string",
                "maxLength": 512,
                "description": "A stored response of this key. What was said up to its answer comes before the input.",
            },
            "stream": {"type": "boolean"},
            "max_output_tokens": {"type": "integer", "minimum": 1, "maximum": 131_072},
            "temperature": {"type": "number", "minimum": 0, "maximum": 2},
            "top_p": {"type": "number", "exclusiveMinimum": 0, "maximum": 1},
            "tools": {"type": "array", "items": tool, "maxItems": 128},
            "tool_choice": {"anyOf": [choice(&["none", "auto", "required"]), {"type": "object"}]},
            "parallel_tool_calls": {"type": "boolean"},
            "text": {"type": "object"},
            "metadata": {"type": "object", "maxProperties": 16, "additionalProperties": {"type": "string"}},
            "store": {"type": "boolean"},
        },
    })
}

fn completion() -> Value {
    let penalty = json!({"type": "number", "minimum": -2, "maximum": 2});
    json!({
        "type": "object",
        "required": ["model", "prompt"],
        "properties": {
            "model": {"type": "string", "minLength": 1, "maxLength": 128},
            "prompt": {"type": "string", "pattern": r"\S", "maxLength": 262_144},
            "stream": {"type": "boolean"},
            "max_tokens": {"type": "integer", "minimum": 1, "maximum": 131_072, "default": 16},
            "temperature": {"type": "number", "minimum": 0, "maximum": 2},
            "top_p": {"type": "number", "exclusiveMinimum": 0, "maximum": 1},
            "seed": {"type": "integer", "minimum": 0},
            "stop": {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]},
            "frequency_penalty": penalty,
            "presence_penalty": penalty,
            "logit_bias": biases(),
        },
    })
}

fn embedding() -> Value {
    let text = json!({"type": "string", "minLength": 1});
    json!({
        "type": "object",
        "required": ["model", "input"],
        "properties": {
            "model": {"type": "string", "minLength": 1, "maxLength": 128},
            "input": {"anyOf": [text, {"type": "array", "items": text, "minItems": 1, "maxItems": 2_048}]},
            "encoding_format": choice(&["float", "base64"]),
            "dimensions": {"type": "integer", "minimum": 1, "maximum": 65_536},
        },
    })
}
