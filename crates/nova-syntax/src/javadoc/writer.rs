//! Markdown under construction: what separates its pieces, what encloses them, and what of plain
//! text must be escaped.

use std::borrow::Cow;
use std::ops::Range;

/// More Markdown than this is cut at the end of a line.
const MARKDOWN_BYTES_MAX: usize = 16 << 10;

/// What is nested deeper stays on this level.
const CONTAINERS_MAX: usize = 16;

/// Longer runs of backticks are none in what is shown.
const TICKS_MAX: usize = 16;

/// What encloses words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    Strong,
    Emphasis,
    Link,
}

/// What is between what was written last and what will be next, the lesser first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Gap {
    #[default]
    None,
    Space,
    /// A line that ends where the author said so.
    Break,
    /// A line that need not be shown as such: a list's item begins.
    Line,
    Paragraph,
}

enum Container {
    Quote,
    /// The number of the next item, if items are numbered.
    List(Option<u32>),
    /// What the item's first line begins with, until it is written, and how far others are indented.
    Item {
        marker: Option<String>,
        indent: usize,
    },
}

struct Open {
    mark: Mark,
    /// Not written yet: there may be nothing to enclose.
    opening: Option<&'static str>,
    closing: String,
}

#[derive(Default)]
pub(super) struct Writer {
    out: String,
    gap: Gap,
    containers: Vec<Container>,
    marks: Vec<Open>,
    /// Nothing is on the line but what it must begin with.
    is_line_start: bool,
    heading: Option<&'static str>,
    /// The quotes around the last line.
    quotes_before: usize,
    /// Where the last code block begins and ends, and what closes it.
    fence: (Range<usize>, String),
    /// Where the last code span is.
    code_span: Range<usize>,
}

impl Writer {
    /// There is as much as will be shown.
    pub(super) fn is_full(&self) -> bool {
        self.out.len() > MARKDOWN_BYTES_MAX
    }

    pub(super) fn finish(mut self) -> String {
        self.close_to(0);
        if !self.is_full() {
            return self.out;
        }
        let shown = &self.out[..self.out.floor_char_boundary(MARKDOWN_BYTES_MAX)];
        let end = shown.rfind('\n').or_else(|| shown.rfind(' ')).unwrap_or(shown.len());
        let end = if self.code_span.contains(&end) { self.code_span.start } else { end };
        self.out.truncate(end);
        self.out.push_str("\n…");
        let (fence, closing) = &self.fence;
        if fence.contains(&end) {
            self.out.push('\n');
            self.out.push_str(closing);
        }
        self.out
    }

    /// Plain text; white space in it counts as one space.
    pub(super) fn text(&mut self, text: &str) {
        let mut characters = text.chars().peekable();
        while let Some(character) = characters.next() {
            if character.is_whitespace() || character == '\u{a0}' {
                self.space();
                continue;
            }
            self.start();
            if self.must_escape(character, characters.peek().copied()) {
                self.out.push('\\');
            }
            self.out.push(character);
            self.is_line_start = false;
        }
    }

    pub(super) fn space(&mut self) {
        self.gap = self.gap.max(Gap::Space);
    }

    /// Words in a mark of their own.
    pub(super) fn marked(&mut self, mark: Mark, text: &str) {
        self.open(mark);
        self.text(text);
        self.close(mark);
    }

    /// A code span.
    pub(super) fn code(&mut self, code: &str) {
        let code = ticks_bounded(code).split_whitespace().collect::<Vec<_>>().join(" ");
        if code.is_empty() {
            return;
        }
        if self.gap == Gap::None && self.out.ends_with('`') {
            self.space();
        }
        self.start();
        let ticks = "`".repeat(longest_run(&code, '`') + 1);
        let pad = if code.starts_with('`') || code.ends_with('`') { " " } else { "" };
        let start = self.out.len();
        for part in [&ticks, pad, &code, pad, &ticks] {
            self.out.push_str(part);
        }
        self.code_span = start..self.out.len();
        self.is_line_start = false;
    }

    /// A code block.
    pub(super) fn fence(&mut self, language: &str, code: &str) {
        if code.trim().is_empty() {
            return;
        }
        let code = &*ticks_bounded(code);
        self.paragraph();
        self.start();
        let ticks = "`".repeat(longest_run(code, '`').max(2) + 1);
        let start = self.out.len();
        self.out.push_str(&ticks);
        self.out.push_str(language);
        for line in code.lines() {
            self.begin_line();
            self.out.push_str(line);
        }
        let closing = format!("{}{ticks}", self.prefix());
        self.out.push('\n');
        self.out.push_str(&closing);
        self.fence = (start..self.out.len(), closing);
        self.paragraph();
    }

    pub(super) fn paragraph(&mut self) {
        self.close_marks();
        self.heading = None;
        let begins_item =
            matches!(self.containers.last(), Some(Container::Item { marker: Some(_), .. }));
        self.gap = if begins_item { self.gap } else { Gap::Paragraph };
    }

    pub(super) fn line_break(&mut self) {
        let next = if self.gap == Gap::Break { Gap::Paragraph } else { Gap::Break };
        self.gap = self.gap.max(next);
    }

    pub(super) fn heading(&mut self, hashes: &'static str) {
        self.paragraph();
        self.heading = Some(hashes);
    }

    pub(super) fn open(&mut self, mark: Mark) {
        let sign = if mark == Mark::Strong { "**" } else { "*" };
        let is_open = self.marks.iter().any(|open| open.mark == mark);
        let (opening, closing) = if is_open { (None, "") } else { (Some(sign), sign) };
        self.marks.push(Open { mark, opening, closing: closing.to_owned() });
    }

    pub(super) fn open_link(&mut self, url: &str) {
        if self.marks.iter().any(|open| open.mark == Mark::Link) {
            return;
        }
        let encoded: String = url.chars().map(encoded).collect();
        self.marks.push(Open {
            mark: Mark::Link,
            opening: Some("["),
            closing: format!("]({encoded})"),
        });
    }

    /// Closes a mark, and those that were opened since.
    pub(super) fn close(&mut self, mark: Mark) {
        if let Some(at) = self.marks.iter().rposition(|open| open.mark == mark) {
            self.close_marks_from(at);
        }
    }

    /// Lists in lists are items' content.
    pub(super) fn open_list(&mut self, is_numbered: bool) {
        self.close_marks();
        let is_nested = self.containers.iter().any(|it| matches!(it, Container::Item { .. }));
        self.gap = if is_nested { Gap::Line } else { Gap::Paragraph };
        self.push(Container::List(is_numbered.then_some(1)));
    }

    pub(super) fn item(&mut self) {
        self.close_marks();
        self.heading = None;
        let is_list = |it: &Container| matches!(it, Container::List(_));
        match self.containers.iter().rposition(is_list) {
            Some(list) => {
                if self.containers.len() > list + 1 {
                    self.gap = Gap::Line;
                }
                self.containers.truncate(list + 1);
            }
            None => self.open_list(false),
        }
        let marker = match self.containers.last_mut() {
            Some(Container::List(Some(number))) => {
                *number += 1;
                format!("{}. ", *number - 1)
            }
            _ => "- ".to_owned(),
        };
        self.push(Container::Item { indent: marker.len(), marker: Some(marker) });
    }

    pub(super) fn close_list(&mut self) {
        self.close_container(|container| matches!(container, Container::List(_)));
    }

    pub(super) fn open_quote(&mut self) {
        self.paragraph();
        self.push(Container::Quote);
    }

    pub(super) fn close_quote(&mut self) {
        self.close_container(|container| matches!(container, Container::Quote));
    }

    /// How deep containers are nested.
    pub(super) fn depth(&self) -> usize {
        self.containers.len()
    }

    /// Ends the paragraph, and closes the containers that are nested deeper.
    pub(super) fn close_to(&mut self, depth: usize) {
        self.paragraph();
        self.containers.truncate(depth);
    }

    /// Markdown of one line.
    pub(super) fn raw(&mut self, markdown: &str) {
        if markdown.is_empty() {
            return;
        }
        self.start();
        let start = self.out.len();
        self.out.push_str(markdown);
        if markdown.starts_with('`') {
            self.code_span = start..self.out.len();
        }
        self.is_line_start = false;
    }

    pub(super) fn raw_line_end(&mut self) {
        if self.gap < Gap::Break {
            self.gap = Gap::None;
            self.begin_line();
        }
    }

    fn push(&mut self, container: Container) {
        if self.containers.len() < CONTAINERS_MAX {
            self.containers.push(container);
        }
    }

    fn close_container(&mut self, is_it: impl Fn(&Container) -> bool) {
        self.paragraph();
        if let Some(at) = self.containers.iter().rposition(is_it) {
            self.containers.truncate(at);
        }
    }

    fn close_marks(&mut self) {
        self.close_marks_from(0);
    }

    fn close_marks_from(&mut self, at: usize) {
        for open in self.marks.drain(at..).rev() {
            if open.opening.is_none() {
                self.out.push_str(&open.closing);
            }
        }
    }

    /// Writes all that must stand before the next character.
    fn start(&mut self) {
        let gap = std::mem::take(&mut self.gap);
        let is_first = self.out.is_empty();
        match gap {
            Gap::None if !is_first => {}
            Gap::Space if is_first || self.is_line_start => {}
            Gap::Space => self.out.push(' '),
            _ if is_first => {
                let prefix = self.prefix();
                self.out.push_str(&prefix);
                self.is_line_start = true;
            }
            _ => {
                if gap == Gap::Break && !self.is_line_start {
                    self.out.push_str("  ");
                }
                if gap == Gap::Paragraph {
                    let quotes = self.quotes().min(self.quotes_before);
                    self.out.push('\n');
                    self.out.push_str(">".repeat(quotes).as_str());
                }
                self.begin_line();
            }
        }
        if let Some(hashes) = self.heading.take() {
            self.out.push_str(hashes);
        }
        for open in &mut self.marks {
            self.out.push_str(open.opening.take().unwrap_or_default());
        }
    }

    /// How many quotes stand around all else.
    fn quotes(&self) -> usize {
        self.containers.iter().take_while(|it| matches!(it, Container::Quote)).count()
    }

    fn begin_line(&mut self) {
        let prefix = self.prefix();
        self.out.push('\n');
        self.out.push_str(&prefix);
        self.is_line_start = true;
    }

    /// What the next line begins with.
    fn prefix(&mut self) -> String {
        self.quotes_before = self.quotes();
        let part = |container: &mut Container| match container {
            Container::Quote => "> ".to_owned(),
            Container::List(_) => String::new(),
            Container::Item { marker, indent } => {
                marker.take().unwrap_or_else(|| " ".repeat(*indent))
            }
        };
        self.containers.iter_mut().map(part).collect()
    }

    /// Whether a character of plain text would mean something else in Markdown.
    fn must_escape(&self, character: char, next: Option<char>) -> bool {
        let before = self.out.chars().next_back();
        let is_word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
        let is_space = |c: Option<char>| c.is_none_or(char::is_whitespace);
        let begins_line = self.is_line_start;
        match character {
            '`' => true,
            '\\' => next.is_none_or(|next| next.is_ascii_punctuation()),
            '*' => begins_line || !(is_space(before) && is_space(next)),
            '_' => !(is_word(before) && is_word(next) || is_space(before) && is_space(next)),
            '~' => next == Some('~') || before == Some('~'),
            '[' => self.marks.iter().any(|open| open.mark == Mark::Link),
            ']' => {
                matches!(next, None | Some('(' | '[' | ':'))
                    || self.marks.iter().any(|open| open.mark == Mark::Link)
            }
            '<' => next.is_none_or(|next| next.is_ascii_alphabetic() || "/!?".contains(next)),
            '&' => next.is_none_or(|next| next.is_ascii_alphabetic() || next == '#'),
            '>' | '=' => begins_line,
            '#' => begins_line && (is_space(next) || next == Some('#')),
            '+' | '-' => begins_line && (is_space(next) || next == Some(character)),
            '.' | ')' => is_space(next) && self.is_number_at_line_start(),
            _ => false,
        }
    }

    /// Whether nothing but digits is on the line.
    fn is_number_at_line_start(&self) -> bool {
        let number = self.out.trim_end_matches(|c: char| c.is_ascii_digit());
        let line = number.rsplit('\n').next().unwrap_or_default();
        number.len() < self.out.len() && line.chars().all(|c| " >-".contains(c))
    }
}

/// `code` whose backticks can be enclosed by a few more.
fn ticks_bounded(code: &str) -> Cow<'_, str> {
    if longest_run(code, '`') > TICKS_MAX { code.replace('`', "'").into() } else { code.into() }
}

fn longest_run(text: &str, of: char) -> usize {
    text.split(|c| c != of).map(str::len).max().unwrap_or(0)
}

/// A character of a link's target, in which none may end it.
fn encoded(character: char) -> String {
    match character {
        '(' | ')' | '<' | '>' | '\\' | '"' | ' ' | '`' | '[' | ']' => {
            format!("%{:02X}", u32::from(character))
        }
        c if c.is_whitespace() || c.is_control() => String::new(),
        c => c.to_string(),
    }
}
