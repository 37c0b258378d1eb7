//! The program as its users meet it: real processes, real sockets, real signals.

mod bench;
mod faults;
mod kill;
mod market;
mod process;
mod upstream;
