//! An answer, read while it is being given.

use crate::process::{Docket, docket, free_port, read_all, run};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::Stdio;
use tempfile::TempDir;

/// A coordinator without workers, and a job that waits there.
struct Waiting {
    serve: Docket,
    folder: TempDir,
    port: u16,
    url: String,
    job: String,
}

impl Waiting {
    fn new(prompt: &str) -> Self {
        let (folder, port) = (tempfile::tempdir().unwrap(), free_port());
        let serve = Docket::serve(port, &folder.path().join("data"));
        let url = format!("http://127.0.0.1:{port}");
        let (_, answer, _) = run(["job", "submit", "--prompt", prompt, "--json", "--url", &url]);
        let answer: serde_json::Value = serde_json::from_str(&answer).unwrap();
        let job = answer["job_id"].as_str().unwrap().to_owned();
        Self { serve, folder, port, url, job }
    }
}

#[cfg(feature = "gguf")]
#[test]
fn a_watched_answer_is_told_as_it_comes() {
    let Waiting { serve: _serve, folder, url, job, .. } = Waiting::new("What is Docket?");
    let data = folder.path().join("data");
    let mut watch = docket(["job", "watch", &job, "--url", &url, "--data"]);
    let mut watch = watch.arg(&data).stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
    let mut words = BufReader::new(watch.stdout.take().unwrap());
    let mut line = String::new();
    words.read_line(&mut line).unwrap();
    assert!(line.starts_with("funded"), "{line}");
    // Only now there is somebody to answer.
    let _worker = Docket::worker(&url, "tiny", &folder.path().join("worker"));
    let rest = read_all(words);
    let (answer, end) = (rest.find("tiny test model"), rest.find("settled"));
    assert!(answer.is_some() && answer < end, "{rest}");
    assert!(watch.wait().unwrap().success());
}

#[test]
fn who_follows_a_job_does_not_hold_up_the_end() {
    let Waiting { serve, folder, port, job, .. } = Waiting::new("Is anybody here?");
    let token = std::fs::read_to_string(folder.path().join("data/admin.token")).unwrap();
    let ask = |path: &str| {
        let mut socket = TcpStream::connect(("127.0.0.1", port)).unwrap();
        let token = token.trim();
        write!(socket, "GET {path} HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {token}\r\n\r\n").unwrap();
        socket
    };
    let mut events = ask(&format!("/admin/v1/jobs/{job}/events"));
    let others = [ask(&format!("/v1/jobs/{job}/stream")), ask(&format!("/v1/jobs/{job}?wait=60"))];
    let mut first = [0; 12];
    events.read_exact(&mut first).unwrap();
    assert_eq!(&first, b"HTTP/1.1 200");
    // Nobody has the job, so there is nothing to wait for but those who ask.
    assert!(serve.terminate().success());
    drop(others);
}
