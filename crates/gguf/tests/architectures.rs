//! The other architectures and tokenizers, on small files written here: random weights, real loading and running.
#![allow(clippy::unwrap_used)]

use std::io::Cursor;

use candle_core::quantized::gguf_file::{self, Content, Value};
use candle_core::quantized::{GgmlDType, QTensor};
use candle_core::{Device, Tensor};
use docket_gguf::{Finish, Generation, GgufError, Message, Model, Role, Sampler, Source, tiny};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

const WIDTH: usize = 32;
const HEADS: usize = 4;
const KV_HEADS: usize = 2;
const FEED: usize = 64;
const LAYERS: usize = 2;

/// A model of an architecture, with the tiny model's vocabulary and pseudo-random weights.
fn file(architecture: &str, change: impl Fn(&mut Vec<(String, Value)>)) -> &'static [u8] {
    let Source::Bytes(bytes) = tiny() else { panic!("the embedded model is in memory") };
    let donor = Content::read(&mut Cursor::new(bytes)).unwrap();
    let key = |name: &str| format!("{architecture}.{name}");
    let mut metadata: Vec<(String, Value)> = vec![
        ("general.architecture".into(), Value::String(architecture.into())),
        ("general.name".into(), Value::String(format!("random-{architecture}"))),
        (key("context_length"), Value::U32(512)),
        (key("embedding_length"), Value::U32(WIDTH as u32)),
        (key("block_count"), Value::U32(LAYERS as u32)),
        (key("attention.head_count"), Value::U32(HEADS as u32)),
        (key("attention.head_count_kv"), Value::U32(KV_HEADS as u32)),
        (key("attention.layer_norm_rms_epsilon"), Value::F32(1e-6)),
        (key("rope.dimension_count"), Value::U32((WIDTH / HEADS) as u32)),
        (key("rope.freq_base"), Value::F32(10_000.0)),
    ];
    let vocabulary = donor.metadata.iter().filter(|(key, _)| key.starts_with("tokenizer."));
    metadata.extend(vocabulary.map(|(key, value)| (key.clone(), value.clone())));
    change(&mut metadata);
    let words = donor.metadata["tokenizer.ggml.tokens"].to_vec().unwrap().len();
    let tensors = tensors(words, architecture == "qwen2");
    let mut out = Cursor::new(vec![]);
    gguf_file::write(
        &mut out,
        &metadata.iter().map(|(key, value)| (key.as_str(), value)).collect::<Vec<_>>(),
        &tensors.iter().map(|(name, tensor)| (name.as_str(), tensor)).collect::<Vec<_>>(),
    )
    .unwrap();
    out.into_inner().leak()
}

fn tensors(words: usize, biased: bool) -> Vec<(String, QTensor)> {
    let mut state = 1_u64;
    let mut random = |shape: &[usize]| {
        let values: Vec<f32> = (0..shape.iter().product())
            .map(|_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                (state >> 40) as f32 / (1_u64 << 24) as f32 - 0.5
            })
            .collect();
        let tensor = Tensor::from_vec(values, shape, &Device::Cpu).unwrap();
        QTensor::quantize(&tensor, GgmlDType::F32).unwrap()
    };
    let kv_width = WIDTH / HEADS * KV_HEADS;
    let mut tensors = vec![
        ("token_embd.weight".to_owned(), random(&[words, WIDTH])),
        ("output.weight".to_owned(), random(&[words, WIDTH])),
        ("output_norm.weight".to_owned(), random(&[WIDTH])),
    ];
    for layer in 0..LAYERS {
        let shapes: [(&str, &[usize]); 9] = [
            ("attn_norm.weight", &[WIDTH]),
            ("ffn_norm.weight", &[WIDTH]),
            ("attn_q.weight", &[WIDTH, WIDTH]),
            ("attn_k.weight", &[kv_width, WIDTH]),
            ("attn_v.weight", &[kv_width, WIDTH]),
            ("attn_output.weight", &[WIDTH, WIDTH]),
            ("ffn_gate.weight", &[FEED, WIDTH]),
            ("ffn_up.weight", &[FEED, WIDTH]),
            ("ffn_down.weight", &[WIDTH, FEED]),
        ];
        let biases: [(&str, &[usize]); 3] =
            [("attn_q.bias", &[WIDTH]), ("attn_k.bias", &[kv_width]), ("attn_v.bias", &[kv_width])];
        let biases = biases.iter().filter(|_| biased);
        for (name, shape) in shapes.iter().chain(biases) {
            tensors.push((format!("blk.{layer}.{name}"), random(shape)));
        }
    }
    tensors
}

fn set(metadata: &mut Vec<(String, Value)>, key: &str, value: Value) {
    metadata.retain(|(name, _)| name != key);
    metadata.push((key.into(), value));
}

async fn answer(model: &Model, prompt: &str, max_tokens: usize) -> docket_gguf::Generated {
    let (deltas, _) = mpsc::channel(1);
    let messages = vec![Message { role: Role::User, content: prompt.into() }];
    let request = Generation { messages, max_tokens, sampler: Sampler::GREEDY, stop: vec![] };
    model.generate(request, deltas, CancellationToken::new()).await.unwrap()
}

#[tokio::test]
async fn llama_and_qwen2_files_load_and_generate_the_same_again() {
    for architecture in ["llama", "qwen2"] {
        let model = Model::load(Source::Bytes(file(architecture, |_| ()))).unwrap();
        assert_eq!(model.about().name, format!("random-{architecture}"));
        let first = answer(&model, "What is a receipt?", 24).await;
        let other = answer(&model, &"A longer prompt, read in several pieces. ".repeat(12), 24).await;
        let again = answer(&model, "What is a receipt?", 24).await;
        assert!(first.completion_tokens == 24 || first.finish == Finish::Stop, "{first:?}");
        assert!(other.prompt_tokens > 128 + 32, "{other:?}");
        assert_ne!(first.text, other.text);
        assert_eq!(first, again, "{architecture} keeps nothing of the request before");
    }
}

#[tokio::test]
async fn an_answer_ends_where_the_context_is_full() {
    let short = |architecture: &str| {
        let key = format!("{architecture}.context_length");
        file(architecture, |metadata| set(metadata, &key, Value::U32(64)))
    };
    for architecture in ["llama", "qwen2"] {
        let model = Model::load(Source::Bytes(short(architecture))).unwrap();
        let full = answer(&model, "What is a receipt?", 4_096).await;
        assert_eq!((full.prompt_tokens + full.completion_tokens, full.finish), (64, Finish::Length));
    }
}

#[tokio::test]
async fn splitting_rules_change_the_tokens_and_unknown_ones_are_refused() {
    let with_rule = |rule: &'static str| {
        file("llama", |metadata| set(metadata, "tokenizer.ggml.pre", Value::String(rule.into())))
    };
    let mut counts = vec![];
    for rule in ["llama-bpe", "smollm", "gpt-2", "qwen2"] {
        let model = Model::load(Source::Bytes(with_rule(rule))).unwrap();
        counts.push(answer(&model, "In 2026 it cost 12345 units.", 1).await.prompt_tokens);
    }
    assert!(counts.iter().all(|count| (8..60).contains(count)), "{counts:?}");
    let unknown = Model::load(Source::Bytes(with_rule("tekken")));
    assert!(
        matches!(&unknown, Err(GgufError::UnsupportedTokenizer(rule)) if rule == "tekken"),
        "{unknown:?}"
    );
    let sentencepiece =
        file("llama", |metadata| set(metadata, "tokenizer.ggml.model", Value::String("llama".into())));
    assert!(matches!(Model::load(Source::Bytes(sentencepiece)), Err(GgufError::UnsupportedTokenizer(_))));
}

#[test]
fn an_architecture_that_cannot_run_is_named() {
    let refused = Model::load(Source::Bytes(file("mamba", |_| ()))).unwrap_err();
    assert_eq!(refused.to_string(), "architecture `mamba` is not supported (supported: llama, qwen2, qwen3)");
}

#[test]
fn numbers_that_would_divide_by_zero_or_exhaust_memory_are_refused_before_loading() {
    for (key, value) in [
        ("llama.attention.head_count", 0),
        ("llama.attention.head_count_kv", 3),
        ("llama.block_count", u32::MAX),
        ("llama.embedding_length", u32::MAX),
        ("llama.rope.dimension_count", u32::MAX),
        ("llama.context_length", 0),
    ] {
        let refused =
            Model::load(Source::Bytes(file("llama", |metadata| set(metadata, key, Value::U32(value)))));
        assert!(matches!(&refused, Err(GgufError::Malformed(_))), "{key} = {value}: {refused:?}");
    }
}

#[test]
fn a_context_beyond_the_limit_is_held_to_it() {
    for (architecture, most) in [("llama", 4_096), ("qwen2", docket_gguf::MAX_CONTEXT_TOKENS)] {
        let key = format!("{architecture}.context_length");
        let long = file(architecture, |metadata| set(metadata, &key, Value::U32(u32::MAX)));
        assert_eq!(Model::load(Source::Bytes(long)).unwrap().about().context_tokens, most);
    }
}
