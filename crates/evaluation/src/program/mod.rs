//! Strategy `PROGRAM`: a program reads the deliverable and exits with 0, or with something else.
//!
//! The program is a WebAssembly command. It has its standard input, two outputs and nothing else: no files, no network,
//! no time that passes and no chance that cannot be repeated. So anybody who has the module and the deliverable comes to
//! the same outcome. Running one takes the feature `wasm`; what came of it can be read without.

#[cfg(feature = "wasm")]
mod host;
#[cfg(feature = "wasm")]
mod machine;
#[cfg(feature = "wasm")]
mod wasi;

#[cfg(feature = "wasm")]
pub use machine::Program;

use crate::MAX_DELIVERABLE_BYTES;
use std::fmt;

/// What an outcome depends on besides its inputs: our imports and their costs, and the engine with its price of each
/// instruction. Two runs may only be compared under the same name.
pub const ENVIRONMENT: &str = "docket-1/wasmtime-48";

/// The most bytes of a module.
pub const MAX_MODULE_BYTES: usize = 8 << 20;
/// The most that is kept of each output; what comes after is dropped.
pub const MAX_OUTPUT_BYTES: usize = 64 << 10;
/// The most fuel: some minutes of a processor.
pub const MAX_FUEL: u64 = 100_000_000_000;
/// The most memory.
pub const MAX_MEMORY_BYTES: u64 = 1 << 30;

/// How much a program may use up.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// About one unit an instruction, one a byte that an instruction or an import moves.
    pub fuel: u64,
    /// Of its linear memory.
    pub memory_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { fuel: 1_000_000_000, memory_bytes: 64 << 20 }
    }
}

impl Limits {
    /// Refuses limits that are none.
    pub fn check(self) -> Result<Self, ProgramError> {
        match self {
            Self { fuel: 1..=MAX_FUEL, memory_bytes: 1..=MAX_MEMORY_BYTES } => Ok(self),
            _ => Err(ProgramError::Limits),
        }
    }
}

/// Why there is no outcome. That is the fault of the module or of the machine, never of the work.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ProgramError {
    /// The module is larger than [`MAX_MODULE_BYTES`].
    #[error("the module has more than {MAX_MODULE_BYTES} bytes")]
    ModuleTooLarge,
    /// The deliverable is larger than [`MAX_DELIVERABLE_BYTES`].
    #[error("the deliverable has more than {MAX_DELIVERABLE_BYTES} bytes")]
    DeliverableTooLarge,
    /// The limits are out of their range.
    #[error("fuel goes from 1 to {MAX_FUEL}, memory from 1 to {MAX_MEMORY_BYTES} bytes")]
    Limits,
    /// The bytes are no WebAssembly of version 2, or more than the compiler takes.
    #[error("this is no module that can be run: {0}")]
    NotAModule(String),
    /// The module wants what programs are not given.
    #[error("the module imports `{name}` from `{module}`, which programs are not given")]
    UnknownImport {
        /// From where.
        module: String,
        /// What.
        name: String,
    },
    /// The module has no function `_start` that takes and returns nothing.
    #[error("the module is no command: it exports no function `_start` without arguments and results")]
    NotACommand,
    /// This machine could not run it.
    #[error("the program could not be run: {0}")]
    Machine(String),
}

/// How a program ended.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize)]
#[serde(tag = "end", rename_all = "snake_case")]
pub enum End {
    /// It came to its end, or said so.
    Exited {
        /// 0 if it returned without a word.
        code: u32,
    },
    /// It did what no program may.
    Trapped {
        /// In the engine's words.
        why: String,
    },
    /// It had not ended when its fuel was gone.
    OutOfFuel,
    /// It asked for more memory than it may have, or for too large tables.
    OutOfMemory,
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exited { code } => write!(f, "exited with {code}"),
            Self::Trapped { why } => write!(f, "trapped: {why}"),
            Self::OutOfFuel => f.write_str("ran out of fuel"),
            Self::OutOfMemory => f.write_str("asked for more memory than it may have"),
        }
    }
}

/// What a program wrote, up to [`MAX_OUTPUT_BYTES`].
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Output {
    /// What was kept.
    pub bytes: Vec<u8>,
    /// Whether there was more.
    pub truncated: bool,
}

/// What came of a run. The same module, deliverable and limits give the same, down to the fuel.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Outcome {
    /// How it ended.
    pub end: End,
    /// All of it where it ran out.
    pub fuel_used: u64,
    /// Its standard output.
    pub stdout: Output,
    /// Its standard error.
    pub stderr: Output,
}

impl Outcome {
    /// Whether the work passed: exit code 0, and nothing else.
    pub fn passed(&self) -> bool {
        self.end == End::Exited { code: 0 }
    }
}
