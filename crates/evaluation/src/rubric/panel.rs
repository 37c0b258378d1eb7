//! The models that are asked, and what came back. The means to ask are the caller's.

use super::{LEAST_OPINIONS, Opinion, Prompt, ReplyError, Rubric};

/// The most models that are asked.
pub const MAX_MODELS: usize = 15;
/// The most letters of a model's name.
const MAX_NAME: usize = 200;

/// The names of the models to ask, each once.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Panel(Vec<String>);

/// Models that are no panel.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum PanelError {
    /// Too few or too many.
    #[error("a panel has {LEAST_OPINIONS} to {MAX_MODELS} models")]
    Count,
    /// One would speak twice.
    #[error("`{0}` is named twice, and would count twice")]
    Twice(String),
    /// A name is empty, too long or not on one line.
    #[error("the name of a model has 1 to {MAX_NAME} letters and no control characters")]
    Name,
}

/// A model could not be asked, in the words of who tried.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{0}")]
pub struct Unanswered(pub String);

/// Why a model has no opinion.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Silence {
    /// It did not answer.
    #[error("did not answer: {0}")]
    Unanswered(Unanswered),
    /// It answered something else.
    #[error("gave a reply that cannot be used: {0}")]
    Unusable(ReplyError),
}

/// What came of asking one model.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Heard {
    /// Which model.
    pub model: String,
    /// How often it was asked: once or twice.
    pub asked: u8,
    /// What it thinks, or why that is not known: the last reason, if there were two.
    pub opinion: Result<Opinion, Silence>,
}

impl Panel {
    /// At least three different models.
    pub fn new(models: Vec<String>) -> Result<Self, PanelError> {
        if !(LEAST_OPINIONS..=MAX_MODELS).contains(&models.len()) {
            return Err(PanelError::Count);
        }
        for (place, model) in models.iter().enumerate() {
            if !(1..=MAX_NAME).contains(&model.chars().count()) || model.chars().any(char::is_control) {
                return Err(PanelError::Name);
            }
            if models[..place].contains(model) {
                return Err(PanelError::Twice(model.clone()));
            }
        }
        Ok(Self(models))
    }

    /// Their names, in the order in which they were given.
    pub fn models(&self) -> &[String] {
        &self.0
    }
}

/// Asks one model for its opinion, and once more if that came to nothing: with the reason, if there was a reply.
///
/// `ask` answers with the text of the model's reply. It keeps time and bounds what it reads.
pub async fn consult(
    rubric: &Rubric,
    prompt: &Prompt,
    model: &str,
    ask: impl AsyncFn(&Prompt) -> Result<String, Unanswered>,
) -> Heard {
    let heard = |asked, opinion| Heard { model: model.to_owned(), asked, opinion };
    let second = match opinion(rubric, prompt, model, &ask).await {
        Ok(opinion) => return heard(1, Ok(opinion)),
        Err(Silence::Unusable(error)) => prompt.again(&error),
        Err(Silence::Unanswered(_)) => prompt.clone(),
    };
    heard(2, opinion(rubric, &second, model, &ask).await)
}

async fn opinion(
    rubric: &Rubric,
    prompt: &Prompt,
    model: &str,
    ask: impl AsyncFn(&Prompt) -> Result<String, Unanswered>,
) -> Result<Opinion, Silence> {
    let reply = ask(prompt).await.map_err(Silence::Unanswered)?;
    Opinion::parse(rubric, model, &reply).map_err(Silence::Unusable)
}
