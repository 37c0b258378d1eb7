//! What holds for every run of orders.

use crate::{CAPITAL, START, after, begin, believing, calm, give, lively};
use docket_attestation::{Report, Verifier};
use docket_core::time::Millis;
use docket_enclave::{Enclave, Refusal};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use serde_json::{Value, json};

/// One order, and how long after the one before it is given.
fn order() -> impl Strategy<Value = (Value, i64)> {
    let action = prop::sample::select(vec!["buy", "sell", "close"]);
    let kind = prop::sample::select(vec!["market", "limit"]);
    let symbol = prop::sample::select(vec!["BTCUSDT", "ETHUSDT", "BNBUSDT", "SOLUSDT"]);
    let quantity = prop_oneof![1..1_000_u64, 1..2_000_000_000_u64];
    (action, kind, symbol, quantity, 1..200_000_u64, 0..7_200_000_i64).prop_map(
        |(action, kind, symbol, quantity, price, gap)| {
            let quantity = docket_enclave::format_decimal(quantity.into(), 8);
            let order = match (action, kind) {
                ("close", _) => json!({ "action": action, "symbol": symbol }),
                (_, "limit") => json!({
                    "action": action, "order_type": kind, "symbol": symbol, "quantity": quantity, "price": price,
                }),
                _ => json!({ "action": action, "order_type": kind, "symbol": symbol, "quantity": quantity }),
            };
            (order, gap)
        },
    )
}

/// Gives all orders in turn and hands every report after one to `look`.
fn play(
    mut enclave: Enclave,
    orders: Vec<(Value, i64)>,
    mut look: impl FnMut(&Report) -> Result<(), TestCaseError>,
) -> Result<(), TestCaseError> {
    let verifier = believing(&enclave);
    begin(&mut enclave).unwrap();
    let mut now = START;
    for ((mut order, gap), nonce) in orders.into_iter().zip(1_u64..) {
        now = now + Millis(gap);
        order["job_id"] = json!("123");
        order["nonce"] = json!(nonce);
        let refused = give(&mut enclave, &order, now).err();
        let expected = |refused: &Refusal| {
            matches!(refused, Refusal::Unaffordable | Refusal::Closed | Refusal::TooManyResting { .. })
        };
        prop_assert!(refused.as_ref().is_none_or(expected), "{:?} {}", refused, order);
        let (report, attestation) = enclave.snapshot("123", now).unwrap();
        prop_assert!(verifier.verify(&report, &attestation, now).is_ok());
        look(&report)?;
    }
    let (report, _) = enclave.snapshot("123", after(Millis::hours(400))).unwrap();
    prop_assert_eq!(report.state().name(), "closed");
    look(&report)
}

fn number(report: &Report, field: &str) -> u128 {
    report.balance().as_value()[field].as_str().unwrap().parse().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, rng_seed: RngSeed::Fixed(1), cases: 16, ..ProptestConfig::default() })]

    #[test]
    fn at_standing_prices_no_orders_create_value(orders in prop::collection::vec(order(), 1..30)) {
        let mut before = CAPITAL;
        play(calm(), orders, |report| {
            let value = report.reported_value();
            prop_assert!(value <= before, "{} after {}", value, before);
            // Fees, and one unit for each rounding: two to a trade, and less than a hundred trades.
            prop_assert!(value + number(report, "fees") + 200 >= CAPITAL);
            before = value;
            Ok(())
        })?;
    }

    #[test]
    fn a_report_always_adds_up(orders in prop::collection::vec(order(), 1..30)) {
        play(lively(), orders, |report| {
            let positions = report.balance().as_value()["positions"].as_array().unwrap();
            let coins: u128 =
                positions.iter().map(|position| position["value"].as_str().unwrap().parse::<u128>().unwrap()).sum();
            prop_assert_eq!(number(report, "free") + coins, report.reported_value());
            prop_assert_eq!(number(report, "total"), report.reported_value());
            Ok(())
        })?;
    }
}
