// What the tests of the first lesson share: the page as a reader finds it (by role and name), and
// what is true at the cursor, waited for and never slept for.

import assert from 'node:assert/strict';

import { call, frames } from './support.mjs';

/** What is true at the cursor of the page's first widget. */
export const state = (page) => call(page, 'state');

/** How long a test waits for a state before it fails, in real milliseconds. */
const PATIENCE = 60_000;

/**
 * Waits, frame by frame, until `holds(state)`; gives that state.
 *
 * @param {string} what is waited for, for the failure's words
 */
export async function until(page, what, holds) {
  const end = performance.now() + PATIENCE;
  for (;;) {
    const now = await state(page);
    if (holds(now)) return now;
    assert.ok(performance.now() < end, `waited in vain: ${what}; the cursor stands at ${now.cursorMs} ms, ${now.sentence}`);
    await frames(page, 1);
  }
}

/** Moves the cursor and waits until the page has drawn it; gives the state there. */
export async function seek(page, ms) {
  await call(page, 'seek', ms);
  await frames(page, 2);
  return state(page);
}

/** The parts of a state that are true of the instant alone, however the cursor came there. */
export function instant({ cursorMs, sentence, parties, tokens, shapes }) {
  return { cursorMs, sentence, parties, tokens, shapes };
}

/** What a reader sees of the stage: its shapes as drawn, and the pixels of what moves. */
export const drawn = (page) => page.evaluate(async () => {
  const root = document.querySelector('push-pull').shadowRoot;
  const words = (element) => {
    const attributes = [...element.attributes].map(({ name, value }) => `${name}="${value}"`).sort();
    const inside = element.children.length > 0 ? [...element.children].map(words).join('') : element.textContent;
    return `<${[element.localName, ...attributes].join(' ')}>${inside}`;
  };
  const shapes = [...root.querySelectorAll('.stage svg.shapes > g')].map(words);
  // A digest, so that a difference is told in a line and not in a picture's bytes.
  const image = new TextEncoder().encode(root.querySelector('.stage canvas').toDataURL());
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', image));
  return { shapes, tokens: [...digest].map((byte) => byte.toString(16).padStart(2, '0')).join('') };
});

/** The ledger's row of a party. */
export function party({ parties }, name, system) {
  const row = parties.find((row) => row.name === name && row.system === system);
  assert.ok(row, `no ${name} in ${system}`);
  return row;
}

/** The numbers of the messages that a row has lost, in order. */
export const numbersLost = ({ losses }) => losses.flatMap(({ messages }) => messages).sort((a, b) => a - b);

/** What the floor shows: the numbers on it, how many more it only counts, and its words. */
export async function floor(page) {
  const shape = page.getByRole('button', { name: /\blost: / });
  if (await shape.count() === 0) return { numbers: [], more: 0, name: '' };
  // What is not in the shape's name is drawn beside it, out of a screen reader's way.
  const texts = await shape.evaluate((own) => [own, own.nextElementSibling]
    .flatMap((group) => [...group.querySelectorAll('text')].map((text) => text.textContent.trim())));
  return {
    numbers: texts.filter((text) => /^\d+$/.test(text)).map(Number),
    more: Number(texts.find((text) => /^\+\d+$/.test(text)) ?? 0),
    name: await shape.getAttribute('aria-label'),
  };
}

/** The lesson's tasks as the page says them: true where one has ticked. */
export async function ticks(page) {
  const lines = page.getByRole('list', { name: 'Tasks' }).getByRole('listitem');
  const marks = await lines.locator('[role=img]').evaluateAll((all) => all.map((mark) => mark.getAttribute('aria-label')));
  return marks.map((mark) => mark === 'done');
}

/** The button of the page's lesson that pulls the plug, and its other face. */
export const pull = (page) => page.getByRole('button', { name: 'Unplug billing' });
export const putBack = (page) => page.getByRole('button', { name: 'Plug billing in' });

/**
 * An instant between two orders, with nothing of billing's under way: whatever is sent from here on
 * is sent after what happens here. Fetches that wait at the broker are always there.
 */
export async function quiet(page, from) {
  for (let ms = from; ms < from + 400; ms += 10) {
    const now = await seek(page, ms);
    const busy = ['redis', 'kafka'].some((system) => {
      const { onItsWay, waiting } = party(now, 'billing', system);
      return onItsWay + waiting > 0;
    });
    // A consumer's open question is always under way; what counts is that no order is.
    if (!busy && now.tokens.every(({ kind }) => kind === 'request')) return now;
  }
  return assert.fail(`nothing is quiet in the 400 ms after ${from} ms`);
}

/**
 * Plays the first lesson from a paused page: pulls billing's plug at a quiet instant near `from`,
 * puts it back two seconds of virtual time later, and goes on for three more. `press(locator)` is
 * how this reader presses a button. Gives the states at the four instants.
 */
export async function onePlug(page, { from = 2_000, press = (button) => button.click() } = {}) {
  const before = await quiet(page, from);
  await press(pull(page));
  await putBack(page).waitFor();
  const out = await seek(page, before.cursorMs + 2_000);
  await press(putBack(page));
  await pull(page).waitFor();
  const after = await seek(page, before.cursorMs + 5_000);
  return { before, out, after };
}
