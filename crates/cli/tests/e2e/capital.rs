//! Capital that is entrusted, traded in the simulated enclave and settled, from the command line.

use crate::hire::{Place, terms};
use crate::process::wait_until;
use serde_json::json;

const CAPITAL: &str = "1000000000";

#[test]
fn capital_is_entrusted_traded_and_settled_by_its_last_attested_snapshot() {
    let folder = tempfile::tempdir().unwrap();
    let (place, _coordinator) =
        Place::new(folder.path(), &format!("{}simulated_enclave = true\n", terms(1, 1)));
    let [(client, asks), (provider, does), (evaluator, judges)] =
        ["client", "provider", "evaluator"].map(|role| place.actor(role));
    evaluator.good(&["agent", "strategy", &judges, "CEX_CAPITAL"]);
    let order = ["job", "create", "--client", &asks, "--budget", "10000000", "--strategy", "cex_capital"];
    let bounds = ["--stop-loss-bps", "1000", "--target-return-bps", "2000", "--capital", CAPITAL];
    let made = client.json(&[&order[..], &bounds, &["--deadline", "2h"]].concat());
    let job = made["data"]["jobId"].as_str().unwrap().to_owned();
    provider.good(&["job", "offer", &job, "--agent", &does]);
    client.good(&["job", "fund", &job]);
    client.good(&["job", "engage", &job, "--provider", &does]);
    evaluator.good(&["job", "evaluate", &job, "--evaluator", &judges]);

    let account = place.file("account.json", br#"{"key": "k", "secret": "s"}"#);
    let entrust = ["job", "entrust", &job, "--account", &account, "--until"];
    let late = client.wrong(&[&entrust[..], &["119m"]].concat());
    assert!(late.contains("time to deliver"), "{late}");
    let said = client.good(&[&entrust[..], &["4s"]].concat());
    assert!(said.contains("SIMULATED enclave"), "{said}");
    assert!(
        client
            .wrong(&["job", "trade", &job, "--buy", "BTCUSDT", "--quantity", "0.001"])
            .contains("did not sign")
    );
    let bought = provider.good(&["job", "trade", &job, "--buy", "BTCUSDT", "--quantity", "0.001"]);
    assert!(bought.ends_with(": filled, 1 trades\n"), "{bought}");
    let any = format!("0x{}", "5a".repeat(32));
    assert!(provider.wrong(&["job", "deliver", &job, "--hash", &any]).contains("(too_early)"));

    let state = || place.market.json(&["job", "worth", &job])["data"].clone();
    wait_until("the capital is closed", || state()["state"] == "closed");
    let hash = state()["deliverable_hash"].as_str().unwrap().to_owned();
    let shown = place.market.good(&["job", "show", &job]);
    assert!(shown.contains("BETWEEN, closed: deadline") && shown.contains(&hash), "{shown}");
    let listed = place.market.good(&["job", "snapshots", &job]);
    assert_eq!(listed.matches("  attested    ").count(), 2, "{listed}");
    assert!(listed.lines().next().is_some_and(|line| line.ends_with("closed, deadline")), "{listed}");
    assert!(provider.wrong(&["job", "deliver", &job, "--hash", &any]).contains("closed the capital"));
    provider.good(&["job", "deliver", &job, "--hash", &hash]);
    evaluator.good(&["job", "accept", &job]);
    wait_until("the money is paid out", || place.job(&job)["escrowBalance"] == "0");
    assert_eq!(place.job(&job)["passed"], json!(true));
    place.books_agree();

    // What nobody vouches for is kept as such, and settles nothing.
    let report = place.market.json(&["job", "worth", &job])["data"]["report"].clone();
    let file = place.file("report.json", report.to_string().as_bytes());
    let brought = client.good(&["job", "snapshot", &job, "--report", &file]);
    assert!(brought.contains("  unattested  closed, deadline, attestation.missing"), "{brought}");
}
