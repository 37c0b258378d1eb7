//! Servers that go away, that do not sync, and others who have the database open.

use super::OnServer;
use super::server::Server;
use crate::sample::{client, credit, job, terms};
use crate::world::World;
use docket_core::money::{Amount, Asset};
use docket_store::{CommitError, Postgres, StoreError};
use futures::executor::block_on;
use std::sync::Arc;

/// One test, because the server is started for it.
#[test]
fn a_server_keeps_its_promises_or_the_store_stops() {
    let Some(server) = Server::start().map(Arc::new) else { return };
    a_server_that_does_not_sync_is_refused(&server);
    a_commit_is_synced_whatever_the_operator_has_set(&server);
    a_second_writer_is_refused_and_harms_nobody(&server);
    whoever_loses_its_session_writes_no_more(&server);
    a_database_that_is_no_good_is_named(&server);
    a_server_that_crashes_stops_the_store_and_keeps_what_it_acknowledged(&server);
    a_server_proves_its_name_where_the_address_asks_for_it(&server);
}

fn complaint(server: &Server, database: &str) -> String {
    match Postgres::at(&server.address(database)).unwrap().open(server.runtime.handle()) {
        Err(StoreError::Unusable(reason)) => reason,
        Err(error) => panic!("not unusable: {error}"),
        Ok(_) => panic!("{database} was opened"),
    }
}

fn a_server_that_does_not_sync_is_refused(server: &Server) {
    for setting in ["fsync=off", "full_page_writes=off"] {
        server.restart(&[setting]);
        let reason = complaint(server, "postgres");
        assert!(reason.contains("does not keep what it commits"), "{reason}");
    }
    server.restart(&[]);
}

fn a_commit_is_synced_whatever_the_operator_has_set(server: &Arc<Server>) {
    let place = OnServer::new(server);
    let database = place.database.clone();
    let settings = "synchronous_commit = off; ALTER ROLE docket SET statement_timeout = '1min'";
    server.run(&database, &format!("ALTER ROLE docket SET {settings}"));
    let mut world = World::on(Box::new(place));
    server.run("postgres", "ALTER ROLE docket RESET ALL");
    server.run(
        &database,
        "CREATE TABLE seen (synced TEXT, limited TEXT); \
         CREATE FUNCTION see() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
             INSERT INTO seen VALUES (current_setting('synchronous_commit'), current_setting('statement_timeout')); \
             RETURN NEW; END $$; \
         CREATE TRIGGER see BEFORE INSERT ON journal FOR EACH ROW EXECUTE FUNCTION see()",
    );
    world.give("ann", 1);
    server.run(
        &database,
        "DO $$ BEGIN \
             ASSERT (SELECT array_agg(synced) FROM seen) = ARRAY['on'], 'not synced'; \
             ASSERT (SELECT array_agg(limited) FROM seen) = ARRAY['0'], 'cut off'; END $$",
    );
}

fn a_second_writer_is_refused_and_harms_nobody(server: &Arc<Server>) {
    let place = OnServer::new(server);
    let database = place.database.clone();
    let mut world = World::on(Box::new(place));
    let reason = complaint(server, &database);
    assert!(reason.contains("another coordinator has the database open"), "{reason}");
    world.give("ann", 1);
    let beside = Postgres::at(&server.address(&database)).unwrap().reader(server.runtime.handle());
    assert_eq!(block_on(beside.balance(&client("ann"))).unwrap()[0].units, 1);
    // Another database of the same server is another market.
    assert_eq!(World::on(Box::new(OnServer::new(server))).store().start().epoch, 1);
    world.reopen();
    assert_eq!((world.store().start().epoch, world.balance(&client("ann"))), (2, 1));
}

fn whoever_loses_its_session_writes_no_more(server: &Arc<Server>) {
    let place = OnServer::new(server);
    let database = place.database.clone();
    let mut world = World::on(Box::new(place));
    let funded = world.live(job(1, terms()), "fund");
    server.run(
        "postgres",
        &format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database}'"),
    );
    let money = |key| credit(client("ann"), Amount::new(1, Asset::USDC), key);
    for key in ["a", "b"] {
        let verdict = world.commit(money(key));
        assert!(matches!(verdict, Err(CommitError::Store(StoreError::Stopped(_)))), "{verdict:?}");
    }
    assert!(world.store().stopped().is_some_and(|reason| reason.contains("the right to write")));
    // Somebody else has that right now, and readers have found their way back.
    let mut successor = World::on(Box::new(OnServer::at(server, &database)));
    successor.commit(money("a")).unwrap();
    for _ in 0..8 {
        assert_eq!(block_on(world.store().find(&funded.public_id)).unwrap(), Some(funded.clone()));
        assert_eq!(world.balance(&client("ann")), 1);
    }
    successor.check_books();
}

fn a_database_that_is_no_good_is_named(server: &Arc<Server>) {
    let reason = complaint(server, "nowhere");
    assert!(reason.contains("\"nowhere\" does not exist"), "{reason}");
    server.run("postgres", "CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0");
    let reason = complaint(server, "latin");
    assert!(reason.contains("LATIN1"), "{reason}");
    assert!(Postgres::at("no address").is_err());
    let nobody = Postgres::at("host=127.0.0.1 port=1 user=docket").unwrap();
    assert!(matches!(nobody.open(server.runtime.handle()), Err(StoreError::Unusable(_))));
}

fn a_server_that_crashes_stops_the_store_and_keeps_what_it_acknowledged(server: &Arc<Server>) {
    let mut world = World::on(Box::new(OnServer::new(server)));
    let lives: Vec<_> =
        (1..=20).map(|number| world.live(job(number, terms()), "fund assign submit")).collect();
    server.restart(&[]);
    let verdict = world.commit(credit(client("ann"), Amount::new(1, Asset::USDC), "k"));
    assert!(matches!(verdict, Err(CommitError::Store(StoreError::Stopped(_)))), "{verdict:?}");
    world.reopen();
    for job in lives {
        assert_eq!(world.store().open_job(job.id), Some(job));
    }
    world.check_books();
    world.give("ann", 1);
}

fn a_server_proves_its_name_where_the_address_asks_for_it(server: &Arc<Server>) {
    let open = |address: &str| Postgres::at(address).unwrap().open(server.runtime.handle());
    let refused = |address: &str| match open(address) {
        Err(StoreError::Unusable(reason)) => reason,
        Err(error) => panic!("{address} is not unusable: {error}"),
        Ok(_) => panic!("{address} was opened"),
    };
    let (port, root) = server.restart_with_tls();
    let database = server.database();
    let address = |host: &str| format!("postgres://docket@{host}:{port}/{database}?sslmode=require");
    let trusting = |host: &str| format!("{}&sslrootcert={}", address(host), root.display());
    let stranger = refused(&address("localhost"));
    assert!(stranger.contains("UnknownIssuer") || stranger.contains("nobody to trust"), "{stranger}");
    let misnamed = refused(&trusting("127.0.0.1"));
    assert!(misnamed.contains("not valid for name"), "{misnamed}");
    let (store, writer) = open(&trusting("localhost")).expect("it proves its name");
    assert!(block_on(store.balance(&client("ann"))).unwrap().is_empty());
    server.run(
        &database,
        "DO $$ BEGIN ASSERT (SELECT count(*) >= 2 AND bool_and(ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) \
             WHERE application_name = 'docket'), 'in the clear'; END $$",
    );
    drop((store, writer));
    let plain = format!("{} sslmode=require", server.address(&database));
    assert!(refused(&plain).contains("TLS"), "a socket of this machine is not encrypted");
}
