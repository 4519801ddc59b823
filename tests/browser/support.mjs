// What every browser test needs: the built page on a server with a strict CSP, a Chromium, and a
// record of everything that should not have happened.

import assert from 'node:assert/strict';
import { existsSync, mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

import { serve } from '../../scripts/serve.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
// The set-up keeps node tools beside the other tools, where a plain import does not look.
const tools = createRequire(`${root}.tools/package.json`);
const { chromium } = tools('playwright-core');

/** A Chromium of this machine: what CHROMIUM names, or the usual places. */
function executable() {
  const places = [
    process.env.CHROMIUM,
    '/usr/bin/chromium',
    '/usr/bin/chromium-browser',
    '/usr/bin/google-chrome',
    '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  ];
  const found = places.find((place) => place && existsSync(place));
  assert.ok(found, 'no Chromium found; set CHROMIUM to its path');
  return found;
}

/** Flags for a browser that asks nobody outside for anything. */
export const FLAGS = [
  '--headless=new',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-quic',
  '--no-first-run',
  '--no-default-browser-check',
];

/**
 * Starts the server and a browser with a profile of its own. `folders` are served in front of the
 * built page. Close it when the tests of the file are through.
 */
export async function start({ folders = [] } = {}) {
  assert.ok(existsSync(`${root}dist/index.html`), 'no built page in dist/: run make build');
  const { server, address } = await serve([...folders, `${root}dist`]);
  const browser = await chromium.launch({ executablePath: executable(), args: FLAGS });
  return {
    address,
    browser,
    open: (options) => open(browser, address, options),
    async close() {
      await browser.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/**
 * Opens a page in a fresh context and, unless told otherwise, waits until its widget runs.
 *
 * @param {object} options
 * @param {string} options.path beneath the server's address
 * @param {{width: number, height: number}} options.size of the window, in CSS pixels
 * @param {boolean} options.ready whether to wait for the widget
 * @param {object} options.context more options for Playwright's newContext (colorScheme,
 *   reducedMotion, javaScriptEnabled, hasTouch, ...)
 * @param {boolean} options.offline whether the page may keep itself for a reader without a network;
 *   otherwise every request of a test is seen by the test
 * @param {(page: import('playwright-core').Page) => Promise<void>} options.before what to do with
 *   the page before it is loaded
 */
async function open(browser, address, options = {}) {
  const { path = '', size = { width: 1280, height: 800 }, ready = true, context: more = {}, offline = false, before } = options;
  const context = await browser.newContext({ viewport: size, ...more });
  const page = await context.newPage();
  /** Everything that should not happen, in words. */
  const problems = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') {
      problems.push(`console ${message.type()}: ${message.text()}`);
    }
  });
  page.on('pageerror', (error) => problems.push(`uncaught: ${error.stack ?? error}`));
  page.on('request', (request) => {
    const url = request.url();
    if (!url.startsWith(address) && !url.startsWith('data:')) problems.push(`request beyond its own files: ${url}`);
  });
  page.on('requestfailed', (request) => {
    const { errorText } = request.failure();
    // A page that is left or closed gives up what it was loading.
    if (errorText !== 'net::ERR_ABORTED') problems.push(`request failed: ${request.url()} ${errorText}`);
  });
  page.on('response', (response) => {
    if (response.status() >= 400) problems.push(`${response.status()}: ${response.url()}`);
  });
  await page.exposeBinding('reportViolation', (_source, words) => problems.push(words));
  await page.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', (event) => {
      window.reportViolation(`CSP: ${event.violatedDirective} blocked ${event.blockedURI} at ${event.sourceFile}:${event.lineNumber}`);
    });
  });
  if (!offline) await page.addInitScript(() => { delete Navigator.prototype.serviceWorker; });
  await before?.(page);
  await page.goto(address + path);
  if (ready) await page.evaluate(async () => { await document.querySelector('push-pull').ready; });
  return {
    page,
    problems,
    /** Fails when anything happened that should not have; call it last. */
    async check() {
      await frames(page, 2);
      assert.deepEqual(problems, []);
      await context.close();
    },
    close: () => context.close(),
  };
}

/** Waits until the browser has drawn `count` frames. */
export async function frames(page, count) {
  await page.evaluate(async (left) => {
    for (let n = 0; n < left; n += 1) await new Promise((resolve) => { requestAnimationFrame(resolve); });
  }, count);
}

/** Calls a method of the page's first widget: `call(page, 'seek', 2000)`. */
export function call(page, method, ...values) {
  return page.evaluate(
    ([name, list]) => document.querySelector('push-pull')[name](...list),
    [method, values],
  );
}

/** Saves what the page shows as tests/pictures/NAME.png and returns that path. */
export async function picture(page, name) {
  const folder = `${root}tests/pictures`;
  mkdirSync(folder, { recursive: true });
  const path = `${folder}/${name}.png`;
  await page.screenshot({ path });
  return path;
}

/** What axe-core finds wrong for readers with assistive technology, one line each. */
export async function accessibilityFaults(page) {
  await page.evaluate(tools('axe-core').source);
  const { violations } = await page.evaluate(() => window.axe.run());
  return violations.flatMap(({ id, impact, help, nodes }) =>
    nodes.map((node) => `${impact} ${id}: ${help}: ${node.target.flat().join(' ')}`));
}
