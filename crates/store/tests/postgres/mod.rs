//! The suite on PostgreSQL, and what can happen to a server.

mod faults;
mod plans;
mod server;

use crate::cases::EVERY;
use crate::model::live_alike;
use crate::place::{InMemory, Place};
use crate::world::World;
use docket_store::backend::Connected;
pub(crate) use server::Server;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};

/// A database on a server that others share.
pub(crate) struct OnServer {
    server: Arc<Server>,
    database: String,
}

impl OnServer {
    /// A new database.
    fn new(server: &Arc<Server>) -> Self {
        Self::at(server, &server.database())
    }

    pub(crate) fn at(server: &Arc<Server>, database: &str) -> Self {
        Self { server: server.clone(), database: database.to_owned() }
    }
}

impl Place for OnServer {
    fn connect(&self) -> Connected {
        self.server.connect(&self.database)
    }

    fn meddle(&self, sql: &str) {
        self.server.run(&self.database, sql);
    }
}

/// How many cases are under way at a time, for they mostly wait for the disk.
const AT_A_TIME: usize = 4;

/// One test, because the server is started for it; every case has a database of its own.
#[test]
fn every_case_holds_on_postgresql() {
    let Some(server) = Server::start().map(Arc::new) else { return };
    let cases = Mutex::new(EVERY.iter());
    let failed: Mutex<Vec<&str>> = Mutex::default();
    let play = || {
        while let Some((name, case)) = { cases.lock().unwrap().next() } {
            let place = OnServer::new(&server);
            let holds = catch_unwind(AssertUnwindSafe(|| case(&mut World::on(Box::new(place)))));
            println!("{name} ... {}", if holds.is_ok() { "ok" } else { "FAILED" });
            if holds.is_err() {
                failed.lock().unwrap().push(name);
            }
        }
    };
    std::thread::scope(|scope| {
        (0..AT_A_TIME).for_each(|_| {
            scope.spawn(play);
        });
    });
    assert_eq!(failed.into_inner().unwrap(), [""; 0]);
}

#[test]
fn postgresql_and_memory_live_alike() {
    let Some(server) = Server::start().map(Arc::new) else { return };
    for seed in 11..=13 {
        let on_server = World::on(Box::new(OnServer::new(&server)));
        live_alike(on_server, World::on(Box::new(InMemory::new())), seed);
    }
}
