// The pages beside the first one: each file in pages/ beside this one, in the common layout.
//
// A page begins with `<!-- title: ... -->` and `<!-- description: ... -->`; what follows up to
// `<!-- main -->` goes into the head, the rest into <main>. {{name}} is filled in.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const LAYOUT = 'layout.html';

/** Puts values where their names stand; a name without a value is an error of the build. */
function fill(text, values) {
  return text.replace(/\{\{(\w+)\}\}/g, (_, name) => {
    if (!(name in values)) throw new Error(`{{${name}}} has no value`);
    return String(values[name]);
  });
}

/** The text of each page by its file's name. `values` are what the pages ask for. */
export function pages(folder, values) {
  const layout = readFileSync(join(folder, LAYOUT), 'utf8');
  const names = readdirSync(folder).filter((name) => name.endsWith('.html') && name !== LAYOUT);
  return Object.fromEntries(names.map((name) => {
    const text = readFileSync(join(folder, name), 'utf8');
    const [, title, description, head, main] =
      /^<!-- title: (.+) -->\n<!-- description: (.+) -->\n([^]*?)<!-- main -->\n([^]*)$/.exec(text) ??
      (() => { throw new Error(`${name} does not begin with its title and description`); })();
    return [name, fill(layout, { title, description, head, main: fill(main, values) })];
  }));
}
