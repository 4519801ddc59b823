// The page's hands and panels: what can be selected, inspected, commanded and added, how time is
// run by hand, what stands in the journal and the tables; by mouse, by touch and by keys.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { party, pull, putBack, quiet, seek, state, until } from './story.mjs';
import { accessibilityFaults, call, frames, start } from './support.mjs';

let house;
before(async () => { house = await start(); });
after(() => house.close());

const MOVING = { reducedMotion: 'no-preference' };

/** A page at rest, two seconds into the first lesson. */
async function open({ at = 2_000, ...options } = {}) {
  const opened = await house.open({ size: { width: 1440, height: 900 }, context: MOVING, ...options });
  await call(opened.page, 'pause');
  await seek(opened.page, at);
  return opened;
}

/** The same after billing was away for two seconds. */
async function plugged(options) {
  const opened = await open(options);
  const { cursorMs } = await quiet(opened.page, 2_000);
  await call(opened.page, 'command', { unplug: { consumer: 'billing' } });
  await seek(opened.page, cursorMs + 2_000);
  await call(opened.page, 'command', { plugIn: { consumer: 'billing' } });
  await seek(opened.page, cursorMs + 5_000);
  return opened;
}

const button = (page, name) => page.getByRole('button', { name, exact: true });
const inspector = (page, name) => page.getByRole('region', { name });
const item = (page, name) => page.getByRole('menuitem', { name });
const shape = (page, name) => page.locator('.stage').getByRole('button', { name });
const shop = (page) => shape(page, /^Producer shop/);

/** The value beside a label of the open panel. */
const value = (panel, label) => panel.locator('dl > div', { has: panel.page().locator('dt', { hasText: new RegExp(`^${label}$`) }) })
  .locator('dd').innerText();

/** The name of what has the focus. */
const focused = (page) => page.evaluate(() => {
  const at = document.querySelector('push-pull').shadowRoot.activeElement;
  return at?.getAttribute('aria-label') ?? at?.textContent ?? '';
});

// ---------------------------------------------------------------------------- select and inspect

test('a click selects, a second one inspects, and Esc lets go', async () => {
  const { page, check } = await open();
  await shop(page).click({ position: { x: 20, y: 12 } });
  assert.match((await state(page)).selected, /^Producer shop/);
  assert.equal(await inspector(page, 'producer: shop').count(), 0, 'it opens unasked');
  await shop(page).click({ position: { x: 20, y: 12 } });
  const panel = inspector(page, 'producer: shop');
  await panel.waitFor();
  assert.equal(await value(panel, 'rate'), '5 / s');
  await page.keyboard.press('Escape');
  await panel.waitFor({ state: 'detached' });
  assert.equal((await state(page)).selected, null);
  await check();
});

test('the inspector lives at the cursor', async () => {
  const { page, check } = await open();
  await call(page, 'command', { unplug: { consumer: 'billing' } });
  await shape(page, /^Kafka consumer billing/).press('Enter');
  const panel = inspector(page, 'Kafka consumer: billing');
  for (const ms of [2_500, 4_000, 3_000]) {
    const { waiting, delivered } = party(await seek(page, ms), 'billing', 'kafka');
    assert.equal(await value(panel, 'waiting'), String(waiting));
    assert.equal(await value(panel, 'arrived'), String(delivered));
  }
  assert.ok(party(await state(page), 'billing', 'kafka').waiting > 2);
  await check();
});

test('Tab comes to the stage once, and arrows go from thing to thing', async () => {
  const { page, check } = await open();
  const stops = await page.evaluate(() => {
    const all = document.querySelector('push-pull').shadowRoot.querySelectorAll('.stage [role=button][tabindex="0"]');
    return all.length;
  });
  assert.equal(stops, 1);
  await shop(page).focus();
  const { cursorMs } = await state(page);
  const seen = new Set();
  for (const key of ['ArrowRight', 'ArrowRight', 'ArrowRight', 'ArrowDown', 'ArrowDown', 'ArrowLeft']) {
    await page.keyboard.press(key);
    seen.add(await focused(page));
  }
  assert.ok(seen.size >= 4, `only ${[...seen]}`);
  assert.equal((await state(page)).cursorMs, cursorMs, 'an arrow on the stage moved time');
  await check();
});

test('a message is selected in its cell, tells its life, and says why it was lost', async () => {
  const { page, check } = await plugged();
  const spot = page.getByRole('button', { name: /^No\. \d+ at offset \d+ of orders-0$/ }).first();
  const [, number] = (await spot.getAttribute('aria-label')).match(/^No\. (\d+)/);
  const box = await spot.boundingBox();
  await page.mouse.click(box.x + box.width / 2, box.y + box.height / 2);
  assert.match((await state(page)).selected, new RegExp(`^No\\. ${number}, key`));
  await page.keyboard.press('i');
  const panel = inspector(page, `message: No. ${number}`);
  const lines = await panel.getByRole('listitem').allInnerTexts();
  assert.ok(lines.length > 8, `${lines.length} lines`);
  assert.match(lines[0], new RegExp(`shop sent message ${number}`));
  assert.ok(lines.some((line) => line.includes('appended')));
  assert.ok(lines.some((line) => /Key \w+: murmur2 = [-\d ]+.*, mod \d+ = \d+: partition /.test(line)), lines.join('\n'));

  await shape(page, /^Redis Pub\/Sub: \d+ lost$/).click();
  const score = inspector(page, 'score: Redis: lost');
  const { lost } = party(await state(page), 'billing', 'redis');
  assert.equal(await value(score, 'lost'), String(lost));
  const why = score.getByRole('button', { name: 'Why?' });
  assert.equal(await why.count(), lost);
  const then = await why.first().locator('xpath=..').getByRole('button').first().innerText();
  await why.first().click();
  await score.getByText('Why? What led to it, in order').waitFor();
  assert.ok(Math.abs((await state(page)).cursorMs - Number.parseFloat(then) * 1_000) < 1);
  await check();
});

// ------------------------------------------------------------------ the systems' own tools, and why

test('the inspector prints what the systems\u2019 own tools print, at the cursor, and only when asked', async () => {
  const { page, check } = await open({ at: 8_000 });
  await call(page, 'command', { unplug: { consumer: 'billing' } });
  await seek(page, 10_000);
  await shape(page, /^Kafka consumer billing/).press('Enter');
  const panel = inspector(page, 'Kafka consumer: billing');
  const tools = panel.getByRole('button', { name: 'As Kafka\'s tools print it' });
  assert.equal(await tools.getAttribute('aria-expanded'), 'false');
  assert.equal(await panel.getByText('CURRENT-OFFSET').count(), 0);
  await tools.press('Enter');
  await panel.getByText('kafka-consumer-groups.sh --describe --group billing', { exact: true }).waitFor();
  assert.equal(await tools.getAttribute('aria-expanded'), 'true');
  const lag = async () => {
    const table = panel.getByRole('table').filter({ hasText: 'CURRENT-OFFSET' });
    const heads = await table.getByRole('columnheader').allInnerTexts();
    assert.deepEqual(heads, ['TOPIC', 'PARTITION', 'CURRENT-OFFSET', 'LOG-END-OFFSET', 'LAG', 'CONSUMER-ID', 'HOST', 'CLIENT-ID']);
    const rows = await table.getByRole('row').filter({ has: page.getByRole('cell') }).all();
    const cells = await Promise.all(rows.map((row) => row.getByRole('cell').allInnerTexts()));
    return cells.map((row) => Number(row[3])).reduce((sum, n) => sum + n, 0);
  };
  // A message that is on its way into the log waits for nobody yet.
  for (const ms of [9_950, 9_150, 9_950]) {
    const { waiting } = party(await seek(page, ms), 'billing', 'kafka');
    assert.equal(await lag(), waiting, `at ${ms}`);
  }
  // It stays open where the next thing has tools too.
  await shape(page, /^Redis server redis-1/).press('Enter');
  const redis = inspector(page, 'Redis server: redis-1');
  await redis.getByText('INFO clients', { exact: true }).waitFor();
  assert.equal(await value(redis, 'redis_version'), '7.0.15');
  assert.deepEqual((await redis.getByRole('table').filter({ hasText: 'omem' }).getByRole('columnheader').allInnerTexts()).slice(0, 2), ['id', 'addr']);
  await redis.getByRole('button', { name: 'As redis-cli prints it' }).click();
  assert.equal(await redis.getByText('INFO clients', { exact: true }).count(), 0);
  await check();
});

test('what is odd is explained in sentences and lit on the stage: by mouse, by touch and by keys', async () => {
  const lit = (page) => page.evaluate(() => [...document.querySelector('push-pull').shadowRoot
    .querySelectorAll('.stage [role=button].chosen')].map((at) => at.getAttribute('aria-label')));
  const { page, check } = await open({ at: 8_000, context: { ...MOVING, hasTouch: true } });
  await call(page, 'command', { unplug: { consumer: 'billing' } });
  await seek(page, 10_000);

  // By mouse, in the inspector.
  await shape(page, /^Kafka consumer billing/).press('Enter');
  const panel = inspector(page, 'Kafka consumer: billing');
  await panel.getByRole('button', { name: 'Why does billing do nothing?' }).click();
  await panel.getByText('Why? What led to it, in order').waitFor();
  assert.match((await panel.getByRole('listitem').first().innerText()), /billing has no connection.*: its plug is out\./s);
  assert.ok((await lit(page)).some((name) => /^Partition orders-0/.test(name)), String(await lit(page)));

  // By touch.
  await panel.getByRole('button', { name: 'Why do messages wait for billing?' }).tap();
  await panel.getByText(/orders-0: bookmark \d+, visible up to \d+/).waitFor();

  // By keys, from the menu of a connection that is gone: what is lost with it is another answer.
  await page.keyboard.press('Escape');
  assert.deepEqual(await lit(page), []);
  await shape(page, /^Redis subscriber billing/).focus();
  await page.keyboard.press('m');
  await item(page, 'Why does billing do nothing?').press('Enter');
  await inspector(page, 'Redis subscriber: billing').getByText(/billing has no connection/).first().waitFor();

  // A message that is lost.
  await shape(page, /^Redis Pub\/Sub: \d+ lost$/).click();
  const score = inspector(page, 'score: Redis: lost');
  await score.getByRole('button', { name: 'Why?' }).first().press('Enter');
  await score.getByText('Why? What led to it, in order').waitFor();
  await check();
});

// ------------------------------------------------------------------------------- menus and forms

test('the menu holds what applies, greys what would do nothing, and says why', async () => {
  const { page, check } = await open();
  await shop(page).click({ button: 'right', position: { x: 20, y: 12 } });
  const menu = page.getByRole('menu', { name: 'producer shop' });
  await menu.waitFor();
  assert.equal(await focused(page), 'Inspect');
  await page.keyboard.press('ArrowDown');
  assert.equal(await focused(page), 'Send one message');
  await page.keyboard.press('Escape');
  await menu.waitFor({ state: 'detached' });

  await call(page, 'command', { setRate: { producer: 'shop', rate: '0/s' } });
  await shop(page).focus();
  await page.keyboard.press('m');
  const stop = item(page, /^Stop sending/);
  assert.equal(await stop.getAttribute('aria-disabled'), 'true');
  assert.match(await stop.innerText(), /already/);
  await stop.click({ force: true });
  await menu.waitFor();
  const sent = party(await seek(page, 3_000), 'email', 'redis').expected;
  await item(page, 'Send ten messages at once').click();
  await menu.waitFor({ state: 'detached' });
  assert.match(await focused(page), /^Producer shop/, 'the focus does not come back');
  assert.equal(party(await seek(page, 3_500), 'email', 'redis').expected, sent + 10);
  await check();
});

test('a consumer can be told how to fail, and what the run refuses is grey before it is asked', async () => {
  const { page, check } = await open();
  await shape(page, /^Kafka consumer billing/).focus();
  await page.keyboard.press('m');
  const same = item(page, /^Handle in the thread that polls/);
  assert.equal(await same.getAttribute('aria-disabled'), 'true');
  assert.match(await same.innerText(), /does so already/);
  await item(page, /^When the handler fails/).click();
  const form = page.getByRole('dialog', { name: 'When the handler of billing fails' });
  await form.getByLabel('attempts', { exact: true }).fill('few');
  await form.getByRole('button', { name: 'Do it' }).click();
  assert.match(await form.getByRole('alert').innerText(), /^attempts: a whole number/);
  await form.getByLabel('it does').selectOption('skip');
  await form.getByLabel('attempts', { exact: true }).fill('3');
  await page.keyboard.press('Enter');
  await form.waitFor({ state: 'detached' });
  await shape(page, /^Kafka consumer billing/).focus();
  await page.keyboard.press('m');
  await item(page, /^Hand over to another thread/).click();
  await page.getByRole('menu').waitFor({ state: 'detached' });
  await page.keyboard.press('g');
  const journal = page.getByRole('region', { name: 'Journal' });
  await journal.getByLabel('Kind').selectOption('command');
  assert.match(await journal.getByRole('listitem').first().innerText(), /billing/);
  await check();
});

test('a long touch and the dots of what is selected open the same menu', async () => {
  const { page, check } = await open({ size: { width: 390, height: 844 }, context: { hasTouch: true, isMobile: true, ...MOVING } });
  const box = await shop(page).boundingBox();
  const finger = await page.context().newCDPSession(page);
  const touchPoints = [{ x: box.x + 20, y: box.y + 12 }];
  await finger.send('Input.dispatchTouchEvent', { type: 'touchStart', touchPoints });
  const menu = page.getByRole('menu', { name: 'producer shop' });
  await menu.waitFor();
  await finger.send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] });
  assert.ok(await menu.isVisible());
  await page.keyboard.press('Escape');
  await menu.waitFor({ state: 'detached' });
  await button(page, 'Commands').tap();
  await menu.waitFor();
  await item(page, 'Inspect').tap();
  await inspector(page, 'producer: shop').waitFor();
  await check();
});

test('a consumer is added where consumers stand; what is wrong stands beside its field', async () => {
  const { page, check } = await open();
  await button(page, 'Add a consumer').focus();
  await page.keyboard.press('Enter');
  const form = page.getByRole('dialog', { name: 'Add a consumer' });
  await form.getByLabel('name').fill('audit');
  await form.getByLabel('group.id').fill('audit');
  await form.getByLabel('auto.offset.reset').selectOption('earliest');
  await form.getByLabel('handler takes').fill('soon');
  await form.getByRole('button', { name: 'Do it' }).click();
  const wrong = form.getByRole('alert');
  assert.match(await wrong.innerText(), /^handler takes: milliseconds/);
  await form.getByLabel('handler takes').fill('5');
  await form.getByLabel('max.poll.records').fill('many');
  await page.keyboard.press('Enter');
  await form.getByText(/^max\.poll\.records of a consumer is "many"/).waitFor();
  assert.equal(await form.getByLabel('max.poll.records').getAttribute('aria-invalid'), 'true');
  assert.equal(await form.getByLabel('name').inputValue(), 'audit');
  await form.getByLabel('max.poll.records').fill('10');
  await page.keyboard.press('Enter');
  await form.waitFor({ state: 'detached' });
  await shape(page, /^Kafka consumer audit/).waitFor();
  const later = await seek(page, 9_000);
  assert.ok(party(later, 'audit', 'kafka').delivered > 5);
  await check();
});

test('a rate is changed where it is shown', async () => {
  const { page, check } = await open();
  const rate = () => page.getByRole('button', { name: /^shop: .*; change$/ });
  assert.equal(await rate().getAttribute('aria-label'), 'shop: 5 / s; change');
  await shop(page).hover();
  await button(page, 'shop: send more').click();
  await page.getByRole('button', { name: 'shop: 10 / s; change' }).waitFor();
  await button(page, 'shop: send less').click();
  await page.getByRole('button', { name: 'shop: 5 / s; change' }).waitFor();
  await rate().click();
  const form = page.getByRole('dialog', { name: 'How often shop sends' });
  await form.getByLabel('messages a second').fill('0.5');
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'shop: 30 / min; change' }).waitFor();
  await check();
});

// ------------------------------------------------------------------------------------------ time

test('time runs at a speed that is chosen', async () => {
  const { page, check } = await open();
  for (const [label, scale] of [['1 ×', 1_000], ['1/10 ×', 100], ['10 ×', 10_000]]) {
    await page.getByLabel('Speed').selectOption(label);
    assert.equal((await state(page)).scale, scale, label);
  }
  await page.getByLabel('Speed').selectOption('auto');
  await page.getByLabel('Speed').selectOption('1 ×');
  const before = await state(page);
  await button(page, 'Play').click();
  const now = await until(page, 'a second passes', ({ cursorMs }) => cursorMs >= before.cursorMs + 1_000);
  assert.equal(now.scale, 1_000);
  await check();
});

test('silence is folded, and unfolds where it is clicked', async () => {
  const { page, check } = await open();
  await call(page, 'command', { setRate: { producer: 'shop', rate: '0/s' } });
  await seek(page, 9_000);
  const fold = page.getByRole('switch', { name: /^Pass \d.* slowly$/ });
  assert.equal(await fold.getAttribute('aria-checked'), 'false');
  await fold.focus();
  await page.keyboard.press('Enter');
  assert.equal(await fold.getAttribute('aria-checked'), 'true');
  const { scale } = await seek(page, 6_000);
  assert.ok(scale <= 1_000, `${scale} ms a second in what was unfolded`);
  await fold.focus();
  await page.keyboard.press('Enter');
  assert.equal(await fold.getAttribute('aria-checked'), 'false');
  await check();
});

test('jumps lead to the next loss and back', async () => {
  const { page, check } = await plugged();
  await seek(page, 1_000);
  await page.keyboard.press('j');
  await item(page, 'Next loss').click();
  const first = await state(page);
  assert.equal(party(first, 'billing', 'redis').lost, 1);
  await button(page, 'Jump and more').click();
  await item(page, 'Next loss').click();
  assert.equal(party(await state(page), 'billing', 'redis').lost, 2);
  await button(page, 'Jump and more').click();
  await item(page, 'Previous loss').click();
  assert.equal((await state(page)).cursorMs, first.cursorMs);
  await check();
});

test('what was done is undone and done again by buttons', async () => {
  const { page, check } = await open();
  assert.ok(await button(page, 'Undo').isDisabled());
  await pull(page).click();
  await putBack(page).waitFor();
  await button(page, 'Undo').click();
  await pull(page).waitFor();
  await button(page, 'Redo').click();
  await putBack(page).waitFor();
  assert.ok(await button(page, 'Redo').isDisabled());
  await check();
});

test('another future lies beside this one, with both ledgers, and can be gone over to', async () => {
  const { page, check } = await plugged();
  const old = await state(page);
  await seek(page, 2_000);
  await call(page, 'command', { setRate: { producer: 'shop', rate: '20/s' } });
  await seek(page, old.headMs);
  await button(page, '1 other future').click();
  const panel = inspector(page, 'fork: Other futures');
  const row = panel.getByRole('row', { name: /^Redis lost/ });
  const [here, there] = await row.getByRole('cell').allInnerTexts();
  const sum = (now) => now.parties.filter(({ system }) => system === 'redis').reduce((all, { lost }) => all + lost, 0);
  assert.deepEqual([here, there], [sum(await state(page)), sum(old)].map(String));
  assert.notEqual(here, there);
  await panel.getByRole('button', { name: 'Go over to it' }).click();
  const back = await seek(page, old.headMs);
  assert.deepEqual(back.parties, old.parties);
  assert.equal(back.branches, 1);
  await check();
});

// ------------------------------------------------------------------------------ journal and tables

test('the journal says everything, sifts, leads there, and draws only what is in sight', async () => {
  const { page, check } = await plugged();
  await page.keyboard.press('g');
  const journal = page.getByRole('region', { name: 'Journal' });
  const lines = journal.getByRole('listitem');
  const count = async () => Number((await journal.getByText(/^\d+ lines?$/).innerText()).split(' ')[0]);
  const all = await count();
  assert.ok(all > 300, `${all} lines`);
  assert.ok(await lines.count() <= 60, `${await lines.count()} lines are drawn`);
  // The oldest, by scrolling.
  await journal.getByRole('group').evaluate((body) => { body.scrollTop = body.scrollHeight; });
  await lines.getByText('Redis server redis-1 was added.').waitFor();

  await journal.getByLabel('Kind').selectOption('command');
  const told = await lines.allInnerTexts();
  assert.ok(told[0].includes('You: billing plugged in.') && told[1].includes('You: billing unplugged.'), told.slice(0, 2).join());
  await lines.nth(1).getByRole('button').first().click();
  assert.ok(Math.abs((await state(page)).cursorMs - Number.parseFloat(told[1]) * 1_000) < 1);
  assert.ok(await count() < told.length, 'it tells what lies ahead of the cursor');

  await journal.getByLabel('Kind').selectOption('every kind');
  await journal.getByLabel('Process').selectOption('email');
  const own = await count();
  await journal.getByLabel('System').selectOption('Kafka');
  assert.ok(own > 0 && await count() < own);
  await check();
});

test('the tables hold the same state', async () => {
  const { page, check } = await plugged();
  await page.keyboard.press('a');
  const tables = inspector(page, 'the stage in words: Everything as tables');
  const now = await state(page);
  for (const row of now.parties) {
    const system = row.system === 'redis' ? 'Redis' : 'Kafka';
    const cells = await tables.getByRole('table', { name: 'Ledger' })
      .getByRole('row', { name: new RegExp(`^${row.name} \\(${system}\\)`) }).getByRole('cell').allInnerTexts();
    const { expected, onItsWay, waiting, delivered, parked, lost, refused, repeated, late } = row;
    assert.deepEqual(cells.map(Number), [expected, onItsWay, waiting, delivered, parked, lost, refused, repeated, late]);
  }
  for (const name of ['Nodes', 'Partitions', 'Consumer groups', 'Output buffers']) {
    assert.ok(await tables.getByRole('table', { name }).getByRole('row').count() > 1, name);
  }
  await page.keyboard.press('Escape');
  await tables.waitFor({ state: 'detached' });
  await check();
});

test('the tables hold streams, their groups and who reads them', async () => {
  const { page, check } = await open({ path: '?lesson=stream', at: 20_000 });
  await call(page, 'command', { burst: { producer: 'shop', messages: 6 } });
  await seek(page, 22_000);
  await page.keyboard.press('a');
  const tables = inspector(page, 'the stage in words: Everything as tables');
  const stream = tables.getByRole('table', { name: 'Streams', exact: true }).getByRole('row', { name: /^orders/ });
  assert.equal((await stream.getByRole('cell').allInnerTexts()).at(-1), '6');
  const reader = tables.getByRole('table', { name: 'Nodes' }).getByRole('row', { name: /^desk-1/ });
  assert.ok((await reader.getByRole('cell').allInnerTexts()).includes('orders'));
  await check();
});

test('a configuration opens with its values, sends what was changed, and greys what is fixed', async () => {
  const { page, check } = await open();
  await shape(page, /^Redis server redis-1/).focus();
  await page.keyboard.press('m');
  await item(page, /^Change its configuration/).click();
  const form = page.getByRole('dialog', { name: 'Configuration of redis-1' });
  const maxmemory = form.getByLabel('maxmemory', { exact: true });
  assert.equal(await maxmemory.inputValue(), '0');
  assert.ok(await form.getByLabel('databases', { exact: true }).isDisabled());
  await form.getByText(/immutable config/).first().waitFor();
  await form.getByRole('button', { name: 'Do it' }).click();
  await form.getByText('Nothing is changed yet.').waitFor();
  await maxmemory.fill('100mb');
  await form.getByRole('button', { name: 'Do it' }).click();
  await form.waitFor({ state: 'detached' });
  await seek(page, 3_000);
  await shape(page, /^Redis server redis-1/).press('Enter');
  const panel = inspector(page, 'Redis server: redis-1');
  await panel.getByRole('button', { name: 'As redis-cli prints it' }).click();
  assert.equal(await panel.locator('dl > div', { has: page.locator('dt', { hasText: /^maxmemory$/ }) }).first().locator('dd').innerText(), '104857600');
  await check();
});

// ------------------------------------------------------------------------------------------ access

test('the result is announced when it is copied, and saved as a picture', async () => {
  const { page, check } = await plugged({ context: { permissions: ['clipboard-read', 'clipboard-write'], ...MOVING } });
  await button(page, 'Copy result').click();
  await page.getByRole('status').getByText('Result copied.').waitFor();
  for (const [line, head] of [['As shapes and text (SVG)', '<svg '], ['As pixels (PNG)', '\x89PNG']]) {
    await button(page, 'Save picture').click();
    const [file] = await Promise.all([page.waitForEvent('download'), item(page, line).click()]);
    const chunks = [];
    for await (const chunk of await file.createReadStream()) chunks.push(chunk);
    const bytes = Buffer.concat(chunks);
    assert.equal(bytes.subarray(0, head.length).toString('latin1'), head);
    assert.ok(bytes.length > 10_000, `${bytes.length} bytes of ${file.suggestedFilename()}`);
  }
  await check();
});

for (const [what, keys] of [['an inspector', ['i']], ['the journal', ['g']], ['the tables', ['a']], ['a menu', ['m']]]) {
  test(`with ${what} open nothing is wrong for assistive technology, and nothing scrolls sideways at 200 %`, async () => {
    const open = async (options) => {
      const opened = await plugged(options);
      await shop(opened.page).focus();
      if (what === 'an inspector') await opened.page.keyboard.press('Enter');
      for (const key of keys) await opened.page.keyboard.press(key);
      await frames(opened.page, 2);
      return opened;
    };
    const { page, close } = await open({ context: { forcedColors: 'active', ...MOVING } });
    assert.deepEqual((await accessibilityFaults(page)).filter((fault) => /^(serious|critical)/.test(fault)), []);
    await close();
    const zoomed = await open({ size: { width: 720, height: 450 }, context: { deviceScaleFactor: 2, ...MOVING } });
    const wide = await zoomed.page.evaluate(() => {
      const root = document.querySelector('push-pull').shadowRoot.querySelector('.page');
      const right = (part) => Math.ceil(part.getBoundingClientRect().right);
      const beyond = [...root.querySelectorAll('.sheet, .pop, .head, .transport')].filter((part) => right(part) > innerWidth);
      return [document.documentElement.scrollWidth - innerWidth, beyond.map((part) => part.className)];
    });
    assert.deepEqual(wide, [0, []]);
    await zoomed.check();
  });
}

for (const lane of ['Redis', 'Kafka']) {
  test(`${lane} can be shown alone, and nothing is wrong with it for assistive technology`, async () => {
    const { page, close } = await plugged();
    const parts = (system) => page.locator('.stage').getByRole('button', { name: system === 'Redis' ? /^Redis server / : /^Partition / });
    assert.ok(await parts('Redis').count() > 0 && await parts('Kafka').count() > 0);
    await button(page, 'Jump and more').click();
    await item(page, `Show ${lane} alone`).click();
    await frames(page, 2);
    const other = lane === 'Redis' ? 'Kafka' : 'Redis';
    assert.deepEqual([await parts(lane).count() > 0, await parts(other).count()], [true, 0]);
    assert.deepEqual((await accessibilityFaults(page)).filter((fault) => /^(serious|critical)/.test(fault)), []);
    await button(page, 'Jump and more').click();
    await item(page, 'Show both lanes').click();
    await frames(page, 2);
    assert.ok(await parts(other).count() > 0);
    await close();
  });
}

test('replicas stand under their brokers when asked to', async () => {
  const { page, check } = await open({ path: '?template=replicated-cluster' });
  await button(page, 'Jump and more').click();
  await item(page, 'Replicas by broker').click();
  const open_ = page.getByRole('img', { name: /^Replicas by broker; kafka-1; orders-0: / });
  await open_.waitFor();
  assert.match(await open_.getAttribute('aria-label'), /; kafka-2; .*; kafka-3; /);
  await button(page, 'Jump and more').click();
  await item(page, 'Replicas by partition').click();
  await page.getByRole('img', { name: /^Replicas of orders-/ }).waitFor();
  await check();
});

// ------------------------------------------------------------------------------------------ robust

test('what is hidden or out of sight costs nothing', async () => {
  const { page, check } = await house.open({
    context: MOVING,
    before: (page) => page.addInitScript(() => {
      window.frames_asked = 0;
      const real = window.requestAnimationFrame.bind(window);
      window.requestAnimationFrame = (callback) => { window.frames_asked += 1; return real(callback); };
    }),
  });
  await call(page, 'play');
  await until(page, 'time runs', ({ cursorMs }) => cursorMs > 1_000);
  // Out of sight, by scrolling.
  await page.evaluate(() => {
    document.body.style.setProperty('height', '4000px');
    window.scrollTo(0, 3_000);
  });
  const still = await until(page, 'it rests', (() => {
    let last = -1;
    let same = 0;
    return ({ cursorMs }) => { same = cursorMs === last ? same + 1 : 0; last = cursorMs; return same > 5; };
  })());
  const asked = await page.evaluate(async () => {
    const before = window.frames_asked;
    for (let n = 0; n < 20; n += 1) await new Promise((resolve) => { setTimeout(resolve, 16); });
    return window.frames_asked - before;
  });
  assert.equal(asked, 0, 'frames are asked for out of sight');
  await page.evaluate(() => window.scrollTo(0, 0));
  await until(page, 'time goes on in sight', ({ cursorMs }) => cursorMs > still.cursorMs);
  await check();
});

// -------------------------------------------------------------------------------- the lesson's text

test('a term of the text opens what it means, and closes again', async () => {
  const { page, check } = await open({ path: '?lesson=three-copies' });
  const lesson = page.getByRole('region', { name: 'Lesson' });
  const term = lesson.getByRole('button', { name: 'consumer group' });
  const note = lesson.getByRole('note', { name: 'consumer group' });
  assert.equal(await term.getAttribute('aria-expanded'), 'false');
  await term.focus();
  await page.keyboard.press('Enter');
  await note.getByText(/Consumers that share the partitions of their topics/).waitFor();
  assert.equal(await term.getAttribute('aria-expanded'), 'true');
  await page.keyboard.press('Enter');
  await note.waitFor({ state: 'detached' });
  await check();
});

test('names and settings in a lesson are set as such, in its text and in its choices', async () => {
  const { page, check } = await house.open({ path: '?lesson=stream' });
  const panel = page.getByRole('region', { name: 'Lesson' });
  await panel.getByText('The shop publishes to the channel').waitFor();
  assert.ok((await panel.locator('code').allTextContents()).includes('orders'));
  assert.ok(!(await panel.textContent()).includes('`'));
  await check();
});
