// "How faithful is this?": what the tests compare with what, counted in the tests' own files.

import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { html } from './html.mjs';

const number = new Intl.NumberFormat('en');

/** What each file of recorded vectors holds: a name, and how to count it where lines do not. */
const VECTORS = {
  'redis/vectors.json': {
    what: 'Commands and their replies, byte for byte',
    count: (text) => JSON.parse(text).reduce((sum, { steps }) => sum + steps.length, 0),
  },
  'redis/commands.json': { what: 'The table of commands: arity, flags, keys', count: (text) => JSON.parse(text).length },
  'redis/glob-vectors.json': {
    what: 'Patterns against strings',
    count: (text) => JSON.parse(text).sets.reduce((sum, { strings, patterns }) => sum + strings.length * patterns.length, 0),
  },
  'redis/keyslots.json': { what: 'Hash slots of keys', count: (text) => JSON.parse(text).length },
  'kafka/assignors_fresh.jsonl': { what: 'Assignments by the four assignors' },
  'kafka/general_sticky.jsonl': { what: 'Sticky assignment with unequal subscriptions and earlier owners' },
  'kafka/classic_group.jsonl': { what: 'Lives of a consumer group in the classic protocol' },
  'kafka/cooperative_sticky_sequences.jsonl': { what: 'Rebalances one after another, cooperative and sticky' },
  'kafka/coordinator_partition.jsonl': { what: 'Which broker coordinates a group' },
  'kafka/idempotent_producer.jsonl': { what: 'Sequences of an idempotent producer' },
  'kafka/leader_election.jsonl': { what: 'Elections of leaders' },
  'kafka/log_ops.jsonl': { what: 'Lives of a log: appends, segments, retention, truncation' },
  'kafka/murmur2.jsonl': { what: 'Keys and their partitions by murmur2' },
  'kafka/replica_placement.jsonl': { what: 'Where replicas are placed' },
};

const lines = (text) => text.split('\n').filter((line) => line.trim()).length;

/** Every file of vectors with its count; one that is not described above is named by its path. */
export function vectors(root) {
  const folder = join(root, 'tests/vectors');
  return readdirSync(folder).flatMap((system) => readdirSync(join(folder, system)).map((file) => {
    const path = `${system}/${file}`;
    const { what = path, count = lines } = VECTORS[path] ?? {};
    return { path, system, what, count: count(readFileSync(join(folder, path), 'utf8')) };
  })).sort((a, b) => b.system.localeCompare(a.system, 'en') || a.what.localeCompare(b.what, 'en'));
}

/** Redis's own suites: how many of their tests pass, and why some are left out. */
export function suites(root) {
  const rows = readFileSync(join(root, 'tests/redis/suites.txt'), 'utf8').split('\n')
    .filter((line) => line.trim() && !line.startsWith('#'))
    .map((line) => { const [suite, result, test, why] = line.split('\t'); return { suite, result, test, why }; });
  return [...new Set(rows.map(({ suite }) => suite))].map((suite) => {
    const own = rows.filter((row) => row.suite === suite);
    return { suite, passed: own.filter(({ result }) => result === 'pass').length, skipped: own.filter(({ result }) => result === 'skip') };
  });
}

/** Every `.rs` file under a folder. */
function sources(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return sources(path);
    return entry.name.endsWith('.rs') ? [path] : [];
  });
}

/** What modules say of themselves under "Simplification:" or "Simplifications:". */
export function simplifications(root) {
  return sources(join(root, 'src')).sort().flatMap((path) => {
    const head = readFileSync(path, 'utf8').split('\n').filter((line) => line.startsWith('//!')).map((line) => line.slice(3).trim());
    const paragraphs = head.join('\n').split(/\n\n+/).map((paragraph) => paragraph.replaceAll('\n', ' '));
    return paragraphs.flatMap((paragraph) => {
      const [, words] = /^Simplifications?[^:]*: (.+)$/.exec(paragraph) ?? [];
      if (!words) return [];
      const module = path.slice(root.length).replace(/^\/?src\//, '').replace(/(\/mod)?\.rs$/, '');
      return [{ module, words: words.replace(/ ?\(\[`[^`]*`\]\)| ?\[[^\]`]*\]\([^)]*\)/g, '').replace(/\[(`[^`]*`)\]/g, '$1') }];
    });
  });
}

/** A `const` of a test, as a number; nothing when the test has no such one. */
function constant(root, file, name) {
  const path = join(root, file);
  const [, digits] = (existsSync(path) && new RegExp(`const ${name}: \\w+ = ([\\d_]+);`).exec(readFileSync(path, 'utf8'))) || [];
  return digits && Number(digits.replaceAll('_', ''));
}

/** The sentences about random tests; a test that is not there is not claimed. */
export function attacks(root) {
  const of = (file, name) => constant(root, file, name);
  const sequences = of('tests/redis_oracle.rs', 'SEQUENCES');
  const commands = of('tests/redis_oracle.rs', 'COMMANDS');
  const runs = of('tests/kafka_cluster/fuzz.rs', 'RUNS');
  const each = of('tests/kafka_cluster/fuzz.rs', 'COMMANDS');
  return [
    sequences && commands && `${number.format(sequences)} random sequences of ${commands} commands go to this Redis and to a real redis-server beside it: the same answers, byte for byte.`,
    existsSync(join(root, 'tests/redis_fuzz.rs')) && 'Random bytes on the wire end in requests or in one error; random commands are always answered.',
    runs && each && `${number.format(runs)} random lives of a Kafka cluster, each with ${each} crashes, interruptions, elections and writes: nothing visible is ever lost.`,
  ].filter(Boolean);
}

/** Marks what stands in backquotes as code. */
const marked = (text) => text.split('`').map((part, index) => (index % 2 ? html`<code>${part}</code>` : part));

function table(heads, rows) {
  return html`<table>
<thead><tr>${heads.map((head, index) => (index ? html`<th class="number">${head}</th>` : html`<th>${head}</th>`))}</tr></thead>
<tbody>
${rows.map((row) => html`<tr>${row.map((cell, index) => (index ? html`<td class="number">${cell}</td>` : html`<td>${cell}</td>`))}</tr>
`)}</tbody>
</table>`;
}

/** The commit that is built, where there is one. */
function commit(root) {
  try {
    return execFileSync('git', ['-C', root, 'rev-parse', '--short', 'HEAD'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    return '';
  }
}

/** What the page faithful.html asks for. */
export function faithful(root) {
  const [, redis] = /a Redis (\d+\.\d+) server/.exec(readFileSync(join(root, 'src/redis/mod.rs'), 'utf8')) ?? [];
  const [, kafka] = /Apache Kafka (\d+\.\d+)/.exec(readFileSync(join(root, 'src/kafka/mod.rs'), 'utf8')) ?? [];
  const [, version] = /^version = "(.+)"$/m.exec(readFileSync(join(root, 'Cargo.toml'), 'utf8')) ?? [];
  if (!redis || !kafka) throw new Error('the engines do not say which versions they model');
  const [all, own, hash] = [vectors(root), suites(root), commit(root)];
  const left = own.flatMap(({ suite, skipped }) => skipped.map((row) => ({ suite, ...row })));
  const of = { redis: `recorded from redis-server ${redis}`, kafka: `recorded from Apache Kafka ${kafka}'s own classes` };
  return {
    redisVersion: redis,
    kafkaVersion: kafka,
    compared: ['redis', 'kafka'].map((system) => table(
      [of[system][0].toUpperCase() + of[system].slice(1), 'Cases'],
      all.filter((one) => one.system === system).map(({ what, count }) => [what, number.format(count)]),
    )).join('\n'),
    suites: html`${table(['Suite', 'Pass', 'Left out'], own.map(({ suite, passed, skipped }) => [suite, passed, skipped.length]))}
<details>
<summary>Why ${left.length} are left out</summary>
<ul class="rows">
${left.map(({ suite, test, why }) => html`<li><span>${test}</span><span class="mark">${suite}</span><p>${why}</p></li>
`)}</ul>
</details>`,
    attacked: html`<ul class="rows">
${attacks(root).map((sentence) => html`<li><p>${sentence}</p></li>
`)}</ul>`,
    simplified: html`<ul class="rows">
${simplifications(root).map(({ module, words }) => html`<li><code>${module}</code><p>${marked(words)}</p></li>
`)}</ul>`,
    built: html`pushpull ${version}${hash && html`, commit <code>${hash}</code>`}.`,
  };
}
