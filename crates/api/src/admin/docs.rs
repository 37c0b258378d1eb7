//! What the operator's routes take and answer, for the description of the API.

use crate::openapi::{Operation, array, choice, constant, count, nullable, object, reference, text};
use serde_json::{Value, json};

const TAG: &str = "operator";

/// The schemas that have names.
pub(crate) fn schemas() -> Vec<(&'static str, Value)> {
    let units = json!({"type": "string", "pattern": "^-?[0-9]+$"});
    let problem = object(&[
        ("type", constant("about:blank")),
        ("title", text("What the status means.")),
        ("status", json!({"type": "integer"})),
        (
            "code",
            text(
                "What to match on: a code of `docs/errors.md`, or one that begins with `request.`, `operator.`, `coordinator.` or `ledger.`.",
            ),
        ),
        ("detail", text("Words for a person.")),
    ]);
    let money = object(&[
        ("units", units.clone()),
        ("asset", text("What the minor units are of.")),
        ("decimals", count("How many of the digits stand behind the point.")),
    ]);
    let mut details = job();
    details.extend([
        ("failure", nullable(text("Why it failed, in words."))),
        ("journal", array(entry())),
        ("transfers", array(transfer())),
        ("decision", nullable(json!({"type": "object"}))),
    ]);
    vec![
        ("Problem", problem),
        ("Money", money),
        ("Units", units),
        ("OperatorsJob", object(&job())),
        ("JobDetails", object(&details)),
        ("Why", why_schema()),
        ("Worker", object(&worker())),
        ("WorkerDetails", object(&[worker(), super::reputation::fields()].concat())),
        ("Account", object(&[("account", text("Its name.")), ("balances", array(reference("Money")))])),
        ("Movement", movement()),
        ("ApiKey", object(&key())),
        ("Books", books()),
        ("Status", status_schema()),
    ]
}

fn job() -> Vec<(&'static str, Value)> {
    let moment = || nullable(reference("Instant"));
    vec![
        ("id", text("The public id.")),
        ("dialect", choice(&["quotes", "credits", "agents", "registry"])),
        ("client", text("Who pays.")),
        ("state", text("The core's name of the state.")),
        ("reason", nullable(text("Why it ended without work, as a code."))),
        ("final", json!({"type": "boolean"})),
        ("skill", choice(&["infer", "task", "hire"])),
        ("model", nullable(text("The model that was asked for."))),
        ("speed", choice(&["fast", "cheap"])),
        ("private", json!({"type": "boolean"})),
        ("price", reference("Money")),
        ("charge", nullable(reference("Money"))),
        ("escrow", reference("Money")),
        ("vesting", reference("Money")),
        ("worker", nullable(reference("Key"))),
        ("attempt", nullable(text("Epoch and number."))),
        ("attempts", count("How many attempts are used up.")),
        ("tried", array(reference("Key"))),
        ("created_at", reference("Instant")),
        ("finish_by", moment()),
        ("deadline", moment()),
        ("ended_at", moment()),
        ("version", count("How many events it has seen.")),
    ]
}

fn entry() -> Value {
    object(&[
        ("version", count("The job's version after it.")),
        ("at", reference("Instant")),
        ("event", text("What happened.")),
        ("detail", text("Who, why, how much.")),
        ("log_index", nullable(count("Its place in the log."))),
    ])
}

fn transfer() -> Value {
    object(&[
        ("at", reference("Instant")),
        ("event", text("What caused it.")),
        ("from", text("An account.")),
        ("to", text("An account.")),
        ("amount", reference("Money")),
        ("log_index", nullable(count("The place of the event in the log."))),
    ])
}

fn why_schema() -> Value {
    let judged = object(&[
        ("worker", reference("Key")),
        ("score", nullable(text("What it would be worth for the job."))),
        ("unfit", nullable(text("Why it may not have it, as a code."))),
    ]);
    let counted = object(&[("reason", text("A code.")), ("workers", count("How many."))]);
    object(&[
        ("job", reference("OperatorsJob")),
        ("decision", nullable(json!({"type": "object"}))),
        ("now", array(judged)),
        ("unfit", array(counted)),
        ("connected", count("How many workers are connected.")),
    ])
}

fn worker() -> Vec<(&'static str, Value)> {
    let live = object(&[
        ("connected", json!({"type": "boolean"})),
        ("proven", json!({"type": "boolean"})),
        ("class", choice(&["desktop", "handheld"])),
        ("infer", json!({"type": "boolean"})),
        ("task", json!({"type": "boolean"})),
        ("models", array(text("A model's name."))),
        ("concurrency", count("How many jobs it takes at a time.")),
        ("running", count("How many it has.")),
        ("jobs", array(text("A job's public id."))),
        ("draining", json!({"type": "boolean"})),
        ("price_floor", reference("Money")),
        ("last_seen", reference("Instant")),
        ("cooling_until", nullable(reference("Instant"))),
        ("probation", nullable(count("How many jobs at a time it is trusted with while it is new."))),
    ]);
    let node = object(&[
        ("address", text("The wallet with which it is enrolled for jobs that ask for a class of hardware.")),
        ("gpu_tier", count("The class of its hardware.")),
        ("state", choice(&["active", "left", "refuted", "on_trial"])),
    ]);
    vec![
        ("id", reference("Key")),
        ("proven", json!({"type": "boolean"})),
        ("suspended", json!({"type": "boolean"})),
        ("completed", count("Paid jobs.")),
        ("failed", count("Jobs lost by its fault.")),
        ("reputation_bps", count("By jobs alone, in hundredths of a percent of the best.")),
        (
            "reputation",
            object(&[
                ("score", count("All parts, weighed, from 0 to 1000.")),
                ("completion", count("Jobs paid among those paid or lost; 35 % of the score.")),
                ("latency", count("How soon its first text comes, among those of its models; 30 %.")),
                ("proof", count("Deliveries that were what was signed; 25 %.")),
                ("uptime", count("Time connected; 10 %.")),
            ]),
        ),
        ("stake", reference("Money")),
        ("first_seen", reference("Instant")),
        ("node", nullable(node)),
        ("live", nullable(live)),
    ]
}

fn key() -> Vec<(&'static str, Value)> {
    let limit = || nullable(reference("Money"));
    vec![
        ("number", json!({"type": "string", "pattern": NUMBER})),
        ("client", text("Who pays, as the dialect `credits` knows the name.")),
        ("account", text("The account that it spends from.")),
        ("label", text("What the client calls it.")),
        ("created_at", reference("Instant")),
        ("revoked_at", nullable(reference("Instant"))),
        ("limit_day", limit()),
        ("limit_all", limit()),
    ]
}

fn movement() -> Value {
    object(&[
        ("at", reference("Instant")),
        ("event", text("What caused it.")),
        ("job", nullable(text("The job's public id."))),
        ("from", text("An account.")),
        ("to", text("An account.")),
        ("amount", reference("Money")),
    ])
}

fn books() -> Value {
    let asset = object(&[
        ("asset", text("Its name.")),
        ("decimals", count("Its decimals.")),
        ("outside", reference("Units")),
        ("owned", reference("Units")),
        ("escrow", reference("Units")),
        ("vesting", reference("Units")),
    ]);
    object(&[
        ("agree", json!({"type": "boolean"})),
        ("transfers", count("Transfers in the journal.")),
        ("accounts", count("Accounts, those of jobs left out.")),
        ("jobs", count("Jobs.")),
        ("open_jobs", count("Jobs that are not final.")),
        ("assets", array(asset)),
        ("fault_count", count("Things that do not agree.")),
        ("faults", array(text("One of them, in words."))),
    ])
}

fn status_schema() -> Value {
    object(&[
        ("version", text("The program's.")),
        ("now", reference("Instant")),
        ("network", text("Where jobs settle.")),
        ("asset", text("What prices are counted in.")),
        ("epoch", count("How often the coordinator was started on this store.")),
        ("draining", json!({"type": "boolean"})),
        ("stopped", nullable(text("Why nothing is accepted any more."))),
        ("workers", count("Connected workers.")),
        ("open_jobs", count("Jobs that are not final.")),
        ("running_jobs", count("Jobs in workers' hands.")),
        ("log_size", count("Entries of the log.")),
    ])
}

/// An operation that reads the store.
pub(super) fn reading(summary: &str) -> Operation {
    Operation::new(TAG, summary).problem(503, "The store cannot be read now.")
}

fn page(of: Value) -> Value {
    object(&[("data", array(of)), ("next", nullable(text("What to pass for the next page.")))])
}

fn limited(operation: Operation) -> Operation {
    operation
        .query("limit", "How many rows.", json!({"type": "integer", "minimum": 1, "maximum": 100}))
        .problem(400, "The query is not as it should be.")
}

fn before(operation: Operation) -> Operation {
    limited(operation).query(
        "before",
        "The `next` of an earlier page.",
        json!({"type": "string", "pattern": "^[A-Za-z0-9_-]{11}$"}),
    )
}

fn after(operation: Operation, of: Value) -> Operation {
    limited(operation).query("after", "The `next` of an earlier page.", of)
}

fn of_job(operation: Operation) -> Operation {
    operation
        .part("id", "The job's public id.", json!({"type": "string", "minLength": 1}))
        .problem(400, "This cannot be an id.")
        .problem(404, "There is no such job.")
}

pub(super) fn of_worker(operation: Operation) -> Operation {
    operation
        .part("id", "The worker's key.", reference("Key"))
        .problem(400, "This is no key.")
        .problem(404, "There is no such worker.")
}

/// An operation that is carried out once for each key.
pub(super) fn idempotent(operation: Operation) -> Operation {
    operation.header(
        "Idempotency-Key",
        true,
        "A repeat under the same key moves nothing.",
        json!({"type": "string", "pattern": "^[!-~]{1,255}$"}),
    )
}

fn of_account(operation: Operation, pattern: &str) -> Operation {
    operation
        .part("account", "Such as `client:quotes:ann`.", json!({"type": "string", "pattern": pattern}))
        .problem(400, "This is no account, or the rest is not as it should be.")
}

/// An account that is not a job's.
const ACCOUNT: &str =
    "^(client:.+|(worker|staked):[0-9a-f]{64}|agent:[0-9]{1,18}|treasury|burned|outside:.+)$";
/// An account into which money may come from outside.
const CREDITABLE: &str = "^(client:.+|agent:[0-9]{1,18}|treasury)$";

/// The number of an API key.
const NUMBER: &str = "^key_[0-9a-f]{12}$";
/// A client who may have keys.
const CLIENT: &str = "^[A-Za-z0-9_.@-]{1,64}$";

pub(super) fn list_keys() -> Operation {
    let mut row = key();
    row.extend([("spent_day", reference("Money")), ("spent_all", reference("Money"))]);
    after(
        reading("API keys with what they have spent today (UTC) and in all, by number."),
        json!({"type": "string", "pattern": NUMBER}),
    )
    .query("client", "Only this client's.", json!({"type": "string", "pattern": CLIENT}))
    .json(200, "A page.", page(object(&row)))
}

pub(super) fn create_key() -> Operation {
    let limit = json!({"type": ["string", "null"], "pattern": "^[0-9]{1,30}$"});
    let body = json!({
        "type": "object",
        "required": ["client"],
        "properties": {
            "client": {"type": "string", "pattern": CLIENT},
            "label": {"type": "string", "maxLength": 100, "pattern": "^[^\\x00-\\x1f\\x7f-\\x9f]*$"},
            "limit_day": limit,
            "limit_all": limit,
        },
        "additionalProperties": false,
    });
    let mut made = key();
    made.push(("secret", json!({"type": "string", "pattern": "^dcntrl_live_[A-Za-z0-9]{32}$"})));
    reading("Makes an API key. The answer has its secret, which is never shown again.")
        .body(body)
        .json(201, "The key.", object(&made))
        .problem(400, "The body is not as it should be.")
        .problem(413, "The body is too large.")
}

pub(super) fn revoke_key() -> Operation {
    reading("Takes an API key out of use, for ever. A repeat changes nothing.")
        .part("number", "The key's number.", json!({"type": "string", "pattern": NUMBER}))
        .json(200, "The key as it is now.", reference("ApiKey"))
        .problem(400, "This is no number of a key.")
        .problem(404, "There is no such key.")
}

pub(super) fn list_jobs() -> Operation {
    before(reading("Jobs, the newest first.")).json(200, "A page.", page(reference("OperatorsJob")))
}

pub(super) fn show_job() -> Operation {
    of_job(reading("All that is known of a job but its payload and output.")).json(
        200,
        "The job.",
        reference("JobDetails"),
    )
}

pub(super) fn cancel_job() -> Operation {
    of_job(reading("Withdraws a job; its money goes back."))
        .json(200, "The job as it is now.", reference("OperatorsJob"))
        .problem(409, "The job cannot be withdrawn any more.")
}

pub(super) fn rule_job() -> Operation {
    let body = json!({
        "type": "object",
        "required": ["ruling"],
        "properties": {
            "ruling": choice(&["for_worker", "for_client", "divided"]),
            "client_share_bp": {"type": "integer", "minimum": 0, "maximum": 10_000},
        },
        "additionalProperties": false,
    });
    of_job(reading("Ends a dispute; `client_share_bp` goes with `divided`, and only with it."))
        .body(body)
        .json(200, "The job as it is now.", reference("OperatorsJob"))
        .problem(409, "The job is not in dispute.")
        .problem(413, "The body is too large.")
}

pub(super) fn why() -> Operation {
    of_job(reading("Why a job has the worker that it has, or has none.")).json(
        200,
        "The kept decision, and what each worker would be worth now.",
        reference("Why"),
    )
}

pub(super) fn follow_job() -> Operation {
    of_job(reading("A job's states as they come, until it is final.")).answer(
        200,
        "Events named `job`, each with the job and `failure`.",
        "text/event-stream",
        object(&[("event", constant("job")), ("data", text("JSON."))]),
    )
}

pub(super) fn list_workers() -> Operation {
    after(reading("All workers that have ever connected, by key."), reference("Key")).json(
        200,
        "A page.",
        page(reference("Worker")),
    )
}

pub(super) fn show_worker() -> Operation {
    of_worker(reading("One worker, and why its reputations are what they are.")).json(
        200,
        "The worker.",
        reference("WorkerDetails"),
    )
}

pub(super) fn bar_worker(summary: &str) -> Operation {
    of_worker(reading(summary)).json(200, "The worker as it is now.", reference("Worker"))
}

pub(super) fn list_accounts() -> Operation {
    after(reading("What accounts hold, those of jobs left out, by name."), json!({"type": "string"})).json(
        200,
        "A page.",
        page(reference("Account")),
    )
}

pub(super) fn show_account() -> Operation {
    of_account(reading("What one account holds."), ACCOUNT).json(200, "The account.", reference("Account"))
}

pub(super) fn statement() -> Operation {
    of_account(before(reading("The movements of an account, the newest first.")), ACCOUNT).json(
        200,
        "A page.",
        page(reference("Movement")),
    )
}

pub(super) fn credit() -> Operation {
    let body = object(&[
        ("amount", json!({"type": "string", "pattern": "^[1-9][0-9]{0,29}$"})),
        ("asset", text("What the market counts in.")),
    ]);
    let credited = object(&[
        ("account", text("Its name.")),
        ("amount", reference("Money")),
        ("log_index", nullable(count("The place in the log."))),
        ("repeated", json!({"type": "boolean"})),
    ]);
    let summary = "Books money that has come in from outside, once for each key.";
    idempotent(of_account(reading(summary), CREDITABLE))
        .body(body)
        .json(201, "It is booked.", credited.clone())
        .json(200, "It was booked before under this key.", credited)
        .problem(409, "The books refuse it.")
        .problem(413, "The body is too large.")
        .problem(422, "The key was used with another request.")
}

pub(super) fn check_books() -> Operation {
    reading("Proves from the journal that all accounts, holds and jobs agree.")
        .json(200, "What was found.", reference("Books"))
        .problem(409, "Another check is under way.")
}

pub(super) fn status() -> Operation {
    Operation::new(TAG, "How the market stands.").json(200, "This is how.", reference("Status"))
}

pub(super) fn drain() -> Operation {
    Operation::new(TAG, "Takes no new jobs from now on; only a restart undoes it.").json(
        200,
        "How the market stands.",
        reference("Status"),
    )
}

pub(super) fn log() -> Operation {
    let log = object(&[
        ("origin", text("The log's name.")),
        ("vkey", text("The key that signs it.")),
        ("size", count("How many entries it has.")),
        ("root", reference("Key")),
        ("checkpoint", text("Size and root, signed.")),
    ]);
    Operation::new(TAG, "How long the log is, and who signs it.").json(200, "The log.", log)
}

pub(super) fn log_entries() -> Operation {
    let entry = object(&[("index", count("Its place.")), ("entry", json!({"type": "object"}))]);
    before(reading("The entries of the log, the newest first.")).json(200, "A page.", page(entry))
}
