//! What a GGUF file says about its model, checked before anything is allocated on its word.

use candle_core::quantized::gguf_file::{Content, Value};

use crate::GgufError;

/// The longest context that is used, whatever the file claims; Llama files are held to 4,096.
///
/// Position tables and key-value caches are sized by it. A longer context is work for a server with paged caches.
pub const MAX_CONTEXT_TOKENS: usize = 8_192;

/// The rotary table of candle's Llama has this many rows.
const LLAMA_CONTEXT_TOKENS: usize = 4_096;

/// Names that end a turn in the chat formats in use; a file often declares only one of them as its end.
const TURN_ENDS: [&str; 7] =
    ["<|im_end|>", "<|endoftext|>", "<|eot_id|>", "<|eom_id|>", "<|end_of_text|>", "<|end|>", "</s>"];

/// What is known of a loaded model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    /// `general.name`, else the architecture.
    pub name: String,
    /// `general.architecture`: `llama`, `qwen2` or `qwen3`.
    pub architecture: String,
    /// SHA-256 of the whole file.
    pub weights_sha256: [u8; 32],
    /// Tokens of prompt and answer together, after the limit [`MAX_CONTEXT_TOKENS`].
    pub context_tokens: usize,
    /// `general.size_label`, such as `8B`, if the file has one.
    pub size_label: Option<String>,
}

impl About {
    pub(crate) fn read(content: &Content, weights_sha256: [u8; 32]) -> Result<Self, GgufError> {
        let architecture = text(content, "general.architecture")?.to_owned();
        let most = match architecture.as_str() {
            "llama" => LLAMA_CONTEXT_TOKENS,
            "qwen2" | "qwen3" => MAX_CONTEXT_TOKENS,
            _ => return Err(GgufError::UnsupportedArchitecture(architecture)),
        };
        let name = text(content, "general.name").unwrap_or(&architecture).to_owned();
        let context_tokens =
            dimension(content, &format!("{architecture}.context_length"), u32::MAX)?.min(most);
        let size_label = text(content, "general.size_label").ok().map(str::to_owned);
        Ok(Self { name, architecture, weights_sha256, context_tokens, size_label })
    }
}

/// Limits what the loader would otherwise allocate or divide by on the file's word alone.
pub(crate) fn check_shape(content: &mut Content, about: &About) -> Result<(), GgufError> {
    let key = |name: &str| format!("{}.{name}", about.architecture);
    for (name, most) in [
        ("block_count", 512),
        ("attention.head_count", 1_024),
        ("attention.head_count_kv", 1_024),
        ("embedding_length", 65_536),
    ] {
        dimension(content, &key(name), most)?;
    }
    for (name, most) in [("attention.key_length", 1_024), ("rope.dimension_count", 1_024)] {
        if content.metadata.contains_key(&key(name)) {
            dimension(content, &key(name), most)?;
        }
    }
    let heads = dimension(content, &key("attention.head_count"), 1_024)?;
    let kv_heads = dimension(content, &key("attention.head_count_kv"), 1_024)?;
    if !heads.is_multiple_of(kv_heads) {
        return Err(GgufError::Malformed(format!("{heads} heads cannot share {kv_heads} key-value heads")));
    }
    let context = u32::try_from(about.context_tokens).unwrap_or(u32::MAX);
    content.metadata.insert(key("context_length"), Value::U32(context));
    Ok(())
}

/// The ids of every token that ends an answer.
pub(crate) fn stop_tokens(content: &Content) -> Result<Vec<u32>, GgufError> {
    let mut stops: Vec<u32> = ["eos_token_id", "eot_token_id", "eom_token_id"]
        .iter()
        .filter_map(|key| content.metadata.get(&format!("tokenizer.ggml.{key}"))?.to_u32().ok())
        .collect();
    for (id, token) in (0..).zip(tokens(content)?) {
        if token.to_string().is_ok_and(|token| TURN_ENDS.contains(&token.as_str())) && !stops.contains(&id) {
            stops.push(id);
        }
    }
    Ok(stops)
}

/// The text of a special token that the file names by id, as `bos_token_id`; empty if it names none.
pub(crate) fn special_token(content: &Content, key: &str) -> Result<String, GgufError> {
    let id = content.metadata.get(&format!("tokenizer.ggml.{key}")).and_then(|id| id.to_u32().ok());
    let Some(id) = id else { return Ok(String::new()) };
    let token = tokens(content)?.get(id as usize).and_then(|token| token.to_string().ok());
    Ok(token.cloned().unwrap_or_default())
}

pub(crate) fn text<'a>(content: &'a Content, key: &str) -> Result<&'a str, GgufError> {
    let value =
        content.metadata.get(key).ok_or_else(|| GgufError::Malformed(format!("`{key}` is missing")))?;
    value.to_string().map(String::as_str).map_err(|_| GgufError::Malformed(format!("`{key}` is not text")))
}

fn tokens(content: &Content) -> Result<&[Value], GgufError> {
    let key = "tokenizer.ggml.tokens";
    let value =
        content.metadata.get(key).ok_or_else(|| GgufError::Malformed(format!("`{key}` is missing")))?;
    value.to_vec().map(Vec::as_slice).map_err(|_| GgufError::Malformed(format!("`{key}` is not a list")))
}

fn dimension(content: &Content, key: &str, most: u32) -> Result<usize, GgufError> {
    let value = content.metadata.get(key).and_then(|value| value.to_u32().ok());
    match value {
        Some(value) if (1..=most).contains(&value) => Ok(value as usize),
        Some(value) => Err(GgufError::Malformed(format!("`{key}` is {value}, outside 1 to {most}"))),
        None => Err(GgufError::Malformed(format!("`{key}` is missing or not a number"))),
    }
}
