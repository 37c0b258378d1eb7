//! Agents hire each other from the command line: every step by a key in a file, and what the books say afterwards.

use crate::agent::Owner;
use crate::commands::Market;
use crate::process::{Docket, docket, free_port, wait_until};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

const STAKE: u64 = 100_000_000;
const BUDGET: u64 = 10_000_000;
const POEM: &str = "The sea is wide,\nthe sea is grey.\n";

/// The spans of jobs, short enough to wait for.
pub(crate) fn terms(dispute_seconds: u32, vote_seconds: u32) -> String {
    format!(
        "[agents]\ngrace_seconds = 0\nevaluate_seconds = 30\ndispute_seconds = {dispute_seconds}\n\
         vote_seconds = {vote_seconds}\n"
    )
}

/// A coordinator with these settings in a folder, which comes back on the same port.
pub(crate) struct Place<'a> {
    folder: &'a Path,
    port: u16,
    pub(crate) market: Market,
}

impl<'a> Place<'a> {
    pub(crate) fn new(folder: &'a Path, terms: &str) -> (Self, Docket) {
        fs::write(folder.join("docket.toml"), terms).unwrap();
        let port = free_port();
        let start = Self::start(folder, port);
        let token = || fs::read_to_string(folder.join("data/admin.token")).unwrap_or_default();
        wait_until("the operator's token is there", || token().ends_with('\n'));
        let market = Market { url: format!("http://127.0.0.1:{port}"), token: token().trim().to_owned() };
        (Self { folder, port, market }, start)
    }

    fn start(folder: &Path, port: u16) -> Docket {
        let listen = format!("127.0.0.1:{port}");
        let mut serve = docket(["serve", "--testnet", "--listen", &listen, "--data", "data"]);
        serve.current_dir(folder).stdin(Stdio::null()).stderr(Stdio::null());
        Docket::listening(serve, &listen)
    }

    fn again(&self) -> Docket {
        Self::start(self.folder, self.port)
    }

    pub(crate) fn file(&self, name: &str, text: &[u8]) -> String {
        let path = self.folder.join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// A wallet with an agent in this role, which has stake and as much money again.
    pub(crate) fn actor(&self, role: &str) -> (Owner<'_>, String) {
        self.actor_called(role, role)
    }

    fn actor_called(&self, name: &str, role: &str) -> (Owner<'_>, String) {
        let owner = Owner::new(&self.market, self.folder.join(format!("{name}.key")));
        let made = owner.json(&["agent", "register", "--name", name, "--role", role]);
        let id = made["data"]["agentId"].as_str().unwrap().to_owned();
        self.market.operator(&["ledger", "credit", &owner.account, &(2 * STAKE).to_string()]);
        owner.good(&["agent", "deposit", &id, &STAKE.to_string()]);
        (owner, id)
    }

    pub(crate) fn job(&self, id: &str) -> Value {
        self.market.json(&["job", "show", id])["data"].clone()
    }

    fn has(&self, owner: &Owner<'_>, units: u64) {
        let balance = self.market.operator(&["ledger", "balance", &owner.account]);
        let coins = format!(" {}.{:06} tUSDC ", units / 1_000_000, units % 1_000_000);
        assert!(balance.contains(&coins), "{balance}, not {coins}");
    }

    pub(crate) fn books_agree(&self) {
        assert!(self.market.operator(&["ledger", "check"]).contains("The books agree"));
    }
}

/// Those who take part, and their agents' numbers.
struct Trio<'a> {
    client: (Owner<'a>, String),
    provider: (Owner<'a>, String),
    evaluator: (Owner<'a>, String),
    rubric: String,
}

impl<'a> Trio<'a> {
    fn new(place: &'a Place<'_>) -> Self {
        let evaluator = place.actor("evaluator");
        evaluator.0.good(&["agent", "strategy", &evaluator.1, "RUBRIC"]);
        let rubric = place.file("rubric.txt", b"It names the sea.");
        Self { client: place.actor("client"), provider: place.actor("provider"), evaluator, rubric }
    }

    fn create(&self, more: &[&str]) -> String {
        let (client, id) = &self.client;
        let (budget, rubric) = (BUDGET.to_string(), self.rubric.as_str());
        let order = ["job", "create", "--client", id, "--budget", &budget, "--strategy", "rubric"];
        let made = client.json(&[&order[..], &["--rubric", rubric, "--deadline", "2h"], more].concat());
        made["data"]["jobId"].as_str().unwrap().to_owned()
    }

    /// A job with everybody in his place.
    fn engaged(&self) -> String {
        let job = self.create(&["--title", "A poem", "--evaluator", &self.evaluator.1]);
        self.client.0.good(&["job", "describe", &job, "--description", "Two lines."]);
        self.provider.0.good(&["job", "offer", &job, "--agent", &self.provider.1]);
        self.client.0.good(&["job", "fund", &job, "--amount", &BUDGET.to_string()]);
        self.client.0.good(&["job", "engage", &job, "--provider", &self.provider.1]);
        self.evaluator.0.good(&["job", "evaluate", &job, "--evaluator", &self.evaluator.1]);
        job
    }
}

#[test]
fn a_job_is_done_and_paid_though_its_coordinator_dies_on_the_way() {
    let folder = tempfile::tempdir().unwrap();
    let (place, coordinator) = Place::new(folder.path(), &terms(2, 1));
    let trio = Trio::new(&place);
    let (client, provider, evaluator) = (&trio.client.0, &trio.provider.0, &trio.evaluator.0);
    let job = trio.engaged();
    let late = client.wrong(&["job", "describe", &job, "--description", "Ten lines."]);
    assert!(late.contains("(has_provider)"), "who has agreed knows to what: {late}");
    let shown = place.market.good(&["job", "show", &job]);
    assert!(shown.starts_with(&format!("{job}  FUNDED  A poem\n")), "{shown}");
    assert!(shown.contains("  Two lines.\n") && shown.contains(" provider, 1428572 locked\n"), "{shown}");
    let offers = place.market.good(&["job", "offers", &job]);
    assert!(offers.contains(&provider.address) && offers.contains("  ACCEPTED  "), "{offers}");

    coordinator.kill_9();
    let poem = place.file("poem.txt", POEM.as_bytes());
    assert!(provider.wrong(&["job", "deliver", &job, "--file", &poem]).contains("nothing listens on"));
    let _coordinator = place.again();
    let delivered = provider.json(&["job", "deliver", &job, "--file", &poem])["data"].clone();
    assert_eq!(delivered["status"], "SUBMITTED");
    assert_eq!(evaluator.good(&["job", "fetch", &job]), POEM);
    let copy = folder.path().join("copy.txt");
    let fetched = client.json(&["job", "fetch", &job, "--output", copy.to_str().unwrap()]);
    assert_eq!(fetched, json!({"deliverableHash": delivered["deliverableHash"], "bytes": POEM.len()}));
    assert_eq!(fs::read_to_string(copy).unwrap(), POEM);

    assert!(provider.wrong(&["job", "accept", &job]).contains("(not_the_owner)"));
    let accepted = evaluator.good(&["job", "accept", &job, "--level", "L1"]);
    assert!(accepted.contains("  accepted at L1\n"), "{accepted}");
    assert!(
        accepted.contains("  9500000 to the provider, 300000 to the evaluator, 200000 to the platform\n")
    );
    place.has(provider, STAKE);
    wait_until("the money is paid out", || place.job(&job)["escrowBalance"] == "0");
    // The treasury was empty, so that it pays no bonus for early work.
    place.has(client, STAKE - BUDGET);
    place.has(provider, STAKE + 9_500_000);
    place.has(evaluator, STAKE + 300_000);
    place.books_agree();

    let locks = place.market.good(&["agent", "locks", &trio.provider.1, "--active", "false"]);
    assert!(locks.contains("  PROVIDER         1428572  "), "{locks}");
    let known = place.market.good(&["agent", "reputation", &trio.provider.1]);
    assert!(known.contains("  1 jobs, 1 completed\n"), "{known}");
    let history = "  1.000 paid and 0.000 lost that have not faded, as a provider: 5600 of 10000\n";
    assert!(known.contains(history), "{known}");
    let listed = place.market.good(&["agent", "jobs", &trio.evaluator.1]);
    assert!(listed.starts_with(&format!("{job:>6}  COMPLETED  RUBRIC ")), "{listed}");
}

#[test]
fn the_example_in_rust_does_a_whole_job() {
    let folder = tempfile::tempdir().unwrap();
    let (place, _coordinator) = Place::new(folder.path(), &terms(1, 1));
    let example = Path::new(env!("CARGO_BIN_EXE_docket")).with_file_name("examples").join("agents");
    let output = Command::new(&example)
        .env("DOCKET_URL", &place.market.url)
        .env("DOCKET_ADMIN_TOKEN", &place.market.token)
        .output()
        .unwrap_or_else(|error| panic!("{}, which is built with all tests: {error}", example.display()));
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("The provider has 1428572 minor units locked.\n"), "{said}");
    assert!(
        said.ends_with("Paid: 9500000 to the provider, 300000 to the evaluator, 200000 to the platform.\n")
    );
    place.books_agree();
}

#[test]
fn a_verdict_that_nobody_can_arbitrate_stands() {
    let folder = tempfile::tempdir().unwrap();
    let (place, _coordinator) = Place::new(folder.path(), &terms(30, 1));
    let trio = Trio::new(&place);
    let (client, provider, evaluator) = (&trio.client.0, &trio.provider.0, &trio.evaluator.0);
    let job = trio.engaged();
    let hash = format!("0x{}", "5a".repeat(32));
    assert!(provider.good(&["job", "deliver", &job, "--hash", &hash]).contains(&hash));
    assert!(client.wrong(&["job", "fetch", &job]).starts_with("docket: the coordinator answered 4"));
    let refused = evaluator.good(&["job", "reject", &job, "--borderline"]);
    assert!(
        refused.contains("  REJECTED  ") && refused.contains("  refused at L0, called close\n"),
        "{refused}"
    );
    assert!(evaluator.wrong(&["job", "contest", &job]).contains("(not_the_owner)"));
    assert!(evaluator.wrong(&["job", "vote", &job, "uphold"]).contains("(dispute_not_found)"));

    // Half of the least deposit, since the verdict was called close.
    let disputed = provider.good(&["job", "contest", &job]);
    let opened = format!("  dispute OPEN, opened by PROVIDER {} with 2500000, ", trio.provider.1);
    assert!(
        disputed.contains(&opened) && disputed.contains("a seat for which nobody was found"),
        "{disputed}"
    );
    place.has(provider, STAKE - 2_500_000);
    assert!(evaluator.wrong(&["job", "vote", &job, "uphold"]).contains("(not_seated)"));
    assert!(place.market.good(&["job", "disputes", "--job", &job]).contains("  OPEN    -  "));
    wait_until("the dispute is over", || place.job(&job)["status"] == "ARBITRATED");
    let over = place.market.good(&["job", "show", &job]);
    assert!(over.contains("    NO_QUORUM, "), "{over}");
    let settled =
        place.market.json(&["job", "disputes", "--status", "settled", "--initiator", &trio.provider.1]);
    assert_eq!(settled["data"][0]["outcome"], "NO_QUORUM");
    place.has(client, STAKE);
    place.has(provider, STAKE);
    place.books_agree();
}

#[tokio::test]
async fn arbitrators_vote_without_a_file_to_keep_and_overturn_a_verdict() {
    let folder = tempfile::tempdir().unwrap();
    rustls::crypto::ring::default_provider().install_default().ok();
    let (place, coordinator) = Place::new(folder.path(), &terms(60, 60));
    let trio = Trio::new(&place);
    let mut jurors = Vec::new();
    for name in ["first", "second", "third"] {
        let juror = place.actor_called(name, "arbitrator");
        let url = format!("{}/admin/v1/agents/{}/appoint", place.market.url, juror.1);
        let vouch = reqwest::Client::new().post(url).bearer_auth(&place.market.token);
        assert!(vouch.send().await.unwrap().status().is_success());
        jurors.push(juror.0);
    }
    let job = trio.engaged();
    let poem = place.file("poem.txt", POEM.as_bytes());
    trio.provider.0.good(&["job", "deliver", &job, "--file", &poem]);
    trio.evaluator.0.good(&["job", "reject", &job, "--reason", "garbage"]);
    trio.provider.0.good(&["job", "contest", &job]);

    let votes = ["overturn", "uphold", "overturn"];
    for (juror, vote) in jurors.iter().zip(votes) {
        assert!(juror.wrong(&["job", "reveal", &job, vote]).contains("(too_early)"));
        assert!(juror.good(&["job", "vote", &job, vote]).contains(" is bound to a vote\n"));
    }
    coordinator.kill_9();
    let _coordinator = place.again();
    assert!(jurors[0].wrong(&["job", "reveal", &job, "uphold"]).contains("not the vote"), "it is bound");
    for (juror, vote) in jurors.iter().zip(votes) {
        let shown = juror.good(&["job", "reveal", &job, vote]);
        assert!(shown.contains(&format!(" {vote}s the verdict\n")), "{shown}");
    }
    wait_until("the verdict is overturned", || place.job(&job)["status"] == "ARBITRATED");
    let over = place.market.good(&["job", "show", &job]);
    assert!(over.contains("    OVERTURNED, ") && over.contains("  accepted at L0\n"), "{over}");
    // 60 % of the evaluator's lock are lost, of which 70 % are the provider's; and it has its deposit back.
    place.has(&trio.provider.0, STAKE + 9_800_000 + 857_143 * 7 / 10);
    // The other 30 % do not hold a tenth of the deposit for each who was right, so that these two share them.
    place.has(&jurors[0], STAKE + 257_143 / 2);
    place.has(&jurors[1], STAKE);
    place.books_agree();
}

#[test]
fn what_does_not_come_to_work_gives_the_money_back() {
    let folder = tempfile::tempdir().unwrap();
    let (place, _coordinator) = Place::new(folder.path(), &terms(2, 1));
    let trio = Trio::new(&place);
    let client = &trio.client.0;
    assert!(place.market.run(&["job", "find"]).2.contains("`docket job create` makes one"));

    // Withdrawn by its client's key, and not by another's.
    let job = trio.create(&["--title", "Never mind"]);
    client.good(&["job", "fund", &job]);
    place.has(client, STAKE - BUDGET);
    assert!(trio.provider.0.wrong(&["job", "cancel", &job]).contains("(not_the_owner)"));
    assert!(client.good(&["job", "cancel", &job]).starts_with(&format!("{job}  REJECTED  Never mind\n")));
    place.has(client, STAKE);
    // Without a key it is the operator who withdraws.
    let job = trio.create(&[]);
    client.good(&["job", "fund", &job]);
    let withdrawn = place.market.operator(&["job", "cancel", &job]);
    assert!(withdrawn.contains("cancelled: 10.000000 tUSDC back with agents:0x"), "{withdrawn}");
    place.has(client, STAKE);

    // An offer is taken back; the word that made the job makes no second.
    let (id, budget) = (&trio.client.1, BUDGET.to_string());
    let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_millis().to_string();
    let order = ["job", "create", "--client", id, "--budget", &budget, "--strategy", "RUBRIC", "--rubric"];
    let made = || client.json(&[&order[..], &[&trio.rubric, "--deadline", "2s", "--at", &now]].concat());
    let second = made();
    assert_eq!(made(), second);
    let job = second["data"]["jobId"].as_str().unwrap().to_owned();
    let (provider, agent) = (&trio.provider.0, trio.provider.1.as_str());
    assert!(provider.good(&["job", "offer", &job, "--agent", agent]).contains(" is PENDING\n"));
    let offered = place.market.json(&["agent", "list", "--offered", &job]);
    assert_eq!(offered["data"][0]["agentId"], agent);
    assert!(provider.good(&["job", "withdraw-offer", &job, "--agent", agent]).contains(" is WITHDRAWN\n"));

    // Nobody takes it until its deadline.
    client.good(&["job", "fund", &job]);
    wait_until("its time is over", || {
        client.run(&["job", "refund", &job]);
        place.job(&job)["status"] == "EXPIRED"
    });
    place.has(client, STAKE);
    let found = |args: &[&str]| place.market.good(&[&["job", "find"], args].concat()).lines().count();
    assert_eq!(found(&["--status", "expired", "--client", id, "--strategy", "rubric"]), 1);
    assert_eq!(found(&["--owner", &client.address]), 3);
    assert_eq!(found(&["--provider", agent]), 0);
    assert!(place.market.good(&["job", "find", "--limit", "1"]).ends_with("more: --page 2\n"));
    assert!(place.market.run(&["job", "show", "77"]).2.contains("(job_not_found)"));
    place.books_agree();
}
