//! Agents from the command line: a wallet's key, what it signs for, and what the books say afterwards.

use crate::commands::Market;
use crate::process::{Docket, docket, free_port, run, wait_until};
use serde_json::{Value, json};
use std::fs::{self, Permissions};
use std::io::Read;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// A wallet whose key lies in a file.
pub(crate) struct Owner<'a> {
    market: &'a Market,
    file: PathBuf,
    pub(crate) address: String,
    pub(crate) account: String,
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

fn by_key(args: &[&str], file: &Path) -> (i32, String, String) {
    let (status, output, errors) = run([args, &["--key-file", file.to_str().unwrap()]].concat());
    (status.code().unwrap(), output, errors)
}

impl<'a> Owner<'a> {
    pub(crate) fn new(market: &'a Market, file: PathBuf) -> Self {
        let (status, output, errors) =
            run(["agent", "key", "new", "--json", "--out", file.to_str().unwrap()]);
        assert!(status.success(), "{errors}");
        let owner: Value = serde_json::from_str(&output).unwrap();
        Self { market, file, address: text(&owner["address"]), account: text(&owner["account"]) }
    }

    pub(crate) fn run(&self, args: &[&str]) -> (i32, String, String) {
        by_key(&[args, &["--url", &self.market.url]].concat(), &self.file)
    }

    pub(crate) fn good(&self, args: &[&str]) -> String {
        let (code, output, errors) = self.run(args);
        assert_eq!(code, 0, "{args:?}: {errors}");
        output
    }

    pub(crate) fn json(&self, args: &[&str]) -> Value {
        serde_json::from_str(&self.good(&[args, &["--json"]].concat())).unwrap()
    }

    pub(crate) fn wrong(&self, args: &[&str]) -> String {
        let (code, output, errors) = self.run(args);
        assert_eq!((code, output.as_str()), (1, ""), "{args:?}");
        errors
    }
}

#[test]
fn whoever_stops_reading_ends_the_program_quietly() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("owner.key");
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut show = docket(["agent", "key", "new", "--out", file.to_str().unwrap()]);
    let ended = show.stdin(std::process::Stdio::null()).stdout(writer).output().unwrap();
    assert_eq!(ended.status.code(), Some(141));
    let said = String::from_utf8(ended.stderr).unwrap();
    assert!(!said.contains("panicked"), "{said}");
}

/// A coordinator alone, and how to ask it.
fn serve(folder: &Path) -> (Docket, Market) {
    let (port, data) = (free_port(), folder.join("data"));
    let coordinator = Docket::serve(port, &data);
    // It listens before it has made its token.
    let token = || fs::read_to_string(data.join("admin.token")).unwrap_or_default();
    wait_until("the operator's token is there", || token().ends_with('\n'));
    (coordinator, Market { url: format!("http://127.0.0.1:{port}"), token: token().trim().to_owned() })
}

#[test]
fn an_owner_registers_stakes_and_changes_his_agent() {
    let folder = tempfile::tempdir().unwrap();
    let (_coordinator, market) = serve(folder.path());
    let ann = Owner::new(&market, folder.path().join("ann.key"));
    let ben = Owner::new(&market, folder.path().join("ben.key"));

    let smith =
        ["--name", "Word Smith", "--description", "Writes.", "--role", "provider", "--role", "CLIENT"];
    let made = ann.json(&[&["agent", "register"], &smith[..], &["--tag", "writing"]].concat());
    assert_eq!(
        (&made["data"]["agentId"], &made["data"]["ownerAddress"], &made["data"]["roles"]),
        (&json!("1"), &json!(ann.address), &json!(["PROVIDER", "CLIENT"]))
    );
    assert!(
        ben.wrong(&["agent", "register", "--name", "word smith"])
            .starts_with("docket: the coordinator answered 409: Another agent has")
    );

    assert!(
        ann.wrong(&["agent", "deposit", "1", "5"]).contains("(insufficient_funds)"),
        "its account is empty"
    );
    market.operator(&["ledger", "credit", &ann.account, "150"]);
    let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_millis().to_string();
    for _ in 0..2 {
        let words = ann.good(&["agent", "deposit", "1", "100", "--at", &now]);
        assert_eq!(words, "agent 1 has 100 minor units of free stake\n", "once for what is signed once");
    }
    assert!(ann.wrong(&["agent", "deposit", "1", "51"]).contains("(insufficient_funds)"));
    assert!(ann.wrong(&["agent", "deposit", "1", "1", "--at", "1000"]).contains("(stale_signature)"));
    assert!(ben.wrong(&["agent", "withdraw", "1", "1"]).contains("(not_the_owner)"));
    let shown = market.good(&["agent", "show", "1"]);
    let since = text(&made["data"]["createdAt"]);
    let expected = format!(
        "1  Word Smith\n  of {}, since {since}\n  100 minor units of free stake\n  PROVIDER, CLIENT\n  \
           found by writing\n  Writes.\n",
        ann.address
    );
    assert_eq!(shown, expected);
    assert_eq!(ann.json(&["agent", "withdraw", "1", "40"])["data"]["available"], "60");
    let balance = market.operator(&["ledger", "balance", &ann.account]);
    assert!(balance.contains(" 0.000090 tUSDC "), "{balance}");

    assert!(ann.wrong(&["agent", "update", "1"]).contains("names nothing to change"));
    assert!(ben.wrong(&["agent", "update", "1", "--name", "Mine"]).contains("(not_the_owner)"));
    assert!(ann.wrong(&["agent", "update", "7", "--name", "Seven"]).contains("(agent_not_found)"));
    let changed =
        ann.good(&["agent", "update", "1", "--name", "Smith", "--avatar", "https://a.example/a.png"]);
    assert!(changed.starts_with("1  Smith\n") && changed.contains("picture https://a.example/"), "{changed}");
    assert!(changed.contains("found by writing"), "what is not named stays: {changed}");

    for _ in 0..2 {
        let judge = ann.good(&["agent", "strategy", "1", "rubric"]);
        assert!(judge.contains("  judges by RUBRIC, since "), "{judge}");
    }
    assert!(
        ann.wrong(&["agent", "strategy", "1", "PROGRAM"]).contains("(strategy_fixed)"),
        "once and for ever"
    );
    assert!(market.operator(&["ledger", "check"]).contains("The books agree"));
}

#[test]
fn agents_are_found_by_filters_and_pages() {
    let folder = tempfile::tempdir().unwrap();
    let (_coordinator, market) = serve(folder.path());
    let (_, _, errors) = market.run(&["agent", "list"]);
    assert!(errors.contains("there is no such agent"), "{errors}");
    let ann = Owner::new(&market, folder.path().join("ann.key"));
    let ben = Owner::new(&market, folder.path().join("ben.key"));
    ann.good(&["agent", "register", "--name", "Bear", "--role", "client"]);
    ben.good(&["agent", "register", "--name", "Ant_Co", "--role", "provider"]);
    ann.good(&["agent", "register"]);
    let names = |args: &[&str]| -> Vec<Value> {
        let page = market.json(&[&["agent", "list"], args].concat());
        page["data"].as_array().unwrap().iter().map(|row| row["name"].clone()).collect()
    };
    assert_eq!(names(&["--owner", &ann.address.to_ascii_lowercase()]).len(), 2);
    assert_eq!(names(&["--role", "Provider"]), ["Ant_Co"]);
    assert_eq!(names(&["--q", "be"]), ["Bear"]);
    ben.good(&["agent", "strategy", "2", "PROGRAM"]);
    assert_eq!(names(&["--judges", "true"]), ["Ant_Co"]);
    assert_eq!(names(&["--judges", "false", "--q", "b"]), ["Bear"]);
    ann.good(&["agent", "register", "--name", "Cat", "--role", "arbitrator"]);
    assert_eq!(names(&["--arbitrates", "true"]), ["Cat"]);
    assert_eq!(names(&["--arbitrates", "false", "--q", "b"]), ["Bear"]);
    assert_eq!(names(&["--least-score", "70", "--q", "b"]), ["Bear"]);
    assert_eq!(names(&["--least-score", "71"]), [] as [Value; 0], "all of them are new");
    assert_eq!(names(&["--offered", "1"]), [] as [Value; 0], "there is no such job");
    assert_eq!(names(&["--q", "a&role=CLIENT"]), [] as [Value; 0], "a text stays one value");
    let first = market.good(&["agent", "list", "--q", "ANT"]);
    assert_eq!(first, format!("{:>6}  {}  {:>12}  {:<17}  Ant_Co\n", "2", ben.address, 0, "PROVIDER"));
    let page = market.good(&["agent", "list", "--limit", "1"]);
    assert!(page.ends_with("more: --page 2\n"), "{page}");
    assert_eq!(names(&["--limit", "1", "--page", "5"]), [] as [Value; 0]);
    assert!(market.good(&["agent", "tags"]).contains("translation\n"));
}

#[test]
fn a_key_is_its_owners_alone_and_never_written_over() {
    let folder = tempfile::tempdir().unwrap();
    let within = |args: &[&str], digits: Option<&str>| {
        let mut command = docket([&["agent", "key"], args].concat());
        command.current_dir(folder.path()).env_remove("DOCKET_AGENT_KEY");
        command.envs(digits.map(|digits| ("DOCKET_AGENT_KEY", digits)));
        let output = command.output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
    };
    assert!(within(&["show"], None).2.contains("make one with `docket agent key new`"));
    let (code, made, errors) = within(&["new"], None);
    assert_eq!(code, 0, "{errors}");
    let file = folder.path().join("docket-agent.key");
    let secret = fs::read_to_string(&file).unwrap();
    let digits = secret.trim_end();
    assert!(secret.ends_with('\n') && digits.len() == 64 && digits.bytes().all(|b| b.is_ascii_hexdigit()));
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(!made.contains(digits) && !errors.contains(digits), "a secret is never shown");
    assert_eq!(within(&["show"], None).1, made);
    assert_eq!(within(&["new"], None).0, 1);
    assert_eq!(fs::read_to_string(&file).unwrap(), secret, "it is not written over");

    // The address of a known key, as all wallets have it.
    let (_, known, _) = within(&["show"], Some(&format!("0x{}1", "0".repeat(63))));
    let address = "0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf";
    let lower = address.to_ascii_lowercase();
    assert_eq!(known, format!("address  {address}\naccount  client:agents:{lower}\n"));
    let (code, _, errors) = within(&["show"], Some("0badc0de"));
    assert!(
        code == 1 && errors.contains("64 hexadecimal digits") && !errors.contains("0badc0de"),
        "{errors}"
    );
    let (_, named, _) = within(&["show", "--key-file", "docket-agent.key"], Some("0badc0de"));
    assert_eq!(named, made, "a file that is named comes first");

    fs::set_permissions(&file, Permissions::from_mode(0o640)).unwrap();
    let (code, _, errors) = within(&["show"], None);
    assert!(code == 1 && errors.contains("open to others (mode 640)"), "{errors}");
}

#[test]
fn who_hears_no_answer_learns_how_to_repeat_his_word() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ann.key");
    assert!(run(["agent", "key", "new", "--out", file.to_str().unwrap()]).0.success());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let silent = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        assert!(stream.read(&mut [0; 4096]).unwrap() > 0, "a request has come");
    });
    let (code, _, errors) =
        by_key(&["agent", "deposit", "1", "5", "--at", "1750000000000", "--url", &url], &file);
    silent.join().unwrap();
    assert_eq!(code, 1);
    assert!(errors.contains("it may have been done; with --at 1750000000000 a repeat"), "{errors}");
}
