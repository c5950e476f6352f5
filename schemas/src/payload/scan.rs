//! A JSON scanner that allocates nothing in the ordinary case: it finds where tokens start and
//! end, so that numbers keep their exact form, and it sees what general parsers let pass:
//! duplicate keys, depth, and `NaN` in the place of a number. It is the only reader of JSON for
//! payloads: gate, last value, history and live streams all see what it sees.

mod keys;
mod plain;
mod token;

use super::text;
use crate::Malformed;
use keys::Keys;
pub(super) use plain::{flat, scalar};
pub(super) use token::{Kind, Token};
use uns_model::number;

/// How deep objects and arrays may nest (NS-22).
pub(super) const DEPTH_MAX: usize = 32;

/// Scans a whole payload; `None`: it is not JSON. Each member of the outermost object is shown on the
/// way: what is shown may turn out to be no JSON at all.
pub(super) fn whole<'a>(
    text: &'a str,
    member: &mut dyn FnMut(Token<'a>, Token<'a>),
) -> Result<Option<Token<'a>>, Malformed> {
    let mut keys = Keys::default();
    let mut cursor = Cursor::new(text, Some(&mut keys));
    cursor.member = Some(member);
    cursor.space();
    let token = match cursor.value(0) {
        Ok(token) => token,
        Err(Stop::Syntax) => return Ok(None),
        Err(Stop::TooDeep(at)) => return Err(Malformed::TooDeep { at }),
    };
    cursor.space();
    if cursor.at < text.len() {
        return Ok(None);
    }
    match keys.duplicate() {
        Some(at) => Err(Malformed::DuplicateKey { at }),
        None => Ok(Some(token)),
    }
}

/// The members of an object that was scanned before.
pub(super) fn members(object: Token<'_>) -> impl Iterator<Item = (Token<'_>, Token<'_>)> {
    let mut cursor = Cursor::new(object.text, None);
    std::iter::from_fn(move || {
        cursor.step(b'{', b'}')?;
        let key = cursor.string().ok()?;
        cursor.colon().ok()?;
        Some((key, cursor.value(0).ok()?))
    })
}

/// The elements of an array that was scanned before.
pub(super) fn elements(array: Token<'_>) -> impl Iterator<Item = Token<'_>> {
    let mut cursor = Cursor::new(array.text, None);
    std::iter::from_fn(move || {
        cursor.step(b'[', b']')?;
        cursor.value(0).ok()
    })
}

/// Why scanning stops.
enum Stop {
    Syntax,
    TooDeep(usize),
}

struct Cursor<'a, 'k> {
    text: &'a str,
    at: usize,
    /// Where keys are compared; absent on a second pass.
    keys: Option<&'k mut Keys<'a>>,
    /// Whether all numbers so far were ones.
    finite: bool,
    /// Who is shown the members of the outermost object.
    member: Option<&'k mut dyn FnMut(Token<'a>, Token<'a>)>,
}

impl<'a, 'k> Cursor<'a, 'k> {
    fn new(text: &'a str, keys: Option<&'k mut Keys<'a>>) -> Self {
        Self { text, at: 0, keys, finite: true, member: None }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn rest(&self) -> &'a [u8] {
        self.text.as_bytes().get(self.at..).unwrap_or_default()
    }

    fn since(&self, start: usize) -> &'a str {
        self.text.get(start..self.at).unwrap_or_default()
    }

    fn space(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    /// Moves past a byte and the space behind it, if it is there.
    fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        if found {
            self.at += 1;
            self.space();
        }
        found
    }

    /// On a second pass: moves to the next item of a container; `None` at its end.
    fn step(&mut self, open: u8, close: u8) -> Option<()> {
        if self.at == 0 {
            self.take(open);
        } else {
            self.space();
            self.take(b',');
        }
        (self.peek()? != close).then_some(())
    }

    fn colon(&mut self) -> Result<(), Stop> {
        self.space();
        if self.take(b':') { Ok(()) } else { Err(Stop::Syntax) }
    }

    fn value(&mut self, depth: usize) -> Result<Token<'a>, Stop> {
        let start = self.at;
        let kind = match self.peek() {
            Some(b'"') => return self.string(),
            Some(open @ (b'{' | b'[')) => {
                if depth == DEPTH_MAX {
                    return Err(Stop::TooDeep(start));
                }
                self.at += 1;
                self.space();
                let outside = std::mem::replace(&mut self.finite, true);
                let kind = if open == b'{' {
                    self.object(depth + 1)?;
                    Kind::Object { finite: self.finite }
                } else {
                    self.array(depth + 1)?;
                    Kind::Array { finite: self.finite }
                };
                self.finite &= outside;
                kind
            }
            Some(_) => self.word()?,
            None => return Err(Stop::Syntax),
        };
        Ok(Token { kind, text: self.since(start) })
    }

    /// After the brace and space.
    fn object(&mut self, depth: usize) -> Result<(), Stop> {
        let open = self.keys.as_ref().map_or(0, |keys| keys.len());
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(());
        }
        loop {
            let at = self.at;
            let key = self.string()?;
            if let Some(keys) = &mut self.keys {
                keys.push(key, at);
            }
            self.colon()?;
            let value = self.value(depth)?;
            if depth == 1
                && let Some(member) = &mut self.member
            {
                member(key, value);
            }
            self.space();
            if self.take(b',') {
                continue;
            }
            if self.peek() != Some(b'}') {
                return Err(Stop::Syntax);
            }
            self.at += 1;
            if let Some(keys) = &mut self.keys {
                keys.close(open);
            }
            return Ok(());
        }
    }

    /// After the bracket and space.
    fn array(&mut self, depth: usize) -> Result<(), Stop> {
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(());
        }
        loop {
            self.value(depth)?;
            self.space();
            if self.take(b',') {
                continue;
            }
            if self.peek() != Some(b']') {
                return Err(Stop::Syntax);
            }
            self.at += 1;
            return Ok(());
        }
    }

    /// A number or a literal: the longest run of bytes either could be made of.
    fn word(&mut self) -> Result<Kind, Stop> {
        let rest = self.rest();
        let is_part =
            |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.' | b'#');
        if let Some(length) = number::token_length(rest) {
            self.at += length;
            let ends = !rest.get(length).is_some_and(is_part);
            return if ends { Ok(Kind::Number) } else { Err(Stop::Syntax) };
        }
        let start = self.at;
        self.at += rest.iter().take_while(|byte| is_part(byte)).count();
        match self.since(start) {
            "null" => Ok(Kind::Null),
            "true" => Ok(Kind::Bool(true)),
            "false" => Ok(Kind::Bool(false)),
            _ => self.no_number(start),
        }
    }

    /// What is printed for no number; C may add what kind of it: `nan(ind)`.
    #[cold]
    fn no_number(&mut self, start: usize) -> Result<Kind, Stop> {
        if self.peek() == Some(b'(') {
            let inside = self.rest().iter().skip(1);
            let length = inside.take_while(|b| b.is_ascii_alphanumeric() || **b == b'_').count();
            self.at += length + 1;
            if self.peek() != Some(b')') {
                return Err(Stop::Syntax);
            }
            self.at += 1;
        }
        if !number::is_non_finite(self.since(start)) {
            return Err(Stop::Syntax);
        }
        self.finite = false;
        Ok(Kind::NonFinite)
    }

    #[inline(always)] // a sixth of what a document costs
    fn string(&mut self) -> Result<Token<'a>, Stop> {
        if self.peek() != Some(b'"') {
            return Err(Stop::Syntax);
        }
        self.at += 1;
        let start = self.at;
        let mut escaped = false;
        loop {
            self.at += text::plain_length(self.rest());
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => {
                    escaped = true;
                    self.at += text::escape_length(self.rest()).ok_or(Stop::Syntax)?;
                }
                Some(_) | None => return Err(Stop::Syntax),
            }
        }
        let text = self.since(start);
        self.at += 1;
        Ok(Token { kind: Kind::Text { escaped }, text })
    }
}

#[cfg(test)]
mod tests;
