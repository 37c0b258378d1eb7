//! What needs more time or more jobs than a test over a socket has.

use super::Jobs;
use crate::engine::Engines;
use crate::engine::tasks::Tasks;
use crate::event::Event;
use crate::work::{News, Report};
use docket_protocol::frames::{
    FromWorker, JobAssign, JobComplete, JobPart, MAX_VECTORS_BYTES, decode_from_worker, decode_parted,
};
use docket_protocol::keys::SigningKey;
use std::sync::{Arc, Mutex};
use tokio::sync::mpsc;

const DEADLINE_MS: i64 = 60_000;

struct Desk {
    jobs: Jobs,
    reports: mpsc::Receiver<Report>,
    events: Arc<Mutex<Vec<Event>>>,
}

impl Desk {
    fn new() -> Self {
        let events = Arc::<Mutex<Vec<Event>>>::default();
        let told = events.clone();
        let engines = Arc::new(Engines::new(vec![Arc::new(Tasks)]).unwrap());
        let key = Arc::new(SigningKey::from_seed(&[7; 32]));
        let listener = Arc::new(move |event| told.lock().unwrap().push(event));
        let (jobs, reports) = Jobs::new(key, engines, 4, false, listener);
        Self { jobs, reports, events }
    }

    fn assign(&mut self, job_id: &str, input: &str) {
        self.assign_at(0, job_id, input);
    }

    /// Gives a job that was written at the coordinator's 0 to a worker whose clock shows another time.
    fn assign_at(&mut self, now_ms: i64, job_id: &str, input: &str) {
        let assign = serde_json::json!({
            "job_id": job_id, "job_type": "TASK", "policy": "CHEAP", "privacy_class": "PUBLIC", "user_id": "u",
            "payload": {"job_type": "TASK", "task_type": "extract_json", "input": input},
            "attempt": "1-1", "deadline": docket_protocol::instant::format(DEADLINE_MS),
            "sent_at": docket_protocol::instant::format(0),
            "terms": {"network": "n", "client": "u", "price": "1", "hold": "1", "asset": "USDC",
                "request_hash": docket_protocol::digest::Digest::of(input.as_bytes())},
        });
        let assign: JobAssign = serde_json::from_str(&assign.to_string()).unwrap();
        self.jobs.assign(assign, now_ms);
    }

    async fn finish(&mut self, job_id: &str, input: &str) {
        self.assign(job_id, input);
        let report = self.reports.recv().await.unwrap();
        self.jobs.hear(report, 1);
    }

    /// The completions that are ready now.
    fn completions(&mut self, most: usize) -> Vec<JobComplete> {
        let complete = |frame: String| match decode_from_worker(&frame).unwrap() {
            FromWorker::JobComplete(complete) => *complete,
            other => panic!("{other:?}"),
        };
        self.jobs.next_frames(most).into_iter().map(complete).collect()
    }

    fn dropped(&self) -> Vec<String> {
        let dropped = |event: &Event| match event {
            Event::JobDropped { job_id, .. } => Some(job_id.to_string()),
            _ => None,
        };
        self.events.lock().unwrap().iter().filter_map(dropped).collect()
    }
}

#[tokio::test]
async fn finished_work_that_nobody_judges_is_forgotten_a_minute_after_its_deadline() {
    let mut desk = Desk::new();
    desk.finish("j", "{}").await;
    let due_ms = DEADLINE_MS + 60_000;
    assert_eq!(desk.jobs.next_due_ms(), Some(due_ms));
    desk.jobs.expire(due_ms - 1);
    assert!(!desk.jobs.is_empty());
    desk.jobs.expire(due_ms);
    assert!(desk.jobs.is_empty());
    assert_eq!(desk.dropped(), ["j"]);
    assert_eq!((desk.jobs.running(), desk.jobs.next_due_ms()), (0, None));
}

#[tokio::test]
async fn of_too_much_finished_work_the_oldest_is_forgotten() {
    let mut desk = Desk::new();
    for number in 0..258 {
        desk.finish(&number.to_string(), "{}").await;
    }
    assert_eq!(desk.dropped(), ["0", "1"]);
    desk.assign("runs", "[]");
    let resumable: Vec<_> = desk.jobs.resumable().into_iter().map(|resume| resume.job_id).collect();
    assert_eq!((resumable.len(), &*resumable[0], &*resumable[1]), (256, "runs", "257"));
}

#[tokio::test]
async fn finished_work_is_also_bounded_in_bytes() {
    let mut desk = Desk::new();
    let large = serde_json::value::to_raw_value(&"x".repeat(1 << 20)).unwrap();
    for number in 0..128 {
        desk.assign(&number.to_string(), "{}");
        let mut report = desk.reports.recv().await.unwrap();
        let News::Done(Ok(outcome)) = &mut report.news else { panic!("{report:?}") };
        outcome.output = large.clone();
        desk.jobs.hear(report, 1);
    }
    assert_eq!(desk.dropped(), ["0"]);
    desk.jobs.abandon("the test is over");
    assert_eq!(desk.jobs.kept_bytes, 0);
}

#[tokio::test]
async fn news_of_a_run_that_was_given_up_is_passed_over() {
    let mut desk = Desk::new();
    desk.assign("j", r#"{"a":1}"#);
    let late = desk.reports.recv().await.unwrap();
    desk.assign("j", r#"{"b":2}"#); // another job under the same name
    desk.jobs.hear(late, 1);
    assert_eq!((desk.jobs.running(), desk.jobs.next_frames(9)), (1, vec![]));
    let report = desk.reports.recv().await.unwrap();
    desk.jobs.hear(report, 2);
    let frame = desk.jobs.next_frames(9).remove(0);
    assert!(frame.contains(r#"{"b":2}"#) && !frame.contains(r#"{"a":1}"#), "{frame}");
    assert_eq!(desk.jobs.running(), 0);
}

#[tokio::test]
async fn a_worker_with_a_wrong_clock_has_as_long_as_any_other() {
    for wrong_by in [-86_400_000, 86_400_000] {
        let mut desk = Desk::new();
        desk.assign_at(wrong_by, "j", "[]");
        assert_eq!((desk.jobs.running(), desk.jobs.next_due_ms()), (1, Some(wrong_by + DEADLINE_MS)));
    }
}

fn places(completions: &[JobComplete]) -> Vec<Option<(u64, u64)>> {
    let batch = |complete: &JobComplete| complete.full_batch.as_ref().map(|batch| (batch.index, batch.size));
    completions.iter().map(batch).collect()
}

#[tokio::test]
async fn work_that_is_ready_together_is_signed_at_once_and_stays_signed_so() {
    let mut desk = Desk::new();
    for job_id in ["a", "b", "c"] {
        desk.finish(job_id, "{}").await;
    }
    let together = desk.completions(9);
    assert_eq!(places(&together), [Some((0, 3)), Some((1, 3)), Some((2, 3))]);
    assert!(together.iter().all(|complete| complete.full_signature == together[0].full_signature));
    assert!(desk.completions(9).is_empty());
    desk.finish("d", "{}").await;
    assert_eq!(places(&desk.completions(9)), [None], "nothing waits for more");

    // After a reconnection each is assigned again: what was signed is sent as it was, whoever comes first.
    desk.jobs.detach();
    desk.finish("e", "[]").await;
    assert_eq!(places(&desk.completions(9)), [None]);
    for job_id in ["c", "a"] {
        desk.assign(job_id, "{}");
    }
    let again = desk.completions(9);
    for (again, first) in again.iter().zip([&together[2], &together[0]]) {
        assert_eq!(serde_json::to_string(again).unwrap(), serde_json::to_string(first).unwrap());
    }
    assert_eq!(again.len(), 2);
}

#[tokio::test]
async fn no_more_is_signed_at_once_than_may_be_sent_at_once() {
    let mut desk = Desk::new();
    for job_id in ["a", "b", "c"] {
        desk.finish(job_id, "{}").await;
    }
    assert_eq!(places(&desk.completions(2)), [Some((0, 2)), Some((1, 2))]);
    assert_eq!(places(&desk.completions(2)), [None]);
    assert!(desk.completions(2).is_empty());
}

/// Finishes a job with an output of so many bytes.
async fn finish_with(desk: &mut Desk, job_id: &str, bytes: usize, of_vectors: bool) {
    desk.assign(job_id, "{}");
    desk.jobs.held.get_mut(job_id).unwrap().of_vectors = of_vectors;
    let mut report = desk.reports.recv().await.unwrap();
    let News::Done(Ok(outcome)) = &mut report.news else { panic!("{report:?}") };
    outcome.output = serde_json::value::to_raw_value(&"x".repeat(bytes - 2)).unwrap();
    desk.jobs.hear(report, 1);
}

fn part(desk: &mut Desk) -> Option<JobPart> {
    desk.jobs.next_part().map(|frame| match decode_from_worker(&frame).unwrap() {
        FromWorker::JobPart(part) => part,
        other => panic!("{other:?}"),
    })
}

/// All parts that are left, which are of one job, put together.
fn put_together(desk: &mut Desk) -> JobComplete {
    let mut text = String::new();
    loop {
        let part = part(desk).unwrap();
        text.push_str(&part.text);
        if part.last {
            return decode_parted(&text).unwrap();
        }
    }
}

#[tokio::test]
async fn vectors_that_are_larger_than_a_frame_go_in_parts_one_output_after_the_other() {
    let mut desk = Desk::new();
    finish_with(&mut desk, "large", MAX_VECTORS_BYTES, true).await;
    finish_with(&mut desk, "next", 2 << 20, true).await;
    finish_with(&mut desk, "small", 1 << 10, true).await;
    assert_eq!(desk.completions(9).len(), 1, "what fits into a frame waits for nobody");
    let first = part(&mut desk).unwrap();
    assert_eq!((&*first.job_id, first.seq, first.last), ("large", 0, false));
    desk.finish("meanwhile", "{}").await;
    assert_eq!(desk.completions(9)[0].job_id, "meanwhile");

    // A new connection begins from the front.
    desk.jobs.detach();
    assert!(desk.jobs.next_part().is_none());
    for job_id in ["large", "next"] {
        desk.assign(job_id, "{}");
    }
    assert!(desk.completions(9).is_empty());
    let large = put_together(&mut desk);
    assert_eq!((&*large.job_id, large.output.get().len()), ("large", MAX_VECTORS_BYTES));
    let (full, signature) = (large.full_receipt.unwrap(), large.full_signature.unwrap());
    let key = SigningKey::from_seed(&[7; 32]).public_key();
    assert!(full.is_signed_by(&key, &signature, None));

    // Of what nobody wants any more, the rest is not sent.
    assert_eq!(&*part(&mut desk).unwrap().job_id, "next");
    desk.jobs.drop_job("next", "the test says so");
    assert!(desk.jobs.next_part().is_none());
}

#[tokio::test]
async fn an_output_beyond_its_limit_fails_the_job_and_says_so() {
    for (bytes, of_vectors, limit) in
        [(MAX_VECTORS_BYTES + 1, true, MAX_VECTORS_BYTES), (1 << 20, false, (1 << 20) - (16 << 10))]
    {
        let mut desk = Desk::new();
        finish_with(&mut desk, "j", bytes, of_vectors).await;
        assert_eq!((desk.jobs.next_frames(9), desk.jobs.next_part()), (vec![], None));
        let frame = desk.jobs.next_frames(9).remove(0);
        let Ok(FromWorker::JobFail(fail)) = decode_from_worker(&frame) else { panic!("{frame}") };
        assert_eq!(fail.error, format!("the output cannot be sent: longer than {limit} bytes"));
        assert!(desk.jobs.is_empty());
    }
}
