//! Tools that a model may call, and the form that its answer is to have: checked, bounded, and otherwise passed on as
//! they are.

use super::errors::{Code, Problem};
use super::fields::{Fields, depth};
use serde_json::{Value, json};

const MOST_TOOLS: usize = 128;
const LONGEST_NAME: usize = 64;
const LONGEST_DESCRIPTION: usize = 16 * 1024;
/// The declarations of all tools together, in bytes.
const MOST_TOOL_BYTES: usize = 256 * 1024;
/// The form of the answer with its schema, in bytes.
const MOST_FORM_BYTES: usize = 64 * 1024;
/// How deep a schema may be nested.
const DEEPEST_SCHEMA: usize = 32;
/// How deep all around it may be: a frame to a worker has its own bound.
const DEEPEST: usize = 40;

/// The tools of a request.
pub(super) struct Tools<'a> {
    pub(super) list: &'a Value,
    pub(super) choice: Option<Value>,
    pub(super) parallel: Option<bool>,
}

/// Whether something may be called so.
pub(super) fn is_name(name: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    (1..=LONGEST_NAME).contains(&name.len()) && name.bytes().all(fits)
}

/// Reads `tools`, `tool_choice` and `parallel_tool_calls`; `None` where there are no tools.
pub(super) fn tools(body: &Fields) -> Result<Option<Tools<'_>>, Problem> {
    let parallel = body.flag("parallel_tool_calls")?;
    let names = match body.get("tools") {
        Some(tools) => names(tools)?,
        None => Vec::new(),
    };
    let choice = body.get("tool_choice");
    let Some(list) = body.get("tools").filter(|_| !names.is_empty()) else {
        return match choice {
            None => Ok(None),
            Some(choice) if choice == "none" || choice == "auto" => Ok(None),
            Some(_) => Err(Problem::at("tool_choice", "`tool_choice` is only for a request with `tools`.")),
        };
    };
    let choice = choice.map(|choice| read_choice(choice, &names)).transpose()?;
    Ok(Some(Tools { list, choice, parallel }))
}

/// Checks the declarations, and gives the names of the functions.
fn names(tools: &Value) -> Result<Vec<&str>, Problem> {
    let list = tools.as_array().filter(|list| list.len() <= MOST_TOOLS);
    let list = list.ok_or_else(|| Problem::at("tools", "`tools` must be a list of at most 128."))?;
    if tools.to_string().len() > MOST_TOOL_BYTES {
        return Err(Problem::new(Code::TooLarge, "The declarations of all tools have at most 262144 bytes."));
    }
    if depth(tools) > DEEPEST {
        return Err(Problem::at("tools", "`tools` are nested too deep."));
    }
    list.iter().enumerate().map(|(number, tool)| name(tool, number)).collect()
}

fn name(tool: &Value, number: usize) -> Result<&str, Problem> {
    let at = |part: &str| format!("tools[{number}].{part}");
    match tool["type"].as_str() {
        Some("function") => {}
        Some(_) => return Err(Problem::unsupported(at("type"))),
        None => return Err(Problem::at(at("type"), "A tool is of type function.")),
    }
    let function = &tool["function"];
    let name = function["name"].as_str().filter(|name| is_name(name)).ok_or_else(|| {
        Problem::at(at("function.name"), "A name has 1 to 64 letters, digits, underscores and dashes.")
    })?;
    let described = match &function["description"] {
        Value::Null => true,
        text => text.as_str().is_some_and(|text| text.len() <= LONGEST_DESCRIPTION),
    };
    if !described {
        return Err(Problem::at(
            at("function.description"),
            "A description is a text of at most 16384 bytes.",
        ));
    }
    check_schema(&function["parameters"], &at("function.parameters"))?;
    check_strict(&function["strict"], &at("function.strict"))?;
    Ok(name)
}

fn read_choice(choice: &Value, names: &[&str]) -> Result<Value, Problem> {
    let is_word = choice.as_str().is_some_and(|word| ["none", "auto", "required"].contains(&word));
    let named = &choice["function"]["name"];
    let is_tool = choice["type"] == "function" && named.as_str().is_some_and(|name| names.contains(&name));
    if choice["type"] == "allowed_tools" || choice["type"] == "custom" {
        return Err(Problem::unsupported("tool_choice"));
    }
    let wrong = || {
        Problem::at("tool_choice", "`tool_choice` is none, auto, required, or names a function of `tools`.")
    };
    match (is_word, is_tool) {
        (true, _) => Ok(choice.clone()),
        (_, true) => Ok(json!({"type": "function", "function": {"name": named}})),
        _ => Err(wrong()),
    }
}

/// Reads `response_format`; `None` for plain text.
pub(super) fn form(body: &Fields) -> Result<Option<&Value>, Problem> {
    let Some(form) = body.get("response_format") else { return Ok(None) };
    if form.to_string().len() > MOST_FORM_BYTES {
        return Err(Problem::new(Code::TooLarge, "`response_format` has at most 65536 bytes."));
    }
    if depth(form) > DEEPEST {
        return Err(Problem::at("response_format", "`response_format` is nested too deep."));
    }
    match form["type"].as_str() {
        Some("text") => Ok(None),
        Some("json_object") => Ok(Some(form)),
        Some("json_schema") => {
            let named = &form["json_schema"];
            if !named["name"].as_str().is_some_and(is_name) {
                let words = "A name has 1 to 64 letters, digits, underscores and dashes.";
                return Err(Problem::at("response_format.json_schema.name", words));
            }
            check_schema(&named["schema"], "response_format.json_schema.schema")?;
            check_strict(&named["strict"], "response_format.json_schema.strict")?;
            Ok(Some(form))
        }
        _ => {
            let words = "A response format is of type text, json_object or json_schema.";
            Err(Problem::at("response_format.type", words))
        }
    }
}

/// What a schema says is between client and model; only its size matters here.
fn check_schema(schema: &Value, at: &str) -> Result<(), Problem> {
    let fits = match schema {
        Value::Null => true,
        schema => schema.is_object() && depth(schema) <= DEEPEST_SCHEMA,
    };
    let wrong = || Problem::at(at.to_owned(), "A schema is an object, nested at most 32 deep.");
    fits.then_some(()).ok_or_else(wrong)
}

fn check_strict(strict: &Value, at: &str) -> Result<(), Problem> {
    let fits = strict.is_null() || strict.is_boolean();
    fits.then_some(()).ok_or_else(|| Problem::at(at.to_owned(), "`strict` must be true or false."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(body: &Value) -> Fields {
        Fields::parse(body.to_string().as_bytes()).unwrap()
    }

    fn function(name: &str) -> Value {
        json!({"type": "function", "function": {"name": name, "description": "d", "parameters": {"type": "object"}, "strict": true}})
    }

    fn nested(levels: usize) -> Value {
        (0..levels).fold(json!({}), |inner, _| json!({"properties": inner}))
    }

    #[test]
    fn tools_and_their_choice_are_passed_on_as_they_are() {
        for choice in [
            json!("none"),
            json!("auto"),
            json!("required"),
            json!({"type": "function", "function": {"name": "b"}}),
        ] {
            let body = fields(
                &json!({"tools": [function("a"), function("b")], "tool_choice": choice, "parallel_tool_calls": false}),
            );
            let tools = tools(&body).unwrap().unwrap();
            assert_eq!(
                (tools.list[1].clone(), tools.choice, tools.parallel),
                (function("b"), Some(choice), Some(false))
            );
        }
        for nothing in
            [json!({}), json!({"tools": []}), json!({"tool_choice": "auto", "parallel_tool_calls": true})]
        {
            assert!(tools(&fields(&nothing)).unwrap().is_none(), "{nothing}");
        }
        let schema = json!({"type": "json_schema", "json_schema": {"name": "s", "schema": nested(31), "strict": true}});
        for (format, asked) in
            [(json!({"type": "text"}), false), (json!({"type": "json_object"}), true), (schema, true)]
        {
            let body = fields(&json!({"response_format": format}));
            assert_eq!(form(&body).unwrap(), asked.then_some(&format));
        }
    }

    #[test]
    fn what_is_wrong_is_named_and_what_nobody_offers_is_refused() {
        let with = |part: &str, value: Value| {
            let mut tool = function("f");
            tool["function"][part] = value;
            json!({"tools": [tool]})
        };
        let format =
            |schema: Value| json!({"response_format": {"type": "json_schema", "json_schema": schema}});
        for (body, code, param) in [
            (json!({"tools": {}}), "invalid_request", "tools"),
            (json!({"tools": vec![function("f"); 129]}), "invalid_request", "tools"),
            (json!({"tools": ["f"]}), "invalid_request", "tools[0].type"),
            (json!({"tools": [{"type": "function", "x": nested(40)}]}), "invalid_request", "tools"),
            (
                json!({"response_format": {"type": "json_object", "x": nested(40)}}),
                "invalid_request",
                "response_format",
            ),
            (json!({"tools": [{"type": "web_search"}]}), "unsupported_parameter", "tools[0].type"),
            (with("name", json!("f f")), "invalid_request", "tools[0].function.name"),
            (with("name", json!("f".repeat(65))), "invalid_request", "tools[0].function.name"),
            (with("description", json!(7)), "invalid_request", "tools[0].function.description"),
            (with("parameters", json!([])), "invalid_request", "tools[0].function.parameters"),
            (with("parameters", nested(32)), "invalid_request", "tools[0].function.parameters"),
            (with("strict", json!("yes")), "invalid_request", "tools[0].function.strict"),
            (json!({"tool_choice": "required"}), "invalid_request", "tool_choice"),
            (
                json!({"tools": [function("f")], "tool_choice": {"type": "function", "function": {"name": "g"}}}),
                "invalid_request",
                "tool_choice",
            ),
            (
                json!({"tools": [function("f")], "tool_choice": {"type": "allowed_tools"}}),
                "unsupported_parameter",
                "tool_choice",
            ),
            (json!({"parallel_tool_calls": 1}), "invalid_request", "parallel_tool_calls"),
            (json!({"response_format": {"type": "grammar"}}), "invalid_request", "response_format.type"),
            (format(json!({"schema": {}})), "invalid_request", "response_format.json_schema.name"),
            (
                format(json!({"name": "s", "schema": 7})),
                "invalid_request",
                "response_format.json_schema.schema",
            ),
            (
                format(json!({"name": "s", "schema": nested(32)})),
                "invalid_request",
                "response_format.json_schema.schema",
            ),
        ] {
            let body = fields(&body);
            let problem = tools(&body).map(|_| ()).and_then(|()| form(&body).map(|_| ())).unwrap_err().json();
            let problem: Value = serde_json::from_str(&problem).unwrap();
            assert_eq!(
                (&problem["error"]["code"], &problem["error"]["param"]),
                (&json!(code), &json!(param))
            );
        }
        let large =
            json!({"tools": vec![with("description", json!("d".repeat(16_384)))["tools"][0].clone(); 17]});
        assert!(tools(&fields(&large)).map(|_| ()).unwrap_err().json().contains("request_too_large"));
    }
}
