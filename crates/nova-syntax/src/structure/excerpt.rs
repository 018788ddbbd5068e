//! What of a text can matter to the locals at one place: a text without the methods, constructors and types that the
//! place is not in.
//!
//! A parser takes its time, and most of a long text is other members.

use crate::declarations::{Declarations, Kind, Span};

/// Parts of a text, in its order.
#[derive(Debug)]
pub(super) struct Excerpt {
    pub(super) text: String,
    parts: Vec<Part>,
}

#[derive(Debug, Clone, Copy)]
struct Part {
    /// Where it begins in the whole text.
    from: usize,
    /// Where it begins in the excerpt.
    to: usize,
}

impl Excerpt {
    /// Of a text with these declarations what matters to the place at an offset.
    pub(super) fn around(text: &str, declarations: &Declarations, offset: usize) -> Self {
        let mut excerpt = Self { text: String::new(), parts: Vec::new() };
        let mut kept_to = 0;
        for symbol in &declarations.symbols {
            let (start, end) = range(symbol.span);
            let is_whole =
                symbol.kind.is_type() || matches!(symbol.kind, Kind::Method | Kind::Constructor);
            let is_around = (start..end).contains(&offset);
            if is_whole && !is_around && start >= kept_to {
                excerpt.keep(text, kept_to, start);
                kept_to = end;
            }
        }
        excerpt.keep(text, kept_to, text.len());
        excerpt
    }

    fn keep(&mut self, text: &str, start: usize, end: usize) {
        if let Some(part) = text.get(start..end) {
            self.parts.push(Part { from: start, to: self.text.len() });
            self.text.push_str(part);
        }
    }

    /// Where a place of the whole text, one that was kept, is in the excerpt.
    pub(super) fn offset(&self, whole: usize) -> usize {
        let after = self.parts.partition_point(|part| part.from <= whole);
        let part = self.parts.get(after.saturating_sub(1));
        part.map_or(whole, |part| part.to + (whole - part.from))
    }

    /// Where a stretch of the excerpt is in the whole text.
    pub(super) fn whole(&self, span: Span) -> Span {
        let (start, end) = range(span);
        let after = self.parts.partition_point(|part| part.to <= start);
        let part = self.parts.get(after.saturating_sub(1));
        let moved = |offset: usize| part.map_or(offset, |part| part.from + (offset - part.to));
        Span { start: moved(start) as u32, end: moved(end) as u32 }
    }
}

fn range(span: Span) -> (usize, usize) {
    (span.start as usize, span.end as usize)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extract::{self, Fallback};

    #[test]
    fn what_the_place_is_not_in_is_left_out_and_places_keep_their_meaning() {
        let text = "class A<T> { static { int i; } void é(int a) { } int b = 1, c; A() { } void g(T d) { d.x(); new B() { void m() { } }; } class C { int e; } enum E { X(1) { void n() { } }, Y } }";
        let declarations = extract::declarations(text, Fallback::None).declarations;
        let offset = text.find("d.x").unwrap();
        let excerpt = Excerpt::around(text, &declarations, offset);
        assert_eq!(
            excerpt.text,
            "class A<T> { static { int i; }  int b = 1, c;  void g(T d) { d.x(); new B() { void m() { } }; }   }"
        );
        assert!(excerpt.text[excerpt.offset(offset)..].starts_with("d.x"));
        let declared = excerpt.text.find("d)").unwrap() as u32;
        let whole = excerpt.whole(Span { start: declared, end: declared + 1 });
        assert!(text[whole.start as usize..].starts_with("d) {"));
        let all = Excerpt::around(text, &declarations, text.len());
        assert_eq!(all.offset(0), 0);
    }
}
