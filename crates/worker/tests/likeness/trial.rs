//! Many questions put to a model, and what the rules of challenges say of the answers of two.

use docket_core::challenge::likeness::{Comparison, Likeness, PREFIX, Verdict, compare, verdict};
use docket_core::challenge::pool;
use docket_gguf::{Generation, GgufError, Message, Model, Role, Sampler};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

const FORMS: [&str; 12] = [
    "Explain how {} came about.",
    "Describe {} to a child.",
    "List five facts about {}.",
    "Why does {} matter today?",
    "Write three sentences about {}.",
    "What should a beginner know of {}?",
    "Compare {} with its opposite.",
    "Give advice on {}.",
    "How has {} changed over time?",
    "What are common mistakes with {}?",
    "Summarize the history of {}.",
    "Which books treat {}?",
];

const SUBJECTS: [&str; 40] = [
    "gardening",
    "the ocean",
    "money",
    "contracts",
    "trust",
    "electric light",
    "the moon",
    "bread",
    "winter",
    "railways",
    "orchestras",
    "common law",
    "libraries",
    "friendship",
    "volcanoes",
    "chess",
    "bridges",
    "vaccines",
    "sleep",
    "maps",
    "democracy",
    "steel",
    "honey",
    "deserts",
    "poetry",
    "inflation",
    "bicycles",
    "algebra",
    "migration",
    "glass",
    "opera",
    "tides",
    "wool",
    "satellites",
    "coffee",
    "earthquakes",
    "photography",
    "rivers",
    "insurance",
    "silence",
];

/// The built-in questions, and others about many things: 544 in all. Neighbours differ in form and in subject.
pub(crate) fn questions() -> Vec<String> {
    let pairs = (0..FORMS.len())
        .flat_map(|round| (0..SUBJECTS.len()).map(move |at| (at, (at + round) % FORMS.len())));
    let others = pairs.map(|(subject, form)| FORMS[form].replace("{}", SUBJECTS[subject]));
    pool::QUESTIONS.iter().map(|question| (*question).to_owned()).chain(others).collect()
}

/// The model's answer to each question, at temperature 0.
pub(crate) async fn ask(model: &Model, questions: &[String]) -> Result<Vec<String>, GgufError> {
    let mut answers = vec![];
    for question in questions {
        let messages = vec![Message { role: Role::User, content: question.clone() }];
        let max_tokens = pool::ANSWER_TOKENS as usize;
        let request = Generation { messages, max_tokens, sampler: Sampler::GREEDY, stop: vec![] };
        // Nobody watches: the whole answer comes at the end.
        let (pieces, _) = mpsc::channel(1);
        answers.push(model.generate(request, pieces, CancellationToken::new()).await?.text);
    }
    Ok(answers)
}

/// How alike the answers of two models are, question by question, where the reference is long enough.
#[derive(Debug)]
pub(crate) struct Trial {
    probes: Vec<Likeness>,
}

impl Trial {
    /// Compares answers to the same questions with a tolerance.
    pub(crate) fn of(references: &[String], answers: &[String]) -> Self {
        let pairs = references.iter().zip(answers);
        let compared =
            pairs.filter_map(|(reference, answer)| compare(reference, answer, Comparison::Tolerant));
        Self { probes: compared.collect() }
    }

    /// How many questions had a reference that is long enough.
    pub(crate) fn probes(&self) -> usize {
        self.probes.len()
    }

    /// How many answers have at least so many tokens in common with their reference, or are the same to its end.
    pub(crate) fn reaching(&self, tokens: usize) -> usize {
        self.probes.iter().filter(|found| found.agreed >= tokens.min(found.of)).count()
    }

    /// How many answers agree.
    pub(crate) fn agreeing(&self) -> usize {
        self.reaching(PREFIX)
    }

    /// How many challenges fail, if one begins at each question and goes on with those after it, around the list.
    pub(crate) fn failures(&self) -> usize {
        let agrees: Vec<bool> = self.probes.iter().chain(&self.probes).map(|found| found.agrees).collect();
        let challenges = (0..self.probes.len()).map(|start| verdict(&agrees[start..]));
        challenges.filter(|ended| *ended == Some(Verdict::Failed)).count()
    }
}
