// Every lesson, played to its end in the built page by keyboard: the reader's deeds by the lesson's
// own buttons, the question by its radio buttons, the next step by "Next". What a run comes to is
// asserted natively (tests/lessons.rs); here all tasks tick on the page that readers see.
//
// PICTURES=folder keeps a picture of every step before its deeds and after them, for people to look
// at; ONLY=name plays the lessons with that in their names.

import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';

import { parse } from '../../scripts/site/jsonc.mjs';
import { call, frames, start } from './support.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = process.env.PICTURES;
const only = process.env.ONLY ?? '';

/** How long the reader looks before each deed, in virtual milliseconds. */
const LOOK_MS = 1_300;
/** How long a fact that the page does not count is waited for: longer than any session. */
const FACT_MS = 60_000;
/** The longest that one call may run on (src/embed/mod.rs). */
const FARTHEST_MS = 600_000;
const UNITS = { ms: 1, s: 1_000, min: 60_000, h: 3_600_000, d: 86_400_000 };

let house;
before(async () => {
  house = await start();
  if (folder) mkdirSync(folder, { recursive: true });
});
after(() => house.close());

const state = (page) => call(page, 'state');

function milliseconds(span) {
  const [, number, unit] = /^([\d.]+) ?(ms|s|min|h|d)$/.exec(span);
  return Number(number) * UNITS[unit];
}

/** Runs on by so many virtual milliseconds, in as many calls as it takes. */
async function pass(page, ms) {
  await page.evaluate(async ([whole, farthest]) => {
    const widget = document.querySelector('push-pull');
    const { headMs } = await widget.state();
    for (let gone = 0; gone < whole; gone += farthest) await widget.seek(headMs + Math.min(whole, gone + farthest));
  }, [ms, FARTHEST_MS]);
}

/** Looks on, at first often, until the shown step's task has ticked; false when it does not. */
async function ticks(page, task) {
  return page.evaluate(async (number) => {
    const widget = document.querySelector('push-pull');
    const strides = [[200, 50], [200, 500], [200, 10_000], [2_000, 600_000]];
    for (const [times, ms] of strides) {
      for (let n = 0; n < times; n += 1) {
        const { lesson, headMs } = await widget.state();
        if (lesson.tasks[number].done) return true;
        await widget.seek(headMs + ms);
      }
    }
    return false;
  }, task);
}

/** The deed that a task asks for, if it asks for one. */
function deed(condition) {
  if (condition.done) return condition.done;
  return (condition.all ?? condition.any ?? []).map(deed).find(Boolean);
}

/** The time that a task waits for, if it does nothing else. */
const wait = (condition) => (condition.passed ? milliseconds(condition.passed) : 0);

/** Waits for the moment of a deed, as far as the page tells of it. */
async function moment(page, when) {
  if (!when) return;
  if (when.all) for (const one of when.all) await moment(page, one);
  else if (when.any) await moment(page, when.any[0]);
  else if (when.passed) {
    const { headMs } = await state(page);
    await pass(page, Math.max(0, milliseconds(when.passed) - headMs));
  } else if (when.ledger || when.seen?.fact === 'handled') {
    const { figure, system, party, is, least = is ?? 0, most = is ?? Infinity } = when.ledger ?? { figure: 'delivered', least: 1 };
    for (let n = 0; n < 1_000; n += 1) {
      const parties = (await state(page)).parties.filter((one) => (!system || one.system === system) && (!party || one.name === party));
      const value = parties.reduce((sum, one) => sum + one[figure], 0);
      if (value >= least && value <= most) return;
      await pass(page, 100);
    }
    assert.fail(`the moment ${JSON.stringify(when)} never comes`);
  } else await pass(page, FACT_MS);
}

/** Presses, by keyboard, the button of the step that does this. */
async function press(page, step, action, past) {
  const faces = step.actions.flatMap((button) => button.faces);
  const face = faces.find((one) => isDeepStrictEqual(one.do, action) && isDeepStrictEqual(one.before, past));
  assert.ok(face, `no button for ${JSON.stringify(action)}`);
  const label = face.label.replaceAll('`', '');
  const button = page.getByRole('region', { name: 'Lesson' }).getByRole('button', { name: label, exact: true }).first();
  await button.focus();
  assert.equal(await button.isDisabled(), false, `“${label}” cannot be pressed: ${await button.getAttribute('title')}`);
  await page.keyboard.press('Enter');
}

async function play(page, step) {
  for (const { when, do: action, before: past } of step.solution ?? []) {
    await moment(page, when);
    if (!past) await pass(page, LOOK_MS);
    await press(page, step, action, past);
  }
  for (const [number, task] of (step.tasks ?? []).entries()) {
    const action = deed(task.done);
    if (action && !step.solution) {
      await pass(page, LOOK_MS);
      await press(page, step, action);
    } else {
      await pass(page, wait(task.done));
    }
    assert.ok(await ticks(page, number), `“${task.text}” does not tick`);
  }
}

const files = readdirSync(`${root}www/lessons`).filter((file) => !file.includes('schema') && file.includes(only));
for (const file of files) {
  const name = file.replace('.json', '');
  test(`${name}: played to its end by keyboard`, { timeout: 180_000 }, async () => {
    const lesson = parse(readFileSync(`${root}www/lessons/${file}`, 'utf8'));
    const { page, check } = await house.open({ path: `?lesson=${name}`, size: { width: 1440, height: 900 }, context: { reducedMotion: 'reduce' } });
    const picture = async (words) => {
      if (!folder) return;
      await frames(page, 3);
      await page.screenshot({ path: `${folder}/${name}-${words}.png` });
    };
    await call(page, 'pause');
    const panel = page.getByRole('region', { name: 'Lesson' });
    for (const [index, step] of lesson.steps.entries()) {
      const heading = panel.getByRole('heading', { name: step.heading });
      await heading.waitFor();
      // Every marked term carries the glyph of its thing in the picture.
      await panel.locator('.term:not(:has(.glyph))').first().waitFor({ state: 'detached' });
      // Who turned the page with a key goes on from the step's first word.
      if (index > 0) await heading.and(page.locator(':focus')).waitFor();
      await picture(`${index + 1}-begin`);
      if (step.prediction) {
        const choices = panel.getByRole('radio');
        assert.equal(await choices.count(), step.prediction.choices.length);
        await choices.first().focus();
        await page.keyboard.press('Space');
      }
      await play(page, step);
      // The page says what the run decided.
      if (step.prediction) await panel.getByRole('img', { name: 'right' }).first().waitFor();
      await picture(`${index + 1}-end`);
      if (index + 1 < lesson.steps.length) {
        await panel.getByRole('button', { name: 'Next' }).focus();
        await page.keyboard.press('Enter');
      }
    }
    const { done } = await call(page, 'progress');
    assert.ok(done.every(Boolean), `${done}`);
    assert.equal(await page.getByRole('alert').filter({ hasText: /./ }).count(), 0);
    await check();
  });
}
