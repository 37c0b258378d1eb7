//! Which language a text is in, and what is known of that language: its code, its stems and its common words.

use rust_stemmers::Algorithm;
use whatlang::Lang;

/// How much of a text is looked at; more does not change the answer.
const SAMPLE_BYTES: usize = 16 << 10;

/// The language that a text is most likely in; `None` without letters.
pub(super) fn detect(text: &str) -> Option<whatlang::Info> {
    whatlang::detect(&text[..text.floor_char_boundary(SAMPLE_BYTES)])
}

/// Whether the language is written without spaces between words.
pub(super) fn is_spaceless(language: Lang) -> bool {
    matches!(language, Lang::Cmn | Lang::Jpn | Lang::Tha | Lang::Khm | Lang::Mya)
}

/// Words too common to tell what a text is about; empty for languages that have no list.
pub(super) fn stop_words(language: Lang) -> &'static [&'static str] {
    let listed_as = if language == Lang::Nob { "no" } else { code(language) };
    stop_words::lookup(listed_as).unwrap_or_default()
}

/// The stemming rules, for the languages that have some.
pub(super) fn stemming(language: Lang) -> Option<Algorithm> {
    let algorithm = match language {
        Lang::Ara => Algorithm::Arabic,
        Lang::Dan => Algorithm::Danish,
        Lang::Nld => Algorithm::Dutch,
        Lang::Eng => Algorithm::English,
        Lang::Fin => Algorithm::Finnish,
        Lang::Fra => Algorithm::French,
        Lang::Deu => Algorithm::German,
        Lang::Ell => Algorithm::Greek,
        Lang::Hun => Algorithm::Hungarian,
        Lang::Ita => Algorithm::Italian,
        Lang::Nob => Algorithm::Norwegian,
        Lang::Por => Algorithm::Portuguese,
        Lang::Ron => Algorithm::Romanian,
        Lang::Rus => Algorithm::Russian,
        Lang::Spa => Algorithm::Spanish,
        Lang::Swe => Algorithm::Swedish,
        Lang::Tam => Algorithm::Tamil,
        Lang::Tur => Algorithm::Turkish,
        _ => return None,
    };
    Some(algorithm)
}

/// The language's two-letter code (ISO 639-1).
pub(super) fn code(language: Lang) -> &'static str {
    match language {
        Lang::Afr => "af",
        Lang::Aka => "ak",
        Lang::Amh => "am",
        Lang::Ara => "ar",
        Lang::Aze => "az",
        Lang::Bel => "be",
        Lang::Ben => "bn",
        Lang::Bul => "bg",
        Lang::Cat => "ca",
        Lang::Ces => "cs",
        Lang::Cmn => "zh",
        Lang::Cym => "cy",
        Lang::Dan => "da",
        Lang::Deu => "de",
        Lang::Ell => "el",
        Lang::Eng => "en",
        Lang::Epo => "eo",
        Lang::Est => "et",
        Lang::Fin => "fi",
        Lang::Fra => "fr",
        Lang::Guj => "gu",
        Lang::Heb => "he",
        Lang::Hin => "hi",
        Lang::Hrv => "hr",
        Lang::Hun => "hu",
        Lang::Hye => "hy",
        Lang::Ind => "id",
        Lang::Ita => "it",
        Lang::Jav => "jv",
        Lang::Jpn => "ja",
        Lang::Kan => "kn",
        Lang::Kat => "ka",
        Lang::Khm => "km",
        Lang::Kor => "ko",
        Lang::Lat => "la",
        Lang::Lav => "lv",
        Lang::Lit => "lt",
        Lang::Mal => "ml",
        Lang::Mar => "mr",
        Lang::Mkd => "mk",
        Lang::Mya => "my",
        Lang::Nep => "ne",
        Lang::Nld => "nl",
        Lang::Nob => "nb",
        Lang::Ori => "or",
        Lang::Pan => "pa",
        Lang::Pes => "fa",
        Lang::Pol => "pl",
        Lang::Por => "pt",
        Lang::Ron => "ro",
        Lang::Rus => "ru",
        Lang::Sin => "si",
        Lang::Slk => "sk",
        Lang::Slv => "sl",
        Lang::Sna => "sn",
        Lang::Spa => "es",
        Lang::Srp => "sr",
        Lang::Swe => "sv",
        Lang::Tam => "ta",
        Lang::Tel => "te",
        Lang::Tgl => "tl",
        Lang::Tha => "th",
        Lang::Tuk => "tk",
        Lang::Tur => "tr",
        Lang::Ukr => "uk",
        Lang::Urd => "ur",
        Lang::Uzb => "uz",
        Lang::Vie => "vi",
        Lang::Yid => "yi",
        Lang::Zul => "zu",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_language_has_its_own_code() {
        let mut codes: Vec<_> = Lang::all().iter().map(|language| code(*language)).collect();
        assert!(codes.iter().all(|code| code.len() == 2));
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), Lang::all().len());
    }

    #[test]
    fn every_language_with_stemming_rules_has_common_words_or_is_known_not_to() {
        let without: Vec<_> = Lang::all()
            .iter()
            .filter(|language| stemming(**language).is_some() && stop_words(**language).is_empty())
            .map(|language| code(*language))
            .collect();
        assert_eq!(without, ["ta"]);
    }
}
