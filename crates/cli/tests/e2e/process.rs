//! Starts and ends the program.

use rustix::process::{Pid, Signal, kill_process};
use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

/// How long anything here may take on a machine that is busy.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A running `docket`; killed when dropped.
pub(crate) struct Docket(Child);

/// `docket` with these arguments, its output kept for the test.
pub(crate) fn docket<I: AsRef<std::ffi::OsStr>>(args: impl IntoIterator<Item = I>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_docket"));
    command.args(args).env_remove("RUST_LOG").env("CANDLE_NUM_THREADS", "1");
    command
}

/// Runs `docket` to its end: exit status, standard output, standard error.
pub(crate) fn run<I: AsRef<std::ffi::OsStr>>(
    args: impl IntoIterator<Item = I>,
) -> (ExitStatus, String, String) {
    let output = docket(args).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status, text(output.stdout), text(output.stderr))
}

impl Docket {
    /// A coordinator on a port that is known beforehand, so that it can come back there.
    pub(crate) fn serve(port: u16, data: &Path) -> Self {
        let listen = format!("127.0.0.1:{port}");
        let mut serve = docket(["serve", "--testnet", "--listen", &listen, "--data"]);
        serve.arg(data).stdin(Stdio::null()).stderr(Stdio::null());
        Self::listening(serve, &listen)
    }

    /// A coordinator that listens there.
    pub(crate) fn listening(mut command: Command, listen: &str) -> Self {
        let child = command.spawn().unwrap();
        wait_until("the coordinator listens", || std::net::TcpStream::connect(listen).is_ok());
        Self(child)
    }

    /// A worker with an engine.
    pub(crate) fn worker(coordinator: &str, engine: &str, data: &Path) -> Self {
        let args = ["worker", "--coordinator", coordinator, "--engine", engine, "--data"];
        let mut command = docket(args);
        command.arg(data);
        Self::started(command)
    }

    /// What runs until it is ended, and is not listened to.
    pub(crate) fn started(mut command: Command) -> Self {
        Self(command.stdin(Stdio::null()).stderr(Stdio::null()).spawn().unwrap())
    }

    /// `docket up` on any port, keeping nothing; answers with its line of JSON.
    pub(crate) fn up() -> (Self, serde_json::Value) {
        Self::up_with(&["--ephemeral"])
    }

    /// The same, with arguments that say where its data lie.
    pub(crate) fn up_with(data: &[&str]) -> (Self, serde_json::Value) {
        Self::up_as(docket(up_args(data)))
    }

    /// `docket up` that trusts those for whom the certificates in this file vouch.
    pub(crate) fn up_trusting(roots: &Path) -> (Self, serde_json::Value) {
        let mut command = docket(up_args(&["--ephemeral"]));
        command.env("SSL_CERT_FILE", roots);
        Self::up_as(command)
    }

    fn up_as(mut command: Command) -> (Self, serde_json::Value) {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        (Self(child), serde_json::from_str(&line).unwrap())
    }

    /// Its process.
    pub(crate) fn pid(&self) -> Pid {
        Pid::from_child(&self.0)
    }

    /// Ends it without warning.
    pub(crate) fn kill_9(mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }

    /// Asks it to end, and waits.
    pub(crate) fn terminate(mut self) -> ExitStatus {
        kill_process(Pid::from_child(&self.0), Signal::TERM).unwrap();
        let start = Instant::now();
        loop {
            if let Some(status) = self.0.try_wait().unwrap() {
                return status;
            }
            assert!(start.elapsed() < PATIENCE, "it did not end");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Docket {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

fn up_args<'a>(data: &[&'a str]) -> Vec<&'a str> {
    [&["up", "--json", "--listen", "127.0.0.1:0"], data].concat()
}

/// Waits for something, and says what if it never comes.
pub(crate) fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < PATIENCE, "waited too long until {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// A port that nobody else takes: below those that the system gives to who asks for any, and in a range of this
/// process's own, since every test is one.
pub(crate) fn free_port() -> u16 {
    static TRIED: AtomicU16 = AtomicU16::new(0);
    let own = 20_000 + u16::try_from(std::process::id() % 1_200).unwrap() * 10;
    loop {
        let tried = TRIED.fetch_add(1, Ordering::Relaxed);
        assert!(tried < 10, "no port is free from {own} on");
        if TcpListener::bind(("127.0.0.1", own + tried)).is_ok() {
            return own + tried;
        }
    }
}

/// The rest of a child's error output, for messages.
pub(crate) fn read_all(mut source: impl Read) -> String {
    let mut text = String::new();
    source.read_to_string(&mut text).unwrap();
    text
}
