// What the programs of this folder have in common: ONNX Runtime from ORT_DIR (the folder that
// bench/ort/fetch.sh prints), a session on the CPU with all optimisations of the graph, and refusals.
import { createRequire } from 'node:module';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';

export function fail(words) {
  console.error(`${basename(process.argv[1])}: ${words}`);
  process.exit(2);
}

// { values, positionals } of the command line
export function read(options) {
  try {
    return parseArgs({ options, allowPositionals: true });
  } catch (error) {
    return fail(error.message);
  }
}

export function number(name, text, least, most) {
  const value = Number(text);
  if (!Number.isInteger(value) || value < least || value > most) fail(`--${name} ${text}: a whole number from ${least} to ${most} is wanted`);
  return value;
}

export function shape(text) {
  return text.split(',').map((side) => number('shape', side, 1, 1 << 16));
}

export async function open(model, threads) {
  let ort;
  try {
    ort = createRequire(join(process.env.ORT_DIR ?? process.cwd(), 'package.json'))('onnxruntime-node');
  } catch {
    fail('onnxruntime-node is not in ORT_DIR: run bench/ort/fetch.sh');
  }
  const session = await ort.InferenceSession.create(model, {
    executionProviders: ['cpu'],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    graphOptimizationLevel: 'all',
  });
  return { ort, session, runtime: `onnxruntime-node ${ort.env.versions.node ?? ort.env.versions.common}` };
}
