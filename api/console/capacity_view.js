// The view of capacity: how much room there is, whether something would fit, and which flux need
// somebody. States of flux come anew every ten seconds. The server writes each question of admission to its
// audit, so that one is asked more rarely, or by the button. A page that nobody looks at asks nothing.
import { call, get, ApiError } from '/console/calls.js';
import { t, setText, moment } from '/console/words.js';
import { siteAsIs, whatIf } from '/console/admission_answer.js';
import { needsOf, asks, byNeed } from '/console/flux_needs.js';
import { FluxTable } from '/console/flux_table.js';

const STATES_S = 10, ROOM_S = 300;
const LATE = 2.5;      // so many times what is usual: then it is old, and that is said
const AT_ONCE = 4;     // states asked for side by side
const USUAL = { fps: 5, priority: 5 }; // as the server begins a flux

/** The rate that most flux have. */
function usualRate(all) {
  const counts = new Map();
  for (const { rate_fps: fps, active } of all) if (active) counts.set(fps, (counts.get(fps) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1] || b[0] - a[0])[0]?.[0] ?? USUAL.fps;
}

/** The states of all that are active, by id; one that was deleted meanwhile is not there. */
async function getStates(all) {
  const states = new Map();
  const queue = all.filter((flux) => flux.active);
  const work = async () => {
    for (let flux = queue.pop(); flux; flux = queue.pop()) {
      try {
        states.set(flux.id, await get(`/flux/${encodeURIComponent(flux.id)}/state`));
      } catch (failure) {
        if (failure.status === 404) continue;
        queue.length = 0;
        throw failure;
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return states;
}

/** The same options are left alone, and what was chosen stays chosen. */
function offer(select, options) {
  if ([...select.options].map((o) => `${o.value}\n${o.text}`).join('\n') === options.flat().join('\n')) return;
  const chosen = select.value;
  select.replaceChildren(...options.map(([value, text]) => new Option(text, value)));
  if (options.some(([value]) => value === chosen)) select.value = chosen;
}

export class CapacityView {
  #section; #table; #form; #getFlux; #onFailure;
  #stop = null;                 // AbortController of what runs while the view is open
  #flux = new Map();            // id -> flux of the configuration, as last read
  #at = { states: 0, room: 0 }; // when it was opened or last known, ms of the clock that never jumps
  #when = { states: '', room: '' };
  #timers = new Set();

  /** getFlux(): all flux, or null. onFailure(error): of a call. */
  constructor({ section, template, getFlux, onFailure }) {
    this.#section = section;
    this.#getFlux = getFlux;
    this.#onFailure = onFailure;
    this.#table = new FluxTable(section.querySelector('tbody'), template);
    this.#form = section.querySelector('form');
    this.#form.addEventListener('submit', (event) => this.#ask(event));
    this.#form.flux.addEventListener('change', () => this.#takeFlux());
    this.#one('.capacity-again button').addEventListener('click', () => this.#askRoom(this.#stop));
  }

  get isOpen() { return this.#stop !== null; }

  async open() {
    const stop = new AbortController();
    this.#stop = stop;
    this.#at = { states: performance.now(), room: performance.now() };
    this.#when = { states: '', room: '' };
    this.#section.hidden = false;
    document.addEventListener('visibilitychange', () => this.#wake(stop), { signal: stop.signal });
    this.#every(1, stop, () => this.#sayAge());
    this.#resetForm();
    await this.#refresh(stop);
    this.#every(STATES_S, stop, () => this.#refresh(stop));
    await this.#askRoom(stop);
    this.#every(ROOM_S, stop, () => this.#askRoom(stop));
  }

  close() {
    this.#stop?.abort();
    this.#stop = null;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    for (const part of this.#section.querySelectorAll('[aria-busy]')) part.removeAttribute('aria-busy');
    this.#section.hidden = true;
    this.#flux.clear();
    this.#table.show([]);
    for (const answer of this.#section.querySelectorAll('.capacity-answer')) answer.replaceChildren();
    for (const name of ['.capacity-needs', '.capacity-time', '.capacity-now .error', '.capacity-ask .error']) setText(this.#one(name), '');
    this.#one('.capacity-old').hidden = true;
  }

  #one(selector) { return this.#section.querySelector(selector); }

  #name(id) { return id ? this.#flux.get(id)?.label || id : t('ask.new'); }

  /** Again and again until `stop`, each so long after the last has ended. */
  #every(seconds, stop, run) {
    if (stop.signal.aborted) return;
    const timer = setTimeout(async () => {
      this.#timers.delete(timer);
      if (!document.hidden) await run();
      this.#every(seconds, stop, run);
    }, seconds * 1000);
    this.#timers.add(timer);
  }

  #wake(stop) {
    if (document.hidden) return;
    this.#sayAge();
    this.#refresh(stop);
    if (this.#age('room') > ROOM_S) this.#askRoom(stop);
  }

  // ---- how old it is ----

  #known(what) {
    this.#at[what] = performance.now();
    this.#when[what] = moment(new Date().toISOString());
    this.#sayAge();
  }

  #age(what) { return (performance.now() - this.#at[what]) / 1000; }

  #sayAge() {
    const words = (what) => (this.#when[what] ? t(`old.${what}`, { time: this.#when[what] }) : t(`old.no_${what}`));
    const old = [['states', STATES_S], ['room', ROOM_S]].filter(([what, usual]) => this.#age(what) > LATE * usual).map(([what]) => words(what));
    setText(this.#one('.capacity-old'), old.join(' '));
    this.#one('.capacity-old').hidden = old.length === 0;
  }

  // ---- the flux ----

  /** All or nothing: a table half of which is old would not say so. */
  async #refresh(stop) {
    const all = await this.#getFlux();
    const states = all ? await getStates(all).catch(this.#onFailure) : null;
    if (!states || stop.signal.aborted) return;
    const there = all.filter((flux) => !flux.active || states.has(flux.id));
    this.#flux = new Map(there.map((flux) => [flux.id, flux]));
    const rows = there.map((flux) => needsOf(flux, states.get(flux.id) ?? null)).sort(byNeed);
    this.#table.show(rows);
    this.#offerFlux();
    const count = rows.filter(asks).length;
    const key = rows.length === 0 ? 'flux.none' : count ? 'capacity.needs' : 'capacity.needs_none';
    setText(this.#one('.capacity-needs'), t(key, { count, all: rows.length }));
    this.#known('states');
    setText(this.#one('.capacity-time'), t('capacity.time', { time: this.#when.states }));
  }

  // ---- the room there is ----

  async #askRoom(stop) {
    const fps = usualRate([...this.#flux.values()]);
    await this.#answer(this.#one('.capacity-now'), stop, async () => {
      const answer = await call('POST', '/admission', { rate_fps: fps, priority: USUAL.priority });
      if (stop === this.#stop) this.#known('room');
      return siteAsIs(answer, fps);
    });
  }

  /** Shows what `run` gives, or why there is nothing, in that part; one question at a time. */
  async #answer(part, stop, run) {
    const error = part.querySelector('.error');
    if (stop.signal.aborted || part.ariaBusy === 'true') return;
    part.ariaBusy = 'true';
    try {
      const shown = await run();
      if (stop !== this.#stop) return;
      part.querySelector('.capacity-answer').replaceChildren(...shown);
      error.textContent = '';
    } catch (failure) {
      if (!(failure instanceof ApiError)) throw failure;
      if (stop !== this.#stop) return;
      error.textContent = failure.message || t('error.network');
      if (failure.status === 401) this.#onFailure(failure);
    } finally {
      if (stop === this.#stop) part.removeAttribute('aria-busy');
    }
  }

  // ---- what if ----

  #resetForm() {
    this.#offerFlux();
    this.#form.flux.value = this.#form.rules.value = '';
    this.#takeFlux();
  }

  #offerFlux() {
    const all = [...this.#flux.values()];
    const own = this.#form.flux.value ? t('ask.rules_own') : t('ask.rules_none');
    offer(this.#form.flux, [['', t('ask.new')], ...all.map((flux) => [flux.id, this.#name(flux.id)])]);
    offer(this.#form.rules, [['', own], ...all.filter((flux) => flux.has_scene).map((flux) => [flux.id, t('ask.rules_of', { flux: this.#name(flux.id) })])]);
  }

  /** A flux that is there begins with what it has. */
  #takeFlux() {
    const flux = this.#flux.get(this.#form.flux.value);
    this.#form.rate.value = flux?.rate_fps ?? USUAL.fps;
    this.#form.priority.value = flux?.priority ?? USUAL.priority;
    this.#form.rules.value = '';
    this.#offerFlux();
  }

  async #question() {
    const { flux, rate, priority, rules } = this.#form;
    const body = { rate_fps: rate.valueAsNumber, priority: priority.valueAsNumber };
    if (flux.value) body.flux = flux.value;
    if (rules.value) body.scene = await get(`/flux/${encodeURIComponent(rules.value)}/scene`);
    return body;
  }

  async #ask(event) {
    event.preventDefault();
    const isNew = !this.#flux.get(this.#form.flux.value)?.active;
    const part = this.#one('.capacity-ask');
    part.querySelector('.capacity-answer').replaceChildren(); // it answered another question
    await this.#answer(part, this.#stop, async () => {
      const answer = await call('POST', '/admission', await this.#question());
      return whatIf(answer, { isNew, name: (id) => this.#name(id) });
    });
  }
}
