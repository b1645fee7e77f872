// The live wall: flux that are chosen, in a grid, all by one connection.
import { get } from '/console/calls.js';
import { t } from '/console/words.js';
import { KIND, LiveFrames } from '/console/live_frames.js';
import { LiveTile } from '/console/live_tile.js';

const FLUX_MAX = 18;
const AGAIN_MS = 2000;
const CHOSEN = 'vigie.live'; // the choice of this workstation

/** What this browser plays, as the server wants to hear it. */
function plays() {
  const can = (codec) => globalThis.MediaSource?.isTypeSupported(`video/mp4; codecs="${codec}"`);
  const list = [];
  if (can('avc1.4D401F')) list.push('h264');
  if (can('hvc1.1.6.L93.B0')) list.push('h265');
  return list.length ? list.join(',') : 'jpeg';
}

function remembered() {
  try {
    const ids = JSON.parse(localStorage.getItem(CHOSEN) ?? '[]');
    return Array.isArray(ids) ? ids.filter((id) => typeof id === 'string') : [];
  } catch {
    return [];
  }
}

export class LiveWall {
  #section; #choices; #grid; #template; #message; #name; #onSignedOut;
  #chosen = new Set(remembered());
  #known = [];          // ids that can be chosen
  #tiles = new Map();   // id -> LiveTile, in the order of the query
  #open = false;
  #stop = null;         // AbortController of the connection
  #timer = 0;

  /** name(id): the words for a flux. onSignedOut(): the session is over. */
  constructor({ section, template, name, onSignedOut }) {
    this.#section = section;
    this.#template = template;
    this.#name = name;
    this.#onSignedOut = onSignedOut;
    this.#choices = section.querySelector('.live-choices');
    this.#grid = section.querySelector('.live-grid');
    this.#message = section.querySelector('.live-message');
    this.#grid.addEventListener('broken', () => this.#connectLater());
    this.#choices.addEventListener('change', (event) => this.#choose(event.target));
  }

  get isOpen() { return this.#open; }

  open() {
    this.#open = true;
    this.#section.hidden = false;
    this.#connect();
  }

  close() {
    this.#open = false;
    this.#section.hidden = true;
    this.#disconnect();
  }

  /** The flux that there are. */
  offer(ids) {
    if (ids.join() === this.#known.join()) return;
    this.#known = ids;
    this.#showChoices();
    if (this.#open) this.#connect();
  }

  #ids() { return this.#known.filter((id) => this.#chosen.has(id)).slice(0, FLUX_MAX); }

  #showChoices() {
    const full = this.#ids().length >= FLUX_MAX;
    this.#choices.replaceChildren(...this.#known.map((id) => {
      const label = document.createElement('label');
      const box = document.createElement('input');
      box.type = 'checkbox';
      box.value = id;
      box.checked = this.#chosen.has(id);
      box.disabled = full && !box.checked;
      label.append(box, this.#name(id));
      return label;
    }));
  }

  #choose(box) {
    if (box.checked) this.#chosen.add(box.value);
    else this.#chosen.delete(box.value);
    localStorage.setItem(CHOSEN, JSON.stringify([...this.#chosen]));
    const full = this.#ids().length >= FLUX_MAX;
    for (const other of this.#choices.querySelectorAll('input')) other.disabled = full && !other.checked;
    this.#connect();
  }

  #say(key) { this.#message.textContent = key ? t(key) : ''; }

  #disconnect() {
    clearTimeout(this.#timer);
    this.#stop?.abort();
    this.#stop = null;
    for (const tile of this.#tiles.values()) tile.close();
    this.#tiles.clear();
  }

  #connect() {
    this.#disconnect();
    if (!this.#open) return;
    const ids = this.#ids();
    this.#say(ids.length ? '' : 'live.none');
    if (!ids.length) return;
    for (const id of ids) {
      const tile = new LiveTile(this.#template, this.#name(id));
      this.#tiles.set(id, tile);
      this.#grid.append(tile.element);
    }
    const stop = new AbortController();
    this.#stop = stop;
    this.#read(ids, stop).catch(() => 'live.lost').then((why) => this.#again(stop, why));
  }

  #connectLater() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#connect(), AGAIN_MS);
  }

  /** Reads until it ends: what to say then. */
  async #read(ids, stop) {
    const tiles = [...this.#tiles.values()];
    const frames = new LiveFrames((unit) => this.#take(tiles, unit));
    const query = `flux=${ids.map(encodeURIComponent).join(',')}&plays=${plays()}`;
    const answer = await fetch(`/api/v1/live?${query}`, { signal: stop.signal, cache: 'no-store' });
    if (!answer.ok) return answer.status === 429 ? 'live.busy' : 'live.lost';
    for (const reader = answer.body.getReader(); ;) {
      const { done, value } = await reader.read();
      if (done || stop !== this.#stop) return 'live.lost';
      frames.push(value);
    }
  }

  #take(tiles, unit) {
    const tile = tiles[unit.flux];
    if (unit.kind !== KIND.state) {
      tile?.take(unit);
      return;
    }
    const { state, reason } = JSON.parse(new TextDecoder().decode(unit.bytes));
    tile?.say(state, reason);
  }

  /** Comes again after an end that nobody here wanted, as long as the session holds. */
  async #again(stop, why) {
    if (stop !== this.#stop) return;
    stop.abort();
    this.#say(why);
    for (const tile of this.#tiles.values()) tile.say('lost', 'away');
    const failure = await get('/session').then(() => null, (error) => error);
    if (stop !== this.#stop) return;
    if (failure?.status === 401) this.#onSignedOut();
    else this.#connectLater();
  }
}
