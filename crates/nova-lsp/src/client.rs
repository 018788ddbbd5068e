//! What an editor can do, as far as that matters here.

use gen_lsp_types::{ClientCapabilities, InitializeParams, MarkupKind};

use crate::encoding::Encoding;

/// What the editor said of itself.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct ClientAbilities {
    /// What its columns are counted in.
    pub(crate) encoding: Encoding,
    /// It shows the progress of what it did not ask for.
    pub(crate) shows_progress: bool,
    /// It takes an outline as a tree.
    pub(crate) takes_trees: bool,
    /// It renders Markdown in hovers.
    pub(crate) renders_markdown: bool,
    /// It asks once more for the place of a symbol that somebody has chosen.
    pub(crate) resolves_symbols: bool,
    /// It answers questions for settings.
    pub(crate) can_be_asked_for_settings: bool,
    /// It tells of changed files if it is asked to.
    pub(crate) can_watch_files: bool,
    /// It asks for the text of what is in an archive.
    pub(crate) asks_for_texts: bool,
}

impl ClientAbilities {
    pub(crate) fn of(params: &InitializeParams) -> Self {
        let ClientCapabilities { workspace, text_document, window, general, .. } =
            &params.capabilities;
        let text = text_document.as_ref();
        let hover = text.and_then(|it| it.hover.as_ref());
        let formats = hover.and_then(|it| it.content_format.as_ref());
        let outline = text.and_then(|it| it.document_symbol.as_ref());
        let watched = workspace.as_ref().and_then(|it| it.did_change_watched_files.as_ref());
        let symbols = workspace.as_ref().and_then(|it| it.symbol.as_ref());
        let encodings = general.as_ref().and_then(|it| it.position_encodings.as_deref());
        let encoding = Encoding::agree(encodings);
        let content = workspace.as_ref().and_then(|it| it.text_document_content.as_ref());
        Self {
            encoding,
            shows_progress: window.as_ref().and_then(|it| it.work_done_progress) == Some(true),
            takes_trees: outline.and_then(|it| it.hierarchical_document_symbol_support)
                == Some(true),
            renders_markdown: formats.is_some_and(|it| it.contains(&MarkupKind::Markdown)),
            resolves_symbols: symbols.is_some_and(|it| it.resolve_support.is_some()),
            can_be_asked_for_settings: workspace.as_ref().and_then(|it| it.configuration)
                == Some(true),
            can_watch_files: watched.and_then(|it| it.dynamic_registration) == Some(true),
            // To count columns otherwise takes a file with the text.
            asks_for_texts: content.is_some() && encoding == Encoding::Utf16,
        }
    }
}
