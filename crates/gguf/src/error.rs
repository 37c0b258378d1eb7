//! What can go wrong with a model file or a generation.

/// Why a model could not be loaded, or a generation did not finish.
#[derive(Debug, thiserror::Error)]
pub enum GgufError {
    /// The file could not be read.
    #[error("cannot read the model file: {0}")]
    Io(#[from] std::io::Error),
    /// The file is not GGUF, or contradicts itself.
    #[error("not a usable GGUF file: {0}")]
    Malformed(String),
    /// The model's architecture is one that this crate cannot run.
    #[error("architecture `{0}` is not supported (supported: llama, qwen2, qwen3)")]
    UnsupportedArchitecture(String),
    /// The model's tokenizer is one that this crate cannot rebuild exactly.
    #[error(
        "tokenizer `{0}` is not supported (supported: byte-level BPE of the GPT-2, Llama 3, SmolLM and Qwen 2 kinds)"
    )]
    UnsupportedTokenizer(String),
    /// Messages were given, and the model has no chat template that takes them.
    #[error("the model's chat template does not take this conversation: {0}")]
    Template(String),
    /// The prompt leaves no room for even one token of answer.
    #[error("the prompt has {prompt_tokens} tokens, and the model's context holds {context_tokens}")]
    ContextExceeded {
        /// The prompt's length, after the chat template.
        prompt_tokens: usize,
        /// What the model's context holds, prompt and answer together.
        context_tokens: usize,
    },
    /// A sampler setting is outside its range.
    #[error("{0}")]
    InvalidSampler(&'static str),
    /// The caller cancelled. What was already streamed stands; nothing else is returned.
    #[error("cancelled")]
    Cancelled,
    /// The numeric backend failed.
    #[error("the model's backend failed: {0}")]
    Backend(#[from] candle_core::Error),
    /// The model's thread is gone; only loading the model again helps.
    #[error("the model has stopped")]
    Stopped,
}
