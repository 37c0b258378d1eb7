//! Money and coins as decimal texts: whole minor units on one side, digits on the other, and no float between.

/// Digits behind the point of the account's currency: one unit is a millionth of it.
pub const MONEY_DECIMALS: u32 = 6;

/// Digits behind the point of a coin.
pub const COIN_DECIMALS: u32 = 8;

/// How many units a whole coin has.
pub(crate) const COIN: u128 = 10_u128.pow(COIN_DECIMALS);

/// Reads digits with at most one point as minor units. `None` for a sign, an exponent, a finer fraction than `decimals`
/// digits can hold, and more than 24 digits before the point.
pub fn parse_decimal(text: &str, decimals: u32) -> Option<u128> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let pointed = text.contains('.');
    if whole.is_empty()
        || whole.len() > 24
        || !digits(whole)
        || !digits(fraction)
        || (pointed && fraction.is_empty())
    {
        return None;
    }
    let width = usize::try_from(decimals).ok()?;
    let fraction = fraction.trim_end_matches('0');
    if fraction.len() > width {
        return None;
    }
    format!("{whole}{fraction:0<width$}").parse().ok()
}

/// Writes minor units as digits, without zeros at the end of the fraction.
pub fn format_decimal(units: u128, decimals: u32) -> String {
    let one = 10_u128.pow(decimals);
    let width = usize::try_from(decimals).unwrap_or(0);
    let fraction = format!("{:0width$}", units % one);
    match fraction.trim_end_matches('0') {
        "" => (units / one).to_string(),
        fraction => format!("{}.{fraction}", units / one),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decimal_reads_back_as_it_is_written() {
        for (text, units) in [("0", 0), ("1", 1_000_000), ("0.000001", 1), ("65000.5", 65_000_500_000)] {
            assert_eq!(parse_decimal(text, 6), Some(units), "{text}");
            assert_eq!(format_decimal(units, 6), text);
        }
        assert_eq!(parse_decimal("007.500000000", 6), Some(7_500_000));
    }

    #[test]
    fn what_is_no_plain_decimal_is_refused() {
        let long = "1".repeat(25);
        for text in
            ["", ".", "1.", ".5", "-1", "+1", "1e3", "1,5", "1.2.3", " 1", "0x1", "٣", "0.0000001", &long]
        {
            assert_eq!(parse_decimal(text, 6), None, "{text}");
        }
    }
}
