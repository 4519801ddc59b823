// Sizes and speeds of the release page, each beside its goal: `make bench`.
//
// A goal is something to beat, not a test: this never fails because a figure is bad. Each section
// is a function that returns rows of [what, figure, goal]; add one to SECTIONS.

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants } from 'node:zlib';

import { call, start } from '../tests/browser/support.mjs';

const root = fileURLToPath(new URL('../', import.meta.url));
const dist = `${root}dist/`;
const kilobytes = (bytes) => `${(bytes / 1024).toFixed(1)} KB`;
const milliseconds = (value) => `${value.toFixed(2)} ms`;

/** The value that `share` of the sorted `values` do not pass. */
function quantile(values, share) {
  if (values.length === 0) return NaN;
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
}

/** As a good host sends it: compressed once, as far as it goes. */
const compressed = (bytes) => brotliCompressSync(bytes, {
  params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length },
}).length;

/** What the browser really fetches for the first screen, file by file. */
async function download(house) {
  const fetched = new Set();
  const { close } = await house.open({
    before: async (page) => page.on('response', (response) => {
      if (response.ok()) fetched.add(new URL(response.url()).pathname.slice(1) || 'index.html');
    }),
  });
  await close();
  const rows = [];
  const sum = { raw: 0, page: 0, widget: 0 };
  for (const name of [...fetched].sort()) {
    const bytes = readFileSync(dist + name);
    const small = compressed(bytes);
    sum.raw += bytes.length;
    sum.page += small;
    // Another site brings its own page around the widget.
    if (!/^(index\.html|site\.css|icon\.svg|site\/.*|still-.*|lessons\/index\.json)$/.test(name)) sum.widget += small;
    rows.push([`  ${name}`, `${kilobytes(bytes.length)} raw, ${kilobytes(small)} brotli`, '']);
  }
  return [
    ['the page\'s download, raw', kilobytes(sum.raw), ''],
    ['the page\'s download, brotli', kilobytes(sum.page), '300 KB'],
    ['the widget\'s download, brotli', kilobytes(sum.widget), '200 KB'],
    ...rows,
  ];
}

/** From the start of navigation to the widget being ready to play; the middle of five. */
async function firstScreen(house) {
  const times = [];
  for (let run = 0; run < 5; run += 1) {
    const { page, close } = await house.open();
    times.push(await page.evaluate(() => performance.now()));
    await close();
  }
  return [['navigation to a running widget, median of 5', milliseconds(quantile(times, 0.5)), '700 ms']];
}

/**
 * As many messages under way as asked for, or a little more: publishers with a path of a second, each
 * with twenty on its wire (more would be drawn as one flow).
 */
function crowded(messages) {
  const names = Array.from({ length: Math.ceil(messages / 20) }, (_, n) => `shop-${n + 1}`);
  return {
    title: 'Crowded', sentence: 'Many messages under way.',
    topology: {
      redis: [{ name: 'redis-1' }],
      subscribers: [{ name: 'billing', channels: ['orders'], takes: '0 ms' }],
      producers: names.map((name) => ({ name, topic: 'orders', to: ['pubsub'] })),
      setup: names.map((node) => ({ setLatency: { node, latency: '1 s' } })),
    },
    workload: names.map((producer) => ({ producer, rate: '20/s', keys: { cycle: ['ann', 'gus', 'eve', 'tom'] }, bytes: 100 })),
    steps: [{ heading: 'Look.', text: 'They are under way.' }],
  };
}

/** Script time of each frame while a lesson plays, from Chromium's own trace. */
async function frameTime(house, what, lesson) {
  const { page, close } = await house.open({ size: { width: 1440, height: 900 } });
  let words = what;
  if (lesson) {
    await call(page, 'openLesson', JSON.stringify(lesson));
    await call(page, 'seek', 3000);
    const { tokens } = await call(page, 'state');
    words = `${what} (${tokens.length} tokens)`;
  }
  const session = await page.context().newCDPSession(page);
  const events = [];
  session.on('Tracing.dataCollected', ({ value }) => events.push(...value));
  const complete = new Promise((resolve) => { session.once('Tracing.tracingComplete', resolve); });
  await call(page, 'play');
  await session.send('Tracing.start', {
    transferMode: 'ReportEvents',
    traceConfig: { includedCategories: ['devtools.timeline'], excludedCategories: ['*'] },
  });
  await page.evaluate(async (count) => {
    for (let n = 0; n < count; n += 1) await new Promise((resolve) => { requestAnimationFrame(resolve); });
  }, 300);
  await session.send('Tracing.end');
  await complete;
  await close();
  return frameRows(words, scriptByFrame(events));
}

/** Sums the animation callbacks that ran for the same frame, in milliseconds. */
export function scriptByFrame(events) {
  const calls = events
    .filter((event) => event.name === 'FireAnimationFrame' && event.ph === 'X')
    .sort((a, b) => a.ts - b.ts);
  const frames = [];
  let last = -Infinity;
  for (const { ts, dur = 0 } of calls) {
    // Callbacks of one frame follow each other within far less than a frame's length.
    if (ts - last < 4000 && frames.length > 0) frames[frames.length - 1] += dur / 1000;
    else frames.push(dur / 1000);
    last = ts + dur;
  }
  return frames;
}

function frameRows(what, frames) {
  return [
    [`script time a frame, ${what}, median of ${frames.length}`, milliseconds(quantile(frames, 0.5)), '4 ms'],
    [`script time a frame, ${what}, 99th of 100`, milliseconds(quantile(frames, 0.99)), '8 ms'],
  ];
}

/** What a bench target prints. */
function bench(name) {
  return execFileSync('cargo', ['bench', '--locked', '--bench', name], {
    cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'],
  });
}

/** The same shop in the page's own wasm, beside a page at rest. */
async function wasmSpeed(house) {
  const { page, close } = await house.open();
  await call(page, 'pause');
  const shop = readFileSync(`${root}benches/shop.json`, 'utf8');
  const speed = await page.evaluate(async (lesson) => {
    // The element has loaded this module already: by the same address, which names the build, it is
    // the same one, with its engines.
    const loaded = performance.getEntriesByType('resource').map((entry) => entry.name);
    const { simulate } = await import(loaded.find((name) => new URL(name).pathname.endsWith('/pushpull.js')));
    const run = (virtual) => {
      const begun = performance.now();
      const events = simulate(lesson, virtual);
      return events / (performance.now() - begun) * 1000;
    };
    // The first compiles and warms what it touches; of the others the best, as in the native bench.
    run(1000);
    let best = 0;
    for (const end = performance.now() + 3000; performance.now() < end;) best = Math.max(best, run(2000));
    return best;
  }, shop);
  await close();
  return speed;
}

/** How fast both systems run without a picture, and what wasm costs. */
async function engines(house) {
  const printed = bench('engine');
  const figures = JSON.parse(printed.slice(printed.indexOf('{')));
  const [native, wasm] = [figures.events_per_second, await wasmSpeed(house)];
  const million = (speed) => `${(speed / 1e6).toFixed(2)} million`;
  return [
    ['engine events a second, native', million(native), '3 million'],
    ['engine events a second, wasm', million(wasm), ''],
    ['engine events a second, wasm against native', (wasm / native).toFixed(2), 'at least 0.6'],
    ['slowest of 100 seeks in a run of 10 000 events, native', milliseconds(figures.seek_10k_ms), '16 ms'],
    ['slowest of 100 seeks in a run of 1 000 000 events, native', milliseconds(figures.seek_1m_ms), '150 ms'],
    ['memory of a run of 10 000 events, with its checkpoints', kilobytes(figures.memory_10k), ''],
    ['memory of a run of 1 000 000 events, with its checkpoints', kilobytes(figures.memory_1m), ''],
  ];
}

/** A bench that prints its rows itself, each a JSON array on a line. */
const rowsOf = (name) => () => bench(name).split('\n').filter((line) => line.startsWith('[')).map((line) => JSON.parse(line));

const frameTimes = async (house) => [
  ...await frameTime(house, 'the first lesson'),
  ...await frameTime(house, 'two hundred messages', crowded(200)),
  ...await frameTime(house, 'two thousand messages', crowded(2000)),
];

const SECTIONS = [download, firstScreen, frameTimes, engines, rowsOf('kafka'), rowsOf('stage'), rowsOf('redis')];

const house = await start();
try {
  const rows = [['what', 'figure', 'goal']];
  for (const section of SECTIONS) rows.push(...await section(house));
  const widths = [0, 1].map((column) => Math.max(...rows.map((row) => row[column].length)));
  for (const [what, figure, goal] of rows) {
    console.log(`${what.padEnd(widths[0])}  ${figure.padEnd(widths[1])}  ${goal}`.trimEnd());
  }
} finally {
  await house.close();
}
