//! Forwards from a name: whether it is called, and with how many arguments.

use crate::scanner::{Cursor, SPACE, WORD, has};

/// Arguments that go on for longer are not counted.
const LOOK_AHEAD_BYTES_MAX: usize = 64 << 10;

/// Type arguments that go on for longer count as comparisons.
const TYPE_ARGUMENTS_BYTES_MAX: usize = 1024;

/// Among arguments with more angle brackets these count as comparisons.
const ANGLES_MAX: usize = 256;

/// The text behind a name.
pub(super) struct After<'t> {
    /// At most [`LOOK_AHEAD_BYTES_MAX`] behind the name.
    text: &'t str,
    name_end: usize,
}

impl<'t> After<'t> {
    pub(super) fn new(text: &'t str, name_end: usize) -> Self {
        let end = text.floor_char_boundary(name_end + LOOK_AHEAD_BYTES_MAX);
        Self { text: text.get(..end).unwrap_or_default(), name_end }
    }

    /// A parenthesis follows.
    pub(super) fn is_called(&mut self) -> bool {
        self.next().peek() == b'('
    }

    /// A single `=` follows.
    pub(super) fn is_assigned(&mut self) -> bool {
        let mut cursor = self.next();
        cursor.take(b'=') && cursor.peek() != b'='
    }

    /// A dot follows, and behind it more of the same name.
    pub(super) fn is_qualifier(&mut self) -> bool {
        self.next().peek() == b'.'
    }

    /// Another name follows.
    pub(super) fn is_before_name(&mut self) -> bool {
        let next = self.next().peek();
        next != 0 && has(next, WORD)
    }

    /// Whether what stands behind `new` and a name makes an object of that name's type, or may do so
    /// when it is finished.
    pub(super) fn constructs(&mut self) -> bool {
        !matches!(self.behind_type_arguments().peek(), b'.' | b'[')
    }

    /// How many arguments stand in the parentheses that follow.
    pub(super) fn arguments(&mut self) -> Option<usize> {
        let mut cursor = self.behind_type_arguments();
        if !cursor.take(b'(') {
            return None;
        }
        let (mut depth, mut commas, mut is_empty) = (1_usize, 0, true);
        let mut angles = 0;
        loop {
            cursor.skip_trivia();
            if cursor.at_end() {
                return None;
            }
            match cursor.peek() {
                b')' | b']' | b'}' => depth -= 1,
                b'(' | b'[' | b'{' => depth += 1,
                b',' if depth == 1 => commas += 1,
                b';' if depth == 1 => return None,
                b'"' | b'\'' => {
                    is_empty = false;
                    cursor.skip_literal();
                    continue;
                }
                b'<' if depth == 1 && angles < ANGLES_MAX => {
                    angles += 1;
                    if let Some(end) = type_arguments_end(self.text, cursor.pos()) {
                        cursor.return_to(end);
                        continue;
                    }
                }
                _ => {}
            }
            if depth == 0 {
                return (cursor.peek() == b')').then_some(if is_empty { 0 } else { commas + 1 });
            }
            is_empty = false;
            if cursor.word().is_empty() {
                cursor.bump();
            }
        }
    }

    /// At the next token.
    fn next(&self) -> Cursor<'t> {
        let mut cursor = Cursor::new(self.text);
        cursor.return_to(self.name_end);
        cursor.skip_trivia();
        cursor
    }

    fn behind_type_arguments(&self) -> Cursor<'t> {
        let mut cursor = self.next();
        if cursor.peek() == b'<'
            && let Some(end) = closing_angle(self.text, cursor.pos())
        {
            cursor.return_to(end);
            cursor.skip_trivia();
        }
        cursor
    }
}

/// Behind the type arguments that begin at `start`, a `<` among arguments, if it is not a comparison:
/// then they stand behind a dot, or before what may follow a type in an expression.
fn type_arguments_end(text: &str, start: usize) -> Option<usize> {
    let end = closing_angle(text, start)?;
    let before = text[..start].trim_end();
    let after = text[end..].trim_start();
    let is_one = before.ends_with(['.', ':']) || after.starts_with(['(', '.', ':', '[']);
    is_one.then_some(end)
}

/// Behind the `>` that closes the `<` at `start`, if types alone stand between.
fn closing_angle(text: &str, start: usize) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, byte) in text.bytes().enumerate().skip(start).take(TYPE_ARGUMENTS_BYTES_MAX) {
        match byte {
            b'<' => depth += 1,
            b'>' => depth -= 1,
            b'.' | b',' | b'?' | b'[' | b']' | b'@' | b'&' => {}
            byte if has(byte, WORD | SPACE) => {}
            _ => return None,
        }
        if depth == 0 {
            return Some(at + 1);
        }
    }
    None
}
