// The table of flux: a row for each, changed in place, so that it neither grows nor jumps under who
// reads it.
import { t, rate, setText } from '/console/words.js';

const rateOrNone = (fps) => (fps === null ? '—' : rate(fps));

function noteItem({ kind, name, what, remedy }) {
  const item = document.createElement('li');
  const mark = document.createElement('span');
  mark.className = 'mark';
  mark.dataset.kind = kind;
  mark.textContent = name;
  item.append(mark, `${what} ${t('table.do', { remedy })}`);
  return item;
}

export class FluxTable {
  #body; #template;
  #rows = new Map(); // id -> { row, shown: what it shows, as text }

  constructor(body, template) {
    this.#body = body;
    this.#template = template;
  }

  /** Shows these, in this order, and no others. */
  show(list) {
    const ids = new Set(list.map((one) => one.id));
    for (const [id, { row }] of this.#rows) {
      if (ids.has(id)) continue;
      row.remove();
      this.#rows.delete(id);
    }
    list.forEach((one, at) => {
      const row = this.#put(one);
      if (this.#body.children[at] !== row) this.#body.insertBefore(row, this.#body.children[at] ?? null);
    });
  }

  #put(one) {
    const shown = JSON.stringify(one);
    let known = this.#rows.get(one.id);
    if (known?.shown === shown) return known.row;
    known ??= { row: this.#template.content.firstElementChild.cloneNode(true) };
    known.shown = shown;
    this.#rows.set(one.id, known);
    this.#fill(known.row, one);
    return known.row;
  }

  #fill(row, one) {
    const mark = row.querySelector('td .mark');
    const [wanted, given] = row.querySelectorAll('.figure');
    row.dataset.id = one.id;
    setText(row.querySelector('th'), one.name);
    setText(mark, one.state);
    mark.dataset.kind = one.kind;
    setText(wanted, rateOrNone(one.wanted));
    setText(given, rateOrNone(one.given));
    row.querySelector('.needs').replaceChildren(...one.notes.map(noteItem));
  }
}
