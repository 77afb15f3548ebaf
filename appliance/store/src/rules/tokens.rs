//! SQL cut into the few kinds of tokens that the rules look at.

/// A token of SQL. Strings, comments and blanks are left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// A keyword, a number, or a name without quotes.
    Word(&'a str),
    /// A name in quotes.
    Quoted(&'a str),
    /// Anything else, one character at a time.
    Symbol(char),
}

impl Token<'_> {
    /// True for this keyword, in any case.
    pub(super) fn is(self, keyword: &str) -> bool {
        matches!(self, Self::Word(word) if word.eq_ignore_ascii_case(keyword))
    }
}

/// The tokens of `sql`.
pub(super) fn tokens(sql: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut rest = sql;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '\'' => quoted(rest, '\''),
            '"' | '`' | '[' => {
                let length = quoted(rest, if first == '[' { ']' } else { first });
                tokens.push(Token::Quoted(
                    rest[1..length].trim_end_matches(['"', '`', ']']),
                ));
                length
            }
            '-' if rest.starts_with("--") => rest.find('\n').unwrap_or(rest.len()),
            '/' if rest.starts_with("/*") => {
                rest[2..].find("*/").map_or(rest.len(), |inside| inside + 4)
            }
            _ if in_word(first) => {
                let length = rest.find(|next| !in_word(next)).unwrap_or(rest.len());
                tokens.push(Token::Word(&rest[..length]));
                length
            }
            _ => {
                if !first.is_ascii_whitespace() {
                    tokens.push(Token::Symbol(first));
                }
                first.len_utf8()
            }
        };
        rest = &rest[length..];
    }
    tokens
}

fn in_word(character: char) -> bool {
    character.is_ascii_alphanumeric()
        || character == '_'
        || character == '$'
        || !character.is_ascii()
}

/// Length of a quoted text with both quotes; a doubled quote is inside.
fn quoted(text: &str, close: char) -> usize {
    let mut at = 1;
    while let Some(inside) = text[at..].find(close) {
        at += inside + close.len_utf8();
        if close == ']' || !text[at..].starts_with(close) {
            return at;
        }
        at += close.len_utf8();
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use Token::{Quoted, Symbol, Word};

    #[test]
    fn strings_and_comments_are_left_out() {
        let sql = "SELECT 'it''s now()' /* random() */, a -- date()\n FROM t";
        let expected = [
            Word("SELECT"),
            Symbol(','),
            Word("a"),
            Word("FROM"),
            Word("t"),
        ];
        assert_eq!(tokens(sql), expected);
    }

    #[test]
    fn quoted_names_are_told_apart() {
        let expected = [Quoted("a b"), Symbol('.'), Quoted("c"), Quoted("d")];
        assert_eq!(tokens("\"a b\".`c` [d]"), expected);
    }

    #[test]
    fn open_quotes_and_comments_end_with_the_text() {
        for sql in [
            "'open", "\"open", "/* open", "-- open", "[open", "'", "/*", "[", "é'",
        ] {
            tokens(sql);
        }
    }
}
