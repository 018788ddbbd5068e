//! What a declaration's doc comment says, for people to read: where it is, and its rendering in
//! CommonMark.
//!
//! Lenient, as comments are: what is not closed ends with the comment, what is not known is shown as
//! what it contains. Looks at the text as written. Knows nothing of what links lead to, or of the
//! comments that `{@inheritDoc}` means.

mod comment;
mod entity;
mod html;
mod inline;
mod markdown;
mod render;
mod sections;
#[cfg(test)]
mod tests;
mod writer;

use self::sections::{Section, Sections};
use self::writer::{Mark, Writer};
use crate::stretches::{self, StretchKind};

/// Of a longer comment the rest is not rendered.
const COMMENT_BYTES_MAX: usize = 64 << 10;

/// The doc comment that belongs to the declaration whose span begins at `declaration_start`: the
/// nearest one before it, with nothing but white space and other comments between.
pub fn before(text: &str, declaration_start: usize) -> Option<&str> {
    let mut pos = text.floor_char_boundary(declaration_start);
    let stretches = stretches::up_to(text, pos);
    let adjacent = stretches.at.filter(|stretch| stretch.end == pos);
    let mut end = None;
    for comment in stretches.before.iter().chain(&adjacent).rev() {
        let between = text.get(comment.end..pos)?;
        if comment.kind != StretchKind::Comment || !between.trim().is_empty() {
            break;
        }
        let written = text.get(comment.start..comment.end)?;
        if written.starts_with("///") {
            if let Some(end) = end
                && is_gap(between)
            {
                return text.get(pos..end);
            }
            end.get_or_insert(comment.end);
        } else if let Some(end) = end {
            return text.get(pos..end);
        } else if written.starts_with("/**") && written.len() > "/**/".len() {
            return Some(written);
        }
        pos = comment.start;
    }
    text.get(pos..end?)
}

/// Whether a blank line, which ends a run of line comments, is between two of them.
fn is_gap(between: &str) -> bool {
    between.trim_start_matches('\r').bytes().filter(|byte| *byte == b'\n').count() > 1
}

/// What a doc comment says, in CommonMark without any HTML, and of a bounded length.
pub fn to_markdown(comment: &str) -> String {
    let comment = &comment[..comment.floor_char_boundary(COMMENT_BYTES_MAX)];
    let content = comment::content(comment);
    let sections = Sections::of(&content);
    let mut writer = Writer::default();
    let render = |text: &str, writer: &mut Writer| {
        if content.is_markdown {
            markdown::render(text, writer);
        } else {
            render::render(text, writer);
        }
    };
    for section in sections.of_tag("deprecated") {
        headed("Deprecated.", section.body, &mut writer, render);
    }
    writer.paragraph();
    render(sections.main, &mut writer);
    for section in &sections.tags {
        if let Some(heading) = sections::heading_of_note(section.tag) {
            headed(heading, section.body, &mut writer, render);
        }
    }
    let (types, values): (Vec<_>, Vec<_>) =
        sections.of_tag("param").partition(|section| section.body.starts_with('<'));
    listed("Type parameters:", &types, &mut writer, render);
    listed("Parameters:", &values, &mut writer, render);
    for section in sections.of_tag("return") {
        headed("Returns:", section.body, &mut writer, render);
    }
    let thrown: Vec<_> =
        sections.tags.iter().filter(|it| matches!(it.tag, "throws" | "exception")).collect();
    listed("Throws:", &thrown, &mut writer, render);
    for section in sections.of_tag("since") {
        headed("Since:", section.body, &mut writer, render);
    }
    see(&sections, &mut writer, render);
    writer.finish()
}

/// A paragraph that begins with a heading.
fn headed(heading: &str, body: &str, writer: &mut Writer, render: impl Fn(&str, &mut Writer)) {
    writer.paragraph();
    writer.marked(Mark::Strong, heading);
    writer.space();
    render(body, writer);
    writer.paragraph();
}

/// A list of what is named by the first word of each section.
fn listed(
    heading: &str,
    sections: &[&Section<'_>],
    writer: &mut Writer,
    render: impl Fn(&str, &mut Writer),
) {
    if sections.is_empty() {
        return;
    }
    writer.paragraph();
    writer.marked(Mark::Strong, heading);
    writer.open_list(false);
    for section in sections {
        let (name, description) = inline::split_reference(section.body);
        writer.item();
        writer.code(name.trim_matches(['<', '>']));
        if !description.is_empty() && description != "{@inheritDoc}" {
            writer.text(" — ");
            render(description, writer);
        }
    }
    writer.close_list();
}

fn see(sections: &Sections<'_>, writer: &mut Writer, render: impl Fn(&str, &mut Writer)) {
    let mut seen =
        sections.tags.iter().filter(|it| matches!(it.tag, "see" | "jls" | "jvms" | "spec"));
    let Some(first) = seen.next() else { return };
    writer.paragraph();
    writer.marked(Mark::Strong, "See also:");
    writer.open_list(false);
    for section in std::iter::once(first).chain(seen) {
        writer.item();
        let body = section.body;
        match section.tag {
            "spec" => {
                let (url, title) = inline::split_reference(body);
                writer.open_link(url);
                render(if title.is_empty() { url } else { title }, writer);
                writer.close(Mark::Link);
            }
            "see" if body.starts_with(['<', '[']) => render(body, writer),
            "see" if body.starts_with('"') => writer.text(body.trim_matches('"')),
            "see" => inline::link(body, true, writer),
            specification => {
                writer.text(&format!("{} §", specification.to_uppercase()));
                render(body, writer);
            }
        }
    }
    writer.close_list();
}
