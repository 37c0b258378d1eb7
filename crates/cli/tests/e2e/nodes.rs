//! Workers as nodes: enrolled by a flag, known by an address, online while they are connected.

use crate::commands::Market;
use crate::process::{Docket, docket, run, wait_until};
use docket_protocol::wallet::WalletKey;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

const REGISTRY: [&str; 3] = ["--registry", "--gpu-tier", "2"];

/// The workers of a market whose node is of this class and which are connected.
fn online(market: &Market, gpu_tier: u8) -> Vec<Value> {
    let page = market.operator_json(&["worker", "list"]);
    let rows = page["data"].as_array().unwrap().iter();
    rows.filter(|row| row["node"]["gpu_tier"] == gpu_tier && row["live"]["connected"] == true)
        .cloned()
        .collect()
}

fn address_in(folder: &Path) -> String {
    WalletKey::load(&folder.join("wallet.key")).unwrap().address().to_string()
}

/// The first two lines that a program writes for its operator. It is ended then.
fn first_words(mut command: Command) -> Vec<String> {
    let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
    let said = lines.take(2).collect();
    child.kill().unwrap();
    child.wait().unwrap();
    said
}

#[test]
fn a_worker_is_a_node_by_two_flags_and_the_operator_sees_it() {
    let (_up, ready) = Docket::up();
    let market = Market::of(&ready);
    let own = market.operator_json(&["worker", "show", ready["worker"].as_str().unwrap()]);
    assert_eq!(own["node"], json!({"address": ready["node"], "gpu_tier": 1, "state": "active"}));

    let folder = tempfile::tempdir().unwrap();
    let start = |more: &[&str]| {
        let mut command = docket(["worker", "--coordinator", &market.url, "--data"]);
        command.arg(folder.path()).args(REGISTRY).args(more);
        command
    };
    let started = || Docket::started(start(&[]));
    let worker = started();
    wait_until("the worker is a node", || online(&market, 2).len() == 1);
    let address = address_in(folder.path());
    let id = online(&market, 2)[0]["id"].as_str().unwrap().to_owned();
    let shown = market.operator(&["worker", "show", &id]);
    assert!(shown.contains(&format!("node {address}, GPU tier 2, active")), "{shown}");

    worker.kill_9();
    wait_until("it is offline", || online(&market, 2).is_empty());
    let worker = started();
    wait_until("it is back", || online(&market, 2).len() == 1);
    assert_eq!(online(&market, 2)[0]["node"]["address"], address.as_str(), "the same node");

    // Another worker does not take it while this one is there.
    let (wallet, twin) = (folder.path().join("wallet.key"), tempfile::tempdir().unwrap());
    let mut command = docket(["worker", "--coordinator", &market.url, "--data"]);
    command.arg(twin.path()).args(REGISTRY).arg("--wallet").arg(wallet);
    let said = first_words(command);
    assert!(said[1].contains("enrolment.in_use") && said[1].contains("a wallet of its own"), "{said:?}");
    assert_eq!(online(&market, 2)[0]["id"], id.as_str());
    assert!(worker.terminate().success());

    // Another wallet makes no other node of it.
    let other = folder.path().join("other.key");
    WalletKey::from_bytes(&[7; 32]).unwrap().save(&other).unwrap();
    let said = first_words(start(&["--wallet", other.to_str().unwrap()]));
    let its_own = WalletKey::load(&other).unwrap().address().to_string();
    assert!(said[0].contains(&format!("the node {its_own} of GPU tier 2")), "{said:?}");
    assert!(said[1].contains("enrolment.worker_taken") && said[1].contains("another wallet"), "{said:?}");
}

#[test]
fn up_is_the_same_node_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let data = ["--data", folder.path().to_str().unwrap()];
    let (up, first) = Docket::up_with(&data);
    assert_eq!(first["node"], address_in(folder.path()).as_str());
    assert!(up.terminate().success());
    let (_up, second) = Docket::up_with(&[&data[..], &["--gpu-tier", "3"]].concat());
    assert_eq!(second["node"], first["node"]);
    let market = Market::of(&second);
    assert_eq!(online(&market, 3)[0]["node"]["address"], first["node"]);
}

#[test]
fn up_is_no_node_where_it_is_told_so() {
    let folder = tempfile::tempdir().unwrap();
    let data = ["--data", folder.path().to_str().unwrap()];
    let alone = [&data[..], &["--no-node"]].concat();
    let own = |market: &Market, ready: &Value| {
        market.operator_json(&["worker", "show", ready["worker"].as_str().unwrap()])
    };
    let (up, ready) = Docket::up_with(&alone);
    let market = Market::of(&ready);
    let shown = own(&market, &ready);
    assert_eq!((&ready["node"], &shown["node"]), (&Value::Null, &Value::Null));
    assert_eq!(shown["live"]["connected"], true, "it works");
    assert_eq!(market.json(&["node", "list"])["data"]["total"], 0);
    assert!(!folder.path().join("wallet.key").exists(), "nobody needs a wallet");
    assert!(up.terminate().success());

    // Who was a node before stays known, and is offline.
    let (up, first) = Docket::up_with(&data);
    assert_eq!(first["node"], address_in(folder.path()).as_str());
    assert!(up.terminate().success());
    let (_up, ready) = Docket::up_with(&alone);
    let market = Market::of(&ready);
    assert_eq!(ready["node"], Value::Null);
    let node = market.json(&["node", "show", first["node"].as_str().unwrap()]);
    assert_eq!(node["data"]["online"], false);
    assert_eq!(own(&market, &ready)["live"]["connected"], true);
    let (status, _, errors) = run(["up", "--no-node", "--gpu-tier", "2"]);
    assert!(!status.success() && errors.contains("--gpu-tier"), "{errors}");
}

#[test]
fn what_makes_no_node_is_said_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing.key").display().to_string();
    let wallet = ["--registry", "--gpu-tier", "2", "--wallet", &missing];
    for (args, said) in [
        (&["--registry"][..], "--gpu-tier"),
        (&["--gpu-tier", "2"], "--registry"),
        (&["--registry", "--gpu-tier", "0"], "1..=3"),
        (&["--registry", "--gpu-tier", "4"], "1..=3"),
        (&["--wallet", "w"], "--registry"),
        (&wallet, "missing.key"),
    ] {
        let data = folder.path().join("worker").display().to_string();
        let (status, _, errors) = run([&["worker", "--data", &data][..], args].concat());
        assert!(!status.success() && errors.contains(said), "{args:?}: {errors}");
    }
    assert!(!Path::new(&missing).exists(), "a wallet that was named is not made");
}
