//! A PostgreSQL server that belongs to one test.

use crate::child::{NOBODY, is_root, open_to_all};
use docket_store::Postgres;
use docket_store::backend::Connected;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU16, AtomicU32, Ordering};
use std::time::Duration;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio_postgres::{Config, NoTls};

/// `skip` where PostgreSQL cannot be installed; without it a test that finds none fails.
const SWITCH: &str = "DOCKET_TEST_POSTGRES";

/// A server with a data folder of its own, reached by a socket in that folder.
pub(crate) struct Server {
    folder: TempDir,
    programs: PathBuf,
    process: Mutex<Child>,
    pub(crate) runtime: Runtime,
    databases: AtomicU32,
    /// Also the name of its socket.
    port: AtomicU16,
}

impl Server {
    /// Starts a server; `None` where the switch says that there is none.
    pub(crate) fn start() -> Option<Self> {
        if std::env::var(SWITCH).is_ok_and(|value| value == "skip") {
            println!("{SWITCH}=skip: nothing is tested on PostgreSQL");
            return None;
        }
        let programs = programs().unwrap_or_else(|| {
            panic!("PostgreSQL is not installed (Debian: apt-get install postgresql); {SWITCH}=skip goes on without")
        });
        let folder = tempfile::tempdir().expect("there is room for a folder");
        open_to_all(folder.path());
        if is_root() {
            chown(folder.path(), Some(NOBODY), Some(NOBODY)).expect("root may give files away");
        }
        let initdb = programs.join("initdb");
        let made = allowed(&initdb)
            .args(["--auth=trust", "--username=docket", "--encoding=UTF8", "--no-locale", "--no-sync"])
            .arg("--pgdata")
            .arg(folder.path().join("data"))
            .output()
            .expect("initdb can be run");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let server = Self {
            process: Mutex::new(run(&programs, folder.path(), &[])),
            folder,
            programs,
            runtime: Runtime::new().expect("there are threads"),
            databases: AtomicU32::new(0),
            port: AtomicU16::new(5432),
        };
        server.wait();
        Some(server)
    }

    /// Stops the server as if it crashed and starts it again, with more settings.
    pub(crate) fn restart(&self, settings: &[&str]) {
        let mut process = self.process.lock().unwrap();
        stop(&mut process);
        *process = run(&self.programs, self.folder.path(), settings);
        drop(process);
        self.wait();
    }

    /// Starts the server again with a certificate for `localhost`, and lets it listen there. Answers with its port
    /// and the file of who vouches for it.
    pub(crate) fn restart_with_tls(&self) -> (u16, PathBuf) {
        let (root, certificate, key) = certificates();
        let file = |name: &str, text: &str| {
            let path = self.folder.path().join(name);
            fs::write(&path, text).expect("there is room for a file");
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("it is our own");
            if is_root() {
                chown(&path, Some(NOBODY), Some(NOBODY)).expect("root may give files away");
            }
            path
        };
        let (root, certificate, key) =
            (file("root.pem", &root), file("server.pem", &certificate), file("server.key", &key));
        let port = std::net::TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr());
        let port = port.expect("some port is free").port();
        self.port.store(port, Ordering::Relaxed);
        self.restart(&[
            "ssl=on",
            "listen_addresses=127.0.0.1",
            &format!("port={port}"),
            &format!("ssl_cert_file={}", certificate.display()),
            &format!("ssl_key_file={}", key.display()),
        ]);
        (port, root)
    }

    fn config(&self, database: &str) -> Config {
        self.address(database).parse().expect("the address is one")
    }

    /// The address of a database.
    pub(crate) fn address(&self, database: &str) -> String {
        let port = self.port.load(Ordering::Relaxed);
        format!("host={} port={port} user=docket dbname={database}", self.folder.path().display())
    }

    fn wait(&self) {
        let config = self.config("postgres");
        let up = |_| {
            let connected = self.runtime.block_on(config.connect(NoTls)).is_ok();
            if !connected {
                std::thread::sleep(Duration::from_millis(50));
            }
            connected
        };
        assert!((0..600).any(up), "the server does not answer: {}", self.log());
    }

    /// What the server has said.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// Runs statements in a database, behind everybody's back.
    pub(crate) fn run(&self, database: &str, sql: &str) {
        let done = self.runtime.block_on(async {
            let (client, connection) = self.config(database).connect(NoTls).await?;
            tokio::spawn(connection);
            client.batch_execute(sql).await
        });
        done.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    }

    /// The name of a new database.
    pub(crate) fn database(&self) -> String {
        let name = format!("case_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        self.run("postgres", &format!("CREATE DATABASE {name}"));
        name
    }

    /// Opens a database.
    pub(crate) fn connect(&self, database: &str) -> Connected {
        let postgres = Postgres::at(&self.address(database)).expect("the address is one");
        postgres.connect(self.runtime.handle()).expect("the database can be opened")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        stop(&mut self.process.lock().unwrap());
    }
}

/// Somebody who vouches, a certificate by him for `localhost`, and its key.
fn certificates() -> (String, String, String) {
    let root_key = KeyPair::generate().expect("there is randomness");
    let mut root = CertificateParams::new(Vec::new()).expect("no names");
    root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let root_certificate = root.self_signed(&root_key).expect("it can sign").pem();
    let root = Issuer::new(root, root_key);
    let key = KeyPair::generate().expect("there is randomness");
    let server = CertificateParams::new(vec!["localhost".to_owned()]).expect("a sound name");
    let certificate = server.signed_by(&key, &root).expect("it can sign").pem();
    (root_certificate, certificate, key.serialize_pem())
}

/// Starts the server under a shell that stops it when nobody holds the other end of its input any
/// more: so it also ends with a test that is killed.
fn run(programs: &Path, folder: &Path, settings: &[&str]) -> Child {
    const GUARD: &str = "\"$@\" & server=$!; read _; kill -QUIT $server; wait $server";
    let log = || fs::File::options().create(true).append(true).open(folder.join("log")).unwrap();
    let mut command = allowed(Path::new("/bin/sh"));
    command.args(["-c", GUARD, "sh"]).arg(programs.join("postgres"));
    command.arg("-D").arg(folder.join("data")).arg("-k").arg(folder);
    let small = ["listen_addresses=", "shared_buffers=32MB", "autovacuum=off", "max_connections=60"];
    for setting in small.iter().chain(settings) {
        command.args(["-c", setting]);
    }
    command.current_dir(folder).stdin(Stdio::piped()).stdout(log()).stderr(log());
    command.spawn().expect("the server can be run")
}

fn stop(process: &mut Child) {
    drop(process.stdin.take());
    process.wait().expect("it is our own");
}

/// A program, run by somebody with whom the server is content: it refuses root.
fn allowed(program: &Path) -> Command {
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args([format!("--reuid={NOBODY}"), format!("--regid={NOBODY}"), "--clear-groups".to_owned()]);
    command.arg(program);
    command
}

/// Where the server's programs are: the newest of those that Debian keeps, or on the path.
fn programs() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut numbered: Vec<_> = versions
        .filter_map(|entry| {
            Some((entry.file_name().to_str()?.parse::<u32>().ok()?, entry.path().join("bin")))
        })
        .collect();
    numbered.sort();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let debian = numbered.into_iter().rev().map(|(_, folder)| folder);
    let mut folders = debian.chain(std::env::split_paths(&path));
    folders.find(|folder| folder.join("initdb").is_file() && folder.join("postgres").is_file())
}
