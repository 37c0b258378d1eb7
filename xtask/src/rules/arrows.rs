//! Which crate may depend on which, and which may pull in what from outside.

use std::collections::BTreeMap;

use toml::{Table, Value};

use super::Violation;
use crate::repository::{File, Repository};

const RULE: &str = "arrows";

/// What each crate's program may use of ours. A crate that is not listed here may not exist.
const ARROWS: [(&str, &[&str]); 13] = [
    ("core", &[]),
    ("protocol", &["core"]),
    ("attestation", &["core", "protocol"]),
    ("enclave", &["core", "protocol", "attestation"]),
    ("store", &["core"]),
    ("settlement", &["core"]),
    ("engine", &["core", "store", "settlement", "protocol", "attestation"]),
    ("api", &["core", "engine", "protocol", "attestation", "enclave"]),
    ("evaluation", &[]),
    ("gguf", &[]),
    ("worker", &["protocol", "gguf"]),
    (
        "cli",
        &[
            "core",
            "protocol",
            "store",
            "settlement",
            "engine",
            "api",
            "enclave",
            "evaluation",
            "gguf",
            "worker",
        ],
    ),
    ("xtask", &[]),
];

/// Crates whose tests may use everything below them.
const TEST_ANYTHING_BELOW: [&str; 5] = ["store", "engine", "api", "worker", "cli"];

/// All that the core may use from outside.
const CORE_USES: [&str; 2] = ["sha2", "thiserror"];
/// All that the core's tests may use besides.
const CORE_TESTS_USE: [&str; 1] = ["proptest"];

/// Heavy dependencies, each with the only crate that may have it. `*` stands for any ending.
const HELD_OFF: [(&str, &str); 4] =
    [("candle*", "gguf"), ("tokenizers", "gguf"), ("wasmtime*", "evaluation"), ("dcap-qvl", "attestation")];

/// Names that do not say what a crate is for.
const EMPTY_NAMES: [&str; 6] = ["common", "shared", "utils", "util", "helpers", "misc"];

/// Checks the manifests of all crates.
pub fn check(repository: &Repository) -> Vec<Violation> {
    let mut violations = vec![];
    let manifests: Vec<Manifest<'_>> = repository
        .files()
        .filter_map(|file| Some((file, folder(&file.path)?)))
        .filter_map(|(file, folder)| match file.text.parse() {
            Ok(table) => Some(Manifest { file, folder, table }),
            Err(error) => {
                violations.push(Violation::new(RULE, &file.path, 0, format!("cannot be read: {error}")));
                None
            }
        })
        .collect();
    let shared: Table = match repository.file("Cargo.toml").map(|root| root.text.parse::<Table>()) {
        Some(Ok(root)) => subtable(&root, &["workspace", "dependencies"]).cloned().unwrap_or_default(),
        Some(Err(error)) => {
            violations.push(Violation::new(RULE, "Cargo.toml", 0, format!("cannot be read: {error}")));
            return violations;
        }
        None => Table::new(),
    };
    let ours: BTreeMap<&str, &str> =
        manifests.iter().filter_map(|manifest| Some((manifest.package()?, manifest.folder))).collect();
    for manifest in &manifests {
        violations.extend(manifest.violations(&ours, &shared));
    }
    violations
}

/// The short name of the crate whose manifest this is.
fn folder(path: &str) -> Option<&str> {
    match path.strip_suffix("/Cargo.toml")? {
        "xtask" => Some("xtask"),
        folder => folder.strip_prefix("crates/"),
    }
}

struct Manifest<'a> {
    file: &'a File,
    folder: &'a str,
    table: Table,
}

/// What a dependency is there for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Use {
    Program,
    Tests,
    Build,
}

impl Manifest<'_> {
    fn package(&self) -> Option<&str> {
        subtable(&self.table, &["package"])?.get("name")?.as_str()
    }

    fn violations(&self, ours: &BTreeMap<&str, &str>, shared: &Table) -> Vec<Violation> {
        let says = |message| Violation::new(RULE, &self.file.path, 0, message);
        let words = self
            .folder
            .split(['-', '_', '/'])
            .chain(self.package().into_iter().flat_map(|name| name.split(['-', '_'])));
        let mut violations: Vec<_> = words
            .filter(|word| EMPTY_NAMES.contains(word))
            .take(1)
            .map(|word| says(format!("`{word}` does not say what a crate is for")))
            .collect();
        let Some((_, arrows)) = ARROWS.iter().find(|(name, _)| *name == self.folder) else {
            violations.push(says(format!("the crate `{}` has no place among the arrows", self.folder)));
            return violations;
        };
        for (usage, name) in self.dependencies(shared) {
            let complaint = match ours.get(name.as_str()) {
                Some(other) if usage == Use::Tests && tests_may_use(self.folder, other) => None,
                Some(other) if arrows.contains(other) => None,
                Some(other) => Some(format!("`{}` may not depend on `{other}`", self.folder)),
                None => self.outside(usage, &name),
            };
            violations.extend(complaint.map(says));
        }
        violations
    }

    fn outside(&self, usage: Use, name: &str) -> Option<String> {
        if self.folder == "core" {
            let allowed = match usage {
                Use::Program => CORE_USES.contains(&name),
                Use::Tests => CORE_USES.contains(&name) || CORE_TESTS_USE.contains(&name),
                Use::Build => false,
            };
            return (!allowed).then(|| format!("the core may not depend on `{name}`: its list is closed"));
        }
        let is = |pattern: &str| match pattern.strip_suffix('*') {
            Some(start) => name.starts_with(start),
            None => name == pattern,
        };
        let (_, owner) = HELD_OFF.iter().find(|(pattern, owner)| is(pattern) && *owner != self.folder)?;
        Some(format!("only `{owner}` may depend on `{name}`"))
    }

    /// Every dependency by its package's name, those for one platform included.
    fn dependencies(&self, shared: &Table) -> Vec<(Use, String)> {
        let platforms = subtable(&self.table, &["target"]).into_iter().flat_map(Table::values);
        let places = platforms.filter_map(Value::as_table).chain([&self.table]);
        let mut found = vec![];
        for place in places {
            for (key, usage) in [
                ("dependencies", Use::Program),
                ("dev-dependencies", Use::Tests),
                ("build-dependencies", Use::Build),
            ] {
                let listed = subtable(place, &[key]).into_iter().flatten();
                found.extend(listed.map(|(name, value)| (usage, package_name(name, value, shared))));
            }
        }
        found
    }
}

/// The package behind a dependency's key, which the manifest or the workspace may have renamed.
fn package_name(key: &str, value: &Value, shared: &Table) -> String {
    let renamed = |value: &Value| Some(value.as_table()?.get("package")?.as_str()?.to_owned());
    let from_workspace = value.get("workspace").and_then(Value::as_bool) == Some(true);
    renamed(value)
        .or_else(|| shared.get(key).filter(|_| from_workspace).and_then(renamed))
        .unwrap_or_else(|| key.to_owned())
}

/// A crate's tests may switch on its own features, and some may use all that stands below.
fn tests_may_use(folder: &str, other: &str) -> bool {
    folder == other || (TEST_ANYTHING_BELOW.contains(&folder) && stands_below(other, folder))
}

fn stands_below(other: &str, folder: &str) -> bool {
    ARROWS
        .iter()
        .filter(|(name, _)| *name == folder)
        .flat_map(|(_, arrows)| *arrows)
        .any(|next| *next == other || stands_below(other, next))
}

fn subtable<'a>(table: &'a Table, path: &[&str]) -> Option<&'a Table> {
    path.iter().try_fold(table, |table, key| table.get(*key)?.as_table())
}
