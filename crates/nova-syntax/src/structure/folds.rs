//! What can be folded.

use std::cmp::Reverse;

use tree_sitter::{Node, Tree};

use super::{Fold, FoldKind, is_comment, span};

/// A text has no more folds than this; in an editor nobody misses the others.
const FOLDS_MAX: usize = 10_000;

pub(super) fn folds(text: &str, tree: &Tree) -> Vec<Fold> {
    let mut folds = Folds { text, found: Vec::new(), imports: None, line_comments: None };
    let mut cursor = tree.walk();
    let mut depth = 0_usize;
    'walk: while folds.found.len() < FOLDS_MAX {
        let node = cursor.node();
        folds.visit(node, depth == 1);
        // The grammar sees comments in text blocks.
        if node.kind() != "string_literal" && cursor.goto_first_child() {
            depth += 1;
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                break 'walk;
            }
            depth -= 1;
        }
    }
    folds.end_imports();
    folds.end_line_comments();
    folds.found.sort_by_key(|fold| (fold.span.start, Reverse(fold.span.end)));
    folds.found.truncate(FOLDS_MAX);
    folds.found
}

struct Folds<'t> {
    text: &'t str,
    found: Vec<Fold>,
    /// Import declarations without another declaration between: start and end.
    imports: Option<(usize, usize)>,
    /// Line comments that stand alone on lines one below the other: start and end.
    line_comments: Option<(usize, usize)>,
}

impl Folds<'_> {
    fn visit(&mut self, node: Node<'_>, is_top: bool) {
        let (start, end) = (node.start_byte(), node.end_byte());
        if is_top && !is_comment(node) && !node.is_error() {
            if node.kind() == "import_declaration" {
                self.imports.get_or_insert((start, end)).1 = end;
            } else {
                self.end_imports();
            }
        }
        match node.kind() {
            "class_body"
            | "interface_body"
            | "enum_body"
            | "annotation_type_body"
            | "module_body"
            | "block"
            | "constructor_body"
            | "switch_block"
            | "array_initializer"
            | "element_value_array_initializer" => {
                self.add(start, end, FoldKind::Body);
            }
            "block_comment" => self.add(start, end, FoldKind::Comment),
            "line_comment" => self.line_comment(start, end),
            _ => {}
        }
    }

    fn line_comment(&mut self, start: usize, end: usize) {
        if let Some((_, run_end)) = &mut self.line_comments
            && is_next_line(&self.text[*run_end..start])
        {
            *run_end = end;
            return;
        }
        self.end_line_comments();
        if begins_line(&self.text[..start]) {
            self.line_comments = Some((start, end));
        }
    }

    fn end_line_comments(&mut self) {
        if let Some((start, end)) = self.line_comments.take() {
            self.add(start, end, FoldKind::Comment);
        }
    }

    fn end_imports(&mut self) {
        if let Some((start, end)) = self.imports.take() {
            self.add(start, end, FoldKind::Imports);
        }
    }

    fn add(&mut self, start: usize, end: usize, kind: FoldKind) {
        let content = self.text[start..end].trim_end();
        if content.contains(['\n', '\r']) {
            self.found.push(Fold { span: span(start, start + content.len()), kind });
        }
    }
}

/// Whether what stands between two line comments is one line's end and white space.
fn is_next_line(between: &str) -> bool {
    // The CR of a CRLF is part of the comment; one alone is not.
    between.trim().is_empty()
        && between.bytes().filter(|byte| matches!(byte, b'\n' | b'\r')).count() == 1
}

fn begins_line(before: &str) -> bool {
    let indented = before.trim_end_matches([' ', '\t', '\x0c']);
    indented.is_empty() || indented.ends_with(['\n', '\r', '\u{feff}'])
}

#[cfg(test)]
mod tests {
    use super::super::Structure;
    use super::FoldKind::{Body, Comment, Imports};
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[(FoldKind, &str)]) {
        let folds = Structure::parse(text).expect("the text is small").folds();
        let written = |fold: &Fold| &text[fold.span.start as usize..fold.span.end as usize];
        let found: Vec<_> = folds.iter().map(|fold| (fold.kind, written(fold))).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn bodies_over_several_lines_can_be_folded() {
        check(
            "class A {\n int[] b = {\n1};\n void f() { }\n A() {\n }\n}",
            &[
                (Body, "{\n int[] b = {\n1};\n void f() { }\n A() {\n }\n}"),
                (Body, "{\n1}"),
                (Body, "{\n }"),
            ],
        );
        check("enum A {\r B }", &[(Body, "{\r B }")]);
        check("module a {\n}", &[(Body, "{\n}")]);
        check(
            "interface A { default int f() { return switch (a) {\ndefault -> 1; }; } }",
            &[
                (Body, "{ default int f() { return switch (a) {\ndefault -> 1; }; } }"),
                (Body, "{ return switch (a) {\ndefault -> 1; }; }"),
                (Body, "{\ndefault -> 1; }"),
            ],
        );
    }

    #[test]
    fn comments_and_runs_of_line_comments_can_be_folded() {
        check(
            "/** a */ /*\n*/ class A { /**\n*/ }",
            &[(Comment, "/*\n*/"), (Body, "{ /**\n*/ }"), (Comment, "/**\n*/")],
        );
        check(
            "// a\r\n  // b\r\n// c\r\n\r\n// d\nint e; // f\n// g\n// h\nint i;",
            &[(Comment, "// a\r\n  // b\r\n// c"), (Comment, "// g\n// h")],
        );
        check(
            "class A { String a = \"\"\"\n// b\n// c\n\"\"\"; }",
            &[(Body, "{ String a = \"\"\"\n// b\n// c\n\"\"\"; }")],
        );
    }

    #[test]
    fn imports_can_be_folded_as_one() {
        let imports = "import a.B;\n// c\n\nimport static d.E.*;";
        check(&format!("package f;\n{imports}\nclass G {{}}"), &[(Imports, imports)]);
        check("import a.B;\n\n\nclass C {}", &[]);
    }

    #[test]
    fn broken_text_can_be_folded_where_it_is_whole() {
        let folds = Structure::parse("class A {\n void f() {\n a(;\n }\n void g() {\n }\n")
            .expect("the text is small")
            .folds();
        assert!(folds.iter().any(|fold| fold.span == span(11 + 9, 29)), "{folds:?}");
    }

    #[test]
    fn folds_are_bounded() {
        let text = format!("class A {{ {} }}", "{\n}".repeat(FOLDS_MAX + 10));
        let folds = Structure::parse(&text).expect("the text is flat").folds();
        assert_eq!(folds.len(), FOLDS_MAX);
    }
}
