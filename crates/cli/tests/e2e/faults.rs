//! What an operator sees when something is in the way.

use crate::process::{Docket, docket, free_port, read_all, run};
use std::net::TcpListener;
use std::process::Stdio;

#[test]
fn a_port_in_use_is_named_and_nothing_is_made() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let listen = taken.local_addr().unwrap().to_string();
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let (status, _, error) = run(["serve", "--listen", &listen, "--data", data.to_str().unwrap()]);
    assert!(!status.success());
    assert!(error.contains(&format!("{listen} is in use")), "{error}");
    assert!(!data.join("docket.db").exists(), "no store was made");
}

#[test]
fn a_file_that_is_no_database_is_refused_at_once() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("docket.db"), vec![7; 8_192]).unwrap();
    let data = folder.path().to_str().unwrap();
    let (status, _, error) = run(["serve", "--listen", "127.0.0.1:0", "--data", data]);
    assert!(!status.success());
    assert!(error.contains("not a Docket database"), "{error}");
}

#[test]
fn a_second_coordinator_on_the_same_data_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_str().unwrap();
    let (first, _) = Docket::up_with(&["--data", data]);
    let (status, _, error) = run(["serve", "--listen", "127.0.0.1:0", "--data", data]);
    assert!(!status.success());
    assert!(error.contains("another process"), "{error}");
    drop(first);
}

#[test]
fn a_faulty_configuration_is_explained() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("docket.toml");
    std::fs::write(&file, "listne = \"127.0.0.1:1\"\n").unwrap();
    let (status, _, error) = run(["serve", "--config", file.to_str().unwrap()]);
    assert!(!status.success());
    assert!(error.contains("listne"), "{error}");
}

#[test]
fn the_effective_configuration_can_be_printed_and_read_back() {
    let (status, printed, _) = run(["serve", "--testnet", "--listen", "127.0.0.1:4999", "--print-config"]);
    assert!(status.success());
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("docket.toml");
    std::fs::write(&file, &printed).unwrap();
    let (status, again, _) = run(["serve", "--config", file.to_str().unwrap(), "--print-config"]);
    assert!(status.success());
    assert_eq!(printed, again);
    assert!(again.contains("127.0.0.1:4999") && again.contains("testnet = true"), "{again}");
}

#[test]
fn a_worker_without_a_coordinator_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("http://127.0.0.1:{}", free_port());
    let mut worker = docket(["worker", "--coordinator", &url, "--data"])
        .arg(folder.path())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    std::thread::sleep(std::time::Duration::from_secs(2));
    worker.kill().unwrap();
    let said = read_all(worker.stderr.take().unwrap());
    worker.wait().unwrap();
    assert!(said.contains("nothing listens"), "{said}");
}
