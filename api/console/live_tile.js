// One flux of the wall: a video by Media Source Extensions, or pictures drawn one after the other,
// and what is to be said when there are none.
import { KIND } from '/console/live_frames.js';
import { t, fill } from '/console/words.js';

const BEHIND_MAX = 1.5;   // seconds behind the end of what is buffered: then it jumps there
const BEHIND_JUMP = 0.3;  // so far before the end
const KEPT = 10;          // seconds behind the present that stay buffered
const QUEUE_MAX = 100;    // fragments that wait for the decoder: beyond, it starts at the next key

export class LiveTile {
  #item; #video; #canvas; #overlay;
  #source = null; #buffer = null; #url = '';
  #queue = []; #waitsForKey = true;
  #unplayed = false; // a codec that this browser said it played
  #drawing = false; #next = null; // pictures: the one that waits while one is being decoded

  constructor(template, name) {
    this.#item = template.content.firstElementChild.cloneNode(true);
    fill(this.#item);
    this.#video = this.#item.querySelector('video');
    this.#canvas = this.#item.querySelector('canvas');
    this.#overlay = this.#item.querySelector('.live-state');
    this.#item.querySelector('h3').textContent = name;
    this.#video.setAttribute('aria-label', t('live.video', { flux: name }));
    this.#canvas.setAttribute('aria-label', t('live.video', { flux: name }));
    this.#video.addEventListener('error', () => this.#restart());
    this.say('waiting', '');
  }

  get element() { return this.#item; }

  say(state, reason) {
    if (this.#unplayed && state === 'live') return;
    this.#item.dataset.state = state;
    this.#overlay.hidden = state === 'live';
    this.#overlay.textContent = t(reason ? `live.lost_${reason}` : `live.${state}`);
  }

  take(unit) {
    if (unit.kind === KIND.init) this.#begin(unit);
    else if (unit.kind === KIND.fragment) this.#append(unit);
    else if (unit.kind === KIND.picture) this.#draw(unit.bytes);
  }

  close() {
    this.#endSource();
    this.#next = null;
    this.#item.remove();
  }

  // ---- video ----

  #endSource() {
    if (this.#url) URL.revokeObjectURL(this.#url);
    this.#source = this.#buffer = null;
    this.#url = '';
    this.#queue = [];
    this.#waitsForKey = true;
    this.#video.removeAttribute('src');
  }

  #begin({ bytes, codec }) {
    const type = `video/mp4; codecs="${codec}"`;
    this.#endSource();
    if (!globalThis.MediaSource?.isTypeSupported(type)) {
      this.#unplayed = true;
      this.say('lost', 'codec');
      return;
    }
    this.#unplayed = false;
    const source = new MediaSource();
    this.#source = source;
    this.#url = URL.createObjectURL(source);
    this.#queue.push(bytes);
    source.addEventListener('sourceopen', () => {
      if (source !== this.#source) return;
      this.#buffer = source.addSourceBuffer(type);
      this.#buffer.mode = 'segments';
      this.#buffer.addEventListener('updateend', () => this.#pump());
      this.#pump();
    }, { once: true });
    this.#video.src = this.#url;
    this.#video.hidden = false;
    this.#canvas.hidden = true;
  }

  #append({ key, bytes }) {
    if (!this.#source) return;
    if (this.#queue.length > QUEUE_MAX) {
      this.#queue = [];
      this.#waitsForKey = true;
    }
    if (this.#waitsForKey && !key) return;
    this.#waitsForKey = false;
    this.#queue.push(bytes);
    this.#pump();
  }

  #pump() {
    const buffer = this.#buffer;
    if (!buffer || buffer.updating || this.#source?.readyState !== 'open') return;
    this.#keepNear();
    if (buffer.updating) return; // what is past is being taken away
    const bytes = this.#queue.shift();
    if (!bytes) return;
    try {
      buffer.appendBuffer(bytes);
    } catch {
      this.#restart(); // full, or the decoder has given up: from the next key on
    }
  }

  /** Plays near the end of what is there, and lets the past go. */
  #keepNear() {
    const { buffered } = this.#buffer;
    if (!buffered.length) return;
    const end = buffered.end(buffered.length - 1);
    const begin = buffered.start(buffered.length - 1);
    const at = this.#video.currentTime;
    if (at < begin || end - at > BEHIND_MAX) this.#video.currentTime = Math.max(begin, end - BEHIND_JUMP);
    if (this.#video.paused) this.#video.play().catch(() => {}); // hidden, or about to end
    if (buffered.start(0) < end - 2 * KEPT) this.#buffer.remove(0, end - KEPT);
  }

  /** The server sends an init segment once: without it nothing more can be shown. */
  #restart() {
    if (!this.#source) return;
    this.#endSource();
    this.#item.dispatchEvent(new CustomEvent('broken', { bubbles: true }));
  }

  // ---- pictures ----

  async #draw(bytes) {
    if (this.#drawing) {
      this.#next = bytes;
      return;
    }
    this.#drawing = true;
    this.#video.hidden = true;
    this.#canvas.hidden = false;
    for (let data = bytes; data;) {
      const picture = await createImageBitmap(new Blob([data], { type: 'image/jpeg' })).catch(() => null);
      if (picture) this.#show(picture);
      data = this.#next;
      this.#next = null;
    }
    this.#drawing = false;
  }

  #show(picture) {
    if (this.#canvas.width !== picture.width) this.#canvas.width = picture.width;
    if (this.#canvas.height !== picture.height) this.#canvas.height = picture.height;
    this.#canvas.getContext('2d').drawImage(picture, 0, 0);
    picture.close();
  }
}
