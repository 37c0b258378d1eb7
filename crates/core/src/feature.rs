//! What a model may be asked for beside plain text: some models, or some servers, honour it, and others do not.

use std::str::FromStr;

/// Something that only some models, or only some servers, honour.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Feature {
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
    pub const ALL: [Self; 8] = [
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
#[error("the features are tools, json, logprobs, seed, penalties, logit_bias, completions and embeddings")]
pub struct UnknownFeature;

impl FromStr for Feature {
    type Err = UnknownFeature;

    fn from_str(name: &str) -> Result<Self, UnknownFeature> {
        Self::ALL.into_iter().find(|feature| feature.name() == name).ok_or(UnknownFeature)
    }
}

/// A set of features.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Features(u8);

impl Features {
    /// None of them: plain text.
    pub const NONE: Self = Self(0);

    /// This set with one more.
    #[must_use]
    pub const fn with(self, feature: Feature) -> Self {
        Self(self.0 | 1 << feature as u8)
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

    /// Whether a model that honours this set can be asked for all of `wanted`. One that makes vectors of texts and
    /// honours nothing else writes no text: it can be asked for vectors alone.
    pub const fn serve(self, wanted: Self) -> bool {
        const VECTORS: Features = Features::NONE.with(Feature::Embeddings);
        self.include(wanted) && (self.0 != VECTORS.0 || wanted.include(VECTORS))
    }

    /// The set as a number, for who has no room for more.
    pub(crate) const fn bits(self) -> u8 {
        self.0
    }

    /// The reverse of [`Self::bits`].
    pub(crate) const fn of_bits(bits: u8) -> Self {
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
    fn a_model_that_only_makes_vectors_writes_no_text() {
        let vectors = Features::NONE.with(Feature::Embeddings);
        let both = vectors.with(Feature::Seed);
        assert!(vectors.serve(vectors) && !vectors.serve(Features::NONE) && !vectors.serve(both));
        assert!(both.serve(vectors) && both.serve(Features::NONE) && both.serve(both));
        assert!(Features::NONE.serve(Features::NONE) && !Features::NONE.serve(vectors));
    }
}
