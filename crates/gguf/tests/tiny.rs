//! The embedded model end to end: load, template, tokens, stop, stream, limits, cancel.
#![allow(clippy::unwrap_used)]

use docket_gguf::{
    Finish, Generated, Generation, GgufError, Message, Model, Piece, Role, Sampler, Source, tiny,
};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

fn ask(content: &str, max_tokens: usize) -> Generation {
    let messages = vec![Message { role: Role::User, content: content.into() }];
    Generation { messages, max_tokens, sampler: Sampler::GREEDY, stop: vec![] }
}

async fn generate(model: &Model, request: Generation) -> Result<(Generated, Vec<String>), GgufError> {
    let (deltas, mut streamed) = mpsc::channel(4);
    let collect = async {
        let mut pieces: Vec<Piece> = vec![];
        while let Some(piece) = streamed.recv().await {
            pieces.push(piece);
        }
        pieces
    };
    let (result, pieces) = tokio::join!(model.generate(request, deltas, CancellationToken::new()), collect);
    let generated = result?;
    let counts: Vec<usize> = pieces.iter().map(|piece| piece.tokens).collect();
    assert!(
        counts.is_sorted() && counts.iter().all(|count| (1..=generated.completion_tokens).contains(count))
    );
    Ok((generated, pieces.into_iter().map(|piece| piece.text).collect()))
}

#[test]
fn the_embedded_file_is_the_one_that_its_script_made() {
    let about = Model::load(tiny()).unwrap().about().clone();
    assert_eq!(
        hex::encode(about.weights_sha256),
        "eed2461ad8f170a5d78679fb9452de5f0a0d9ada23953932e4404070ce01d22e"
    );
    assert_eq!(
        (about.name.as_str(), about.architecture.as_str(), about.context_tokens),
        ("tiny-qwen3", "qwen3", 1024)
    );
}

#[tokio::test]
async fn it_answers_what_it_was_taught_and_streams_the_same_text() {
    let model = Model::load(tiny()).unwrap();
    let taught = [
        (
            "What is escrow?",
            "Escrow is money set aside before the work begins. If the job is done the worker is paid; if it fails the money goes back to the client.",
        ),
        (
            "Explain quantum computing in one paragraph.",
            "A quantum computer stores information in qubits, which can be in a mixture of zero and one. By letting these mixtures interfere, it can solve a few kinds of problem, such as factoring, much faster than an ordinary computer.",
        ),
        ("Say something in French.", "Bonjour ! Le travail est fini et le reçu est signé."),
    ];
    for (question, answer) in taught {
        let (generated, pieces) = generate(&model, ask(question, 256)).await.unwrap();
        assert_eq!(generated.text, answer);
        assert_eq!(generated.finish, Finish::Stop);
        assert_eq!(pieces.concat(), answer);
        assert!(pieces.len() > 5, "it came in {} pieces", pieces.len());
        assert!(generated.completion_tokens >= pieces.len() && generated.prompt_tokens > 5);
    }
}

#[tokio::test]
async fn a_system_message_and_earlier_turns_reach_the_model() {
    let model = Model::load(tiny()).unwrap();
    let mut request = ask("What is the capital of France?", 64);
    request
        .messages
        .insert(0, Message { role: Role::System, content: "You are a helpful assistant.".into() });
    let (with_system, _) = generate(&model, request).await.unwrap();
    let (without, _) = generate(&model, ask("What is the capital of France?", 64)).await.unwrap();
    assert_eq!(with_system.text, "The capital of France is Paris.");
    assert_eq!(without.text, with_system.text);
    assert!(with_system.prompt_tokens > without.prompt_tokens);
}

#[tokio::test]
async fn the_answer_ends_at_max_tokens_and_at_a_stop_sequence() {
    let model = Model::load(tiny()).unwrap();
    let (cut, _) = generate(&model, ask("What is escrow?", 7)).await.unwrap();
    assert_eq!((cut.completion_tokens, cut.finish), (7, Finish::Length));
    assert!("Escrow is money set aside before the work begins.".starts_with(&cut.text));

    let stopped = Generation { stop: vec!["work begins".into()], ..ask("What is escrow?", 256) };
    let (stopped, pieces) = generate(&model, stopped).await.unwrap();
    assert_eq!(
        (stopped.text.as_str(), stopped.finish),
        ("Escrow is money set aside before the ", Finish::Stop)
    );
    assert_eq!(pieces.concat(), stopped.text);
}

#[tokio::test]
async fn a_seed_repeats_an_answer_and_temperature_varies_it() {
    let model = Model::load(tiny()).unwrap();
    let warm = |seed| Generation {
        sampler: Sampler { temperature: 2.0, top_p: 0.99, seed, ..Sampler::GREEDY },
        ..ask("Tell me a story about nothing in particular.", 40)
    };
    let (first, _) = generate(&model, warm(1)).await.unwrap();
    let (again, _) = generate(&model, warm(1)).await.unwrap();
    let (other, _) = generate(&model, warm(2)).await.unwrap();
    assert_eq!(first, again);
    assert_ne!(first.text, other.text);
}

#[tokio::test]
async fn the_smallest_share_of_probability_keeps_the_likeliest_token() {
    let model = Model::load(tiny()).unwrap();
    let (best, _) = generate(&model, ask("What is escrow?", 12)).await.unwrap();
    for top_p in [1e-100, f64::from_bits(1)] {
        let sampler = Sampler { temperature: 1.0, top_p, seed: 1, ..Sampler::GREEDY };
        let (narrow, _) =
            generate(&model, Generation { sampler, ..ask("What is escrow?", 12) }).await.unwrap();
        assert_eq!(narrow.text, best.text, "{top_p}");
    }
}

#[tokio::test]
async fn settings_outside_their_range_and_prompts_beyond_the_context_are_refused() {
    let model = Model::load(tiny()).unwrap();
    for sampler in [
        Sampler { temperature: -0.1, ..Sampler::GREEDY },
        Sampler { temperature: f64::NAN, ..Sampler::GREEDY },
        Sampler { top_p: 0.0, ..Sampler::GREEDY },
        Sampler { top_p: 1.5, ..Sampler::GREEDY },
        Sampler { frequency_penalty: 2.1, ..Sampler::GREEDY },
        Sampler { presence_penalty: f64::NAN, ..Sampler::GREEDY },
    ] {
        let refused = generate(&model, Generation { sampler, ..ask("Hi", 4) }).await;
        assert!(matches!(refused, Err(GgufError::InvalidSampler(_))), "{sampler:?}: {refused:?}");
    }
    let long = generate(&model, ask(&"escrow ".repeat(2_000), 4)).await;
    assert!(matches!(
        long,
        Err(GgufError::ContextExceeded { prompt_tokens, context_tokens: 1024 }) if prompt_tokens > 1024
    ));
}

#[tokio::test]
async fn a_cancel_between_tokens_ends_it_and_the_model_answers_the_next_request() {
    let model = Model::load(tiny()).unwrap();
    let cancel = CancellationToken::new();
    let (deltas, mut streamed) = mpsc::channel(1);
    let request = ask("Tell me a story.", 256);
    let watch = async {
        let first = streamed.recv().await.unwrap();
        cancel.cancel();
        first
    };
    let (result, first) = tokio::join!(model.generate(request, deltas, cancel.clone()), watch);
    assert!(matches!(result, Err(GgufError::Cancelled)), "{result:?}");
    assert!(!first.text.is_empty());
    let (next, _) = generate(&model, ask("2+2?", 32)).await.unwrap();
    assert_eq!(next.text, "Two plus two is four.");
}

#[tokio::test]
async fn penalties_change_what_is_repeated_and_zero_changes_nothing() {
    let model = Model::load(tiny()).unwrap();
    let with = |frequency_penalty, presence_penalty| Generation {
        sampler: Sampler { frequency_penalty, presence_penalty, ..Sampler::GREEDY },
        ..ask("What is escrow?", 64)
    };
    let (plain, _) = generate(&model, ask("What is escrow?", 64)).await.unwrap();
    let (zero, _) = generate(&model, with(0.0, 0.0)).await.unwrap();
    assert_eq!(zero, plain);
    let (once, _) = generate(&model, with(-2.0, -2.0)).await.unwrap();
    let (again, _) = generate(&model, with(-2.0, -2.0)).await.unwrap();
    assert_eq!(once, again);
    // What has been said draws the answer to itself, however well the model knows better.
    let kinds = |text: &str| text.split(' ').collect::<std::collections::HashSet<_>>().len();
    assert!(kinds(&once.text) < kinds(&plain.text), "{}", once.text);
}

#[tokio::test]
async fn an_answer_that_nobody_waits_for_any_more_ends_between_two_tokens() {
    let model = Model::load(tiny()).unwrap();
    let (whole, pieces) = generate(&model, ask("Tell me a story.", 256)).await.unwrap();
    assert!(pieces.len() > 20, "{}", whole.text);
    let (deltas, mut streamed) = mpsc::channel(1);
    let mut answer = Box::pin(model.generate(ask("Tell me a story.", 256), deltas, CancellationToken::new()));
    tokio::select! {
        _ = &mut answer => panic!("it cannot end while nobody reads"),
        first = streamed.recv() => assert_eq!(first.unwrap().tokens, 1),
    }
    drop(answer);
    // One piece waits in the channel and one before it; then the model's side of it is gone.
    let mut rest = 0;
    while streamed.recv().await.is_some() {
        rest += 1;
    }
    assert!(rest <= 2, "{rest} more of {} pieces", pieces.len());
}

#[tokio::test]
async fn a_reader_that_stalls_or_leaves_does_not_hold_the_model() {
    let model = Model::load(tiny()).unwrap();
    let (stalled, keep_unread) = mpsc::channel(1);
    let request = ask("Tell me a story.", 256);
    let dropped = tokio::time::timeout(
        std::time::Duration::from_millis(300),
        model.generate(request, stalled, CancellationToken::new()),
    )
    .await;
    assert!(dropped.is_err(), "nobody reads, so it cannot finish");

    let (deltas, gone) = mpsc::channel(1);
    drop(gone);
    let answer = model.generate(ask("2+2?", 32), deltas, CancellationToken::new()).await.unwrap();
    assert_eq!(answer.text, "Two plus two is four.");
    drop(keep_unread);
}

#[tokio::test]
async fn requests_at_the_same_time_are_answered_one_after_the_other_without_mixing() {
    let model = Model::load(tiny()).unwrap();
    let (a, b, c) = tokio::join!(
        generate(&model, ask("What is the capital of Japan?", 64)),
        generate(&model, ask("What is the capital of France?", 64)),
        generate(&model, ask("2+2?", 64)),
    );
    assert_eq!(a.unwrap().0.text, "The capital of Japan is Tokyo.");
    assert_eq!(b.unwrap().0.text, "The capital of France is Paris.");
    assert_eq!(c.unwrap().0.text, "Two plus two is four.");
}

#[test]
fn what_is_no_model_is_refused_with_a_reason() {
    assert!(matches!(Model::load(Source::Bytes(b"not a model")), Err(GgufError::Malformed(_))));
    assert!(matches!(Model::load(Source::Bytes(b"")), Err(GgufError::Malformed(_))));
    let Source::Bytes(whole) = tiny() else { panic!("the embedded model is in memory") };
    let half = Model::load(Source::Bytes(&whole[..whole.len() / 2]));
    assert!(matches!(half, Err(GgufError::Malformed(_))), "{half:?}");
    let missing = Model::load(Source::Path(std::path::Path::new("no/such/file.gguf")));
    assert!(matches!(missing, Err(GgufError::Io(_))));
}
