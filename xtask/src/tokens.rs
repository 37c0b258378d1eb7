//! A Rust file as a flat run of tokens, each with its line and whether it is compiled for tests only.
//!
//! Comments are gone, doc comments too; what stands inside a macro's brackets is seen like everything else.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

/// What a token says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Kind {
    /// An identifier, a keyword, a number or a character.
    Word(String),
    /// A string literal, without quotes and escapes.
    Text(String),
    /// A punctuation mark or a bracket.
    Mark(char),
}

/// One token.
#[derive(Clone, Debug)]
pub struct Token {
    /// What it says.
    pub kind: Kind,
    /// The line that it begins on, from 1.
    pub line: usize,
    /// Whether it belongs to an item under `#[cfg(test)]` or `#[test]`.
    pub test: bool,
}

impl Token {
    /// Whether this is that word.
    pub fn is_word(&self, word: &str) -> bool {
        matches!(&self.kind, Kind::Word(own) if own == word)
    }

    /// Whether this is that mark.
    pub fn is_mark(&self, mark: char) -> bool {
        self.kind == Kind::Mark(mark)
    }
}

/// The tokens of one file.
#[derive(Debug, Default)]
pub struct Tokens {
    /// All of them, in order.
    pub list: Vec<Token>,
    /// Modules declared here, in files of their own, that are compiled for tests only.
    pub test_modules: Vec<String>,
    /// How many lines belong to items that are compiled for tests only.
    pub test_lines: usize,
}

impl Tokens {
    /// Reads a file; `None` where it is not Rust.
    pub fn read(text: &str) -> Option<Self> {
        let mut tokens = Self::default();
        tokens.walk(text.parse().ok()?, false);
        Some(tokens)
    }

    /// The tokens outside tests.
    pub fn program(&self) -> impl Iterator<Item = &Token> {
        self.list.iter().filter(|token| !token.test)
    }

    /// The string literals with their tokens.
    pub fn texts(&self) -> impl Iterator<Item = (&Token, &str)> {
        self.list.iter().filter_map(|token| match &token.kind {
            Kind::Text(text) => Some((token, text.as_str())),
            Kind::Word(_) | Kind::Mark(_) => None,
        })
    }

    /// Where a run of tokens, written as Rust, begins.
    pub fn find(&self, run: &str) -> Vec<&Token> {
        let run = Self::read(run).expect("a rule looks for Rust").list;
        let same = |window: &&[Token]| window.iter().zip(&run).all(|(own, other)| own.kind == other.kind);
        self.list.windows(run.len()).filter(same).map(|window| &window[0]).collect()
    }

    fn walk(&mut self, stream: TokenStream, test: bool) {
        let trees: Vec<TokenTree> = stream.into_iter().collect();
        let mut file_is_test = test;
        // Where an item under `#[cfg(test)]` began: its first line and its first token.
        let mut item: Option<(usize, usize)> = None;
        let mut rest = trees.as_slice();
        while let [tree, after @ ..] = rest {
            if let Some((attribute, inner, after)) = attribute(rest) {
                rest = after;
                if is_doc(&attribute) {
                    continue;
                }
                if is_test(&attribute) {
                    file_is_test |= inner;
                    item = item.or((!inner).then(|| (line(tree), self.list.len())));
                }
                self.push(Kind::Mark('#'), line(tree), file_is_test || item.is_some());
                self.group(&attribute, file_is_test || item.is_some());
                continue;
            }
            let within = file_is_test || item.is_some();
            match tree {
                TokenTree::Group(group) => self.group(group, within),
                TokenTree::Ident(word) => self.push(Kind::Word(word.to_string()), line(tree), within),
                TokenTree::Punct(mark) => self.push(Kind::Mark(mark.as_char()), line(tree), within),
                TokenTree::Literal(literal) => self.push(literal_kind(literal), line(tree), within),
            }
            if let Some((first_line, first_token)) = item.filter(|_| ends_item(tree)) {
                item = None;
                if !file_is_test {
                    self.test_lines += tree.span().end().line + 1 - first_line;
                }
                self.note_test_module(first_token);
            }
            rest = after;
        }
    }

    fn group(&mut self, group: &Group, test: bool) {
        let (open, close) = match group.delimiter() {
            Delimiter::Parenthesis => ('(', ')'),
            Delimiter::Brace => ('{', '}'),
            Delimiter::Bracket => ('[', ']'),
            Delimiter::None => return self.walk(group.stream(), test),
        };
        self.push(Kind::Mark(open), group.span_open().start().line, test);
        self.walk(group.stream(), test);
        self.push(Kind::Mark(close), group.span_close().start().line, test);
    }

    fn push(&mut self, kind: Kind, line: usize, test: bool) {
        self.list.push(Token { kind, line, test });
    }

    fn note_test_module(&mut self, first_token: usize) {
        if let [.., module, name, end] = &self.list[first_token..]
            && let Kind::Word(name) = &name.kind
            && module.is_word("mod")
            && end.is_mark(';')
        {
            self.test_modules.push(name.clone());
        }
    }
}

fn line(tree: &TokenTree) -> usize {
    tree.span().start().line
}

fn literal_kind(literal: &proc_macro2::Literal) -> Kind {
    match syn::Lit::new(literal.clone()) {
        syn::Lit::Str(text) => Kind::Text(text.value()),
        syn::Lit::ByteStr(bytes) => Kind::Text(String::from_utf8_lossy(&bytes.value()).into_owned()),
        _ => Kind::Word(literal.to_string()),
    }
}

/// An attribute at the head of a run, whether it is of the inner kind, and what follows it.
fn attribute(trees: &[TokenTree]) -> Option<(Group, bool, &[TokenTree])> {
    let is = |tree: &TokenTree, mark| matches!(tree, TokenTree::Punct(own) if own.as_char() == mark);
    let (inner, group, after) = match trees {
        [hash, TokenTree::Group(group), after @ ..] if is(hash, '#') => (false, group, after),
        [hash, bang, TokenTree::Group(group), after @ ..] if is(hash, '#') && is(bang, '!') => {
            (true, group, after)
        }
        _ => return None,
    };
    (group.delimiter() == Delimiter::Bracket).then(|| (group.clone(), inner, after))
}

/// An item ends with its block or its semicolon.
fn ends_item(tree: &TokenTree) -> bool {
    match tree {
        TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
        TokenTree::Punct(mark) => mark.as_char() == ';',
        TokenTree::Ident(_) | TokenTree::Literal(_) => false,
    }
}

fn is_doc(attribute: &Group) -> bool {
    first_word(attribute.stream()).is_some_and(|word| word == "doc")
}

/// Whether an attribute leaves its item out of the program: `test`, `tokio::test`, `cfg(test)`, `cfg(all(test, ..))`.
fn is_test(attribute: &Group) -> bool {
    let words = words(attribute.stream());
    match words.first().map(String::as_str) {
        Some("cfg") => {
            words.iter().any(|word| word == "test")
                && !words.iter().any(|word| word == "not" || word == "any")
        }
        Some("cfg_attr") | None => false,
        Some(_) => {
            let path = attribute.stream().into_iter().take_while(|tree| !matches!(tree, TokenTree::Group(_)));
            path.last().is_some_and(|last| last.to_string() == "test")
        }
    }
}

fn first_word(stream: TokenStream) -> Option<String> {
    stream.into_iter().next().map(|tree| tree.to_string())
}

/// All identifiers, those inside brackets too.
fn words(stream: TokenStream) -> Vec<String> {
    let of = |tree| match tree {
        TokenTree::Group(group) => words(group.stream()),
        TokenTree::Ident(word) => vec![word.to_string()],
        TokenTree::Punct(_) | TokenTree::Literal(_) => vec![],
    };
    stream.into_iter().flat_map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn program(text: &str) -> Vec<String> {
        let words = |token: &Token| match &token.kind {
            Kind::Word(word) => Some(word.clone()),
            Kind::Text(_) | Kind::Mark(_) => None,
        };
        Tokens::read(text).unwrap().program().filter_map(words).collect()
    }

    #[test]
    fn comments_are_no_tokens() {
        assert_eq!(program("//! a\n/// b\n// c\nfn d() {} /* e */"), ["fn", "d"]);
    }

    #[test]
    fn a_test_ends_with_its_item() {
        assert_eq!(program("#[cfg(test)] mod a { fn b() {} } fn c() {}"), ["fn", "c"]);
        assert_eq!(program("#[cfg(test)] #[allow(x)] use a::b; fn c() {}"), ["fn", "c"]);
        assert_eq!(program("#[tokio::test(start_paused = true)] async fn a() {} fn c() {}"), ["fn", "c"]);
        assert_eq!(program("#![cfg(test)] fn a() {} fn c() {}"), [""; 0]);
    }

    #[test]
    fn what_is_not_for_tests_alone_is_program() {
        assert_eq!(program("#[cfg(not(test))] fn a() {}"), ["cfg", "not", "test", "fn", "a"]);
        assert_eq!(program("#[cfg(feature = \"x\")] fn a() {}"), ["cfg", "feature", "fn", "a"]);
        assert_eq!(program("#[cfg_attr(test, derive(B))] fn a() {}").last().unwrap(), "a");
    }

    #[test]
    fn a_run_is_found_inside_macros_and_with_its_line() {
        let tokens = Tokens::read("fn a() {\n    vec![std::time::Instant :: now()];\n}").unwrap();
        let lines: Vec<_> = tokens.find("Instant::now").iter().map(|token| token.line).collect();
        assert_eq!(lines, [2]);
    }

    #[test]
    fn lines_of_tests_are_counted_once() {
        let tokens =
            Tokens::read("fn a() {}\n#[cfg(test)]\nmod tests {\n    #[test]\n    fn b() {}\n}\n").unwrap();
        assert_eq!(tokens.test_lines, 5);
    }
}
