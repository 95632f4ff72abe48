/**
 * Every bench, one after the other, each in a process of its own: `npm run bench`, or `npm run bench -- linalg onnx` for
 * those whose path contains one of the words.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const benches = [
  'overhead/overhead',
  'overhead/small',
  'overhead/kernels',
  'nested-cv/nested-cv',
  'kernels/matmul',
  'arrays/arrays',
  'blocks/building',
  'blocks/chain',
  'blocks/cholesky',
  'blocks/svd',
  'linalg/linalg',
  'scheduler/scheduler',
  'scheduler/prediction',
  'scheduler/real',
  'onnx/product',
  'devices/mixed',
  'gpu/ozaki',
  'gpu/products',
  'gpu/sort',
];
const words = process.argv.slice(2);
const failed = benches
  .filter((name) => words.length === 0 || words.some((word) => name.includes(word)))
  .filter((name) => {
    console.log(`\n── ${name}`);
    const tsx = 'node_modules/tsx/dist/cli.mjs';
    return spawnSync(process.execPath, [tsx, `bench/${name}.ts`], { cwd: root, stdio: 'inherit' }).status !== 0;
  });
if (failed.length > 0) {
  console.error(`failed: ${failed.join(', ')}`);
  process.exitCode = 1;
}
