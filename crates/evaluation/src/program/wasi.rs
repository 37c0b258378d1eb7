//! The part of `wasi_snapshot_preview1` that a program is given. Names, signatures and error numbers are those of the
//! WASI preview 1 interface; what is not here is missing, and a module that imports it is refused.
//!
//! There are three descriptors, 0 to 2, and they are pipes. There are no arguments and no environment. The clock stands.

use super::host::Host;
use wasmtime::{Caller, Error, Extern, Linker, Memory, Result, Trap};

const WASI: &str = "wasi_snapshot_preview1";

/// What every clock shows, in nanoseconds since 1970: the first instant of the year 2000.
const NOW_NS: u64 = 946_684_800_000_000_000;
/// How many buffers one call may name.
const MAX_BUFFERS: u32 = 1_024;

const BAD_DESCRIPTOR: Stop = Stop::Errno(8);
const FAULT: Stop = Stop::Errno(21);
const INVALID: Stop = Stop::Errno(28);
const NO_SEEK: Stop = Stop::Errno(70);

const RIGHT_READ: u64 = 1 << 1;
const RIGHT_WRITE: u64 = 1 << 6;

/// The program said that it is done.
#[derive(Debug, thiserror::Error)]
#[error("exit {0}")]
pub(super) struct Exit(pub(super) u32);

/// Why a call did not do what was asked: an error number for the program, or its end.
enum Stop {
    Errno(i32),
    End(Error),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::End(error)
    }
}

type Call<'a> = Caller<'a, Host>;
type Done = std::result::Result<(), Stop>;

/// Everything that a program may import.
pub(super) fn link(linker: &mut Linker<Host>) -> Result<()> {
    linker
        .func_wrap(WASI, "args_get", |_: i32, _: i32| 0)?
        .func_wrap(WASI, "args_sizes_get", |mut call: Call<'_>, count: u32, size: u32| {
            answer(write_zeroes(&mut call, count, size))
        })?
        .func_wrap(WASI, "environ_get", |_: i32, _: i32| 0)?
        .func_wrap(WASI, "environ_sizes_get", |mut call: Call<'_>, count: u32, size: u32| {
            answer(write_zeroes(&mut call, count, size))
        })?
        .func_wrap(WASI, "clock_time_get", |mut call: Call<'_>, clock: u32, _: i64, at: u32| {
            answer(tell_time(&mut call, clock, at))
        })?
        .func_wrap(WASI, "fd_close", |fd: u32| answer(known(fd)))?
        .func_wrap(WASI, "fd_fdstat_get", |mut call: Call<'_>, fd: u32, at: u32| {
            answer(describe(&mut call, fd, at))
        })?
        .func_wrap(WASI, "fd_prestat_get", |_: u32, _: u32| answer(Err(BAD_DESCRIPTOR)))?
        .func_wrap(WASI, "fd_prestat_dir_name", |_: u32, _: u32, _: u32| answer(Err(BAD_DESCRIPTOR)))?
        .func_wrap(WASI, "fd_read", |mut call: Call<'_>, fd: u32, buffers: u32, count: u32, at: u32| {
            answer(read(&mut call, fd, buffers, count, at))
        })?
        .func_wrap(WASI, "fd_seek", |fd: u32, _: i64, _: u32, _: u32| answer(known(fd).and(Err(NO_SEEK))))?
        .func_wrap(WASI, "fd_write", |mut call: Call<'_>, fd: u32, buffers: u32, count: u32, at: u32| {
            answer(write(&mut call, fd, buffers, count, at))
        })?
        .func_wrap(WASI, "proc_exit", |code: u32| -> Result<()> { Err(Error::new(Exit(code))) })?
        .func_wrap(WASI, "random_get", |mut call: Call<'_>, at: u32, count: u32| {
            answer(fill(&mut call, at, count))
        })?
        .func_wrap(WASI, "sched_yield", || 0)?;
    Ok(())
}

fn answer(done: Done) -> Result<i32> {
    match done {
        Ok(()) => Ok(0),
        Err(Stop::Errno(number)) => Ok(number),
        Err(Stop::End(error)) => Err(error),
    }
}

fn known(fd: u32) -> Done {
    if fd <= 2 { Ok(()) } else { Err(BAD_DESCRIPTOR) }
}

fn write_zeroes(call: &mut Call<'_>, count: u32, size: u32) -> Done {
    put(call, count, &0_u32.to_le_bytes())?;
    put(call, size, &0_u32.to_le_bytes())
}

/// Clocks 0 to 3: the day's, one that never goes back, and what process and thread have used.
fn tell_time(call: &mut Call<'_>, clock: u32, at: u32) -> Done {
    if clock > 3 {
        return Err(INVALID);
    }
    put(call, at, &NOW_NS.to_le_bytes())
}

/// `fdstat`: a file of unknown kind without flags, that can be read or written and nothing more.
fn describe(call: &mut Call<'_>, fd: u32, at: u32) -> Done {
    known(fd)?;
    let mut stat = [0; 24];
    let rights = if fd == 0 { RIGHT_READ } else { RIGHT_WRITE };
    stat[8..16].copy_from_slice(&rights.to_le_bytes());
    put(call, at, &stat)
}

fn read(call: &mut Call<'_>, fd: u32, buffers: u32, count: u32, at: u32) -> Done {
    if fd != 0 {
        return Err(BAD_DESCRIPTOR);
    }
    let (buffers, total) = gather(call, buffers, count)?;
    let least = u64::from(total).min(call.data().stdin.left() as u64);
    charge(call, least + u64::from(count))?;
    let (memory, host) = memory(call)?.data_and_store_mut(&mut *call);
    let mut read = 0;
    for (start, length) in buffers {
        read += host.stdin.fill(slice(memory, start, length)?) as u32;
    }
    put(call, at, &read.to_le_bytes())
}

/// All counts as written, even what is dropped.
fn write(call: &mut Call<'_>, fd: u32, buffers: u32, count: u32, at: u32) -> Done {
    if fd != 1 && fd != 2 {
        return Err(BAD_DESCRIPTOR);
    }
    let (buffers, total) = gather(call, buffers, count)?;
    charge(call, u64::from(total) + u64::from(count))?;
    let (memory, host) = memory(call)?.data_and_store_mut(&mut *call);
    let output = if fd == 1 { &mut host.stdout } else { &mut host.stderr };
    for (start, length) in buffers {
        output.add(slice(memory, start, length)?);
    }
    put(call, at, &total.to_le_bytes())
}

fn fill(call: &mut Call<'_>, at: u32, count: u32) -> Done {
    charge(call, count.into())?;
    let (memory, host) = memory(call)?.data_and_store_mut(&mut *call);
    host.chance.fill(slice(memory, at, count)?);
    Ok(())
}

/// Where the buffers lie that a call names, each with its length, and their lengths together.
fn gather(call: &mut Call<'_>, at: u32, count: u32) -> std::result::Result<(Vec<(u32, u32)>, u32), Stop> {
    if count > MAX_BUFFERS {
        return Err(INVALID);
    }
    let memory = memory(call)?.data_mut(call);
    let list = slice(memory, at, count * 8)?;
    let number = |bytes: &[u8]| bytes.iter().rev().fold(0_u32, |number, byte| number << 8 | u32::from(*byte));
    let buffers: Vec<_> =
        list.chunks_exact(8).map(|buffer| (number(&buffer[..4]), number(&buffer[4..]))).collect();
    let mut total = 0_u32;
    for &(start, length) in &buffers {
        slice(memory, start, length)?;
        total = total.checked_add(length).ok_or(INVALID)?;
    }
    Ok((buffers, total))
}

/// Work of ours counts like the program's own.
fn charge(call: &mut Call<'_>, units: u64) -> Done {
    let left = call.get_fuel()?.checked_sub(units);
    call.set_fuel(left.unwrap_or(0))?;
    left.map(|_| ()).ok_or_else(|| Stop::End(Trap::OutOfFuel.into()))
}

fn put(call: &mut Call<'_>, at: u32, bytes: &[u8]) -> Done {
    let memory = memory(call)?.data_mut(call);
    slice(memory, at, bytes.len() as u32)?.copy_from_slice(bytes);
    Ok(())
}

fn memory(call: &mut Call<'_>) -> std::result::Result<Memory, Stop> {
    call.get_export("memory").and_then(Extern::into_memory).ok_or(FAULT)
}

fn slice(memory: &mut [u8], start: u32, length: u32) -> std::result::Result<&mut [u8], Stop> {
    let start = start as usize;
    start.checked_add(length as usize).and_then(|end| memory.get_mut(start..end)).ok_or(FAULT)
}
