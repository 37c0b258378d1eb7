//! Questions for challenges, such as clients ask.
//!
//! A good question has a long answer that begins differently with every model, so neither a single fact nor a
//! definition, which many models open with the same words; and one that is steady, so nothing random or of today.

/// How many of a model's own tokens an answer may have: enough for [`super::likeness::PREFIX`] words in most languages.
pub const ANSWER_TOKENS: u32 = 64;

/// Built-in questions. They are published, so an operator who expects workers to know them brings others.
pub const QUESTIONS: [&str; 64] = [
    "Explain why the sky is blue to a ten-year-old.",
    "How do noise-cancelling headphones work?",
    "Why do leaves change colour in autumn?",
    "Explain how vaccines prepare the immune system, without jargon.",
    "What makes bread rise, and what goes wrong when it does not?",
    "Why does the moon look larger near the horizon?",
    "Describe how a refrigerator keeps food cold.",
    "Explain the difference between weather and climate with an example.",
    "Why do ships made of steel float?",
    "How does a search engine decide which page comes first?",
    "Explain compound interest to somebody who has just opened a savings account.",
    "What happens when a country prints too much money?",
    "Summarize the causes of the First World War in four sentences.",
    "Why did the Roman Empire decline? Give the three strongest reasons.",
    "Describe what daily life was like in a medieval town.",
    "How did the printing press change Europe?",
    "Why was the Suez Canal built, and whom did it help?",
    "Explain what a hash function is used for in software.",
    "When should a programmer prefer a linked list to an array?",
    "Explain recursion with an example from everyday life.",
    "What are the risks of storing passwords in plain text?",
    "How does public-key cryptography let strangers talk in private?",
    "Explain what a database index does and what it costs.",
    "Write a Python function that removes duplicates from a list and keeps the order, and explain it.",
    "Write an SQL query that finds the three best-paid employees of each department, and explain it.",
    "Explain the difference between threads and processes to a new colleague.",
    "What should a good commit message contain?",
    "How would you find a memory leak in a server?",
    "Give advice to somebody who has to speak in public for the first time.",
    "How can a small shop compete with a large online store?",
    "Suggest a week of simple vegetarian dinners.",
    "What should I pack for a three-day hike in the mountains?",
    "How do I tell a friend that I cannot lend him money?",
    "Write a polite email that asks a landlord to repair the heating.",
    "Write a short apology from an airline whose flight was cancelled.",
    "Write the opening paragraph of a detective story set in a lighthouse.",
    "Write a short poem about an old bicycle.",
    "Write a product description for a wooden desk lamp.",
    "Tell a short fable about a fox and a river, with a moral.",
    "Describe a busy market in the morning, using all five senses.",
    "Compare living in a city with living in the countryside.",
    "Compare solar power and wind power for a small village.",
    "What are the arguments for and against a four-day working week?",
    "Should schools forbid mobile phones? Give both sides.",
    "What makes a good teacher?",
    "How can a family reduce its electricity bill?",
    "Explain how to change a bicycle tyre, step by step.",
    "How do I get red wine out of a white tablecloth?",
    "How should a beginner start to learn chess?",
    "Make a plan for learning to run five kilometres in two months.",
    "What should one look for when buying a used car?",
    "Explain the rules of cricket to somebody who knows baseball.",
    "Why is sleep important for learning?",
    "How does the heart know how fast to beat?",
    "Explain how coral reefs form and why they are in danger.",
    "How do bees find their way back to the hive?",
    "Why do some materials conduct electricity and others not?",
    "Explain how a plane stays in the air.",
    "What would happen to the Earth if the moon disappeared?",
    "How do historians know whether an old letter is genuine?",
    "Explain the idea of supply and demand with the price of umbrellas.",
    "What does an architect consider before drawing the first line of a house?",
    "Translate into French and explain the grammar: I would have come if you had called me.",
    "List five inventions that changed how people travel, with one sentence on each.",
];

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn the_questions_differ_and_are_short() {
        let different: HashSet<_> = QUESTIONS.iter().collect();
        assert_eq!(different.len(), QUESTIONS.len());
        for question in QUESTIONS {
            assert!((20..=110).contains(&question.len()) && question.trim() == question, "{question:?}");
        }
    }
}
