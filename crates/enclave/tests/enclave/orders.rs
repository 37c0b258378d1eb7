//! Orders: who may give them, how often, and what they do.

use crate::{
    CAPITAL, START, after, begin, calm, create, give, lively, lively_market, market_order, provider, request,
    wallet,
};
use docket_core::time::Millis;
use docket_enclave::{MAX_RESTING, Order, Refusal, Symbol, format_decimal};
use serde_json::{Value, json};

fn limit_order(nonce: u64, action: &str, price: &str, quantity: &str) -> Value {
    let mut order = market_order(nonce, action, "BTCUSDT", quantity);
    order["order_type"] = json!("limit");
    order["price"] = json!(price);
    order
}

#[test]
fn an_order_at_the_market_is_filled_at_the_simulated_price() {
    let mut enclave = calm();
    begin(&mut enclave).unwrap();
    let bought = give(&mut enclave, &market_order(1, "buy", "BTCUSDT", "0.01"), START).unwrap();
    let fill = json!({ "symbol": "BTCUSDT", "quantity": "0.01", "price": "60000", "fee": "0.6" });
    assert_eq!(
        serde_json::to_value(bought).unwrap(),
        json!({ "simulated": true, "job_id": "123", "nonce": 1, "status": "filled", "fills": [fill] })
    );
    let balance = enclave.status("123", START).unwrap().balance_report;
    assert_eq!((&balance["free"], &balance["fees"]), (&json!("399400000"), &json!("600000")));
    let position = json!({ "symbol": "BTCUSDT", "quantity": "0.01", "price": "60000", "value": "600000000" });
    assert_eq!(balance["positions"], json!([position]));
    let closed =
        give(&mut enclave, &json!({ "action": "close", "job_id": "123", "nonce": 2 }), START).unwrap();
    assert_eq!((closed.status, closed.fills.len()), ("filled", 1));
    let status = enclave.status("123", START).unwrap();
    assert_eq!(status.reported_value, (CAPITAL - 1_200_000).to_string());
}

#[test]
fn only_the_provider_gives_orders() {
    let mut enclave = calm();
    begin(&mut enclave).unwrap();
    let order = Order::parse(market_order(1, "buy", "BTCUSDT", "0.01").to_string().as_bytes()).unwrap();
    let foreign = wallet(6).sign(order.signed_text().as_bytes()).to_string();
    let other = provider().sign(b"another text").to_string();
    for signature in [foreign.as_str(), other.as_str(), "", "0x00"] {
        let refused = enclave.order("123", &order, signature, START).unwrap_err();
        assert_eq!((refused.status(), refused.code()), (401, "enclave.not_the_provider"));
    }
    let good = provider().sign(order.signed_text().as_bytes()).to_string();
    assert!(enclave.order("123", &order, &good, START).is_ok());
    assert_eq!(enclave.order("9", &order, &good, START), Err(Refusal::UnknownJob));
}

#[test]
fn an_order_for_another_job_is_refused() {
    let mut enclave = calm();
    begin(&mut enclave).unwrap();
    let mut order = market_order(1, "buy", "BTCUSDT", "0.01");
    order["job_id"] = json!("124");
    assert_eq!(give(&mut enclave, &order, START).unwrap_err().code(), "enclave.malformed");
}

#[test]
fn a_nonce_is_good_once_and_only_upwards() {
    let mut enclave = calm();
    begin(&mut enclave).unwrap();
    give(&mut enclave, &market_order(5, "buy", "BTCUSDT", "0.001"), START).unwrap();
    for nonce in [5, 4, 0] {
        let refused = give(&mut enclave, &market_order(nonce, "buy", "BTCUSDT", "0.001"), START);
        assert_eq!(refused, Err(Refusal::NonceUsed { last: 5 }));
    }
    give(&mut enclave, &market_order(9, "buy", "BTCUSDT", "0.001"), START).unwrap();
    // Refused for want of money, it is still used up: nobody can give it again when there is some.
    let refused = give(&mut enclave, &market_order(10, "buy", "BTCUSDT", "1"), START);
    assert_eq!(refused, Err(Refusal::Unaffordable));
    let again = give(&mut enclave, &market_order(10, "buy", "BTCUSDT", "0.001"), START);
    assert_eq!(again, Err(Refusal::NonceUsed { last: 10 }));
}

#[test]
fn orders_are_counted_by_the_day() {
    let mut enclave = calm();
    let mut request = request(&enclave);
    request["params"]["max_daily_trades"] = json!(2);
    create(&mut enclave, &request).unwrap();
    let mut nonce = 0;
    let mut trade = |hours| {
        nonce += 1;
        give(&mut enclave, &market_order(nonce, "buy", "BTCUSDT", "0.0001"), after(Millis::hours(hours)))
    };
    assert!(trade(0).is_ok() && trade(19).is_ok());
    assert_eq!(trade(19), Err(Refusal::TooManyTrades { most: 2 }));
    // It began at four o'clock, so the next day begins after twenty hours.
    assert!(trade(20).is_ok() && trade(20).is_ok() && trade(20).is_err());
}

#[test]
fn only_what_the_client_allows_is_traded() {
    let mut enclave = calm();
    let mut request = request(&enclave);
    request["params"]["allowed_symbols"] = json!(["ethusdt"]);
    create(&mut enclave, &request).unwrap();
    let refused = give(&mut enclave, &market_order(1, "buy", "BTCUSDT", "0.001"), START);
    assert_eq!(refused, Err(Refusal::SymbolNotAllowed));
    assert!(give(&mut enclave, &market_order(2, "buy", "ETHUSDT", "0.001"), START).is_ok());
}

#[test]
fn an_order_with_a_limit_is_filled_at_once_or_waits_for_its_price() {
    let mut enclave = calm();
    begin(&mut enclave).unwrap();
    let at_once = give(&mut enclave, &limit_order(1, "buy", "60001", "0.001"), START).unwrap();
    assert_eq!((at_once.status, &at_once.fills[0]["price"]), ("filled", &json!("60000")), "the better price");
    for (nonce, action) in [(2, "buy"), (3, "sell")] {
        let exact = give(&mut enclave, &limit_order(nonce, action, "60000", "0.001"), START).unwrap();
        assert_eq!(exact.status, "filled", "{action} at the price itself");
    }
    let waits = give(&mut enclave, &limit_order(4, "buy", "59999.99", "0.001"), START).unwrap();
    assert_eq!((waits.status, waits.fills.len()), ("resting", 0));
    let status = enclave.status("123", after(Millis::hours(1))).unwrap();
    assert_eq!(status.balance_report["resting_orders"], json!(1), "prices stand still here");
    give(
        &mut enclave,
        &json!({ "action": "close", "job_id": "123", "nonce": 5, "symbol": "BTCUSDT" }),
        START,
    )
    .unwrap();
    assert_eq!(enclave.status("123", START).unwrap().balance_report["resting_orders"], json!(0));
}

#[test]
fn an_order_that_waits_is_filled_at_the_first_look_at_its_price() {
    let mut enclave = lively();
    begin(&mut enclave).unwrap();
    let price = |look| lively_market().price(Symbol::Btc, after(Millis(30_000 * look)));
    let limit = price(0) - price(0) / 200;
    let text = format_decimal(limit, 6);
    let waits = give(&mut enclave, &limit_order(1, "buy", &text, "0.005"), START).unwrap();
    assert_eq!(waits.status, "resting");
    let first = (1..).find(|look| price(*look) <= limit).unwrap();
    let before = enclave.status("123", after(Millis(30_000 * first - 1))).unwrap().balance_report;
    assert_eq!((&before["resting_orders"], &before["positions"]), (&json!(1), &json!([])));
    let filled = enclave.status("123", after(Millis(30_000 * first))).unwrap().balance_report;
    assert_eq!(filled["resting_orders"], json!(0));
    let position = &filled["positions"][0];
    assert_eq!(
        (&position["quantity"], &position["price"]),
        (&json!("0.005"), &json!(format_decimal(price(first), 6)))
    );
}

#[test]
fn no_more_orders_wait_than_are_kept() {
    let mut enclave = calm();
    begin(&mut enclave).unwrap();
    let mut nonce = 0;
    let mut wait = || {
        nonce += 1;
        give(&mut enclave, &limit_order(nonce, "buy", "1", "0.001"), START)
    };
    for _ in 0..MAX_RESTING {
        wait().unwrap();
    }
    assert_eq!(wait(), Err(Refusal::TooManyResting { most: MAX_RESTING }));
}
