// Runs every test suite in order, whatever the ones before it did, and adds them up.
//
//   node scripts/test.mjs [SUITE...]     without a name: all of them
//
// A suite that fails shows its whole output. The last line is always "N passed, N failed" and, where
// something that tests need is missing, ", N skipped"; each skipped test is named with the reason.

import { spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const wasm = 'wasm32-unknown-unknown';

/**
 * Sums the "test result" lines of cargo test and of wasm-bindgen's runner. Tests that could not run
 * say so themselves (tests/skipped) and are passed ones to the runner.
 */
function cargoCount(output) {
  const skipped = [...output.matchAll(/^skipped: .*/gm)].map(([line]) => line);
  let passed = -skipped.length;
  let failed = 0;
  for (const line of output.matchAll(/^test result: \w+\. (\d+) passed; (\d+) failed/gm)) {
    passed += Number(line[1]);
    failed += Number(line[2]);
  }
  return { passed, failed, skipped };
}

/** Sums the closing lines of node's test runner in its TAP form. */
function tapCount(output) {
  const sum = (word) =>
    [...output.matchAll(new RegExp(`^# ${word} (\\d+)$`, 'gm'))].reduce((n, line) => n + Number(line[1]), 0);
  const skipped = [...output.matchAll(/^ *ok \d+ - (.* # SKIP.*)$/gm)].map(([, words]) => words);
  return { passed: sum('pass'), failed: sum('fail') + sum('cancelled'), skipped };
}

/** A check that is right or wrong as a whole. */
function oneCheck(_output, code) {
  return code === 0 ? { passed: 1, failed: 0, skipped: [] } : { passed: 0, failed: 1, skipped: [] };
}

const browserTests = () => readdirSync(new URL('../tests/browser/', import.meta.url))
  .filter((name) => name.endsWith('.test.mjs')).sort().map((name) => `tests/browser/${name}`);

const SUITES = [
  { name: 'fmt', usual: '2 s', count: oneCheck, command: ['cargo', 'fmt', '--all', '--check'] },
  {
    name: 'clippy native', usual: '1 min after a fresh clone, then seconds', count: oneCheck,
    command: ['cargo', 'clippy', '--locked', '--all-targets', '--', '-D', 'warnings'],
  },
  {
    name: 'clippy wasm32', usual: '1 min after a fresh clone, then seconds', count: oneCheck,
    command: ['cargo', 'clippy', '--locked', '--target', wasm, '--lib', '--bins', '--test', 'wasm*', '--', '-D', 'warnings'],
  },
  { name: 'dependencies', usual: '1 s', count: oneCheck, command: ['node', 'scripts/dependencies.mjs'] },
  {
    name: 'native', usual: '1 min after a fresh clone, then seconds', count: cargoCount,
    command: ['cargo', 'test', '--locked', '--no-fail-fast'],
  },
  {
    // That memory stays bounded and the ledger balanced shows only in a long run. It is not
    // optimised: it takes a minute of its own, but to build it for speed would take two.
    name: 'two million events', usual: '1 min', count: cargoCount,
    command: ['cargo', 'test', '--locked', '--test', 'soak'],
    environment: { SOAK_EVENTS: '2000000' },
  },
  {
    name: 'wasm in Chromium', usual: '1 min after a fresh clone, then seconds', count: cargoCount,
    command: ['cargo', 'test', '--locked', '--no-fail-fast', '--target', wasm, '--test', 'wasm*'],
    environment: {
      CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER: 'wasm-bindgen-test-runner',
      CHROMEDRIVER: firstOf('CHROMEDRIVER', '/usr/bin/chromedriver', '/usr/lib/chromium/chromedriver'),
      WASM_BINDGEN_USE_BROWSER: '1',
      WASM_BINDGEN_TEST_DRIVER_TIMEOUT: '30',
      WASM_BINDGEN_TEST_TIMEOUT: '180',
      WASM_BINDGEN_TEST_WEBDRIVER_JSON: `${root}scripts/webdriver.json`,
    },
  },
  { name: 'release page', usual: '1 min after a change', count: oneCheck, command: ['scripts/build'] },
  {
    name: 'browser', usual: '4 min', count: tapCount,
    command: ['node', '--test', '--test-reporter=tap', ...browserTests()],
  },
];

/** What the environment says, or the first of these files that is there. */
function firstOf(variable, ...files) {
  return process.env[variable] ?? files.find((file) => existsSync(file)) ?? '';
}

/** Runs one suite to its end; resolves to its exit code and everything it printed. */
function run({ command, environment }) {
  return new Promise((resolve) => {
    const [program, ...values] = command;
    let output = '';
    const child = spawn(program, values, {
      cwd: root,
      env: { ...process.env, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child.stdout.setEncoding('utf8').on('data', (text) => { output += text; });
    child.stderr.setEncoding('utf8').on('data', (text) => { output += text; });
    child.on('error', (error) => resolve({ code: 127, output: `${output}${error}\n` }));
    child.on('close', (code, signal) => resolve({ code: code ?? `signal ${signal}`, output }));
  });
}

function table(rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => String(row[column]).length)));
  for (const row of rows) {
    console.log(row.map((cell, column) =>
      column === 0 ? String(cell).padEnd(widths[0]) : String(cell).padStart(widths[column])).join('  '));
  }
}

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !SUITES.some((suite) => suite.name === name));
if (unknown.length > 0) {
  console.error(`no such suite: ${unknown.join(', ')} (there are: ${SUITES.map((suite) => suite.name).join(', ')})`);
  process.exit(2);
}

const rows = [['suite', 'passed', 'failed', 'skipped', 'seconds']];
const words = ({ passed, failed, skipped }) =>
  `${passed} passed, ${failed} failed${skipped.length > 0 ? `, ${skipped.length} skipped` : ''}`;
const all = { passed: 0, failed: 0, skipped: [] };
for (const suite of SUITES.filter(({ name }) => wanted.length === 0 || wanted.includes(name))) {
  console.log(`\n== ${suite.name} (usually ${suite.usual}): ${suite.command.join(' ')}`);
  const started = performance.now();
  const { code, output } = await run(suite);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  const count = suite.count(output, code);
  let remark = '';
  if (code !== 0 && count.failed === 0) {
    count.failed = 1;
    remark = `ended with ${code}`;
  } else if (count.passed + count.failed + count.skipped.length === 0) {
    count.failed = 1;
    remark = 'ran nothing';
  }
  if (count.failed > 0) console.log(output.trimEnd());
  for (const line of count.skipped) console.log(line);
  console.log(`${suite.name}: ${words(count)} in ${seconds} s${remark && `: ${remark}`}`);
  rows.push([suite.name, count.passed, count.failed, count.skipped.length, seconds]);
  all.passed += count.passed;
  all.failed += count.failed;
  all.skipped.push(...count.skipped);
}

console.log('');
table(rows);
console.log(`\n${words(all)}`);
process.exitCode = all.failed === 0 && all.passed > 0 ? 0 : 1;
