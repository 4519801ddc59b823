// The index of lessons and of templates, from the files themselves.
//
// A lesson's `number` is its place, `chapter` the heading it stands under; those without come last.

import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parse } from './jsonc.mjs';
import { html } from './html.mjs';

/** What a lesson without a chapter stands under. */
const NO_CHAPTER = 'More lessons';

/** The head of each lesson file in a folder, in the order of their numbers, then of the names. */
export function heads(folder) {
  const files = readdirSync(folder).filter((name) => name.endsWith('.json') && !name.endsWith('.schema.json'));
  const all = files.flatMap((file) => {
    try {
      const { title, sentence, chapter = NO_CHAPTER, number = Infinity, steps } = parse(readFileSync(join(folder, file), 'utf8'));
      return [{
        name: basename(file, '.json'), title, sentence, chapter, number, steps: steps.length,
      }];
    } catch (error) {
      console.error(`${file} is left out of the index: ${error.message}`);
      return [];
    }
  });
  return all.sort((a, b) => (a.number === b.number ? 0 : a.number - b.number) || a.name.localeCompare(b.name, 'en'));
}

/** The lessons by chapter; a chapter stands where its first lesson does. */
export function chapters(lessons) {
  const titles = [...new Set(lessons.map(({ chapter }) => chapter))];
  return titles.map((title) => ({ title, lessons: lessons.filter(({ chapter }) => chapter === title) }));
}

/** The chapters as sections with lists of links. */
export function lessonsHtml(lessons) {
  const item = ({ name, title, sentence, steps }) => html`<li data-lesson="${name}" data-steps="${steps}">
<a href="./?lesson=${name}">${title}</a>
<span class="mark"></span>
<p>${sentence}</p>
</li>
`;
  const section = ({ title, lessons: members }, index) => html`<section aria-labelledby="chapter-${index + 1}">
<h2 id="chapter-${index + 1}">${title}</h2>
<ol class="rows">
${members.map(item)}</ol>
</section>
`;
  return html`${chapters(lessons).map(section)}`;
}

/** The templates as cards. */
export function templatesHtml(templates) {
  const card = ({ name, title, sentence }) => html`<li><a class="card" href="./?template=${name}"><strong>${title}</strong> <span>${sentence}</span></a></li>
`;
  return html`${templates.map(card)}`;
}
