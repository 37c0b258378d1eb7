//! The published error codes: each refusal and each fault has one of its own, and the page that lists them is up to
//! date.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use proc_macro2::Span;
use regex::Regex;
use syn::spanned::Spanned as _;
use syn::{Arm, Attribute, Expr, Fields, ImplItem, Item, Lit, Meta, Pat, Stmt, Type};

use super::Violation;
use crate::repository::Repository;

const RULE: &str = "refusals";

/// The page that lists all codes.
pub const PAGE: &str = "docs/errors.md";

const HEAD: &str = "\
# Error codes

Codes are published: none is ever renamed, and none used again for something else. `cargo xtask errors` writes this
page from the sources.
";

/// How codes are written, and that in words.
struct Form {
    pattern: LazyLock<Regex>,
    words: &'static str,
}

static OF_A_SUBJECT: Form = Form {
    pattern: LazyLock::new(|| {
        Regex::new(r"^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$").expect("the pattern is fixed")
    }),
    words: "of the form subject.reason",
};
static PLAIN: Form = Form {
    pattern: LazyLock::new(|| Regex::new("^[a-z][a-z0-9_]*$").expect("the pattern is fixed")),
    words: "of lower-case letters",
};

/// Where codes are published, and what stands above their table.
struct Source {
    file: &'static str,
    /// The type whose `code` is one match over its variants.
    name: &'static str,
    form: &'static Form,
    head: &'static str,
}

const SOURCES: [Source; 7] = [
    Source {
        file: "crates/core/src/refusal.rs",
        name: "Refusal",
        form: &OF_A_SUBJECT,
        head: "\
## Refusals

Nothing has changed. Each dialect answers with a status and an envelope of its own.
",
    },
    Source {
        file: "crates/core/src/event.rs",
        name: "Fault",
        form: &PLAIN,
        head: "\
## Why an attempt or a job came to nothing

The money of a job that came to nothing is back with whoever paid.
",
    },
    Source {
        file: "crates/api/src/workers/code.rs",
        name: "Code",
        form: &OF_A_SUBJECT,
        head: "\
## Why a worker is not let in

As `error` in `register_ack`, beside the refusals above.
",
    },
    Source {
        file: "crates/api/src/agents/code.rs",
        name: "Code",
        form: &PLAIN,
        head: "\
## The dialect `agents`

As `error` in `{\"success\": false, …}`.
",
    },
    Source {
        file: "crates/api/src/registry/code.rs",
        name: "Code",
        form: &PLAIN,
        head: "\
## The dialect `registry`

As `code` in `{\"ok\": false, …}`.
",
    },
    Source {
        file: "crates/api/src/credits/code.rs",
        name: "Code",
        form: &PLAIN,
        head: "\
## The dialect `credits`

As `code` in `{\"error\": {…}}`. `GET /docs/errors` is this page, to which the errors' `docs` lead.
",
    },
    Source {
        file: "crates/api/src/admin/code.rs",
        name: "Code",
        form: &OF_A_SUBJECT,
        head: "\
## The operator's API

As `code` in `application/problem+json`, beside the refusals above.
",
    },
];

/// Checks the codes in the sources and the page.
pub fn check(repository: &Repository) -> Vec<Violation> {
    if !repository.has_folder("crates/core/src") {
        return vec![];
    }
    let page = match page(repository) {
        Ok(page) => page,
        Err(violation) => return vec![violation],
    };
    let written = repository.file(PAGE).map(|file| file.text.as_str());
    if written == Some(page.as_str()) {
        return vec![];
    }
    vec![Violation::new(RULE, PAGE, 0, "is not what the sources say: run `cargo xtask errors`")]
}

/// The page that lists all codes; or the first thing in a source that keeps it from being written.
pub fn page(repository: &Repository) -> Result<String, Violation> {
    let mut page = HEAD.to_owned();
    for source in &SOURCES {
        let Some(file) = repository.file(source.file) else {
            if source.name == "Refusal" {
                let why = "is missing: the refusals and their codes stand there";
                return Err(Violation::new(RULE, source.file, 0, why));
            }
            continue;
        };
        let meanings = read(source, &file.text).map_err(|error| {
            Violation::new(RULE, source.file, error.span().start().line, error.to_string())
        })?;
        page.push_str(&format!("\n{}\n| code | meaning |\n|---|---|\n", source.head));
        for (code, meaning) in &meanings {
            page.push_str(&format!("| `{code}` | {} |\n", meaning.replace('|', r"\|")));
        }
    }
    Ok(page)
}

/// What each code means.
fn read(source: &Source, text: &str) -> syn::Result<BTreeMap<String, String>> {
    let items = syn::parse_file(text)?.items;
    let meanings = variants(source.name, &items)?;
    let mut pages = BTreeMap::new();
    for arm in arms(source.name, &items)? {
        let (variant, code) = published(arm)?;
        let meaning = meanings.get(&variant).ok_or_else(|| {
            syn::Error::new(arm.pat.span(), format!("`{}` has no `{variant}`", source.name))
        })?;
        if !source.form.pattern.is_match(&code) {
            let form = source.form.words;
            return Err(syn::Error::new(arm.body.span(), format!("`{code}` is not {form}")));
        }
        if pages.insert(code.clone(), meaning.clone()).is_some() {
            return Err(syn::Error::new(arm.body.span(), format!("`{code}` stands for two things")));
        }
    }
    if pages.len() != meanings.len() {
        return Err(syn::Error::new(Span::call_site(), "`code()` does not name every variant"));
    }
    Ok(pages)
}

/// What each variant means: its doc comment, else its message.
fn variants(name: &str, items: &[Item]) -> syn::Result<BTreeMap<String, String>> {
    let found = items.iter().find_map(|item| match item {
        Item::Enum(item) if item.ident == name => Some(item),
        _ => None,
    });
    let found = found.ok_or_else(|| syn::Error::new(Span::call_site(), format!("has no `enum {name}`")))?;
    let meaning = |variant: &syn::Variant| {
        let text = doc(&variant.attrs).or_else(|| message(&variant.attrs));
        let text = text.ok_or_else(|| syn::Error::new(variant.span(), "says nowhere what it means"))?;
        Ok((variant.ident.to_string(), placeholders_as_code(&text, &variant.fields)))
    };
    found.variants.iter().map(meaning).collect()
}

fn doc(attributes: &[Attribute]) -> Option<String> {
    let lines = attributes.iter().filter(|attribute| attribute.path().is_ident("doc"));
    let lines = lines.filter_map(|attribute| match &attribute.meta {
        Meta::NameValue(doc) => text(&doc.value),
        Meta::Path(_) | Meta::List(_) => None,
    });
    // The first paragraph is enough for a table.
    let first: Vec<_> =
        lines.map(|line| line.trim().to_owned()).take_while(|line| !line.is_empty()).collect();
    (!first.is_empty()).then(|| first.join(" "))
}

/// The message as a sentence.
fn message(attributes: &[Attribute]) -> Option<String> {
    let error = attributes.iter().find(|attribute| attribute.path().is_ident("error"))?;
    let Meta::List(error) = &error.meta else { return None };
    let first = error.tokens.clone().into_iter().next()?;
    let Lit::Str(message) = syn::parse2(first.into()).ok()? else { return None };
    let message = message.value();
    let mut letters = message.chars();
    let start = letters.next()?.to_uppercase();
    Some(format!("{start}{}.", letters.as_str().trim_end_matches('.')))
}

/// `{state}` reads as `state`; a doc comment has no such places.
fn placeholders_as_code(text: &str, fields: &Fields) -> String {
    fields.members().fold(text.to_owned(), |text, member| {
        let name = match member {
            syn::Member::Named(name) => name.to_string(),
            syn::Member::Unnamed(index) => index.index.to_string(),
        };
        text.replace(&format!("{{{name}}}"), &format!("`{name}`"))
    })
}

/// The arms of the one match that a type's `code` is.
fn arms<'a>(name: &str, items: &'a [Item]) -> syn::Result<&'a [Arm]> {
    let functions = items.iter().filter_map(|item| match item {
        Item::Impl(item) if item.trait_.is_none() && is(&item.self_ty, name) => Some(&item.items),
        _ => None,
    });
    let code = functions.flatten().find_map(|item| match item {
        ImplItem::Fn(function) if function.sig.ident == "code" => Some(function),
        _ => None,
    });
    let code = code.ok_or_else(|| syn::Error::new(Span::call_site(), format!("has no `{name}::code`")))?;
    match code.block.stmts.as_slice() {
        [Stmt::Expr(Expr::Match(decision), None)] => Ok(&decision.arms),
        _ => Err(syn::Error::new(code.span(), "`code()` is to be one match")),
    }
}

fn is(item: &Type, name: &str) -> bool {
    matches!(item, Type::Path(path) if path.path.is_ident(name))
}

/// The variant and the code that an arm joins.
fn published(arm: &Arm) -> syn::Result<(String, String)> {
    let path = match &arm.pat {
        Pat::Path(pattern) => Some(&pattern.path),
        Pat::TupleStruct(pattern) => Some(&pattern.path),
        Pat::Struct(pattern) => Some(&pattern.path),
        _ => None,
    };
    let variant = path.and_then(|path| path.segments.last());
    let variant =
        variant.ok_or_else(|| syn::Error::new(arm.pat.span(), "each variant needs an arm of its own"))?;
    let code = text(&arm.body).ok_or_else(|| syn::Error::new(arm.body.span(), "a code is a literal"))?;
    Ok((variant.ident.to_string(), code))
}

fn text(expression: &Expr) -> Option<String> {
    match expression {
        Expr::Lit(literal) => match &literal.lit {
            Lit::Str(text) => Some(text.value()),
            _ => None,
        },
        _ => None,
    }
}
