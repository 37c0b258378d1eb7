//! One answer: prompt in, tokens out, until the model, a stop sequence, a limit or the caller ends it.

use std::collections::HashMap;

use candle_core::Tensor;
use candle_transformers::generation::LogitsProcessor;
use tokenizers::Tokenizer;

use crate::stop::{Passed, StopFilter};
use crate::template::{Message, Template};
use crate::weights::Weights;
use crate::{About, GgufError};

/// A prompt is read in pieces of these sizes, largest first: between two pieces a cancel is heard, and the masks
/// that candle keeps for each pair of piece and position stay few. Single tokens must come last, because
/// candle's Qwen3 keeps a second cache that they do not fill.
const PIECES: [usize; 4] = [128, 32, 8, 1];

/// What to generate.
#[derive(Clone, Debug, PartialEq)]
pub struct Generation {
    /// The conversation so far, oldest first.
    pub messages: Vec<Message>,
    /// The longest answer. What the context leaves free may be less.
    pub max_tokens: usize,
    /// How tokens are chosen.
    pub sampler: Sampler,
    /// Texts that end the answer and are not part of it.
    pub stop: Vec<String>,
}

/// How a token is chosen from the model's scores. The same seed gives the same answer on the same machine.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sampler {
    /// 0 takes the best token each time; at most 2.
    pub temperature: f64,
    /// Keeps the likeliest tokens that together have this probability; above 0, at most 1, which keeps all.
    pub top_p: f64,
    /// Starts the random numbers; without effect at temperature 0.
    pub seed: u64,
    /// Taken off a token's score for each time that it stands in the answer; -2 to 2.
    pub frequency_penalty: f64,
    /// Taken off the score of every token that stands in the answer; -2 to 2.
    pub presence_penalty: f64,
}

impl Sampler {
    /// The best token each time: the same answer on every run.
    pub const GREEDY: Self =
        Self { temperature: 0.0, top_p: 1.0, seed: 0, frequency_penalty: 0.0, presence_penalty: 0.0 };

    fn processor(self) -> Result<LogitsProcessor, GgufError> {
        if !(0.0..=2.0).contains(&self.temperature) {
            return Err(GgufError::InvalidSampler("temperature must be between 0 and 2"));
        }
        if !(self.top_p > 0.0 && self.top_p <= 1.0) {
            return Err(GgufError::InvalidSampler("top_p must be above 0 and at most 1"));
        }
        if [self.frequency_penalty, self.presence_penalty].iter().any(|by| !(-2.0..=2.0).contains(by)) {
            return Err(GgufError::InvalidSampler("penalties must be between -2 and 2"));
        }
        // Probabilities have 32 bits. What is nothing in them would keep no token at all.
        let top_p = self.top_p.max(f64::from(f32::MIN_POSITIVE));
        Ok(LogitsProcessor::new(self.seed, Some(self.temperature), Some(top_p)))
    }

    /// The scores, less the penalties for what the answer has already.
    #[allow(clippy::cast_possible_truncation)] // scores have no more digits than that
    fn penalized(self, scores: &Tensor, written: &HashMap<u32, u32>) -> Result<Tensor, GgufError> {
        if (self.frequency_penalty, self.presence_penalty) == (0.0, 0.0) || written.is_empty() {
            return Ok(scores.clone());
        }
        let mut penalized = scores.to_vec1::<f32>()?;
        for (token, times) in written {
            let penalty = self.frequency_penalty * f64::from(*times) + self.presence_penalty;
            if let Some(score) = penalized.get_mut(*token as usize) {
                *score -= penalty as f32;
            }
        }
        Ok(Tensor::new(penalized, scores.device())?)
    }
}

/// A piece of an answer on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Never empty; whole characters only.
    pub text: String,
    /// How many tokens the answer had when the piece was let out.
    pub tokens: usize,
}

/// A finished answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Generated {
    /// The whole answer; what was streamed, joined, is exactly this.
    pub text: String,
    /// Tokens of the prompt, the chat template's own included.
    pub prompt_tokens: usize,
    /// Tokens of the answer, without the token that ended it.
    pub completion_tokens: usize,
    /// Why it ended.
    pub finish: Finish,
}

/// Why an answer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finish {
    /// The model ended it, or a stop sequence stood.
    Stop,
    /// `max_tokens`, or the context, was used up.
    Length,
}

/// All that one answer needs of a loaded model.
pub(crate) struct Loaded {
    pub(crate) about: About,
    pub(crate) weights: Weights,
    pub(crate) tokenizer: Tokenizer,
    pub(crate) template: Template,
    pub(crate) stop_tokens: Vec<u32>,
}

impl Loaded {
    /// Generates one answer. `emit` takes the text as it comes; `cancelled` is asked between tokens.
    pub(crate) fn answer(
        &mut self,
        request: &Generation,
        emit: &mut dyn FnMut(Piece),
        cancelled: &dyn Fn() -> bool,
    ) -> Result<Generated, GgufError> {
        let mut sampler = request.sampler.processor()?;
        let prompt = self.template.render(&request.messages)?;
        let prompt = self.tokenizer.encode_fast(prompt, false).map_err(tokenizer_failed)?;
        let prompt = prompt.get_ids();
        let room = self.room_for(prompt.len())?.min(request.max_tokens);

        let mut filter = StopFilter::new(&request.stop);
        let mut text = String::new();
        let mut show = |piece: String, tokens| {
            if !piece.is_empty() {
                text.push_str(&piece);
                emit(Piece { text: piece, tokens });
            }
        };
        let mut completion_tokens = 0;
        let mut written = HashMap::new();
        self.weights.clear();
        let mut scores = read_prompt(&mut self.weights, prompt, cancelled)?;
        let mut decoder = self.tokenizer.decode_stream(true);
        let finish = loop {
            if completion_tokens == room {
                break Finish::Length;
            }
            let token = sampler.sample(&request.sampler.penalized(&scores, &written)?)?;
            if self.stop_tokens.contains(&token) {
                break Finish::Stop;
            }
            completion_tokens += 1;
            *written.entry(token).or_default() += 1;
            if let Some(piece) = decoder.step(token).map_err(tokenizer_failed)? {
                match filter.push(&piece) {
                    Passed::Open(piece) => show(piece, completion_tokens),
                    Passed::Stopped(piece) => {
                        show(piece, completion_tokens);
                        break Finish::Stop;
                    }
                }
            }
            if cancelled() {
                return Err(GgufError::Cancelled);
            }
            if completion_tokens < room {
                scores = self.weights.forward(&[token], prompt.len() + completion_tokens - 1)?;
            }
        };
        show(filter.finish(), completion_tokens);
        Ok(Generated { text, prompt_tokens: prompt.len(), completion_tokens, finish })
    }

    fn room_for(&self, prompt_tokens: usize) -> Result<usize, GgufError> {
        let context_tokens = self.about.context_tokens;
        match context_tokens.checked_sub(prompt_tokens) {
            Some(room) if room > 0 => Ok(room),
            _ => Err(GgufError::ContextExceeded { prompt_tokens, context_tokens }),
        }
    }
}

/// Reads the prompt into the cache and returns the scores of the first token of the answer.
fn read_prompt(
    weights: &mut Weights,
    prompt: &[u32],
    cancelled: &dyn Fn() -> bool,
) -> Result<Tensor, GgufError> {
    let mut position = 0;
    let mut scores = None;
    for size in PIECES {
        while prompt.len() - position >= size {
            if cancelled() {
                return Err(GgufError::Cancelled);
            }
            scores = Some(weights.forward(&prompt[position..position + size], position)?);
            position += size;
        }
    }
    scores.ok_or_else(|| GgufError::Template("the prompt is empty".into()))
}

fn tokenizer_failed(error: tokenizers::Error) -> GgufError {
    GgufError::Backend(candle_core::Error::msg(error))
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;
    use crate::EMBEDDED;
    use crate::model::load;

    #[test]
    fn a_prompt_read_in_pieces_leads_to_the_same_scores_as_one_read_at_once() {
        let mut model = load(Cursor::new(EMBEDDED)).unwrap();
        let text = "Explain what a worker does, and what a receipt is. ".repeat(14);
        let prompt = model.tokenizer.encode(text, false).unwrap().get_ids().to_vec();
        let sizes = PIECES.map(|size| prompt.len() / size);
        assert!(
            sizes[0] >= 1 && !prompt.len().is_multiple_of(8),
            "{} tokens use every size of piece",
            prompt.len()
        );
        let whole: Vec<f32> = model.weights.forward(&prompt, 0).unwrap().to_vec1().unwrap();
        model.weights.clear();
        let pieces = read_prompt(&mut model.weights, &prompt, &|| false).unwrap();
        let pieces: Vec<f32> = pieces.to_vec1().unwrap();
        let furthest = whole.iter().zip(&pieces).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(furthest < 0.05, "scores differ by {furthest}");
    }
}
