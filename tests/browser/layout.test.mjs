// The page's HTML by geometry: every lesson and template, in the widths that count, in both themes
// and with larger letters. Nothing scrolls sideways, nothing that is to be pressed lies under
// something else or outside, and no two words of the ruler lie on one another.

import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { onePlug } from './story.mjs';
import { call, frames, start } from './support.mjs';

let house;
before(async () => { house = await start(); });
after(() => house.close());

const www = fileURLToPath(new URL('../../www/', import.meta.url));
const names = (of) => readdirSync(`${www}${of}`)
  .filter((name) => name.endsWith('.json') && !name.endsWith('.schema.json')).map((name) => name.slice(0, -5)).sort();

/** Everything that the page can open: a lesson by its name, a template by its address. */
const PLACES = [
  ...names('lessons').map((name) => ({ name, lesson: name })),
  ...names('templates').map((name) => ({ name: `template ${name}`, src: `templates/${name}.json` })),
];

const FRAMES = [
  { size: { width: 360, height: 640 } },
  { size: { width: 360, height: 740 }, letters: 1.4 },
  { size: { width: 768, height: 1024 } },
  { size: { width: 1024, height: 768 } },
  { size: { width: 1440, height: 900 } },
  { size: { width: 1440, height: 900 }, colorScheme: 'dark' },
  { size: { width: 1440, height: 900 }, letters: 1.4 },
  { size: { width: 2560, height: 1300 } },
  { size: { width: 720, height: 450 } },
];

/** Opens a place in the page's widget, lets ten seconds pass, and waits until that is drawn. */
async function open(page, { lesson, src }) {
  await page.evaluate(async ([lesson, src]) => {
    const widget = document.querySelector('push-pull');
    await widget.openLesson(lesson ?? await (await fetch(src)).text());
    await widget.pause();
    await widget.seek(10_000);
  }, [lesson, src]);
  await frames(page, 3);
}

/** What is wrong with the page as it stands, one sentence each. */
const faults = (page) => page.evaluate(() => {
  const root = document.querySelector('push-pull').shadowRoot;
  const said = [];
  const all = (selector) => [...root.querySelectorAll(selector)];
  const shown = (part) => part.checkVisibility({ visibilityProperty: true }) && part.getBoundingClientRect().width > 0;
  const named = (part) => part.getAttribute('aria-label') ?? (part.textContent.trim() || part.className.baseVal || part.className);
  const inside = (part) => {
    const { left, right, top, bottom } = part.getBoundingClientRect();
    return left >= -1 && top >= -1 && right <= innerWidth + 1 && bottom <= innerHeight + 1;
  };
  const { scrollWidth, scrollHeight } = document.documentElement;
  if (scrollWidth > innerWidth) said.push(`it scrolls sideways by ${scrollWidth - innerWidth} px`);
  if (scrollHeight > innerHeight) said.push(`it is ${scrollHeight - innerHeight} px too high`);

  for (const part of all('.head button, .transport :is(button, select, .clock, .scrubber), .ruler text, .fork, .sentence button').filter(shown)) {
    if (!inside(part)) said.push(`${named(part)} lies outside`);
  }
  // Nothing inside the panel is wider than the panel.
  const panel = root.querySelector('.lesson');
  if (panel.scrollWidth > panel.clientWidth) said.push(`the lesson is ${panel.scrollWidth - panel.clientWidth} px too wide`);

  const words = all('.ruler text').filter(shown).map((part) => [named(part), part.getBoundingClientRect()]);
  for (const [n, [one, a]] of words.entries()) {
    for (const [other, b] of words.slice(0, n)) {
      const [x, y] = [Math.min(a.right, b.right) - Math.max(a.left, b.left), Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top)];
      if (x > 1 && y > 2) said.push(`“${one}” lies on “${other}”`);
    }
  }

  // What is to be pressed is what lies there, once it is scrolled to.
  for (const part of all('.head button, .lesson :is(.act, .steps button, .more, .choice), .transport button, .sentence button').filter(shown)) {
    part.scrollIntoView({ block: 'nearest' });
    const { x, y, width, height } = part.getBoundingClientRect();
    const there = root.elementFromPoint(x + width / 2, y + height / 2);
    if (!there || !(part.contains(there) || there.contains(part))) said.push(`${named(part)} lies under ${there ? named(there) : 'nothing'}`);
  }
  panel.scrollTop = 0;
  for (const part of all('.lesson .steps button').filter(shown)) {
    if (!inside(part)) said.push(`${named(part)} is out of sight`);
    if (part.getBoundingClientRect().right > panel.getBoundingClientRect().right) said.push(`${named(part)} sticks out`);
  }
  return said;
});

for (const { size, colorScheme = 'light', letters = 1 } of FRAMES) {
  const { width, height } = size;
  const more = [colorScheme === 'dark' && 'dark', letters > 1 && `letters of ${letters * 100} %`].filter(Boolean);
  test(`everything has its place at ${[`${width} by ${height}`, ...more].join(', ')}`, async () => {
    const { page, check } = await house.open({
      size, context: { colorScheme, reducedMotion: 'reduce' },
      before: async (page) => {
        if (letters === 1) return;
        // As a reader sets it in the browser: every length in rem follows.
        const session = await page.context().newCDPSession(page);
        await session.send('Page.enable');
        await session.send('Page.setFontSizes', { fontSizes: { standard: Math.round(16 * letters), fixed: Math.round(13 * letters) } });
      },
    });
    const wrong = [];
    for (const place of PLACES) {
      await open(page, place);
      wrong.push(...(await faults(page)).map((fault) => `${place.name}: ${fault}`));
    }
    assert.deepEqual(wrong, []);
    await check();
  });
}

// ------------------------------------------------------------------------- the end of a lesson

const MOVING = { reducedMotion: 'no-preference' };

/** What two boxes share, in square px. */
const shared = (a, b) => Math.max(0, Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x))
  * Math.max(0, Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y));

test('what a lesson comes to is in sight when it ends, and so is the way on', async () => {
  const { page, check } = await house.open({ size: { width: 1024, height: 768 }, context: MOVING });
  await call(page, 'pause');
  await onePlug(page);
  const panel = await page.getByRole('region', { name: 'Lesson' }).boundingBox();
  const words = await page.getByText(/^You want this when/).boundingBox();
  assert.ok(words.y >= panel.y && words.y + words.height <= panel.y + panel.height, JSON.stringify([panel, words]));
  await check();
});

for (const [name, size] of Object.entries({ phone: { width: 390, height: 844 }, medium: { width: 1024, height: 768 }, wide: { width: 1440, height: 900 } })) {
  test(`what comes next is offered where it covers nothing: ${name}`, async () => {
    const { page, check } = await house.open({ size, context: MOVING });
    await call(page, 'pause');
    await onePlug(page);
    const offer = page.getByRole('status').filter({ hasText: /^Next: / });
    await offer.getByRole('button', { name: 'Go' }).waitFor();
    const [box, bar] = [await offer.boundingBox(), await page.getByRole('region', { name: 'Result so far' }).boundingBox()];
    assert.ok(box.x >= bar.x && box.y >= bar.y && box.x + box.width <= bar.x + bar.width && box.y + box.height <= bar.y + bar.height, JSON.stringify([box, bar]));
    for (const other of ['What happens', 'Lesson', 'Time']) {
      assert.equal(shared(box, await page.getByRole('region', { name: other }).boundingBox()), 0, other);
    }
    await offer.getByRole('button', { name: 'Not now' }).click();
    await offer.waitFor({ state: 'detached' });
    await check();
  });
}

test('the caption takes the room that the sentence leaves', async () => {
  const { page, check } = await house.open({ size: { width: 1440, height: 900 }, context: MOVING });
  await call(page, 'pause');
  await onePlug(page);
  await page.getByRole('button', { name: 'Not now' }).click();
  const bar = page.getByRole('region', { name: 'Result so far' });
  const [words, note] = await bar.getByRole('paragraph').evaluateAll((all) => all.slice(0, 2).map((part) => {
    const range = document.createRange();
    range.selectNodeContents(part);
    return { text: range.getBoundingClientRect().toJSON(), box: part.getBoundingClientRect().toJSON() };
  }));
  assert.ok(note.box.left - words.text.right < 40, JSON.stringify([words, note]));
  const copy = await bar.getByRole('button', { name: 'Copy result' }).boundingBox();
  assert.ok(copy.x - note.box.right < 40, JSON.stringify([note, copy]));
  await check();
});

test('the inspector breaks its lines and hides nothing at the side', async () => {
  const { page, check } = await house.open({ size: { width: 1440, height: 900 }, context: MOVING, path: '?lesson=slow-subscriber' });
  await call(page, 'pause');
  await call(page, 'seek', 9_000);
  const stage = page.locator('.stage');
  for (const name of [/^Redis server /, /^Partition video-0/, /^Kafka consumer editor/, /^Producer camera/]) {
    await stage.getByRole('button', { name }).first().press('Enter');
    await frames(page, 3);
    const panel = page.locator('.inspector');
    await panel.waitFor();
    const wide = await panel.locator('.table, .sheet-body').evaluateAll((all) => all.map((part) => part.scrollWidth - part.clientWidth).filter((more) => more > 0));
    assert.deepEqual(wide, [], `${name}`);
  }
  await check();
});
