//! Delivered work is judged: by models behind scripted servers, by a program, and by both.

use crate::process::{Docket, docket, free_port, run};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use tempfile::TempDir;

const WORK: &str = "What is held in escrow is nobody's until the work is judged.";

/// The key that came with a question, and the question.
type Question = (Option<String>, Value);

/// A server that gives one answer after another, the last one for ever, and remembers what it was asked.
#[derive(Clone)]
struct Model {
    url: String,
    answers: Arc<Vec<(StatusCode, String)>>,
    asked: Arc<Mutex<Vec<Question>>>,
}

impl Model {
    async fn start(answers: &[(StatusCode, &str)]) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let answers = answers.iter().map(|(status, text)| (*status, (*text).to_owned())).collect();
        let model = Self {
            url: format!("http://{}", listener.local_addr().unwrap()),
            answers: Arc::new(answers),
            asked: Arc::default(),
        };
        let routes = Router::new().route("/v1/chat/completions", post(answer)).with_state(model.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await });
        model
    }

    /// One that always says this.
    async fn saying(text: &str) -> Self {
        Self::start(&[(StatusCode::OK, text)]).await
    }

    /// One that scores clear and true like this.
    async fn scoring(clear: u8, truth: u8) -> Self {
        Self::saying(&json!({"clear": clear, "true": truth}).to_string()).await
    }

    async fn broken() -> Self {
        Self::start(&[(StatusCode::INTERNAL_SERVER_ERROR, "")]).await
    }

    fn asked(&self) -> Vec<Question> {
        self.asked.lock().unwrap().clone()
    }
}

async fn answer(State(model): State<Model>, headers: HeaderMap, Json(body): Json<Value>) -> Response {
    let key = headers.get(header::AUTHORIZATION).map(|key| key.to_str().unwrap().to_owned());
    let (status, text) = {
        let mut asked = model.asked.lock().unwrap();
        asked.push((key, body));
        model.answers.get(asked.len() - 1).or(model.answers.last()).cloned().unwrap()
    };
    if status == StatusCode::TEMPORARY_REDIRECT {
        return (status, [(header::LOCATION, text)]).into_response();
    }
    (status, Json(completion(&text))).into_response()
}

fn completion(text: &str) -> Value {
    json!({
        "id": "c", "object": "chat.completion", "created": 1, "model": "m",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 9, "completion_tokens": 9, "total_tokens": 18},
    })
}

/// Work, and a rubric under which clear counts 60, true 40, and 70 points pass.
struct Desk {
    folder: TempDir,
}

impl Desk {
    fn new() -> Self {
        let desk = Self { folder: tempfile::tempdir().unwrap() };
        std::fs::write(desk.path("work.txt"), WORK).unwrap();
        let dimension =
            |name, weight| json!({"name": name, "description": format!("Is it {name}?"), "weight": weight});
        let rubric = json!({
            "pass": 70, "program_weight": 40, "dimensions": [dimension("clear", 60), dimension("true", 40)],
        });
        std::fs::write(desk.path("rubric.json"), rubric.to_string()).unwrap();
        desk
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        self.path(name).to_str().unwrap().to_owned()
    }

    /// Judges by the rubric; answers with exit code, output and errors.
    fn by_rubric(&self, models: &[&Model], more: &[&str]) -> (i32, String, String) {
        let mut args = vec!["evaluate".to_owned(), "rubric".to_owned()];
        args.extend(self.of_rubric(models));
        args.extend(more.iter().map(|arg| (*arg).to_owned()));
        finish(&args)
    }

    fn of_rubric(&self, models: &[&Model]) -> Vec<String> {
        let mut args = vec!["--rubric".to_owned(), self.text("rubric.json")];
        args.extend(["--deliverable".to_owned(), self.text("work.txt")]);
        for (place, model) in models.iter().enumerate() {
            args.extend(["--base-url".to_owned(), model.url.clone()]);
            args.extend(["--model".to_owned(), format!("m{}", place + 1)]);
        }
        args
    }
}

fn finish<I: AsRef<std::ffi::OsStr>>(args: impl IntoIterator<Item = I>) -> (i32, String, String) {
    let (status, output, errors) = run(args);
    (status.code().unwrap(), output, errors)
}

fn escrow() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/evaluation/escrow.wasm");
    path.to_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_models_judge_and_the_one_in_the_middle_counts() {
    let desk = Desk::new();
    let (low, high) = (Model::scoring(70, 50).await, Model::scoring(90, 100).await);
    let fenced = Model::saying("```json\n{\"clear\": 80, \"true\": 60}\n```").await;
    let (code, output, errors) = desk.by_rubric(&[&low, &high, &fenced], &["--json"]);
    assert_eq!((code, errors.as_str()), (0, ""));
    assert_eq!(output.lines().count(), 1, "one line for a program: {output}");
    let report: Value = serde_json::from_str(&output).unwrap();
    let scored = |model, scores: [u8; 2]| json!({"model": model, "asked": 1, "scores": scores});
    let expected = json!({
        "strategy": "rubric",
        "deliverable": report["deliverable"],
        "rubric": report["rubric"],
        "pass": 70,
        "dimensions": [
            {"name": "clear", "weight": 60, "median": 80, "spread_hundredths": 816, "flagged": false},
            {"name": "true", "weight": 40, "median": 60, "spread_hundredths": 2160, "flagged": true},
        ],
        "score_hundredths": 7200,
        "passed": true,
        "borderline": true,
        "models": [scored("m1", [70, 50]), scored("m2", [90, 100]), scored("m3", [80, 60])],
    });
    assert_eq!(report, expected);

    let (code, output, _) = desk.by_rubric(&[&low, &high, &fenced], &[]);
    let hash = |name: &str| report[name].as_str().unwrap().to_owned();
    let words = format!(
        "passed: 72.00 points by the rubric, 70 suffice; borderline: the models disagree\n  \
           rubric       {}\n  deliverable  {}\n  \
           clear  weight  60  median  80  spread  8.16\n  \
           true   weight  40  median  60  spread 21.60  disagreed\n  \
           the models:\n    m1  70, 50\n    m2  90, 100\n    m3  80, 60\n",
        hash("rubric"),
        hash("deliverable")
    );
    assert_eq!((code, output), (0, words));

    let (key, body) = &low.asked()[0];
    assert_eq!((key, &body["model"], &body["temperature"]), (&None, &json!("m1"), &json!(0)));
    let roles: Vec<_> = body["messages"].as_array().unwrap().iter().map(|message| &message["role"]).collect();
    assert_eq!(roles, ["system", "user"]);
    let question = body["messages"][1]["content"].as_str().unwrap();
    assert!(question.contains(&format!("WORK {} -----\n{WORK}\n-----", hash("deliverable"))), "{question}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn work_below_the_pass_mark_fails_with_1() {
    let desk = Desk::new();
    let models = [Model::scoring(69, 70).await, Model::scoring(69, 70).await, Model::scoring(100, 100).await];
    let (code, output, errors) = desk.by_rubric(&models.each_ref(), &[]);
    assert_eq!((code, errors.as_str()), (1, ""));
    assert!(output.starts_with("failed: 69.40 points by the rubric, 70 suffice\n"), "{output}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_model_of_four_may_fail_and_of_three_none() {
    let desk = Desk::new();
    let good = [Model::scoring(80, 80).await, Model::scoring(70, 70).await, Model::scoring(90, 90).await];
    let gone = Model { url: format!("http://127.0.0.1:{}", free_port()), ..Model::broken().await };
    let chatty = Model::saying("I think that it deserves a good score.").await;
    for (silent, why) in [
        (Model::broken().await, "did not answer: 500"),
        (chatty, "gave a reply that cannot be used: it is not one JSON object"),
        (Model::start(&[(StatusCode::TEMPORARY_REDIRECT, &good[0].url)]).await, "did not answer: 307"),
        (gone.clone(), "did not answer: "),
    ] {
        let (code, output, errors) = desk.by_rubric(&[&good[0], &silent, &good[1]], &["--json"]);
        assert_eq!((code, output.as_str()), (2, ""), "{errors}");
        let words = "docket: 2 models have given a usable opinion, and a judgement needs 3\n  m2  ";
        assert!(errors.starts_with(&format!("{words}{why}")), "{errors}");
        if silent.url != gone.url {
            assert_eq!(silent.asked().len(), 2, "it was asked again, once");
        }

        let all = [&good[0], &silent, &good[1], &good[2]];
        let (code, output, errors) = desk.by_rubric(&all, &["--json"]);
        assert_eq!((code, errors.as_str()), (0, ""));
        let report: Value = serde_json::from_str(&output).unwrap();
        assert_eq!((&report["score_hundredths"], &report["borderline"]), (&json!(8_000), &json!(false)));
        let voice = &report["models"][1];
        assert_eq!((&voice["asked"], &voice["scores"]), (&json!(2), &Value::Null));
        assert!(voice["silence"].as_str().unwrap().starts_with(why), "{voice}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_model_that_finds_its_words_when_it_is_asked_again_counts() {
    let desk = Desk::new();
    let scores = r#"{"clear": 80, "true": 80}"#;
    let late =
        Model::start(&[(StatusCode::OK, r#"{"clear": 80, "true": "much"}"#), (StatusCode::OK, scores)]).await;
    let back = Model::start(&[(StatusCode::SERVICE_UNAVAILABLE, ""), (StatusCode::OK, scores)]).await;
    let models = [&late, &back, &Model::saying(scores).await];
    let (code, output, errors) = desk.by_rubric(&models, &["--json"]);
    assert_eq!(code, 0, "{errors}");
    let report: Value = serde_json::from_str(&output).unwrap();
    let asked: Vec<_> = (0..3).map(|place| &report["models"][place]["asked"]).collect();
    assert_eq!(asked, [2, 2, 1]);
    let again = late.asked()[1].1["messages"][1]["content"].as_str().unwrap().to_owned();
    assert!(again.ends_with("whole numbers from 0 to 100."), "{again}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_goes_to_the_server_for_which_it_was_given() {
    let desk = Desk::new();
    std::fs::write(desk.path("first.key"), "sk-first\n").unwrap();
    let models = [Model::scoring(80, 80).await, Model::scoring(80, 80).await, Model::scoring(80, 80).await];
    let key = desk.text("first.key");
    let mut command = docket(["evaluate", "rubric", "--key-file", &key]);
    command.args(desk.of_rubric(&models.each_ref())).env("DOCKET_EVALUATE_KEY", "sk-any");
    assert!(command.output().unwrap().status.success());
    let keys: Vec<_> = models.iter().map(|model| model.asked()[0].0.clone()).collect();
    assert_eq!(keys, [Some("Bearer sk-first".to_owned()), None, None]);

    let alone = Model::scoring(80, 80).await;
    let mut command = docket(["evaluate", "rubric", "--base-url", &alone.url]);
    command.args(["--rubric", &desk.text("rubric.json"), "--deliverable", &desk.text("work.txt")]);
    command.args(["--model", "a", "--model", "b", "--model", "c"]).env("DOCKET_EVALUATE_KEY", "sk-any");
    assert!(command.output().unwrap().status.success());
    let asked = alone.asked();
    assert!(asked.iter().all(|(key, _)| key.as_deref() == Some("Bearer sk-any")), "{asked:?}");
    let mut names: Vec<_> = asked.iter().map(|(_, body)| body["model"].as_str().unwrap()).collect();
    names.sort_unstable();
    assert_eq!(names, ["a", "b", "c"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_judged_ends_with_2_before_anybody_is_asked() {
    let desk = Desk::new();
    let models = [Model::scoring(80, 80).await, Model::scoring(80, 80).await, Model::scoring(80, 80).await];
    let other = format!("0x{}", "0".repeat(64));
    let refused = |models: &[&Model], more: &[&str], why: &str| {
        let (code, output, errors) = desk.by_rubric(models, more);
        assert_eq!((code, output.as_str()), (2, ""), "{errors}");
        assert!(errors.starts_with("docket: ") && errors.contains(why), "{errors}");
    };
    let all = models.each_ref();
    refused(&all[..2], &[], "a panel has 3 to 15 models");
    refused(&all, &["--model", "m1", "--base-url", &models[0].url], "`m1` is named twice");
    refused(&all, &["--base-url", &models[0].url], "or once for each --model");
    refused(&all, &["--expect-rubric", &other], "was expected");
    refused(&all, &["--expect-deliverable", &other], "was expected");
    std::fs::write(desk.path("work.txt"), b"\xff").unwrap();
    refused(&all, &[], "models are shown UTF-8 text");
    std::fs::write(desk.path("rubric.json"), "{}").unwrap();
    refused(&all, &[], "this is no rubric");
    std::fs::remove_file(desk.path("work.txt")).unwrap();
    refused(&all, &[], "work.txt");
    assert!(models.iter().all(|model| model.asked().is_empty()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_models_may_be_those_of_the_market() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let upstream = format!("http://{}/v1", listener.local_addr().unwrap());
    let models = || async {
        let model = |id| json!({"id": id, "object": "model"});
        Json(json!({"object": "list", "data": [model("high"), model("low"), model("middle")]}))
    };
    let answer = async |Json(asked): Json<Value>| {
        let score = match asked["model"].as_str().unwrap() {
            "high" => 90,
            "low" => 40,
            _ => 75,
        };
        Json(completion(&json!({"clear": score, "true": score}).to_string()))
    };
    let routes = Router::new().route("/v1/models", get(models)).route("/v1/chat/completions", post(answer));
    tokio::spawn(async move { axum::serve(listener, routes).await });

    let desk = Desk::new();
    let data = desk.text("data");
    let engines = ["high", "low", "middle"].map(|model| format!("openai:{upstream}#{model}"));
    let engines: Vec<_> = engines.iter().flat_map(|engine| ["--engine", engine]).collect();
    let (_up, ready) = Docket::up_with(&[&["--data", &data], &engines[..]].concat());
    let key = format!("{data}/api.key");
    let (code, output, errors) = finish([
        "evaluate",
        "rubric",
        "--json",
        "--key-file",
        &key,
        "--base-url",
        ready["url"].as_str().unwrap(),
        "--rubric",
        &desk.text("rubric.json"),
        "--deliverable",
        &desk.text("work.txt"),
        "--model",
        "high",
        "--model",
        "low",
        "--model",
        "middle",
    ]);
    assert_eq!((code, errors.as_str()), (0, ""));
    let report: Value = serde_json::from_str(&output).unwrap();
    assert_eq!((&report["score_hundredths"], &report["borderline"]), (&json!(7_500), &json!(true)));
}

#[cfg(not(feature = "wasm"))]
#[test]
fn without_a_compiler_it_is_said_how_to_get_one() {
    let desk = Desk::new();
    let work = desk.text("work.txt");
    let (code, output, errors) =
        finish(["evaluate", "program", "--module", &escrow(), "--deliverable", &work]);
    assert_eq!((code, output.as_str()), (2, ""));
    assert!(errors.contains("cargo build --features wasm"), "{errors}");
}

#[cfg(feature = "wasm")]
mod programs {
    use super::*;

    fn by_program(work: &str, more: &[&str]) -> (i32, String, String) {
        finish([&["evaluate", "program", "--module", &escrow(), "--deliverable", work], more].concat())
    }

    #[test]
    fn a_program_judges_and_anybody_comes_to_the_same_verdict() {
        let desk = Desk::new();
        let work = desk.text("work.txt");
        let (code, output, errors) = by_program(&work, &["--json"]);
        assert_eq!((code, errors.as_str()), (0, ""));
        let report: Value = serde_json::from_str(&output).unwrap();
        let expected = json!({
            "strategy": "program",
            "passed": true,
            "deliverable": report["deliverable"],
            "module": report["module"],
            "environment": "docket-1/wasmtime-48",
            "end": "exited",
            "code": 0,
            "fuel_used": report["fuel_used"],
            "fuel": 1_000_000_000,
            "memory_bytes": 67_108_864,
            "stdout": {"text": "the word is there\n", "truncated": false},
            "stderr": {"text": "", "truncated": false},
        });
        assert_eq!(report, expected);
        let hash = |name: &str| report[name].as_str().unwrap().to_owned();
        let again = ["--json", "--expect", &hash("module"), "--expect-deliverable", &hash("deliverable")];
        assert_eq!(by_program(&work, &again).1, output);

        let (code, words, _) = by_program(&work, &[]);
        let expected = format!(
            "passed: the program exited with 0\n  module       {}\n  deliverable  {}\n  \
               fuel         {} of 1000000000\n  memory       at most 67108864 bytes\n  \
               environment  docket-1/wasmtime-48\n  its output:\n    the word is there\n",
            hash("module"),
            hash("deliverable"),
            report["fuel_used"]
        );
        assert_eq!((code, words), (0, expected));
    }

    #[test]
    fn work_that_fails_ends_with_1_and_what_cannot_be_run_with_2() {
        let desk = Desk::new();
        std::fs::write(desk.path("poor.txt"), "nothing of that").unwrap();
        let (poor, work) = (desk.text("poor.txt"), desk.text("work.txt"));
        let (code, output, _) = by_program(&poor, &[]);
        assert_eq!(code, 1);
        assert!(output.starts_with("failed: the program exited with 1\n"), "{output}");
        assert!(output.ends_with("  its errors:\n    the word is missing\n"), "{output}");
        let (code, output, _) = by_program(&work, &["--fuel", "50"]);
        assert_eq!((code, output.lines().next()), (1, Some("failed: the program ran out of fuel")));
        let (code, output, _) = by_program(&work, &["--memory", "65535"]);
        assert!(code == 1 && output.contains("more memory than it may have"), "{output}");

        let other = format!("0x{}", "0".repeat(64));
        for (more, why) in [(["--expect", &other], "was expected"), (["--fuel", "0"], "fuel goes from 1")] {
            let (code, output, errors) = by_program(&work, &more);
            assert_eq!((code, output.as_str()), (2, ""));
            assert!(errors.contains(why), "{errors}");
        }
        let (code, _, errors) = finish(["evaluate", "program", "--module", &work, "--deliverable", &work]);
        assert!(code == 2 && errors.contains("this is no module that can be run"), "{errors}");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_program_and_models_judge_together() {
        let desk = Desk::new();
        let models =
            [Model::scoring(50, 50).await, Model::scoring(50, 50).await, Model::scoring(60, 60).await];
        let judge = |more: &[&str]| {
            let mut args = vec!["evaluate".to_owned(), "hybrid".to_owned()];
            args.extend(["--module".to_owned(), escrow()]);
            args.extend(desk.of_rubric(&models.each_ref()));
            args.extend(more.iter().map(|arg| (*arg).to_owned()));
            finish(&args)
        };
        let (code, output, errors) = judge(&["--json"]);
        assert_eq!((code, errors.as_str()), (0, ""));
        let report: Value = serde_json::from_str(&output).unwrap();
        let of = |name: &str| report[name].clone();
        let verdict = ["strategy", "program_weight", "program_passed", "score_hundredths", "passed"].map(of);
        assert_eq!(verdict, [json!("hybrid"), json!(40), json!(true), json!(7_000), json!(true)]);
        assert_eq!((&report["program"]["code"], &report["rubric"]["passed"]), (&json!(0), &json!(false)));

        std::fs::write(desk.path("work.txt"), "nothing of that").unwrap();
        let (code, output, _) = judge(&[]);
        assert_eq!(code, 1);
        let begins = "failed: 30.00 points, 70 suffice\n  the program counts for 40 of 100\n\
                      failed: the program exited with 1\n";
        assert!(output.starts_with(begins), "{output}");

        let before = models[0].asked().len();
        let rubric = std::fs::read_to_string(desk.path("rubric.json")).unwrap();
        std::fs::write(desk.path("rubric.json"), rubric.replace("\"program_weight\":40,", "")).unwrap();
        let (code, _, errors) = judge(&[]);
        assert!(code == 2 && errors.contains("has no `program_weight`"), "{errors}");
        assert_eq!(models[0].asked().len(), before);
    }
}
