//! Compiles a module and runs it, with everything switched off that could end differently elsewhere.

use super::host::{Host, TooMuch};
use super::wasi::{self, Exit};
use super::{End, Limits, MAX_MODULE_BYTES, Outcome, ProgramError};
use crate::{Digest, MAX_DELIVERABLE_BYTES};
use wasmtime::{
    Config, Engine, Error, Extern, InstancePre, Linker, Module, Store, Trap, UnknownImportError, WasmFeatures,
};

/// How much stack a program may use. The thread that runs it must have twice as much.
const STACK_BYTES: usize = 512 << 10;
/// How much is passed on of what the compiler says about a module.
const MAX_WORDS: usize = 300;

/// A command that can be run.
pub struct Program {
    digest: Digest,
    engine: Engine,
    command: InstancePre<Host>,
}

impl Program {
    /// Compiles a module in its binary form. Compiling uses no fuel: it is bounded by the module's size alone.
    pub fn compile(module: &[u8]) -> Result<Self, ProgramError> {
        if module.len() > MAX_MODULE_BYTES {
            return Err(ProgramError::ModuleTooLarge);
        }
        let engine = Engine::new(&config()).map_err(|error| ProgramError::Machine(words(&error)))?;
        let compiled =
            Module::from_binary(&engine, module).map_err(|error| ProgramError::NotAModule(words(&error)))?;
        let mut linker = Linker::new(&engine);
        wasi::link(&mut linker).map_err(|error| ProgramError::Machine(words(&error)))?;
        let command = linker.instantiate_pre(&compiled).map_err(|error| unlinked(&error))?;
        let start = compiled.get_export("_start");
        if !start.is_some_and(|start| {
            start.func().is_some_and(|start| start.params().len() == 0 && start.results().len() == 0)
        }) {
            return Err(ProgramError::NotACommand);
        }
        Ok(Self { digest: Digest::of(module), engine, command })
    }

    /// What names the module.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// Runs it once, from nothing, on this thread.
    pub fn run(&self, deliverable: &[u8], limits: Limits) -> Result<Outcome, ProgramError> {
        let Limits { fuel, .. } = limits.check()?;
        if deliverable.len() > MAX_DELIVERABLE_BYTES {
            return Err(ProgramError::DeliverableTooLarge);
        }
        let machine = |error: Error| ProgramError::Machine(words(&error));
        let mut store = Store::new(&self.engine, Host::new(self.digest, deliverable, limits));
        store.limiter(|host| &mut host.bounds);
        store.set_fuel(fuel).map_err(machine)?;
        let end = match self.start(&mut store) {
            Ok(()) => End::Exited { code: 0 },
            Err(error) => end(error)?,
        };
        let left = if end == End::OutOfFuel { 0 } else { store.get_fuel().map_err(machine)? };
        let host = store.into_data();
        Ok(Outcome { end, fuel_used: fuel - left, stdout: host.stdout, stderr: host.stderr })
    }

    fn start(&self, store: &mut Store<Host>) -> Result<(), Error> {
        let instance = self.command.instantiate(&mut *store)?;
        let start = instance.get_export(&mut *store, "_start").and_then(Extern::into_func);
        start.expect("it was looked for when the module was compiled").typed(&*store)?.call(store, ())
    }
}

/// WebAssembly 2.0 and nothing newer: no threads, no relaxed vectors, one memory. NaNs have one form.
fn config() -> Config {
    let mut config = Config::new();
    config
        .wasm_features(WasmFeatures::all().difference(WasmFeatures::WASM2), false)
        .cranelift_nan_canonicalization(true)
        .consume_fuel(true)
        .max_wasm_stack(STACK_BYTES)
        .memory_init_cow(false)
        .wasm_backtrace_max_frames(None);
    config
}

fn unlinked(error: &Error) -> ProgramError {
    match error.downcast_ref::<UnknownImportError>() {
        Some(unknown) => {
            ProgramError::UnknownImport { module: clip(unknown.module()), name: clip(unknown.name()) }
        }
        None => ProgramError::NotAModule(words(error)),
    }
}

/// What the program did to end; an error if it was the machine.
fn end(error: Error) -> Result<End, ProgramError> {
    if let Some(Exit(code)) = error.downcast_ref() {
        return Ok(End::Exited { code: *code });
    }
    if error.is::<TooMuch>() {
        return Ok(End::OutOfMemory);
    }
    match error.downcast_ref::<Trap>() {
        Some(Trap::OutOfFuel) => Ok(End::OutOfFuel),
        Some(trap) => {
            let why = trap.to_string();
            Ok(End::Trapped { why: why.trim_start_matches("wasm trap: ").to_owned() })
        }
        None => Err(ProgramError::Machine(words(&error))),
    }
}

/// What an error and its causes say, on one short line.
fn words(error: &Error) -> String {
    clip(&format!("{error:#}"))
}

fn clip(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).take(MAX_WORDS).collect()
}
