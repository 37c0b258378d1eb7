//! How the fields of wire forms are read: every text and list has a bound that stands beside the field.

use serde::Deserializer;
use serde::de::{Deserialize, Error, SeqAccess, Visitor};
use std::fmt;
use std::marker::PhantomData;

/// Reads a text through `parse`; what `parse` refuses is answered with `expected`.
pub(crate) fn parsed<'de, D, T>(
    deserializer: D,
    expected: &'static str,
    parse: impl Fn(&str) -> Option<T>,
) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
{
    struct Text<F> {
        expected: &'static str,
        parse: F,
    }
    impl<T, F: Fn(&str) -> Option<T>> Visitor<'_> for Text<F> {
        type Value = T;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.expected)
        }

        fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
            // The refused text is not repeated: it may be long, and it may be secret.
            (self.parse)(text).ok_or_else(|| E::custom(format_args!("expected {}", self.expected)))
        }
    }
    deserializer.deserialize_str(Text { expected, parse })
}

/// A text of at most `MAX` bytes.
pub(crate) fn text<'de, const MAX: usize, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    parsed(deserializer, "a text within its bound", |text| (text.len() <= MAX).then(|| text.to_owned()))
}

/// A text of at most `MAX` bytes, or `null`.
pub(crate) fn optional_text<'de, const MAX: usize, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<String>, D::Error> {
    struct Bounded<const MAX: usize>(String);
    impl<'de, const MAX: usize> Deserialize<'de> for Bounded<MAX> {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            text::<MAX, D>(deserializer).map(Self)
        }
    }
    Ok(Option::<Bounded<MAX>>::deserialize(deserializer)?.map(|text| text.0))
}

/// A name of 1 to `MAX` printable ASCII characters without spaces: the id of a job, a nonce.
pub(crate) fn name<'de, const MAX: usize, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    parsed(deserializer, "a short name in printable ASCII", |text| {
        let fits = (1..=MAX).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        fits.then(|| text.to_owned())
    })
}

/// A public key as 64 lower-case hexadecimal digits. Whether it is a good key is not yet known.
pub(crate) fn key_hex<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    parsed(deserializer, "64 lower-case hexadecimal digits", |text| {
        let digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        (text.len() == 64 && text.bytes().all(digit)).then(|| text.to_owned())
    })
}

/// A list of at most `MAX` elements; reading stops at the bound.
pub(crate) fn list<'de, const MAX: usize, T, D>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    struct List<const MAX: usize, T>(PhantomData<T>);
    impl<'de, const MAX: usize, T: Deserialize<'de>> Visitor<'de> for List<MAX, T> {
        type Value = Vec<T>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "a list of at most {MAX} elements")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Vec<T>, A::Error> {
            let mut list = Vec::new();
            while let Some(element) = elements.next_element()? {
                if list.len() == MAX {
                    return Err(A::Error::invalid_length(MAX + 1, &self));
                }
                list.push(element);
            }
            Ok(list)
        }
    }
    deserializer.deserialize_seq(List::<MAX, T>(PhantomData))
}

/// A list of at most `MAX` names.
pub(crate) fn names<'de, const MAX: usize, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<String>, D::Error> {
    struct Name(String);
    impl<'de> Deserialize<'de> for Name {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            name::<64, D>(deserializer).map(Self)
        }
    }
    Ok(list::<MAX, Name, D>(deserializer)?.into_iter().map(|name| name.0).collect())
}

/// Whole numbers as decimal text, because JSON numbers lose digits beyond 2^53. One way to write each.
pub(crate) mod decimal {
    use super::{Deserializer, parsed};
    use serde::Serializer;
    use std::fmt::Display;
    use std::str::FromStr;

    pub(crate) fn parse<T: FromStr + Display>(text: &str) -> Option<T> {
        text.parse().ok().filter(|number: &T| number.to_string() == text)
    }

    pub(crate) fn serialize<T: Display, S: Serializer>(number: &T, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(number)
    }

    pub(crate) fn deserialize<'de, T, D>(deserializer: D) -> Result<T, D::Error>
    where
        T: FromStr + Display,
        D: Deserializer<'de>,
    {
        parsed(deserializer, "a whole number in a text, without leading zeros", parse)
    }
}

/// The same, where the number may be absent.
pub(crate) mod optional_decimal {
    use super::{Deserialize, Deserializer, decimal};
    use serde::Serializer;
    use std::fmt::Display;
    use std::str::FromStr;

    struct Number<T>(T);

    impl<'de, T: FromStr + Display> Deserialize<'de> for Number<T> {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            decimal::deserialize(deserializer).map(Self)
        }
    }

    pub(crate) fn serialize<T: Display, S: Serializer>(
        number: &Option<T>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match number {
            Some(number) => serializer.collect_str(number),
            None => serializer.serialize_none(),
        }
    }

    pub(crate) fn deserialize<'de, T, D>(deserializer: D) -> Result<Option<T>, D::Error>
    where
        T: FromStr + Display,
        D: Deserializer<'de>,
    {
        Ok(Option::<Number<T>>::deserialize(deserializer)?.map(|number| number.0))
    }
}

/// How many jobs at once: 1 to 256.
pub(crate) fn concurrency<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u16, D::Error> {
    let jobs = u16::deserialize(deserializer)?;
    if (1..=256).contains(&jobs) { Ok(jobs) } else { Err(D::Error::custom("concurrency is 1 to 256")) }
}

/// A class of hardware: 1 to 9. Which there are is for the market to say.
pub(crate) fn gpu_tier<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u8, D::Error> {
    let tier = u8::deserialize(deserializer)?;
    if (1..=9).contains(&tier) { Ok(tier) } else { Err(D::Error::custom("a GPU tier is 1 to 9")) }
}

/// Milliseconds since 1970, not before.
pub(crate) fn instant_ms<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    let ms = i64::deserialize(deserializer)?;
    if ms >= 0 { Ok(ms) } else { Err(D::Error::custom("an instant is not before 1970")) }
}

/// Whether a flag is off, so that it need not be written.
pub(crate) fn is_off(flag: &bool) -> bool {
    !flag
}

/// Up to 65,535 bytes as base64.
pub(crate) mod base64_bytes {
    use super::{Deserializer, parsed};
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use serde::Serializer;

    pub(crate) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(bytes))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        parsed(deserializer, "at most 65,535 bytes in base64", |text| {
            STANDARD.decode(text).ok().filter(|bytes| bytes.len() <= usize::from(u16::MAX))
        })
    }
}

/// Up to 64 hashes, each as base64.
pub(crate) mod base64_hashes {
    use super::{Deserialize, Deserializer, list, parsed};
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use docket_core::merkle::Hash;
    use serde::Serializer;

    struct Encoded(Hash);

    impl<'de> Deserialize<'de> for Encoded {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            let decode = |text: &str| STANDARD.decode(text).ok()?.try_into().ok().map(Self);
            parsed(deserializer, "32 bytes in base64", decode)
        }
    }

    pub(crate) fn serialize<S: Serializer>(hashes: &[Hash], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(hashes.iter().map(|hash| STANDARD.encode(hash)))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Hash>, D::Error> {
        Ok(list::<64, Encoded, D>(deserializer)?.into_iter().map(|hash| hash.0).collect())
    }
}
