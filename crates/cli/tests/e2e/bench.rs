//! The load generator drives this very binary, and its figures are of completed jobs.

use crate::process::run;
use serde_json::Value;

fn bench(args: &[&str]) -> Value {
    let folder = tempfile::tempdir().unwrap();
    let place = ["--json", "--folder", folder.path().to_str().unwrap()];
    let (status, output, errors) = run(["bench"].iter().chain(args).chain(&place));
    assert!(status.success(), "{errors}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "nothing is left behind");
    serde_json::from_str(&output).unwrap()
}

#[test]
fn full_lives_are_driven_and_their_receipts_checked() {
    let report = bench(&["--jobs", "100", "--in-flight", "32,1", "--workers", "2", "--stages"]);
    let rounds = report["rounds"].as_array().unwrap();
    let jobs: Vec<_> = rounds.iter().map(|round| round["jobs"].as_u64().unwrap()).collect();
    assert_eq!(jobs, [100, 10]);
    for round in rounds {
        assert!(round["checked"].as_u64() >= Some(1), "{round}");
        assert!(round["result_p50_ms"].as_f64() >= round["commit_p50_ms"].as_f64(), "{round}");
        assert!(round["coordinator"]["cpu_us"].as_f64() > Some(0.0), "{round}");
    }
    assert!(report["bytes_per_job"].as_u64() > Some(0) && report["bare_sync"]["p50_us"].as_f64() > Some(0.0));
    let stages = report["stages"].as_array().unwrap();
    assert!(stages.iter().all(|stage| stage["cpu_us"].as_f64() > Some(0.0)), "{stages:?}");
}

#[test]
fn idle_workers_stay_connected() {
    let report = bench(&["idle", "--workers", "100", "--seconds", "1"]);
    // What a hundred of them add to the memory is less than what an allocator gives back in the meantime.
    assert_eq!(report["workers"], 100);
    assert!(
        report["resident_mib"].as_f64() > Some(1.0) && report["connect_cpu_us"].as_f64() > Some(0.0),
        "{report}"
    );
}

#[test]
fn jobs_that_were_open_at_a_kill_are_found_after_it() {
    let report = bench(&["fill", "--jobs", "40", "--measured", "40", "--open", "40"]);
    let restarts = report["restarts"].as_array().unwrap();
    assert_eq!(restarts.len(), 3);
    assert!(restarts.iter().all(|restart| restart["open"].as_u64() >= Some(40)), "{restarts:?}");
}
