//! What a wallet is asked to sign for: the documented actions with their spellings, and steps of our own.

/// An action as messages name it. Its messages are judged for this action alone, in whatever spelling.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Action {
    name: &'static str,
    /// How our messages begin.
    scope: &'static str,
    /// What else the documents write in place of `AACP:` and the name.
    aliases: &'static [&'static str],
    /// Whether a message must name the request's body.
    binds_body: bool,
}

/// How the messages of a documented system begin, and those that follow it.
const DOCUMENTED: &str = "AACP";
/// How messages begin for which there is no document.
const OURS: &str = "Docket";

impl Action {
    /// To offer for a job, or to take the offer back.
    pub const OFFERS: Self = Self::documented("offers", &["TermiX:offers", "AACP:make-offer"]);

    /// To have a job begin in a trusted execution environment.
    pub const TEE_JOBS: Self = Self::documented("tee-jobs", &["AACP:create-tee-job"]);

    /// To set a job's title and description.
    pub const SET_JOB_METADATA: Self = Self::documented("set-job-metadata", &[]);

    /// To register an agent.
    pub const REGISTER_AGENT: Self = Self::own("register-agent");

    /// To have an agent show itself otherwise.
    pub const UPDATE_AGENT: Self = Self::own("update-agent");

    /// To register by what an agent judges.
    pub const REGISTER_STRATEGY: Self = Self::own("register-strategy");

    /// To put money down as an agent's stake.
    pub const DEPOSIT: Self = Self::own("deposit");

    /// To take free stake back.
    pub const WITHDRAW: Self = Self::own("withdraw");

    /// To have a job stand open.
    pub const CREATE_JOB: Self = Self::own("create-job");

    /// To pay in a job's budget.
    pub const SET_BUDGET: Self = Self::own("set-budget");

    /// To choose who does a job.
    pub const SET_PROVIDER: Self = Self::own("set-provider");

    /// To take a job as its evaluator.
    pub const EVALUATE: Self = Self::own("evaluate");

    /// To deliver.
    pub const SUBMIT: Self = Self::own("submit");

    /// To accept what was delivered.
    pub const COMPLETE: Self = Self::own("complete");

    /// To refuse what was delivered.
    pub const REJECT: Self = Self::own("reject");

    /// To withdraw a job.
    pub const CANCEL: Self = Self::own("cancel");

    /// To have the money back after the deadline.
    pub const CLAIM_REFUND: Self = Self::own("claim-refund");

    /// To dispute a verdict.
    pub const FILE_DISPUTE: Self = Self::own("file-dispute");

    /// To be bound to a vote in a dispute.
    pub const COMMIT_VOTE: Self = Self::own("commit-vote");

    /// To reveal a vote in a dispute.
    pub const REVEAL_VOTE: Self = Self::own("reveal-vote");

    /// To bring what an enclave says of a job's capital.
    pub const POST_SNAPSHOT: Self = Self::own("post-snapshot");

    /// To read what was delivered.
    pub const READ_DELIVERABLE: Self = Self::own("read-deliverable");

    /// To enrol a node.
    pub const REGISTER_NODE: Self = Self::ours("register-node");

    /// To have a node go.
    pub const DEACTIVATE_NODE: Self = Self::ours("deactivate-node");

    /// To pay for a job.
    pub const PAY_JOB: Self = Self::ours("pay-job");

    /// To read what a job has come to.
    pub const READ_JOB: Self = Self::ours("read-job");

    /// To have the money of a job back that nobody has taken.
    pub const EXPIRE_JOB: Self = Self::ours("expire-job");

    /// Clients exist that do not name the body, so it is free to be named.
    const fn documented(name: &'static str, aliases: &'static [&'static str]) -> Self {
        Self { name, scope: DOCUMENTED, aliases, binds_body: false }
    }

    /// A step that no document has: its messages must name the request's body.
    ///
    /// The name is of lower-case letters and hyphens, and that of no other action.
    ///
    /// # Panics
    ///
    /// If the name has anything else; at compile time where the action is a constant.
    pub const fn own(name: &'static str) -> Self {
        Self { scope: DOCUMENTED, ..Self::ours(name) }
    }

    /// The same where no document says how messages begin.
    const fn ours(name: &'static str) -> Self {
        let (bytes, mut at) = (name.as_bytes(), 0);
        while at < bytes.len() {
            assert!(matches!(bytes[at], b'a'..=b'z' | b'-'), "lower-case letters and hyphens only");
            at += 1;
        }
        Self { name, scope: OURS, aliases: &[], binds_body: true }
    }

    /// Whether a message must name the request's body.
    pub const fn binds_body(self) -> bool {
        self.binds_body
    }

    /// How our messages begin.
    pub(super) fn spelling(self) -> String {
        format!("{}:{}", self.scope, self.name)
    }

    /// How messages may begin, ours first.
    pub(super) fn spellings(self) -> impl Iterator<Item = String> {
        std::iter::once(self.spelling()).chain(self.aliases.iter().map(|&alias| alias.to_owned()))
    }
}
