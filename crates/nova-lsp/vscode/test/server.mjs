// `nova lsp` over the sources of a JDK, asked for symbols.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { createMessageConnection } from 'vscode-jsonrpc/node';

/** Starts it with an empty folder as the workspace, and waits until the archive is indexed. */
export async function start(nova, archive, folder) {
  const tree = join(folder, 'tree');
  mkdirSync(tree);
  const env = { ...process.env, XDG_CACHE_HOME: join(folder, 'cache') };
  const server = spawn(nova, ['lsp'], { stdio: ['pipe', 'pipe', 'inherit'], env });
  const connection = createMessageConnection(server.stdout, server.stdin);
  connection.listen();
  await connection.sendRequest('initialize', {
    processId: process.pid,
    capabilities: {},
    workspaceFolders: [{ uri: pathToFileURL(tree).href, name: 'tree' }],
    initializationOptions: { jdkSources: archive },
  });
  await connection.sendNotification('initialized', {});
  const symbols = async (query) => (await connection.sendRequest('workspace/symbol', { query })).map(symbol);
  while ((await symbols('java.lang.Object')).length === 0) await setTimeout(100);
  const stop = async () => {
    await connection.sendRequest('shutdown');
    await Promise.all([once(server, 'exit'), connection.sendNotification('exit')]);
  };
  return { symbols, stop };
}

/** As vscode-languageclient gives it to VS Code, with the symbol's name in the relevance set. */
function symbol({ name, kind, containerName = '', location: { uri, range } }) {
  const { start, end } = range;
  return {
    id: called(name, kind, containerName),
    name,
    kind: kind - 1,
    containerName,
    location: {
      uri: new URL(uri),
      range: {
        startLineNumber: start.line + 1,
        startColumn: start.character + 1,
        endLineNumber: end.line + 1,
        endColumn: end.character + 1,
      },
    },
  };
}

function called(name, kind, containerName) {
  const [MODULE, PACKAGE, CLASS, ENUM, INTERFACE, STRUCT] = [2, 4, 5, 10, 11, 23];
  if (kind === MODULE) return `module ${name}`;
  if (kind === PACKAGE) return `package ${name}`;
  const isType = [CLASS, ENUM, INTERFACE, STRUCT].includes(kind);
  if (isType) return containerName ? `${containerName}.${name}` : name;
  return `${containerName}#${name}`;
}
