//! A tags file, as vim and readtags take it: sorted lines of `name TAB file TAB line;" TAB fields`.
//!
//! The format is that of `ctags(1)` and `tags(5)` of Universal Ctags.

use std::fmt::Write as _;
use std::io::{self, Write};

use nova_router::report::Symbol;
use nova_syntax::declarations::Kind;

/// Lines of a tags file on their way to being sorted.
#[derive(Debug, Default)]
pub(crate) struct TagLines {
    lines: Vec<Vec<u8>>,
    left_out: usize,
}

impl TagLines {
    /// Adds a symbol; `path` as the tags file is to name the file: byte for byte, as its readers open
    /// it. What ends a column or a line cannot be in there.
    pub(crate) fn push(&mut self, symbol: &Symbol, path: &[u8]) {
        if path.iter().any(|byte| b"\t\r\n".contains(byte)) {
            self.left_out += 1;
            return;
        }
        let number = symbol.line + 1;
        let mut line = format!("\t{number};\"\tkind:{}\tline:{number}", kind(symbol.kind));
        if !symbol.container.is_empty() {
            field(&mut line, "class", &symbol.container);
        }
        if !symbol.package.is_empty() && symbol.kind != Kind::Package {
            field(&mut line, "package", &symbol.package);
        }
        let mut modifiers = symbol.modifiers.iter().map(|modifier| modifier.as_str());
        let access = modifiers.find(|word| ["public", "protected", "private"].contains(word));
        if let Some(access) = access {
            field(&mut line, "access", access);
        }
        field(&mut line, "signature", &symbol.signature);
        let name = escaped(&symbol.name);
        self.lines.push([name.as_bytes(), b"\t", path, line.as_bytes(), b"\n"].concat());
    }

    /// How many symbols are in files that cannot be named.
    pub(crate) fn left_out(&self) -> usize {
        self.left_out
    }

    /// Writes the file: what it is, then the lines in the order of their bytes.
    pub(crate) fn write(mut self, out: &mut impl Write) -> io::Result<()> {
        self.lines.sort_unstable();
        writeln!(out, "!_TAG_FILE_FORMAT\t2\t/extended format/")?;
        writeln!(out, "!_TAG_FILE_SORTED\t1\t/0=unsorted, 1=sorted, 2=foldcase/")?;
        writeln!(out, "!_TAG_FILE_ENCODING\tutf-8\t//")?;
        writeln!(out, "!_TAG_PROGRAM_NAME\tnova\t//")?;
        writeln!(out, "!_TAG_PROGRAM_VERSION\t{}\t//", env!("CARGO_PKG_VERSION"))?;
        self.lines.iter().try_for_each(|line| out.write_all(line))
    }
}

/// Universal Ctags' words where it has them.
fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::EnumConstant => "enumConstant",
        Kind::RecordComponent => "recordComponent",
        Kind::Constructor => "method",
        other => other.as_str(),
    }
}

fn field(line: &mut String, name: &str, value: &str) {
    write!(line, "\t{name}:{}", escaped(value)).expect("a string takes all that is written to it");
}

fn escaped(text: &str) -> String {
    if !text.contains(|c: char| c == '\\' || c.is_ascii_control()) {
        return text.to_owned();
    }
    let mut escaped = String::with_capacity(text.len() + 2);
    for c in text.chars() {
        match c {
            '\\' => escaped.push_str("\\\\"),
            '\t' => escaped.push_str("\\t"),
            '\r' => escaped.push_str("\\r"),
            '\n' => escaped.push_str("\\n"),
            c if c.is_ascii_control() => {
                write!(escaped, "\\x{:02X}", c as u32).expect("a string takes all");
            }
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use nova_syntax::declarations::Modifiers;

    #[test]
    fn lines_are_sorted_and_files_named_byte_for_byte_or_not_at_all() {
        let symbol = |name: &str, line| Symbol {
            name: name.to_owned(),
            kind: Kind::Method,
            container: "Map.Entry".to_owned(),
            package: "java.util".to_owned(),
            file: Vec::new(),
            line,
            character: 4,
            signature: format!("{name}(): String"),
            modifiers: Modifiers::default(),
            local: false,
        };
        let mut lines = TagLines::default();
        lines.push(&symbol("b", 1), b"a\\b\xff/Map.java");
        lines.push(&symbol("B", 0), b"Map.java");
        lines.push(&symbol("c", 0), b"a\tb/Map.java");
        assert_eq!(lines.left_out(), 1);
        let mut out = Vec::new();
        lines.write(&mut out).unwrap();
        let tags = out.split(|&byte| byte == b'\n').filter(|line| !line.starts_with(b"!"));
        let tags: Vec<_> = tags.collect();
        let fields =
            "kind:method\tline:1\tclass:Map.Entry\tpackage:java.util\tsignature:B(): String";
        assert_eq!(tags[0], format!("B\tMap.java\t1;\"\t{fields}").as_bytes());
        assert!(tags[1].starts_with(b"b\ta\\b\xff/Map.java\t2;\""), "{:?}", tags[1]);
    }
}
