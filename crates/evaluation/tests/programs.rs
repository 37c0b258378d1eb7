//! Programs that judge: what they are given, how they end, and that they end alike every time.
#![cfg(feature = "wasm")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use docket_evaluation::program::{
    ENVIRONMENT, End, Limits, MAX_MODULE_BYTES, MAX_OUTPUT_BYTES, Outcome, Program, ProgramError,
};
use docket_evaluation::{Digest, MAX_DELIVERABLE_BYTES};
use std::path::Path;

/// Imports by their short names, one page of memory, and this.
fn module(imports: &[&str], body: &str) -> Program {
    Program::compile(&binary(imports, body)).unwrap()
}

fn binary(imports: &[&str], body: &str) -> Vec<u8> {
    let imports: String = imports
        .iter()
        .map(|name| {
            let parameters = match *name {
                "proc_exit" => "(param i32)",
                "random_get" => "(param i32 i32) (result i32)",
                "clock_time_get" => "(param i32 i64 i32) (result i32)",
                "fd_close" => "(param i32) (result i32)",
                "sched_yield" => "(result i32)",
                "fd_seek" => "(param i32 i64 i32 i32) (result i32)",
                "fd_fdstat_get" | "fd_prestat_get" | "args_sizes_get" => "(param i32 i32) (result i32)",
                _ => "(param i32 i32 i32 i32) (result i32)",
            };
            format!("(import \"wasi_snapshot_preview1\" \"{name}\" (func ${name} {parameters}))\n")
        })
        .collect();
    wat::parse_str(format!("(module {imports} (memory (export \"memory\") 1) {body})")).unwrap()
}

/// A command of these instructions.
fn start(body: &str) -> String {
    format!("(func (export \"_start\") {body})")
}

fn exited(code: u32) -> End {
    End::Exited { code }
}

fn run(program: &Program, deliverable: &[u8]) -> Outcome {
    program.run(deliverable, Limits::default()).unwrap()
}

fn trapped(body: &str) -> String {
    match run(&module(&[], body), b"").end {
        End::Trapped { why } => why,
        other => panic!("it {other}"),
    }
}

fn fixture(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/evaluation").join(name)
}

#[test]
fn the_binary_example_is_what_its_text_says() {
    let made = wat::parse_file(fixture("escrow.wat")).unwrap();
    if std::env::var_os("UPDATE_FIXTURES").is_some() {
        std::fs::write(fixture("escrow.wasm"), &made).unwrap();
    }
    assert_eq!(std::fs::read(fixture("escrow.wasm")).unwrap(), made);
}

#[test]
fn exit_code_0_passes_and_no_other() {
    let program = Program::compile(&std::fs::read(fixture("escrow.wasm")).unwrap()).unwrap();
    let long = [b"esc ".repeat(3_000), b"eescrow".to_vec()].concat();
    for work in [&b"What is in escrow is held."[..], b"escrow", &long] {
        let outcome = run(&program, work);
        assert!(outcome.passed());
        assert_eq!((outcome.end, outcome.stdout.bytes.as_slice()), (exited(0), &b"the word is there\n"[..]));
    }
    for work in [&b""[..], b"escro", b"escr\now", b"Escrow"] {
        let outcome = run(&program, work);
        assert!(!outcome.passed());
        assert_eq!(
            (outcome.end, outcome.stderr.bytes.as_slice()),
            (exited(1), &b"the word is missing\n"[..])
        );
    }
    let returns = module(&[], &start(""));
    assert!(run(&returns, b"").passed(), "to return is to exit with 0");
    let highest = module(&["proc_exit"], &start("(call $proc_exit (i32.const -1))"));
    assert_eq!(run(&highest, b"").end, exited(u32::MAX));
}

#[test]
fn two_runs_end_alike_down_to_the_fuel() {
    let bytes = std::fs::read(fixture("escrow.wasm")).unwrap();
    let work = b"held in escrow".repeat(100);
    let first = run(&Program::compile(&bytes).unwrap(), &work);
    let program = Program::compile(&bytes).unwrap();
    assert_eq!((run(&program, &work), run(&program, &work)), (first.clone(), first.clone()));
    assert_eq!(first.fuel_used, 1_845, "in {ENVIRONMENT}; if this moves, so must the environment's name");
}

#[test]
fn the_environment_names_the_engine_that_is_compiled_in() {
    let lock = include_str!("../../../Cargo.lock");
    let (_, after) = lock.split_once("name = \"wasmtime\"\nversion = \"").unwrap();
    let (major, _) = after.split_once('.').unwrap();
    assert!(ENVIRONMENT.ends_with(&format!("/wasmtime-{major}")), "{ENVIRONMENT}, and {major} is locked");
}

#[test]
fn an_endless_loop_runs_out_of_fuel() {
    let program = module(&[], &start("(loop $on (br $on))"));
    let limits = Limits { fuel: 100_000, ..Limits::default() };
    let outcome = program.run(b"", limits).unwrap();
    assert_eq!((outcome.end, outcome.fuel_used), (End::OutOfFuel, 100_000));
}

#[test]
fn what_one_instruction_moves_is_paid_by_the_byte() {
    let filled = |body: &str| {
        let program = module(&["random_get", "fd_write"], &start(body));
        program.run(b"", Limits { fuel: 1_000_000, ..Limits::default() }).unwrap()
    };
    let once = "(memory.fill (i32.const 0) (i32.const 7) (i32.const 50000))";
    let paid = filled(once).fuel_used;
    assert!((50_000..50_100).contains(&paid), "{paid}");
    let chance = "(drop (call $random_get (i32.const 0) (i32.const 50000)))";
    let paid = filled(chance).fuel_used;
    assert!((50_000..50_100).contains(&paid), "{paid}");
    for body in
        [once, chance, "(drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))"]
    {
        let buffer = "(i32.store (i32.const 4) (i32.const 60000))";
        assert_eq!(filled(&format!("(loop $on {buffer} {body} (br $on))")).end, End::OutOfFuel, "{body}");
    }
}

#[test]
fn too_much_memory_ends_a_program_and_its_own_bound_does_not() {
    let hog = "(loop $on (drop (memory.grow (i32.const 16))) (br $on))";
    assert_eq!(run(&module(&[], &start(hog)), b"").end, End::OutOfMemory);
    let born_large =
        wat::parse_str("(module (memory (export \"memory\") 2000) (func (export \"_start\")))").unwrap();
    let program = Program::compile(&born_large).unwrap();
    assert_eq!(run(&program, b"").end, End::OutOfMemory);
    let enough = Limits { memory_bytes: 2000 * 65_536, ..Limits::default() };
    assert!(program.run(b"", enough).unwrap().passed());
    let tables = "(table 100001 funcref) (func (export \"_start\"))";
    assert_eq!(run(&module(&[], tables), b"").end, End::OutOfMemory);
    let together = "(table $a 60000 funcref) (table 1 funcref) (func (export \"_start\") \
                    (drop (table.grow 1 (ref.null func) (i32.const 60000))))";
    assert_eq!(run(&module(&[], together), b"").end, End::OutOfMemory);
    let bounded = "(module (import \"wasi_snapshot_preview1\" \"proc_exit\" (func $exit (param i32)))\
        (memory (export \"memory\") 1 2)\
        (func (export \"_start\") (call $exit (i32.sub (i32.const 1) (memory.grow (i32.const 9))))))";
    let program = Program::compile(&wat::parse_str(bounded).unwrap()).unwrap();
    assert_eq!(run(&program, b"").end, exited(2), "it was answered -1");
}

#[test]
fn a_trap_is_no_pass() {
    assert_eq!(trapped(&start("unreachable")), "wasm `unreachable` instruction executed");
    assert_eq!(trapped(&start("(drop (i32.load (i32.const -1)))")), "out of bounds memory access");
    assert_eq!(trapped(&start("(drop (i32.div_u (i32.const 1) (i32.const 0)))")), "integer divide by zero");
    assert_eq!(trapped("(func $f (export \"_start\") (call $f))"), "call stack exhausted");
    let first = "(func $first unreachable) (start $first) (func (export \"_start\"))";
    assert_eq!(trapped(first), "wasm `unreachable` instruction executed", "before it is called");
}

#[test]
fn a_module_that_wants_more_than_there_is_is_refused_by_the_name_of_what_it_wants() {
    let wants = |module: &str, name: &str| ProgramError::UnknownImport {
        module: module.to_owned(),
        name: name.to_owned(),
    };
    let refusal = |text: &str| Program::compile(&wat::parse_str(text).unwrap()).err().unwrap();
    let opens =
        "(module (import \"wasi_snapshot_preview1\" \"path_open\" (func)) (func (export \"_start\")))";
    assert_eq!(refusal(opens), wants("wasi_snapshot_preview1", "path_open"));
    let other = "(module (import \"env\" \"memory\" (memory 1)) (func (export \"_start\")))";
    assert_eq!(refusal(other), wants("env", "memory"));
    let shape = "(module (import \"wasi_snapshot_preview1\" \"fd_read\" (func)) (func (export \"_start\")))";
    assert!(matches!(refusal(shape), ProgramError::NotAModule(why) if why.contains("fd_read")));
}

#[test]
fn what_is_no_command_is_refused() {
    for body in ["", "(func (export \"_initialize\"))", "(func (export \"_start\") (result i32) i32.const 0)"]
    {
        assert_eq!(Program::compile(&binary(&[], body)).err(), Some(ProgramError::NotACommand), "{body}");
    }
    let table = "(table (export \"_start\") 1 funcref)";
    assert_eq!(Program::compile(&binary(&[], table)).err(), Some(ProgramError::NotACommand));
}

#[test]
fn only_the_second_version_of_webassembly_is_run() {
    let refused = |text: &str| {
        let bytes = wat::parse_str(text).unwrap();
        assert!(matches!(Program::compile(&bytes), Err(ProgramError::NotAModule(_))), "{text}");
    };
    refused("(module (memory 1 1 shared) (func (export \"_start\")))");
    refused("(module (memory i64 1) (func (export \"_start\")))");
    refused("(module (memory 1) (memory 1) (func (export \"_start\")))");
    refused("(module (func $f (export \"_start\") (return_call $f)))");
    refused(
        "(module (func (export \"_start\") (drop (f32x4.relaxed_madd \
         (v128.const i32x4 0 0 0 0) (v128.const i32x4 0 0 0 0) (v128.const i32x4 0 0 0 0)))))",
    );
    refused("(module (table 1 externref) (func (export \"_start\")))");
    for bytes in [&b""[..], b"(module)", b"\0asm\x0d\0\x01\0"] {
        assert!(matches!(Program::compile(bytes), Err(ProgramError::NotAModule(_))));
    }
    assert_eq!(Program::compile(&vec![0; MAX_MODULE_BYTES + 1]).err(), Some(ProgramError::ModuleTooLarge));
}

#[test]
fn a_nan_has_one_form() {
    let body = start(
        "(f32.store (i32.const 0) (f32.div (f32.const -0) (f32.const 0)))
         (call $proc_exit (i32.load (i32.const 0)))",
    );
    assert_eq!(run(&module(&["proc_exit"], &body), b"").end, exited(0x7fc0_0000));
}

/// A program that writes what lies from 100 on to its standard output, after these instructions.
fn printing(imports: &[&str], body: &str, length: u32) -> Program {
    let print = format!(
        "(i32.store (i32.const 0) (i32.const 100)) (i32.store (i32.const 4) (i32.const {length}))
         (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))"
    );
    module(&[imports, &["fd_write"]].concat(), &start(&format!("{body} {print}")))
}

#[test]
fn the_clock_stands_and_chance_repeats_for_the_same_work() {
    let time = |clock: u32| {
        let body = format!("(drop (call $clock_time_get (i32.const {clock}) (i64.const 0) (i32.const 100)))");
        run(&printing(&["clock_time_get"], &body, 8), b"").stdout.bytes
    };
    assert_eq!((time(0), time(1)), (946_684_800_000_000_000_u64.to_le_bytes().to_vec(), time(3)));
    assert_eq!(time(4), [0; 8], "there is no such clock");

    let body = "(drop (call $random_get (i32.const 100) (i32.const 1)))
                (drop (call $random_get (i32.const 101) (i32.const 39)))";
    let chance = printing(&["random_get"], body, 40);
    let drawn = run(&chance, b"work").stdout.bytes;
    let other_module = printing(&["random_get"], &format!("nop {body}"), 40);
    assert_eq!(drawn, run(&chance, b"work").stdout.bytes);
    assert_ne!(drawn, run(&chance, b"more").stdout.bytes);
    assert_ne!(drawn, run(&other_module, b"work").stdout.bytes);
    let of = |parts: &[&[u8]]| *Digest::of_parts(parts).as_bytes();
    let seed = of(&[b"docket evaluation chance", chance.digest().as_bytes(), Digest::of(b"work").as_bytes()]);
    let stream = [of(&[&seed, &0_u64.to_be_bytes()]), of(&[&seed, &1_u64.to_be_bytes()])].concat();
    assert_eq!(drawn, &stream[..40], "as it is documented");
}

#[test]
fn outputs_are_kept_up_to_a_bound() {
    let body = start(
        "(local $times i32)
         (i32.store (i32.const 4) (i32.const 60000))
         (loop $on
           (drop (call $fd_write (i32.const 2) (i32.const 0) (i32.const 1) (i32.const 8)))
           (local.set $times (i32.add (local.get $times) (i32.const 1)))
           (br_if $on (i32.lt_u (local.get $times) (i32.const 3))))
         (call $proc_exit (i32.load (i32.const 8)))",
    );
    let outcome = run(&module(&["fd_write", "proc_exit"], &body), b"");
    assert_eq!((outcome.stderr.bytes.len(), outcome.stderr.truncated), (MAX_OUTPUT_BYTES, true));
    assert_eq!((outcome.stdout.bytes.len(), outcome.stdout.truncated), (0, false));
    assert_eq!(outcome.end, exited(60_000), "it is told that all was written");
}

#[test]
fn a_call_that_cannot_be_is_answered_with_an_error_number() {
    let number = |imports: &[&str], call: &str| {
        let imports = [imports, &["proc_exit"]].concat();
        match run(&module(&imports, &start(&format!("(call $proc_exit {call})"))), b"work").end {
            End::Exited { code } => code,
            other => panic!("{call}: it {other}"),
        }
    };
    let (bad, fault, invalid, no_seek) = (8, 21, 28, 70);
    let read = |arguments: &str| number(&["fd_read"], &format!("(call $fd_read {arguments})"));
    let write = |arguments: &str| number(&["fd_write"], &format!("(call $fd_write {arguments})"));
    assert_eq!(read("(i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)"), bad);
    assert_eq!(write("(i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)"), bad);
    assert_eq!(write("(i32.const 3) (i32.const 0) (i32.const 1) (i32.const 8)"), bad);
    assert_eq!(read("(i32.const 0) (i32.const -1) (i32.const 1) (i32.const 8)"), fault);
    assert_eq!(read("(i32.const 0) (i32.const 0) (i32.const 1) (i32.const -2)"), fault);
    assert_eq!(read("(i32.const 0) (i32.const 0) (i32.const 1025) (i32.const 8)"), invalid);
    assert_eq!(read("(i32.const 0) (i32.const 0) (i32.const -1) (i32.const 8)"), invalid);
    assert_eq!(read("(i32.const 0) (i32.const 0) (i32.const 0) (i32.const 8)"), 0);
    let seek = "(call $fd_seek (i32.const 0) (i64.const 0) (i32.const 0) (i32.const 8))";
    assert_eq!(number(&["fd_seek"], seek), no_seek);
    assert_eq!(number(&["fd_seek"], &seek.replacen("const 0", "const 9", 1)), bad);
    assert_eq!(number(&["fd_close"], "(call $fd_close (i32.const 2))"), 0);
    assert_eq!(number(&["fd_close"], "(call $fd_close (i32.const 3))"), bad);
    assert_eq!(number(&["fd_prestat_get"], "(call $fd_prestat_get (i32.const 3) (i32.const 0))"), bad);
    assert_eq!(number(&["fd_fdstat_get"], "(call $fd_fdstat_get (i32.const 0) (i32.const -9))"), fault);
    assert_eq!(number(&["random_get"], "(call $random_get (i32.const -9) (i32.const 10))"), fault);
    assert_eq!(number(&["args_sizes_get"], "(call $args_sizes_get (i32.const 0) (i32.const 4))"), 0);
    assert_eq!(number(&["sched_yield"], "(call $sched_yield)"), 0);
    let blind = "(module (import \"wasi_snapshot_preview1\" \"random_get\" (func $r (param i32 i32) (result i32)))\
                 (func (export \"_start\") (if (i32.ne (call $r (i32.const 0) (i32.const 1)) (i32.const 21)) \
                 (then unreachable))))";
    assert!(
        run(&Program::compile(&wat::parse_str(blind).unwrap()).unwrap(), b"").passed(),
        "without a memory"
    );
}

#[test]
fn limits_and_deliverables_are_bounded() {
    let program = module(&[], &start(""));
    let fuel = |fuel| program.run(b"", Limits { fuel, ..Limits::default() }).err();
    let memory = |memory_bytes| program.run(b"", Limits { memory_bytes, ..Limits::default() }).err();
    for refused in [fuel(0), fuel(u64::MAX), memory(0), memory((1 << 30) + 1)] {
        assert_eq!(refused, Some(ProgramError::Limits));
    }
    let large = vec![0; MAX_DELIVERABLE_BYTES + 1];
    assert_eq!(program.run(&large, Limits::default()).err(), Some(ProgramError::DeliverableTooLarge));
}
