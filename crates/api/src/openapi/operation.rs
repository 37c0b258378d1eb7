//! What one operation takes and answers, written down beside its handler.

use serde_json::{Map, Value, json};

/// One operation of the description, in the making.
#[derive(Clone, Debug)]
pub(crate) struct Operation {
    fields: Map<String, Value>,
    parameters: Vec<Value>,
    answers: Map<String, Value>,
}

impl Operation {
    pub(crate) fn new(tag: &str, summary: &str) -> Self {
        let mut fields = Map::new();
        fields.insert("tags".to_owned(), json!([tag]));
        fields.insert("summary".to_owned(), json!(summary));
        let mut answers = Map::new();
        answers.insert("500".to_owned(), json!({"description": "A fault of the coordinator."}));
        Self { fields, parameters: Vec::new(), answers }
    }

    /// A part of the path.
    pub(crate) fn part(self, name: &str, description: &str, schema: Value) -> Self {
        self.parameter(json!({
            "name": name, "in": "path", "required": true, "description": description, "schema": schema,
        }))
    }

    /// A part of the query that may be left out.
    pub(crate) fn query(self, name: &str, description: &str, schema: Value) -> Self {
        self.parameter(json!({"name": name, "in": "query", "description": description, "schema": schema}))
    }

    /// A part of the query that must be there.
    pub(crate) fn required_query(self, name: &str, description: &str, schema: Value) -> Self {
        self.parameter(json!({
            "name": name, "in": "query", "required": true, "description": description, "schema": schema,
        }))
    }

    pub(crate) fn header(self, name: &str, required: bool, description: &str, schema: Value) -> Self {
        self.parameter(json!({
            "name": name, "in": "header", "required": required, "description": description, "schema": schema,
        }))
    }

    fn parameter(mut self, parameter: Value) -> Self {
        self.parameters.push(parameter);
        self
    }

    /// A JSON body.
    pub(crate) fn body(mut self, schema: Value) -> Self {
        let body = json!({"required": true, "content": {"application/json": {"schema": schema}}});
        self.fields.insert("requestBody".to_owned(), body);
        self
    }

    pub(crate) fn answer(self, status: u16, description: &str, kind: &str, schema: Value) -> Self {
        self.answers(status, json!({"description": description, "content": {kind: {"schema": schema}}}))
    }

    /// An answer that comes in several kinds.
    pub(crate) fn answers(mut self, status: u16, answer: Value) -> Self {
        self.answers.insert(status.to_string(), answer);
        self
    }

    /// An answer without a body.
    pub(crate) fn bare(mut self, status: u16, description: &str) -> Self {
        self.answers.insert(status.to_string(), json!({"description": description}));
        self
    }

    /// Whether it says what comes with a status.
    pub(crate) fn says(&self, status: u16) -> bool {
        self.answers.contains_key(&status.to_string())
    }

    /// An answer in JSON.
    pub(crate) fn json(self, status: u16, description: &str, schema: Value) -> Self {
        self.answer(status, description, "application/json", schema)
    }

    /// The answer in JSON may also come as server-sent events.
    pub(crate) fn or_streamed(mut self, status: u16) -> Self {
        let event = json!({"type": "object", "required": ["data"], "properties": {"data": text("JSON, or `[DONE]`.")}});
        let content = self.answers.get_mut(&status.to_string()).and_then(|answer| answer.get_mut("content"));
        if let Some(content) = content.and_then(Value::as_object_mut) {
            content.insert("text/event-stream".to_owned(), json!({"schema": event}));
        }
        self
    }

    /// A text of the coordinator's own words.
    pub(crate) fn text(self, status: u16, description: &str) -> Self {
        self.answer(status, description, "text/plain", json!({"type": "string"}))
    }

    /// An error in the form of the open routes.
    pub(crate) fn error(self, status: u16, description: &str) -> Self {
        self.json(status, description, reference("Error"))
    }

    /// An error in the form of the operator's routes.
    pub(crate) fn problem(self, status: u16, description: &str) -> Self {
        self.answer(status, description, "application/problem+json", reference("Problem"))
    }

    /// Wherever an answer has one named schema, it may have another in its place.
    pub(crate) fn or(mut self, schema: &str, other: &str) -> Self {
        let (schema, other) = (reference(schema), reference(other));
        for answer in self.answers.values_mut() {
            let contents = answer.get_mut("content").and_then(Value::as_object_mut).into_iter();
            for content in contents.flat_map(Map::values_mut) {
                if content["schema"] == schema {
                    content["schema"] = json!({"anyOf": [schema, other]});
                }
            }
        }
        self
    }

    /// Only for those who have proven who they are.
    pub(crate) fn needs(mut self, scheme: &str) -> Self {
        self.fields.insert("security".to_owned(), json!([{scheme: []}]));
        self
    }

    pub(crate) fn into_json(self) -> Value {
        let Self { mut fields, parameters, answers } = self;
        if !parameters.is_empty() {
            fields.insert("parameters".to_owned(), parameters.into());
        }
        fields.insert("responses".to_owned(), answers.into());
        fields.into()
    }
}

/// A named schema.
pub(crate) fn reference(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

/// A text.
pub(crate) fn text(description: &str) -> Value {
    json!({"type": "string", "description": description})
}

/// One of a few texts.
pub(crate) fn choice(values: &[&str]) -> Value {
    json!({"type": "string", "enum": values})
}

/// One text.
pub(crate) fn constant(value: &str) -> Value {
    json!({"const": value})
}

/// A number of things.
pub(crate) fn count(description: &str) -> Value {
    json!({"type": "integer", "minimum": 0, "description": description})
}

/// The same, or `null`.
pub(crate) fn nullable(schema: Value) -> Value {
    json!({"anyOf": [schema, {"type": "null"}]})
}

pub(crate) fn array(items: Value) -> Value {
    json!({"type": "array", "items": items})
}

/// An object with exactly these fields.
pub(crate) fn object(fields: &[(&str, Value)]) -> Value {
    let required: Vec<_> = fields.iter().map(|(name, _)| *name).collect();
    let properties: Map<_, _> =
        fields.iter().map(|(name, schema)| ((*name).to_owned(), schema.clone())).collect();
    json!({"type": "object", "required": required, "properties": properties, "additionalProperties": false})
}
