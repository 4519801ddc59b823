// What the page's build adds to what trunk has made: the pages around the first one, the index of
// lessons, the stills, the widget's style sheet in one file, and in a release the seal. trunk runs
// it before it moves its staging folder to dist/ (Trunk.toml). SITE, where the site will stand,
// gives its picture a whole address.

import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { faithful } from './faithful.mjs';
import { guideHtml } from './guide.mjs';
import { heads, lessonsHtml, templatesHtml } from './lessons.mjs';
import { pages } from './pages.mjs';
import { seal } from './seal.mjs';
import { stills } from './still.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** The pages and the index by name, from the sources as they are now. */
export function build() {
  const lessons = heads(join(root, 'www/lessons'));
  return {
    ...pages(join(root, 'scripts/site/pages'), {
      lessons: lessonsHtml(lessons),
      templates: templatesHtml(heads(join(root, 'www/templates'))),
      ...guideHtml(root, lessons),
      ...faithful(root),
    }),
    'lessons/index.json': `${JSON.stringify(lessons, null, 1)}\n`,
  };
}

/** Gives the picture that links carry its whole address: who follows a link does not guess it. */
function place(folder, site) {
  const address = new URL('social.png', site.endsWith('/') ? site : `${site}/`).href;
  for (const name of readdirSync(folder).filter((file) => file.endsWith('.html'))) {
    const path = join(folder, name);
    writeFileSync(path, readFileSync(path, 'utf8').replace('content="social.png"', `content="${address}"`));
  }
}

/** The widget's style sheet: its parts in the order of their names, so that it is one request. */
export function style() {
  const parts = join(root, 'www/css');
  return readdirSync(parts).sort().map((name) => readFileSync(join(parts, name), 'utf8')).join('\n');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const folder = process.argv[2] ?? process.env.TRUNK_STAGING_DIR;
  if (!folder) throw new Error('build.mjs FOLDER, or from trunk');
  writeFileSync(join(folder, 'push-pull.css'), style());
  rmSync(join(folder, 'css'), { recursive: true, force: true });
  const first = readFileSync(join(root, 'www/lessons/one-plug.json'), 'utf8');
  for (const [name, text] of Object.entries({ ...build(), ...await stills(folder, first) })) writeFileSync(join(folder, name), text);
  if (process.env.SITE) place(folder, process.env.SITE);
  if (process.env.TRUNK_PROFILE === 'release') seal(folder);
}
