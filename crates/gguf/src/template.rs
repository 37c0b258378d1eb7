//! Turns a conversation into the one text that the model continues, by the template in the model's own file.

use candle_core::quantized::gguf_file::Content;
use minijinja::syntax::SyntaxConfig;
use minijinja::{Environment, Error, ErrorKind, Value, context};

use crate::GgufError;
use crate::metadata::special_token;

/// Instructions a template may execute: thousands of messages fit, an endless loop does not.
const FUEL: u64 = 10_000_000;

/// Who speaks in a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Instructions that stand above the conversation.
    System,
    /// The one who asks.
    User,
    /// The model.
    Assistant,
}

impl Role {
    /// The role's name in chat templates and on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Role::System => "system",
            Role::User => "user",
            Role::Assistant => "assistant",
        }
    }
}

/// One message of a conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Who speaks.
    pub role: Role,
    /// What is said.
    pub content: String,
}

/// A model's chat template, if its file has one.
pub(crate) struct Template {
    environment: Option<Environment<'static>>,
    bos_token: String,
    eos_token: String,
}

const NAME: &str = "chat";

impl Template {
    pub(crate) fn read(content: &Content) -> Result<Self, GgufError> {
        let source = content.metadata.get("tokenizer.chat_template").and_then(|value| value.to_string().ok());
        Ok(Self {
            environment: source.map(|source| environment(source.clone())).transpose()?,
            bos_token: special_token(content, "bos_token_id")?,
            eos_token: special_token(content, "eos_token_id")?,
        })
    }

    /// The text to continue. A model without a template takes one user message as it is, and no conversation.
    pub(crate) fn render(&self, messages: &[Message]) -> Result<String, GgufError> {
        match (&self.environment, messages) {
            (Some(environment), _) => {
                let template = environment.get_template(NAME).map_err(refused)?;
                let messages = messages.iter().map(|Message { role, content }| {
                    context! { role => role.name(), content }
                });
                let rendered = template.render(context! {
                    messages => messages.collect::<Vec<Value>>(),
                    add_generation_prompt => true,
                    enable_thinking => false,
                    bos_token => &self.bos_token,
                    eos_token => &self.eos_token,
                });
                rendered.map_err(refused)
            }
            (None, [Message { role: Role::User, content }]) => Ok(format!("{}{content}", self.bos_token)),
            (None, _) => Err(GgufError::Template("the file has no chat template".into())),
        }
    }
}

/// Templates are written for Python's Jinja; `strftime_now` is left out so that a prompt never depends on the day.
fn environment(source: String) -> Result<Environment<'static>, GgufError> {
    let mut environment = Environment::new();
    let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build().map_err(refused)?;
    environment.set_syntax(syntax);
    environment.set_fuel(Some(FUEL));
    environment.set_unknown_method_callback(minijinja_contrib::pycompat::unknown_method_callback);
    environment.add_function("raise_exception", |reason: String| -> Result<String, Error> {
        Err(Error::new(ErrorKind::InvalidOperation, reason))
    });
    environment.add_template_owned(NAME, source).map_err(refused)?;
    Ok(environment)
}

fn refused(error: Error) -> GgufError {
    GgufError::Template(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn template(source: &str) -> Template {
        Template {
            environment: Some(environment(source.to_owned()).unwrap()),
            bos_token: "<s>".into(),
            eos_token: "</s>".into(),
        }
    }

    fn user(content: &str) -> Message {
        Message { role: Role::User, content: content.into() }
    }

    #[test]
    fn a_template_may_use_pythons_string_methods_and_its_own_tokens() {
        let template = template(
            "{{ bos_token }}{% for m in messages %}\n  [{{ m.role }}] {{ m.content.strip().split('|')[-1] }}{% endfor %}",
        );
        assert_eq!(template.render(&[user(" a|b ")]).unwrap(), "<s>  [user] b");
    }

    #[test]
    fn a_template_that_raises_or_never_ends_is_an_error() {
        let raised =
            template("{{ raise_exception('roles must alternate') }}").render(&[user("x")]).unwrap_err();
        assert!(raised.to_string().contains("roles must alternate"), "{raised}");
        let endless = "{% for a in range(9999) %}{% for b in range(9999) %}{{ a }}{% endfor %}{% endfor %}";
        assert!(matches!(template(endless).render(&[user("x")]), Err(GgufError::Template(_))));
    }

    #[test]
    fn without_a_template_one_message_is_plain_text_and_a_conversation_is_refused() {
        let plain = Template { environment: None, bos_token: String::new(), eos_token: String::new() };
        assert_eq!(plain.render(&[user("Once upon")]).unwrap(), "Once upon");
        assert!(matches!(plain.render(&[user("a"), user("b")]), Err(GgufError::Template(_))));
    }
}
