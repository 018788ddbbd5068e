//! All symbols, a part at a time: made on a thread of its own as fast as they are fetched, and no faster.

use std::sync::Arc;

use nova_index::SymbolView;
use nova_protocol::frontend::{ExportPart, Symbol};
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;

use crate::wire;
use crate::workspace::Workspace;

/// Symbols of a part.
const PART_SYMBOLS_MAX: usize = 4096;

/// A part is ended by the symbol that takes it to this size: not a limit, as that one may be long.
const PART_BYTES: usize = 1 << 20;

/// An export that goes on with the view that it began with. Dropping it ends its thread.
#[derive(Debug)]
pub(super) struct Exporting {
    parts: mpsc::Receiver<ExportPart>,
}

impl Exporting {
    pub(super) fn begin(workspace: Arc<Workspace>, view: Arc<SymbolView>) -> Self {
        let (sender, parts) = mpsc::channel(1);
        spawn_blocking(move || send_parts(&workspace, &view, &sender));
        Self { parts }
    }

    /// The next part; `None` if the last was fetched before.
    pub(super) async fn next(&mut self) -> Option<ExportPart> {
        self.parts.recv().await
    }
}

fn send_parts(workspace: &Workspace, view: &SymbolView, parts: &mpsc::Sender<ExportPart>) {
    let mut part = ExportPart::default();
    let mut bytes = 0;
    for symbol in view.symbols() {
        let symbol = wire::from_symbol(workspace.symbol(symbol));
        bytes += size(&symbol);
        part.symbols.push(symbol);
        if part.symbols.len() == PART_SYMBOLS_MAX || bytes >= PART_BYTES {
            if parts.blocking_send(std::mem::take(&mut part)).is_err() {
                return;
            }
            bytes = 0;
        }
    }
    part.is_last = true;
    // Nobody may be there to fetch it.
    drop(parts.blocking_send(part));
}

fn size(symbol: &Symbol) -> usize {
    let texts = [&symbol.name, &symbol.container, &symbol.package, &symbol.signature];
    size_of::<Symbol>() + symbol.file.len() + texts.iter().map(|text| text.len()).sum::<usize>()
}
