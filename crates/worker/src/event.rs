//! What happens to a worker, for a person or a program to follow. As text it says what to do where something is wrong.

use docket_protocol::frames::TokenUsage;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// Something that happened. Texts may come from the coordinator; [`fmt::Display`] makes them safe for a terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The coordinator could not be reached. Told once for each reason, and again every half minute.
    NotConnected {
        /// Why, and what to do.
        reason: String,
        /// When the next attempt is.
        retry_in: Duration,
    },
    /// The coordinator was reached and does not let the worker in. Told as often as [`Self::NotConnected`].
    Refused {
        /// The coordinator's code.
        code: String,
        /// What to do; empty for a code that is not known here.
        hint: &'static str,
        /// When the next attempt is.
        retry_in: Duration,
    },
    /// The worker is registered and may get jobs.
    Connected {
        /// How the coordinator calls it.
        worker_id: String,
        /// With how many jobs of an earlier connection it goes on.
        resumed: usize,
    },
    /// The connection has ended. Jobs go on meanwhile.
    Disconnected {
        /// Why.
        reason: String,
        /// When the next attempt is.
        retry_in: Duration,
    },
    /// The coordinator is about to stop and gives out nothing new.
    CoordinatorDrains,
    /// The worker was told to stop: it takes nothing new and ends what it has.
    Leaving {
        /// How many jobs still run.
        running: usize,
    },
    /// Connected, and without work for a while.
    Idle {
        /// For how long.
        idle_for: Duration,
        /// What the worker offers, in words.
        offered: Arc<str>,
    },
    /// A job begins.
    JobStarted {
        /// The public id of the job.
        job_id: Arc<str>,
        /// The task or the model that was asked for.
        what: String,
    },
    /// A job was not taken; another worker may take it.
    JobRejected {
        /// The public id of the job.
        job_id: Arc<str>,
        /// Why not.
        reason: String,
    },
    /// The work is done, and the receipts are on their way.
    JobFinished {
        /// The public id of the job.
        job_id: Arc<str>,
        /// How long it took.
        took: Duration,
        /// What was counted.
        usage: TokenUsage,
    },
    /// The engine failed. There is no output.
    JobFailed {
        /// The public id of the job.
        job_id: Arc<str>,
        /// Why.
        error: String,
    },
    /// The worker stopped working on a job, or forgot finished work that nobody wanted.
    JobDropped {
        /// The public id of the job.
        job_id: Arc<str>,
        /// Why.
        reason: String,
    },
    /// The work was accepted, and the money is on its way.
    JobSettled {
        /// The public id of the job.
        job_id: Arc<str>,
        /// Where the coordinator's log has it.
        log_index: Option<u64>,
    },
    /// The work was not accepted.
    JobRefused {
        /// The public id of the job.
        job_id: Arc<str>,
        /// The coordinator's reason.
        reason: String,
    },
    /// The coordinator says that it has paid on a chain.
    Paid {
        /// How much, as the network writes it.
        amount: String,
        /// Of what.
        token: String,
        /// The chain.
        network: String,
        /// The transaction.
        tx_hash: String,
    },
    /// The coordinator did not understand a frame of this worker.
    Complaint {
        /// Its code.
        code: String,
        /// Its words.
        message: String,
    },
    /// A frame of the coordinator was not understood, and passed over.
    Ignored {
        /// What was wrong with it.
        error: String,
    },
}

impl Event {
    /// Whether somebody should look at it.
    pub const fn is_trouble(&self) -> bool {
        match self {
            Self::NotConnected { .. }
            | Self::Refused { .. }
            | Self::Disconnected { .. }
            | Self::JobFailed { .. }
            | Self::JobRefused { .. }
            | Self::Complaint { .. }
            | Self::Ignored { .. } => true,
            Self::Connected { .. }
            | Self::CoordinatorDrains
            | Self::Leaving { .. }
            | Self::Idle { .. }
            | Self::JobStarted { .. }
            | Self::JobRejected { .. }
            | Self::JobFinished { .. }
            | Self::JobDropped { .. }
            | Self::JobSettled { .. }
            | Self::Paid { .. } => false,
        }
    }

    fn words(&self) -> String {
        match self {
            Self::NotConnected { reason, retry_in } => format!("{reason}; next attempt in {retry_in:.1?}"),
            Self::Refused { code, hint, retry_in } => {
                let hint = if hint.is_empty() { String::new() } else { format!(": {hint}") };
                format!("the coordinator refuses this worker ({code}){hint}; next attempt in {retry_in:.1?}")
            }
            Self::Connected { worker_id, resumed: 0 } => format!("connected as {worker_id}"),
            Self::Connected { worker_id, resumed } => {
                format!("connected as {worker_id}, with {resumed} jobs in hand")
            }
            Self::Disconnected { reason, retry_in } => {
                format!("the connection has ended: {reason}; next attempt in {retry_in:.1?}")
            }
            Self::CoordinatorDrains => "the coordinator is about to stop; nothing new will come".into(),
            Self::Leaving { running } => format!("stopping; {running} jobs still run"),
            Self::Idle { idle_for, offered } => format!(
                "connected, and no job for {} s. This worker offers {offered}; jobs that ask for something else, \
                 pay less, or are private to other workers pass it by",
                idle_for.as_secs()
            ),
            Self::JobStarted { job_id, what } => format!("job {job_id}: {what}"),
            Self::JobRejected { job_id, reason } => format!("job {job_id} not taken: {reason}"),
            Self::JobFinished { job_id, took, usage } => format!(
                "job {job_id} done in {took:.1?} ({} tokens in, {} out)",
                usage.prompt_tokens, usage.completion_tokens
            ),
            Self::JobFailed { job_id, error } => format!("job {job_id} failed: {error}"),
            Self::JobDropped { job_id, reason } => format!("job {job_id} dropped: {reason}"),
            Self::JobSettled { job_id, log_index: Some(index) } => {
                format!("job {job_id} settled, entry {index} of the log")
            }
            Self::JobSettled { job_id, log_index: None } => format!("job {job_id} settled"),
            Self::JobRefused { job_id, reason } => format!("the work for job {job_id} was refused: {reason}"),
            Self::Paid { amount, token, network, tx_hash } => {
                format!("paid {amount} {token} on {network}: {tx_hash}")
            }
            Self::Complaint { code, message } => {
                format!("the coordinator did not understand this worker ({code}): {message}")
            }
            Self::Ignored { error } => format!("passed over a frame of the coordinator: {error}"),
        }
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What the coordinator wrote must not steer somebody's terminal.
        f.write_str(&self.words().replace(char::is_control, "\u{fffd}"))
    }
}

/// Who is told.
pub(crate) type Listener = Arc<dyn Fn(Event) + Send + Sync>;

/// What to do about a refusal.
pub(crate) fn hint(code: &str) -> &'static str {
    match code {
        "worker.already_connected" => {
            "another worker is connected with this key; give each worker a data folder of its own, \
             or wait until the old connection has ended"
        }
        "worker.suspended" => "the operator has barred this key; only the operator can let it in again",
        "worker.proof_invalid" | "worker.proof_required" | "worker.invalid_key" => {
            "the key could not be proven; if this program and the coordinator are of very different versions, \
             update the older one"
        }
        "node.stale_signature" => "the clock of this machine is wrong, or the coordinator's is; set it right",
        "node.unknown_tier" => "the coordinator knows no hardware of this GPU tier; name one that it knows",
        "node.bad_signature" => {
            "the wallet's signature does not hold; if this program and the coordinator are of very different versions, \
             update the older one"
        }
        "agent.overtaken" => {
            "the wallet has signed something later elsewhere; if nobody has, a clock is wrong"
        }
        "enrolment.in_use" => {
            "another worker is this node and is connected; stop that one, and this one takes its place, \
             or give each worker a wallet of its own"
        }
        "enrolment.worker_taken" => {
            "this worker is enrolled with another wallet for ever; use that wallet, or give the worker a new data folder"
        }
        "coordinator.draining" | "coordinator.busy" | "coordinator.store_unavailable" => {
            "the coordinator takes nobody in right now"
        }
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_coordinators_words_do_not_steer_a_terminal() {
        let event = Event::Complaint { code: "X".into(), message: "a\x1b[2Jb\nc".into() };
        let said = event.to_string();
        assert!(said.ends_with("(X): a\u{fffd}[2Jb\u{fffd}c"), "{said}");
    }

    #[test]
    fn a_refusal_says_what_to_do() {
        let retry_in = Duration::from_millis(1500);
        let refused =
            |code: &str| Event::Refused { code: code.into(), hint: hint(code), retry_in }.to_string();
        assert!(refused("worker.already_connected").contains("a data folder of its own"));
        assert!(refused("enrolment.in_use").contains("a wallet of its own"));
        let unknown = "the coordinator refuses this worker (worker.other); next attempt in 1.5s";
        assert_eq!(refused("worker.other"), unknown);
    }
}
