// A static file server for loopback, with the headers of a strict host.
//
//   node scripts/serve.mjs [--port 8080] [FOLDER...]
//
// A file is looked for in each folder in turn, so a folder of sources in front of the built page
// shows a changed lesson on the next reload. Takes another port when its own is taken.

import { createReadStream } from 'node:fs';
import { readFile, realpath, stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join, sep } from 'node:path';
import { pipeline } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

/** Everything from its own files; WebAssembly is the one exception, and nothing is inline. */
export const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "font-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'self'",
].join('; ');

const TYPES = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.jsonc': 'application/json; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
  '.wasm': 'application/wasm',
  '.woff2': 'font/woff2',
};

/** The file that an address names: never outside the folders, whatever links or dots it holds. */
async function find(folders, address) {
  let path;
  try {
    path = decodeURIComponent(new URL(address, 'http://localhost').pathname);
  } catch {
    return null;
  }
  if (path.includes('\0')) return null;
  if (path.endsWith('/')) path += 'index.html';
  for (const folder of folders) {
    try {
      const home = await realpath(folder);
      const file = await realpath(join(home, path));
      const about = await stat(file);
      if (file.startsWith(home + sep) && about.isFile()) return { file, size: about.size };
    } catch {
      // Not in this folder: the next one may have it.
    }
  }
  return null;
}

/** Says that there is nothing: with the site's own page to a reader who came to an address. */
async function missing(folders, request, response) {
  const page = request.headers.accept?.includes('text/html') && await find(folders, '/404.html');
  const type = page ? TYPES['.html'] : TYPES['.txt'];
  response.writeHead(404, { 'Content-Type': type }).end(page ? await readFile(page.file) : 'not found\n');
}

async function answer(folders, request, response) {
  response.setHeader('Content-Security-Policy', CONTENT_SECURITY_POLICY);
  response.setHeader('X-Content-Type-Options', 'nosniff');
  response.setHeader('Referrer-Policy', 'no-referrer');
  response.setHeader('Cache-Control', 'no-cache');
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.writeHead(405, { Allow: 'GET, HEAD' }).end();
    return;
  }
  const found = await find(folders, request.url);
  if (!found) {
    await missing(folders, request, response);
    return;
  }
  response.writeHead(200, {
    'Content-Type': TYPES[extname(found.file)] ?? 'application/octet-stream',
    'Content-Length': found.size,
  });
  if (request.method === 'HEAD') response.end();
  // A reader that goes away in the middle is no error.
  else pipeline(createReadStream(found.file), response, () => {});
}

/**
 * Serves `folders` on loopback; port 0 takes any free one, a taken port gives way to any free one.
 * Resolves to the server and its address.
 */
export function serve(folders, port = 0) {
  const server = createServer((request, response) => {
    answer(folders, request, response).catch((error) => response.destroy(error));
  });
  return new Promise((resolve, reject) => {
    server.on('error', (error) => {
      if (error.code === 'EADDRINUSE') server.listen(0, '127.0.0.1');
      else reject(error);
    });
    server.on('listening', () => {
      resolve({ server, address: `http://127.0.0.1:${server.address().port}/` });
    });
    server.listen(port, '127.0.0.1');
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values, positionals } = parseArgs({
    options: { port: { type: 'string', default: '8080' } },
    allowPositionals: true,
  });
  const port = Number(values.port);
  if (!Number.isInteger(port) || port < 0 || port > 65535) {
    console.error(`not a port: ${values.port}`);
    process.exit(2);
  }
  const { address } = await serve(positionals.length > 0 ? positionals : ['www', 'dist'], port);
  console.log(`The page is at ${address} (Ctrl-C ends it)`);
}
