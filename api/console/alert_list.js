// The list of alerts: one card per alert, newest first, changed in place so that nobody loses
// what he is typing and no picture is fetched (and written to the audit) twice.
import { call, ApiError } from '/console/calls.js';
import { t, term, fill, moment, share } from '/console/words.js';

const CARDS_MAX = 200; // unless older ones were asked for; what leaves the page stays in the archive

export const clipPath = (alert) => `/api/v1/alerts/${encodeURIComponent(alert.id)}/clip`;

export class AlertList {
  #cards = new Map(); // id -> { alert, item }
  #list; #template; #names; #onPicture; #onClip; #onChange; #onTrim;
  #state = ''; // shown: this state only; '' is all
  #room = CARDS_MAX;

  /**
   * names: { flux(id), place(flux, id) } give the words for ids. onChange(): what is seen may be
   * another now. onTrim(id): that card has left the page at the bottom.
   */
  constructor({ list, template, names, onPicture, onClip, onChange, onTrim }) {
    this.#list = list;
    this.#template = template;
    this.#names = names;
    this.#onPicture = onPicture;
    this.#onClip = onClip;
    this.#onChange = onChange;
    this.#onTrim = onTrim;
  }

  get visible() {
    return [...this.#cards.values()].filter(({ item }) => !item.hidden).length;
  }

  /** One that comes by itself: at the top it pushes the last card out. True if it is new here. */
  push(alert) {
    if (this.#cards.has(alert.id)) return this.#put(alert);
    if (this.#state !== '' && alert.state !== this.#state) return true;
    this.#put(alert);
    if (this.#list.firstElementChild.dataset.id === alert.id) this.#trim();
    this.#onChange();
    return true;
  }

  /** Those of a page that was asked for: they all stay. Returns how many were not here yet. */
  add(alerts) {
    const fresh = alerts.filter((alert) => this.#put(alert)).length;
    this.#room = Math.max(this.#room, this.#cards.size);
    this.#onChange();
    return fresh;
  }

  /** Puts an alert in, or brings its card up to date. True if it is new here. */
  #put(alert) {
    const known = this.#cards.get(alert.id);
    if (known) {
      known.alert = alert;
      this.#show(known);
      return false;
    }
    const item = this.#template.content.firstElementChild.cloneNode(true);
    const card = { alert, item };
    fill(item);
    this.#wire(card);
    this.#show(card);
    this.#cards.set(alert.id, card);
    this.#insert(card);
    return true;
  }

  /** Empties the list; from now on it shows alerts of this state ('': all). */
  clear(state = this.#state) {
    this.#state = state;
    this.#room = CARDS_MAX;
    this.#cards.clear();
    this.#list.replaceChildren();
  }

  /** Words for ids have come: write them into the cards. */
  rename() { for (const card of this.#cards.values()) this.#show(card); }

  /** A sentence for those who do not see the list. */
  announce(alert) {
    return t('alerts.new', {
      event: term('event', alert.event), place: this.#place(alert), severity: term('severity', alert.severity),
    });
  }

  #place(alert) {
    return alert.place ? this.#names.place(alert.flux, alert.place) : t('alert.whole');
  }

  // times are unique enough to sort by; the id breaks a tie
  static #key(alert) { return `${new Date(alert.time ?? 0).toISOString()} ${alert.id}`; }

  #insert(card) {
    const key = AlertList.#key(card.alert);
    for (const other of this.#list.children) {
      if (AlertList.#key(this.#cards.get(other.dataset.id).alert) < key) {
        this.#list.insertBefore(card.item, other);
        return;
      }
    }
    this.#list.append(card.item);
  }

  #trim() {
    while (this.#cards.size > this.#room) {
      const last = this.#list.lastElementChild;
      if (last.contains(document.activeElement)) return;
      this.#cards.delete(last.dataset.id);
      last.remove();
      this.#onTrim(last.dataset.id);
    }
  }

  #hide({ alert, item }) {
    const hidden = this.#state !== '' && alert.state !== this.#state;
    if (item.hidden === hidden) return;
    item.hidden = hidden;
    this.#onChange();
  }

  #wire(card) {
    const { alert, item } = card;
    const comment = item.querySelector('.comment');
    const label = item.querySelector('label');
    item.dataset.id = alert.id;
    comment.id = `comment-${alert.id}`;
    comment.placeholder = t('verdict.hint');
    label.htmlFor = comment.id;
    item.querySelector('h3').id = `title-${alert.id}`;
    item.querySelector('article').setAttribute('aria-labelledby', `title-${alert.id}`);
    item.querySelector('.verdict').addEventListener('submit', (event) => event.preventDefault());
    for (const button of item.querySelectorAll('[data-verdict]')) {
      button.addEventListener('click', () => this.#judge(card, button.dataset.verdict));
    }
    item.querySelector('.clip-play').addEventListener('click', () => this.#onClip(card.alert));
    const still = item.querySelector('.still');
    const image = still.querySelector('img');
    if (alert.evidence?.picture) {
      image.src = `/api/v1/alerts/${encodeURIComponent(alert.id)}/picture`;
      image.addEventListener('error', () => { still.disabled = true; still.classList.add('none'); });
      still.addEventListener('click', () => this.#onPicture(image));
    } else {
      still.disabled = true;
      still.classList.add('none');
      image.remove();
      still.textContent = t('alert.no_picture');
    }
  }

  #show(card) {
    const { alert, item } = card;
    const one = (selector) => item.querySelector(selector);
    const event = term('event', alert.event);
    const place = this.#place(alert);
    one('h3').textContent = event;
    one('.severity').textContent = t('alert.severity', { severity: term('severity', alert.severity) });
    one('.severity').dataset.severity = alert.severity;
    one('.place').textContent = place;
    one('.flux').textContent = this.#names.flux(alert.flux);
    one('time').textContent = moment(alert.time);
    one('time').dateTime = alert.time ?? '';
    one('meter').value = alert.score ?? 0;
    one('meter').setAttribute('aria-label', t('alert.score'));
    one('.score span').textContent = share(alert.score ?? 0);
    const image = one('.still img');
    if (image) image.alt = t('alert.picture', { event, place, time: moment(alert.time) });
    this.#showClip(card);
    this.#showState(card);
    this.#hide(card);
  }

  /** A clip comes some seconds after its alert, or never. */
  #showClip({ alert, item }) {
    const { clip, clip_missing: missing } = alert.evidence ?? {};
    const save = item.querySelector('.clip-save');
    const none = item.querySelector('.clip-none');
    item.querySelector('.clip').hidden = !clip;
    if (clip) save.href = clipPath(alert);
    save.download = '';
    none.hidden = Boolean(clip) || !missing;
    none.textContent = missing ? t('clip.none', { reason: term('clip', missing) }) : '';
  }

  #showState({ alert, item }) {
    const one = (selector) => item.querySelector(selector);
    const verdict = alert.verdict ?? {};
    item.querySelector('article').dataset.state = alert.state;
    one('.state').textContent = term('state', alert.state);
    one('.by').textContent = verdict.by ? t('alert.by', { name: verdict.by, time: moment(verdict.at ?? verdict.time) }) : '';
    one('.said').textContent = verdict.comment ? `« ${verdict.comment} »` : '';
    one('.said').hidden = !verdict.comment;
    one('[data-verdict="seen"]').hidden = alert.state !== 'new';
    for (const state of ['confirmed', 'refuted']) {
      one(`[data-verdict="${state}"]`).setAttribute('aria-pressed', String(alert.state === state));
    }
  }

  async #judge(card, state) {
    const error = card.item.querySelector('.verdict .error');
    const comment = card.item.querySelector('.comment');
    error.textContent = '';
    try {
      const body = { state };
      if (comment.value.trim()) body.comment = comment.value.trim();
      card.alert = await call('PUT', `/alerts/${encodeURIComponent(card.alert.id)}/verdict`, body);
      comment.value = '';
      this.#show(card);
    } catch (failure) {
      if (!(failure instanceof ApiError)) throw failure;
      error.textContent = failure.message || t('error.network');
    }
  }
}
