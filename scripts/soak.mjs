// An hour on the built page: that it grows by no more than what a run may keep, however long
// somebody watches. `make soak` runs it after the engines' own.
//
// It is the first lesson, with a topic that keeps a minute: one that keeps a week grows with what it
// keeps. Hours pass on the page's own clock, at a speed that its reader can choose. The first fifth
// fills what is bounded (events at hand, checkpoints); after that the heap, the engines' memory, the
// nodes and the listeners may not grow by more than the bounds below.

import { readFileSync } from 'node:fs';

import { parse } from './site/jsonc.mjs';
import { call, frames, start } from '../tests/browser/support.mjs';

const HOUR_MS = 3_600_000;
const LOOKS = 20;
/** What may come on top after the first fifth. */
const GROWTH = { heap: 16 << 20, wasm: 32 << 20, nodes: 2_000, listeners: 500 };
const SPEED = '100 ×';

const megabytes = (bytes) => `${(bytes / 2 ** 20).toFixed(1)} MB`;

const house = await start();
let failed = false;
try {
  const { page, problems, close } = await house.open({
    // The engines' memory, as the module that the page loads has it.
    before: (fresh) => fresh.addInitScript(() => {
      const { instantiate, instantiateStreaming } = WebAssembly;
      const keep = (result) => {
        window.engines = result.instance.exports.memory;
        return result;
      };
      WebAssembly.instantiate = async (...values) => keep(await instantiate(...values));
      WebAssembly.instantiateStreaming = async (...values) => keep(await instantiateStreaming(...values));
    }),
  });
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable');
  const lesson = parse(readFileSync(new URL('../www/lessons/one-plug.json', import.meta.url), 'utf8'));
  for (const topic of lesson.topology.topics) topic.config = { 'retention.ms': 60_000, 'segment.ms': 10_000 };
  await call(page, 'openLesson', JSON.stringify(lesson));
  await page.getByLabel('Speed').selectOption(SPEED);
  await call(page, 'play');

  /** What the page holds now, after the garbage is gone. */
  const held = async () => {
    await session.send('HeapProfiler.collectGarbage');
    const { metrics } = await session.send('Performance.getMetrics');
    const of = (name) => metrics.find((metric) => metric.name === name).value;
    const wasm = await page.evaluate(() => window.engines.buffer.byteLength);
    return { heap: of('JSHeapUsedSize'), wasm, nodes: of('Nodes'), listeners: of('JSEventListeners') };
  };

  let settled;
  for (let look = 1; look <= LOOKS; look += 1) {
    const until = (HOUR_MS / LOOKS) * look;
    let state = await call(page, 'state');
    while (state.cursorMs < until) {
      await frames(page, 30);
      state = await call(page, 'state');
    }
    const now = await held();
    if (look === LOOKS / 5) settled = now;
    const { heap, wasm, nodes, listeners } = now;
    console.log(`${String(Math.round(until / 60_000)).padStart(3)} min  heap ${megabytes(heap)}  engines ${megabytes(wasm)}  ${nodes} nodes  ${listeners} listeners`);
    for (const [what, most] of Object.entries(GROWTH)) {
      if (settled && now[what] > settled[what] + most) {
        console.log(`${what} grew by ${now[what] - settled[what]} after the first fifth; at most ${most} was expected`);
        failed = true;
      }
    }
    if (failed) break;
  }
  for (const problem of problems) console.log(problem);
  failed ||= problems.length > 0;
  await close();
} finally {
  await house.close();
}
console.log(failed ? 'the page does not hold' : 'an hour on the page holds');
process.exitCode = failed ? 1 : 0;
