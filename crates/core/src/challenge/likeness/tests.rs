use proptest::prelude::*;

use super::*;

const ESCROW: &str = "Escrow is money set aside before the work begins. If the job is done the worker is paid; if it \
                      fails the money goes back to the client.";

fn agrees(reference: &str, answer: &str, comparison: Comparison) -> bool {
    compare(reference, answer, comparison).unwrap().agrees
}

#[test]
fn words_numbers_and_marks_are_tokens_and_space_is_none() {
    let found: Vec<_> = tokens(" The 3rd reçu,\n\tsigned: \"ok\"…  10.5 ").collect();
    assert_eq!(found, ["The", "3rd", "reçu", ",", "signed", ":", "\"", "ok", "\"", "…", "10", ".", "5"]);
    assert_eq!(tokens(" \n\u{a0}").count(), 0);
}

#[test]
fn scripts_without_spaces_have_a_token_for_each_letter() {
    assert_eq!(tokens("日本の首都は東京です。").count(), 11);
    assert_eq!(tokens("a東b").collect::<Vec<_>>(), ["a", "東", "b"]);
    assert_eq!(tokens("Привет мир").count(), 2);
}

#[test]
fn answers_that_part_late_agree_and_those_that_part_early_do_not() {
    let late = ESCROW.replace("if it fails the money goes back", "otherwise the client has it back");
    let early = ESCROW.replace("before the work", "until the work");
    let found = compare(ESCROW, &late, Comparison::Tolerant).unwrap();
    assert_eq!(found, Likeness { agreed: 20, of: 31, agrees: true });
    let found = compare(ESCROW, &early, Comparison::Tolerant).unwrap();
    assert_eq!(found, Likeness { agreed: 5, of: 31, agrees: false });
}

#[test]
fn sixteen_tokens_agree_and_fifteen_do_not() {
    let reference: String = ('a'..='z').map(|letter| format!("{letter} ")).collect();
    let beginning = |tokens: usize| reference[..2 * tokens].to_owned();
    assert!(agrees(&reference, &beginning(16), Comparison::Tolerant));
    assert!(!agrees(&reference, &beginning(15), Comparison::Tolerant));
    assert!(!agrees(&reference, &(beginning(15) + "!"), Comparison::Tolerant));
    assert!(is_reference(&beginning(16)));
    assert!(!is_reference(&beginning(15)));
}

#[test]
fn an_empty_or_short_answer_never_agrees() {
    for short in ["", " ", "Escrow", "Escrow is money set aside before the work begins."] {
        assert!(!agrees(ESCROW, short, Comparison::Tolerant), "{short:?}");
        assert!(!agrees(ESCROW, short, Comparison::Exact), "{short:?}");
    }
}

#[test]
fn a_short_reference_says_nothing_of_anybody() {
    let short = "Escrow is money set aside before the work begins.";
    for comparison in [Comparison::Exact, Comparison::Tolerant] {
        assert_eq!(compare(short, short, comparison), None);
        assert_eq!(compare("", "", comparison), None);
    }
}

#[test]
fn space_matters_only_to_engines_that_declare_determinism() {
    let spaced = ESCROW.replace(' ', "\n ");
    assert!(agrees(ESCROW, &spaced, Comparison::Tolerant));
    assert!(!agrees(ESCROW, &spaced, Comparison::Exact));
    assert!(agrees(ESCROW, ESCROW, Comparison::Exact));
}

#[test]
fn one_token_as_long_as_an_answer_can_be_is_one_token() {
    let long = "a".repeat(64 * 1024);
    assert!(!is_reference(&long));
    let marks = "!".repeat(64 * 1024);
    let found = compare(&marks, &marks, Comparison::Tolerant).unwrap();
    assert_eq!((found.agreed, found.of), (64 * 1024, 64 * 1024));
}

#[test]
fn two_answers_that_agree_pass_and_four_that_do_not_fail() {
    assert_eq!(verdict(&[]), None);
    assert_eq!(verdict(&[true]), None);
    assert_eq!(verdict(&[true, true]), Some(Verdict::Passed));
    assert_eq!(verdict(&[true, false, false, false]), None);
    assert_eq!(verdict(&[true, false, false, false, true]), Some(Verdict::Passed));
    assert_eq!(verdict(&[true, false, false, false, false]), Some(Verdict::Failed));
    assert_eq!(verdict(&[false; 3]), None);
    assert_eq!(verdict(&[false; 4]), Some(Verdict::Failed));
}

#[test]
fn every_challenge_ends_after_five_questions_and_later_answers_change_nothing() {
    for answers in 0..1_u32 << MOST_QUESTIONS {
        let answers: Vec<bool> = (0..MOST_QUESTIONS).map(|at| answers >> at & 1 == 1).collect();
        let ended = verdict(&answers);
        assert!(ended.is_some(), "{answers:?}");
        let passed = answers.iter().filter(|agrees| **agrees).count() >= PASSES_WITH;
        assert_eq!(ended == Some(Verdict::Passed), passed, "{answers:?}");
        for later in [true, false] {
            assert_eq!(verdict(&[&answers[..], &[later; FAILS_WITH]].concat()), ended);
        }
    }
}

proptest! {
    #[test]
    fn any_text_is_taken_apart_without_loss(text in any::<String>()) {
        let whole: String = tokens(&text).collect();
        let kept: String = text.chars().filter(|c| !c.is_whitespace()).collect();
        prop_assert_eq!(whole, kept);
    }

    #[test]
    fn a_text_agrees_with_itself(text in any::<String>()) {
        for comparison in [Comparison::Exact, Comparison::Tolerant] {
            let found = compare(&text, &text, comparison);
            prop_assert_eq!(found.is_some(), is_reference(&text));
            prop_assert!(found.is_none_or(|found| found.agrees && found.agreed == found.of));
        }
    }

    #[test]
    fn two_references_are_as_alike_either_way(start in "([a-c] ){0,24}", one in "([a-c] ){16,20}", two in "([a-c] ){16,20}") {
        let (one, two) = (start.clone() + &one, start + &two);
        for comparison in [Comparison::Exact, Comparison::Tolerant] {
            let there = compare(&one, &two, comparison).unwrap();
            let back = compare(&two, &one, comparison).unwrap();
            prop_assert_eq!((there.agreed, there.agrees), (back.agreed, back.agrees));
            prop_assert!(comparison == Comparison::Tolerant || !there.agrees || one == two);
        }
    }

    #[test]
    fn what_agrees_exactly_agrees_with_tolerance(one in any::<String>(), two in any::<String>()) {
        if compare(&one, &two, Comparison::Exact).is_some_and(|found| found.agrees) {
            prop_assert!(compare(&one, &two, Comparison::Tolerant).is_some_and(|found| found.agrees));
        }
        if let Some(found) = compare(&one, &two, Comparison::Tolerant) {
            prop_assert!(found.agreed <= found.of && found.agreed <= tokens(&two).count());
        }
    }
}
