//! A PostgreSQL server that belongs to one test.

use crate::child::{NOBODY, is_root, open_to_all};
use docket_store::Postgres;
use docket_store::backend::Connected;
use std::fs;
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
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

    fn config(&self, database: &str) -> Config {
        self.address(database).parse().expect("the address is one")
    }

    /// The address of a database.
    pub(crate) fn address(&self, database: &str) -> String {
        format!("host={} user=docket dbname={database}", self.folder.path().display())
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
