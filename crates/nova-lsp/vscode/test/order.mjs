// What VS Code's list of symbols makes of Nova's answers: the queries of tests/relevance, answered by a real server and
// put through VS Code's own filter and sort, as published.
//
//   npm test -- NOVA SRC_ZIP        the program, and the sources of JDK 25

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { start } from './server.mjs';
import { vscode } from './vscode.mjs';

/** So many of a family's queries must have the same hit first in VS Code's list as in Nova's. */
const FIRST_MIN = { exact: 0.9, prefix: 0.7, humps: 0.5, half: 0.2, qualified: 1, member: 0.9, typo: 0.4, filter: 0.2 };

const [nova, archive] = process.argv.slice(2).map((path) => resolve(path));
const folder = mkdtempSync(join(tmpdir(), 'nova-order-'));
const server = await start(nova, archive, folder);
const { label, picks } = await vscode(folder);

const families = {};
for (const line of readFileSync('../../../tests/relevance/jdk25.tsv', 'utf8').trimEnd().split('\n')) {
  const [family, query, meant] = line.split('\t');
  const [first] = await server.symbols(query);
  const plain = await picks(query, server.symbols);
  const labelled = await picks(query, async (asked) => label(asked, await server.symbols(asked)));
  for (const name of [family, 'all']) {
    const counts = (families[name] ??= { queries: 0, nova: 0, plain: 0, labelled: 0, shown: 0, meant: 0 });
    counts.queries++;
    counts.nova += isMeant(first, meant);
    counts.plain += is(plain[0], first);
    counts.labelled += is(labelled[0], first);
    counts.shown += labelled.some((symbol) => is(symbol, first));
    counts.meant += isMeant(labelled[0], meant);
  }
}
await server.stop();
rmSync(folder, { recursive: true, force: true });

console.log(`Of so many queries
- nova: Nova has first what is meant
- plain, labelled: VS Code has first what Nova has first, by bare names and by labels
- shown: VS Code shows it at all
- meant: VS Code has first what is meant`);
console.table(families);
for (const [family, least] of Object.entries(FIRST_MIN)) {
  const { labelled, queries } = families[family];
  assert.ok(labelled >= least * queries, `${family}: ${labelled} of ${queries}`);
}

function is(symbol, other) {
  return symbol !== undefined && symbol.id === other?.id;
}

function isMeant(symbol, meant) {
  return symbol !== undefined && meant.split('|').includes(symbol.id);
}
