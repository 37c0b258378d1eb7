//! The members of a body, read one by one and checked: of which type, how long, how large.

use super::errors::{Code, Problem};
use serde_json::{Map, Value};

pub(super) const LONGEST_MODEL: usize = 128;
const MOST_LABELS: usize = 16;
const LONGEST_LABEL_NAME: usize = 64;
const LONGEST_LABEL: usize = 512;

/// How many tokens can be made likelier or less likely, and by how much.
const MOST_BIASES: usize = 300;
const BIAS: std::ops::RangeInclusive<f64> = -100.0..=100.0;

/// Whether a value asks for nothing.
pub(super) type AsksNothing = fn(&Value) -> bool;

/// Whether a list or an object has nothing in it.
pub(super) fn is_empty(value: &Value) -> bool {
    value.as_array().is_some_and(Vec::is_empty) || value.as_object().is_some_and(Map::is_empty)
}

/// How many arrays and objects lie in each other.
pub(super) fn depth(value: &Value) -> usize {
    match value {
        Value::Array(list) => 1 + list.iter().map(depth).max().unwrap_or_default(),
        Value::Object(members) => 1 + members.values().map(depth).max().unwrap_or_default(),
        _ => 0,
    }
}

/// The members of the body that are not `null`.
pub(super) struct Fields(Map<String, Value>);

impl Fields {
    /// Reads a body.
    pub(super) fn parse(body: &[u8]) -> Result<Self, Problem> {
        let body: Map<String, Value> = serde_json::from_slice(body).map_err(|error| {
            Problem::new(Code::InvalidRequest, format!("The body is no JSON object: {error}."))
        })?;
        Ok(Self::of(body))
    }

    /// Members that were read already.
    pub(super) fn of(body: Map<String, Value>) -> Self {
        Self(body.into_iter().filter(|(_, value)| !value.is_null()).collect())
    }

    /// A member as it is; `null` is as good as absent.
    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// The model's name.
    pub(super) fn model(&self) -> Result<String, Problem> {
        let model = self.text("model", LONGEST_MODEL)?;
        let model = model.ok_or_else(|| Problem::at("model", "`model` is missing."))?;
        if model.is_empty() {
            Err(Problem::at("model", "`model` must have 1 to 128 bytes."))
        } else {
            Ok(model)
        }
    }

    /// Refuses what is not offered, unless its value asks for nothing.
    pub(super) fn refuse(&self, list: &[(&'static str, AsksNothing)]) -> Result<(), Problem> {
        let asked = |(param, asks_nothing): &&(&str, AsksNothing)| {
            self.get(param).is_some_and(|value| !asks_nothing(value))
        };
        match list.iter().find(asked) {
            Some((param, _)) => Err(Problem::unsupported(*param)),
            None => Ok(()),
        }
    }

    pub(super) fn text(&self, name: &'static str, longest: usize) -> Result<Option<String>, Problem> {
        let Some(value) = self.0.get(name) else { return Ok(None) };
        let text = value.as_str().filter(|text| text.len() <= longest).map(str::to_owned);
        let wrong = || Problem::at(name, format!("`{name}` must be a text of at most {longest} bytes."));
        text.map(Some).ok_or_else(wrong)
    }

    /// One of some words.
    pub(super) fn word(&self, name: &'static str, words: &[&'static str]) -> Result<(), Problem> {
        let Some(value) = self.0.get(name) else { return Ok(()) };
        let is_known = value.as_str().is_some_and(|word| words.contains(&word));
        let wrong = || Problem::at(name, format!("`{name}` must be one of {}.", words.join(", ")));
        is_known.then_some(()).ok_or_else(wrong)
    }

    /// Up to 16 texts by name, with which a client labels what it asks for.
    pub(super) fn labels(&self, name: &'static str) -> Result<Option<&Map<String, Value>>, Problem> {
        let Some(value) = self.0.get(name) else { return Ok(None) };
        let fits = |(key, value): (&String, &Value)| {
            key.len() <= LONGEST_LABEL_NAME && value.as_str().is_some_and(|text| text.len() <= LONGEST_LABEL)
        };
        let labels =
            value.as_object().filter(|labels| labels.len() <= MOST_LABELS && labels.iter().all(fits));
        let wrong = || {
            Problem::at(
                name,
                format!(
                    "`{name}` must be an object of up to 16 texts of at most 512 bytes, with names of at most 64."
                ),
            )
        };
        labels.map(Some).ok_or_else(wrong)
    }

    /// How much likelier or less likely tokens are made, by their numbers; `None` if none is.
    pub(super) fn biases(&self, name: &'static str) -> Result<Option<Value>, Problem> {
        let Some(value) = self.0.get(name) else { return Ok(None) };
        let is_number = |id: &str| id.parse::<u32>().is_ok_and(|number| number.to_string() == id);
        let fits = |(id, bias): (&String, &Value)| {
            is_number(id) && bias.as_f64().is_some_and(|bias| BIAS.contains(&bias))
        };
        match value.as_object() {
            Some(biases) if biases.is_empty() => Ok(None),
            Some(biases) if biases.len() <= MOST_BIASES && biases.iter().all(fits) => Ok(Some(value.clone())),
            _ => Err(Problem::at(
                name,
                format!(
                    "`{name}` must be an object of up to {MOST_BIASES} numbers from -100 to 100 by the ids of tokens."
                ),
            )),
        }
    }

    pub(super) fn flag(&self, name: &'static str) -> Result<Option<bool>, Problem> {
        let wrong = || Problem::at(name, format!("`{name}` must be true or false."));
        self.0.get(name).map(|value| value.as_bool().ok_or_else(wrong)).transpose()
    }

    pub(super) fn whole(
        &self,
        name: &'static str,
        range: std::ops::RangeInclusive<u64>,
    ) -> Result<Option<u64>, Problem> {
        let Some(value) = self.0.get(name) else { return Ok(None) };
        let number = value.as_u64().filter(|number| range.contains(number));
        let (low, high) = (range.start(), range.end());
        number.map(Some).ok_or_else(|| {
            Problem::at(name, format!("`{name}` must be a whole number between {low} and {high}."))
        })
    }

    pub(super) fn fraction(
        &self,
        name: &'static str,
        range: std::ops::RangeInclusive<f64>,
    ) -> Result<Option<Value>, Problem> {
        let Some(value) = self.0.get(name) else { return Ok(None) };
        let (low, high) = (range.start(), range.end());
        match value.as_f64() {
            Some(number) if range.contains(&number) => Ok(Some(value.clone())),
            _ => Err(Problem::at(name, format!("`{name}` must be a number between {low} and {high}."))),
        }
    }
}
