//! The rules of challenges, tried on models that the embedded engine runs: an honest pair passes, others fail.
#![cfg(feature = "gguf")]
#![allow(clippy::unwrap_used)]

mod trial;

use std::path::Path;

use docket_core::challenge::likeness::is_reference;
use docket_gguf::{Model, Source};
use trial::{Trial, ask, questions};

/// Builds without optimization are slow: the whole list is left to the example `likeness`.
const QUESTIONS: usize = 110;

fn model(name: &str) -> Model {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/likeness");
    Model::load(Source::Path(&folder.join(name))).unwrap()
}

#[tokio::test]
async fn a_model_at_another_precision_passes_and_worse_smaller_and_other_models_fail() {
    let all = &questions()[..QUESTIONS];
    let references = ask(&model("true-f32.gguf"), all).await.unwrap();
    let pairs = all.iter().cloned().zip(references).filter(|(_, reference)| is_reference(reference));
    let (questions, references): (Vec<String>, Vec<String>) = pairs.unzip();
    assert!(questions.len() >= 40, "{} references are long enough", questions.len());
    let tried = async |name| Trial::of(&references, &ask(&model(name), &questions).await.unwrap());

    let honest = tried("true-q8_0.gguf").await;
    assert_eq!(honest.failures(), 0, "{honest:?}");
    assert!(honest.agreeing() * 5 >= honest.probes() * 4, "{honest:?}");

    for name in ["worse-q8_0.gguf", "smaller-q8_0.gguf", "other-q8_0.gguf"] {
        let caught = tried(name).await;
        assert_eq!(caught.failures(), caught.probes(), "{name}: {caught:?}");
    }
}
