//! The operator's API.

use crate::market::{Market, Options, TOKEN};
use crate::worker::Manner;
use crate::{ANSWER, TASK};
use docket_core::time::Millis;
use hyper::StatusCode;
use serde_json::{Value, json};

const CHEAP: &str = "/v1/jobs/commit/cheap";

async fn commit(market: &Market) -> String {
    let committed = market.post(CHEAP, TASK).await;
    committed.json()["job_id"].as_str().expect("an id").to_owned()
}

async fn credit(market: &Market, account: &str, key: &str, body: &str) -> (StatusCode, Value) {
    let bearer = format!("Bearer {TOKEN}");
    let headers = [("authorization", bearer.as_str()), ("idempotency-key", key)];
    let path = format!("/admin/v1/accounts/{account}/credit");
    let answer = market.send("POST", &path, &headers, body.as_bytes()).await;
    (answer.status, answer.json())
}

#[tokio::test]
async fn without_the_token_nobody_learns_anything() {
    let market = Market::open().await;
    for path in ["/admin/v1/jobs", "/admin/v1/nothing", "/admin/v1/accounts/treasury/credit"] {
        for headers in [&[][..], &[("authorization", "Bearer wrong")], &[("authorization", "Basic dTpw")]] {
            let answer = market.send("GET", path, headers, b"").await;
            assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{path}");
            assert_eq!(answer.header("content-type"), "application/problem+json");
            assert_eq!(answer.header("www-authenticate"), "Bearer");
            let problem = answer.json();
            assert_eq!((&problem["status"], &problem["title"]), (&json!(401), &json!("Unauthorized")));
        }
    }
}

#[tokio::test]
async fn what_is_not_there_is_a_problem_with_a_code() {
    let market = Market::open().await;
    let nobody = "a1b2c3d4-e5f6-7890-abcd-ef1234567890";
    for (method, path, status, code) in [
        ("GET", "/nothing".to_owned(), 404, "request.no_such_path"),
        ("DELETE", "/jobs".to_owned(), 405, "request.method_not_allowed"),
        ("GET", format!("/jobs/{nobody}"), 404, "request.not_found"),
        ("POST", format!("/jobs/{nobody}/cancel"), 404, "request.not_found"),
        ("GET", format!("/workers/{}", "11".repeat(32)), 404, "request.not_found"),
        ("POST", format!("/workers/{}/suspend", "11".repeat(32)), 404, "request.not_found"),
        ("GET", "/workers/xyz".to_owned(), 400, "request.invalid"),
        ("GET", "/jobs/%FF".to_owned(), 400, "request.invalid"),
        ("GET", "/jobs?limit=0".to_owned(), 400, "request.invalid"),
        ("GET", "/jobs?limit=101".to_owned(), 400, "request.invalid"),
        ("GET", "/jobs?before=nonsense".to_owned(), 400, "request.invalid"),
        ("GET", "/accounts/escrow:7".to_owned(), 400, "request.invalid"),
        ("GET", "/accounts/nonsense".to_owned(), 400, "request.invalid"),
    ] {
        let answer = market.admin(method, &path).await;
        let problem = answer.json();
        assert_eq!((answer.status.as_u16(), &problem["code"]), (status, &json!(code)), "{method} {path}");
        assert_eq!(answer.header("content-type"), "application/problem+json", "{path}");
    }
}

#[tokio::test]
async fn jobs_are_listed_page_by_page_each_once() {
    let market = Market::open().await;
    let mut made = Vec::new();
    for _ in 0..7 {
        made.push(commit(&market).await);
    }
    let (mut seen, mut next) = (Vec::new(), None::<String>);
    loop {
        let before = next.map(|next| format!("&before={next}")).unwrap_or_default();
        let page = market.admin("GET", &format!("/jobs?limit=3{before}")).await.json();
        let rows = page["data"].as_array().expect("a list");
        seen.extend(rows.iter().map(|row| row["id"].as_str().expect("an id").to_owned()));
        next = page["next"].as_str().map(str::to_owned);
        if next.is_none() {
            break;
        }
    }
    made.reverse();
    assert_eq!(seen, made);
}

#[tokio::test]
async fn a_job_shows_what_happened_to_it_and_why() {
    let market = Market::open().await;
    let mut worker = market.worker(1, Manner::Proven).await;
    let job = commit(&market).await;
    worker.job().await;
    let running = market.admin("GET", &format!("/jobs/{job}")).await.json();
    assert_eq!((&running["state"], &running["worker"]), (&json!("running"), &json!(worker.pubkey())));
    assert_eq!(running["decision"]["chosen"]["worker"], json!(worker.pubkey()));
    assert_eq!(running["escrow"]["units"], "1000");
    worker.complete(&job, ANSWER).await;
    market.get(&format!("/v1/jobs/{job}?wait=30")).await;
    let settled = market.admin("GET", &format!("/jobs/{job}")).await.json();
    assert_eq!((&settled["state"], &settled["final"]), (&json!("settled"), &json!(true)));
    assert_eq!((&settled["charge"]["units"], &settled["escrow"]["units"]), (&json!("1000"), &json!("0")));
    let events: Vec<_> =
        settled["journal"].as_array().expect("a list").iter().map(|row| &row["event"]).collect();
    assert_eq!(events, ["funded", "settled"]);
    let escrow = settled["transfers"][0]["to"].as_str().expect("an account");
    assert!(escrow.starts_with("escrow:"), "{settled}");
    let moved = |at: &Value, event: &str, from: &str, to: &str, units: &str, place: u64| {
        let amount = json!({"units": units, "asset": "tUSDC", "decimals": 6});
        json!({"at": at, "event": event, "from": from, "to": to, "amount": amount, "log_index": place})
    };
    let (begun, ended) = (&settled["created_at"], &settled["ended_at"]);
    let expected = json!([
        moved(begun, "funded", "outside:ledger:testnet", escrow, "1000", 0),
        moved(ended, "settled", escrow, &format!("worker:{}", worker.pubkey()), "950", 1),
        moved(ended, "settled", escrow, "treasury", "50", 1),
    ]);
    assert_eq!(settled["transfers"], expected);
    assert_eq!(running["transfers"], json!([expected[0]]));
    assert_eq!(settled["decision"]["chosen"]["worker"], json!(worker.pubkey()));

    let nobody = market.post(CHEAP, &TASK.replace("PUBLIC", "PRIVATE")).await.json()["job_id"].clone();
    let failed = market.admin("GET", &format!("/jobs/{}", nobody.as_str().expect("an id"))).await.json();
    assert_eq!((&failed["state"], &failed["reason"]), (&json!("failed"), &json!("no_trusted_worker")));
    assert!(failed["failure"].as_str().expect("words").contains("private"), "{failed}");
    let to: Vec<_> = failed["transfers"].as_array().expect("a list").iter().map(|row| &row["to"]).collect();
    assert_eq!((to.len(), to[1]), (2, &json!("outside:ledger:testnet")), "it has its money back: {failed}");
}

#[tokio::test]
async fn the_operator_learns_why_nobody_takes_a_job() {
    let market = Market::open().await;
    let phone = json!({"capabilities": ["TASK"], "provider_type": "SEEKER"});
    let (phone, _) = market.register(1, Manner::Proven, phone).await;
    let body = r#"{"job_type":"LLM_INFER","user_id":"ann","payload":{"job_type":"LLM_INFER","prompt":"hi"}}"#;
    let job = market.post("/v1/jobs/commit/fast", body).await.json()["job_id"].clone();
    let why = market.admin("GET", &format!("/jobs/{}/why", job.as_str().expect("an id"))).await.json();
    assert_eq!((&why["connected"], &why["decision"]), (&json!(1), &Value::Null));
    assert_eq!(why["now"], json!([{"worker": phone.pubkey(), "score": null, "unfit": "lacks_skill"}]));
    assert_eq!(why["unfit"], json!([{"reason": "lacks_skill", "workers": 1}]));
}

#[tokio::test]
async fn a_cancelled_job_gives_its_money_back_and_its_worker_is_told() {
    let market = Market::open().await;
    let mut worker = market.worker(1, Manner::Proven).await;
    let job = commit(&market).await;
    worker.job().await;
    let cancelled = market.admin("POST", &format!("/jobs/{job}/cancel")).await;
    assert_eq!(cancelled.json()["state"], "cancelled");
    let frame = worker.next().await;
    assert_eq!((&frame["type"], &frame["job_id"]), (&json!("job_cancel"), &json!(job)));
    let again = market.admin("POST", &format!("/jobs/{job}/cancel")).await;
    assert_eq!((again.status, &again.json()["code"]), (StatusCode::CONFLICT, &json!("job.not_now")));
    let shown = market.get(&format!("/v1/jobs/{job}")).await.json();
    assert_eq!(
        (&shown["status"], &shown["result"]),
        (&json!("failed"), &json!({"error": "cancelled_by_operator"}))
    );
}

#[tokio::test]
async fn a_suspended_worker_gets_nothing_until_it_may_work_again() {
    let market = Market::open().await;
    let mut worker = market.worker(1, Manner::Proven).await;
    let path = format!("/workers/{}", worker.pubkey());
    let row = market.admin("POST", &format!("{path}/suspend")).await.json();
    assert_eq!((&row["suspended"], &row["live"]["draining"]), (&json!(true), &json!(true)));
    let job = commit(&market).await;
    assert_eq!(market.admin("GET", &format!("/jobs/{job}")).await.json()["state"], "funded");
    let (_, ack) = market.knock(1, Manner::Proven).await;
    assert_eq!(ack["error"], "worker.suspended");
    let row = market.admin("POST", &format!("{path}/resume")).await.json();
    assert_eq!((&row["suspended"], &row["live"]["draining"]), (&json!(false), &json!(false)));
    let next = commit(&market).await;
    let given = worker.job().await["job_id"].clone();
    assert!(given == job.as_str() || given == next.as_str(), "{given}");
}

#[tokio::test]
async fn workers_are_listed_whether_connected_or_not() {
    let market = Market::open().await;
    let here = market.worker(1, Manner::Proven).await;
    let gone = market.worker(2, Manner::Dispatch).await;
    let gone_key = gone.pubkey();
    drop(gone);
    for _ in 0..2_000 {
        if market.engine().workers_online() == 1 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    let page = market.admin("GET", "/workers").await.json();
    let row = |key: &str| {
        let rows = page["data"].as_array().expect("a list");
        rows.iter().find(|row| row["id"] == key).cloned().expect("a row")
    };
    assert_eq!(
        (&row(&here.pubkey())["proven"], &row(&here.pubkey())["live"]["connected"]),
        (&json!(true), &json!(true))
    );
    assert_eq!((&row(&gone_key)["proven"], &row(&gone_key)["live"]), (&json!(false), &Value::Null));
    let first = market.admin("GET", "/workers?limit=1").await.json();
    let after = first["next"].as_str().expect("another page");
    let second = market.admin("GET", &format!("/workers?limit=1&after={after}")).await.json();
    assert_ne!(first["data"][0]["id"], second["data"][0]["id"]);
}

#[tokio::test]
async fn nothing_is_credited_to_an_owner_of_agents_who_cannot_sign_for_it() {
    let market = Market::open().await;
    let body = r#"{"amount":"5000","asset":"tUSDC"}"#;
    for unspendable in ["0xAbCdEf0123456789aBcDeF0123456789abcdef01", "0xabc", "ann"] {
        let (status, problem) =
            credit(&market, &format!("client:agents:{unspendable}"), unspendable, body).await;
        assert_eq!(
            (status, &problem["code"]),
            (StatusCode::BAD_REQUEST, &json!("request.invalid")),
            "{unspendable}"
        );
    }
    let owner = "client:agents:0xabcdef0123456789abcdef0123456789abcdef01";
    assert_eq!(credit(&market, owner, "owner", body).await.0, StatusCode::CREATED);
}

#[tokio::test]
async fn an_account_is_credited_in_what_it_can_spend() {
    let market = Market::with(Options { testnet: false, ..Options::default() }).await;
    let node_client = "client:registry:0xabcdef0123456789abcdef0123456789abcdef01";
    for (account, asset, status) in [
        (node_client, "ETH", StatusCode::CREATED),
        (node_client, "USDC", StatusCode::BAD_REQUEST),
        (node_client, "tETH", StatusCode::BAD_REQUEST),
        ("client:quotes:ann", "ETH", StatusCode::BAD_REQUEST),
        ("client:agents:0xabcdef0123456789abcdef0123456789abcdef01", "ETH", StatusCode::BAD_REQUEST),
        ("treasury", "ETH", StatusCode::CREATED),
        ("treasury", "USDC", StatusCode::CREATED),
    ] {
        let body = format!(r#"{{"amount":"5000","asset":"{asset}"}}"#);
        let (booked, answer) =
            credit(&market, account, &format!("{account} {asset}").replace(' ', "/"), &body).await;
        assert_eq!(booked, status, "{account} {asset} {answer}");
    }
}

#[tokio::test]
async fn a_credit_is_booked_once_for_each_key() {
    let market = Market::with(Options { testnet: false, ..Options::default() }).await;
    let account = "client:quotes:user_abc123";
    let body = r#"{"amount":"5000","asset":"USDC"}"#;
    let (status, first) = credit(&market, account, "c1", body).await;
    assert_eq!((status, &first["repeated"]), (StatusCode::CREATED, &json!(false)));
    let (status, again) = credit(&market, account, "c1", body).await;
    assert_eq!((status, &again["repeated"]), (StatusCode::OK, &json!(true)));
    let (status, other) = credit(&market, account, "c1", r#"{"amount":"5001","asset":"USDC"}"#).await;
    assert_eq!(
        (status, &other["code"]),
        (StatusCode::UNPROCESSABLE_ENTITY, &json!("idempotency.key_reused"))
    );
    let shown = market.admin("GET", &format!("/accounts/{account}")).await.json();
    assert_eq!(shown["balances"], json!([{"units": "5000", "asset": "USDC", "decimals": 6}]));

    for (account, key, body) in [
        (account, "", body),
        (account, "c2", r#"{"amount":"0","asset":"USDC"}"#),
        (account, "c2", r#"{"amount":"-1","asset":"USDC"}"#),
        (account, "c2", r#"{"amount":"+1","asset":"USDC"}"#),
        (account, "c2", r#"{"amount":"1.5","asset":"USDC"}"#),
        (account, "c2", r#"{"amount":5000,"asset":"USDC"}"#),
        (account, "c2", r#"{"amount":"1e3","asset":"USDC"}"#),
        (account, "c2", r#"{"amount":"9999999999999999999999999999999999999999","asset":"USDC"}"#),
        (account, "c2", r#"{"amount":"5000","asset":"BTC"}"#),
        (account, "c2", r#"{"amount":"5000"}"#),
        (account, "c2", r#"{"amount":"5000","asset":"USDC","to":"bob"}"#),
        (account, "c2", "nonsense"),
        ("burned", "c2", body),
        ("outside:ledger:main", "c2", body),
        ("escrow:1", "c2", body),
    ] {
        let (status, problem) = credit(&market, account, key, body).await;
        assert_eq!(
            (status, &problem["code"]),
            (StatusCode::BAD_REQUEST, &json!("request.invalid")),
            "{account} {body}"
        );
    }
}

#[tokio::test]
async fn outside_of_a_test_network_a_name_alone_spends_nothing() {
    let market = Market::with(Options { testnet: false, ..Options::default() }).await;
    let account = "client:quotes:user_abc123";
    credit(&market, account, "c1", r#"{"amount":"1500","asset":"USDC"}"#).await;
    let refused = market.post(CHEAP, TASK).await;
    assert_eq!(
        (refused.status, refused.text()),
        (StatusCode::PAYMENT_REQUIRED, r#"{"error":"payment_required"}"#)
    );
    let shown = market.admin("GET", &format!("/accounts/{account}")).await.json();
    assert_eq!(shown["balances"][0]["units"], "1500");
}

#[tokio::test]
async fn a_statement_shows_each_movement_once_page_by_page() {
    let market = Market::with(Options { testnet: false, ..Options::default() }).await;
    let account = "client:quotes:ann";
    for key in ["c1", "c2", "c3"] {
        credit(&market, account, key, r#"{"amount":"5","asset":"USDC"}"#).await;
    }
    let path = format!("/accounts/{account}/statement");
    let whole = market.admin("GET", &path).await.json();
    let rows = whole["data"].as_array().expect("a list");
    assert_eq!((rows.len(), &rows[0]["to"], &rows[0]["amount"]["units"]), (3, &json!(account), &json!("5")));
    let first = market.admin("GET", &format!("{path}?limit=2")).await.json();
    let next = first["next"].as_str().expect("another page");
    let second = market.admin("GET", &format!("{path}?limit=2&before={next}")).await.json();
    assert_eq!([&first["data"][0], &first["data"][1], &second["data"][0]], [&rows[0], &rows[1], &rows[2]]);
    assert_eq!(second["next"], Value::Null);
}

#[tokio::test]
async fn the_books_agree_while_jobs_come_and_go() {
    let market = Market::open().await;
    let mut worker = market.worker(1, Manner::Dispatch).await;
    let work = async {
        for _ in 0..40 {
            commit(&market).await;
            let job = worker.job().await["job_id"].as_str().expect("an id").to_owned();
            worker.complete(&job, ANSWER).await;
        }
    };
    let look = async {
        for _ in 0..10 {
            let checked = market.admin("GET", "/ledger/check").await.json();
            assert_eq!(checked["agree"], true, "{checked}");
        }
    };
    tokio::join!(work, look);
    market.pass(Millis::seconds(60)).await;
    let checked = market.admin("GET", "/ledger/check").await.json();
    assert_eq!((&checked["agree"], &checked["jobs"]), (&json!(true), &json!(40)), "{checked}");
    let accounts = market.admin("GET", "/accounts").await.json();
    let names: Vec<_> =
        accounts["data"].as_array().expect("a list").iter().map(|row| &row["account"]).collect();
    assert_eq!(
        names,
        [&json!("outside:ledger:testnet"), &json!("treasury"), &json!(format!("worker:{}", worker.pubkey()))]
    );
}

#[tokio::test]
async fn a_draining_coordinator_takes_no_new_jobs_and_finishes_the_others() {
    let market = Market::open().await;
    let mut worker = market.worker(1, Manner::Dispatch).await;
    let job = commit(&market).await;
    worker.job().await;
    assert_eq!(market.admin("GET", "/status").await.json()["draining"], false);
    assert_eq!(market.admin("POST", "/drain").await.json()["draining"], true);
    let refused = market.post(CHEAP, TASK).await;
    assert_eq!(
        (refused.status, refused.text()),
        (StatusCode::SERVICE_UNAVAILABLE, r#"{"error":"draining"}"#)
    );
    assert_eq!(market.get("/readyz").await.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(market.get("/livez").await.status, StatusCode::OK);
    worker.complete(&job, ANSWER).await;
    assert_eq!(market.get(&format!("/v1/jobs/{job}?wait=30")).await.json()["status"], "completed");
}

#[tokio::test]
async fn the_log_is_shown_with_its_newest_entries() {
    let market = Market::open().await;
    for _ in 0..3 {
        commit(&market).await;
    }
    let log = market.admin("GET", "/log").await.json();
    assert_eq!(log["size"], 3);
    assert!(market.get("/log/vkey").await.text().starts_with(log["vkey"].as_str().expect("a key")));
    let page = market.admin("GET", "/log/entries?limit=2").await.json();
    assert_eq!((&page["data"][0]["index"], &page["data"][1]["index"]), (&json!(2), &json!(1)));
    assert_eq!(page["data"][0]["entry"]["event"], "funded");
    let next = page["next"].as_str().expect("another page");
    let rest = market.admin("GET", &format!("/log/entries?limit=2&before={next}")).await.json();
    assert_eq!((&rest["data"][0]["index"], &rest["next"]), (&json!(0), &Value::Null));
}

#[tokio::test]
async fn a_jobs_states_are_told_as_they_come() {
    let market = Market::open().await;
    let mut worker = market.worker(1, Manner::Dispatch).await;
    let job = commit(&market).await;
    worker.job().await;
    let path = format!("/jobs/{job}/events");
    let finish = async {
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        worker.complete(&job, ANSWER).await;
    };
    let (events, ()) = tokio::join!(market.admin("GET", &path), finish);
    assert_eq!(events.header("content-type"), "text/event-stream");
    let states: Vec<_> = events
        .text()
        .lines()
        .filter_map(|line| line.strip_prefix("data: "))
        .map(|data| serde_json::from_str::<Value>(data).expect("JSON")["state"].clone())
        .collect();
    assert_eq!(states, ["running", "settled"]);
    // A job that is over is told once.
    let events = market.admin("GET", &path).await;
    assert_eq!(events.text().matches("data: ").count(), 1);
}
