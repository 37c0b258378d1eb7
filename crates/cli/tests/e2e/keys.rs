//! API keys as the operator handles them, and the one that `docket up` brings.

use crate::commands::Market;
use crate::process::Docket;
use serde_json::Value;
use std::path::Path;

fn is_secret(text: &str) -> bool {
    let rest = text.strip_prefix("dcntrl_live_").unwrap_or_default();
    rest.len() == 32 && rest.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

#[test]
fn a_key_is_made_shown_once_listed_and_revoked() {
    let (_up, ready) = Docket::up();
    let market = Market::of(&ready);
    let new =
        ["keys", "new", "--account", "alice", "--label", "ci", "--limit-day", "12.5", "--limit-all", "400"];
    let (code, output, errors) = market.run(&[&new[..], &["--token", &market.token]].concat());
    assert_eq!(code, 0, "{errors}");
    let secret = output.trim_end();
    assert!(is_secret(secret), "the key alone on standard output: {output}");
    assert!(
        errors.contains("shown now and never again") && errors.contains("spends the credits of alice"),
        "{errors}"
    );
    assert!(
        errors.contains("at most 12.5 a day, at most 400 in all") && !errors.contains(secret),
        "{errors}"
    );
    let made = market.operator_json(&["keys", "new", "--account", "bob"]);
    assert!(is_secret(made["secret"].as_str().unwrap()) && made["limit_day"].is_null(), "{made}");

    let list = market.operator(&["keys", "list", "--account", "alice"]);
    let number = list.split_whitespace().next().unwrap().to_owned();
    let expected = format!("{number}  in use   alice             0 of 12.5 today, 0 of 400 in all  ci\n");
    assert_eq!(list, expected);
    let all = market.operator_json(&["keys", "list"]);
    let clients: Vec<_> =
        all["data"].as_array().unwrap().iter().map(|row| row["client"].as_str().unwrap()).collect();
    assert_eq!(clients.len(), 3, "alice's, bob's and that of `docket up`: {all}");
    assert!(!all.to_string().contains("dcntrl_live_"));
    let limited = market.operator(&["keys", "list", "--limit", "1"]);
    assert!(limited.contains("more: --after key_"), "{limited}");

    for _ in 0..2 {
        let words = market.operator(&["keys", "revoke", &number]);
        assert!(words.starts_with(&format!("{number} of alice is revoked since ")), "{words}");
    }
    assert!(market.operator(&["keys", "list", "--account", "alice"]).contains("  revoked  alice"));

    let wrong = |args: &[&str]| {
        let (code, output, errors) = market.run(&[args, &["--token", &market.token]].concat());
        assert_eq!(output, "", "{args:?}");
        assert_ne!(code, 0, "{args:?}");
        errors
    };
    assert!(wrong(&["keys", "revoke", secret]).contains(&format!("revoke it by its number, {number}")));
    assert!(wrong(&["keys", "revoke", "key_1"]).contains("`docket keys list` shows it"));
    assert!(wrong(&["keys", "revoke", "key_0123456789ab"]).contains("there is no such key"));
    assert!(wrong(&["keys", "new", "--account", "al ice"]).contains("client must be 1 to 64"));
    assert!(
        wrong(&["keys", "new", "--account", "ann", "--limit-day", "1e3"])
            .contains("credits are written like")
    );
}

#[test]
fn up_brings_a_key_with_credits_and_keeps_it() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let file = data.join("api.key");
    let args = ["--data", data.to_str().unwrap(), "--engine", "tasks"];
    let start = || {
        let (up, ready) = Docket::up_with(&args);
        let key = ready["api_key"].as_str().unwrap().to_owned();
        assert!(is_secret(&key));
        assert_eq!(std::fs::read_to_string(&file).unwrap(), format!("{key}\n"));
        assert_eq!(mode(&file), 0o600);
        let market = Market::of(&ready);
        let balance = market.operator(&["ledger", "balance", "client:credits:me"]);
        assert!(balance.contains(" 100.000000 tUSDC "), "10,000 credits, given once: {balance}");
        (up, market, key)
    };
    let (up, _, first) = start();
    assert!(up.terminate().success());
    let (up, market, again) = start();
    assert_eq!(first, again);
    let keys: Value = market.operator_json(&["keys", "list", "--account", "me"]);
    assert_eq!(keys["data"].as_array().unwrap().len(), 1, "{keys}");
    market.operator(&["keys", "revoke", keys["data"][0]["number"].as_str().unwrap()]);
    assert!(up.terminate().success());
    let (up, _, next) = start();
    assert_ne!(next, first, "a revoked key is of no use");
    assert!(up.terminate().success());
}

#[cfg(unix)]
fn mode(file: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(file).unwrap().permissions().mode() & 0o777
}
