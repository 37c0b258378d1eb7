//! An order by the provider: what may stand in it, and the exact text that is signed.

use crate::decimal::{COIN_DECIMALS, MONEY_DECIMALS, parse_decimal};
use crate::{Refusal, Symbol};
use docket_protocol::canonical;
use docket_protocol::wallet::{Address, Signature};
use serde_json::{Map, Value};

/// The longest order in JSON, in bytes.
pub const MAX_ORDER: usize = 4 * 1024;

/// The fields of an order in the order in which they are signed.
const FIELDS: [&str; 7] = ["action", "job_id", "nonce", "order_type", "price", "quantity", "symbol"];

/// The greatest price and the greatest quantity, in whole coins.
const MOST: u128 = 1_000_000_000;

/// What is to be done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Action {
    /// To trade a quantity of a coin.
    Trade {
        /// To buy it; else to sell it.
        buys: bool,
        /// Which coin.
        symbol: Symbol,
        /// How much, in the coin's smallest units.
        quantity: u128,
        /// The worst price, in millionths; without one, whatever the price is.
        limit: Option<u128>,
    },
    /// To sell all of one coin, or of every coin, and to withdraw what waits for its price.
    Close(Option<Symbol>),
}

/// An order that was read. Who signed it is not yet known.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Order {
    /// For which job.
    pub job_id: String,
    /// Greater than that of every earlier order of the job.
    pub nonce: u64,
    /// What is to be done.
    pub action: Action,
    signed: String,
}

impl Order {
    /// Reads an order from JSON.
    pub fn parse(json: &[u8]) -> Result<Self, Refusal> {
        if json.len() > MAX_ORDER {
            return Err(Refusal::malformed("an order of more than 4 KiB"));
        }
        match canonical::parse_strict(json, 1) {
            Ok(Value::Object(fields)) => Self::from_fields(fields),
            Ok(_) => Err(Refusal::malformed("an order is a JSON object")),
            Err(error) => Err(Refusal::malformed(format!("an order is strict JSON: {error}"))),
        }
    }

    /// Reads an order from the fields of a JSON object that somebody has parsed strictly and bounded. What is missing
    /// is `null`.
    pub fn from_fields(mut fields: Map<String, Value>) -> Result<Self, Refusal> {
        if let Some(name) = fields.keys().find(|name| !FIELDS.contains(&name.as_str())) {
            return Err(Refusal::malformed(format!("an order has no field `{}`", name.escape_debug())));
        }
        for name in FIELDS {
            fields.entry(name).or_insert(Value::Null);
        }
        let fields = Fields(fields);
        let action = fields.action()?;
        let job_id = fields.text("job_id")?.ok_or_else(|| Refusal::malformed("`job_id` is missing"))?;
        let nonce = fields.text("nonce")?.and_then(|text| text.parse().ok());
        let nonce = nonce.ok_or_else(|| Refusal::malformed("`nonce` is a whole number"))?;
        Ok(Self { job_id, nonce, action, signed: fields.signed()? })
    }

    /// What the provider signs as a message (EIP-191): the seven fields in their order, without spaces, as JavaScript's
    /// `JSON.stringify` writes them.
    pub fn signed_text(&self) -> &str {
        &self.signed
    }

    /// Whether this wallet signed the order.
    pub fn is_signed_by(&self, provider: Address, signature: &str) -> bool {
        Signature::parse(signature).and_then(|signature| signature.recover(self.signed.as_bytes()))
            == Ok(provider)
    }
}

/// All seven fields, flat.
struct Fields(Map<String, Value>);

impl Fields {
    /// The signed order is that of the alphabet, so the canonical form is what is signed.
    fn signed(&self) -> Result<String, Refusal> {
        let bytes = canonical::to_vec(&self.0).map_err(|_| Refusal::malformed("an order has no form"))?;
        String::from_utf8(bytes).map_err(|_| Refusal::malformed("an order has no form"))
    }

    /// A text, or a number as JavaScript writes it; `None` for `null`.
    fn text(&self, name: &str) -> Result<Option<String>, Refusal> {
        match &self.0[name] {
            Value::Null => Ok(None),
            Value::String(text) if text.len() <= 80 => Ok(Some(text.clone())),
            Value::Number(number) => {
                let text = number.as_f64().and_then(canonical::write_number);
                text.map(Some).ok_or_else(|| Refusal::malformed(format!("`{name}` is out of its range")))
            }
            _ => Err(Refusal::malformed(format!("`{name}` is a text or a number"))),
        }
    }

    fn decimal(&self, name: &str, decimals: u32) -> Result<Option<u128>, Refusal> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        let units =
            parse_decimal(&text, decimals).filter(|units| (1..=MOST * 10_u128.pow(decimals)).contains(units));
        units.map(Some).ok_or_else(|| {
            Refusal::malformed(format!("`{name}` is a positive decimal of at most {decimals} places"))
        })
    }

    fn symbol(&self) -> Result<Option<Symbol>, Refusal> {
        let Some(text) = self.text("symbol")? else { return Ok(None) };
        Symbol::parse(&text.to_ascii_uppercase()).map(Some).ok_or(Refusal::SymbolNotAllowed)
    }

    fn action(&self) -> Result<Action, Refusal> {
        let kind = self.text("order_type")?.map(|text| text.to_ascii_lowercase());
        let limit = self.decimal("price", MONEY_DECIMALS)?;
        let quantity = self.decimal("quantity", COIN_DECIMALS)?;
        let symbol = self.symbol()?;
        let action = self.text("action")?.map(|text| text.to_ascii_lowercase());
        let buys = match action.as_deref() {
            Some("buy") => true,
            Some("sell") => false,
            Some("close") => {
                let bare =
                    limit.is_none() && quantity.is_none() && matches!(kind.as_deref(), None | Some("market"));
                return match bare {
                    true => Ok(Action::Close(symbol)),
                    false => Err(Refusal::malformed("an order to close has a symbol at most")),
                };
            }
            _ => return Err(Refusal::malformed("`action` is buy, sell or close")),
        };
        match (kind.as_deref(), limit) {
            (Some("market"), None) | (Some("limit"), Some(_)) => {}
            (Some("market"), Some(_)) => {
                return Err(Refusal::malformed("an order at the market has no `price`"));
            }
            (Some("limit"), None) => return Err(Refusal::malformed("an order with a limit has a `price`")),
            _ => return Err(Refusal::malformed("`order_type` is market or limit")),
        }
        let symbol = symbol.ok_or_else(|| Refusal::malformed("`symbol` is missing"))?;
        let quantity = quantity.ok_or_else(|| Refusal::malformed("`quantity` is missing"))?;
        Ok(Action::Trade { buys, symbol, quantity, limit })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn parse(value: &Value) -> Result<Order, Refusal> {
        Order::parse(value.to_string().as_bytes())
    }

    fn buy() -> Value {
        json!({
            "symbol": "BTCUSDT", "quantity": "0.01", "price": 65_000.5, "order_type": "limit",
            "nonce": 1, "job_id": "123", "action": "buy",
        })
    }

    #[test]
    fn what_is_signed_has_a_fixed_order_and_null_for_what_is_missing() {
        let limit = parse(&buy()).unwrap();
        let text = r#"{"action":"buy","job_id":"123","nonce":1,"order_type":"limit","price":65000.5,"quantity":"0.01","symbol":"BTCUSDT"}"#;
        assert_eq!(limit.signed_text(), text);
        let close = parse(&json!({ "action": "close", "job_id": 123, "nonce": "2" })).unwrap();
        let text = r#"{"action":"close","job_id":123,"nonce":"2","order_type":null,"price":null,"quantity":null,"symbol":null}"#;
        assert_eq!(close.signed_text(), text);
        assert_eq!((close.job_id.as_str(), close.nonce), ("123", 2));
    }

    #[test]
    fn an_order_is_read_into_whole_units() {
        let trade = Action::Trade {
            buys: true,
            symbol: Symbol::Btc,
            quantity: 1_000_000,
            limit: Some(65_000_500_000),
        };
        assert_eq!(parse(&buy()).unwrap().action, trade);
        let sell = json!({
            "action": "SELL", "job_id": "123", "nonce": 1, "order_type": "MARKET", "quantity": 2, "symbol": "ethusdt",
        });
        let trade = Action::Trade { buys: false, symbol: Symbol::Eth, quantity: 200_000_000, limit: None };
        assert_eq!(parse(&sell).unwrap().action, trade);
    }

    #[test]
    fn what_is_no_order_is_refused() {
        for (field, value) in [
            ("action", json!("short")),
            ("action", json!(null)),
            ("job_id", json!(null)),
            ("job_id", json!(["123"])),
            ("nonce", json!(-1)),
            ("nonce", json!(1.5)),
            ("nonce", json!("18446744073709551616")),
            ("order_type", json!("stop")),
            ("order_type", json!("market")),
            ("price", json!(null)),
            ("price", json!(0)),
            ("price", json!(-1)),
            ("price", json!(1e21)),
            ("price", json!("0.0000001")),
            ("price", json!(1_000_000_001)),
            ("quantity", json!(1e-9)),
            ("quantity", json!("0")),
            ("quantity", json!(true)),
            ("symbol", json!(null)),
            ("leverage", json!(10)),
        ] {
            let mut order = buy();
            order[field] = value.clone();
            assert!(matches!(parse(&order), Err(Refusal::Malformed(_))), "{field} {value}");
        }
        let mut order = buy();
        order["symbol"] = json!("DOGEUSDT");
        assert_eq!(parse(&order), Err(Refusal::SymbolNotAllowed));
        assert!(Order::parse(br#"{"nonce":1,"nonce":2}"#).is_err());
        assert!(Order::parse(b"[]").is_err());
        assert!(Order::parse(&vec![b' '; MAX_ORDER + 1]).is_err());
    }
}
