//! Every frame there and back, and what is refused.

use crate::fixture;
use docket_protocol::frames::{
    self, ErrorFrame, Feature, FromWorker, JobComplete, MAX_FRAME_BYTES, MAX_PARTED_BYTES, Parts,
    decode_from_coordinator, decode_from_worker, decode_parted, encode, is_shallow,
};
use proptest::prelude::*;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};
use std::collections::BTreeSet;

#[derive(Deserialize)]
struct Frames {
    from_worker: Vec<Value>,
    from_coordinator: Vec<Value>,
}

#[derive(Deserialize)]
struct Refused {
    why: String,
    code: String,
    frame: String,
}

fn kinds(frames: &[Value]) -> BTreeSet<&str> {
    frames.iter().filter_map(|frame| frame["type"].as_str()).collect()
}

#[test]
fn every_frame_is_written_as_it_was_read() {
    let Frames { from_worker, from_coordinator } = fixture::read("frames.json");
    assert_eq!(kinds(&from_worker).len(), 11);
    assert_eq!(kinds(&from_coordinator).len(), 9);
    for frame in from_worker {
        let decoded =
            decode_from_worker(&frame.to_string()).unwrap_or_else(|error| panic!("{frame}: {error}"));
        assert_eq!(serde_json::from_str::<Value>(&encode(&decoded)).unwrap(), frame);
    }
    for frame in from_coordinator {
        let decoded =
            decode_from_coordinator(&frame.to_string()).unwrap_or_else(|error| panic!("{frame}: {error}"));
        assert_eq!(serde_json::from_str::<Value>(&encode(&decoded)).unwrap(), frame);
    }
}

#[test]
fn unknown_fields_are_ignored_wherever_frames_may_grow() {
    let Frames { from_worker, from_coordinator } = fixture::read("frames.json");
    let grown = |frame: &Value| {
        let mut frame = frame.clone();
        frame["later"] = serde_json::json!({"type": "register", "deep": [[{}]]});
        frame.to_string()
    };
    assert!(from_worker.iter().all(|frame| decode_from_worker(&grown(frame)).is_ok()));
    assert!(from_coordinator.iter().all(|frame| decode_from_coordinator(&grown(frame)).is_ok()));
}

#[test]
fn features_of_newer_workers_are_passed_over() {
    let features = r#"["seed", "telepathy", "tools", "seed"]"#;
    let offer = format!(r#""offer":{{"concurrency":1,"models":[{{"name":"m","features":{features}}}]}},"#);
    let frame = register_as("DESKTOP").replacen("\"capabilities\"", &(offer + "\"capabilities\""), 1);
    let FromWorker::Register(register) = decode_from_worker(&frame).unwrap() else { panic!("{frame}") };
    let features = &register.offer.as_ref().unwrap().models[0].features;
    assert_eq!(features, &BTreeSet::from([Feature::Tools, Feature::Seed]));
    assert!(encode(&FromWorker::Register(register)).contains(r#""features":["tools","seed"]"#));
}

#[test]
fn what_is_not_a_frame_is_refused_with_a_code() {
    let refused: Vec<Refused> = fixture::read("refused_frames.json");
    assert!(refused.len() >= 40);
    for Refused { why, code, frame } in refused {
        let error = decode_from_worker(&frame).err().unwrap_or_else(|| panic!("accepted: {why}"));
        assert_eq!(error.code(), code, "{why}: {error}");
        assert!(ErrorFrame::from(&error).message.len() <= frames::MAX_EXPLANATION_BYTES, "{why}");
    }
}

#[test]
fn the_output_keeps_its_bytes() {
    let hash = format!("sha256:{}", "00".repeat(32));
    let output = r#"{ "b" : 1.0e2,"a":"\u00e9",   "b":2 }"#;
    let frame =
        format!(r#"{{"output":{output}  ,"output_hash":"{hash}","job_id":"j","type":"job_complete"}}"#);
    let FromWorker::JobComplete(complete) = decode_from_worker(&frame).unwrap() else {
        panic!("another frame")
    };
    assert_eq!(complete.output.get(), output);
    assert_eq!(complete.received_hash(), docket_protocol::digest::Digest::of(output.as_bytes()));
    assert!(encode(&FromWorker::JobComplete(complete)).contains(output));
}

#[test]
fn size_and_depth_are_bounded_before_reading() {
    let padded = |length: usize| format!(r#"{{"type":"drain","x":"{}"}}"#, "x".repeat(length - 23));
    assert_eq!(padded(MAX_FRAME_BYTES).len(), MAX_FRAME_BYTES);
    assert!(decode_from_worker(&padded(MAX_FRAME_BYTES)).is_ok());
    let error = decode_from_worker(&padded(MAX_FRAME_BYTES + 1)).unwrap_err();
    assert_eq!(
        (error.code(), error),
        ("PARSE_ERROR", frames::FrameError::TooLarge { limit: MAX_FRAME_BYTES })
    );

    let nested =
        |depth: usize| format!(r#"{{"type":"drain","x":{}{}}}"#, "[".repeat(depth), "]".repeat(depth));
    assert!(decode_from_worker(&nested(63)).is_ok());
    assert_eq!(decode_from_worker(&nested(64)).unwrap_err(), frames::FrameError::TooDeep);
    assert_eq!(decode_from_coordinator(&nested(400_000)).unwrap_err(), frames::FrameError::TooDeep);
    assert_eq!(decode_from_worker(&"[".repeat(MAX_FRAME_BYTES)).unwrap_err(), frames::FrameError::TooDeep);
}

/// A completion whose output is so many bytes long, with characters of several bytes and others that are escaped.
fn completion(bytes: usize) -> JobComplete {
    let Frames { from_worker, .. } = fixture::read("frames.json");
    let complete = from_worker.into_iter().find(|frame| frame["type"] == "job_complete").unwrap();
    let Ok(FromWorker::JobComplete(mut complete)) = decode_from_worker(&complete.to_string()) else {
        panic!("it is a completion")
    };
    complete.output = to_raw_value(&["ß\\".repeat(bytes / 4)]).unwrap();
    *complete
}

#[test]
fn a_completion_that_is_larger_than_a_frame_comes_in_parts() {
    let complete = completion(3 << 20);
    let whole = encode(&FromWorker::JobComplete(Box::new(complete.clone())));
    assert!(decode_from_worker(&whole).is_err());
    let mut text = String::new();
    let parts: Vec<_> = Parts::of(complete.clone()).collect();
    for (number, part) in parts.iter().enumerate() {
        let Ok(FromWorker::JobPart(read)) = decode_from_worker(&encode(&FromWorker::JobPart(part.clone())))
        else {
            panic!("a part is a frame")
        };
        assert_eq!((&read.job_id, read.seq as usize), (&complete.job_id, number));
        assert_eq!(read.last, number + 1 == parts.len());
        text.push_str(&read.text);
    }
    assert!(parts.len() > 12 && text == whole, "{}", parts.len());
    assert_eq!(decode_parted(&text).unwrap().output.get(), complete.output.get());
    assert_eq!(decode_parted(r#"{"type":"drain"}"#).unwrap_err().code(), "UNKNOWN_MSG");
    let limit = MAX_PARTED_BYTES;
    assert_eq!(decode_parted(&" ".repeat(limit + 1)).unwrap_err(), frames::FrameError::TooLarge { limit });
}

#[test]
fn an_output_is_as_deep_as_a_completion_lets_it_be() {
    let mut complete = completion(8);
    for (depth, fits) in [(63, true), (64, false)] {
        let output = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert_eq!(is_shallow(&output), fits);
        complete.output = RawValue::from_string(output).unwrap();
        let frame = encode(&FromWorker::JobComplete(Box::new(complete.clone())));
        assert_eq!(decode_from_worker(&frame).is_ok(), fits);
    }
}

#[test]
fn what_a_frame_says_cannot_forge_a_line_of_a_log() {
    for frame in ["{\"type\":\"a\\nb\\u001b\"}".to_owned(), register_as("SEEKER\\nERROR\\u001b[2K")] {
        let words = decode_from_worker(&frame).unwrap_err().to_string();
        assert!(!words.contains(char::is_control), "{words}");
    }
}

fn register_as(provider_type: &str) -> String {
    let key = "8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c";
    format!(
        r#"{{"type":"register","provider_pubkey":"{key}","provider_type":"{provider_type}","capabilities":[]}}"#
    )
}

#[test]
fn an_explanation_is_clipped_between_characters() {
    let clipped = frames::clip(&"ß".repeat(2000));
    assert_eq!(clipped, "ß".repeat(1024));
    assert_eq!(frames::clip(&("x".to_owned() + &"ß".repeat(2000))).len(), 2047);
    assert_eq!(frames::clip("short"), "short");
}

proptest! {
    #[test]
    fn no_text_makes_decoding_panic(text: String) {
        let _ = decode_from_worker(&text);
        let _ = decode_from_coordinator(&text);
    }

    #[test]
    fn no_change_of_a_frame_makes_decoding_panic(at: prop::sample::Index, cut: prop::sample::Index, byte in 0x20_u8..0x7f) {
        let Frames { from_worker, from_coordinator } = fixture::read("frames.json");
        for frame in from_worker.iter().chain(&from_coordinator) {
            let mut text = frame.to_string().into_bytes();
            let at = at.index(text.len());
            text[at] = byte;
            let text = String::from_utf8_lossy(&text).into_owned();
            let _ = decode_from_worker(&text);
            let _ = decode_from_coordinator(&text[..text.floor_char_boundary(cut.index(text.len()))]);
        }
    }
}
