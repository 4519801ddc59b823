// The server that the tests and `make serve` stand on.

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { CONTENT_SECURITY_POLICY, serve } from '../../scripts/serve.mjs';

let folder;
let server;
let address;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'pushpull-serve-'));
  mkdirSync(join(folder, 'front'));
  mkdirSync(join(folder, 'built'));
  writeFileSync(join(folder, 'secret.txt'), 'secret');
  symlinkSync(join(folder, 'secret.txt'), join(folder, 'built', 'link.txt'));
  writeFileSync(join(folder, 'built', 'index.html'), '<title>built</title>');
  writeFileSync(join(folder, 'built', 'lesson.json'), '"old"');
  writeFileSync(join(folder, 'front', 'lesson.json'), '"new"');
  writeFileSync(join(folder, 'built', 'engines.wasm'), '');
  ({ server, address } = await serve([join(folder, 'front'), join(folder, 'built')]));
});
after(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => { server.close(resolve); });
  rmSync(folder, { recursive: true });
});

/** A request whose path is sent as it stands: fetch would tidy the dots away. */
function ask(path, method = 'GET') {
  return new Promise((resolve, reject) => {
    request(address, { path, method }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text) => { body += text; });
      response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, body }));
    }).on('error', reject).end();
  });
}

test('files come with their type and the strict policy', async () => {
  const page = await ask('/');
  assert.equal(page.status, 200);
  assert.equal(page.body, '<title>built</title>');
  assert.equal(page.headers['content-type'], 'text/html; charset=utf-8');
  assert.equal(page.headers['content-security-policy'], CONTENT_SECURITY_POLICY);
  // Browsers compile wasm while it arrives only when it is called by its name.
  assert.equal((await ask('/engines.wasm')).headers['content-type'], 'application/wasm');
  assert.equal((await ask('/nothing')).headers['content-security-policy'], CONTENT_SECURITY_POLICY);
});

test('the first folder wins, so a changed source shows without a build', async () => {
  assert.equal((await ask('/lesson.json')).body, '"new"');
});

test('nothing outside the folders is served', async () => {
  for (const path of ['/../secret.txt', '/%2e%2e/secret.txt', '/..%2fsecret.txt', '/link.txt', '/%00', '/%zz', '/front']) {
    const answer = await ask(path);
    assert.equal(answer.status, 404, path);
    assert.equal(answer.body, 'not found\n', path);
  }
});

test('HEAD has no body, and nothing can be written', async () => {
  const head = await ask('/lesson.json', 'HEAD');
  assert.deepEqual([head.status, head.headers['content-length'], head.body], [200, '5', '']);
  assert.equal((await ask('/lesson.json', 'PUT')).status, 405);
});

test('a taken port gives way to another, on loopback alone', async () => {
  const { port } = new URL(address);
  const second = await serve([folder], Number(port));
  try {
    assert.notEqual(second.address, address);
    assert.equal(second.server.address().address, '127.0.0.1');
    assert.equal((await fetch(`${second.address}secret.txt`)).status, 200);
  } finally {
    second.server.closeAllConnections();
    second.server.close();
  }
});
