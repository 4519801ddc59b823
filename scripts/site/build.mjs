// What the page's build adds to what trunk has made: the pages around the first one. trunk runs
// it before it moves its staging folder to dist/ (Trunk.toml).

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { heads, lessonsHtml, templatesHtml } from './lessons.mjs';
import { pages } from './pages.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** The pages by name, from the sources as they are now. */
export function build() {
  return pages(join(root, 'pages'), {
    lessons: lessonsHtml(heads(join(root, 'www/lessons'))),
    templates: templatesHtml(heads(join(root, 'www/templates'))),
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const folder = process.argv[2] ?? process.env.TRUNK_STAGING_DIR;
  if (!folder) throw new Error('build.mjs FOLDER, or from trunk');
  for (const [name, text] of Object.entries(build())) writeFileSync(join(folder, name), text);
}
