//! The published error codes: each refusal has one of its own, and the page that lists them is up to date.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use proc_macro2::Span;
use regex::Regex;
use syn::spanned::Spanned as _;
use syn::{Arm, Attribute, Expr, Fields, ImplItem, Item, Lit, Meta, Pat, Stmt, Type};

use super::Violation;
use crate::repository::Repository;

const RULE: &str = "refusals";

const SOURCE: &str = "crates/core/src/refusal.rs";
/// The page that lists all codes.
pub const PAGE: &str = "docs/errors.md";

const HEAD: &str = "\
# Error codes

A refusal means that nothing has changed. Its code is published: it is never renamed and never used again for something
else. Each dialect answers it with a status and an envelope of its own.

`cargo xtask errors` writes this page from the core.

| code | meaning |
|---|---|
";

static CODE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$").expect("the pattern is fixed"));

/// Checks the codes in the core and the page.
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
    vec![Violation::new(RULE, PAGE, 0, "is not what the core says: run `cargo xtask errors`")]
}

/// The page that lists all codes, from the core; or the first thing there that keeps it from being written.
pub fn page(repository: &Repository) -> Result<String, Violation> {
    let missing = || Violation::new(RULE, SOURCE, 0, "is missing: the refusals and their codes stand there");
    let source = &repository.file(SOURCE).ok_or_else(missing)?.text;
    let meanings = read(source)
        .map_err(|error| Violation::new(RULE, SOURCE, error.span().start().line, error.to_string()))?;
    let row =
        |(code, meaning): (&String, &String)| format!("| `{code}` | {} |\n", meaning.replace('|', r"\|"));
    Ok(HEAD.to_owned() + &meanings.iter().map(row).collect::<String>())
}

/// What each code means.
fn read(source: &str) -> syn::Result<BTreeMap<String, String>> {
    let items = syn::parse_file(source)?.items;
    let meanings = variants(&items)?;
    let mut pages = BTreeMap::new();
    for arm in arms(&items)? {
        let (variant, code) = published(arm)?;
        let meaning = meanings
            .get(&variant)
            .ok_or_else(|| syn::Error::new(arm.pat.span(), format!("`Refusal` has no `{variant}`")))?;
        if !CODE.is_match(&code) {
            return Err(syn::Error::new(
                arm.body.span(),
                format!("`{code}` is not of the form subject.reason"),
            ));
        }
        if pages.insert(code.clone(), meaning.clone()).is_some() {
            return Err(syn::Error::new(arm.body.span(), format!("`{code}` stands for two refusals")));
        }
    }
    if pages.len() != meanings.len() {
        return Err(syn::Error::new(Span::call_site(), "`code()` does not name every refusal"));
    }
    Ok(pages)
}

/// What each refusal means: its doc comment, else its message.
fn variants(items: &[Item]) -> syn::Result<BTreeMap<String, String>> {
    let refusal = items.iter().find_map(|item| match item {
        Item::Enum(item) if item.ident == "Refusal" => Some(item),
        _ => None,
    });
    let refusal = refusal.ok_or_else(|| syn::Error::new(Span::call_site(), "has no `enum Refusal`"))?;
    let meaning = |variant: &syn::Variant| {
        let text = doc(&variant.attrs).or_else(|| message(&variant.attrs));
        let text = text.ok_or_else(|| syn::Error::new(variant.span(), "says nowhere what it means"))?;
        Ok((variant.ident.to_string(), placeholders_as_code(&text, &variant.fields)))
    };
    refusal.variants.iter().map(meaning).collect()
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

/// The arms of the one match that `Refusal::code` is.
fn arms(items: &[Item]) -> syn::Result<&[Arm]> {
    let functions = items.iter().filter_map(|item| match item {
        Item::Impl(item) if item.trait_.is_none() && is_refusal(&item.self_ty) => Some(&item.items),
        _ => None,
    });
    let code = functions.flatten().find_map(|item| match item {
        ImplItem::Fn(function) if function.sig.ident == "code" => Some(function),
        _ => None,
    });
    let code = code.ok_or_else(|| syn::Error::new(Span::call_site(), "has no `Refusal::code`"))?;
    match code.block.stmts.as_slice() {
        [Stmt::Expr(Expr::Match(decision), None)] => Ok(&decision.arms),
        _ => Err(syn::Error::new(code.span(), "`code()` is to be one match")),
    }
}

fn is_refusal(item: &Type) -> bool {
    matches!(item, Type::Path(path) if path.path.is_ident("Refusal"))
}

/// The refusal and the code that an arm joins.
fn published(arm: &Arm) -> syn::Result<(String, String)> {
    let path = match &arm.pat {
        Pat::Path(pattern) => Some(&pattern.path),
        Pat::TupleStruct(pattern) => Some(&pattern.path),
        Pat::Struct(pattern) => Some(&pattern.path),
        _ => None,
    };
    let variant = path.and_then(|path| path.segments.last());
    let variant =
        variant.ok_or_else(|| syn::Error::new(arm.pat.span(), "each refusal needs an arm of its own"))?;
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
