//! How often one address may ask.

use crate::app::{App, Limits};
use crate::serve::Peer;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use docket_engine::clock::Clock;
use governor::middleware::StateInformationMiddleware;
use governor::nanos::Nanos;
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter, clock};
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

const LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit-requests");
const REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining-requests");
const RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset-requests");

/// After so many requests, addresses that have not asked lately are forgotten.
const SWEEP: u32 = 4_096;

/// Counts requests by address.
pub(crate) struct Limiter {
    limiter: RateLimiter<Source, HashMapStateStore<Source>, MarketClock, StateInformationMiddleware>,
    clock: MarketClock,
    quota: Quota,
    asked: AtomicU32,
}

/// How much an address may still ask.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Left {
    /// At once, when it has not asked for a while.
    limit: u32,
    /// At once, now.
    remaining: u32,
    /// Until it may ask as much as ever again.
    reset: Duration,
}

impl Left {
    /// OpenAI's headers, which stock clients show their callers.
    fn label(self, headers: &mut HeaderMap) {
        headers.insert(LIMIT, self.limit.into());
        headers.insert(REMAINING, self.remaining.into());
        if let Ok(duration) = HeaderValue::try_from(format!("{}ms", self.reset.as_millis())) {
            headers.insert(RESET, duration);
        }
    }
}

/// Whose requests are counted together: an address, or the network that one customer is given.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
struct Source(u64);

/// The market's clock, as the limiter reads it.
#[derive(Clone)]
struct MarketClock(Clock);

impl clock::Clock for MarketClock {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        let millis = u64::try_from(self.0.now().0).unwrap_or_default();
        Nanos::from(millis.saturating_mul(1_000_000))
    }
}

impl From<IpAddr> for Source {
    fn from(address: IpAddr) -> Self {
        let v6 = |address: Ipv6Addr| Self(u64::try_from(address.to_bits() >> 64).unwrap_or_default());
        match address {
            // The range of IPv4 addresses is none of IPv6's networks that are in use.
            IpAddr::V4(address) => Self(address.to_bits().into()),
            IpAddr::V6(address) => match address.to_ipv4_mapped() {
                Some(address) => Self(address.to_bits().into()),
                None => v6(address),
            },
        }
    }
}

impl Limiter {
    /// A limiter by the operator's bounds; `None` if there are none.
    pub(crate) fn new(limits: &Limits, clock: &Clock) -> Option<Self> {
        let rate = NonZeroU32::new(limits.rate_per_second)?;
        let burst = NonZeroU32::new(limits.rate_burst).unwrap_or(rate);
        let (clock, quota) = (MarketClock(clock.clone()), Quota::per_second(rate).allow_burst(burst));
        let limiter = RateLimiter::hashmap_with_clock(quota, clock.clone()).with_middleware();
        Some(Self { limiter, clock, quota, asked: AtomicU32::new(0) })
    }

    /// Whether an address may ask once more; if not, how long it has to wait.
    fn check(&self, address: IpAddr) -> (Result<(), Duration>, Left) {
        if self.asked.fetch_add(1, Ordering::Relaxed) % SWEEP == SWEEP - 1 {
            self.limiter.retain_recent();
        }
        let now = clock::Clock::now(&self.clock);
        let limit = self.quota.burst_size().get();
        let (verdict, remaining) = match self.limiter.check_key(&Source::from(address)) {
            Ok(state) => (Ok(()), state.remaining_burst_capacity()),
            Err(until) => (Err(until.wait_time_from(now)), 0),
        };
        let reset = self.quota.replenish_interval() * (limit - remaining);
        (verdict, Left { limit, remaining, reset })
    }
}

/// How a limit is told.
#[derive(Clone, Copy)]
pub(crate) struct Telling {
    /// How a dialect says that an address has to wait for so long.
    pub(crate) refuse: fn(&str, &HeaderMap, Duration) -> Response,
    /// Who is told with every answer how much is left.
    pub(crate) counts: fn(&HeaderMap) -> bool,
}

/// Answers in place of the routes when an address asks too often.
pub(crate) async fn limit(
    State((app, telling)): State<(Arc<App>, Telling)>,
    request: Request,
    next: Next,
) -> Response {
    let peer = request.extensions().get::<Peer>().map(|peer| peer.0.ip());
    let Some((verdict, left)) =
        app.limiter.as_ref().zip(peer).map(|(limiter, address)| limiter.check(address))
    else {
        return next.run(request).await;
    };
    let counts = (telling.counts)(request.headers());
    let mut response = match verdict {
        Err(wait) => (telling.refuse)(request.uri().path(), request.headers(), wait),
        Ok(()) => next.run(request).await,
    };
    if counts {
        left.label(response.headers_mut());
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use docket_core::time::{Millis, Timestamp};

    fn limiter(rate: u32, burst: u32) -> (Limiter, Clock) {
        let clock = Clock::manual(Timestamp(1_770_638_400_000));
        let limits = Limits { rate_per_second: rate, rate_burst: burst, ..Limits::default() };
        (Limiter::new(&limits, &clock).unwrap(), clock)
    }

    #[test]
    fn an_address_has_its_burst_and_then_its_rate() {
        let (limiter, clock) = limiter(2, 3);
        let address = "192.0.2.1".parse().unwrap();
        for _ in 0..3 {
            assert_eq!(limiter.check(address).0, Ok(()));
        }
        assert_eq!(limiter.check(address).0, Err(Duration::from_millis(500)));
        assert_eq!(limiter.check("192.0.2.2".parse().unwrap()).0, Ok(()));
        clock.advance(Millis(500));
        assert_eq!(limiter.check(address).0, Ok(()));
        assert!(limiter.check(address).0.is_err());
    }

    #[test]
    fn what_is_left_is_told() {
        let (limiter, clock) = limiter(2, 3);
        let address = "192.0.2.1".parse().unwrap();
        let left = |remaining, millis| Left { limit: 3, remaining, reset: Duration::from_millis(millis) };
        assert_eq!(limiter.check(address), (Ok(()), left(2, 500)));
        assert!(limiter.check(address).0.is_ok());
        assert_eq!(limiter.check(address), (Ok(()), left(0, 1_500)));
        assert_eq!(limiter.check(address).1, left(0, 1_500));
        clock.advance(Millis(1_000));
        let (_, last) = limiter.check(address);
        assert_eq!(last, left(1, 1_000));
        let mut headers = HeaderMap::new();
        last.label(&mut headers);
        assert_eq!([&headers[LIMIT], &headers[REMAINING], &headers[RESET]], ["3", "1", "1000ms"]);
    }

    #[test]
    fn a_network_of_ipv6_counts_as_one_address() {
        let (limiter, _) = limiter(1, 1);
        let check = |address: &str| limiter.check(address.parse().unwrap()).0.is_ok();
        assert!(check("2001:db8::1") && !check("2001:db8::2") && check("2001:db8:0:1::1"));
        assert!(check("::ffff:192.0.2.1") && !check("192.0.2.1"));
    }

    #[test]
    fn addresses_that_ask_no_more_are_forgotten() {
        let (limiter, clock) = limiter(200, 1_000);
        for address in 0..SWEEP - 1 {
            assert_eq!(limiter.check(IpAddr::V4(address.into())).0, Ok(()));
        }
        clock.advance(Millis::seconds(10));
        assert_eq!(limiter.check("192.0.2.1".parse().unwrap()).0, Ok(()));
        assert_eq!(limiter.limiter.len(), 1);
    }

    #[test]
    fn a_rate_of_zero_is_no_limit() {
        let limits = Limits { rate_per_second: 0, ..Limits::default() };
        assert!(Limiter::new(&limits, &Clock::manual(Timestamp(0))).is_none());
    }
}
