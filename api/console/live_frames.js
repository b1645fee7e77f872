// Frames of /api/v1/live (docs/api-live.md): bytes in, whole units out. No page is needed for it.

export const KIND = { state: 1, init: 2, fragment: 3, picture: 4, alive: 5 };
const HEAD = 24;
const CODEC = 64;
const SIZE_MAX = 8 << 20; // of a unit: more is no frame of ours

export class LiveFrames {
  #held = new Uint8Array(0); // what has come of a frame that is not whole
  #units = new Map();        // flux number -> { kind, key, bytes, at }
  #onUnit;

  /** onUnit({ kind, flux, key, wall, bytes, codec }): a whole unit; wall in ms since 1970. */
  constructor(onUnit) { this.#onUnit = onUnit; }

  /** Takes what has come; throws when it is no row of frames. */
  push(chunk) {
    let data = chunk;
    if (this.#held.length) {
      data = new Uint8Array(this.#held.length + chunk.length);
      data.set(this.#held);
      data.set(chunk, this.#held.length);
    }
    let at = 0;
    while (data.length - at >= HEAD) {
      const head = new DataView(data.buffer, data.byteOffset + at, HEAD);
      const size = head.getUint32(0, true);
      if (size > SIZE_MAX) throw new RangeError('live: a frame is too large');
      if (data.length - at < HEAD + size) break;
      this.#frame(head, data.subarray(at + HEAD, at + HEAD + size));
      at += HEAD + size;
    }
    this.#held = data.slice(at);
  }

  #frame(head, bytes) {
    const kind = head.getUint8(4);
    const flags = head.getUint8(5);
    const flux = head.getUint16(6, true);
    const size = head.getUint32(8, true);
    const wall = Number(head.getBigInt64(16, true)) / 1000;
    if (kind === KIND.alive) {
      this.#onUnit({ kind, flux: -1, key: false, wall, bytes });
      return;
    }
    if (flags & 1) {
      if (size > SIZE_MAX) throw new RangeError('live: a unit is too large');
      this.#units.set(flux, { kind, key: (flags & 4) !== 0, wall, bytes: new Uint8Array(size), at: 0 });
    }
    const unit = this.#units.get(flux);
    if (!unit || unit.at + bytes.length > unit.bytes.length) return;
    unit.bytes.set(bytes, unit.at);
    unit.at += bytes.length;
    if (!(flags & 2)) return;
    this.#units.delete(flux);
    if (unit.at === unit.bytes.length) this.#give(flux, unit);
  }

  #give(flux, { kind, key, wall, bytes }) {
    if (kind !== KIND.init) {
      this.#onUnit({ kind, flux, key, wall, bytes });
      return;
    }
    const name = bytes.subarray(0, CODEC);
    const end = name.indexOf(0);
    const codec = new TextDecoder().decode(end < 0 ? name : name.subarray(0, end));
    this.#onUnit({ kind, flux, key, wall, bytes: bytes.subarray(CODEC), codec });
  }
}
