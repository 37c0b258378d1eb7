//! Canonical JSON against the published vectors, and strict reading.

use crate::fixture;
use docket_protocol::canonical::{self, StrictError, parse_strict};
use proptest::prelude::*;
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
struct Examples {
    numbers: Vec<NumberExample>,
    values: Vec<ValueExample>,
}

#[derive(Deserialize)]
struct NumberExample {
    bits: String,
    text: Option<String>,
}

#[derive(Deserialize)]
struct ValueExample {
    name: String,
    json: String,
    canonical: String,
}

fn canonical(value: &Value) -> String {
    String::from_utf8(canonical::to_vec(value).expect("has a canonical form")).expect("is UTF-8")
}

#[test]
fn numbers_are_written_as_the_rfc_does() {
    let examples: Examples = fixture::read("canonical_json.json");
    assert_eq!(examples.numbers.len(), 26);
    for NumberExample { bits, text } in examples.numbers {
        let number = f64::from_bits(u64::from_str_radix(&bits, 16).unwrap());
        assert_eq!(canonical::write_number(number), text, "{bits}");
        if let Some(text) = text {
            assert_eq!(serde_json::from_str::<f64>(&text).unwrap(), number, "{bits} reads back");
        }
    }
}

#[test]
fn values_are_written_as_the_rfc_does() {
    let examples: Examples = fixture::read("canonical_json.json");
    assert_eq!(examples.values.len(), 4);
    for ValueExample { name, json, canonical: expected } in examples.values {
        assert_eq!(canonical(&serde_json::from_str(&json).unwrap()), expected, "{name}");
    }
}

#[test]
fn whole_numbers_that_not_every_reader_holds_are_refused() {
    for number in
        ["9007199254740992", "-9007199254740992", "18446744073709551615", "18446744073709551616", "1e20"]
    {
        let value: Value = serde_json::from_str(number).unwrap();
        assert!(canonical::to_vec(&value).is_err(), "{number}");
        assert!(parse_strict(number.as_bytes(), 8).is_err(), "{number}");
    }
    let json = br#"[9007199254740991,-9007199254740991,0.1,-0]"#;
    assert_eq!(canonical(&parse_strict(json, 1).unwrap()), "[9007199254740991,-9007199254740991,0.1,0]");
}

#[test]
fn strict_reading_refuses_what_two_readers_may_see_differently() {
    for json in [
        r#"{"a":1,"a":1}"#,
        r#"{"a":{"b":1,"\u0062":2}}"#,
        r#"[{"a":1,"b":2,"a":3}]"#,
        "[1] [2]",
        "[1,]",
        "",
        "\u{feff}{}",
        r#""\ud800""#,
        "[01]",
        "NaN",
        "1e400",
    ] {
        assert!(matches!(parse_strict(json.as_bytes(), 8), Err(StrictError::Malformed(_))), "{json}");
    }
    assert!(parse_strict(b"\"\xff\"", 8).is_err());
    assert_eq!(parse_strict(br#" {"a":[null,true,"x"]} "#, 2).unwrap(), json!({"a": [null, true, "x"]}));
}

#[test]
fn depth_is_bounded_before_reading() {
    let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
    assert!(parse_strict(nested(8).as_bytes(), 8).is_ok());
    assert!(matches!(parse_strict(nested(9).as_bytes(), 8), Err(StrictError::TooDeep)));
    assert!(parse_strict(nested(100).as_bytes(), usize::MAX).is_ok());
    assert!(matches!(parse_strict(nested(101).as_bytes(), usize::MAX), Err(StrictError::TooDeep)));
    assert!(matches!(parse_strict(&vec![b'['; 1 << 20], usize::MAX), Err(StrictError::TooDeep)));
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-(1_i64 << 53) + 1..1_i64 << 53).prop_map(Value::from),
        (-1e15..1e15).prop_map(Value::from),
        (-1e-5..1e-5).prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((any::<String>(), inner), 0..5)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn the_canonical_form_reads_back_and_is_its_own(value in any_value()) {
        let bytes = canonical::to_vec(&value).unwrap();
        let again = parse_strict(&bytes, 8).unwrap();
        prop_assert_eq!(canonical::to_vec(&again).unwrap(), bytes);
    }

    #[test]
    fn every_number_reads_back(bits: u64) {
        let number = f64::from_bits(bits);
        match canonical::write_number(number) {
            Some(text) => prop_assert_eq!(text.parse::<f64>().unwrap(), number),
            None => prop_assert!(!number.is_finite()),
        }
    }
}
