// Runs an ONNX net under ONNX Runtime on inputs that are prepared already.
//   ORT_DIR=FOLDER node detect.mjs MODEL.onnx --shape 1,3,416,416 [--threads 2] DIR...
// Each DIR holds prepared.f32 (as `vigie model run --raw DIR --prepared` writes it); each output is
// written beside it as NAME.ort.f32, both little-endian float32. Prints one JSON object.
import { readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fail, number, open, read, shape } from './session.mjs';

const { values, positionals } = read({
  shape: { type: 'string', default: '1,3,416,416' },
  threads: { type: 'string', default: '2' },
});
const [model, ...folders] = positionals;
if (!model || folders.length === 0) fail('MODEL.onnx and folders with a prepared.f32 are wanted');
const dims = shape(values.shape);
const count = dims.reduce((a, b) => a * b, 1);
const { ort, session, runtime } = await open(model, number('threads', values.threads, 1, 1024));

for (const folder of folders) {
  const bytes = readFileSync(join(folder, 'prepared.f32'));
  if (bytes.length !== 4 * count) fail(`${folder}/prepared.f32: ${bytes.length} bytes, ${4 * count} wanted`);
  const input = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
  const outputs = await session.run({ [session.inputNames[0]]: new ort.Tensor('float32', input, dims) });
  for (const [name, tensor] of Object.entries(outputs)) {
    const { buffer, byteOffset, byteLength } = tensor.data;
    writeFileSync(join(folder, `${name}.ort.f32`), new Uint8Array(buffer, byteOffset, byteLength));
  }
}
console.log(JSON.stringify({ model: basename(model), shape: dims, inputs: folders.length, runtime }));
