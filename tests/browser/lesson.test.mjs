// The first lesson, "One plug, both lanes", as a reader goes through it: time that runs, stops,
// steps and is dragged; the plug; the ledger and the sentence; by pointer, by keys, by touch.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import {
  drawn, floor, instant, numbersLost, onePlug, party, pull, putBack, quiet, seek, state, ticks, until,
} from './story.mjs';
import { call, frames, picture, start } from './support.mjs';

let house;
before(async () => { house = await start(); });
after(() => house.close());

/** A page at rest at its beginning. */
async function open(options) {
  const opened = await house.open({ context: { reducedMotion: 'no-preference' }, ...options });
  await call(opened.page, 'pause');
  await frames(opened.page, 2);
  return opened;
}

const button = (page, name) => page.getByRole('button', { name, exact: true });
const slider = (page) => page.getByRole('slider', { name: 'Virtual time' });
/** What billing misses in two seconds, at 5 orders a second. */
const MISSED = 10;
/**
 * How many more may come late: a Kafka client waits up to `reconnect.backoff.max.ms` (1 s, and a
 * fifth of it for jitter) before it looks whether its broker is back, and 6 orders come in that time.
 */
const LATER = 6;

// ---------------------------------------------------------------------------------------- time

test('time runs: the clock advances and tokens move', async () => {
  const { page, check } = await open();
  const still = await state(page);
  await button(page, 'Play').click();
  await until(page, 'the clock runs', ({ cursorMs }) => cursorMs > still.cursorMs);
  // A token seen twice on the same journey, at two places.
  const seen = new Map();
  const moved = await until(page, 'a token moves', ({ tokens }) => tokens.some(({ hop, x, y }) => {
    const before = seen.get(hop);
    seen.set(hop, { x, y });
    return before && Math.hypot(x - before.x, y - before.y) > 2;
  }));
  assert.ok(moved.cursorMs > still.cursorMs);
  assert.equal(moved.playing, true);
  const one = await drawn(page);
  await until(page, 'time goes on', ({ cursorMs, tokens }) => cursorMs > moved.cursorMs && tokens.length > 0);
  await frames(page, 2);
  assert.notEqual((await drawn(page)).tokens, one.tokens, 'the canvas shows the same');
  await check();
});

test('it plays by itself unless the reader wishes for stillness', async () => {
  const moving = await house.open({ context: { reducedMotion: 'no-preference' } });
  assert.equal((await state(moving.page)).playing, true);
  assert.ok(await button(moving.page, 'Pause').isVisible());
  await moving.check();
  const still = await house.open({ context: { reducedMotion: 'reduce' } });
  assert.equal((await state(still.page)).playing, false);
  assert.ok(await button(still.page, 'Play').isVisible());
  await still.check();
});

test('pause stops the clock and every token', async () => {
  const { page, check } = await open();
  await button(page, 'Play').click();
  await until(page, 'something is under way', ({ tokens }) => tokens.length > 0);
  await button(page, 'Pause').click();
  await button(page, 'Play').waitFor();
  await frames(page, 2);
  const [there, shown] = [await state(page), await drawn(page)];
  assert.equal(there.playing, false);
  await frames(page, 30);
  assert.deepEqual(await state(page), there);
  assert.deepEqual(await drawn(page), shown);
  await check();
});

test('step goes to the next drawn event, and step back returns', async () => {
  const { page, check } = await open();
  await seek(page, 1_000);
  await button(page, 'Step').click();
  const path = [await state(page)];
  for (let n = 0; n < 8; n += 1) {
    await button(page, 'Step').click();
    const here = await state(page);
    const last = path.at(-1);
    assert.ok(here.cursorMs > last.cursorMs, `step ${n} stays at ${here.cursorMs} ms`);
    path.push(here);
  }
  // Nothing sets out between two steps that is not there at the first of them.
  for (let n = 0; n + 1 < path.length; n += 1) {
    const known = new Set(path[n].tokens.map(({ hop }) => hop));
    for (const share of [0.25, 0.5, 0.75]) {
      const between = path[n].cursorMs + share * (path[n + 1].cursorMs - path[n].cursorMs);
      const { tokens } = await seek(page, between);
      assert.deepEqual(tokens.filter(({ hop }) => !known.has(hop)), [], `at ${between} ms`);
    }
  }
  await seek(page, path.at(-1).cursorMs);
  for (const there of path.slice(0, -1).reverse()) {
    await button(page, 'Step back').click();
    assert.deepEqual(instant(await state(page)), instant(there));
  }
  await check();
});

test('scrubbing back and forth shows the same at the same instant', async () => {
  const { page, check } = await open();
  // Through the whole story, so that the plug, the floor and the late ones are among it.
  const { before } = await onePlug(page);
  const at = [200, 900, 1_501.5, 2_000.75, 2_450, 3_210, 4_105, 4_202, 4_333.25, 5_100, 6_900]
    .map((ms) => ms + before.cursorMs - 2_000);
  const first = new Map();
  for (const ms of at) first.set(ms, [instant(await seek(page, ms)), await drawn(page)]);
  assert.ok(new Set([...first.values()].map(([, { tokens }]) => tokens)).size > 3, 'nothing moves at these instants');
  for (const ms of [...at.slice().reverse(), at[4], at[9], at[1], at[6]]) {
    const [there, shown] = first.get(ms);
    assert.deepEqual(instant(await seek(page, ms)), there, `at ${ms} ms`);
    assert.deepEqual(await drawn(page), shown, `at ${ms} ms`);
  }
  await check();
});

test('the scrubber is dragged, back and forth', async () => {
  const { page, check } = await open();
  await seek(page, 8_000);
  const box = await slider(page).boundingBox();
  const end = Number(await slider(page).getAttribute('aria-valuemax'));
  const place = (share) => [box.x + box.width * share, box.y + box.height / 2];
  const look = async (share) => {
    await page.mouse.move(...place(share));
    await frames(page, 2);
    return { there: instant(await state(page)), shown: await drawn(page) };
  };
  await page.mouse.move(...place(0.7));
  await page.mouse.down();
  const [far, near] = [await look(0.6), await look(0.2)];
  assert.ok(Math.abs(far.there.cursorMs - 0.6 * end) < end * 0.01, `${far.there.cursorMs} of ${end} ms`);
  assert.ok(Math.abs(near.there.cursorMs - 0.2 * end) < end * 0.01, `${near.there.cursorMs} of ${end} ms`);
  assert.deepEqual(await look(0.6), far);
  assert.deepEqual(await look(0.2), near);
  await page.mouse.up();
  await page.mouse.move(...place(0.5));
  await frames(page, 2);
  assert.equal((await state(page)).cursorMs, near.there.cursorMs, 'it follows a pointer that has let go');
  assert.equal(Number(await slider(page).getAttribute('aria-valuenow')), Math.floor(near.there.cursorMs));
  await check();
});

// -------------------------------------------------------------------------------------- the plug

/** What must have come of two seconds without billing; `told` as by [`onePlug`]. */
async function judge(page, { before, out, after }) {
  // The shop counts its orders, so what it sent meanwhile is known without asking who lost it.
  const [first, last] = [before, out].map((then) => party(then, 'email', 'redis').expected);
  assert.equal(last - first, MISSED);
  const missed = Array.from({ length: MISSED }, (_, n) => first + 1 + n);

  const redis = party(after, 'billing', 'redis');
  assert.deepEqual(numbersLost(redis), missed);
  assert.equal(redis.lost, MISSED);
  const kafka = party(after, 'billing', 'kafka');
  assert.deepEqual([kafka.lost, kafka.refused, kafka.losses], [0, 0, []]);
  assert.ok(kafka.late >= MISSED && kafka.late <= MISSED + LATER, `${kafka.late} late`);
  for (const row of after.parties) {
    const sum = row.onItsWay + row.waiting + row.delivered + row.parked + row.lost + row.refused;
    assert.equal(sum, row.expected, `the books of ${row.name} in ${row.system} do not balance`);
    assert.equal(row.repeated, 0, `${row.name} in ${row.system}`);
    if (row.name !== 'billing') assert.deepEqual([row.lost, row.late], [0, 0], `${row.name} in ${row.system}`);
  }
  assert.equal(after.sentence, `So far: Redis lost ${MISSED}. Kafka made ${kafka.late} late.`);
  const result = page.getByRole('region', { name: 'Result so far' });
  assert.ok(await result.getByText(`Redis lost ${MISSED}.`).isVisible());
  assert.ok(await result.getByText(`Kafka made ${kafka.late} late.`).isVisible());
  return missed;
}

test('the plug is out for two seconds: Redis loses exactly what the ledger names, Kafka nothing', async () => {
  const { page, check } = await open();
  const told = await onePlug(page);
  // While it is out, Kafka keeps for billing what Redis loses.
  assert.equal(party(told.out, 'billing', 'redis').lost, MISSED);
  assert.equal(party(told.out, 'billing', 'kafka').waiting, MISSED);
  const missed = await judge(page, told);

  const lying = await floor(page);
  assert.equal(lying.numbers.length + lying.more, MISSED);
  assert.deepEqual(lying.numbers, missed.slice(-lying.numbers.length));
  assert.ok(lying.numbers.length >= 5, `only ${lying.numbers} can be read`);
  assert.match(lying.name, new RegExp(`\\b${MISSED} lost: `));
  assert.ok(await page.getByRole('button', { name: `Redis Pub/Sub: ${MISSED} lost`, exact: true }).isVisible());
  assert.ok(await page.getByRole('button', { name: 'Kafka: 0 lost', exact: true }).isVisible());
  assert.ok(await page.getByRole('button', { name: 'Kafka: 0 repeated', exact: true }).isVisible());
  await picture(page, 'lesson-plugged-in');
  await check();
});

test('while a lesson waits for its reader, a quiet world goes on in real time', async () => {
  const { page, check } = await open({ path: '?lesson=poison' });
  await button(page, 'Play').click();
  await page.locator('.scale').filter({ hasText: 'real time' }).waitFor();
  await check();
});

test('what the lesson itself did before anybody came is no deed of the reader', async () => {
  const { page, check } = await open({ path: '?lesson=slow-subscriber' });
  const result = page.getByRole('region', { name: 'Result so far' });
  await result.getByText('At the start: guest unplugged.').waitFor();
  await check();
});

test('the same run with a stream instead of a channel: nothing is lost, and the way back leads to the same run', async () => {
  const { page, check } = await open();
  const { after } = await onePlug(page);
  const choice = (name) => page.getByRole('radio', { name: `The same run with a Redis ${name}` });
  const channel = choice('channel (Pub/Sub)');
  assert.equal(await channel.getAttribute('aria-checked'), 'true');
  await choice('stream').click();
  await page.getByRole('button', { name: 'Redis Streams: 0 lost', exact: true }).waitFor();
  const kept = await state(page);
  assert.equal(kept.cursorMs, after.cursorMs);
  assert.equal(party(kept, 'billing', 'redis').expected, party(after, 'billing', 'redis').expected);
  assert.equal(party(kept, 'billing', 'kafka').expected, party(after, 'billing', 'kafka').expected);
  // The run travels with its carrier.
  const link = await call(page, 'link');
  // By keys: an arrow goes on to the next thing of the stage, Space chooses it.
  await page.keyboard.press('Tab');
  await channel.focus();
  await page.keyboard.press('Space');
  await page.getByRole('button', { name: `Redis Pub/Sub: ${MISSED} lost`, exact: true }).waitFor();
  assert.deepEqual((await state(page)).parties, after.parties);
  await check();

  const sent = await house.open({ path: `#${link}` });
  await sent.page.getByRole('button', { name: 'Redis Streams: 0 lost', exact: true }).waitFor();
  await sent.check();
});

test('Kafka catches up, in order, once the plug is back', async () => {
  const { page, check } = await open();
  const { before, out } = await onePlug(page);
  let waiting = MISSED;
  for (let ms = out.cursorMs; waiting > 0; ms += 20) {
    assert.ok(ms < out.cursorMs + 3_000, `${waiting} still wait after three seconds`);
    const now = party(await seek(page, ms), 'billing', 'kafka');
    waiting = now.waiting;
    assert.equal(now.lost + now.repeated, 0, `at ${ms} ms`);
  }
  const got = party(await state(page), 'billing', 'kafka').delivered;
  assert.ok(got >= party(before, 'billing', 'kafka').delivered + MISSED, `${got} delivered`);
  await check();
});

test('the switch on the stage is the same plug', async () => {
  const { page, check } = await open();
  const { cursorMs } = await quiet(page, 1_000);
  const plug = page.getByRole('switch', { name: /^Plug of billing/ });
  assert.equal(await plug.getAttribute('aria-checked'), 'true');
  await plug.click();
  await putBack(page).waitFor();
  assert.equal(await plug.getAttribute('aria-checked'), 'false');
  await seek(page, cursorMs + 1_000);
  assert.match(await plug.getAttribute('aria-label'), /^Plug of billing: out for 1\.0 s$/);
  await plug.click();
  await pull(page).waitFor();
  assert.equal(await plug.getAttribute('aria-checked'), 'true');
  await check();
});

test('a plug that is pulled while time runs stays out while time runs', async () => {
  const { page, check } = await open();
  await seek(page, 1_000);
  await button(page, 'Play').click();
  await pull(page).click();
  const { cursorMs } = await state(page);
  const lost = await until(page, 'Redis loses one', (now) => party(now, 'billing', 'redis').lost > 0);
  assert.equal(lost.playing, true);
  assert.ok(lost.cursorMs > cursorMs);
  await putBack(page).click();
  await until(page, 'Kafka makes one late', (now) => party(now, 'billing', 'kafka').late > 0);
  await check();
});

// -------------------------------------------------------------------------------------- the lesson

for (const [choice, mark, result] of [
  ['Only Redis loses orders', 'right', 'You saw it coming.'],
  ['The same in both', 'not so', 'Not what you expected. Drag time back and look.'],
]) {
  test(`tasks tick, and the prediction “${choice}” is decided by the run`, async () => {
    const { page, check } = await open();
    const question = page.getByRole('group', { name: 'What will billing have missed?' });
    const radio = question.getByRole('radio', { name: choice });
    await question.getByText(choice, { exact: true }).click();
    assert.ok(await radio.isChecked());
    const line = question.locator('label', { hasText: choice });
    assert.deepEqual(await ticks(page), [false, false, false, false]);

    const { cursorMs } = await quiet(page, 1_000);
    await pull(page).click();
    await putBack(page).waitFor();
    assert.deepEqual(await ticks(page), [true, false, false, false]);
    await seek(page, cursorMs + 1_000);
    assert.deepEqual(await ticks(page), [true, true, false, false]);
    assert.equal(await question.getByRole('img').count(), 0, 'it is decided before the end');
    await putBack(page).click();
    await pull(page).waitFor();
    await seek(page, cursorMs + 3_000);
    assert.deepEqual(await ticks(page), [true, true, true, true]);
    const { lesson: { tasks } } = await state(page);
    assert.deepEqual(tasks.map(({ done }) => done), [true, true, true, true]);

    assert.ok(await line.getByRole('img', { name: mark, exact: true }).isVisible());
    const right = question.locator('label', { hasText: 'Only Redis loses orders' });
    assert.ok(await right.getByRole('img', { name: 'right', exact: true }).isVisible());
    assert.ok(await page.getByRole('region', { name: 'Lesson' }).getByText(result, { exact: true }).isVisible());
    assert.ok(await radio.isDisabled(), 'an answer can be changed after the fact');
    await check();
  });
}

test('what is done in the past makes another future', async () => {
  const { page, check } = await open();
  const { before, after } = await onePlug(page);
  assert.equal(after.branches, 0);
  const box = await slider(page).boundingBox();
  const end = Number(await slider(page).getAttribute('aria-valuemax'));
  await page.mouse.click(box.x + box.width * ((before.cursorMs - 1_000) / end), box.y + box.height / 2);
  await frames(page, 2);
  const past = await state(page);
  assert.ok(Math.abs(past.cursorMs - before.cursorMs + 1_000) < end * 0.01);
  assert.equal(party(past, 'billing', 'redis').lost, 0);
  assert.deepEqual((await floor(page)).numbers, []);

  await pull(page).click();
  await putBack(page).waitFor();
  const forked = await state(page);
  assert.equal(forked.branches, 1);
  assert.equal(forked.headMs, past.cursorMs, 'the old future is still in front of the cursor');
  const later = await seek(page, past.cursorMs + 3_000);
  // Nobody put it back in this future: all that was sent since is lost, and Kafka keeps it.
  const [first, last] = [past, later].map((then) => party(then, 'email', 'redis').expected);
  assert.ok(last - first >= 14, `${last - first} sent in three seconds`);
  const redis = party(later, 'billing', 'redis');
  const under = party(past, 'billing', 'redis').onItsWay + party(later, 'billing', 'redis').onItsWay;
  assert.ok(redis.lost >= last - first - under && redis.lost <= last - first + under, `${redis.lost} lost of ${last - first}`);
  assert.equal(party(later, 'billing', 'kafka').lost, 0);
  assert.equal(await page.getByRole('alert').count(), 0);
  await button(page, 'Play').click();
  await until(page, 'time goes on', ({ cursorMs }) => cursorMs > later.cursorMs);
  await check();
});

test('what a reader selects is said, and let go of', async () => {
  const { page, check } = await open();
  const now = await seek(page, 1_000);
  assert.equal(now.selected, null);
  const server = page.getByRole('button', { name: 'Redis server redis-1, running' });
  // On its name: its channel and its buffers have the ground beneath for themselves.
  await server.click({ position: { x: 40, y: 20 } });
  assert.equal((await state(page)).selected, 'Redis server redis-1, running');
  await page.keyboard.press('Escape');
  assert.equal((await state(page)).selected, null);
  await server.press('Enter');
  assert.equal((await state(page)).selected, 'Redis server redis-1, running');
  assert.equal(await server.getAttribute('aria-pressed'), 'true');
  await page.keyboard.press('Escape');
  assert.equal((await state(page)).selected, null);
  assert.equal(await server.getAttribute('aria-pressed'), 'false');
  await check();
});

test('a script is told why a command does nothing', async () => {
  const { page, check } = await open();
  await seek(page, 1_000);
  const said = (command) => page.evaluate((value) => document.querySelector('push-pull').command(value)
    .then(() => 'done', (error) => error.message), command);
  assert.notEqual(await said({ plugIn: { consumer: 'billing' } }), 'done');
  assert.notEqual(await said({ unplug: { consumer: 'nobody' } }), 'done');
  assert.notEqual(await said({ dance: {} }), 'done');
  assert.equal(await said({ unplug: { consumer: 'billing' } }), 'done');
  await putBack(page).waitFor();
  for (const ms of [-1, NaN, Infinity, 8.64e9]) {
    assert.match(await page.evaluate((value) => document.querySelector('push-pull').seek(value)
      .then(() => 'done', (error) => error.message), ms), /^seek: /);
  }
  await check();
});

// ------------------------------------------------------------------------------- keys, theme, touch

/** The element that has the focus, as a reader is told of it. */
const focused = (page) => page.evaluate(() => {
  let at = document.activeElement;
  while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;
  if (!at || at === document.body || at.localName === 'push-pull') return null;
  return at.getAttribute('aria-label') ?? at.closest('label')?.textContent.trim() ?? at.textContent.trim();
});

/** Tabs on until what has the focus is named so. */
async function tabTo(page, name) {
  const past = [];
  for (let n = 0; n < 60; n += 1) {
    await page.keyboard.press('Tab');
    const here = await focused(page);
    if (here !== null && (name instanceof RegExp ? name.test(here) : here === name)) return;
    past.push(here);
  }
  assert.fail(`no way by Tab to ${name}: ${past.join(' | ')}`);
}

/** Presses the right arrow until `holds(state)`. */
async function walk(page, what, holds) {
  for (let n = 0; n < 1_500; n += 1) {
    const now = await state(page);
    if (holds(now)) return now;
    await page.keyboard.press('ArrowRight');
  }
  return assert.fail(`1500 steps did not lead to it: ${what}`);
}

test('the whole lesson by keyboard alone', async () => {
  const { page, check } = await house.open();
  assert.equal((await state(page)).playing, true);
  await page.keyboard.press('Space');
  assert.equal((await state(page)).playing, false);
  await page.keyboard.press('Space');
  assert.equal((await state(page)).playing, true);
  await page.keyboard.press('Space');

  await walk(page, 'three orders arrived', (now) => party(now, 'billing', 'redis').delivered >= 3
    && now.parties.every(({ onItsWay, waiting }) => onItsWay + waiting === 0));
  await tabTo(page, 'Unplug billing');
  await page.keyboard.press('Enter');
  await putBack(page).waitFor();
  const out = await state(page);
  await tabTo(page, 'The same in both');
  await page.keyboard.press('ArrowDown');
  assert.ok(await page.getByRole('radio', { name: 'Only Redis loses orders' }).isChecked());
  assert.equal((await state(page)).cursorMs, out.cursorMs, 'an arrow among the answers moved time');
  // Off the answers, where arrows are theirs.
  await tabTo(page, 'Step');
  await walk(page, 'two seconds later', ({ cursorMs }) => cursorMs >= out.cursorMs + 2_000);
  await page.keyboard.press('p');
  await pull(page).waitFor();
  const done = await walk(page, 'all tasks have ticked', ({ lesson }) => lesson.tasks.every((task) => task.done));
  await page.getByText('You saw it coming.', { exact: true }).waitFor();
  const { lost } = party(done, 'billing', 'redis');
  assert.ok(lost >= 9 && lost <= 11, `${lost} lost in two seconds`);
  const kafka = party(done, 'billing', 'kafka');
  assert.ok(kafka.late >= lost && kafka.late <= lost + LATER, `${kafka.late} late`);
  assert.equal(done.sentence, `So far: Redis lost ${lost}. Kafka made ${kafka.late} late.`);
  assert.equal(kafka.lost, 0);

  const here = done.cursorMs;
  await page.keyboard.press('ArrowLeft');
  assert.ok((await state(page)).cursorMs < here);
  await page.keyboard.press('ArrowRight');
  assert.equal((await state(page)).cursorMs, here);
  await page.keyboard.press('Home');
  assert.equal((await state(page)).cursorMs, 0);
  await page.keyboard.press('End');
  const end = await state(page);
  assert.equal(end.cursorMs, end.headMs);

  // The stage too: the plug's switch takes both keys that press a switch.
  await tabTo(page, /^Plug of billing/);
  await page.keyboard.press('Enter');
  await putBack(page).waitFor();
  await page.keyboard.press('Space');
  await pull(page).waitFor();
  assert.equal((await state(page)).playing, false, 'Space on a switch is the switch\'s');
  await check();
});

test('the keyboard map opens, keeps the keys, and closes', async () => {
  const { page, check } = await open();
  await page.keyboard.press('?');
  const dialog = page.getByRole('dialog', { name: 'Signs and keys' });
  await dialog.waitFor();
  const { cursorMs } = await state(page);
  await page.keyboard.press('ArrowRight');
  assert.equal((await state(page)).cursorMs, cursorMs);
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'hidden' });
  await button(page, 'Signs and keys').click();
  await dialog.getByRole('button', { name: 'Close' }).click();
  await dialog.waitFor({ state: 'hidden' });
  await check();
});

test('light and dark: by button and key, and kept', async () => {
  const { page, check } = await open({ context: { colorScheme: 'light' } });
  await seek(page, 1_001);
  await walk(page, 'something is under way', ({ tokens }) => tokens.length > 0);
  await frames(page, 2);
  const looks = () => page.evaluate(() => {
    const root = document.querySelector('push-pull').shadowRoot;
    const { backgroundColor, color } = getComputedStyle(root.querySelector('.push-pull'));
    return { backgroundColor, color, tokens: root.querySelector('.stage canvas').toDataURL() };
  });
  const light = await looks();
  await button(page, 'Light or dark').click();
  await frames(page, 2);
  const dark = await looks();
  for (const part of ['backgroundColor', 'color', 'tokens']) assert.notEqual(dark[part], light[part], part);
  await page.keyboard.press('t');
  await frames(page, 2);
  assert.deepEqual(await looks(), light);
  await page.keyboard.press('t');
  await page.reload();
  await page.evaluate(() => document.querySelector('push-pull').ready);
  assert.equal((await looks()).backgroundColor, dark.backgroundColor, 'the choice is forgotten');
  await check();
});

test('the result is copied, with a link that opens the same run', async () => {
  const { page, check } = await open({ context: { permissions: ['clipboard-read', 'clipboard-write'] } });
  const { after } = await onePlug(page);
  await button(page, 'Copy result').click();
  await page.waitForFunction(() => navigator.clipboard.readText().then((text) => text.includes('#')));
  const [sentence, link] = (await page.evaluate(() => navigator.clipboard.readText())).split('\n');
  assert.equal(sentence, after.sentence);
  const again = await house.open({ path: link.slice(house.address.length) });
  assert.ok(link.startsWith(house.address), link);
  await call(again.page, 'pause');
  const there = await seek(again.page, after.cursorMs);
  assert.deepEqual(there.parties, after.parties);
  assert.equal(there.sentence, after.sentence);
  await again.check();
  await check();
});

test('a phone: the lesson by touch', async () => {
  const { page, check } = await open({
    size: { width: 390, height: 844 },
    context: { hasTouch: true, isMobile: true, deviceScaleFactor: 3, reducedMotion: 'no-preference' },
  });
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  assert.ok(wide <= 0, `${wide} px too wide`);
  await button(page, 'Play').tap();
  const moved = await until(page, 'tokens move', ({ cursorMs, tokens }) => cursorMs > 0 && tokens.length > 0);
  await button(page, 'Pause').tap();
  assert.ok((await state(page)).cursorMs >= moved.cursorMs);
  const told = await onePlug(page, { press: (face) => face.tap() });
  await judge(page, told);
  await picture(page, 'lesson-phone');

  // One lane has the stage; the strip brings the other.
  const strip = page.getByRole('button', { name: /^(Redis|Kafka).*: show it$/ });
  const hidden = (await strip.getAttribute('aria-label')).match(/^(\w+)/)[1];
  await strip.tap();
  await page.getByRole('button', { name: new RegExp(`^${hidden === 'Kafka' ? 'Redis' : 'Kafka'}.*: show it$`) }).waitFor();

  // A finger on the scrubber, back and forth.
  const box = await slider(page).boundingBox();
  const end = Number(await slider(page).getAttribute('aria-valuemax'));
  const finger = await page.context().newCDPSession(page);
  const touch = async (type, share) => {
    const points = share === undefined ? [] : [{ x: box.x + box.width * share, y: box.y + box.height / 2 }];
    await finger.send('Input.dispatchTouchEvent', { type, touchPoints: points });
    await frames(page, 2);
    return instant(await state(page));
  };
  await touch('touchStart', 0.5);
  const near = await touch('touchMove', 0.2);
  const far = await touch('touchMove', 0.4);
  assert.ok(Math.abs(near.cursorMs - 0.2 * end) < end * 0.02, `${near.cursorMs} of ${end} ms`);
  assert.ok(Math.abs(far.cursorMs - 0.4 * end) < end * 0.02, `${far.cursorMs} of ${end} ms`);
  assert.deepEqual(await touch('touchMove', 0.2), near);
  await touch('touchEnd');
  assert.equal((await state(page)).cursorMs, near.cursorMs);

  // The rest of the lesson is behind a tap.
  await button(page, 'More').tap();
  await page.getByText('What will billing have missed?').waitFor();
  assert.deepEqual(await ticks(page), [true, true, true, true]);
  await button(page, 'Less').tap();
  await page.getByText('What will billing have missed?').waitFor({ state: 'hidden' });
  await check();
});
