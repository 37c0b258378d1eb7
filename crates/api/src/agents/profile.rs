//! What an agent says of itself, as it comes in a request: bounded, and of the types that it should have.

use super::errors::Problem;
use super::status::parse_role;
use docket_core::agent::identity::{Profile, Wallet};
use docket_core::agent::role::Role;
use docket_core::hash::ContentHash;
use docket_core::id::AgentId;
use serde_json::{Map, Value};
use std::sync::Arc;

/// In bytes; letters, digits, `_`, `-`, `.` and single spaces between them.
const LONGEST_NAME: usize = 50;
/// In characters.
const LONGEST_DESCRIPTION: usize = 500;
/// In bytes.
const LONGEST_AVATAR: usize = 512;
const MOST_TAGS: usize = 10;

/// The words by which agents may be found. The reference has a closed list and does not publish it; this one is ours.
pub(super) const TAGS: [&str; 20] = [
    "analysis",
    "audio",
    "automation",
    "code-review",
    "coding",
    "data",
    "design",
    "evaluation",
    "finance",
    "image",
    "inference",
    "legal",
    "marketing",
    "research",
    "security",
    "trading",
    "translation",
    "video",
    "web",
    "writing",
];

/// What a request says of an agent, as far as it says something.
pub(super) struct Said {
    name: Option<Arc<str>>,
    description: Option<Arc<str>>,
    roles: Option<Vec<Role>>,
    tags: Option<Vec<Arc<str>>>,
    avatar: Option<Arc<str>>,
}

/// The members of a body.
#[derive(Default)]
pub(super) struct Fields(Map<String, Value>);

impl Fields {
    pub(super) fn parse(body: &[u8]) -> Result<Self, Problem> {
        let body: Map<String, Value> = serde_json::from_slice(body)
            .map_err(|error| Problem::invalid(format!("The body is no JSON object: {error}.")))?;
        Ok(Self(body.into_iter().filter(|(_, value)| !value.is_null()).collect()))
    }

    /// A text, if it is there.
    pub(super) fn text(&self, name: &str) -> Result<Option<&str>, Problem> {
        let wrong = || Problem::invalid(format!("`{name}` must be a text."));
        self.0.get(name).map(|value| value.as_str().ok_or_else(wrong)).transpose()
    }

    /// A whole amount of minor units, above zero, in decimal digits.
    pub(super) fn amount(&self, name: &str) -> Result<u128, Problem> {
        let digits = self.text(name)?.filter(|text| !text.starts_with('+') && text.len() <= 30);
        let units = digits.and_then(|text| text.parse().ok()).filter(|units| *units > 0);
        units.ok_or_else(|| {
            Problem::invalid(format!("`{name}` must be a text of digits: minor units, above 0."))
        })
    }

    /// Whether something is so; not, where nothing is said.
    pub(super) fn flag(&self, name: &str) -> Result<bool, Problem> {
        let wrong = || Problem::invalid(format!("`{name}` must be true or false."));
        self.0.get(name).map_or(Ok(false), |value| value.as_bool().ok_or_else(wrong))
    }

    /// A whole number, as a number or in decimal digits, if it is there.
    pub(super) fn number(&self, name: &str) -> Result<Option<u64>, Problem> {
        let read = |value: &Value| match value {
            Value::Number(number) => number.as_u64(),
            Value::String(digits) => digits.parse().ok().filter(|number: &u64| number.to_string() == *digits),
            _ => None,
        };
        let wrong = || Problem::invalid(format!("`{name}` must be a whole number."));
        self.0.get(name).map(|value| read(value).ok_or_else(wrong)).transpose()
    }

    /// An agent, if it is there.
    pub(super) fn agent(&self, name: &str) -> Result<Option<AgentId>, Problem> {
        let number = self.number(name)?.filter(|number| i64::try_from(*number).is_ok());
        Ok(number.map(AgentId))
    }

    /// Thirty-two bytes in hexadecimal, if they are there.
    pub(super) fn hash(&self, name: &str) -> Result<Option<ContentHash>, Problem> {
        let wrong = || Problem::invalid(format!("`{name}` must be 0x and 64 hexadecimal digits."));
        let read = |text: &str| text.strip_prefix("0x").and_then(ContentHash::parse).ok_or_else(wrong);
        self.text(name)?.map(read).transpose()
    }

    /// The members of an object, if it is there.
    pub(super) fn object(&self, name: &str) -> Result<Option<Self>, Problem> {
        let wrong = || Problem::invalid(format!("`{name}` must be an object."));
        let members = self.0.get(name).map(|value| value.as_object().ok_or_else(wrong)).transpose()?;
        Ok(members.map(|members| Self(members.clone())))
    }

    /// A text of so many characters at most, and no zero among them; empty where nothing is said.
    pub(super) fn words(&self, name: &str, most: usize) -> Result<Arc<str>, Problem> {
        let text = self.text(name)?.unwrap_or_default();
        let sound = text.chars().count() <= most && !text.contains('\0');
        let words = || format!("`{name}` must have at most {most} characters, and no zero among them.");
        if sound { Ok(text.into()) } else { Err(Problem::invalid(words())) }
    }

    /// The address of a wallet, if it is there.
    pub(super) fn wallet(&self, name: &str) -> Result<Option<Wallet>, Problem> {
        self.text(name)?.map(|text| parse_wallet(name, text)).transpose()
    }

    /// What the members say of an agent.
    pub(super) fn said(&self) -> Result<Said, Problem> {
        let known = |tag: &str| TAGS.contains(&tag).then(|| Arc::from(tag));
        Ok(Said {
            name: self.text("name")?.map(name).transpose()?,
            description: self.text("description")?.map(description).transpose()?,
            roles: self.list("roles", Role::ALL.len(), parse_role)?,
            tags: self.list("tags", MOST_TAGS, known)?,
            avatar: self.text("avatar")?.map(avatar).transpose()?,
        })
    }

    /// A list of known words, none of them twice.
    fn list<T: PartialEq>(
        &self,
        name: &str,
        most: usize,
        word: impl Fn(&str) -> Option<T>,
    ) -> Result<Option<Vec<T>>, Problem> {
        let Some(value) = self.0.get(name) else { return Ok(None) };
        let wrong = || Problem::invalid(format!("`{name}` must be a list of at most {most} known words."));
        let words = value.as_array().filter(|words| words.len() <= most).ok_or_else(wrong)?;
        let mut list = Vec::with_capacity(words.len());
        for item in words {
            let item = item.as_str().and_then(&word).ok_or_else(wrong)?;
            if !list.contains(&item) {
                list.push(item);
            }
        }
        Ok(Some(list))
    }
}

impl Said {
    /// The profile that this makes of another: what is not said stays as it was.
    pub(super) fn upon(&self, before: Profile) -> Profile {
        Profile {
            name: self.name.clone().unwrap_or(before.name),
            description: self.description.clone().unwrap_or(before.description),
            roles: self.roles.clone().unwrap_or(before.roles),
            tags: self.tags.clone().unwrap_or(before.tags),
            avatar: self.avatar.clone().or(before.avatar),
        }
    }
}

/// An address, in either case.
pub(super) fn parse_wallet(name: &str, text: &str) -> Result<Wallet, Problem> {
    let wrong = || Problem::invalid(format!("`{name}` must be 0x and 40 hexadecimal digits."));
    Wallet::parse(text).ok_or_else(wrong)
}

fn name(text: &str) -> Result<Arc<str>, Problem> {
    let letters = |byte: u8| byte.is_ascii_alphanumeric() || b"_-. ".contains(&byte);
    let sound = (1..=LONGEST_NAME).contains(&text.len())
        && text.bytes().all(letters)
        && text.trim() == text
        && !text.contains("  ");
    let words =
        "`name` must have 1 to 50 letters, digits, `_`, `-`, `.` or single spaces, and none at its ends.";
    if sound { Ok(text.into()) } else { Err(Problem::invalid(words)) }
}

fn description(text: &str) -> Result<Arc<str>, Problem> {
    let sound = text.chars().count() <= LONGEST_DESCRIPTION && !text.contains('\0');
    let words = "`description` must have at most 500 characters, and no zero among them.";
    if sound { Ok(text.into()) } else { Err(Problem::invalid(words)) }
}

fn avatar(text: &str) -> Result<Arc<str>, Problem> {
    let shown = ["https://", "ipfs://"].iter().any(|scheme| text.starts_with(scheme));
    let sound = shown && text.len() <= LONGEST_AVATAR && text.bytes().all(|byte| byte.is_ascii_graphic());
    let words = "`avatar` must be a URL of at most 512 bytes that begins with https:// or ipfs://.";
    if sound { Ok(text.into()) } else { Err(Problem::invalid(words)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(body: Value) -> Result<Profile, Problem> {
        Ok(Fields::parse(body.to_string().as_bytes())?.said()?.upon(Profile::default()))
    }

    #[test]
    fn a_profile_is_read_as_it_is_meant() {
        let profile = read(json!({
            "name": "Ann-2.0 of_Rome", "description": "ü".repeat(500), "roles": ["PROVIDER", "provider"],
            "tags": ["coding", "writing", "coding"], "avatar": "ipfs://bafy", "more": [1],
        }));
        let profile = profile.unwrap();
        assert_eq!(&*profile.name, "Ann-2.0 of_Rome");
        assert_eq!(profile.roles, [Role::Provider]);
        assert_eq!(profile.tags, [Arc::from("coding"), Arc::from("writing")]);
        let said = Fields::parse(br#"{"name": "Bea", "avatar": null}"#).unwrap().said().unwrap();
        assert_eq!(said.upon(profile.clone()), Profile { name: "Bea".into(), ..profile });
    }

    #[test]
    fn what_is_out_of_bounds_is_refused() {
        for wrong in [
            json!({"name": ""}),
            json!({"name": "x".repeat(51)}),
            json!({"name": " ann"}),
            json!({"name": "a  b"}),
            json!({"name": "änn"}),
            json!({"name": 7}),
            json!({"description": "x".repeat(501)}),
            json!({"description": "a\u{0}b"}),
            json!({"roles": ["KING"]}),
            json!({"roles": "PROVIDER"}),
            json!({"tags": ["unheard-of"]}),
            json!({"tags": vec!["coding"; 11]}),
            json!({"avatar": "http://a.example/"}),
            json!({"avatar": format!("https://{}", "x".repeat(505))}),
            json!([1]),
        ] {
            assert!(read(wrong.clone()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn amounts_are_digits_above_zero() {
        let amount =
            |text: Value| Fields::parse(json!({"amount": text}).to_string().as_bytes())?.amount("amount");
        assert_eq!(amount(json!("100000000")).unwrap(), 100_000_000);
        let wrong =
            [json!("0"), json!("-1"), json!("+1"), json!("1.5"), json!(""), json!(5), json!("9".repeat(31))];
        for wrong in wrong {
            assert!(amount(wrong.clone()).is_err(), "{wrong}");
        }
    }
}
