// Leaves `.gz` and `.br` beside every text file of the build, so that no server packs at run time.
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const DIST = new URL('../dist/', import.meta.url);
const TEXT = /\.(js|mjs|css|html|svg|json|webmanifest)$/;
const SMALLEST = 1_024;

for (const name of readdirSync(DIST, { recursive: true })) {
  const file = new URL(name, DIST);
  if (!TEXT.test(name) || statSync(file).size < SMALLEST) continue;
  const bytes = readFileSync(file);
  writeFileSync(new URL(`${name}.gz`, DIST), gzipSync(bytes, { level: 9 }));
  const brotli = { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } };
  writeFileSync(new URL(`${name}.br`, DIST), brotliCompressSync(bytes, brotli));
}
