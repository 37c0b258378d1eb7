//! Where may be sent to: which addresses, and which URLs can be one of a hook at all.

use reqwest::Url;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// The longest URL of a hook, in bytes.
pub(crate) const LONGEST_URL: usize = 1_024;

/// How near the addresses may be to which webhooks are sent. Each allows what those before it do.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Reach {
    /// Only to addresses of the public internet.
    #[default]
    Public,
    /// To this machine as well.
    Loopback,
    /// To private networks as well: RFC 1918, RFC 6598 and unique local addresses.
    Private,
}

impl FromStr for Reach {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "public" => Ok(Self::Public),
            "loopback" => Ok(Self::Loopback),
            "private" => Ok(Self::Private),
            _ => Err("must be public, loopback or private".to_owned()),
        }
    }
}

impl Reach {
    /// Whether may be sent to an address.
    pub(super) fn covers(self, address: IpAddr) -> bool {
        let needed = match address {
            IpAddr::V4(address) => needed_v4(address),
            IpAddr::V6(address) => needed_v6(address),
        };
        needed.is_some_and(|needed| self >= needed)
    }
}

/// The reach that an address needs; `None` if nothing is ever sent there. Link-local addresses belong to those: clouds
/// hand out their machines' credentials at one of them.
fn needed_v4(address: Ipv4Addr) -> Option<Reach> {
    match address.octets() {
        [127, ..] => Some(Reach::Loopback),
        [10, ..] | [172, 16..=31, ..] | [192, 168, ..] | [100, 64..=127, ..] => Some(Reach::Private),
        // This network, link-local, protocol assignments and 6to4 relays.
        [0, ..] | [169, 254, ..] | [192, 0, 0, _] | [192, 88, 99, _] => None,
        // Documentation and benchmarks.
        [192, 0, 2, _] | [198, 51, 100, _] | [203, 0, 113, _] | [198, 18..=19, ..] => None,
        // Multicast, reserved, broadcast.
        [224..=255, ..] => None,
        _ => Some(Reach::Public),
    }
}

fn needed_v6(address: Ipv6Addr) -> Option<Reach> {
    let v4 = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        needed_v4(Ipv4Addr::new(a, b, c, d))
    };
    match address.segments() {
        [0, 0, 0, 0, 0, 0, 0, 1] => Some(Reach::Loopback),
        // IPv4 in other clothes: mapped, NAT64, 6to4.
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => v4(high, low),
        [0x2002, high, low, ..] => v4(high, low),
        [0xfc00..=0xfdff, ..] => Some(Reach::Private),
        // Protocol assignments, Teredo and benchmarks among them, and documentation.
        [0x2001, 0..=0x1ff, ..] | [0x2001, 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] => None,
        [0x2000..=0x3fff, ..] => Some(Reach::Public),
        // All else is unspecified, link-local, site-local, multicast, local NAT64 or not given to anybody.
        _ => None,
    }
}

/// Why a URL cannot be one of a hook.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum UnsoundUrl {
    /// It is none, or too long.
    NoUrl,
    /// It is not `http` or `https`.
    Scheme,
    /// It has a user's name, a password or a fragment.
    Extras,
    /// Nothing is sent to its address.
    Address,
}

impl fmt::Display for UnsoundUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoUrl => "must be a URL of at most 1,024 bytes",
            Self::Scheme => "must begin with https:// or http://",
            Self::Extras => "must have no user name, no password and no fragment",
            Self::Address => {
                "leads to a loopback, private or reserved address, to which nothing is sent here"
            }
        })
    }
}

/// The URL of a hook. An address that is written out is judged here; what a name leads to, when something is sent.
pub(crate) fn parse_url(text: &str, reach: Reach) -> Result<Url, UnsoundUrl> {
    let plain = text.len() <= LONGEST_URL && text.bytes().all(|byte| byte.is_ascii_graphic());
    let url = Url::parse(text).ok().filter(|_| plain).ok_or(UnsoundUrl::NoUrl)?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(UnsoundUrl::Scheme);
    }
    if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
        return Err(UnsoundUrl::Extras);
    }
    let host = url.host_str().filter(|host| !host.is_empty()).ok_or(UnsoundUrl::NoUrl)?;
    // The parser has brought every way to write an IPv4 address into one form.
    let literal = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    match literal.parse::<IpAddr>() {
        Ok(address) if !reach.covers(address) => Err(UnsoundUrl::Address),
        _ => Ok(url),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn needed(text: &str) -> Option<Reach> {
        let address: IpAddr = text.parse().unwrap();
        [Reach::Public, Reach::Loopback, Reach::Private].into_iter().find(|reach| reach.covers(address))
    }

    #[test]
    fn each_address_needs_its_reach() {
        for (reach, addresses) in [
            (
                Some(Reach::Public),
                "1.1.1.1 8.8.8.8 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.0 172.15.0.1 172.32.0.1 \
                 169.253.0.1 192.0.1.1 192.169.0.1 198.17.255.255 198.20.0.0 223.255.255.255 2606:4700::1111 \
                 2001:4860:4860::8888 2001:200:: ::ffff:8.8.8.8 64:ff9b::808:808 2002:808:808:: 3ffe:ffff::",
            ),
            (
                Some(Reach::Loopback),
                "127.0.0.1 127.255.255.255 ::1 ::ffff:127.0.0.1 64:ff9b::7f00:1 2002:7f00:1::",
            ),
            (
                Some(Reach::Private),
                "10.0.0.1 172.16.0.1 172.31.255.255 192.168.1.1 100.64.0.1 100.127.255.255 fc00::1 fd12:3456::1 \
                 ::ffff:10.0.0.1 64:ff9b::a00:1 2002:c0a8:101::1",
            ),
            (
                None,
                "0.0.0.0 0.1.2.3 169.254.169.254 192.0.0.1 192.0.2.1 192.88.99.1 198.18.0.1 198.19.255.255 \
                 198.51.100.1 203.0.113.1 224.0.0.1 239.1.1.1 240.0.0.1 255.255.255.255 :: ::127.0.0.1 ::2 fe80::1 \
                 fec0::1 ff02::1 64:ff9b:1::1 100::1 2001::1 2001:2::1 2001:10::1 2001:20::1 2001:db8::1 3fff::1 \
                 ::ffff:169.254.169.254 64:ff9b::a9fe:a9fe 2002:a9fe:a9fe:: 4000::1 5f00::1",
            ),
        ] {
            for address in addresses.split_whitespace() {
                assert_eq!(needed(address), reach, "{address}");
            }
        }
    }

    #[test]
    fn a_url_is_judged_however_its_address_is_written() {
        let judged = |url: &str| parse_url(url, Reach::Public).map(|_| ());
        for sound in [
            "https://example.com/hooks?a=b",
            "http://example.com:8080",
            "https://8.8.8.8/",
            "http://localhost/",
        ] {
            assert_eq!(judged(sound), Ok(()), "{sound}");
        }
        for (url, why) in [
            ("", UnsoundUrl::NoUrl),
            ("example.com/hooks", UnsoundUrl::NoUrl),
            ("https://", UnsoundUrl::NoUrl),
            ("https://exa mple.com/", UnsoundUrl::NoUrl),
            ("https://example.com/\n", UnsoundUrl::NoUrl),
            ("ftp://example.com/", UnsoundUrl::Scheme),
            ("file:///etc/passwd", UnsoundUrl::Scheme),
            ("https://me@example.com/", UnsoundUrl::Extras),
            ("https://:pass@example.com/", UnsoundUrl::Extras),
            ("https://example.com/#top", UnsoundUrl::Extras),
            ("http://127.0.0.1:9/", UnsoundUrl::Address),
            ("http://2130706433/", UnsoundUrl::Address),
            ("http://0x7f.1/", UnsoundUrl::Address),
            ("http://0177.0.0.1/", UnsoundUrl::Address),
            ("http://[::1]/", UnsoundUrl::Address),
            ("http://[::ffff:127.0.0.1]/", UnsoundUrl::Address),
            ("http://169.254.169.254/latest/meta-data/", UnsoundUrl::Address),
            ("http://192.168.0.1/", UnsoundUrl::Address),
        ] {
            assert_eq!(judged(url), Err(why), "{url}");
        }
        let long = format!("https://example.com/{}", "a".repeat(LONGEST_URL));
        assert_eq!(judged(&long), Err(UnsoundUrl::NoUrl));
        assert!(parse_url("http://127.0.0.1:9/", Reach::Loopback).is_ok());
        assert_eq!(parse_url("http://192.168.0.1/", Reach::Loopback), Err(UnsoundUrl::Address));
        assert!(parse_url("http://192.168.0.1/", Reach::Private).is_ok());
        assert_eq!(parse_url("http://169.254.169.254/", Reach::Private), Err(UnsoundUrl::Address));
    }
}
