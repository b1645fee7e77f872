// Redis, for the checks in a browser that write what a process of the server would.
import net from 'node:net';

/** One command (strings, numbers or buffers) to the socket at `path`; its answer as it came. */
export function redisCommand(path, ...args) {
  const parts = [Buffer.from(`*${args.length}\r\n`)];
  for (const arg of args) {
    const bytes = Buffer.isBuffer(arg) ? arg : Buffer.from(String(arg));
    parts.push(Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from('\r\n'));
  }
  return new Promise((resolve, reject) => {
    const socket = net.connect(path);
    socket.once('error', reject);
    socket.once('data', (data) => {
      socket.end();
      if (data[0] === 0x2d) reject(new Error(data.toString()));
      else resolve(data.toString());
    });
    socket.end(Buffer.concat(parts));
  });
}
