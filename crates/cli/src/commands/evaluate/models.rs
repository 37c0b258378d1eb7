//! The models that score: OpenAI-compatible servers, each asked for one chat completion.

use crate::client::words;
use crate::show::plain;
use anyhow::{Context, Result, bail};
use docket_evaluation::rubric::{Heard, MAX_REPLY_BYTES, Panel, Prompt, Rubric, Unanswered, consult};
use reqwest::{Client, Response, Url, redirect};
use serde::Deserialize;
use serde_json::json;
use std::path::PathBuf;
use std::time::Duration;

/// The largest answer that is read: a reply, and what stands around it.
const MOST: usize = MAX_REPLY_BYTES + (1 << 20);
/// How many tokens a reply may have. Twenty dimensions need a few hundred.
const MAX_TOKENS: u32 = 4_096;
/// The longest key that is read.
const MAX_KEY_BYTES: usize = 4 << 10;
/// Where a key stands instead of in a file.
const VARIABLE: &str = "DOCKET_EVALUATE_KEY";

/// Which models, and where they are.
#[derive(clap::Args)]
pub(super) struct ModelArgs {
    /// Where models are asked: an OpenAI-compatible server, such as a coordinator, with `/v1` where the URL has no path.
    /// Given once for all models, or once for each of them, in the same order.
    #[arg(long = "base-url", value_name = "URL", required = true)]
    base_urls: Vec<Url>,
    /// A model to ask; at least three different ones.
    #[arg(long = "model", value_name = "NAME", required = true)]
    models: Vec<String>,
    /// The file with the server's API key: the first for the first --base-url, and so on [default: for a single
    /// --base-url the key in the environment variable DOCKET_EVALUATE_KEY, if it is set].
    #[arg(long = "key-file", value_name = "FILE")]
    key_files: Vec<PathBuf>,
    /// How long a model may take to answer, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 120, value_parser = clap::value_parser!(u64).range(1..=3_600))]
    timeout: u64,
}

/// Models that can be asked.
pub(super) struct Models {
    http: Client,
    panel: Panel,
    /// One for all, or one for each.
    servers: Vec<Server>,
}

struct Server {
    url: Url,
    key: Option<String>,
}

impl ModelArgs {
    /// Checks names and addresses, and reads the keys. Asks nobody yet.
    pub(super) fn models(&self) -> Result<Models> {
        let panel = Panel::new(self.models.clone())?;
        if self.base_urls.len() != 1 && self.base_urls.len() != self.models.len() {
            bail!("--base-url is given once for all models, or once for each --model");
        }
        if self.key_files.len() > self.base_urls.len() {
            bail!("there are more --key-file than --base-url");
        }
        let mut keys = self.key_files.iter().map(|path| -> Result<String> {
            let bytes = crate::commands::read(path, MAX_KEY_BYTES)?;
            let key = std::str::from_utf8(&bytes).ok().filter(|_| bytes.len() <= MAX_KEY_BYTES);
            Ok(key.with_context(|| format!("{} is no key", path.display()))?.trim().to_owned())
        });
        let mut servers = Vec::with_capacity(self.base_urls.len());
        for url in &self.base_urls {
            let key = match keys.next().transpose()? {
                Some(key) => Some(key),
                None if self.base_urls.len() == 1 => std::env::var(VARIABLE).ok(),
                None => None,
            };
            servers.push(Server { url: completions(url)?, key });
        }
        // A key is for the server that was named, and for no other to which that may point.
        let http = Client::builder()
            .redirect(redirect::Policy::none())
            .connect_timeout(Duration::from_secs(10))
            .timeout(Duration::from_secs(self.timeout))
            .user_agent(concat!("docket/", env!("CARGO_PKG_VERSION")))
            .build()
            .context("no HTTP client can be made")?;
        Ok(Models { http, panel, servers })
    }
}

fn completions(base: &Url) -> Result<Url> {
    if !matches!(base.scheme(), "http" | "https") {
        bail!("--base-url {base}: only http and https are spoken");
    }
    let text = base.as_str().trim_end_matches('/');
    let version = if base.path() == "/" { "/v1" } else { "" };
    format!("{text}{version}/chat/completions").parse().with_context(|| base.to_string())
}

impl Models {
    /// Asks all of them at once for their opinion.
    pub(super) async fn hear(&self, rubric: &Rubric, prompt: &Prompt) -> Vec<Heard> {
        let each = self.panel.models().iter().enumerate().map(|(place, model)| {
            let server = self.servers.get(place).unwrap_or(&self.servers[0]);
            consult(rubric, prompt, model, async move |prompt: &Prompt| self.ask(server, model, prompt).await)
        });
        futures::future::join_all(each).await
    }

    async fn ask(&self, server: &Server, model: &str, prompt: &Prompt) -> Result<String, Unanswered> {
        let body = json!({
            "model": model,
            "messages": [
                {"role": "system", "content": prompt.system},
                {"role": "user", "content": prompt.user},
            ],
            "temperature": 0,
            "max_tokens": MAX_TOKENS,
        });
        let request = self.http.post(server.url.clone()).json(&body);
        let request = match &server.key {
            Some(key) => request.bearer_auth(key),
            None => request,
        };
        let broken = |error: reqwest::Error| {
            let error = anyhow::Error::new(error.without_url());
            Unanswered(plain(&crate::show::words(&error)))
        };
        let response = request.send().await.map_err(broken)?;
        let status = response.status();
        let body = read(response).await.map_err(broken)?;
        if !status.is_success() {
            return Err(Unanswered(format!("{}: {}", status.as_u16(), words(&body))));
        }
        reply(&body)
    }
}

/// The body up to a bound; what is cut off is no JSON any more.
async fn read(mut response: Response) -> reqwest::Result<Vec<u8>> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        body.extend_from_slice(&chunk);
        if body.len() > MOST {
            body.truncate(MOST);
            break;
        }
    }
    Ok(body)
}

/// The text in a chat completion.
fn reply(body: &[u8]) -> Result<String, Unanswered> {
    #[derive(Deserialize)]
    struct Completion {
        choices: Vec<Choice>,
    }
    #[derive(Deserialize)]
    struct Choice {
        message: Message,
    }
    #[derive(Deserialize)]
    struct Message {
        content: Option<String>,
    }
    let completion = serde_json::from_slice::<Completion>(body).ok();
    let first = completion.and_then(|completion| completion.choices.into_iter().next());
    first
        .and_then(|choice| choice.message.content)
        .ok_or_else(|| Unanswered("the answer is no chat completion with a text".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_url_without_a_path_means_the_first_version() {
        let url = |text: &str| completions(&text.parse().unwrap()).map(|url| url.to_string());
        assert_eq!(url("http://h:1").unwrap(), "http://h:1/v1/chat/completions");
        assert_eq!(url("https://h/v1/").unwrap(), "https://h/v1/chat/completions");
        assert_eq!(url("https://h/api/v3").unwrap(), "https://h/api/v3/chat/completions");
        assert!(url("file:///etc/passwd").is_err());
    }

    #[test]
    fn a_completion_has_a_text() {
        let of = |content: serde_json::Value| {
            reply(json!({"choices": [{"message": {"content": content}}]}).to_string().as_bytes())
        };
        assert_eq!(of(json!("{}")).unwrap(), "{}");
        assert!(of(json!(null)).is_err());
        assert!(reply(br#"{"choices": []}"#).is_err());
        assert!(reply(b"<html>").is_err());
    }
}
