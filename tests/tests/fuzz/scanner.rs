//! The scanner, which reads whatever lies in a tree. The judge compares it with the tree; here it has to stand any
//! bytes.

use nova_syntax::declarations::Span;
use nova_syntax::{escapes, scanner, text};

use crate::java::TEXTS;
use crate::mutation::mutate;
use crate::runner::{Memory, Target};
use crate::trace::Trace;

pub(crate) const TARGET: Target = Target {
    name: "scanner",
    seeds,
    mutate,
    run,
    memory: Memory { per_byte: 256, beside: 64 << 10 },
};

/// What is found lies in the text, names lie in their declarations, and parents stand before their children.
fn run(input: &[u8], trace: &mut Trace) {
    let decoded = text::decode(input);
    let translation = escapes::translate(&decoded.text);
    let text = translation.text();
    let scan = scanner::scan(text);
    let declarations = scan.declarations;
    trace.note_kind(&decoded.encoding);
    trace.note(translation.is_unchanged());
    trace.note(scan.doubt.map(|doubt| std::mem::discriminant(&doubt.reason)));

    let in_text = |span: Span| text.get(span.start as usize..span.end as usize).is_some();
    let within = |inner: Span, outer: Span| outer.start <= inner.start && inner.end <= outer.end;
    for (index, symbol) in declarations.symbols.iter().enumerate() {
        trace.note_kind(&symbol.kind);
        trace.note(symbol.parent.is_some());
        assert!(in_text(symbol.name_span) && in_text(symbol.span), "{symbol:?}");
        assert!(within(symbol.name_span, symbol.span), "{symbol:?}");
        assert!(symbol.parent.is_none_or(|parent| (parent as usize) < index), "{symbol:?}");
        assert!(!declarations.text(symbol.name).is_empty(), "{symbol:?}");
        assert!(declarations.text(symbol.signature).starts_with(declarations.text(symbol.name)));
    }
    if let Some(package) = &declarations.package {
        assert!(in_text(package.name_span) && within(package.name_span, package.span));
    }
}

fn seeds() -> Vec<(&'static str, Vec<u8>)> {
    let names = ["class", "package-info", "record", "module-info"];
    names.into_iter().zip(TEXTS.map(|(_, text)| text.as_bytes().to_vec())).collect()
}
