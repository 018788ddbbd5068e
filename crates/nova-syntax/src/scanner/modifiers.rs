//! Modifiers and annotations before a declaration.

use super::cursor::Cursor;
use crate::declarations::{Modifier, Modifiers};
use crate::signature;

/// What stands before a declaration: its modifiers, and the first word that is none.
pub(crate) struct Lead<'t> {
    pub(super) modifiers: Modifiers,
    /// Where the first annotation or modifier stands, or else the word.
    pub(super) start: usize,
    /// Where the word stands.
    pub(super) word_start: usize,
    /// The word, which was stepped over; empty if no word is next.
    pub(crate) word: &'t str,
}

impl<'t> Cursor<'t> {
    /// Steps over annotations and modifiers, and over the word behind them. `@interface` is left.
    pub(crate) fn lead(&mut self) -> Lead<'t> {
        let start = self.pos();
        let mut modifiers = Modifiers::default();
        let mut deprecated = false;
        let (word_start, word) = loop {
            let at = self.pos();
            if self.peek() == b'@' {
                if self.at_interface() {
                    break (at, "");
                }
                self.bump();
                deprecated |= signature::is_deprecated(self.skip_annotation());
            } else {
                let word = self.word();
                match self.modifier(word) {
                    Some(modifier) => modifiers.push(modifier),
                    None => break (at, word),
                }
            }
            self.skip_trivia();
        };
        if deprecated {
            modifiers.push(Modifier::Deprecated);
        }
        Lead { modifiers, start, word_start, word }
    }

    /// Whether the `@` at the position begins `@interface`.
    pub(super) fn at_interface(&mut self) -> bool {
        let start = self.pos();
        self.bump();
        self.skip_trivia();
        let interface = self.word() == "interface";
        self.return_to(start);
        interface
    }

    /// The modifier that `word`, just stepped over, is here.
    pub(super) fn modifier(&mut self, word: &str) -> Option<Modifier> {
        match word {
            "sealed" => self.before_declaration().then_some(Modifier::Sealed),
            "open" => self.before_module().then_some(Modifier::Open),
            "non" => self.take_rest_of_non_sealed().then_some(Modifier::NonSealed),
            _ => keyword(word),
        }
    }

    /// Whether what follows shows that the contextual keyword before it was one.
    fn before_declaration(&mut self) -> bool {
        let next = self.next_word();
        begins_declaration(next) || matches!(next, "@" | "non" | "record")
    }

    fn before_module(&mut self) -> bool {
        let start = self.pos();
        self.skip_trivia();
        let module = self.word() == "module";
        self.skip_trivia();
        let named = self.at_name();
        self.return_to(start);
        module && named
    }

    /// The word, or the `@`, behind the position, which stays.
    pub(super) fn next_word(&mut self) -> &'t str {
        let start = self.pos();
        self.skip_trivia();
        let next = if self.peek() == b'@' { "@" } else { self.word() };
        self.return_to(start);
        next
    }

    fn take_rest_of_non_sealed(&mut self) -> bool {
        let start = self.pos();
        let found = self.take(b'-') && self.word() == "sealed";
        if !found {
            self.return_to(start);
        }
        found
    }
}

/// Whether `word` can only be a modifier or the keyword of a type's declaration.
pub(super) fn begins_declaration(word: &str) -> bool {
    keyword(word).is_some() || matches!(word, "class" | "interface" | "enum")
}

/// Whether `word` at the beginning of a line shows that a member begins there, whatever was left
/// unfinished before it. Parameters may begin with `final`, and labels with `default`.
pub(super) fn begins_member(word: &str) -> bool {
    begins_declaration(word) && !matches!(word, "final" | "default") || word == "void"
}

fn keyword(word: &str) -> Option<Modifier> {
    Some(match word {
        "public" => Modifier::Public,
        "protected" => Modifier::Protected,
        "private" => Modifier::Private,
        "abstract" => Modifier::Abstract,
        "static" => Modifier::Static,
        "final" => Modifier::Final,
        "transient" => Modifier::Transient,
        "volatile" => Modifier::Volatile,
        "synchronized" => Modifier::Synchronized,
        "native" => Modifier::Native,
        "strictfp" => Modifier::Strictfp,
        "default" => Modifier::Default,
        _ => return None,
    })
}
