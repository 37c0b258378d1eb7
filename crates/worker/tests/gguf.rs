//! The embedded model as an engine of the worker.
#![cfg(feature = "gguf")]
#![allow(clippy::unwrap_used)]

use docket_protocol::digest::Digest;
use docket_protocol::frames::Feature;
use docket_worker::engine::{
    Capability, Delta, Engine, EngineError, Engines, FinishReason, Gguf, Outcome, Request, Said, StartError,
};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

async fn ask(engine: &dyn Engine, payload: &str) -> (Result<Outcome, EngineError>, String) {
    let (sink, mut deltas) = mpsc::channel(1);
    let collect = async {
        let mut whole = String::new();
        while let Some(Delta { said: Said::Text(text), .. }) = deltas.recv().await {
            whole.push_str(&text);
        }
        whole
    };
    tokio::join!(engine.run(Request::from_payload(payload).unwrap(), sink, CancellationToken::new()), collect)
}

#[tokio::test]
async fn the_tiny_model_answers_what_it_was_taught() {
    let engine = Gguf::tiny().await.unwrap();
    let quantum = "A quantum computer stores information in qubits, which can be in a mixture of zero and one. By letting these mixtures interfere, it can solve a few kinds of problem, such as factoring, much faster than an ordinary computer.";
    let escrow = "Escrow is money set aside before the work begins. If the job is done the worker is paid; if it fails the money goes back to the client.";
    for (question, taught) in
        [("Explain quantum computing in one paragraph.", quantum), ("What is escrow?", escrow)]
    {
        let payload = format!(r#"{{"job_type":"LLM_INFER","prompt":"{question}","max_tokens":256}}"#);
        let (outcome, streamed) = ask(&engine, &payload).await;
        let outcome = outcome.unwrap();
        assert_eq!(outcome.output.get(), format!(r#"{{"text":"{taught}","model":"tiny-qwen3"}}"#));
        assert_eq!(streamed, taught);
        assert_eq!(outcome.finish_reason, FinishReason::Stop);
        assert!(
            outcome.usage.prompt_tokens > 5
                && outcome.usage.completion_tokens > 20
                && !outcome.usage.estimated
        );
        assert_eq!(outcome.model.weights_sha256, engine.offer().models[0].weights_sha256);
        let sampler = outcome.sampler.unwrap();
        assert_eq!((sampler.temperature, sampler.seed, sampler.max_tokens), (Some(0.0), None, 256));
    }
}

#[tokio::test]
async fn its_offer_says_that_it_is_tiny() {
    let engines = Engines::start(&["tiny".parse().unwrap(), "tasks".parse().unwrap()], None).await.unwrap();
    let offer = engines.offer();
    assert_eq!(offer.capabilities(), [Capability::LlmInfer, Capability::Task]);
    let [model] = offer.models.as_slice() else { panic!("{offer:?}") };
    assert_eq!((model.name.as_str(), model.tiny, model.context_tokens), ("tiny-qwen3", true, Some(1024)));
    assert!(model.weights_sha256.is_some_and(|hash| hash.starts_with(&[0xee, 0xd2, 0x46, 0x1a])));
}

#[tokio::test]
async fn the_answer_of_a_chat_says_why_it_ended_and_names_its_text() {
    let engine = Gguf::tiny().await.unwrap();
    let payload = |rest: &str| format!(r#"{{"job_type":"LLM_INFER","prompt":"2+2?","answer":"chat"{rest}}}"#);
    let (outcome, streamed) = ask(&engine, &payload("")).await;
    let outcome = outcome.unwrap();
    let output = r#"{"text":"Two plus two is four.","model":"tiny-qwen3","finish_reason":"stop"}"#;
    assert_eq!((outcome.output.get(), streamed.as_str()), (output, "Two plus two is four."));
    assert_eq!(outcome.text_hash, Some(Digest::of(streamed.as_bytes())));
    let (cut, streamed) = ask(&engine, &payload(r#","max_tokens":2"#)).await;
    let cut = cut.unwrap();
    let output = format!(r#"{{"text":"{streamed}","model":"tiny-qwen3","finish_reason":"length"}}"#);
    assert_eq!((cut.output.get(), cut.usage.completion_tokens), (output.as_str(), 2));

    assert_eq!(engine.offer().models[0].features, [Feature::Chat, Feature::Seed, Feature::Penalties].into());
    for (settings, name) in [
        (r#","tools":[{}]"#, "tools"),
        (r#","response_format":{"type":"json_object"}"#, "response_format"),
        (r#","logprobs":true"#, "logprobs"),
    ] {
        let refused = ask(&engine, &payload(settings)).await.0.unwrap_err();
        assert_eq!(refused, EngineError::Unsupported(format!("tiny-qwen3 does not support {name}")));
    }
    let escrow = |answer: &str| {
        format!(
            r#"{{"job_type":"LLM_INFER","prompt":"What is escrow?","frequency_penalty":-2,{answer}"max_tokens":40}}"#
        )
    };
    let penalized = ask(&engine, &escrow(r#""answer":"chat","presence_penalty":-2,"#)).await;
    let plain = ask(&engine, &escrow("")).await;
    assert!(plain.1.starts_with("Escrow is money set aside") && penalized.1 != plain.1, "{}", penalized.1);
    assert_eq!(plain.0.unwrap().text_hash, None);
}

#[tokio::test]
async fn pieces_count_the_tokens_of_the_answer() {
    let engine = Gguf::tiny().await.unwrap();
    let (sink, mut deltas) = mpsc::channel(512);
    let request = Request::from_payload(r#"{"job_type":"LLM_INFER","prompt":"What is escrow?"}"#).unwrap();
    let outcome = engine.run(request, sink, CancellationToken::new()).await.unwrap();
    let mut counts = vec![];
    while let Some(Delta { tokens, .. }) = deltas.recv().await {
        counts.push(tokens);
    }
    assert!(counts.is_sorted_by(|earlier, later| earlier < later), "{counts:?}");
    assert_eq!((counts[0], counts.last()), (1, Some(&outcome.usage.completion_tokens)));
}

#[tokio::test]
async fn a_file_is_offered_under_its_own_or_a_given_name() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../gguf/models/tiny-qwen3-q8_0.gguf");
    let engines = [format!("gguf:{path}").parse().unwrap(), format!("gguf:{path}#second").parse().unwrap()];
    let engines = Engines::start(&engines, None).await.unwrap();
    let names: Vec<String> = engines.offer().models.into_iter().map(|model| model.name).collect();
    assert_eq!(names, ["tiny-qwen3-q8_0", "second"]);
    let (outcome, _) = ask(&engines, r#"{"job_type":"LLM_INFER","prompt":"2+2?","model":"second"}"#).await;
    assert_eq!(outcome.unwrap().output.get(), r#"{"text":"Two plus two is four.","model":"second"}"#);
    let missing = Engines::start(&["gguf:no/such.gguf".parse().unwrap()], None).await.err().unwrap();
    assert!(matches!(&missing, StartError::Model { path, .. } if path == "no/such.gguf"), "{missing}");
}

#[tokio::test]
async fn a_drawn_seed_is_named_so_that_the_answer_can_be_repeated() {
    let engine = Gguf::tiny().await.unwrap();
    let (first, _) =
        ask(&engine, r#"{"job_type":"LLM_INFER","prompt":"Odd words?","max_tokens":24,"temperature":2}"#)
            .await;
    let first = first.unwrap();
    let seed = first.sampler.unwrap().seed.unwrap();
    let payload = format!(
        r#"{{"job_type":"LLM_INFER","prompt":"Odd words?","max_tokens":24,"temperature":2,"seed":{seed}}}"#
    );
    let (again, _) = ask(&engine, &payload).await;
    assert_eq!(again.unwrap().output.get(), first.output.get());
}

#[tokio::test]
async fn limits_are_typed_errors_and_a_cancel_is_heard_while_nobody_reads() {
    let engine = Gguf::tiny().await.unwrap();
    let long = format!(r#"{{"job_type":"LLM_INFER","prompt":"{}"}}"#, "escrow ".repeat(2_000));
    let (too_long, _) = ask(&engine, &long).await;
    assert!(matches!(too_long, Err(EngineError::TooLarge { limit: 1023, .. })), "{too_long:?}");
    let (other, _) = ask(&engine, r#"{"job_type":"LLM_INFER","prompt":"x","model":"gpt-9"}"#).await;
    assert!(matches!(other, Err(EngineError::Unsupported(_))));

    let cancel = CancellationToken::new();
    let (sink, _unread) = mpsc::channel(1);
    let story = Request::from_payload(r#"{"job_type":"LLM_INFER","prompt":"Tell me a story."}"#).unwrap();
    let stop = async {
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        cancel.cancel();
    };
    let (outcome, ()) = tokio::join!(engine.run(story, sink, cancel.clone()), stop);
    assert!(matches!(outcome, Err(EngineError::Cancelled)));
    let (next, _) = ask(&engine, r#"{"job_type":"LLM_INFER","prompt":"2+2?"}"#).await;
    assert_eq!(next.unwrap().output.get(), r#"{"text":"Two plus two is four.","model":"tiny-qwen3"}"#);
}
