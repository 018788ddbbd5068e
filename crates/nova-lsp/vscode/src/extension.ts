// The extension: starts `nova lsp` and speaks to it for VS Code.

import { commands, ExtensionContext, workspace } from 'vscode';
import { LanguageClient, Middleware } from 'vscode-languageclient/node';
import { execute } from './commands';
import { findSymbol } from './findSymbol';
import { label } from './labels';

let client: LanguageClient | undefined;

export async function activate(context: ExtensionContext): Promise<void> {
  const settings = workspace.getConfiguration('nova');
  const command = settings.get('path', 'nova');
  const started = new LanguageClient('nova', 'Nova', { command, args: ['lsp'] }, {
    documentSelector: [{ scheme: 'file', language: 'java' }],
    initializationOptions: settings,
    synchronize: { configurationSection: 'nova' },
    middleware: {
      provideWorkspaceSymbols: async (query, token, next) => label(query, (await next(query, token)) ?? []),
      executeCommand: (name, args, next) => execute(started, name, args, next),
      ...(settings.get('symbolsOnly') ? SYMBOLS_ONLY : {}),
    },
  });
  client = started;
  context.subscriptions.push(commands.registerCommand('nova.findSymbol', () => findSymbol(started)));
  // The commands of the server are registered by the client, once the server has named them.
  await started.start();
}

export async function deactivate(): Promise<void> {
  await client?.stop();
}

/** Leaves everything but symbols of the workspace to others. */
const SYMBOLS_ONLY: Middleware = {
  provideDeclaration: () => undefined,
  provideDefinition: () => undefined,
  provideDocumentHighlights: () => undefined,
  provideDocumentSymbols: () => undefined,
  provideFoldingRanges: () => undefined,
  provideHover: () => undefined,
  provideImplementation: () => undefined,
  provideSelectionRanges: () => undefined,
};
