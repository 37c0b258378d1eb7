//! How a person names an engine: `tasks`, `tiny`, `gguf:PATH`, `openai:URL` or `openai+tools:URL`.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;

use docket_protocol::frames::{Feature, UnknownFeature};
use reqwest::Url;

use super::openai::{OpenAi, OpenAiConfig};
use super::tasks::Tasks;
use super::{Engine, StartError};

/// An engine to start, in the form `tasks | tiny | gguf:PATH[#NAME] | openai[+FEATURE]…:URL[#MODEL]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EngineSpec {
    /// The built-in tasks.
    Tasks,
    /// The embedded test model.
    Tiny,
    /// A model file, run in this process.
    Gguf {
        /// The GGUF file.
        path: PathBuf,
        /// The name to offer it under; without one, the file's name without its extension.
        name: Option<String>,
    },
    /// An OpenAI-compatible server.
    OpenAi {
        /// What `/chat/completions` is appended to; `/v1` is assumed where the URL has no path.
        base_url: Url,
        /// The only model to offer; without one, all that the server lists.
        model: Option<String>,
        /// What the server honours beside what every server does, by its owner's word. Where that is `embeddings`
        /// alone, its models are for nothing else.
        features: BTreeSet<Feature>,
    },
}

/// Why a text names no engine.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SpecError {
    /// It begins with no known kind.
    #[error("`{given}` is no engine; give tasks, tiny, gguf:PATH or openai:URL{}", hint.as_ref().map(|hint| format!(" (did you mean `{hint}`?)")).unwrap_or_default())]
    Unknown {
        /// What was given.
        given: String,
        /// What was probably meant.
        hint: Option<String>,
    },
    /// `gguf:` without a path.
    #[error("gguf: needs the path of a model file, as gguf:models/qwen3-0.6b-q8_0.gguf")]
    NoPath,
    /// What follows `openai:` is not a URL that can be used.
    #[error("openai: needs the base URL of a server, as openai:http://127.0.0.1:11434/v1 ({0})")]
    BadUrl(String),
    /// What follows `openai+` is no feature.
    #[error("`{0}` is no feature of a server, as in openai+tools+logprobs:URL; {UnknownFeature}")]
    NoFeature(String),
    /// A `#` with nothing after it.
    #[error("a name is missing after the #")]
    NoName,
}

impl FromStr for EngineSpec {
    type Err = SpecError;

    fn from_str(given: &str) -> Result<Self, SpecError> {
        match given.split_once(':') {
            None if given == "tasks" => Ok(Self::Tasks),
            None if given == "tiny" => Ok(Self::Tiny),
            Some(("gguf", rest)) => {
                let (path, name) = split_name(rest)?;
                if path.is_empty() {
                    return Err(SpecError::NoPath);
                }
                Ok(Self::Gguf { path: path.into(), name })
            }
            Some((server, rest)) if server == "openai" || server.starts_with("openai+") => {
                let (url, model) = split_name(rest)?;
                let features = server.split('+').skip(1).map(feature).collect::<Result<_, _>>()?;
                Ok(Self::OpenAi { base_url: base_url(url)?, model, features })
            }
            _ => Err(SpecError::Unknown { given: given.to_owned(), hint: hint(given) }),
        }
    }
}

impl EngineSpec {
    /// Starts the engine. See [`Engines::start`](super::Engines::start).
    pub(super) async fn start(&self, api_key_env: Option<&str>) -> Result<Arc<dyn Engine>, StartError> {
        match self {
            Self::Tasks => Ok(Arc::new(Tasks)),
            Self::OpenAi { base_url, model, features } => {
                let mut config = OpenAiConfig::new(base_url.clone());
                config.model.clone_from(model);
                // Then it is for vectors, and what servers of chats honour does not matter.
                match features.iter().eq([&Feature::Embeddings]) {
                    true => config.features.clone_from(features),
                    false => config.features.extend(features),
                }
                config.api_key_env = api_key_env.map(str::to_owned);
                Ok(Arc::new(OpenAi::start(config).await?))
            }
            #[cfg(feature = "gguf")]
            Self::Tiny => Ok(Arc::new(super::Gguf::tiny().await?)),
            #[cfg(feature = "gguf")]
            Self::Gguf { path, name } => {
                Ok(Arc::new(super::Gguf::load_file(path.clone(), name.clone()).await?))
            }
            #[cfg(not(feature = "gguf"))]
            Self::Tiny | Self::Gguf { .. } => Err(StartError::NotBuilt),
        }
    }
}

fn feature(name: &str) -> Result<Feature, SpecError> {
    name.parse().map_err(|UnknownFeature| SpecError::NoFeature(name.to_owned()))
}

fn split_name(text: &str) -> Result<(&str, Option<String>), SpecError> {
    match text.split_once('#') {
        None => Ok((text, None)),
        Some((_, "")) => Err(SpecError::NoName),
        Some((rest, name)) => Ok((rest, Some(name.to_owned()))),
    }
}

fn base_url(text: &str) -> Result<Url, SpecError> {
    let bad = |reason: &str| SpecError::BadUrl(reason.to_owned());
    let mut url = Url::parse(text).map_err(|error| bad(&error.to_string()))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(bad("it must begin with http:// or https://"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(bad("keys do not belong in it; name an environment variable instead"));
    }
    if url.query().is_some() {
        return Err(bad("it may not have a query"));
    }
    let path = url.path().trim_end_matches('/').to_owned();
    url.set_path(if path.is_empty() { "/v1" } else { &path });
    Ok(url)
}

fn hint(given: &str) -> Option<String> {
    match given.to_ascii_lowercase().as_str() {
        lower if lower.starts_with("http://") || lower.starts_with("https://") => {
            Some(format!("openai:{given}"))
        }
        lower if lower.ends_with(".gguf") => Some(format!("gguf:{given}")),
        lower if lower.starts_with("ollama") => Some("openai:http://127.0.0.1:11434/v1".into()),
        lower if lower.starts_with("vllm") => Some("openai:http://127.0.0.1:8000/v1".into()),
        lower if lower.starts_with("llama") => Some("openai:http://127.0.0.1:8080/v1".into()),
        "task" => Some("tasks".into()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(given: &str) -> Result<EngineSpec, SpecError> {
        given.parse()
    }

    fn server(url: &str, model: Option<&str>) -> EngineSpec {
        let base_url = Url::parse(url).unwrap();
        EngineSpec::OpenAi { base_url, model: model.map(str::to_owned), features: BTreeSet::new() }
    }

    #[test]
    fn each_kind_is_read_with_and_without_a_name() {
        assert_eq!(parse("tasks"), Ok(EngineSpec::Tasks));
        assert_eq!(parse("tiny"), Ok(EngineSpec::Tiny));
        assert_eq!(parse("gguf:a/b.gguf"), Ok(EngineSpec::Gguf { path: "a/b.gguf".into(), name: None }));
        let named = EngineSpec::Gguf { path: "C:\\m.gguf".into(), name: Some("qwen3-8b".into()) };
        assert_eq!(parse("gguf:C:\\m.gguf#qwen3-8b"), Ok(named));
        assert_eq!(parse("openai:http://127.0.0.1:11434"), Ok(server("http://127.0.0.1:11434/v1", None)));
        assert_eq!(
            parse("openai:http://h:1/v1/#llama3.2:1b"),
            Ok(server("http://h:1/v1", Some("llama3.2:1b")))
        );
        assert_eq!(parse("openai:https://h/api/v3#org/m"), Ok(server("https://h/api/v3", Some("org/m"))));
    }

    #[test]
    fn what_a_server_honours_is_said_between_its_kind_and_its_url() {
        let Ok(EngineSpec::OpenAi { base_url, model, features }) = parse("openai+tools+logprobs:http://h#m")
        else {
            panic!("it is a server with features")
        };
        assert_eq!((base_url.as_str(), model.as_deref()), ("http://h/v1", Some("m")));
        assert_eq!(features, BTreeSet::from([Feature::Tools, Feature::Logprobs]));
        let said = parse("openai+tool:http://h").unwrap_err().to_string();
        assert!(
            said.starts_with("`tool` is no feature") && said.contains("chat, tools, json, logprobs"),
            "{said}"
        );
        assert_eq!(parse("openai+:http://h"), Err(SpecError::NoFeature(String::new())));
        assert!(matches!(parse("gguf+tools:a.gguf"), Err(SpecError::Unknown { .. })));
    }

    #[test]
    fn a_mistake_is_answered_with_what_was_probably_meant() {
        let said = |given: &str| parse(given).unwrap_err().to_string();
        assert!(said("http://localhost:8000").ends_with("(did you mean `openai:http://localhost:8000`?)"));
        assert!(said("models/q.gguf").ends_with("(did you mean `gguf:models/q.gguf`?)"));
        assert!(said("ollama").contains("openai:http://127.0.0.1:11434/v1"));
        assert!(said("task").contains("`tasks`"));
        assert_eq!(said("gpu"), "`gpu` is no engine; give tasks, tiny, gguf:PATH or openai:URL");
        assert_eq!(parse("gguf:"), Err(SpecError::NoPath));
        assert_eq!(parse("gguf:a.gguf#"), Err(SpecError::NoName));
        assert_eq!(parse("openai:http://h#"), Err(SpecError::NoName));
        for url in ["", "localhost:11434", "ftp://h", "http://user:key@h", "http://h/v1?key=1", "unix:/s"] {
            assert!(matches!(parse(&format!("openai:{url}")), Err(SpecError::BadUrl(_))), "{url}");
        }
    }
}
