//! How ECMAScript writes a number: `Number::toString` of ECMA-262, which RFC 8785 prescribes.

/// The shortest decimal digits that read back as the same double, laid out as ECMAScript does.
///
/// `None` for what is not finite. Minus zero is written `0`.
pub fn write_number(number: f64) -> Option<String> {
    if !number.is_finite() {
        return None;
    }
    if number == 0.0 {
        return Some("0".to_owned());
    }
    // Rust writes the same shortest digits, but always with an exponent: 1.25e-7.
    let scientific = format!("{:e}", number.abs());
    let (mantissa, exponent) = scientific.split_once('e')?;
    let digits = mantissa.replace('.', "");
    let sign = if number < 0.0 { "-" } else { "" };
    Some(format!("{sign}{}", lay_out(&digits, exponent.parse().ok()?)))
}

/// Places the point in `D.DDD × 10^exponent`.
fn lay_out(digits: &str, exponent: i32) -> String {
    let count = i32::try_from(digits.len()).unwrap_or(i32::MAX);
    let zeros = |many: i32| "0".repeat(usize::try_from(many).unwrap_or(0));
    match exponent {
        0..=20 if count <= exponent + 1 => format!("{digits}{}", zeros(exponent + 1 - count)),
        0..=20 => {
            let (whole, fraction) = digits.split_at(usize::try_from(exponent + 1).unwrap_or(0));
            format!("{whole}.{fraction}")
        }
        -6..=-1 => format!("0.{}{digits}", zeros(-exponent - 1)),
        _ => {
            let (first, rest) = digits.split_at(1);
            let point = if rest.is_empty() { "" } else { "." };
            format!("{first}{point}{rest}e{exponent:+}")
        }
    }
}
