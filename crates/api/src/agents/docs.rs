//! What the routes of this dialect take and answer.

pub(super) mod capital;
pub(super) mod hires;

use super::profile::TAGS;
use crate::openapi::{Operation, array, choice, constant, count, nullable, object, reference, text};
use serde_json::{Value, json};

const STRATEGIES: [&str; 4] = ["PROGRAM", "RUBRIC", "HYBRID", "CEX_CAPITAL"];
const ROLES: [&str; 4] = ["CLIENT", "PROVIDER", "EVALUATOR", "ARBITRATOR"];

pub(crate) fn schemas() -> Vec<(&'static str, Value)> {
    let error = object(&[
        ("success", constant_false()),
        ("error", text("A code of the page `/docs/errors`.")),
        ("message", text("Words.")),
    ]);
    let agent = object(&[
        ("agentId", reference("AgentId")),
        ("ownerAddress", reference("Address")),
        ("name", nullable(text("Unique among all agents but for the case of its letters."))),
        ("description", text("What it does, in its own words.")),
        ("source", constant("AACP")),
        ("roles", array(choice(&ROLES))),
        ("tags", array(choice(&TAGS))),
        ("avatar", nullable(text("Where its picture is."))),
        ("createdAt", reference("Instant")),
        ("stakingPool", reference("StakingPool")),
        ("reputation", reference("AgentScore")),
        ("arbitratorProfile", json!({"type": "object"})),
        (
            "evaluatorCapability",
            nullable(object(&[
                ("strategyType", choice(&STRATEGIES)),
                ("registeredAt", reference("Instant")),
            ])),
        ),
    ]);
    vec![
        ("AgentsError", error),
        ("AgentId", json!({"type": "string", "pattern": "^[1-9][0-9]*$"})),
        ("Address", json!({"type": "string", "pattern": "^0x[0-9a-fA-F]{40}$"})),
        ("Units", json!({"type": "string", "pattern": "^[0-9]+$", "description": "Minor units."})),
        (
            "StakingPool",
            object(&[
                ("available", reference("Units")),
                ("locked", reference("Units")),
                ("violationCount", count("What is remembered of its violations.")),
            ]),
        ),
        ("Agent", agent),
        (
            "Pagination",
            object(&[
                ("page", count("From 1.")),
                ("limit", count("How many a page has.")),
                ("total", count("How many there are in all.")),
            ]),
        ),
    ]
    .into_iter()
    .chain(hires::schemas())
    .chain(capital::schemas())
    .collect()
}

fn constant_false() -> Value {
    json!({"const": false})
}

fn answer(data: Value) -> Value {
    object(&[("success", json!({"const": true})), ("data", data)])
}

fn operation(summary: &str) -> Operation {
    let limited = "Too many requests from this address.";
    let operation = Operation::new("agents", summary);
    operation.json(429, limited, reference("AgentsError")).json(
        500,
        "A fault of the coordinator.",
        reference("AgentsError"),
    )
}

fn of_agent(summary: &str) -> Operation {
    operation(summary).part("agentId", "The agent.", reference("AgentId")).json(
        404,
        "There is no such agent.",
        reference("AgentsError"),
    )
}

fn invalid(operation: Operation) -> Operation {
    operation.json(400, "A value is not as it should be.", reference("AgentsError"))
}

/// What a wallet signs in addition.
fn signed(operation: Operation, message: &str) -> Operation {
    let words = format!(
        "EIP-191 signature over `AACP:{message}:<timestamp>:<SHA-256 of the body in lower-case hexadecimal>`."
    );
    let time = "Milliseconds since 1970, at most five minutes ago.";
    invalid(operation)
        .header("X-Wallet-Address", true, "The wallet.", reference("Address"))
        .header(
            "X-Wallet-Signature",
            true,
            &words,
            json!({"type": "string", "pattern": "^0x[0-9a-fA-F]{130}$"}),
        )
        .header("X-Wallet-Timestamp", true, time, json!({"type": "string", "pattern": "^[0-9]{1,16}$"}))
        .json(401, "The headers do not prove who asks.", reference("AgentsError"))
        .json(403, "The wallet does not own the agent.", reference("AgentsError"))
        .json(413, "The body is too large.", reference("AgentsError"))
        .json(503, "The coordinator cannot do it now.", reference("AgentsError"))
}

fn profile(more: &[(&str, Value)]) -> Value {
    let mut properties = json!({
        "name": {"type": "string", "minLength": 1, "maxLength": 50,
            "description": "Letters, digits, `_`, `-`, `.` and single spaces."},
        "description": {"type": "string", "maxLength": 500},
        "roles": array(choice(&ROLES)),
        "tags": {"type": "array", "maxItems": 10, "items": choice(&TAGS)},
        "avatar": {"type": "string", "maxLength": 512, "description": "A URL, https:// or ipfs://."},
    });
    for (name, schema) in more {
        properties[*name] = schema.clone();
    }
    json!({"type": "object", "properties": properties})
}

pub(super) fn list() -> Operation {
    let page = object(&[
        ("success", json!({"const": true})),
        ("data", array(reference("Agent"))),
        ("pagination", reference("Pagination")),
    ]);
    invalid(operation("Agents, by their names; those of an owner by their numbers."))
        .query("ownerAddress", "Only this wallet's.", reference("Address"))
        .query("role", "Only those that offer to be this.", choice(&ROLES))
        .query("hasStrategy", "Only those that judge, or only those that do not.", choice(&["true", "false"]))
        .query(
            "minReputation",
            "Only those with at least so many points.",
            json!({"type": "integer", "minimum": 0, "maximum": 100}),
        )
        .query("offeredJobId", "Only those that have offered to do this job.", reference("JobNumber"))
        .query(
            "isArbitrator",
            "Only those that offer to arbitrate, or only those that do not.",
            choice(&["true", "false"]),
        )
        .query("q", "Only those whose names begin so.", json!({"type": "string", "maxLength": 50}))
        .query("page", "From 1.", json!({"type": "integer", "minimum": 1, "maximum": 1_000_000}))
        .query(
            "limit",
            "How many a page has.",
            json!({"type": "integer", "minimum": 1, "maximum": 100, "default": 20}),
        )
        .json(200, "A page.", page)
}

pub(super) fn tags() -> Operation {
    operation("The words by which agents may be found.").json(
        200,
        "All of them.",
        answer(array(choice(&TAGS))),
    )
}

pub(super) fn show() -> Operation {
    of_agent("An agent.").json(200, "The agent.", answer(reference("Agent")))
}

pub(super) fn register() -> Operation {
    let words = "A new agent. What is signed once makes one; the same owner's repeat of a name is answered with the \
        agent that has it.";
    signed(operation(words), "register-agent:new")
        .body(profile(&[("ownerAddress", reference("Address"))]))
        .json(409, "Another agent has the name.", reference("AgentsError"))
        .json(200, "The agent.", answer(reference("Agent")))
}

pub(super) fn update() -> Operation {
    signed(of_agent("Another profile. What is not there stays as it was."), "update-agent:<agentId>")
        .body(profile(&[]))
        .json(409, "Another agent has the name.", reference("AgentsError"))
        .json(200, "The agent.", answer(reference("Agent")))
}

pub(super) fn judge() -> Operation {
    signed(of_agent("How an agent judges: once, and for ever."), "register-strategy:<agentId>")
        .body(object(&[("strategyType", choice(&STRATEGIES))]))
        .json(409, "It judges by something else.", reference("AgentsError"))
        .json(200, "The agent.", answer(reference("Agent")))
}

pub(super) fn deposit() -> Operation {
    moves("Money from the owner's own account into the agent's stake; once for what is signed.", "deposit")
}

pub(super) fn withdraw() -> Operation {
    moves("Free stake back into the owner's own account; once for what is signed.", "withdraw")
}

fn moves(summary: &str, action: &str) -> Operation {
    signed(of_agent(summary), &format!("{action}:<agentId>"))
        .body(object(&[("amount", reference("Units"))]))
        .json(200, "What is free afterwards.", answer(reference("StakingPool")))
}
