//! `GET /openapi.json`: what the router serves, made from the same table as the router itself.

mod operation;

pub(crate) use operation::{Operation, array, choice, constant, count, nullable, object, reference, text};

use crate::route::{Guard, Route};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};
use std::sync::LazyLock;

/// Made once: the table never changes.
static DOCUMENT: LazyLock<String> =
    LazyLock::new(|| document(&crate::router::table(), crate::router::schemas()).to_string());

pub(crate) fn routes() -> Vec<Route> {
    let operation = Operation::new("process", "This description.").answer(
        200,
        "An OpenAPI 3.1 document.",
        "application/json",
        json!({"type": "object", "required": ["openapi", "paths"]}),
    );
    vec![Route::get("/openapi.json", show, operation)]
}

async fn show() -> Response {
    let kind = HeaderValue::from_static("application/json");
    ([(header::CONTENT_TYPE, kind)], DOCUMENT.as_str()).into_response()
}

/// The description of a table of routes, with the named schemas that it refers to.
fn document(table: &[Route], schemas: Vec<(&'static str, Value)>) -> Value {
    let mut paths = Map::new();
    for route in table {
        let path = route.path.replace("{*", "{");
        let methods = paths.entry(path).or_insert_with(|| json!({}));
        methods[route.method.as_str().to_ascii_lowercase()] = described(route);
    }
    let schemas: Map<_, _> = schemas.into_iter().map(|(name, schema)| (name.to_owned(), schema)).collect();
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Docket",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "A job market for AI inference and agent work.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "tags": [
            {"name": "jobs", "description": "Quote, commit, poll: the dialect `quotes`."},
            {"name": "credits", "description": "OpenAI-compatible inference: the dialect `credits`."},
            {"name": "agents", "description": "Agents hire agents: the dialect `agents`."},
            {"name": "registry", "description": "Nodes in GPU tiers: the dialect `registry`."},
            {"name": "trust", "description": "Which workers a user trusts with private jobs."},
            {"name": "log", "description": "The transparency log (C2SP tlog-tiles)."},
            {"name": "workers", "description": "Where workers connect."},
            {"name": "process", "description": "The coordinator itself."},
            {"name": "operator", "description": "What needs the operator's token."},
        ],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "operator": {"type": "http", "scheme": "bearer"},
                "key": {"type": "http", "scheme": "bearer", "bearerFormat": "dcntrl_live_ and 32 letters or digits"},
            },
        },
    })
}

/// An operation with what its guard adds.
fn described(route: &Route) -> Value {
    let operation = route.operation.clone();
    let operation = match route.guard {
        Guard::Free => operation,
        Guard::Limited if operation.says(429) => operation,
        Guard::Limited => operation.error(429, "Too many requests from this address."),
        Guard::Key => operation
            .json(401, "The API key is missing, unknown or revoked.", reference("ApiError"))
            .json(429, "Too many requests from this address.", reference("ApiError"))
            .needs("key"),
        Guard::Operator => operation
            .problem(401, "The token is missing or wrong.")
            .problem(403, "This coordinator has no operator's token.")
            .needs("operator"),
    };
    operation.into_json()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// Every `$ref` in a value.
    fn references(value: &Value, found: &mut BTreeSet<String>) {
        match value {
            Value::Object(fields) => {
                for (name, value) in fields {
                    match value.as_str().filter(|_| name == "$ref") {
                        Some(target) => {
                            found.insert(target.to_owned());
                        }
                        None => references(value, found),
                    }
                }
            }
            Value::Array(values) => values.iter().for_each(|value| references(value, found)),
            _ => {}
        }
    }

    fn whole() -> Value {
        serde_json::from_str(&DOCUMENT).unwrap()
    }

    #[test]
    fn every_route_is_described_once_and_nothing_else_is() {
        let table = crate::router::table();
        let described: usize = whole()["paths"]
            .as_object()
            .unwrap()
            .values()
            .map(|methods| methods.as_object().unwrap().len())
            .sum();
        assert_eq!(described, table.len(), "a path and method stand twice in the table");
    }

    #[test]
    fn every_schema_is_used_and_every_reference_leads_to_one() {
        let (document, mut used) = (whole(), BTreeSet::new());
        references(&document, &mut used);
        let schemas = document["components"]["schemas"].as_object().unwrap();
        let named: BTreeSet<_> = schemas.keys().map(|name| format!("#/components/schemas/{name}")).collect();
        assert_eq!(used, named);
    }

    #[test]
    fn every_part_of_a_path_is_a_parameter() {
        for (path, methods) in whole()["paths"].as_object().unwrap() {
            for (method, operation) in methods.as_object().unwrap() {
                let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
                let in_path = |parameter: &&Value| parameter["in"] == "path";
                let named =
                    parameters.iter().filter(in_path).filter_map(|parameter| parameter["name"].as_str());
                let parts = path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
                let [named, parts] = [named.collect::<BTreeSet<_>>(), parts.collect()];
                assert_eq!(named, parts, "{method} {path}");
            }
        }
    }
}
