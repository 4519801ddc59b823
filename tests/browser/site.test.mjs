// The site around the widget: addresses, the index, progress, the Lab, sharing.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { build } from '../../scripts/site/build.mjs';
import { simplifications, suites, vectors } from '../../scripts/site/faithful.mjs';
import { accessibilityFaults, call, picture, start } from './support.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
let house;
before(async () => { house = await start(); });
after(() => house.close());

/** A lesson of two steps, in place of one that ships. */
const TWO_STEPS = readFileSync(`${root}www/lessons/one-plug.json`, 'utf8')
  .replace(/\n {2}\],\n {2}"claims"/, ',\n    { "heading": "And then?", "text": "Look again." }\n  ],\n  "claims"');
const twoSteps = (page) => page.route('**/lessons/one-plug.json', (route) => route.fulfill({ body: TWO_STEPS, contentType: 'application/json' }));

/** What the widget says about where it stands, once it satisfies `wanted`. */
async function stands(page, wanted) {
  await page.waitForFunction(async (text) => {
    const place = await document.querySelector('push-pull')?.progress?.();
    return place && Object.entries(JSON.parse(text)).every(([name, value]) => place[name] === value);
  }, JSON.stringify(wanted));
}

test('a step has an address, Back leads to the one before, and the title says which', async () => {
  const { page, check } = await house.open({ path: '?lesson=one-plug', before: twoSteps });
  await page.getByRole('button', { name: 'Next' }).click();
  await page.waitForURL('**/?lesson=one-plug&step=2');
  await page.waitForFunction(() => document.title === 'One plug, both lanes, step 2 · pushpull');
  await page.goBack();
  await stands(page, { step: 1 });
  await page.waitForFunction(() => document.title === 'One plug, both lanes · pushpull');
  await page.goForward();
  await stands(page, { step: 2 });
  await page.reload();
  await stands(page, { step: 2 });
  await check();
});

test('the first page keeps its own title', async () => {
  const { page, check } = await house.open();
  await stands(page, { step: 1 });
  assert.equal(await page.title(), 'pushpull: how messages really travel');
  await check();
});

test('the index lists every lesson that ships, and leads to it', async () => {
  const { page, check } = await house.open({ path: 'lessons.html', ready: false });
  const names = readdirSync(`${root}www/lessons`).filter((name) => !name.includes('schema')).map((name) => name.replace('.json', ''));
  const listed = await page.locator('[data-lesson]').evaluateAll((items) => items.map((item) => item.dataset.lesson));
  assert.deepEqual(listed.toSorted(), names.toSorted());
  await page.getByRole('link', { name: 'One plug, both lanes' }).click();
  await page.waitForURL('**/?lesson=one-plug');
  await check();
});

test('what is done is marked in the index, and stays in this browser', async () => {
  const { page, check } = await house.open({ path: '?lesson=one-plug' });
  const deed = async (name) => { await page.getByRole('button', { name }).first().click(); };
  await call(page, 'pause');
  await deed('Unplug billing');
  await call(page, 'seek', 6000);
  await deed('Plug billing in');
  await call(page, 'seek', 12000);
  await page.waitForFunction(() => JSON.parse(localStorage.getItem('pushpull-progress'))?.['one-plug']?.done[0]);
  // And the way on is shown.
  await page.getByRole('status').filter({ hasText: /^(Next: |That was the last lesson)/ }).waitFor();
  await page.goto(`${house.address}lessons.html`);
  await page.locator('[data-lesson="one-plug"] .mark.done').waitFor();
  await check();
});

test('a browser that keeps nothing has everything else', async () => {
  const { page, check } = await house.open({
    path: '?lesson=one-plug',
    before: (page) => page.addInitScript(() => {
      Object.defineProperty(window, 'localStorage', { get() { throw new DOMException('denied', 'SecurityError'); } });
    }),
  });
  await page.getByRole('button', { name: 'Unplug billing' }).first().click();
  await stands(page, { commands: 1 });
  await page.goto(`${house.address}lab.html`);
  await page.getByRole('heading', { name: 'Your experiments' }).waitFor();
  await check();
});

test('a lost tab costs nothing: the run is offered again', async () => {
  const { page, check } = await house.open({ path: '?lesson=one-plug' });
  await page.getByRole('button', { name: 'Unplug billing' }).first().click();
  await page.waitForFunction(() => localStorage.getItem('pushpull-last'));
  await page.goto(house.address);
  await page.getByRole('button', { name: 'Continue' }).click();
  await stands(page, { commands: 1 });
  await page.waitForURL('**/?lesson=one-plug');
  await check();
});

test('the Lab: a template becomes an experiment with the first deed; it can be named, copied and deleted', async () => {
  const { page, check } = await house.open({ path: 'lab.html', ready: false });
  const files = readdirSync(`${root}www/templates`);
  assert.equal(await page.locator('.card').count(), files.length);
  await page.getByRole('link', { name: /^Poison message/ }).click();
  await page.getByRole('button', { name: 'Mend the handler' }).first().click();
  await page.waitForURL(/\?experiment=\w+$/);
  await page.goto(`${house.address}lab.html`);
  const names = () => page.locator('.rows a').allTextContents();
  assert.deepEqual(await names(), ['Poison message']);
  await page.getByRole('button', { name: 'Rename Poison message' }).click();
  await page.getByRole('textbox', { name: 'New name of Poison message' }).fill('Mended');
  await page.keyboard.press('Enter');
  assert.deepEqual(await names(), ['Mended']);
  await page.getByRole('button', { name: 'Duplicate Mended' }).click();
  assert.deepEqual(await names(), ['Mended 2', 'Mended']);
  await page.getByRole('button', { name: 'Delete Mended 2' }).click();
  await page.getByRole('button', { name: 'Undo' }).click();
  assert.equal((await names()).length, 2);
  await page.getByRole('button', { name: 'Delete Mended 2' }).click();
  await page.reload();
  assert.deepEqual(await names(), ['Mended']);
  await page.getByRole('link', { name: 'Mended' }).click();
  await stands(page, { commands: 1, own: true });
  await page.waitForFunction(() => document.title === 'Mended · pushpull');
  await check();
});

test('a run goes into a file and comes back from it, with the same trace', async () => {
  const { page, check } = await house.open({ path: '?lesson=one-plug' });
  await call(page, 'pause');
  await page.getByRole('button', { name: 'Unplug billing' }).first().click();
  await call(page, 'seek', 5000);
  const [file, link] = [await call(page, 'export'), await call(page, 'link')];
  assert.equal(JSON.parse(file).recording.lesson.Named, 'one-plug');
  await page.goto(`${house.address}lab.html`);
  await page.getByLabel('Open a file').setInputFiles({ name: 'mine.json', mimeType: 'application/json', buffer: Buffer.from(file) });
  await page.waitForURL(/\?experiment=/);
  await stands(page, { commands: 1 });
  assert.equal(await call(page, 'link'), link);
  await check();
});

test('the guide answers by keyboard, gives reasons that lead to lessons, and its address keeps the answers', async () => {
  const { page, check } = await house.open({ path: 'lessons.html', ready: false, context: { permissions: ['clipboard-read', 'clipboard-write'] } });
  await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: 'Guide' }).click();
  await page.waitForURL('**/guide.html');
  const result = page.getByRole('region', { name: /^(Take|So far)/ });
  const group = (question) => page.getByRole('group', { name: question });
  await group('Must a message survive').waitFor();
  assert.equal(await page.getByRole('group').count(), 7);
  assert.equal(await result.count(), 0);
  // A job for one worker, soon, with a Redis: by Tab, the space bar and the arrows alone.
  const answers = [1, 0, 0, 1, 1, 0, 0];
  await group('Must a message survive').getByRole('radio').first().focus();
  for (const [question, answer] of answers.entries()) {
    await page.keyboard.press('Space');
    for (let n = 0; n < answer; n += 1) await page.keyboard.press('ArrowDown');
    if (question === 0) await result.getByText('Redis list').first().waitFor();
    if (question < 6) await page.keyboard.press('Tab');
  }
  await page.getByRole('heading', { name: 'Take', exact: true }).waitFor();
  assert.equal(await result.locator('.choice').textContent(), 'A Redis list.');
  await page.waitForURL('**/guide.html?absent=yes&again=no&order=no&share=one&speed=soon&amount=memory&operate=redis');
  // What speaks for it stands first; what is ruled out says why.
  const heads = await result.getByRole('heading', { level: 3 }).allTextContents();
  assert.deepEqual(heads, ['Why a Redis list', 'Why not Redis Pub/Sub', 'Nothing speaks against a Redis stream', 'Why not Kafka']);
  await result.getByRole('button', { name: 'Copy result' }).press('Enter');
  await result.getByText('Copied.').waitFor();
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  const [words, link] = copied.trimEnd().split('\n');
  assert.match(words, /^For my messages: A Redis list\. A list keeps what nobody has taken\./);
  await page.goto('about:blank');
  await page.goto(link);
  assert.equal(await result.locator('.choice').textContent(), 'A Redis list.');
  // All ruled out: it says so instead of giving one.
  await group('How much is kept?').getByRole('radio', { name: 'More than that' }).check();
  await result.getByText('None of the four').waitFor();
  await group('What can you operate?').getByRole('radio', { name: 'A Kafka, or both' }).check();
  await result.getByText('Kafka.', { exact: true }).waitFor();
  // Every reason leads to a step that is there.
  const steps = Object.fromEntries(JSON.parse(build()['lessons/index.json']).map((lesson) => [lesson.name, lesson.steps]));
  for (const address of await page.locator('main li a').evaluateAll((links) => links.map(({ href }) => href))) {
    const query = new URL(address).searchParams;
    assert.ok(Number(query.get('step')) <= steps[query.get('lesson')], address);
  }
  await result.getByRole('link', { name: 'See it: Seven days' }).first().click();
  await stands(page, { lesson: 'seven-days', step: 2 });
  await check();
});

test('the guide without a script tells every reason', async () => {
  const { page, close } = await house.open({ path: 'guide.html', ready: false, context: { javaScriptEnabled: false } });
  const { reasons } = JSON.parse(readFileSync(`${root}www/course/guide.json`, 'utf8'));
  assert.equal(await page.getByRole('listitem').count(), reasons.length);
  assert.ok(await page.getByText('What is published while a subscriber is away is gone.').isVisible());
  assert.equal(await page.getByRole('radio').count(), 0);
  await close();
});

for (const path of ['lessons.html', 'guide.html', 'guide.html?absent=yes&again=late&order=yes&share=both&speed=now&amount=disk&operate=kafka', 'lab.html', 'faithful.html', '404.html']) {
  test(`${path} is usable in both themes and at every width`, async () => {
    for (const colorScheme of ['light', 'dark']) {
      const { page, close } = await house.open({ path, ready: false, context: { colorScheme } });
      await picture(page, `${path.replace('.html', '').replace(/\?.*/, '-answered')}-${colorScheme}`);
      assert.deepEqual(await accessibilityFaults(page), []);
      for (const width of [360, 768, 1440, 2560]) {
        await page.setViewportSize({ width, height: 900 });
        const over = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
        assert.ok(over <= 0, `${path} is ${over} px too wide at ${width}`);
      }
      await close();
    }
  });
}

test('on a phone the links are behind one button', async () => {
  const { page, check } = await house.open({ size: { width: 390, height: 844 } });
  assert.ok(!(await page.getByRole('link', { name: 'Lessons' }).isVisible()));
  await page.getByRole('button', { name: 'Menu' }).click();
  await page.getByRole('link', { name: 'Lessons' }).click();
  await page.waitForURL('**/lessons.html');
  await check();
});

test('sharing: the link opens the same run, the code embeds the lesson, the run can be kept', async () => {
  const { page, check } = await house.open({ path: '?lesson=one-plug', context: { permissions: ['clipboard-read', 'clipboard-write'] } });
  const copied = () => page.evaluate(() => navigator.clipboard.readText());
  await page.getByRole('button', { name: 'Unplug billing' }).first().click();
  await page.getByRole('button', { name: 'Share' }).click();
  const dialog = page.getByRole('dialog', { name: 'Share' });
  await dialog.getByRole('radio', { name: 'Dark' }).check();
  await dialog.getByRole('button', { name: 'Copy code' }).click();
  assert.equal(await copied(), `<script type="module" src="${house.address}push-pull.js"></script>\n`
    + '<push-pull lesson="one-plug" theme="dark" style="display: block; width: 400px; height: 620px">\n'
    + `  <p>An animation of how Redis and Kafka deliver the same messages: <a href="${house.address}?lesson=one-plug">One plug, both lanes</a>.</p>\n</push-pull>\n`);
  const preview = page.locator('.preview push-pull');
  await preview.evaluate((widget) => widget.ready);
  assert.equal(await preview.evaluate((widget) => widget.clientWidth), 400);
  await dialog.getByRole('button', { name: 'Keep in the Lab' }).click();
  await dialog.getByText('Kept in the Lab.').waitFor();
  await dialog.getByRole('button', { name: 'Copy link' }).click();
  const link = await copied();
  await dialog.getByRole('button', { name: 'Close' }).click();
  // A preview that nobody sees costs nothing.
  await preview.waitFor({ state: 'detached' });
  await page.goto(link);
  await stands(page, { commands: 1, lesson: 'one-plug', playing: false });
  await check();
});

test('the code that is offered works in a page of somebody else', async () => {
  const { page, check } = await house.open({
    path: 'elsewhere.html',
    before: (page) => page.route('**/elsewhere.html', (route) => route.fulfill({
      contentType: 'text/html',
      body: '<!doctype html><title>Elsewhere</title><script type="module" src="push-pull.js"></script><push-pull lesson="one-plug" step="1"></push-pull>',
    })),
  });
  await stands(page, { lesson: 'one-plug', step: 1, playing: false });
  // It is a guest there: it keeps nothing but the theme its reader chose, and registers nothing.
  assert.deepEqual(await page.evaluate(() => Object.keys(localStorage)), []);
  await check();
});

for (const colorScheme of ['light', 'dark']) {
  test(`the ${colorScheme} dialog is usable with assistive technology`, async () => {
    const { page, close } = await house.open({ context: { colorScheme } });
    await page.getByRole('button', { name: 'Share' }).click();
    await page.locator('.preview push-pull').evaluate((widget) => widget.ready);
    await picture(page, `share-${colorScheme}`);
    assert.deepEqual(await accessibilityFaults(page), []);
    await close();
  });
}

test('a browser without modules is told so in words', async () => {
  // A browser that knows modules takes no nomodule script, so the page is one in which it does.
  const { page, close } = await house.open({
    ready: false,
    before: (page) => page.route(house.address, async (route) => {
      const answer = await route.fetch();
      const body = (await answer.text()).replaceAll('type="module"', 'type="unknown"').replace('<script nomodule', '<script defer');
      await route.fulfill({ response: answer, body });
    }),
  });
  assert.ok(await page.getByText('This browser is too old').isVisible());
  await close();
});

test('a browser without WebAssembly is told so in words', async () => {
  const { page, close } = await house.open({ ready: false, before: (page) => page.addInitScript(() => { delete window.WebAssembly; }) });
  assert.match(await page.getByText(/^This animation could not start/).textContent(), /no WebAssembly/);
  assert.ok(await page.getByRole('link', { name: 'Lessons' }).isVisible());
  await close();
});

test('the built pages are what the sources say now', () => {
  for (const [name, text] of Object.entries(build())) {
    const commit = / <code>[0-9a-f]{7,}<\/code>/;
    const same = readFileSync(`${root}dist/${name}`, 'utf8').replace(commit, '') === text.replace(commit, '');
    assert.ok(same, `dist/${name} is not what its sources say: build again`);
  }
});

test('what "How faithful is this?" says is what the tests hold', () => {
  const page = readFileSync(`${root}dist/faithful.html`, 'utf8');
  const read = (path) => readFileSync(`${root}${path}`, 'utf8');
  // Counted here in another way than there.
  const list = read('tests/redis/suites.txt');
  const of = (result) => list.match(new RegExp(`\t${result}\t`, 'g')).length;
  const all = suites(root);
  assert.equal(all.reduce((sum, { passed }) => sum + passed, 0), of('pass'));
  assert.equal(all.reduce((sum, { skipped }) => sum + skipped.length, 0), of('skip'));
  assert.ok(page.includes(`Why ${of('skip')} are left out`));
  const files = ['redis', 'kafka'].flatMap((system) => readdirSync(`${root}tests/vectors/${system}`).map((file) => `${system}/${file}`));
  assert.deepEqual(vectors(root).map(({ path }) => path).toSorted(), files.toSorted());
  for (const { path, what, count } of vectors(root)) {
    assert.ok(count > 0, `${path} holds nothing`);
    assert.notEqual(what, path, `${path} has no words in scripts/site/faithful.mjs`);
    assert.ok(page.includes(`<td>${what}</td><td class="number">${count.toLocaleString('en')}</td>`), path);
  }
  const murmur2 = vectors(root).find(({ path }) => path === 'kafka/murmur2.jsonl');
  assert.equal(murmur2.count, read('tests/vectors/kafka/murmur2.jsonl').trimEnd().split('\n').length);
  // Every module that says it simplifies is on the page.
  const said = simplifications(root);
  assert.ok(said.some(({ module, words }) => module === 'kafka/assignor' && words.startsWith('no racks.')));
  for (const { module } of said) assert.ok(page.includes(`<code>${module}</code>`), module);
});

test('an address with nothing behind it leads back', async () => {
  const { page, close } = await house.open({ path: 'nowhere', ready: false });
  await page.getByRole('link', { name: 'To the first page' }).click();
  await page.waitForURL(house.address);
  await close();
});
