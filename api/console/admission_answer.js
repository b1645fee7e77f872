// What the server answers to "would it fit?", in words and figures. Nothing is computed here but the
// share that is left (1 less the load) and how many fit (the one that was asked, and `more`).
import { t, number, rate, share } from '/console/words.js';

function element(tag, text, name = '') {
  const made = document.createElement(tag);
  made.textContent = text;
  if (name) made.className = name;
  return made;
}

/** rows: [name, value], in a list of names and values. */
function figures(rows) {
  const list = document.createElement('dl');
  for (const [name, value] of rows) {
    const row = document.createElement('div');
    row.append(element('dt', name), element('dd', value));
    list.append(row);
  }
  return list;
}

const sentence = (text) => `${text.charAt(0).toLocaleUpperCase('fr')}${text.slice(1)}.`;
const milliseconds = (ms) => t('fit.ms', { ms: number(ms) });
const left = (load) => (load <= 1 ? share(1 - load) : t('fit.lacking', { share: share(load - 1) }));
const limit = (answer) => [t('fit.limited_by'), t(`fit.by_${answer.limited_by}`)];

/** How many such flux fit in all, the one that was asked included. */
const fitting = (answer) => (answer.verdict === 'held' ? answer.more + 1 : 0);

function unknown(answer) {
  return [element('p', `${t('fit.not_known')} ${sentence(answer.message)}`, 'verdict-line'), element('p', t('fit.not_known_do'), 'muted')];
}

function assumed(answer) {
  return answer.assumed.map((what) => element('p', t(`fit.assumed_${what}`), 'muted'));
}

/** The site as it is. answer: that for one more flux of this rate, without rules. */
export function siteAsIs(answer, fps) {
  if (answer.verdict === 'not_known') return unknown(answer);
  const count = fitting(answer);
  const lead = count ? t('fit.room', { count: number(count), fps: rate(fps) }) : `${t('fit.no_room', { fps: rate(fps) })} ${sentence(answer.message)}`;
  return [element('p', lead, 'verdict-line'), figures([
    [t('fit.load'), share(answer.load.before)],
    [t('fit.left'), left(answer.load.before)],
    limit(answer),
  ]), ...assumed(answer)];
}

function fallen(answer, name) {
  if (!answer.fallen_count) return [];
  const list = element('ul', '', 'fallen');
  for (const one of answer.fallen) {
    const to = one.after_fps > 0 ? t('fit.falls_to', { fps: rate(one.after_fps) }) : t('fit.is_shed');
    list.append(element('li', t('fit.falls', { flux: name(one.flux), before: rate(one.before_fps), to })));
  }
  const rest = answer.fallen_count - answer.fallen.length;
  const parts = [element('h4', t('fit.fallen', { count: answer.fallen_count })), list];
  if (rest > 0) parts.push(element('p', t('fit.fallen_rest', { count: rest }), 'muted'));
  return parts;
}

const change = (before, after) => t('fit.change', { before, after });

/** What was asked. isNew: of a flux that is not watched yet. name(id): the words for a flux. */
export function whatIf(answer, { isNew, name }) {
  if (answer.verdict === 'not_known') return unknown(answer);
  const { load, latency_ms: latency, worst } = answer;
  const rows = [
    [t('fit.load'), change(share(load.before), share(load.after))],
    [t('fit.left_after'), left(load.after)],
    limit(answer),
    [t('fit.p50'), milliseconds(latency.p50)],
    [t('fit.p95'), milliseconds(latency.p95)],
    [t('fit.p99'), milliseconds(latency.p99)],
    [t('fit.worst'), change(share(worst.before), share(worst.after))],
  ];
  if (isNew) rows.push([t('fit.fitting'), number(fitting(answer))]);
  const lead = element('p', '', 'verdict-line');
  const mark = element('span', t(`fit.verdict_${answer.verdict}`), 'mark');
  mark.dataset.kind = { held: 'good', degraded: 'warn', refused: 'bad' }[answer.verdict];
  lead.append(mark, ` ${sentence(answer.message)} ${t(`fit.${answer.verdict}`)}`);
  return [lead, figures(rows), ...fallen(answer, name), ...assumed(answer)];
}
