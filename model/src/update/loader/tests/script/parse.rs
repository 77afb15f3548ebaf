//! GRUB's shell, as far as `disk.cfg` uses it.

/// A word: texts, and names of variables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word(pub(super) Vec<(String, bool)>);

/// A statement.
#[derive(Debug, Clone)]
pub(super) enum Node {
    Command(Vec<Word>),
    If(Vec<(Vec<Node>, Vec<Node>)>, Vec<Node>),
    Function(String, Vec<Node>),
}

/// Reads a whole configuration.
pub(super) fn parse(text: &str) -> Vec<Node> {
    let mut tokens = tokens(text);
    tokens.reverse();
    let nodes = block(&mut tokens, &[]);
    assert!(tokens.is_empty(), "left over: {tokens:?}");
    nodes
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Word(Word),
    End,
}

impl Token {
    fn is(&self, text: &str) -> bool {
        *self == Self::Word(Word(vec![(text.to_owned(), false)]))
    }
}

fn tokens(text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    for line in text.lines() {
        let line = line.trim();
        if !line.starts_with('#') {
            line_tokens(line, &mut tokens);
            tokens.push(Token::End);
        }
    }
    tokens
}

fn line_tokens(line: &str, tokens: &mut Vec<Token>) {
    let mut chars = line.chars().peekable();
    while let Some(&next) = chars.peek() {
        match next {
            ' ' => drop(chars.next()),
            ';' => {
                chars.next();
                tokens.push(Token::End);
            }
            _ => {
                let mut raw = String::new();
                let mut quote = None;
                while let Some(&next) = chars.peek() {
                    if quote.is_none() && matches!(next, ' ' | ';') {
                        break;
                    }
                    match (quote, next) {
                        (None, '\'' | '"') => quote = Some(next),
                        (Some(open), _) if open == next => quote = None,
                        // A dollar between single quotes is no variable.
                        (Some('\''), '$') => raw.push('\u{1}'),
                        _ => raw.push(next),
                    }
                    chars.next();
                }
                tokens.push(Token::Word(word(&raw)));
            }
        }
    }
}

fn word(raw: &str) -> Word {
    let mut pieces = Vec::new();
    let mut rest = raw;
    while let Some((before, after)) = rest.split_once('$') {
        if !before.is_empty() {
            pieces.push((before.to_owned(), false));
        }
        let digits = after.starts_with(|c: char| c.is_ascii_digit());
        let end = after
            .find(|c: char| {
                !(c.is_ascii_digit() || !digits && (c.is_ascii_alphabetic() || c == '_'))
            })
            .unwrap_or(after.len());
        pieces.push((after[..end].to_owned(), true));
        rest = &after[end..];
    }
    if !rest.is_empty() || pieces.is_empty() {
        pieces.push((rest.replace('\u{1}', "$"), false));
    }
    Word(pieces)
}

/// Reads statements up to one of `ends`, which is left in place.
fn block(tokens: &mut Vec<Token>, ends: &[&str]) -> Vec<Node> {
    let mut nodes = Vec::new();
    while let Some(token) = tokens.last().cloned() {
        if ends.iter().any(|end| token.is(end)) {
            break;
        }
        if token == Token::End {
            tokens.pop();
        } else if token.is("if") {
            nodes.push(condition(tokens));
        } else if token.is("function") || token.is("menuentry") {
            nodes.push(named(tokens));
        } else {
            nodes.push(Node::Command(words(tokens)));
        }
    }
    nodes
}

fn condition(tokens: &mut Vec<Token>) -> Node {
    let mut branches = Vec::new();
    loop {
        tokens.pop();
        let condition = block(tokens, &["then"]);
        tokens.pop();
        branches.push((condition, block(tokens, &["elif", "else", "fi"])));
        if !tokens.last().is_some_and(|token| token.is("elif")) {
            break;
        }
    }
    let mut otherwise = Vec::new();
    if tokens.pop().is_some_and(|token| token.is("else")) {
        otherwise = block(tokens, &["fi"]);
        tokens.pop();
    }
    Node::If(branches, otherwise)
}

/// A function; menu entries are taken for functions that nobody calls.
fn named(tokens: &mut Vec<Token>) -> Node {
    let words = words(tokens);
    assert!(
        words
            .last()
            .is_some_and(|word| Token::Word(word.clone()).is("{"))
    );
    let body = block(tokens, &["}"]);
    tokens.pop();
    let name = words[1].0.iter().map(|(text, _)| text.as_str()).collect();
    Node::Function(name, body)
}

fn words(tokens: &mut Vec<Token>) -> Vec<Word> {
    let mut words = Vec::new();
    while let Some(Token::Word(word)) = tokens.pop() {
        words.push(word);
    }
    words
}
