// What is to be known of a flux, worst first: the words and remedies of docs/flux.md, and whether
// somebody is needed now (bad), when there is time (warn), or nobody (off).
import { t, term, known } from '/console/words.js';

const names = (list) => (list ?? '').split(',').filter(Boolean);
const warned = (name) => (state) => names(state.warnings).includes(name);
const is = (key, value) => (state) => state[key] === value;

// Families of rows: the words are those of need.NAME, is.NAME and do.NAME.
const ROWS = [
  ['shed', 'bad', warned('shed')],
  ['refused', 'bad', is('state', 'refused')],
  ['lost', 'bad', is('state', 'lost')],
  ['stalled', 'bad', is('state', 'stalled')],
  ['unknown', 'bad', is('state', 'unknown')],
  ['masked', 'bad', is('view', 'masked')],
  ['black', 'bad', is('view', 'black')],
  ['frozen', 'bad', is('view', 'frozen')],
  ['moved', 'bad', is('view', 'moved')],
  ['blurred', 'bad', is('view', 'blurred')],
  ['costly', 'warn', warned('costly')],
  ['blind', 'warn', (state) => names(state.blind).length > 0],
  ['keys', 'warn', warned('keys')],
  ['reduced', 'warn', warned('reduced')],
  ['slow', 'warn', warned('slow')],
  ['small', 'warn', warned('small')],
  ['waiting', 'off', is('state', 'waiting')],
  ['connecting', 'off', is('state', 'connecting')],
].map(([name, kind, holds], rank) => ({ name, kind, holds, rank }));

const WATCHED = ROWS.length; // the rank of one that needs nothing
const OFF = WATCHED + 1;     // and of one that is not to be watched

/** A cause has a remedy of its own where there is one: a refusal by its reason, a loss by its cause. */
function remedy(row, state) {
  const why = { refused: state.reason, lost: state.cause }[row.name];
  const own = `do.${row.name}_${why}`;
  return t(why && known(own) ? own : `do.${row.name}`);
}

function note(row, state) {
  const events = names(state.blind).map((event) => term('event', event)).join(', ');
  return { kind: row.kind, name: t(`need.${row.name}`), what: t(`is.${row.name}`, { events }), remedy: remedy(row, state) };
}

/** A flux as its row shows it. state: what the server tells of it; null: it is switched off. */
export function needsOf(flux, state) {
  const one = { id: flux.id, name: flux.label || flux.id, wanted: flux.rate_fps, given: null, rank: OFF, kind: 'off', notes: [] };
  if (!flux.active || !state) return { ...one, state: t('connection.inactive') };
  if (state.permitted === false) return { ...one, state: t('connection.forbidden') };
  const rows = ROWS.filter((row) => row.holds(state));
  const live = state.state === 'live';
  return {
    ...one,
    state: term('connection', state.state),
    kind: live ? 'good' : rows[0]?.kind ?? 'off',
    wanted: state.wanted_fps > 0 ? state.wanted_fps : flux.rate_fps,
    given: live ? state.rate_fps ?? null : null,
    rank: rows[0]?.rank ?? (live ? WATCHED : OFF),
    notes: rows.map((row) => note(row, state)),
  };
}

export const asks = (one) => one.notes.some(({ kind }) => kind !== 'off');

/** Who needs somebody first; within a row by name. */
export const byNeed = (a, b) => a.rank - b.rank || a.name.localeCompare(b.name, 'fr', { numeric: true });
