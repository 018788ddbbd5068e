//! The scanner: one pass over the text, no tree; declarations and, where it is not sure, a doubt.
//!
//! It reads headers token by token and skips what lies between them: comments, bodies,
//! initialisers, arguments. A skipped stretch is entered, token by token, only if it may declare a
//! type. What encloses the position is kept on a stack of [`Frame`]s, never in recursion:
//!
//! ```text
//!              ┌────────── a type's body ───────────┐
//!              ▼                                    │
//!  File ─▶ Members ──── `enum` ───▶ Constants ──────┤
//!              │                        │           │
//!              └── body, initialiser ───┴─▶ Code ───┘  (a type that it declares is local)
//! ```
//!
//! Knows nothing of encodings, lines or unicode escapes: offsets are bytes of the text it is given.

mod bytes;
mod code;
mod cursor;
mod fields;
mod layout;
mod members;
mod modifiers;
mod skip;
#[cfg(test)]
mod tests;
mod types;
mod unit;

use std::sync::LazyLock;

use memchr::memmem::Finder;

pub(crate) use self::bytes::{SPACE, WORD, has};
pub(crate) use self::cursor::Cursor;
use self::fields::FieldList;
use self::modifiers::{begins_declaration, begins_member};
use crate::declarations::{Declaration, Declarations, Kind, Modifiers, Span};
use crate::signature::Signed;

/// Texts above this size are not scanned: offsets have 32 bits, and the arena must fit as well.
pub const SCAN_TEXT_BYTES_MAX: usize = 1 << 30;

/// Types in bodies in types in bodies, this deep, are looked into; each level reads its text again.
const CODE_DEPTH_MAX: usize = 16;

/// Few files nest deeper; others cost another allocation.
const FRAMES_EXPECTED: usize = 8;

/// What a scan found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scan {
    /// The declarations; if there is a doubt, those that could be made out.
    pub declarations: Declarations,
    /// The first place where the text was not what the scanner knows to be Java.
    pub doubt: Option<Doubt>,
}

/// Where the scanner was not sure, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Doubt {
    /// The place, in bytes.
    pub offset: u32,
    /// What is odd about it.
    pub reason: Reason,
}

/// Why the scanner was not sure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum Reason {
    #[error("an unexpected token")]
    UnexpectedToken,
    #[error("a comment without an end")]
    UnclosedComment,
    #[error("a literal without an end")]
    UnclosedLiteral,
    #[error("a bracket without its counterpart")]
    UnclosedBracket,
    #[error("a constructor that is not named like its class")]
    StrangeConstructor,
    #[error("local types nested more than {CODE_DEPTH_MAX} deep")]
    NestedTooDeep,
    #[error("more than {SCAN_TEXT_BYTES_MAX} bytes of text")]
    TooLarge,
}

/// Scans `text`, in which unicode escapes are translated already (see [`crate::escapes`]).
pub fn scan(text: &str) -> Scan {
    if text.len() > SCAN_TEXT_BYTES_MAX {
        let doubt = Some(Doubt { offset: 0, reason: Reason::TooLarge });
        return Scan { declarations: Declarations::default(), doubt };
    }
    let first = Scanner::new(text, false).run();
    if !first.is_unbalanced {
        return first.scan;
    }
    let Run { scan: second, .. } = Scanner::new(text, true).run();
    Scan { doubt: first.scan.doubt.or(second.doubt), ..second }
}

/// One run of a scanner.
struct Run {
    scan: Scan,
    /// A brace is missing, or one too many.
    is_unbalanced: bool,
}

struct Scanner<'t> {
    cursor: Cursor<'t>,
    declarations: Declarations,
    frames: Vec<Frame>,
    /// How many of the frames are [`Frame::Code`].
    code_depth: usize,
    /// Where braces end is judged by the layout as well.
    by_layout: bool,
    is_unbalanced: bool,
}

/// What encloses the position.
#[derive(Clone, Copy)]
enum Frame {
    /// The file, or a type's body behind its constants.
    Members(Scope),
    /// An enum's body up to the `;` behind its constants.
    Constants(Scope),
    /// A body, an initialiser or arguments, up to `end`, in which only types are looked for.
    Code { scope: Scope, end: usize },
    /// Between the declarators of a field declaration.
    Fields(FieldList),
}

/// What a declaration found at the position is part of.
#[derive(Clone, Copy)]
struct Scope {
    /// The innermost enclosing named type: its index and kind.
    owner: Option<(u32, Kind)>,
    local: bool,
    /// How far the owner is indented, if its members' layout is to be heeded.
    indent: Option<usize>,
}

impl Scope {
    const FILE: Self = Self { owner: None, local: false, indent: None };

    fn kind(self) -> Option<Kind> {
        self.owner.map(|(_, kind)| kind)
    }
}

impl<'t> Scanner<'t> {
    fn new(text: &'t str, by_layout: bool) -> Self {
        let mut frames = Vec::with_capacity(FRAMES_EXPECTED);
        frames.push(Frame::Members(Scope::FILE));
        Self {
            cursor: Cursor::new(text),
            declarations: Declarations::for_text(text.len()),
            frames,
            code_depth: 0,
            by_layout,
            is_unbalanced: false,
        }
    }

    fn run(mut self) -> Run {
        while let Some(&frame) = self.frames.last() {
            match frame {
                Frame::Members(scope) => self.members(scope),
                Frame::Constants(scope) => self.constants(scope),
                Frame::Code { scope, end } => self.code(scope, end),
                Frame::Fields(list) => {
                    self.frames.pop();
                    self.fields(list);
                }
            }
        }
        let scan = Scan { declarations: self.declarations, doubt: self.cursor.doubt };
        Run { scan, is_unbalanced: self.is_unbalanced }
    }

    fn unbalanced(&mut self) {
        self.is_unbalanced = true;
        self.cursor.doubt(Reason::UnclosedBracket);
    }

    fn declare(
        &mut self,
        kind: Kind,
        signed: Signed,
        modifiers: Modifiers,
        scope: Scope,
        name_span: Span,
        span: Span,
    ) -> u32 {
        let index = self.declarations.symbols.len() as u32;
        self.declarations.symbols.push(Declaration {
            kind,
            name: signed.name,
            signature: signed.signature,
            parent: scope.owner.map(|(index, _)| index),
            modifiers,
            local: scope.local,
            name_span,
            span,
        });
        index
    }

    /// Enters the stretch from `start` to the position, which has just been skipped, if it may
    /// declare a type.
    fn enter_code(&mut self, scope: Scope, start: usize) {
        let end = self.cursor.pos();
        if !may_declare_type(self.cursor.slice(start, end)) {
            return;
        }
        if self.code_depth == CODE_DEPTH_MAX {
            self.cursor.doubt_at(start, Reason::NestedTooDeep);
            return;
        }
        self.code_depth += 1;
        self.frames.push(Frame::Code { scope: Scope { local: true, ..scope }, end });
        self.cursor.return_to(start);
    }

    fn leave_code(&mut self, end: usize) {
        self.code_depth -= 1;
        self.frames.pop();
        // A type without an end may have led past it.
        let pos = self.cursor.pos().max(end);
        self.cursor.return_to(pos);
    }

    /// After something unexpected: on to where a member may begin or the enclosing body may end.
    fn recover(&mut self) {
        loop {
            self.cursor.skip_trivia();
            match self.cursor.peek() {
                b'}' => return,
                _ if self.cursor.at_end() => return,
                b';' => return self.cursor.bump(),
                b'{' => {
                    self.cursor.bump();
                    self.cursor.skip_braces();
                    return;
                }
                b'"' | b'\'' => self.cursor.skip_literal(),
                b'@' if self.begins_line() => return,
                _ => {
                    let start = self.cursor.pos();
                    let word = self.cursor.word();
                    if word.is_empty() {
                        self.cursor.bump();
                    } else if begins_declaration(word) || begins_member(word) {
                        self.cursor.return_to(start);
                        if self.begins_line() {
                            return;
                        }
                        self.cursor.word();
                    }
                }
            }
        }
    }

    fn begins_line(&self) -> bool {
        self.cursor.indent_before(self.cursor.pos()).is_some()
    }
}

/// Whether a keyword that declares a type is in `code`, be it in a comment.
fn may_declare_type(code: &str) -> bool {
    static KEYWORDS: LazyLock<[Finder<'static>; 4]> =
        LazyLock::new(|| ["class", "interface", "enum", "record"].map(Finder::new));
    KEYWORDS.iter().any(|keyword| {
        keyword.find_iter(code.as_bytes()).any(|at| {
            let before = at.checked_sub(1).map(|before| code.as_bytes()[before]);
            let after = code.as_bytes().get(at + keyword.needle().len());
            before.is_none_or(|byte| !has(byte, WORD) && byte != b'.')
                && after.is_some_and(|&byte| has(byte, SPACE) || byte == b'/')
        })
    })
}
