//! Tokens are small writes, and none may wait for the one before it to be acknowledged: every connection of the
//! program is without delay, whoever opened it.

use crate::process::{Docket, wait_until};
use crate::upstream;
use rustix::net::sockopt::tcp_nodelay;
use rustix::process::{Pid, PidfdFlags, PidfdGetfdFlags, pidfd_getfd, pidfd_open};
use serde_json::json;
use std::fs;
use std::time::Duration;

/// An open connection of another process.
#[derive(Debug)]
struct Hop {
    local: u16,
    remote: u16,
    without_delay: bool,
}

/// All open connections of a process, as its kernel knows them.
fn hops(process: Pid) -> Vec<Hop> {
    let handle = pidfd_open(process, PidfdFlags::empty()).unwrap();
    let place = format!("/proc/{}", process.as_raw_nonzero());
    let connections = fs::read_to_string(format!("{place}/net/tcp")).unwrap();
    let descriptors = fs::read_dir(format!("{place}/fd")).unwrap().flatten();
    let sockets = descriptors.filter_map(|entry| {
        let link = fs::read_link(entry.path()).ok()?;
        let inode = link.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.to_owned();
        Some((entry.file_name().to_str()?.parse().ok()?, inode))
    });
    let hops = sockets.filter_map(|(descriptor, inode)| {
        let row = connections.lines().find(|row| row.split_whitespace().nth(9) == Some(&inode))?;
        let fields: Vec<&str> = row.split_whitespace().collect();
        let port = |field: &str| u16::from_str_radix(field.rsplit_once(':')?.1, 16).ok();
        let established = fields[3] == "01";
        let socket = pidfd_getfd(&handle, descriptor, PidfdGetfdFlags::empty()).ok()?;
        established.then_some(Hop {
            local: port(fields[1])?,
            remote: port(fields[2])?,
            without_delay: tcp_nodelay(&socket).unwrap(),
        })
    });
    hops.collect()
}

fn port(url: &str) -> u16 {
    let host = url.strip_prefix("http://").unwrap().split('/').next().unwrap();
    host.rsplit_once(':').unwrap().1.parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn no_connection_holds_back_small_writes() {
    rustls::crypto::ring::default_provider().install_default().ok();
    let server = upstream::start(Duration::from_secs(600)).await;
    let (up, ready) = Docket::up_with(&["--ephemeral", "--engine", &format!("openai:{server}")]);
    let (coordinator, key) = (ready["url"].as_str().unwrap(), ready["api_key"].as_str().unwrap());
    let body = json!({"model": "slow", "stream": true, "messages": [{"role": "user", "content": "Count"}]});
    let asking = reqwest::Client::new()
        .post(format!("{coordinator}/v1/chat/completions"))
        .bearer_auth(key)
        .json(&body)
        .send();
    let asking = tokio::spawn(asking);
    let (coordinator, server) = (port(coordinator), port(&server));
    // Client and worker at the coordinator, the worker's own end, and its connection to the inference server.
    type IsOne = fn(&Hop, u16, u16) -> bool;
    let kinds: [(&str, usize, IsOne); 3] = [
        ("into the coordinator", 2, |hop, coordinator, _| hop.local == coordinator),
        ("from a worker to the coordinator", 1, |hop, coordinator, _| hop.remote == coordinator),
        ("from a worker to its inference server", 1, |hop, _, server| hop.remote == server),
    ];
    for (kind, least, is_one) in kinds {
        let of_kind = || -> Vec<Hop> {
            hops(up.pid()).into_iter().filter(|hop| is_one(hop, coordinator, server)).collect()
        };
        wait_until(kind, || of_kind().len() >= least);
        let of_kind = of_kind();
        assert!(of_kind.iter().all(|hop| hop.without_delay), "{kind}: {of_kind:?}");
    }
    asking.abort();
}
