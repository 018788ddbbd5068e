// What a symbol is called in VS Code's own list, which is filtered and sorted again by how well the typed text fits
// the label: its letters must be in it, in order, and nothing else counts. So a label has as much of what is around
// the name as was typed. See docs/lsp.md, "Editors that sort again".

/** What labels are made of; a part of VS Code's SymbolInformation. */
export interface Named {
  name: string;
  /** The package and the types around it. */
  containerName: string;
}

/** Gives each symbol the label that it is to have in an answer to a query, and what is left as its container. */
export function label<S extends Named>(query: string, symbols: S[]): S[] {
  const given = new Map<string, string>();
  for (const symbol of symbols) {
    const full = symbol.containerName ? `${symbol.containerName}.${symbol.name}` : symbol.name;
    const forms = formsOf(symbol);
    // Namesakes after the first are told apart by more than the first has.
    const isFree = (form: string) => (given.get(form) ?? full) === full;
    const fitting = forms.filter((form) => written(form, query) !== undefined);
    const form = fitting.find(isFree) ?? fitting[0] ?? forms.find(isFree) ?? forms[0];
    given.set(form, full);
    symbol.name = written(form, query) ?? form;
    symbol.containerName = full.slice(0, Math.max(0, full.length - form.length - 1));
  }
  return symbols;
}

/** The name with the types around it, and with more and more of the package, the shortest first. */
function formsOf({ name, containerName }: Named): string[] {
  const around = containerName ? containerName.split('.') : [];
  // By custom types begin with a capital and packages do not.
  const types = around.findIndex((part) => /^\p{Lu}/u.test(part));
  const forms = [];
  for (let from = types < 0 ? around.length : types; from >= 0; from--) {
    forms.push([...around.slice(from), name].join('.'));
  }
  return forms;
}

/** A form as the query writes it, if the query's letters are in it: its separators, its `@` and its `(`. */
function written(form: string, query: string): string | undefined {
  const separators = query.match(/::|[.#$/]/g) ?? [];
  const parts = form.split('.');
  const first = parts.length - 1 - separators.length;
  const joined = parts.reduce((left, part, at) => left + (separators[at - 1 - first] ?? '.') + part);
  const label = (query.startsWith('@') ? '@' : '') + joined + (query.includes('(') ? '()' : '');
  return isWithin(query.toLowerCase(), label.toLowerCase()) ? label : undefined;
}

/** Whether all letters of the one are in the other, in order. */
function isWithin(letters: string, text: string): boolean {
  let found = 0;
  for (const letter of text) {
    if (letter === letters[found]) found++;
  }
  return found === letters.length;
}
