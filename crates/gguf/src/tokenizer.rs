//! Rebuilds a model's tokenizer from its GGUF metadata, or refuses where it would not be the same tokenizer.

use candle_core::quantized::gguf_file::{Content, Value};
use candle_core::quantized::tokenizer::TokenizerFromGguf;
use tokenizers::Tokenizer;
use tokenizers::pre_tokenizers::PreTokenizerWrapper;
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::pre_tokenizers::digits::Digits;
use tokenizers::pre_tokenizers::sequence::Sequence;

use crate::GgufError;
use crate::metadata::text;

const PRE: &str = "tokenizer.ggml.pre";

/// Builds the tokenizer.
///
/// candle knows some of the published names of a splitting rule and quietly takes GPT-2's with an added leading
/// space for the others, which shifts every token. So names are mapped here, and unknown ones refused.
pub(crate) fn build(content: &mut Content) -> Result<Tokenizer, GgufError> {
    let model = text(content, "tokenizer.ggml.model")?;
    if model != "gpt2" {
        return Err(GgufError::UnsupportedTokenizer(model.to_owned()));
    }
    let pre = content.metadata.get(PRE).and_then(|value| value.to_string().ok());
    let pre = pre.map_or("gpt-2", String::as_str).to_owned();
    let splitter = match pre.as_str() {
        "qwen2" | "deepseek-r1-qwen" => {
            content.metadata.insert(PRE.into(), Value::String("qwen2".into()));
            None
        }
        "llama-bpe" | "llama3" | "llama-v3" | "smaug-bpe" | "lfm2" => {
            content.metadata.insert(PRE.into(), Value::String("llama3".into()));
            content.metadata.insert("tokenizer.ggml.ignore_merges".into(), Value::Bool(true));
            None
        }
        "gpt-2" | "gpt2" => Some(PreTokenizerWrapper::from(ByteLevel::new(false, true, true))),
        "smollm" => {
            let digits = PreTokenizerWrapper::from(Digits::new(true));
            Some(Sequence::new(vec![digits, ByteLevel::new(false, true, true).into()]).into())
        }
        _ => return Err(GgufError::UnsupportedTokenizer(pre)),
    };
    let mut tokenizer =
        Tokenizer::from_gguf(content).map_err(|error| GgufError::Malformed(error.to_string()))?;
    if splitter.is_some() {
        tokenizer.with_pre_tokenizer(splitter);
    }
    Ok(tokenizer)
}
