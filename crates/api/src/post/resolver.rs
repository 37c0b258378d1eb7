//! Finds the addresses behind a name, and keeps back those to which nothing is sent. The connection is made to exactly
//! what was let through here, so a name that leads elsewhere a moment later gains nothing.

use super::address::Reach;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::Arc;
use tokio::sync::Semaphore;

/// How many names are looked up at a time: each keeps a thread that others need as well.
const LOOKUPS: usize = 32;

/// A name that leads nowhere.
#[derive(Debug, thiserror::Error)]
#[error("the name leads nowhere")]
pub(super) struct Unresolved;

/// A name that leads only to addresses to which nothing is sent.
#[derive(Debug, thiserror::Error)]
#[error("nothing is sent to the addresses that the name leads to")]
pub(super) struct AddressRefused;

/// The system's resolver, with a guard.
pub(super) struct Resolver {
    reach: Reach,
    lookups: Arc<Semaphore>,
}

impl Resolver {
    pub(super) fn new(reach: Reach) -> Self {
        Self { reach, lookups: Arc::new(Semaphore::new(LOOKUPS)) }
    }
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let (reach, lookups) = (self.reach, self.lookups.clone());
        Box::pin(async move {
            let permit = lookups.acquire_owned().await?;
            let lookup = tokio::task::spawn_blocking(move || {
                let _until_it_ends = permit; // Even if nobody waits for it any more.
                // The port is that of the URL.
                (name.as_str(), 0).to_socket_addrs().map(Vec::from_iter)
            });
            let found = lookup.await?.map_err(|_| Unresolved)?;
            Ok(Box::new(allowed(found, reach)?.into_iter()) as Addrs)
        })
    }
}

/// The addresses that may be sent to, of those that were found.
fn allowed(
    mut found: Vec<SocketAddr>,
    reach: Reach,
) -> Result<Vec<SocketAddr>, Box<dyn std::error::Error + Send + Sync>> {
    if found.is_empty() {
        return Err(Unresolved.into());
    }
    found.retain(|address| reach.covers(address.ip()));
    if found.is_empty() { Err(AddressRefused.into()) } else { Ok(found) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_that_may_be_sent_to_come_through() {
        let addresses =
            |texts: &[&str]| -> Vec<SocketAddr> { texts.iter().map(|text| text.parse().unwrap()).collect() };
        let mixed = addresses(&["10.0.0.1:0", "8.8.8.8:0", "[::1]:0"]);
        assert_eq!(allowed(mixed, Reach::Public).unwrap(), addresses(&["8.8.8.8:0"]));
        let inner = addresses(&["10.0.0.1:0", "[::1]:0"]);
        assert!(allowed(inner.clone(), Reach::Public).unwrap_err().is::<AddressRefused>());
        assert_eq!(allowed(inner, Reach::Loopback).unwrap(), addresses(&["[::1]:0"]));
        assert!(allowed(Vec::new(), Reach::Private).unwrap_err().is::<Unresolved>());
    }

    #[tokio::test]
    async fn this_machine_by_its_name_is_this_machine() {
        let find = |reach| Resolver::new(reach).resolve("localhost".parse().unwrap());
        assert!(find(Reach::Public).await.err().unwrap().is::<AddressRefused>());
        let mut found = find(Reach::Loopback).await.unwrap();
        assert!(found.next().unwrap().ip().is_loopback());
    }
}
