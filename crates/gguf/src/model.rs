//! A model on a thread of its own: loading it, asking it, and stopping when nobody asks any more.

use std::any::Any;
use std::fs::File;
use std::io::{Cursor, Read, Seek};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::thread;

use candle_core::quantized::gguf_file::Content;
use sha2::{Digest, Sha256};
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use crate::generate::{Generated, Generation, Loaded, Piece};
use crate::template::Template;
use crate::weights::Weights;
use crate::{About, GgufError, metadata, tokenizer};

/// Requests that may wait while one runs; more callers wait in [`Model::generate`].
const QUEUE: usize = 16;

/// Where a model comes from.
#[derive(Clone, Copy, Debug)]
pub enum Source<'a> {
    /// A GGUF file.
    Path(&'a Path),
    /// A GGUF file held in memory.
    Bytes(&'static [u8]),
}

/// A loaded model. Clones share it; it runs one request at a time, in the order of arrival.
///
/// Its thread, and the weights, go when the last clone is dropped.
#[derive(Clone, Debug)]
pub struct Model {
    about: About,
    queue: mpsc::Sender<Work>,
}

#[derive(Debug)]
struct Work {
    request: Generation,
    deltas: mpsc::Sender<Piece>,
    cancel: CancellationToken,
    runtime: Handle,
    answer: oneshot::Sender<Result<Generated, GgufError>>,
}

impl Model {
    /// Hashes, checks and loads a model. Blocks for as long as reading the file twice takes.
    pub fn load(source: Source<'_>) -> Result<Self, GgufError> {
        let loaded = match source {
            Source::Path(path) => guarded(|| load(File::open(path)?)),
            Source::Bytes(bytes) => guarded(|| load(Cursor::new(bytes))),
        }?;
        let about = loaded.about.clone();
        let (queue, work) = mpsc::channel(QUEUE);
        thread::Builder::new().name(format!("gguf {}", about.name)).spawn(move || serve(loaded, work))?;
        Ok(Self { about, queue })
    }

    /// What is known of the model.
    pub fn about(&self) -> &About {
        &self.about
    }

    /// Generates one answer, sending its text to `deltas` as it comes.
    ///
    /// A full channel slows the model down; a closed one does not stop it. Cancelling, or dropping the returned
    /// future, stops it before the next token. Must be called within a tokio runtime.
    pub async fn generate(
        &self,
        request: Generation,
        deltas: mpsc::Sender<Piece>,
        cancel: CancellationToken,
    ) -> Result<Generated, GgufError> {
        // The guard cancels a child, so that a dropped future stops the model without cancelling the caller's token.
        let child = cancel.child_token();
        let _stop_when_dropped = child.clone().drop_guard();
        let (answer, answered) = oneshot::channel();
        let work = Work { request, deltas, cancel: child, runtime: Handle::current(), answer };
        let run = async {
            self.queue.send(work).await.map_err(|_| GgufError::Stopped)?;
            answered.await.map_err(|_| GgufError::Stopped)?
        };
        tokio::select! {
            biased;
            result = run => result,
            () = cancel.cancelled() => Err(GgufError::Cancelled),
        }
    }
}

pub(crate) fn load(mut reader: impl Read + Seek) -> Result<Loaded, GgufError> {
    let weights_sha256 = hash(&mut reader)?;
    reader.rewind()?;
    let mut content = Content::read(&mut reader).map_err(|error| GgufError::Malformed(error.to_string()))?;
    let about = About::read(&content, weights_sha256)?;
    metadata::check_shape(&mut content, &about)?;
    let tokenizer = tokenizer::build(&mut content)?;
    let template = Template::read(&content)?;
    let stop_tokens = metadata::stop_tokens(&content)?;
    let weights = Weights::load(&about.architecture, content, &mut reader)?;
    Ok(Loaded { about, weights, tokenizer, template, stop_tokens })
}

fn hash(reader: &mut impl Read) -> Result<[u8; 32], GgufError> {
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    loop {
        match reader.read(&mut buffer)? {
            0 => return Ok(hasher.finalize().into()),
            read => hasher.update(&buffer[..read]),
        }
    }
}

/// The model's thread: one request after the other until every [`Model`] is dropped.
fn serve(mut model: Loaded, mut work: mpsc::Receiver<Work>) {
    while let Some(Work { request, deltas, cancel, runtime, answer }) = work.blocking_recv() {
        let mut emit = |piece| runtime.block_on(send(&deltas, piece, &cancel));
        let cancelled = || cancel.is_cancelled();
        let result = guarded(|| {
            if cancelled() {
                Err(GgufError::Cancelled)
            } else {
                model.answer(&request, &mut emit, &cancelled)
            }
        });
        answer.send(result).ok(); // a caller that has gone needs no answer
    }
}

async fn send(deltas: &mpsc::Sender<Piece>, piece: Piece, cancel: &CancellationToken) {
    tokio::select! {
        biased;
        _ = deltas.send(piece) => (), // a closed channel only means that nobody watches
        () = cancel.cancelled() => (),
    }
}

/// candle asserts shapes by panicking; a file or request that trips one must not take the model down.
fn guarded<T>(run: impl FnOnce() -> Result<T, GgufError>) -> Result<T, GgufError> {
    catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|panic| Err(panicked(panic.as_ref())))
}

fn panicked(panic: &(dyn Any + Send)) -> GgufError {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("it panicked");
    GgufError::Backend(candle_core::Error::msg(text))
}
