//! HTML with inline tags → Markdown, in one pass.

use super::comment::dedented;
use super::html::{self, Tag};
use super::writer::{Mark, Writer};
use super::{entity, inline};

/// What an open brace belongs to.
#[derive(PartialEq, Eq)]
enum Brace {
    Text,
    Return,
    Tag,
}

struct Render<'c, 'w> {
    rest: &'c str,
    /// Text that was read and is not written yet.
    text: String,
    /// Braces that are open, from the first tag on whose content is rendered.
    braces: Vec<Brace>,
    /// A cell of the same row is written.
    has_cell: bool,
    /// The rest closes no `<code>`: it has been searched once.
    code_is_unclosed: bool,
    writer: &'w mut Writer,
}

/// Writes what `content` says.
pub(super) fn render(content: &str, writer: &mut Writer) {
    let depth = writer.depth();
    let mut render = Render {
        rest: content.trim(),
        text: String::new(),
        braces: Vec::new(),
        has_cell: false,
        code_is_unclosed: false,
        writer,
    };
    while let Some(at) = render.rest.find(['<', '&', '{', '}']) {
        if render.writer.is_full() {
            break;
        }
        render.text.push_str(&render.rest[..at]);
        render.rest = &render.rest[at..];
        match render.rest.as_bytes()[0] {
            b'<' => render.angle(),
            b'&' => render.ampersand(),
            b'{' => render.open_brace(),
            _ => render.close_brace(),
        }
    }
    render.text.push_str(render.rest);
    render.flush();
    render.writer.close_to(depth);
}

impl Render<'_, '_> {
    fn flush(&mut self) {
        self.writer.text(&self.text);
        self.text.clear();
    }

    fn skip(&mut self, len: usize) {
        self.rest = self.rest.get(len..).unwrap_or_default();
    }

    /// The character at the position is but text.
    fn take_text(&mut self) {
        self.text.push_str(&self.rest[..1]);
        self.skip(1);
    }

    fn ampersand(&mut self) {
        match entity::decoded(self.rest) {
            Some((character, len)) => {
                self.text.push(character);
                self.skip(len);
            }
            None => self.take_text(),
        }
    }

    fn open_brace(&mut self) {
        let Some(tag) = inline::Tag::at(self.rest) else {
            if !self.braces.is_empty() {
                self.braces.push(Brace::Text);
            }
            return self.take_text();
        };
        self.flush();
        if inline::write(&tag, self.writer) {
            return self.skip(tag.len());
        }
        if tag.name == "return" {
            self.text.push_str("Returns ");
            self.braces.push(Brace::Return);
        } else {
            self.braces.push(Brace::Tag);
        }
        self.skip(tag.content_start());
    }

    fn close_brace(&mut self) {
        match self.braces.pop() {
            None | Some(Brace::Text) => self.take_text(),
            Some(Brace::Return) => {
                self.text.push('.');
                self.skip(1);
            }
            Some(Brace::Tag) => self.skip(1),
        }
    }

    fn angle(&mut self) {
        if self.rest.starts_with("<!--") {
            let len = self.rest.find("-->").map_or(self.rest.len(), |at| at + 3);
            return self.skip(len);
        }
        let Some(tag) = Tag::at(self.rest) else { return self.take_text() };
        self.flush();
        self.skip(tag.len);
        if tag.is_closing {
            self.close(&tag);
        } else {
            self.open(&tag);
        }
    }

    fn open(&mut self, tag: &Tag<'_>) {
        match tag.name.as_str() {
            "br" => self.writer.line_break(),
            "pre" => self.pre(),
            "code" | "tt" | "kbd" | "samp" => self.code(&tag.name),
            "b" | "strong" => self.writer.open(Mark::Strong),
            "i" | "em" | "cite" | "var" | "dfn" => self.writer.open(Mark::Emphasis),
            "a" => {
                if let Some(url) = tag.attribute("href").filter(|url| is_absolute(url)) {
                    self.writer.open_link(&url);
                }
            }
            "ul" | "ol" | "dl" => self.writer.open_list(tag.name == "ol"),
            "li" => self.writer.item(),
            "dt" => {
                self.writer.item();
                self.writer.open(Mark::Strong);
            }
            "dd" => {
                self.writer.close(Mark::Strong);
                self.writer.line_break();
            }
            // Code is set apart anyway.
            "blockquote" if self.rest.trim_start().starts_with("<pre") => self.writer.paragraph(),
            "blockquote" => self.writer.open_quote(),
            "h1" | "h2" | "h3" => self.writer.heading("### "),
            "h4" | "h5" | "h6" => self.writer.heading("#### "),
            "tr" => {
                self.writer.line_break();
                self.has_cell = false;
            }
            "td" | "th" => {
                if self.has_cell {
                    self.writer.text(" | ");
                }
                self.has_cell = true;
            }
            "sup" => self.text.push('^'),
            "sub" => self.text.push('_'),
            "img" => self.writer.text(&tag.attribute("alt").unwrap_or_default()),
            "script" | "style" => {
                let end = html::closing(self.rest, &tag.name);
                self.skip(end.map_or(self.rest.len(), |(at, len)| at + len));
            }
            name if is_block(name) => self.writer.paragraph(),
            _ => {}
        }
    }

    fn close(&mut self, tag: &Tag<'_>) {
        match tag.name.as_str() {
            "b" | "strong" | "dt" => self.writer.close(Mark::Strong),
            "i" | "em" | "cite" | "var" | "dfn" => self.writer.close(Mark::Emphasis),
            "a" => self.writer.close(Mark::Link),
            "ul" | "ol" | "dl" => self.writer.close_list(),
            "blockquote" => self.writer.close_quote(),
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => self.writer.paragraph(),
            name if is_block(name) => self.writer.paragraph(),
            _ => {}
        }
    }

    fn code(&mut self, name: &str) {
        let end = if self.code_is_unclosed { None } else { html::closing(self.rest, name) };
        match end {
            Some((at, len)) => {
                self.writer.code(&html::plain(&self.rest[..at]));
                self.skip(at + len);
            }
            None => self.code_is_unclosed = true,
        }
    }

    fn pre(&mut self) {
        let (end, len) = html::closing(self.rest, "pre").unwrap_or((self.rest.len(), 0));
        let written = &self.rest[..end];
        let code = dedented(&html::plain(written));
        let is_java = written.contains("{@code")
            || written.contains("<code")
            || code.contains([';', '{'])
            || code.contains("()");
        self.writer.fence(if is_java { "java" } else { "" }, &code);
        self.skip(end + len);
    }
}

fn is_block(name: &str) -> bool {
    matches!(
        name,
        "p" | "div"
            | "section"
            | "table"
            | "caption"
            | "hr"
            | "center"
            | "article"
            | "aside"
            | "figure"
            | "header"
            | "footer"
            | "details"
            | "summary"
            | "form"
            | "fieldset"
    )
}

/// Only these lead anywhere from an editor.
fn is_absolute(url: &str) -> bool {
    ["http://", "https://", "mailto:"].iter().any(|scheme| url.starts_with(scheme))
}
