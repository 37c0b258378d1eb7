//! The commands of clients and operators, as people and programs use them.

use crate::process::{Docket, free_port, run, wait_until};
use docket_protocol::keys::SigningKey;
use serde_json::Value;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;

/// A coordinator to ask.
pub(crate) struct Market {
    pub(crate) url: String,
    pub(crate) token: String,
}

impl Market {
    pub(crate) fn of(ready: &Value) -> Self {
        let text = |name: &str| ready[name].as_str().unwrap().to_owned();
        Self { url: text("url"), token: text("admin_token") }
    }

    /// Runs a command; answers with its exit code, its output and its errors.
    pub(crate) fn run(&self, args: &[&str]) -> (i32, String, String) {
        let (status, output, errors) = run([args, &["--url", &self.url]].concat());
        (status.code().unwrap(), output, errors)
    }

    /// Runs a command that must succeed; answers with its output.
    pub(crate) fn good(&self, args: &[&str]) -> String {
        let (code, output, errors) = self.run(args);
        assert_eq!(code, 0, "{args:?}: {errors}");
        output
    }

    pub(crate) fn json(&self, args: &[&str]) -> Value {
        let output = self.good(&[args, &["--json"]].concat());
        assert_eq!(output.trim_end().lines().count(), 1, "one line for a program: {output}");
        serde_json::from_str(&output).unwrap()
    }

    pub(crate) fn operator(&self, args: &[&str]) -> String {
        self.good(&[args, &["--token", &self.token]].concat())
    }

    pub(crate) fn operator_json(&self, args: &[&str]) -> Value {
        self.json(&[args, &["--token", &self.token]].concat())
    }

    /// A finished task; answers with its id.
    fn job(&self) -> String {
        let task = ["job", "submit", "--task", "classify", "--input", "This is great.", "--wait"];
        let done = self.json(&task);
        assert_eq!(done["status"], "completed", "{done}");
        done["id"].as_str().unwrap().to_owned()
    }
}

#[test]
fn a_client_asks_commits_and_waits() {
    let (_up, ready) = Docket::up();
    let market = Market::of(&ready);
    assert!(market.good(&["quote", "task"]).starts_with("$0.001 for TASK (CHEAP), on ledger:testnet"));
    assert_eq!(market.json(&["quote", "llm", "--policy", "cheap"])["price"], "$0.005");

    let words = market.good(&["job", "submit", "--task", "classify", "--input", "This is great.", "--wait"]);
    assert!(words.contains("completed") && words.contains(r#""sentiment":"positive""#), "{words}");

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("input.txt");
    std::fs::write(&file, "Terrible.").unwrap();
    let input = format!("@{}", file.display());
    let submit = ["job", "submit", "--task", "classify", "--input", &input, "--key", "k1"];
    let first = market.json(&submit)["job_id"].clone();
    assert_eq!(market.json(&submit)["job_id"], first, "the same key finds the same job");
    let shown = market.json(&["job", "show", first.as_str().unwrap()]);
    assert_eq!(shown["id"], first);

    let (code, _, errors) = market.run(&["job", "submit", "--task", "classify", "--input", "x", "--private"]);
    assert_eq!(code, 1);
    assert!(errors.contains("no worker that cli trusts"), "{errors}");
    let (code, _, errors) = market.run(&["job", "show", "nobody"]);
    assert_eq!((code, errors.as_str()), (1, "docket: the coordinator answered 404: Job not found\n"));
}

/// The number of each dialect in what is shown of a worker, which the points below it add up to.
fn accounts(shown: &str) -> Vec<(&str, i64)> {
    let mut accounts: Vec<(&str, i64, i64)> = Vec::new();
    for line in shown.lines() {
        let mut words = line.split_whitespace();
        if let Some(head) = line.strip_suffix(" points of 10000") {
            let (_, number) = head.rsplit_once(": ").unwrap();
            accounts.push((words.next().unwrap(), number.parse().unwrap(), 0));
        } else if let (true, Some(account)) = (line.starts_with("    "), accounts.last_mut()) {
            account.2 += words.nth(1).unwrap().parse::<i64>().unwrap();
        }
    }
    accounts.iter().for_each(|(dialect, number, sum)| assert_eq!(number, sum, "{dialect}"));
    accounts.into_iter().map(|(dialect, number, _)| (dialect, number)).collect()
}

#[test]
fn an_operator_looks_at_jobs_workers_and_books() {
    let (_up, ready) = Docket::up();
    let market = Market::of(&ready);
    let (job, worker) = (market.job(), ready["worker"].as_str().unwrap());

    assert!(market.operator(&["job", "list"]).contains(&job));
    assert_eq!(market.operator_json(&["job", "list", "--limit", "1"])["data"][0]["id"], job.as_str());
    let journal = market.operator(&["job", "show", &job, "--journal"]);
    assert!(
        journal.contains("funded") && journal.contains("settled") && journal.contains(worker),
        "{journal}"
    );
    assert!(journal.contains("moved 0.001000 tUSDC from outside ledger:testnet to escrow "), "{journal}");
    assert!(journal.contains(&format!(" to worker {worker}  log 2")), "{journal}");
    assert!(journal.contains("moved 0.000050 tUSDC from escrow "), "{journal}");
    assert!(market.operator(&["job", "watch", &job]).starts_with("settled"));
    let (code, _, errors) = market.run(&["job", "cancel", &job, "--token", &market.token]);
    assert_eq!(code, 1);
    assert!(errors.contains("job.not_now"), "{errors}");

    assert!(market.operator(&["worker", "list"]).contains("connected"));
    let shown = market.operator(&["worker", "show", worker]);
    let by_part = market.operator(&["worker", "show", &worker[..12]]);
    assert_eq!(by_part.lines().next(), shown.lines().next());
    assert!(shown.contains("key proven") && shown.contains("1 done, 0 failed"), "{shown}");
    // One paid job beside four imagined: 600 for completion and proof, the rest in the middle.
    assert!(shown.contains("reputation 560 of 1000: completion 600, latency 500, proof 600"), "{shown}");
    assert!(
        shown.contains("  1.000 jobs seen beside 4.000 imagined: 20 % of what is weighed was seen\n"),
        "{shown}"
    );
    assert!(shown.contains(": 1 of the 10 paid jobs that end it\n"), "{shown}");
    assert_eq!(accounts(&shown), [("quotes", 5_600), ("credits", 5_600), ("registry", 5_600)], "{shown}");
    let why = market.operator(&["worker", "why", &job]);
    assert!(why.contains(&format!("given to {}", &worker[..12])), "{why}");

    assert!(market.operator(&["ledger", "balance", "treasury"]).contains("0.000050 tUSDC"));
    assert_eq!(market.operator_json(&["ledger", "statement", "treasury"])["data"][0]["job"], job.as_str());
    let credit = ["ledger", "credit", "client:credits:ann", "250", "--key", "k1"];
    assert!(market.operator(&credit).contains("has 0.000250 tUSDC more"));
    assert!(market.operator(&credit).contains("nothing has moved"));
    let stake = ["ledger", "stake", worker, "10000000", "--key", "s1"];
    assert!(market.operator(&stake).contains("10.000000 tUSDC at stake, which counts"));
    assert!(market.operator(&stake).contains("nothing has moved"));
    let some = market.operator(&["ledger", "stake", worker, "1", "--action", "withdraw"]);
    assert!(some.contains("9.999999 tUSDC at stake, which is too little to count"), "{some}");
    assert!(market.operator(&["worker", "list"]).contains("9.999999 tUSDC at stake"));
    assert!(market.operator(&["ledger", "check"]).contains("The books agree"));
    assert_eq!(market.operator_json(&["ledger", "check"])["agree"], true);
}

#[test]
fn a_receipt_is_fetched_and_verified_and_a_forged_one_is_not() {
    let (_up, ready) = Docket::up();
    let market = Market::of(&ready);
    let (job, worker) = (market.job(), ready["worker"].as_str().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("receipt.json");
    let file = file.to_str().unwrap();
    market.good(&["receipt", &job, "--output", file]);
    let verify = |args: &[&str]| {
        let (status, output, errors) = run([&["verify"], args].concat());
        (status.code().unwrap(), output + &errors)
    };

    let vkey = get(&market.url, "/log/vkey");

    let (code, words) = verify(&[file]);
    assert_eq!(code, 0, "{words}");
    assert!(words.contains("self-claimed") && words.contains("OK: nothing is false"), "{words}");
    let (code, words) = verify(&[file, "--log", &market.url, "--worker", worker, "--job", &job]);
    assert_eq!(code, 0, "{words}");
    assert!(words.contains("consistency") && words.contains("Pin a key that you know"), "{words}");

    let forged = std::fs::read_to_string(file).unwrap().replace("positive", "negative");
    std::fs::write(folder.path().join("forged.json"), forged).unwrap();
    let forged = folder.path().join("forged.json");
    let (code, words) = verify(&[forged.to_str().unwrap()]);
    assert_eq!(code, 1, "{words}");
    assert!(words.contains("FALSE") && words.contains("NOT OK"), "{words}");
    let (code, words) = verify(&[file, "--key", &vkey, "--worker", worker]);
    assert_eq!(code, 0, "{words}");
    assert!(words.ends_with(" 0 not proven.\n"), "{words}");
    assert!(words.contains(&format!("950 tUSDC units from escrow to worker {worker}")), "{words}");
    let richer = std::fs::read_to_string(file).unwrap().replace(r#""950""#, r#""9500""#);
    std::fs::write(folder.path().join("richer.json"), richer).unwrap();
    let (code, words) = verify(&[folder.path().join("richer.json").to_str().unwrap(), "--key", &vkey]);
    assert_eq!(code, 1, "{words}");
    assert!(words.contains("FALSE       transfers"), "{words}");
    let stranger = SigningKey::from_seed(&[9; 32]).public_key().to_hex();
    assert_eq!(verify(&[file, "--worker", &stranger]).0, 1, "another worker's key");
    assert_eq!(verify(&[file, "--worker", "xyz"]).0, 2, "a key that is none");
    let (code, json) = verify(&[file, "--json"]);
    let report: Value = serde_json::from_str(&json).unwrap();
    assert_eq!((code, &report["ok"]), (0, &Value::Bool(true)));

    std::fs::write(folder.path().join("none.json"), "{").unwrap();
    for unreadable in [folder.path().join("none.json"), folder.path().join("missing.json")] {
        assert_eq!(verify(&[unreadable.to_str().unwrap()]).0, 2, "{}", unreadable.display());
    }
}

/// The body that a plain request is answered with.
fn get(url: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(url.trim_start_matches("http://")).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nhost: docket\r\nconnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    body.trim().to_owned()
}

#[test]
fn the_books_of_a_store_at_rest_are_checked_and_an_altered_balance_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let (data, port) = (folder.path().join("data"), free_port());
    let coordinator = Docket::serve(port, &data);
    let token = || std::fs::read_to_string(data.join("admin.token")).unwrap_or_default().trim().to_owned();
    wait_until("the token is there", || !token().is_empty());
    let market = Market { url: format!("http://127.0.0.1:{port}"), token: token() };
    let _worker = Docket::worker(&market.url, "tasks", &folder.path().join("worker"));
    wait_until("the worker is there", || market.operator(&["worker", "list"]).contains("connected"));
    market.job();
    assert!(coordinator.terminate().success());

    let check = || {
        let (status, output, errors) = run(["ledger", "check", "--data", data.to_str().unwrap()]);
        (status.code().unwrap(), output + &errors)
    };
    let (code, words) = check();
    assert_eq!(code, 0, "{words}");
    assert!(words.contains("3 transfers, 3 accounts, 1 jobs (0 open)"), "{words}");

    // The row of a balance: the kinds of its four columns, and then the columns.
    let row = |units: &str| [b"\x1d\x17\x01\x11treasurytUSDC\x06", units.as_bytes()].concat();
    let altered = alter(&data.join("docket.db"), &row("50"), &row("51"));
    assert!(altered, "the platform's balance stands in the file");
    let (code, words) = check();
    assert_eq!(code, 1, "{words}");
    // The same bytes may stand in the journal too; wherever they were altered, it is found.
    assert!(words.contains("The books do NOT agree"), "{words}");

    let (status, _, errors) = run(["ledger", "check", "--data", folder.path().to_str().unwrap()]);
    assert_eq!(status.code(), Some(1));
    assert!(errors.contains("is not there"), "{errors}");
    let nowhere = format!("postgres://docket:secret@127.0.0.1:{}/docket", free_port());
    let (status, _, errors) = run(["ledger", "check", "--database", &nowhere]);
    assert_eq!(status.code(), Some(1));
    assert!(errors.contains("the books cannot be read") && !errors.contains("secret"), "{errors}");
}

/// Replaces bytes in a file wherever they stand; whether they stood anywhere.
fn alter(path: &Path, from: &[u8], to: &[u8]) -> bool {
    let mut bytes = std::fs::read(path).unwrap();
    let places: Vec<_> =
        (0..bytes.len().saturating_sub(from.len())).filter(|at| bytes[*at..].starts_with(from)).collect();
    for at in &places {
        bytes[*at..at + to.len()].copy_from_slice(to);
    }
    std::fs::write(path, bytes).unwrap();
    !places.is_empty()
}

#[test]
fn whoever_asks_nobody_is_told_what_to_do() {
    let url = format!("http://127.0.0.1:{}", free_port());
    let (status, _, errors) = run(["quote", "--url", &url]);
    assert_eq!(status.code(), Some(1));
    assert_eq!(
        errors,
        format!(
            "docket: nothing listens on {url}: start a coordinator with `docket up`, or name another with --url\n"
        )
    );
    let folder = tempfile::tempdir().unwrap();
    let (status, _, errors) = run(["job", "list", "--data", folder.path().to_str().unwrap()]);
    assert_eq!(status.code(), Some(1));
    assert!(errors.contains("needs the operator's token") && errors.contains("--token"), "{errors}");
}

#[test]
fn an_empty_list_says_so_and_prints_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (port, data) = (crate::process::free_port(), folder.path().join("data"));
    let url = format!("http://127.0.0.1:{port}");
    let _serve = Docket::serve(port, &data);
    let data = data.to_str().unwrap();
    for (list, words) in [
        (&["job", "list"][..], "there are no jobs yet"),
        (&["worker", "list"][..], "no worker has ever connected"),
        (&["keys", "list"][..], "there are no keys yet: make one with `docket keys new --account NAME`"),
        (
            &["keys", "list", "--account", "ann"][..],
            "this account has no key: make one with `docket keys new --account NAME`",
        ),
        (&["ledger", "balance"][..], "no account has ever had money"),
        (&["ledger", "statement", "treasury"][..], "nothing has ever moved on this account"),
    ] {
        let (status, output, errors) = run([list, &["--url", &url, "--data", data]].concat());
        assert_eq!((status.code(), output.as_str()), (Some(0), ""), "{list:?}");
        assert_eq!(errors, format!("docket: {words}\n"));
    }
}
