//! The architectures that can run, behind one `forward`.

use std::io::{Read, Seek};

use candle_core::quantized::gguf_file::Content;
use candle_core::{Device, Result, Tensor};
use candle_transformers::models::{
    quantized_llama as llama, quantized_qwen2 as qwen2, quantized_qwen3 as qwen3,
};

use crate::GgufError;

/// Loaded weights with their key-value cache: one sequence at a time.
pub(crate) enum Weights {
    Llama(llama::ModelWeights),
    Qwen2(qwen2::ModelWeights),
    Qwen3(qwen3::ModelWeights),
}

impl Weights {
    pub(crate) fn load<R: Read + Seek>(
        architecture: &str,
        content: Content,
        reader: &mut R,
    ) -> std::result::Result<Self, GgufError> {
        let device = Device::Cpu;
        let loaded = match architecture {
            "llama" => llama::ModelWeights::from_gguf(content, reader, &device).map(Self::Llama),
            "qwen2" => qwen2::ModelWeights::from_gguf(content, reader, &device).map(Self::Qwen2),
            "qwen3" => qwen3::ModelWeights::from_gguf(content, reader, &device).map(Self::Qwen3),
            other => return Err(GgufError::UnsupportedArchitecture(other.to_owned())),
        };
        loaded.map_err(|error| GgufError::Malformed(error.to_string()))
    }

    /// The scores of the token after `tokens`, which stand at `position` and after it.
    pub(crate) fn forward(&mut self, tokens: &[u32], position: usize) -> Result<Tensor> {
        let input = Tensor::new(tokens, &Device::Cpu)?.unsqueeze(0)?;
        let scores = match self {
            Self::Llama(model) => model.forward(&input, position),
            Self::Qwen2(model) => model.forward(&input, position),
            Self::Qwen3(model) => model.forward(&input, position),
        };
        scores?.squeeze(0)
    }

    /// Forgets the sequence.
    pub(crate) fn clear(&mut self) {
        match self {
            Self::Llama(model) => model.clear_kv_cache(),
            Self::Qwen2(model) => model.clear_kv_cache(),
            Self::Qwen3(model) => model.clear_kv_cache(),
        }
    }
}
