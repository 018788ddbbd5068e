//! Search results as lines for people: `path:line:column`, then what is there.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use nova_router::Root;
use nova_router::report::Symbol;
use nova_syntax::declarations::Modifier;

use nova_router::in_words::paths;

/// How the lines look.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Look {
    /// Columns stand under each other.
    pub(crate) aligned: bool,
    pub(crate) coloured: bool,
}

/// A longer path does not push the other lines to the right.
const ALIGNED_WIDTH_MAX: usize = 80;

/// Writes one line a symbol.
pub(crate) fn write(
    out: &mut impl Write,
    roots: &[Root],
    symbols: &[&Symbol],
    look: Look,
) -> io::Result<()> {
    let places: Vec<String> = symbols.iter().map(|symbol| place(roots, symbol)).collect();
    let widths = places.iter().map(|place| place.chars().count());
    let width = widths.filter(|&width| width <= ALIGNED_WIDTH_MAX).max().unwrap_or(0);
    for (place, symbol) in places.iter().zip(symbols) {
        let paint = |style: Style| if look.coloured { style } else { Style::new() };
        let (cyan, dim) = (paint(AnsiColor::Cyan.on_default()), paint(Style::new().dimmed()));
        let (width, kind_width) = if look.aligned { (width, KIND_WIDTH) } else { (0, 0) };
        let kind = symbol.kind.as_str();
        write!(out, "{place:width$}  {cyan}{kind:kind_width$}{cyan:#}  ")?;
        let around = symbol.around();
        if !around.is_empty() {
            write!(out, "{dim}{around}.{dim:#}")?;
        }
        let bold = paint(Style::new().bold());
        let (name, tail) = match symbol.signature.strip_prefix(&symbol.name) {
            Some(tail) => (symbol.name.as_str(), tail),
            None => (symbol.signature.as_str(), ""),
        };
        write!(out, "{bold}{name}{bold:#}{tail}")?;
        if symbol.modifiers.contains(Modifier::Deprecated) {
            write!(out, "  {dim}(deprecated){dim:#}")?;
        }
        writeln!(out)?;
    }
    Ok(())
}

/// The length of `record-component`, the longest kind.
const KIND_WIDTH: usize = 16;

fn place(roots: &[Root], symbol: &Symbol) -> String {
    let path = paths::for_people(roots, &symbol.file);
    format!("{path}:{}:{}", symbol.line + 1, symbol.character + 1)
}
