//! Backwards from a name: the names before it, and what stands before these.

use crate::keywords::is_keyword;
use crate::scanner::{SPACE, WORD, has};
use crate::stretches::{Stretch, StretchKind};

/// A name behind more names than this counts as one whose qualifier is not known.
const QUALIFIER_NAMES_MAX: usize = 64;

/// Annotations between a dot and a name, or between `new` and a type.
const ANNOTATIONS_MAX: usize = 8;

/// Of an annotation so much is looked at, before one of its elements.
const ELEMENTS_BYTES_MAX: usize = 16 << 10;

/// Type arguments that are longer are not stepped over.
const TYPE_ARGUMENTS_BYTES_MAX: usize = 4096;

/// What stands before a name.
#[derive(Debug)]
pub(super) struct Chain<'t> {
    /// In the order of the text.
    pub(super) names: Vec<&'t str>,
    /// What the dots lead back to is no name.
    pub(super) is_of_unknown: bool,
    /// How the name is joined to it.
    pub(super) joint: Joint,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Joint {
    Dots,
    Colons,
}

/// A position in code that moves backwards.
#[derive(Clone, Copy)]
pub(super) struct LookBack<'t, 's> {
    text: &'t str,
    pos: usize,
    /// The comments and literals before the position.
    before: &'s [Stretch],
}

impl<'t, 's> LookBack<'t, 's> {
    /// At `pos`, which is in code behind the stretches of `before`.
    pub(super) fn new(text: &'t str, pos: usize, before: &'s [Stretch]) -> Self {
        Self { text, pos, before }
    }

    /// Steps over the names before the one at the position; `None` if that is part of a number.
    pub(super) fn chain(&mut self) -> Option<Chain<'t>> {
        let name_start = self.pos;
        let mut names = Vec::new();
        let mut joint = Joint::Dots;
        let mut is_of_unknown = false;
        loop {
            let here = *self;
            self.skip_annotations();
            self.skip_type_arguments();
            let is_first = names.is_empty();
            if is_first && self.take_colons() {
                joint = Joint::Colons;
            } else if !self.take_dot() {
                *self = here;
                break;
            }
            let dot = self.pos;
            self.skip_type_arguments();
            let name = self.word().unwrap_or_default();
            let is_number = name.starts_with(|c: char| c.is_ascii_digit());
            if is_number && is_first && dot + 1 == name_start {
                return None;
            }
            let is_plain = !is_number && !name.is_empty();
            if !is_plain || !can_qualify(name) || names.len() == QUALIFIER_NAMES_MAX {
                names.clear();
                is_of_unknown = true;
                break;
            }
            names.push(name);
        }
        names.reverse();
        Some(Chain { names, is_of_unknown, joint })
    }

    /// Steps over `byte` if it is the last one of the code before the position.
    pub(super) fn take(&mut self, byte: u8) -> bool {
        self.skip_trivia();
        let found = self.last() == Some(byte);
        self.pos -= usize::from(found);
        found
    }

    /// The word before the position.
    pub(super) fn word(&mut self) -> Option<&'t str> {
        self.skip_trivia();
        let end = self.pos;
        // What a literal that nothing closes ends with is no word.
        let floor = self.before.last().map_or(0, |stretch| stretch.end);
        while self.pos > floor && self.last().is_some_and(|byte| has(byte, WORD)) {
            self.pos -= 1;
        }
        self.text.get(self.pos..end).filter(|word| !word.is_empty())
    }

    /// Steps over `@A @b.C`; arguments of annotations stop it.
    pub(super) fn skip_annotations(&mut self) {
        for _ in 0..ANNOTATIONS_MAX {
            let here = *self;
            let mut is_name = self.word().is_some();
            while is_name && self.take_dot() {
                is_name = self.word().is_some();
            }
            if !is_name || !self.take(b'@') {
                *self = here;
                return;
            }
        }
    }

    /// Steps over `<…>` if that may be type arguments; whether it did.
    pub(super) fn skip_type_arguments(&mut self) -> bool {
        let here = *self;
        self.skip_trivia();
        let floor = self.pos.saturating_sub(TYPE_ARGUMENTS_BYTES_MAX);
        let mut depth = 0_usize;
        while self.pos > floor {
            match self.last() {
                Some(b'>') => depth += 1,
                Some(b'<') if depth > 0 => depth -= 1,
                Some(b'.' | b',' | b'?' | b'[' | b']' | b'@') if depth > 0 => {}
                Some(byte) if depth > 0 && has(byte, WORD | SPACE) => {}
                _ => break,
            }
            self.pos -= 1;
            if depth == 0 {
                return true;
            }
            self.skip_trivia();
        }
        *self = here;
        false
    }

    /// Steps over `[]`; whether it did.
    pub(super) fn take_dimensions(&mut self) -> bool {
        self.take(b']') && self.take(b'[')
    }

    /// The name of the annotation, dot by dot, in whose parentheses the position is.
    pub(super) fn annotation_around(mut self) -> Option<Vec<&'t str>> {
        let floor = self.pos.saturating_sub(ELEMENTS_BYTES_MAX);
        let mut depth = 0_usize;
        loop {
            self.skip_trivia();
            if let Some(stretch) = self.before.last().filter(|stretch| stretch.end == self.pos) {
                self.pos = stretch.start;
                continue;
            }
            match self.last()? {
                b'(' if depth == 0 => break,
                b'{' | b'[' | b';' if depth == 0 => return None,
                b'(' | b'{' | b'[' => depth -= 1,
                b')' | b'}' | b']' => depth += 1,
                _ => {}
            }
            self.pos -= 1;
            if self.pos < floor {
                return None;
            }
        }
        self.pos -= 1;
        let mut names = vec![self.word()?];
        while self.take_dot() && names.len() < QUALIFIER_NAMES_MAX {
            names.push(self.word()?);
        }
        names.reverse();
        self.take(b'@').then_some(names)
    }

    /// Steps over a dot, if it is not the last one of `...`.
    fn take_dot(&mut self) -> bool {
        let here = *self;
        let found = self.take(b'.') && self.last() != Some(b'.');
        if !found {
            *self = here;
        }
        found
    }

    fn take_colons(&mut self) -> bool {
        self.skip_trivia();
        let found = self.text.as_bytes()[..self.pos].ends_with(b"::");
        self.pos -= if found { 2 } else { 0 };
        found
    }

    fn last(&self) -> Option<u8> {
        self.text.as_bytes()[..self.pos].last().copied()
    }

    fn skip_trivia(&mut self) {
        loop {
            while let Some((stretch, rest)) = self.before.split_last()
                && stretch.end > self.pos
            {
                self.before = rest;
            }
            match self.before.last() {
                Some(stretch) if stretch.end == self.pos => {
                    if stretch.kind != StretchKind::Comment {
                        return;
                    }
                    self.pos = stretch.start;
                }
                _ if self.last().is_some_and(|byte| has(byte, SPACE)) => self.pos -= 1,
                _ => return,
            }
        }
    }
}

fn can_qualify(name: &str) -> bool {
    matches!(name, "this" | "super") || !is_keyword(name.as_bytes())
}
