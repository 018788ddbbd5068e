//! A comment's decoration, taken off: stars and slashes at the beginnings of lines.

/// What a comment contains.
pub(super) struct Content {
    pub(super) text: String,
    /// Markdown, as comments of `///` lines are, rather than HTML.
    pub(super) is_markdown: bool,
}

/// What `comment` contains.
pub(super) fn content(comment: &str) -> Content {
    if comment.trim_start().starts_with("///") {
        let lines = comment.lines().map(|line| {
            let line = line.trim();
            line.strip_prefix("///").unwrap_or(line)
        });
        let text = lines.collect::<Vec<_>>().join("\n");
        return Content { text: dedented(&text), is_markdown: true };
    }
    let inside = comment.strip_prefix("/*").unwrap_or(comment);
    let inside = inside.strip_suffix("*/").unwrap_or(inside).trim_matches('*');
    let lines = inside.lines().map(|line| {
        let undecorated = line.trim_start();
        let line = if undecorated.starts_with('*') { undecorated } else { line };
        line.trim_start_matches('*').trim_end()
    });
    Content { text: lines.collect::<Vec<_>>().join("\n"), is_markdown: false }
}

/// `text` without the white space that all its lines begin with, and without blank lines at either
/// end.
pub(super) fn dedented(text: &str) -> String {
    let indent_of = |line: &str| line.len() - line.trim_start_matches([' ', '\t']).len();
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    let written = || lines.iter().filter(|line| !line.is_empty());
    let indent = written().map(|line| indent_of(line)).min().unwrap_or(0);
    let dedented: Vec<_> =
        lines.iter().map(|line| line.get(indent..).unwrap_or_default()).collect();
    dedented.join("\n").trim_matches('\n').to_owned()
}
