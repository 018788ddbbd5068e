//! Code that may declare types: bodies, initialisers, arguments.
//!
//! Only `[modifiers] class|interface|enum|record|@interface Name …` matters here. What encloses it,
//! a block or an anonymous class, makes no difference: neither is a container.

use super::modifiers::Lead;
use super::{Scanner, Scope};
use crate::declarations::{Kind, Modifier, Modifiers};
use crate::signature;

/// The modifiers and annotations since the last token that is neither.
#[derive(Clone, Copy, Default)]
struct Run {
    start: Option<usize>,
    modifiers: Modifiers,
    deprecated: bool,
    /// A statement may begin here, if no modifier did already.
    at_statement: bool,
}

impl<'t> Scanner<'t> {
    /// The code up to `end`, or up to the body of a type that it declares.
    pub(super) fn code(&mut self, scope: Scope, end: usize) {
        let depth = self.frames.len();
        let mut run = Run::at_statement();
        loop {
            self.cursor.skip_trivia();
            if self.cursor.pos() >= end || self.cursor.at_end() {
                return self.leave_code(end);
            }
            run = match self.cursor.peek() {
                b'"' | b'\'' => {
                    self.cursor.skip_literal();
                    Run::default()
                }
                b'@' => self.annotation(run, scope),
                b'.' => {
                    self.cursor.bump();
                    self.cursor.skip_trivia();
                    self.cursor.word();
                    Run::default()
                }
                b'{' | b'}' | b';' | b':' => {
                    self.cursor.bump();
                    Run::at_statement()
                }
                _ => self.word_in_code(run, scope),
            };
            if self.frames.len() != depth {
                return;
            }
        }
    }

    fn annotation(&mut self, mut run: Run, scope: Scope) -> Run {
        let at = self.cursor.pos();
        let start = *run.start.get_or_insert(at);
        self.cursor.bump();
        let name = self.cursor.skip_annotation();
        if name == "interface" {
            self.named_type(Kind::Annotation, &run.lead(start), scope);
            return Run::default();
        }
        run.deprecated |= signature::is_deprecated(name);
        run
    }

    fn word_in_code(&mut self, mut run: Run, scope: Scope) -> Run {
        let at = self.cursor.pos();
        let word = self.cursor.word();
        let kind = match word {
            "" => {
                self.cursor.bump();
                return Run::default();
            }
            "class" => Kind::Class,
            "interface" => Kind::Interface,
            "enum" => Kind::Enum,
            "record" if run.may_begin_type() && self.cursor.at_record() => Kind::Record,
            _ => {
                let Some(modifier) = self.cursor.modifier(word) else { return Run::default() };
                run.start.get_or_insert(at);
                run.modifiers.push(modifier);
                return run;
            }
        };
        self.named_type(kind, &run.lead(at), scope);
        Run::default()
    }
}

impl Run {
    fn at_statement() -> Self {
        Self { at_statement: true, ..Self::default() }
    }

    fn may_begin_type(&self) -> bool {
        self.at_statement || self.start.is_some()
    }

    /// The run as what stands before the declaration whose keyword is at `keyword`.
    fn lead<'t>(&self, keyword: usize) -> Lead<'t> {
        let mut modifiers = self.modifiers;
        if self.deprecated {
            modifiers.push(Modifier::Deprecated);
        }
        Lead { modifiers, start: self.start.unwrap_or(keyword), word_start: keyword, word: "" }
    }
}
