// VS Code's list of symbols, from the package that publishes VS Code's own code, without a screen.

import { build } from 'esbuild';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const CODE = '@codingame/monaco-vscode-api/vscode/vs';
const ENTRY = `
  export { SymbolsQuickAccessProvider } from '${CODE}/workbench/contrib/search/browser/symbolsQuickAccess';
  export { WorkspaceSymbolProviderRegistry } from '${CODE}/workbench/contrib/search/common/search';
  export { label } from './src/labels';
`;

/** Modules that need a screen, and what the rest takes from them. */
const SCREEN = /(pickerQuickAccess|findController|services.editor.common.editorService|workbench.common.editor)\.js$/;
const STAND_IN = `
  export class PickerQuickAccessProvider { _register(it) { return it; } }
  export const TriggerAction = {}, SIDE_GROUP = 0, ACTIVE_GROUP = 0, EditorResourceAccessor = {}, SideBySideEditor = {};
  export function getSelectionSearchString() {}
`;
const withoutScreen = {
  name: 'without-screen',
  setup: ({ onLoad }) => onLoad({ filter: SCREEN }, () => ({ contents: STAND_IN })),
};

/** The extension's `label`, and what VS Code shows for what a provider of symbols answers. */
export async function vscode(folder) {
  const outfile = join(folder, 'vscode.mjs');
  const stdin = { contents: ENTRY, resolveDir: '.' };
  const options = { bundle: true, format: 'esm', platform: 'node', loader: { '.css': 'empty' }, logLevel: 'warning' };
  await build({ stdin, outfile, plugins: [withoutScreen], ...options });
  const { label, SymbolsQuickAccessProvider, WorkspaceSymbolProviderRegistry } = await import(pathToFileURL(outfile));

  const labels = { getUriLabel: (uri) => uri.pathname };
  const configuration = { getValue: () => ({}) };
  const list = new SymbolsQuickAccessProvider(labels, {}, {}, configuration, {}, {});
  const picks = async (query, provideWorkspaceSymbols) => {
    const registered = WorkspaceSymbolProviderRegistry.register({ provideWorkspaceSymbols });
    const shown = await list.getSymbolPicks(query, { delay: 0 }, { isCancellationRequested: false });
    registered.dispose();
    return shown.map(({ symbol }) => symbol);
  };
  return { label, picks };
}
