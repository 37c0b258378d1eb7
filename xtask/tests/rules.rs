//! The repository keeps its rules, and each rule catches what offends it.

use std::collections::BTreeSet;

use xtask::repository::{self, Repository};
use xtask::rules::{
    Rule, ambient, arrows, dialects, hygiene, links, neutrality, refusals, size, sql, unfinished, writers,
};

/// Fails with every place in this repository that offends the rule.
fn assert_kept(rule: Rule) {
    let repository = Repository::read(repository::root()).expect("git lists the repository");
    let violations: Vec<_> = rule(&repository).iter().map(ToString::to_string).collect();
    assert!(violations.is_empty(), "\n{}\n", violations.join("\n"));
}

/// The places that offend the rule in a repository of these files, as `path:line`.
fn places<const N: usize>(rule: Rule, files: [(&str, &str); N]) -> Vec<String> {
    let violations = rule(&Repository::from_iter(files));
    violations.iter().map(|violation| format!("{}:{}", violation.file, violation.line)).collect()
}

/// What the rule says to a repository of these files.
fn messages<const N: usize>(rule: Rule, files: [(&str, &str); N]) -> Vec<String> {
    rule(&Repository::from_iter(files)).into_iter().map(|violation| violation.message).collect()
}

const NONE: [&str; 0] = [];

// Arrows.

#[test]
fn dependencies_point_down() {
    assert_kept(arrows::check);
}

/// Manifests of two crates, the first with a section of its own.
fn manifests(folder: &str, section: &str) -> Vec<String> {
    let package = |name: &str| format!("[package]\nname = \"docket-{name}\"\n");
    let path = format!("crates/{folder}/Cargo.toml");
    let mut files = vec![
        (
            "Cargo.toml".to_owned(),
            "[workspace.dependencies]\nbooks = { package = \"docket-store\", path = \"crates/store\" }\n"
                .to_owned(),
        ),
        (path, package(folder) + section),
    ];
    for other in ["core", "store", "engine", "api"].into_iter().filter(|other| *other != folder) {
        files.push((format!("crates/{other}/Cargo.toml"), package(other)));
    }
    arrows::check(&Repository::from_iter(files)).into_iter().map(|violation| violation.message).collect()
}

#[test]
fn an_arrow_that_points_up_is_caught() {
    assert_eq!(
        manifests("store", "[dependencies]\ndocket-engine.workspace = true"),
        ["`store` may not depend on `engine`"]
    );
    assert_eq!(
        manifests("core", "[build-dependencies]\ndocket-store = \"1\""),
        ["`core` may not depend on `store`"]
    );
    assert_eq!(manifests("engine", "[dependencies]\ndocket-store.workspace = true"), NONE);
}

#[test]
fn an_arrow_under_another_name_or_for_one_platform_is_caught() {
    let forbidden = ["`api` may not depend on `store`"];
    assert_eq!(manifests("api", "[dependencies]\nbooks.workspace = true"), forbidden);
    assert_eq!(
        manifests("api", "[dependencies]\nx = { package = \"docket-store\", path = \"../store\" }"),
        forbidden
    );
    assert_eq!(manifests("api", "[target.'cfg(unix)'.dependencies]\ndocket-store = \"1\""), forbidden);
}

#[test]
fn only_some_tests_may_reach_further_down() {
    assert_eq!(manifests("api", "[dev-dependencies]\ndocket-store.workspace = true"), NONE);
    assert_eq!(manifests("worker", "[dev-dependencies]\ndocket-core.workspace = true"), NONE);
    assert_eq!(
        manifests("worker", "[dependencies]\ndocket-core.workspace = true"),
        ["`worker` may not depend on `core`"]
    );
    assert_eq!(
        manifests("protocol", "[dev-dependencies]\ndocket-store.workspace = true"),
        ["`protocol` may not depend on `store`"]
    );
    assert_eq!(
        manifests("store", "[dev-dependencies]\ndocket-engine.workspace = true"),
        ["`store` may not depend on `engine`"]
    );
}

#[test]
fn the_core_takes_nothing_new_from_outside() {
    let section =
        "[dependencies]\nsha2 = \"1\"\nserde = \"1\"\n[dev-dependencies]\nproptest = \"1\"\nrand = \"1\"";
    assert_eq!(
        manifests("core", section),
        [
            "the core may not depend on `serde`: its list is closed",
            "the core may not depend on `rand`: its list is closed"
        ]
    );
    assert_eq!(manifests("core", "[dependencies]\nproptest = \"1\"").len(), 1);
}

#[test]
fn heavy_dependencies_have_one_owner() {
    let section = "[dependencies]\ncandle-core = \"1\"\ntokenizers = \"1\"";
    assert_eq!(
        manifests("worker", section),
        ["only `gguf` may depend on `candle-core`", "only `gguf` may depend on `tokenizers`"]
    );
    assert_eq!(manifests("gguf", section), NONE);
    let section = "[dependencies]\nwasmtime = { version = \"1\", optional = true }";
    assert_eq!(manifests("cli", section), ["only `evaluation` may depend on `wasmtime`"]);
    assert_eq!(manifests("evaluation", section), NONE);
}

#[test]
fn a_crate_needs_a_place_and_a_name() {
    assert_eq!(manifests("explorer", ""), ["the crate `explorer` has no place among the arrows"]);
    assert_eq!(
        manifests("test-utils", ""),
        ["`utils` does not say what a crate is for", "the crate `test-utils` has no place among the arrows"]
    );
}

// SQL.

#[test]
fn sql_stands_only_in_the_store() {
    assert_kept(sql::check);
}

#[test]
fn sql_outside_the_store_is_caught() {
    let code = "fn f() {\n    run(\"SELECT 1\");\n    run(r#\"\n  update job\n set x = 1\"#);\n    format!(\"delete from {table}\");\n}";
    let files = [
        ("crates/engine/src/a.rs", code),
        ("crates/store/src/a.rs", code),
        ("crates/api/tests/b.rs", "const A: &str = \"create table job (a)\";"),
        ("docs/schema.sql", ""),
    ];
    assert_eq!(
        places(sql::check, files),
        [
            "docs/schema.sql:0",
            "crates/api/tests/b.rs:1",
            "crates/engine/src/a.rs:2",
            "crates/engine/src/a.rs:3",
            "crates/engine/src/a.rs:6"
        ]
    );
}

#[test]
fn english_methods_and_comments_are_no_sql() {
    let code = "// SELECT 1\n/// DELETE FROM job\nfn f() { (\"DELETE\", \"DELETE /v1/jobs/1\", \"Select a worker.\", \"update the key\") }";
    assert_eq!(places(sql::check, [("crates/api/src/a.rs", code)]), NONE);
}

// Writers.

#[test]
fn every_write_has_one_caller() {
    assert_kept(writers::check);
}

#[test]
fn a_write_outside_the_writers_is_caught() {
    let files = [
        ("crates/store/src/lib.rs", "#[cfg(test)] mod market;"),
        ("crates/store/src/market.rs", "const A: &str = \"DELETE FROM job\";"),
        (
            "crates/store/src/read.rs",
            "const A: &str = \"SELECT a FROM job FOR UPDATE\";\nconst B: &str = \"WITH a AS (delete\nfrom job RETURNING b) SELECT b FROM a\";",
        ),
        ("crates/store/src/sqlite/read.rs", "fn a() { run(\"insert or ignore into job values (1)\") }"),
        ("crates/store/tests/a.rs", "const A: &str = \"UPDATE job SET b = 1\";"),
    ];
    assert_eq!(
        places(writers::check, files),
        ["crates/store/src/read.rs:2", "crates/store/src/sqlite/read.rs:1"]
    );
}

#[test]
fn a_write_with_another_number_of_callers_is_caught() {
    let code = "\
const ONE: &str = \"INSERT INTO job VALUES (1) ON CONFLICT DO UPDATE SET a = 1\";
const TWO: &str = \"UPDATE job SET a = 1\";
const NONE: &str = concat!(\"DELETE FROM job\");
pub(super) const OPEN: &str = \"DELETE FROM job\";
const LIST: [&str; 1] = [\"DELETE FROM leaf\"];
const fn write() { run(ONE); run(TWO); run(TWO); run(OPEN); run(\"DELETE FROM effect\"); }";
    assert_eq!(
        messages(writers::check, [("crates/store/src/sqlite/write.rs", code)]),
        [
            "`TWO` has 2 callers and not one",
            "`NONE` has 0 callers and not one",
            "`OPEN` must be private to its file",
            "`LIST` has 0 callers and not one"
        ]
    );
}

// Dialects.

#[test]
fn the_dialects_look_alike_and_stay_apart() {
    assert_kept(dialects::check);
}

#[test]
fn a_dialect_without_one_of_its_files_is_caught() {
    let files =
        ["mod", "routes", "wire", "errors"].map(|name| (format!("crates/api/src/quotes/{name}.rs"), ""));
    let violations = dialects::check(&Repository::from_iter(files));
    let paths: Vec<_> = violations.iter().map(|violation| violation.file.as_str()).collect();
    assert_eq!(paths, ["crates/api/src/quotes/status.rs"]);
}

#[test]
fn a_file_that_knows_two_dialects_is_caught() {
    let both = "use crate::{quotes, credits};";
    let files = [
        ("crates/api/src/lib.rs", "mod quotes; mod credits; mod router;"),
        ("crates/api/src/router.rs", both),
        ("crates/api/src/serve.rs", both),
        ("crates/api/src/one.rs", "use crate::quotes::wire; fn f(credits: u8) { quotes::f(credits) }"),
        ("crates/api/tests/all.rs", both),
    ];
    assert_eq!(places(dialects::check, files), ["crates/api/src/serve.rs:1"]);
    let folder = ["mod", "routes", "wire", "status", "errors"].map(|name| {
        let code = if name == "wire" { "fn f() {\n crate::agents::wire::g() }" } else { "" };
        (format!("crates/api/src/quotes/{name}.rs"), code)
    });
    let violations = dialects::check(&Repository::from_iter(folder));
    let places: Vec<_> =
        violations.iter().map(|violation| (violation.file.as_str(), violation.line)).collect();
    assert_eq!(places, [("crates/api/src/quotes/wire.rs", 2)]);
}

// Refusals.

#[test]
fn every_refusal_has_a_code_of_its_own_on_the_page() {
    assert_kept(refusals::check);
}

/// A source of refusals with these arms in its `code`.
fn refusals_with(arms: &str) -> String {
    format!(
        "pub enum Refusal {{
    /// The window has closed,
    /// which is final.
    ///
    /// More.
    #[error(\"closed\")]
    Closed,
    #[error(\"not in {{state}} | now\")]
    NotNow {{ state: &'static str }},
}}
impl Refusal {{ pub const fn code(&self) -> &'static str {{ match self {{
{arms}
}} }} }}"
    )
}

#[test]
fn the_page_lists_codes_with_their_meanings() {
    let source =
        refusals_with("Refusal::NotNow { .. } => \"job.not_now\", Self::Closed => \"dispute.closed\",");
    let page =
        refusals::page(&Repository::from_iter([("crates/core/src/refusal.rs", source.as_str())])).unwrap();
    let rows = "\
|---|---|
| `dispute.closed` | The window has closed, which is final. |
| `job.not_now` | Not in `state` \\| now. |
";
    assert!(page.ends_with(rows), "{page}");
    let files = [("crates/core/src/refusal.rs", source.as_str()), ("docs/errors.md", page.as_str())];
    assert_eq!(messages(refusals::check, files), NONE);
}

#[test]
fn a_page_that_is_not_up_to_date_is_caught() {
    let source =
        refusals_with("Refusal::NotNow { .. } => \"job.not_now\", Self::Closed => \"dispute.closed\",");
    let outdated = ["docs/errors.md:0"];
    assert_eq!(places(refusals::check, [("crates/core/src/refusal.rs", source.as_str())]), outdated);
    let files = [("crates/core/src/refusal.rs", source.as_str()), ("docs/errors.md", "| `a.b` | c |")];
    assert_eq!(places(refusals::check, files), outdated);
}

#[test]
fn codes_that_are_not_one_to_one_are_caught() {
    let wrong = [
        ("Self::Closed => \"a.b\",\nSelf::NotNow { .. } => \"a.b\",", "`a.b` stands for two things"),
        ("Self::Closed | Self::NotNow { .. } => \"a.b\",", "each variant needs an arm of its own"),
        ("Self::Closed => \"a.b\", _ => \"a.c\",", "each variant needs an arm of its own"),
        (
            "Self::Closed => \"a.b\", Self::NotNow { .. } => \"Later\",",
            "`Later` is not of the form subject.reason",
        ),
        ("Self::Closed => \"a.b\", Self::NotNow { .. } => other(),", "a code is a literal"),
        ("Self::Closed => \"a.b\",", "`code()` does not name every variant"),
        ("Self::Gone => \"a.b\",", "`Refusal` has no `Gone`"),
    ];
    for (arms, message) in wrong {
        let source = refusals_with(arms);
        assert_eq!(messages(refusals::check, [("crates/core/src/refusal.rs", source.as_str())]), [message]);
    }
}

#[test]
fn a_core_without_refusals_is_caught() {
    assert_eq!(places(refusals::check, [("crates/core/src/lib.rs", "")]), ["crates/core/src/refusal.rs:0"]);
    assert_eq!(
        messages(refusals::check, [("crates/core/src/refusal.rs", "pub enum Other {}")]),
        ["has no `enum Refusal`"]
    );
    assert_eq!(messages(refusals::check, [("docs/README.md", "")]), NONE);
}

// Neutrality.

#[test]
fn the_core_treats_all_dialects_alike() {
    assert_kept(neutrality::check);
}

#[test]
fn a_decision_by_dialect_in_the_core_is_caught() {
    let code = "\
//! Of quotes and credits.
pub enum Dialect { Quotes, Credits }
impl Dialect { fn name(self) -> &'static str { match self { Dialect::Quotes => \"quotes\", Self::Credits => \"credits\" } } }
impl std::fmt::Display for Dialect { fn f() { Dialect::Quotes; } }
fn f(dialect: Dialect) -> u8 { match dialect { Dialect::Quotes => 1, _ => 2 } }
fn g(job: &Job) -> bool {
    matches!(job.dialect, Dialect::Credits)
}
use crate::Dialect as D;
fn h(quotes: u8) { quotes_window() }
fn i(x: impl Copy) -> Dialect { Dialect::Quotes }
#[cfg(test)]
mod tests { fn all() { Dialect::Quotes; let agents = 1; } }
";
    let places =
        places(neutrality::check, [("crates/core/src/job.rs", code), ("crates/api/src/job.rs", code)]);
    let lines: Vec<_> =
        places.iter().map(|place| place.strip_prefix("crates/core/src/job.rs:").unwrap()).collect();
    assert_eq!(lines, ["10", "10", "5", "7", "9", "11"]);
}

// Ambient.

#[test]
fn time_and_randomness_are_arguments() {
    assert_kept(ambient::check);
}

#[test]
fn a_clock_or_randomness_out_of_its_place_is_caught() {
    let names = [
        "std::time::SystemTime::now()",
        "vec![Instant::now()]",
        "Utc::now()",
        "Local::now()",
        "OffsetDateTime::now_utc()",
        "UNIX_EPOCH.elapsed()",
        "rand::random()",
        "fastrand::u8(..)",
        "getrandom::fill(x)",
        "thread_rng()",
        "OsRng",
        "Uuid::new_v4()",
        "Uuid::now_v7()",
    ];
    for name in names {
        let code = format!("// {name}\nfn f() {{ let a = {name}; }}");
        let files = [
            ("crates/core/src/job.rs", code.as_str()),
            ("crates/engine/tests/market.rs", code.as_str()),
            ("crates/engine/src/clock.rs", code.as_str()),
            ("crates/engine/src/entropy.rs", code.as_str()),
            ("crates/engine/benches/execute.rs", code.as_str()),
            ("crates/worker/src/run.rs", code.as_str()),
            ("crates/cli/src/main.rs", code.as_str()),
        ];
        let found = places(ambient::check, files);
        assert_eq!(found, ["crates/core/src/job.rs:2", "crates/engine/tests/market.rs:2"], "{name}");
    }
}

#[test]
fn waiting_is_no_clock() {
    let code = "async fn f(instant: Instant) { tokio::time::sleep(WHILE).await; operand::f() }";
    assert_eq!(places(ambient::check, [("crates/engine/src/outbox.rs", code)]), NONE);
}

// Size.

#[test]
fn no_file_is_long() {
    assert_kept(size::check);
}

#[test]
fn a_long_file_is_caught_and_a_long_test_is_not() {
    let long = "fn f() {}\n".repeat(size::LONGEST + 1);
    let fits =
        long.trim_start_matches("fn f() {}\nfn f() {}\n").to_owned() + "#[cfg(test)]\nmod tests {\n\n\n\n}\n";
    let files = [
        ("crates/core/src/a.rs", long.as_str()),
        ("crates/core/src/b.rs", fits.as_str()),
        ("crates/core/tests/c.rs", long.as_str()),
        ("crates/core/src/d.rs", "fn f( {"),
    ];
    assert_eq!(places(size::check, files), ["crates/core/src/a.rs:0", "crates/core/src/d.rs:0"]);
}

// Unfinished.

#[test]
fn nothing_is_left_for_later() {
    assert_kept(unfinished::check);
}

#[test]
fn stubs_ignored_tests_and_notes_are_caught() {
    // Written in two halves, so that nobody takes them for what they only look like.
    let code = concat!(
        "fn f() {\n    to",
        "do!()\n}\nfn g() { unimple",
        "mented!(\"x\") }\n#[test]\n#[ig",
        "nore = \"slow\"]\nfn h() {}\n#[cfg_attr(x, ig",
        "nore)]\nfn i(ignore: [bool; 2]) { j(&[ignore]) }\n"
    );
    let lines = ["2", "4", "6", "8"].map(|line| format!("crates/core/src/a.rs:{line}"));
    assert_eq!(places(unfinished::check, [("crates/core/src/a.rs", code)]), lines);
    let note = concat!("one\nFIX", "ME: two\nxXX", "X XX", "XX\n// XX", "X\n");
    let files = [("docs/a.md", note), ("sdk/package-lock.json", note)];
    assert_eq!(places(unfinished::check, files), ["docs/a.md:2", "docs/a.md:4"]);
}

// Hygiene.

#[test]
fn the_text_says_nothing_about_machines() {
    assert_kept(hygiene::check);
}

#[test]
fn paths_of_machines_are_caught() {
    let text = concat!("a\nsee /ho", "me/me/x\n\"/ro", "ot\"\npath=/wo", "rk/main\nfile:///ho", "me/x");
    let lines = ["2", "3", "4", "5"].map(|line| format!("docs/a.md:{line}"));
    assert_eq!(places(hygiene::check, [("docs/a.md", text)]), lines);
    let text =
        "docs/home/a\n$DIR\u{2f}work/b\n/rootless\nhttps://example.com\u{2f}work/1\n~\u{2f}work/x\n/homes";
    assert_eq!(places(hygiene::check, [("docs/a.md", text)]), NONE);
}

#[test]
fn addresses_of_registries_are_caught() {
    let text = concat!(
        "https://index.",
        "crates.io/\nregistry",
        "=https://example.com\npip --extra-index",
        "-url x\nreplace",
        "-with = \"x\"\n",
        "https://crates\u{2e}io/crates/axum\nregistry = state.registry()"
    );
    let lines = ["1", "2", "3", "4"].map(|line| format!(".npmrc:{line}"));
    assert_eq!(places(hygiene::check, [(".npmrc", text)]), lines);
}

#[test]
fn lock_files_with_addresses_are_caught() {
    let cargo = "source = \"registry+https://github.com/rust-lang/crates.io-index\"\nsource = \"git+https://example.com/x\"";
    let npm = "{\n  \"resolved\": \"https://example.com/x.tgz\"\n}";
    let files = [("Cargo.lock", cargo), ("sdk/package-lock.json", npm), ("sdk/a.json", npm)];
    assert_eq!(places(hygiene::check, files), ["Cargo.lock:2", "sdk/package-lock.json:2"]);
}

// Links.

#[test]
fn every_link_leads_somewhere() {
    assert_kept(links::check);
}

#[test]
fn links_that_lead_nowhere_are_caught() {
    let page = "\
# One page: it's a start

[good](b.md) [good](../README.md#the-end) ![good](/docs/pictures/a.svg) [good](pictures) [up](#one-page-its-a-start)
[far](https://example.com/x) <a href=\"mailto:a@example.com\">a</a> `[code](none.md)`
[bad](c.md)
[bad](b.md#nowhere)
[bad](../../out.md) [![good](pictures/a.svg)](none)
[bad]: d.md
<img src=\"pictures/b.svg\">
```
[code](none.md)
```
[bad](#two)
";
    let files =
        [("docs/a.md", page), ("docs/b.md", ""), ("docs/pictures/a.svg", ""), ("README.md", "## The end\n")];
    let lines = ["5", "6", "7", "7", "8", "9", "13"].map(|line| format!("docs/a.md:{line}"));
    assert_eq!(places(links::check, files), lines);
}

// All of them.

#[test]
fn no_rule_stands_outside_the_list() {
    let folder = repository::root().join("xtask/src/rules");
    let modules = std::fs::read_dir(folder).unwrap().count() - 1;
    let listed: BTreeSet<usize> = xtask::rules::RULES.iter().map(|rule| *rule as usize).collect();
    assert_eq!(listed.len(), modules);
}
