// A list of symbols in the server's order, with all of its query language: VS Code's own list sends the first word
// alone, and filters and sorts what comes back.

import { CancellationTokenSource, QuickPickItem, Range, SymbolInformation, SymbolKind, window, workspace } from 'vscode';
import { LanguageClient, WorkspaceSymbolRequest } from 'vscode-languageclient/node';

interface Pick extends QuickPickItem {
  symbol: SymbolInformation;
}

export function findSymbol(client: LanguageClient): void {
  const picker = window.createQuickPick<Pick>();
  picker.placeholder = 'HashMap, HM, hashmap.put, buffer byte, kind:record osversion, a line of a stack trace';
  // VS Code heeds this, though its types do not have it; without it the list is sorted by labels.
  Object.assign(picker, { sortByLabel: false });

  const provider = () => client.getFeature(WorkspaceSymbolRequest.method).getProviders()?.[0];
  let asked = new CancellationTokenSource();
  const ask = async (query: string) => {
    asked.cancel();
    const { token } = (asked = new CancellationTokenSource());
    picker.busy = true;
    try {
      const symbols = (await provider()?.provideWorkspaceSymbols(query, token)) ?? [];
      if (!token.isCancellationRequested) picker.items = symbols.map(pick);
    } finally {
      if (!token.isCancellationRequested) picker.busy = false;
    }
  };
  const open = async () => {
    const [{ symbol }] = picker.activeItems;
    const token = new CancellationTokenSource().token;
    const { location } = (await provider()?.resolveWorkspaceSymbol?.(symbol, token)) ?? symbol;
    const { start } = location.range;
    await window.showTextDocument(location.uri, { selection: new Range(start, start) });
  };

  picker.onDidChangeValue(ask);
  picker.onDidAccept(() => picker.activeItems.length > 0 && open());
  picker.onDidHide(() => {
    asked.cancel();
    picker.dispose();
  });
  picker.show();
  void ask('');
}

function pick(symbol: SymbolInformation): Pick {
  const kind = SymbolKind[symbol.kind].replace(/(?<=.)[A-Z]/g, '-$&').toLowerCase();
  return {
    label: `$(symbol-${kind}) ${symbol.name}`,
    description: `${symbol.containerName} • ${workspace.asRelativePath(symbol.location.uri)}`,
    // What the server has found is shown, whatever VS Code makes of its label.
    alwaysShow: true,
    symbol,
  };
}
