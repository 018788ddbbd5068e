//! `textDocument/hover`: what the name under the pointer most likely means.

use gen_lsp_types::{Contents, Hover, HoverParams, MarkupContent, MarkupKind};
use nova_router::definition::Certainty;
use nova_router::inspection::{Inspected, Inspection};
use nova_router::path;
use nova_router::place::TextPosition;
use nova_router::report::Symbol;
use nova_syntax::declarations::{Kind, Modifier};

use super::definition::define;
use super::{Ask, Failure};
use crate::workspace::Workspace;

pub(super) async fn answer(ask: Ask, params: HoverParams) -> Result<Option<Hover>, Failure> {
    let at = &params.text_document_position_params;
    let Some((workspace, defined)) = define(&ask, at).await? else { return Ok(None) };
    let Some(name) = &defined.name else { return Ok(None) };
    let file = crate::uri::to_path(&at.text_document.uri).unwrap_or_default();
    let range = Some(ask.shared.documents.range(&file, name.range));
    let is_markdown = ask.shared.client.renders_markdown;
    if let Some(local) = &name.local {
        let contents = match is_markdown {
            true => markdown(format!("```java\n{}\n```\n", local.line)),
            false => plain(local.line.clone()),
        };
        return Ok(Some(Hover { contents, range }));
    }
    let Some(symbol) = defined.candidates.first() else { return Ok(None) };
    let documentation = documentation(&workspace, symbol).await;
    let others = defined.candidates.len() - 1 + defined.others;
    let is_certain = defined.certainty > Certainty::Name && defined.candidates.len() == 1;
    let text = Text { symbol, documentation: documentation.as_deref(), others, is_certain };
    let contents = match is_markdown {
        true => markdown(text.markdown(&workspace)),
        false => plain(text.plain(&workspace)),
    };
    Ok(Some(Hover { contents, range }))
}

fn markdown(value: String) -> Contents {
    Contents::MarkupContent(MarkupContent { kind: MarkupKind::Markdown, value })
}

fn plain(value: String) -> Contents {
    Contents::MarkupContent(MarkupContent { kind: MarkupKind::PlainText, value })
}

/// What the documentation says of a symbol. A hover without it is better than none.
async fn documentation(workspace: &Workspace, symbol: &Symbol) -> Option<String> {
    let at = TextPosition { line: symbol.line, character: symbol.character };
    let file = path::from_bytes(&symbol.file);
    match workspace.inspect(&file, Inspection::Documentation(at)).await {
        Ok(Inspected::Documentation(text)) => text,
        Ok(_) => None,
        Err(error) => {
            tracing::debug!("no documentation of {}: {error}", symbol.name);
            None
        }
    }
}

/// What is to be said of a symbol.
struct Text<'t> {
    symbol: &'t Symbol,
    documentation: Option<&'t str>,
    /// How many others it may be.
    others: usize,
    is_certain: bool,
}

impl Text<'_> {
    fn markdown(&self, workspace: &Workspace) -> String {
        let mut text = format!("```java\n{}\n```\n", self.declaration());
        let container = self.symbol.around();
        if !container.is_empty() {
            text.push_str(&format!("in `{container}`\n"));
        }
        if let Some(documentation) = self.documentation {
            text.push_str(&format!("\n{documentation}\n"));
        }
        text.push_str(&format!("\n---\n`{}`\n", self.place(workspace)));
        if let Some(others) = self.others() {
            text.push_str(&format!("\n*{others}*\n"));
        }
        text
    }

    fn plain(&self, workspace: &Workspace) -> String {
        let mut lines = vec![self.declaration()];
        let container = self.symbol.around();
        if !container.is_empty() {
            lines.push(format!("in {container}"));
        }
        lines.extend(self.documentation.map(|text| format!("\n{text}\n")));
        lines.push(self.place(workspace));
        lines.extend(self.others());
        lines.join("\n")
    }

    /// As it would be written.
    fn declaration(&self) -> String {
        let Symbol { kind, signature, modifiers, .. } = self.symbol;
        let mut words: Vec<&str> = modifiers
            .iter()
            .filter(|modifier| *modifier != Modifier::Deprecated)
            .map(Modifier::as_str)
            .collect();
        words.extend(match kind {
            Kind::Annotation => Some("@interface"),
            Kind::Module | Kind::Package => Some(kind.as_str()),
            kind if kind.is_type() => Some(kind.as_str()),
            _ => None,
        });
        let deprecated = modifiers.contains(Modifier::Deprecated).then_some("@Deprecated\n");
        words.push(signature);
        format!("{}{}", deprecated.unwrap_or_default(), words.join(" "))
    }

    fn place(&self, workspace: &Workspace) -> String {
        let file = workspace.own().given(&path::from_bytes(&self.symbol.file));
        format!("{}:{}", file.display(), self.symbol.line + 1)
    }

    fn others(&self) -> Option<String> {
        match self.others {
            _ if self.is_certain => None,
            0 => None,
            1 => Some("by its name; one other is called so".to_owned()),
            others => Some(format!("by its name; {others} others are called so")),
        }
    }
}
