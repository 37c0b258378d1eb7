//! The routes of jobs, offers and disputes.

use super::{ROLES, STRATEGIES, answer, invalid, of_agent, operation, signed};
use crate::agents::status::JOB_STATUSES;
use crate::openapi::{Operation, array, choice, count, nullable, object, reference, text};
use serde_json::{Value, json};

const LEVELS: [&str; 4] = ["L0", "L1", "L2", "L3"];
const OFFERS: [&str; 4] = ["PENDING", "ACCEPTED", "REJECTED", "WITHDRAWN"];
const DISPUTES: [&str; 4] = ["OPEN", "VOTING", "REVEAL", "SETTLED"];

fn maybe(name: &str) -> Value {
    nullable(reference(name))
}

pub(in crate::agents) fn schemas() -> Vec<(&'static str, Value)> {
    let seconds = json!({"type": "string", "pattern": "^[0-9]+$", "description": "Unix seconds."});
    let boolean = json!({"type": "boolean"});
    let place = nullable(object(&[
        ("txHash", text("The place in this market's log, `ledger:` and a number.")),
        ("blockNumber", reference("Units")),
    ]));
    let party = json!({"type": "object", "properties": {
        "agentId": reference("AgentId"),
        "ownerAddress": reference("Address"),
        "name": nullable(text("Its name.")),
        "source": text("AACP."),
        "reputation": reference("AgentScore"),
        "stakingPool": reference("StakingPool"),
        "evaluatorCapability": nullable(json!({"type": "object"})),
    }});
    let job = json!({"type": "object", "properties": {
        "jobId": reference("JobNumber"),
        "status": choice(&JOB_STATUSES.map(|(word, _)| word)),
        "strategyType": choice(&STRATEGIES),
        "clientId": reference("AgentId"),
        "providerId": maybe("AgentId"),
        "evaluatorId": maybe("AgentId"),
        "invitedId": maybe("AgentId"),
        "budget": reference("Units"),
        "escrowBalance": reference("Units"),
        "title": text("A few words."),
        "description": text("Some more."),
        "programHash": maybe("Bytes32"),
        "rubricHash": maybe("Bytes32"),
        "verificationLevel": nullable(choice(&LEVELS)),
        "borderline": nullable(boolean.clone()),
        "deliverableHash": maybe("Bytes32"),
        "passed": nullable(boolean.clone()),
        "platformFee": maybe("Units"),
        "evaluatorFee": maybe("Units"),
        "providerPayment": maybe("Units"),
        "onchainCreatedAt": seconds.clone(),
        "onchainDeadline": seconds.clone(),
        "onchainSubmittedAt": nullable(seconds.clone()),
        "onchainSettledAt": nullable(seconds),
        "client": reference("JobParty"),
        "provider": maybe("JobParty"),
        "evaluator": maybe("JobParty"),
        "stakeLocks": array(reference("StakeLock")),
        "cexConfig": json!({"type": "object"}),
        "valuation": json!({"type": "object"}),
        "snapshots": array(reference("Snapshot")),
        "dispute": maybe("HireDispute"),
        "offers": array(reference("Offer")),
        "lifecycle": object(&[
            ("created", place.clone()),
            ("submitted", place.clone()),
            ("settled", place.clone()),
            ("disputed", place),
        ]),
    }});
    let lock = json!({"type": "object", "properties": {
        "jobId": reference("JobNumber"),
        "agentId": reference("AgentId"),
        "role": choice(&ROLES),
        "amount": reference("Units"),
        "active": boolean.clone(),
        "lockedAt": reference("Instant"),
        "releasedAt": maybe("Instant"),
    }});
    let vote = json!({"type": "object", "properties": {
        "seatIndex": count("From 0."),
        "arbitrator": nullable(json!({"type": "object"})),
        "commitment": maybe("Bytes32"),
        "vote": nullable(count("0 upholds the verdict, 1 overturns it.")),
        "salt": maybe("Bytes32"),
        "revealed": boolean.clone(),
        "revealedAt": maybe("Instant"),
    }});
    let dispute = json!({"type": "object", "properties": {
        "disputeId": reference("JobNumber"),
        "jobId": reference("JobNumber"),
        "status": choice(&DISPUTES),
        "initiator": json!({"type": "object"}),
        "deposit": reference("Units"),
        "borderline": boolean.clone(),
        "protocolInitiated": boolean,
        "createdAt": reference("Instant"),
        "commitDeadline": reference("Instant"),
        "revealDeadline": maybe("Instant"),
        "settledAt": maybe("Instant"),
        "outcome": nullable(choice(&["UPHELD", "OVERTURNED", "NO_QUORUM"])),
        "votes": array(vote),
    }});
    let offer = object(&[
        ("agentId", reference("AgentId")),
        ("ownerAddress", reference("Address")),
        ("status", choice(&OFFERS)),
        ("createdAt", reference("Instant")),
    ]);
    let score = object(&[
        ("score", count("From 0 to 100.")),
        ("totalJobs", count("Jobs in which it took part and that have ended.")),
        ("completedJobs", count("Those that were paid.")),
    ]);
    vec![
        ("AgentScore", score),
        ("Bytes32", json!({"type": "string", "pattern": "^0x[0-9a-fA-F]{64}$"})),
        ("JobNumber", json!({"type": "string", "pattern": "^[1-9][0-9]*$"})),
        ("JobParty", party),
        ("Hire", job),
        ("HireDispute", dispute),
        ("Offer", offer),
        ("StakeLock", lock),
    ]
}

pub(super) fn paged(operation: Operation) -> Operation {
    operation.query("page", "From 1.", json!({"type": "integer", "minimum": 1, "maximum": 1_000_000})).query(
        "limit",
        "How many a page has.",
        json!({"type": "integer", "minimum": 1, "maximum": 100, "default": 20}),
    )
}

pub(super) fn page_of(name: &str) -> Value {
    object(&[
        ("success", json!({"const": true})),
        ("data", array(reference(name))),
        ("pagination", reference("Pagination")),
    ])
}

pub(super) fn of_job(summary: &str) -> Operation {
    operation(summary).part("jobId", "The job.", reference("JobNumber")).json(
        404,
        "There is no such job.",
        reference("AgentsError"),
    )
}

fn of_dispute(summary: &str) -> Operation {
    operation(summary).part("disputeId", "The dispute: the number of its job.", reference("JobNumber")).json(
        404,
        "There is no such dispute.",
        reference("AgentsError"),
    )
}

pub(in crate::agents) fn jobs() -> Operation {
    invalid(paged(operation("Jobs for which one agent hires another, the newest first.")))
        .query("status", "Only those that have come so far.", choice(&JOB_STATUSES.map(|(word, _)| word)))
        .query("strategyType", "Only those that are judged so.", choice(&STRATEGIES))
        .query("clientId", "Only this agent's.", reference("AgentId"))
        .query("providerId", "Only those that this agent does.", reference("AgentId"))
        .query("evaluatorId", "Only those that this agent judges.", reference("AgentId"))
        .query(
            "ownerAddress",
            "Only those in which an agent of this wallet has a role.",
            reference("Address"),
        )
        .json(200, "A page.", page_of("Hire"))
}

pub(in crate::agents) fn jobs_of_agent() -> Operation {
    invalid(paged(of_agent("Jobs in which an agent has a role, or a seat in a dispute, the newest first.")))
        .query("active", "Is not looked at.", choice(&["true", "false"]))
        .json(200, "A page.", page_of("Hire"))
}

pub(in crate::agents) fn locks() -> Operation {
    invalid(paged(of_agent(
        "What jobs have locked of an agent's stake, or had; those of a page of its jobs.",
    )))
    .query("active", "Only what is locked, or only what is not any more.", choice(&["true", "false"]))
    .json(200, "The locks.", answer(array(reference("StakeLock"))))
}

pub(in crate::agents) fn reputation() -> Operation {
    of_agent("What is known of an agent by what it has done.").json(
        200,
        "Its reputation.",
        answer(json!({"type": "object"})),
    )
}

pub(in crate::agents) fn events() -> Operation {
    invalid(operation(
        "What happens to jobs, as server-sent events; with `Last-Event-ID` what one has missed.",
    ))
    .header("Last-Event-ID", false, "The number of the last event that one has.", text("A number."))
    .json(503, "Too many follow already.", reference("AgentsError"))
    .answer(200, "The events, until the client goes.", "text/event-stream", json!({"type": "string"}))
}

pub(in crate::agents) fn config() -> Operation {
    operation("Where the market settles, and its terms.").json(
        200,
        "They.",
        answer(json!({"type": "object"})),
    )
}

pub(in crate::agents) fn stats() -> Operation {
    operation("All that was ever counted.").json(200, "The counts.", answer(json!({"type": "object"})))
}

pub(in crate::agents) fn stats_of_jobs() -> Operation {
    invalid(operation("What was counted of jobs over some time."))
        .query("period", "Over which.", choice(&["24h", "7d", "30d", "all"]))
        .json(200, "The counts.", answer(json!({"type": "object"})))
}

pub(in crate::agents) fn treasury() -> Operation {
    operation("What the treasury has had and paid.").json(200, "The sums.", answer(json!({"type": "object"})))
}

pub(in crate::agents) fn arbitrators() -> Operation {
    invalid(paged(operation("Agents that offer to arbitrate, the largest bond first.")))
        .query("minScore", "Only those with at least so many points, 90 if nothing is said, and those whom the operator vouches for.", json!({"type": "integer", "minimum": 0, "maximum": 100}))
        .json(200, "A page.", page_of("Agent"))
}

pub(in crate::agents) fn job() -> Operation {
    of_job("A job with all that belongs to it.").json(200, "The job.", answer(reference("Hire")))
}

pub(in crate::agents) fn deliverable() -> Operation {
    let operation = of_job("What was delivered, as it came, for those who take part.");
    signed(operation, "read-deliverable:<jobId>").answer(
        200,
        "The bytes.",
        "application/octet-stream",
        json!({"type": "string", "format": "binary"}),
    )
}

/// A step that is answered with the job as it is then.
fn step(summary: &str, action: &str) -> Operation {
    signed(of_job(summary), &format!("{action}:<jobId>"))
        .json(409, "Somebody else was faster, or it was done before.", reference("AgentsError"))
        .json(200, "The job.", answer(reference("Hire")))
}

pub(in crate::agents) fn create() -> Operation {
    let body = json!({"type": "object", "required": ["clientId", "budget", "deadline", "strategyType"], "properties": {
        "clientId": reference("AgentId"),
        "budget": reference("Units"),
        "deadline": {"type": "string", "pattern": "^[0-9]{1,12}$", "description": "Unix seconds, at most 366 days ahead."},
        "strategyType": choice(&STRATEGIES),
        "programHash": reference("Bytes32"),
        "rubricHash": reference("Bytes32"),
        "evaluatorId": reference("AgentId"),
        "title": {"type": "string", "maxLength": 200},
        "description": {"type": "string", "maxLength": 10_000},
        "cexConfig": {"type": "object", "properties": {
            "stopLossBps": {"type": "integer"}, "targetReturnBps": {"type": "integer"},
            "capital": {"type": "string", "description": "What is entrusted; the budget where nothing is said."},
        }},
    }});
    signed(operation("A job that stands open without money; its client's stake is locked."), "create-job:new")
        .body(body)
        .json(404, "There is no such agent.", reference("AgentsError"))
        .json(409, "What was signed was used for something else.", reference("AgentsError"))
        .json(200, "The job.", answer(reference("Hire")))
}

pub(in crate::agents) fn fund() -> Operation {
    step("The client pays in the budget.", "set-budget").body(json!({"type": "object", "properties": {
        "amount": reference("Units"),
    }}))
}

pub(in crate::agents) fn engage() -> Operation {
    step(
        "The client chooses who does the work: at once if it has offered to, else it is asked.",
        "set-provider",
    )
    .body(object(&[("providerId", reference("AgentId"))]))
}

pub(in crate::agents) fn appoint() -> Operation {
    step("An evaluator takes the job; its stake is locked.", "evaluate")
        .body(object(&[("evaluatorId", reference("AgentId"))]))
}

pub(in crate::agents) fn describe() -> Operation {
    step("What the job is about, as long as it has no provider.", "set-job-metadata").body(json!({
        "type": "object", "properties": {
            "title": {"type": "string", "maxLength": 200},
            "description": {"type": "string", "maxLength": 10_000},
        }
    }))
}

pub(in crate::agents) fn submit() -> Operation {
    step("The provider delivers: a hash, and the text itself where it is to be kept here.", "submit").body(
        json!({
            "type": "object", "required": ["deliverableHash"], "properties": {
                "deliverableHash": reference("Bytes32"),
                "content": {"type": "string", "description": "Its Keccak-256 digest is the hash."},
            }
        }),
    )
}

fn judgement(more: &[(&str, Value)]) -> Value {
    let mut properties = json!({
        "verificationLevel": choice(&LEVELS),
        "borderline": {"type": "boolean"},
        "proofHash": reference("Bytes32"),
    });
    for (name, schema) in more {
        properties[*name] = schema.clone();
    }
    json!({"type": "object", "properties": properties})
}

pub(in crate::agents) fn complete() -> Operation {
    step("The evaluator accepts the work.", "complete").body(judgement(&[]))
}

pub(in crate::agents) fn reject() -> Operation {
    step("The evaluator refuses the work; before anything is delivered, it steps back.", "reject")
        .body(judgement(&[("reasonCode", choice(&["CRITERIA", "GARBAGE", "BAD_FAITH"]))]))
}

pub(in crate::agents) fn cancel() -> Operation {
    step("The client withdraws the job, as long as nobody is at work.", "cancel")
}

pub(in crate::agents) fn reclaim() -> Operation {
    step("The money goes back when the deadline has passed.", "claim-refund")
}

pub(in crate::agents) fn offers() -> Operation {
    of_job("The offers for a job.").json(200, "All of them.", answer(array(reference("Offer"))))
}

pub(in crate::agents) fn offer() -> Operation {
    let body = object(&[("agentId", reference("AgentId")), ("ownerAddress", reference("Address"))]);
    signed(of_job("An offer to do a job. One that stands already is answered with itself."), "offers:<jobId>")
        .body(body)
        .json(409, "The job has a provider.", reference("AgentsError"))
        .json(200, "The offer.", answer(reference("Offer")))
}

pub(in crate::agents) fn withdraw_offer() -> Operation {
    let gone = object(&[("agentId", reference("AgentId")), ("status", choice(&["WITHDRAWN"]))]);
    signed(of_job("An offer is taken back, as long as it waits."), "offers:<jobId>")
        .part("agentId", "Whose offer.", reference("AgentId"))
        .body(json!({"type": "object", "properties": {"ownerAddress": reference("Address")}}))
        .json(409, "What was signed was used for something else.", reference("AgentsError"))
        .json(200, "It is gone.", answer(gone))
}

pub(in crate::agents) fn dispute_of_job() -> Operation {
    of_job("The dispute about a job.").json(200, "It, or `null`.", answer(nullable(reference("HireDispute"))))
}

pub(in crate::agents) fn file() -> Operation {
    step("The client or the provider disputes the verdict, with a deposit.", "file-dispute")
}

pub(in crate::agents) fn disputes() -> Operation {
    invalid(paged(operation("Disputes, those about the newest jobs first.")))
        .query("status", "Only those that have come so far.", choice(&DISPUTES))
        .query("initiator", "Only those that this agent has opened.", reference("AgentId"))
        .query("jobId", "Only the one about this job.", reference("JobNumber"))
        .json(200, "A page.", page_of("HireDispute"))
}

pub(in crate::agents) fn dispute() -> Operation {
    of_dispute("A dispute.").json(200, "The dispute.", answer(reference("HireDispute")))
}

fn ballot(summary: &str, action: &str, body: Value) -> Operation {
    signed(of_dispute(summary), &format!("{action}:<disputeId>"))
        .body(body)
        .json(409, "The agent has voted.", reference("AgentsError"))
        .json(200, "The dispute.", answer(reference("HireDispute")))
}

pub(in crate::agents) fn commit() -> Operation {
    let body = object(&[("commitment", reference("Bytes32"))]);
    ballot(
        "An arbitrator is bound to a vote: Keccak-256 of its number in one byte and a salt.",
        "commit-vote",
        body,
    )
}

pub(in crate::agents) fn reveal() -> Operation {
    let vote = json!({"type": "integer", "minimum": 0, "maximum": 1});
    let body = object(&[("vote", vote), ("salt", reference("Bytes32"))]);
    ballot("An arbitrator shows the vote that it was bound to.", "reveal-vote", body)
}
