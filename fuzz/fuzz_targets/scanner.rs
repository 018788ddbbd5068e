//! Any bytes at all: the scanner does not panic, what it finds lies in the text, names lie in their
//! declarations, and parents stand before their children.

#![no_main]

use libfuzzer_sys::fuzz_target;
use nova_syntax::declarations::Span;
use nova_syntax::{escapes, scanner, text};

fuzz_target!(|bytes: &[u8]| {
    let decoded = text::decode(bytes);
    let translation = escapes::translate(&decoded.text);
    let text = translation.text();
    let declarations = scanner::scan(text).declarations;

    let in_text = |span: Span| text.get(span.start as usize..span.end as usize).is_some();
    let within = |inner: Span, outer: Span| outer.start <= inner.start && inner.end <= outer.end;
    for (index, symbol) in declarations.symbols.iter().enumerate() {
        assert!(in_text(symbol.name_span) && in_text(symbol.span), "{symbol:?}");
        assert!(within(symbol.name_span, symbol.span), "{symbol:?}");
        assert!(symbol.parent.is_none_or(|parent| (parent as usize) < index), "{symbol:?}");
        assert!(!declarations.text(symbol.name).is_empty(), "{symbol:?}");
        assert!(declarations.text(symbol.signature).starts_with(declarations.text(symbol.name)));
    }
    if let Some(package) = &declarations.package {
        assert!(in_text(package.name_span) && within(package.name_span, package.span));
    }
});
