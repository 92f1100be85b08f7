// Weighs the build against what a phone on a slow line can take; exits 1 when something is too heavy.
import { readdirSync, readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

const DIST = new URL('../dist/', import.meta.url);
const KB = 1_000;
const LIMITS = { entry: 110 * KB, chunk: 300 * KB, firstView: 600 * KB };

const read = (name) => readFileSync(new URL(name, DIST));
const weigh = (name) => gzipSync(read(name), { level: 9 }).length;
const html = read('index.html').toString();
const all = readdirSync(new URL('assets/', DIST))
  .filter((name) => /\.(js|mjs|css)$/.test(name))
  .map((name) => `assets/${name}`);

/** A file with everything that it imports at once. */
function withImports(names) {
  const seen = new Set();
  const visit = (name) => {
    if (seen.has(name)) return;
    seen.add(name);
    for (const [, found] of read(name)
      .toString()
      .matchAll(/(?:from|import)\s*["']\.\/([\w.-]+\.js)["']/g)) {
      visit(`assets/${found}`);
    }
  };
  names.forEach(visit);
  return [...seen];
}

const named = (part) => all.filter((name) => name.includes(part));
const entryFiles = withImports(
  [...html.matchAll(/(assets\/[\w.-]+\.js)/g)].map(([, name]) => name),
);
const entry = sum(entryFiles);
const first = withImports([
  ...entryFiles,
  ...named('/CityPage-').filter((name) => name.endsWith('.js')),
  ...named('/CityMap-').filter((name) => name.endsWith('.js')),
]);
const firstView = sum([
  ...first,
  ...named('.css').filter((name) => html.includes(name) || name.includes('create')),
  ...named('maplibre-gl-worker'),
]);
function sum(names) {
  return names.reduce((total, name) => total + weigh(name), 0);
}

const problems = [];
const check = (what, size, limit) => {
  const line = `${what}: ${(size / KB).toFixed(1)} kB of ${limit / KB} kB`;
  console.log(line);
  if (size > limit) problems.push(line);
};
check('entry', entry, LIMITS.entry);
check('first view with the map', firstView, LIMITS.firstView);
for (const name of all.filter((one) => !entryFiles.includes(one))) {
  const size = weigh(name);
  if (size > 20 * KB) check(name, size, LIMITS.chunk);
}

// Nothing of the shell may come from elsewhere: no font, no style, no script, no beacon.
const foreign = [html, ...named('.css').map((name) => read(name).toString())]
  .flatMap((text) => [
    ...text.matchAll(/(?:src|href)=["'](https?:[^"']+)|url\(["']?(https?:[^)"']+)/g),
  ])
  .map(([, a, b]) => a ?? b);
for (const address of foreign) problems.push(`asks another origin: ${address}`);

if (problems.length > 0) {
  console.error(`\nOver budget:\n${problems.map((line) => `  ${line}`).join('\n')}`);
  process.exit(1);
}
