// Times an ONNX net under ONNX Runtime on the CPU: what the engine is measured against.
//   ORT_DIR=FOLDER node time.mjs MODEL.onnx [--shape 1,3,416,416] [--threads 2] [--runs 50] [--warm 10]
// FOLDER: what bench/ort/fetch.sh prints. Prints one JSON object: median, least and p99 of the runs
// in milliseconds, as `vigie bench model --json` names them. All optimisations of the graph are on.
import { basename } from 'node:path';
import { fail, number, open, read, shape } from './session.mjs';

function request() {
  const { values, positionals } = read({
    shape: { type: 'string', default: '1,3,416,416' },
    threads: { type: 'string', default: '2' },
    runs: { type: 'string', default: '50' },
    warm: { type: 'string', default: '10' },
  });
  if (positionals.length !== 1) fail('one MODEL.onnx is wanted');
  return {
    model: positionals[0],
    shape: shape(values.shape),
    threads: number('threads', values.threads, 1, 1024),
    runs: number('runs', values.runs, 1, 100000),
    warm: number('warm', values.warm, 0, 100000),
  };
}

// As large as normalised pictures are, and the same in each run: zeros would be kinder.
function inputOf(count) {
  const values = new Float32Array(count);
  let state = 1;
  for (let i = 0; i < count; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    values[i] = (state / 4294967296) * 4 - 2;
  }
  return values;
}

// The value that `share` of the sorted times do not exceed, as the engine's bench defines it.
function quantile(sorted, share) {
  return sorted[Math.max(Math.ceil(share * sorted.length), 1) - 1];
}

const r = request();
const { ort, session, runtime } = await open(r.model, r.threads);
const input = new ort.Tensor('float32', inputOf(r.shape.reduce((a, b) => a * b, 1)), r.shape);
const feeds = { [session.inputNames[0]]: input };
for (let i = 0; i < r.warm; i++) await session.run(feeds);
const times = [];
for (let i = 0; i < r.runs; i++) {
  const start = performance.now();
  await session.run(feeds);
  times.push(performance.now() - start);
}
times.sort((a, b) => a - b);
const median = quantile(times, 0.5);
console.log(JSON.stringify({
  model: basename(r.model),
  shape: r.shape,
  threads: r.threads,
  runs: r.runs,
  median_ms: median,
  least_ms: times[0],
  p99_ms: quantile(times, 0.99),
  pictures_per_s: (1000 * r.shape[0]) / median,
  runtime,
}));
