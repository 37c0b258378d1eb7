//! What a model is for, and what else it may be asked for: some models, or some servers, honour it, and others do not.

use std::str::FromStr;

/// Something that only some models, or only some servers, honour.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Feature {
    /// Answers in text.
    Chat,
    /// Calls of functions.
    Tools,
    /// Answers in JSON, or in the form that a schema gives.
    Json,
    /// How likely each token was.
    Logprobs,
    /// Random numbers that begin with a given one.
    Seed,
    /// What is said often, or was said already, becomes less likely.
    Penalties,
    /// Some tokens are made likelier, or less likely.
    LogitBias,
    /// Going on with a text, in place of an answer to it.
    Completions,
    /// Vectors that stand for texts.
    Embeddings,
}

impl Feature {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Chat,
        Self::Tools,
        Self::Json,
        Self::Logprobs,
        Self::Seed,
        Self::Penalties,
        Self::LogitBias,
        Self::Completions,
        Self::Embeddings,
    ];

    /// The name on the wire and in the store. Never renamed, never used for anything else.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Chat => "chat",
            Self::Tools => "tools",
            Self::Json => "json",
            Self::Logprobs => "logprobs",
            Self::Seed => "seed",
            Self::Penalties => "penalties",
            Self::LogitBias => "logit_bias",
            Self::Completions => "completions",
            Self::Embeddings => "embeddings",
        }
    }
}

/// A name that is no feature.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error(
    "the features are chat, tools, json, logprobs, seed, penalties, logit_bias, completions and embeddings"
)]
pub struct UnknownFeature;

impl FromStr for Feature {
    type Err = UnknownFeature;

    fn from_str(name: &str) -> Result<Self, UnknownFeature> {
        Self::ALL.into_iter().find(|feature| feature.name() == name).ok_or(UnknownFeature)
    }
}

/// A set of features.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Features(u16);

impl Features {
    /// None of them.
    pub const NONE: Self = Self(0);

    /// This set with one more.
    #[must_use]
    pub const fn with(self, feature: Feature) -> Self {
        Self(self.0 | 1 << feature as u16)
    }

    /// Both sets together.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether everything in `wanted` is in this set.
    pub const fn include(self, wanted: Self) -> bool {
        self.0 & wanted.0 == wanted.0
    }

    /// What a worker means by the set that it declares of a model. That it is for chats need not be said, unless the set is
    /// [`Feature::Embeddings`] alone: then it is for vectors, and writes no text.
    #[must_use]
    pub const fn declared(self) -> Self {
        const VECTORS: Features = Features::NONE.with(Feature::Embeddings);
        if self.0 == VECTORS.0 { self } else { self.with(Feature::Chat) }
    }

    /// The set as a number, for who has no room for more.
    pub(crate) const fn bits(self) -> u16 {
        self.0
    }

    /// The reverse of [`Self::bits`].
    pub(crate) const fn of_bits(bits: u16) -> Self {
        Self(bits)
    }

    /// Those in the set, in the order of [`Feature::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Feature> {
        Feature::ALL.into_iter().filter(move |feature| self.include(Self::NONE.with(*feature)))
    }
}

impl FromIterator<Feature> for Features {
    fn from_iter<I: IntoIterator<Item = Feature>>(features: I) -> Self {
        features.into_iter().fold(Self::NONE, Self::with)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_feature_has_a_place_of_its_own_in_a_set() {
        let all: Features = Feature::ALL.into_iter().collect();
        assert_eq!(all.iter().collect::<Vec<_>>(), Feature::ALL);
        for feature in Feature::ALL {
            let one = Features::NONE.with(feature);
            assert_eq!(one.iter().collect::<Vec<_>>(), [feature]);
            assert!(all.include(one) && !one.include(all) && one.include(Features::NONE));
            assert_eq!(feature.name().parse(), Ok(feature));
        }
        assert_eq!("telepathy".parse::<Feature>(), Err(UnknownFeature));
    }

    #[test]
    fn who_names_vectors_alone_writes_no_text_unless_he_says_so() {
        let [chat, vectors, seed] = [Feature::Chat, Feature::Embeddings, Feature::Seed];
        for (said, meant) in [
            (vec![], vec![chat]),
            (vec![seed], vec![chat, seed]),
            (vec![vectors], vec![vectors]),
            (vec![seed, vectors], vec![chat, seed, vectors]),
            (vec![chat, vectors], vec![chat, vectors]),
            (vec![chat], vec![chat]),
        ] {
            let declared = said.iter().copied().collect::<Features>().declared();
            assert_eq!(declared, meant.into_iter().collect(), "{said:?}");
        }
    }
}
