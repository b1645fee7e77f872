// Drives the view of capacity in a real browser, and compares what it shows with what the API answers.
//
// Environment: VIGIE_PART ("written": nothing is measured but what is written here as analysis would;
// "measured": analysis runs), VIGIE_URL, VIGIE_TECH and VIGIE_OPERATOR (accounts), VIGIE_PASSWORD (of
// both), VIGIE_REDIS (socket of the private Redis), VIGIE_CLIP (352x288, for "measured"), VIGIE_NODE
// (folder with node_modules), CHROMIUM. Prints one line per check; ends with 1 if one failed.
import { createRequire } from 'node:module';
import { lowContrast, sticksOut, unnamed } from './page_look.mjs';
import { redisCommand } from './redis_command.mjs';

const env = process.env;
const require = createRequire(`${env.VIGIE_NODE}/`);
const { chromium } = require('playwright-core');
const SLOW_MS = 90000; // what takes a few seconds when nothing else runs
const API = `${env.VIGIE_URL}/api/v1`;

let failed = 0;
function check(what, good, detail = '') {
  console.log(`${good ? 'ok     ' : 'FAILED '} ${what}${good ? '' : ` ${detail}`}`);
  if (!good) failed += 1;
}
function same(what, got, wanted) {
  check(what, JSON.stringify(got) === JSON.stringify(wanted), `${JSON.stringify(got)}, expected ${JSON.stringify(wanted)}`);
}

const redis = (...args) => redisCommand(env.VIGIE_REDIS, ...args);

const browser = await chromium.launch({
  executablePath: env.CHROMIUM ?? '/usr/bin/chromium',
  headless: true,
  timeout: SLOW_MS,
  args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--disable-background-networking'],
});

async function signIn(name, errors) {
  const context = await browser.newContext({ ignoreHTTPSErrors: true, locale: 'fr-FR', viewport: { width: 1280, height: 800 }, reducedMotion: 'reduce' });
  const page = await context.newPage();
  page.setDefaultTimeout(SLOW_MS);
  page.on('console', (m) => {
    const unwell = /\/health$/.test(m.location().url) && m.text().includes('503');
    if (/error|warning/.test(m.type()) && !unwell) errors.push(`${m.text()} ${m.location().url}`);
  });
  page.on('pageerror', (e) => errors.push(e.message));
  await page.goto(`${env.VIGIE_URL}/`, { waitUntil: 'domcontentloaded' });
  await page.fill('#name', name);
  await page.fill('#password', env.VIGIE_PASSWORD);
  const session = page.waitForResponse((r) => r.url() === `${API}/session` && r.request().method() === 'POST');
  await page.click('#sign-in-form button');
  const { csrf } = await (await session).json();
  await page.waitForSelector('#watch:not([hidden])');
  return { page, csrf };
}

/** By the API beside the page, as the same account: status and answer. */
async function api({ page, csrf }, method, path, data, headers = {}) {
  const answer = await page.context().request.fetch(`${API}${path}`, { method, data, timeout: SLOW_MS, headers: { 'X-CSRF-Token': csrf, 'Accept-Language': 'fr', 'Content-Type': 'application/json', ...headers } });
  return { status: answer.status(), body: await answer.json().catch(() => null) };
}

const labels = new Map(); // id -> label

async function addFlux(visitor, flux) {
  if (flux.label) labels.set(flux.id, flux.label);
  const { status, body } = await api(visitor, 'POST', '/flux?admit=degraded', { url: 'file:/nowhere.mp4', ...flux });
  if (status !== 201) throw new Error(`${flux.id}: ${status} ${JSON.stringify(body)}`);
}

// ---- what is shown, and what it is to be ------------------------------------------------------------

const plain = (text) => text.replace(/\s+/g, ' ').trim(); // French figures have spaces of several kinds
const percent = (value) => plain(new Intl.NumberFormat('fr-FR', { style: 'percent' }).format(value));
const figure = (value) => plain(new Intl.NumberFormat('fr-FR', { maximumFractionDigits: 1 }).format(value));
const rate = (fps) => plain(new Intl.NumberFormat('fr-FR', { maximumFractionDigits: 2 }).format(fps));
const LIMITS = { device: 'le calculateur', cores: 'les cœurs de la machine' };
const left = (load) => (load <= 1 ? percent(1 - load) : `il manque ${percent(load - 1)}`);
const fitting = (fit) => (fit.verdict === 'held' ? fit.more + 1 : 0);

/** The names and values of a list of figures. */
async function figures(page, part) {
  const rows = await page.$$eval(`${part} .capacity-answer dl > div`, (list) => list.map((row) => [row.querySelector('dt').textContent, row.querySelector('dd').textContent]));
  return Object.fromEntries(rows.map(([name, value]) => [name, plain(value)]));
}

/** Does something that asks, and waits until its answer is shown: the answer. */
async function askedOnce(page, part, act) {
  const answered = page.waitForResponse((r) => r.url() === `${API}/admission`);
  await act();
  const answer = await (await answered).json();
  await page.waitForFunction((p) => !document.querySelector(p).hasAttribute('aria-busy'), part);
  return answer;
}

/** Asked once more while Redis does not answer within its half second: a machine that has much to do. */
async function asked(page, part, act, again = act) {
  const end = Date.now() + SLOW_MS;
  let answer = await askedOnce(page, part, act);
  while (answer.message.startsWith('Redis') && Date.now() < end) {
    await page.waitForTimeout(1000);
    answer = await askedOnce(page, part, again);
  }
  return answer;
}

const askAgain = (page) => page.click('.capacity-again button');

const line = async (page, part) => plain(await page.textContent(`${part} .verdict-line`));

/** The room there is, as it was answered. */
async function roomIs(page, fit, fps) {
  const said = await line(page, '.capacity-now');
  if (fit.verdict === 'not_known') {
    check(`not known, and why: ${said}`, said.toLowerCase().includes(fit.message.toLowerCase()));
    return;
  }
  same('load, rest and limit are those of the answer', await figures(page, '.capacity-now'), {
    'Charge (ce que tous veulent)': percent(fit.load.before), Reste: left(fit.load.before), 'Manque d’abord': LIMITS[fit.limited_by],
  });
  check(`how many more of the usual rate: ${said}`, said.includes(`à ${rate(fps)} images/s`)
    && (fitting(fit) ? said.endsWith(` : ${figure(fitting(fit))}.`) : said.toLowerCase().includes(fit.message.toLowerCase())));
}

/** What was asked, as it was answered. */
async function answerIs(page, fit, { isNew }) {
  const wanted = {
    'Charge (ce que tous veulent)': `${percent(fit.load.before)}, puis ${percent(fit.load.after)}`,
    Resterait: left(fit.load.after),
    'Manque d’abord': LIMITS[fit.limited_by],
    'Délai de la réponse, 50 %': `${figure(fit.latency_ms.p50)} ms`,
    'Délai de la réponse, 95 %': `${figure(fit.latency_ms.p95)} ms`,
    'Délai de la réponse, 99 %': `${figure(fit.latency_ms.p99)} ms`,
    'Part de sa cadence, flux le moins servi': `${percent(fit.worst.before)}, puis ${percent(fit.worst.after)}`,
  };
  if (isNew) wanted['Tels flux qui tiendraient en tout'] = figure(fitting(fit));
  same(`figures of the answer (${fit.verdict})`, await figures(page, '.capacity-ask'), wanted);
  const said = await line(page, '.capacity-ask');
  check(`with its reason, in French: ${said}`, said.toLowerCase().includes(fit.message.toLowerCase()) && !/ (the|they|than|would) /.test(fit.message));
  const lost = (await page.$$eval('.fallen li', (list) => list.map((e) => e.textContent))).map(plain);
  same('whose rate falls', lost, fit.fallen.map((f) => `${labels.get(f.flux) ?? (f.flux || 'un nouveau flux')} : de ${rate(f.before_fps)} ${f.after_fps > 0 ? `à ${rate(f.after_fps)} images/s` : 'images/s à rien (délesté)'}`));
}

async function ask(page, { flux = '', rules = '', ...fields }) {
  await page.selectOption('#ask-flux', flux);
  for (const [name, value] of Object.entries(fields)) await page.fill(`#ask-${name}`, String(value));
  await page.selectOption('#ask-rules', rules);
  return asked(page, '.capacity-ask', () => page.click('.capacity-ask form button'));
}

/** The rows of the table: id, state, wanted, given, names of what is to be known. */
const rowsOf = (page) => page.$$eval('.capacity tbody tr', (list) => list.map((row) => ({
  id: row.dataset.id,
  state: row.querySelector('td .mark').textContent,
  wanted: row.querySelectorAll('.figure')[0].textContent,
  given: row.querySelectorAll('.figure')[1].textContent,
  needs: [...row.querySelectorAll('.needs .mark')].map((e) => e.textContent),
  text: row.querySelector('.needs').textContent,
})));

/** Looks again at once, as it does when the page comes back into sight. */
async function lookAgain(page, fact) {
  const end = Date.now() + SLOW_MS;
  for (let rows = []; Date.now() < end; await page.waitForTimeout(200)) {
    await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
    await page.waitForTimeout(300);
    rows = await rowsOf(page);
    if (fact(rows)) return rows;
  }
  throw new Error('the table does not show it');
}

async function look(page, name) {
  for (const [width, height] of [[1280, 800], [1024, 768]]) {
    await page.setViewportSize({ width, height });
    for (const colorScheme of ['light', 'dark']) {
      await page.emulateMedia({ colorScheme });
      const contrast = await page.evaluate(lowContrast);
      check(`contrast: ${name}, ${width} px, ${colorScheme}`, contrast.length === 0, contrast.slice(0, 5).join('; '));
    }
    const out = await page.evaluate(sticksOut);
    check(`no overflow: ${name}, ${width} px`, out.length === 0, out.slice(0, 5).join('; '));
    const inside = await page.$eval('.capacity-scroll', (e) => ({ wide: e.scrollWidth - e.clientWidth, high: e.getBoundingClientRect().height }));
    check(`the table has its place: ${name}, ${width} px`, inside.wide <= 0 && inside.high <= height, JSON.stringify(inside));
  }
  await page.setViewportSize({ width: 390, height: 844 });
  const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  check(`a telephone shows it: ${name}`, over <= 0, `${over}`);
  await page.setViewportSize({ width: 1280, height: 800 });
  await page.emulateMedia({ colorScheme: 'light' });
  const names = await page.evaluate(unnamed);
  check(`names, sizes, headings: ${name}`, names.length === 0, names.join('; '));
}

// ---- the rights -------------------------------------------------------------------------------------

async function operatorHasNone() {
  const errors = [];
  const visitor = await signIn(env.VIGIE_OPERATOR, errors);
  await visitor.page.waitForFunction(() => document.querySelector('#health').textContent.length > 5);
  check('an operator does not see it', await visitor.page.isHidden('#capacity-open') && await visitor.page.isHidden('#capacity'));
  const { status } = await api(visitor, 'POST', '/admission', {});
  check('and is refused by the API', status === 403, `${status}`);
  await visitor.page.context().close();
}

async function open(page) {
  const click = async () => {
    await page.click('#capacity-open');
    check('opened, with the keyboard in it', await page.evaluate(() => document.activeElement.id === 'capacity-close'));
  };
  const fit = await asked(page, '.capacity-now', click, () => askAgain(page));
  return fit;
}

// ---- with what is written ---------------------------------------------------------------------------

// two cores, the device is the processor: some ten flux of 5 pictures a second
const CAPACITY = (flux) => JSON.stringify({
  devices: [{ start_us: 2000, job_us: 14000, batch_max: 4, cores_milli: 1900, had_milli: 1900 }],
  host: { cores_milli: 2000, rest_milli: 100, workers: 1, decode_us: 1700, follow_us: 600 },
  flux: flux.map((id) => ({ id, jobs_milli: 1000, source_milli: 25000, decode_us: 1700 })),
});
const SCENE = (event) => ({ version: 1, name: 't', zones: [{ id: 'z', polygon: [[0, 0], [1, 0], [1, 1]] }], rules: [{ id: 'r', event, at: 'z', severity: 'low' }] });

const LIVE = { state: 'live', permitted: 'true', rate_fps: 5, wanted_fps: 5, warnings: '', blind: '', view: 'good', picture_age_s: 0.1 };
// what analysis says of it; what the row shows; a part of the sentence, and of what is to be done
const FLUX = [
  ['a-shed', { warnings: 'shed', rate_fps: 0, blind: 'crossing' }, ['Délesté', 'Évènements non vus'], 'Pas regardé du tout', 'ajouter un calculateur'],
  ['b-lost', { state: 'lost', cause: 'denied' }, ['Perdu'], 'n’est pas jointe', 'le compte et le mot de passe'],
  ['c-stalled', { state: 'stalled' }, ['Sans image'], 'plus aucune image', 'le VMS'],
  ['d-black', { view: 'black' }, ['Noir'], 'aucune règle', 'l’éclairage'],
  ['e-moved', { view: 'moved' }, ['Caméra déplacée'], 'ne montre plus sa vue', 'confirmer la nouvelle'],
  ['f-costly', { warnings: 'costly' }, ['Plus coûteux qu’admis'], 'plus du double', 'revoir la scène'],
  ['g-keys', { warnings: 'keys', blind: 'density,weapon' }, ['Évènements non vus', 'Images clés seules'], 'De sa scène ne sont pas vus : Densité, Arme.', 'donner un sous-flux'],
  ['h-reduced', { warnings: 'reduced', rate_fps: 2.5 }, ['Cadence réduite'], 'moins souvent que voulu', 'baisser des cadences voulues'],
  ['i-slow', { warnings: 'slow,small' }, ['Lent', 'Petite image'], 'Moins de 12 images', 'le débit du lien'],
  ['j-small', { warnings: 'small', view: 'small' }, ['Petite image'], 'sous 704x480', 'changer de flux'],
];
const ORDER = ['a-shed', 'b-lost', 'c-stalled', 'z-silent', 'd-black', 'e-moved', 'f-costly', 'g-keys', 'h-reduced', 'i-slow', 'j-small', 'k-waiting', 'l-good', 'm-stopped', 'n-off'];

const tell = (id, fields) => redis('HSET', `vigie:flux:${id}`, ...Object.entries({ ...LIVE, ...fields }).flat());

async function nothingKnown(visitor) {
  const { page } = visitor;
  const fit = await open(page);
  same('right after the start nothing is known', fit.verdict, 'not_known');
  await roomIs(page, fit);
  same('no flux, and that is said', plain(await page.textContent('.capacity-needs')), 'Aucun flux n’est configuré.');
  await look(page, 'nothing known');
}

async function fillSite(visitor) {
  for (const [id, fields] of FLUX) {
    await addFlux(visitor, { id });
    await tell(id, fields);
  }
  for (const id of ['z-silent', 'k-waiting', 'l-good', 'm-stopped', 'n-off']) await addFlux(visitor, { id, active: id !== 'n-off', label: id === 'l-good' ? 'Bonne vue <b>' : '' });
  await tell('k-waiting', { state: 'waiting' });
  await tell('l-good', { rate_fps: 5, wanted_fps: 6.25 });
  await tell('m-stopped', { permitted: 'false' });
}

async function needsAreSaid(visitor) {
  const { page } = visitor;
  const rows = await lookAgain(page, (list) => list.length === ORDER.length && list.find((r) => r.id === 'l-good').given === '5');
  same('who needs somebody stands first', rows.map((row) => row.id), ORDER);
  for (const [id, fields, needs, what, remedy] of FLUX) {
    const row = rows.find((r) => r.id === id);
    const state = (await api(visitor, 'GET', `/flux/${id}/state`)).body;
    const live = state.state === 'live';
    same(`${id}: warnings and rates of the API`, [row.needs, row.wanted, row.given], [needs, rate(state.wanted_fps), live ? rate(state.rate_fps) : '—']);
    check(`${id}: a sentence and what to do`, row.text.includes(what) && row.text.includes(remedy), row.text);
  }
  const by = Object.fromEntries(rows.map((row) => [row.id, row]));
  same('those that need nobody', ['l-good', 'm-stopped', 'n-off'].map((id) => [by[id].state, by[id].wanted, by[id].given, by[id].needs.length]), [
    ['en direct', '6,25', '5', 0], ['arrêt ou hors autorisation', '5', '—', 0], ['désactivé', '5', '—', 0]]);
  same('one of which analysis tells nothing', [by['z-silent'].state, by['z-silent'].needs], ['état inconnu', ['Sans nouvelles']]);
  same('how many', plain(await page.textContent('.capacity-needs')), '11 flux sur 15 à regarder, les plus pressants d’abord.');
  same('a label is text', await page.textContent('tr[data-id="l-good"] th'), 'Bonne vue <b>');
  await tell('b-lost', { cause: 'ok' });
  const after = await lookAgain(page, (list) => list.find((r) => r.id === 'b-lost').state === 'en direct');
  check('one that has come back goes to its place', after.findIndex((r) => r.id === 'b-lost') > after.findIndex((r) => r.id === 'k-waiting'));
}

/** Rates of those that are there, changed by the API. */
async function setRate(visitor, id, rate) {
  const { status } = await api(visitor, 'PATCH', `/flux/${id}?admit=degraded`, { rate_fps: rate }, { 'If-Match': '*' });
  if (status !== 200) throw new Error(`PATCH ${id}: ${status}`);
}

async function admissionIsSaid(visitor) {
  const { page } = visitor;
  for (const id of ORDER) if (id !== 'n-off') await setRate(visitor, id, 0.5);
  await redis('SET', 'vigie:capacity:a1', CAPACITY(ORDER));
  await lookAgain(page, (list) => list.find((r) => r.id === 'z-silent').wanted === '0,5');
  const room = await asked(page, '.capacity-now', () => askAgain(page));
  same('asked again it is known', room.verdict, 'held');
  await roomIs(page, room, 0.5);

  const held = await ask(page, { rate: 1, priority: 5 });
  same('a small one is held', [held.verdict, held.assumed], ['held', ['decode']]);
  await answerIs(page, held, { isNew: true });
  check('what was supposed is said', (await page.textContent('.capacity-ask .capacity-answer')).includes('Supposé'));
  await look(page, 'held');

  await page.fill('#ask-rate', '26');
  await page.click('.capacity-ask form button');
  check('no rate that cannot be', await page.$eval('#ask-rate', (e) => !e.validity.valid));

  for (const id of ORDER.slice(0, 6)) await setRate(visitor, id, 8);
  const degraded = await ask(page, { rate: 25, priority: 5 });
  check('one that is too much is not held', degraded.verdict !== 'held' && degraded.fallen_count > 0, JSON.stringify(degraded));
  await answerIs(page, degraded, { isNew: true });
  await look(page, 'degraded');

  const put = await api(visitor, 'PUT', '/flux/l-good/scene?admit=degraded', SCENE('person_down'), { 'If-Match': '*' });
  check('a scene', put.status < 300, JSON.stringify(put));
  for (const id of ORDER) if (id !== 'n-off') await setRate(visitor, id, 12);
  await lookAgain(page, (list) => list.find((r) => r.id === 'z-silent').wanted === '12');
  const full = await asked(page, '.capacity-now', () => askAgain(page));
  check('a site that is too full: what lacks', full.load.before > 1 && (await figures(page, '.capacity-now')).Reste.startsWith('il manque'), JSON.stringify(full));
  await roomIs(page, full, 12);
  const refused = await ask(page, { rate: 25, priority: 0, rules: 'l-good' });
  check(`with rules: ${refused.verdict}, ${refused.reason}`, refused.verdict !== 'held');
  await answerIs(page, refused, { isNew: true });
  const less = await ask(page, { flux: 'l-good', rate: 2 });
  same('less of one that is there is never refused', [less.verdict, less.reason], ['held', 'less']);
  await answerIs(page, less, { isNew: false });
  check('it began with what it has', await page.inputValue('#ask-priority') === '5');
  await redis('DEL', 'vigie:capacity:a1');
  const unknown = await ask(page, { rate: 5 });
  same('nothing measured any more', unknown.verdict, 'not_known');
  check('and why', (await line(page, '.capacity-ask')).toLowerCase().includes(unknown.message.toLowerCase()));
}

async function twoHundred(visitor) {
  const { page } = visitor;
  await redis('DEL', 'vigie:capacity:a1'); // nothing to simulate while they are added
  const ids = Array.from({ length: 200 - ORDER.length }, (_, n) => `cam-${String(n).padStart(3, '0')}`);
  for (const [n, id] of ids.entries()) {
    await addFlux(visitor, { id, label: `Portique ${n} de la gare routière, côté des quais`, rate_fps: 5 });
    await tell(id, n % 3 ? { rate_fps: 5 } : { rate_fps: 2.5, warnings: 'reduced,small,keys', blind: 'density' });
  }
  await redis('SET', 'vigie:capacity:a1', CAPACITY([...ORDER, ...ids]));
  const rows = await lookAgain(page, (list) => list.length === 200 && list.every((r) => !r.id.startsWith('cam-') || r.given !== '—'));
  same('all are there, once', new Set(rows.map((row) => row.id)).size, 200);
  await roomIs(page, await asked(page, '.capacity-now', () => askAgain(page)), 5);
  await answerIs(page, await ask(page, { rate: 25, priority: 0 }), { isNew: true });
  await look(page, '200 flux');
  const count = () => page.evaluate(() => document.querySelectorAll('#capacity *').length);
  await page.$eval('.capacity-scroll', (e) => { e.scrollTop = 900; });
  const before = await count();
  for (const fps of [4, 3, 5]) {
    await tell('cam-001', { rate_fps: fps });
    await lookAgain(page, (list) => list.find((r) => r.id === 'cam-001').given === `${fps}`);
  }
  same('it does not grow', await count(), before);
  same('nor jump', await page.$eval('.capacity-scroll', (e) => e.scrollTop), 900);
}

/** By itself, while nothing is touched. */
async function refreshesAndAges({ page }) {
  const again = page.waitForResponse((r) => r.url().endsWith('/flux/cam-002/state'));
  await again;
  check('it looks again by itself', true);
  await tell('cam-001', { state: 'lost', cause: 'timeout' });
  await page.waitForFunction(() => document.querySelector('tr[data-id="cam-001"] td .mark').textContent === 'perdu');
  check('and shows what has changed', true);
  const time = await page.textContent('.capacity-time');
  await page.route('**/state', (route) => route.fulfill({ status: 503, contentType: 'application/json', body: '{"error":{"code":"redis_away","message":"","where":""}}' }));
  await page.waitForSelector('.capacity-old:not([hidden])');
  const shown = /\d+:\d+:\d+/.exec(await page.textContent('.capacity-time'))[0];
  const said = plain(await page.textContent('.capacity-old'));
  check(`what is old says so: ${said}`, said.includes('n’est plus à jour') && said.includes(shown) && time.length > 0);
  check('and stays to be read', await page.locator('.capacity tbody tr').count() === 200);
  await page.unroute('**/state');
  await page.waitForSelector('.capacity-old', { state: 'hidden' });
  check('until it is known again', true);
}

async function keyboard({ page }) {
  const bad = [];
  const seen = new Set();
  await page.focus('#capacity-close');
  for (let i = 0; i < 9; i += 1) {
    const at = await page.evaluate(() => {
      const e = document.activeElement;
      const style = getComputedStyle(e);
      return { name: e.id || e.className || e.textContent, inside: Boolean(e.closest('#capacity')), shown: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2 };
    });
    if (at.inside) seen.add(at.name);
    if (at.inside && i && !at.shown) bad.push(at.name);
    await page.keyboard.press('Tab');
  }
  check('the keyboard reaches all of it, and is seen', bad.length === 0 && ['Recalculer', 'ask-flux', 'ask-rate', 'ask-priority', 'ask-rules', 'Simuler', 'capacity-scroll'].every((name) => seen.has(name)), `${[...seen]} ${bad}`);
  await page.focus('#ask-rate');
  await asked(page, '.capacity-ask', () => page.keyboard.press('Enter'));
  check('Enter asks, and the focus stays', await page.evaluate(() => document.activeElement.id === 'ask-rate'));
  await page.focus('.capacity-again button');
  await asked(page, '.capacity-now', () => page.keyboard.press('Enter'));
  check('so does the button', await page.evaluate(() => document.activeElement.closest('.capacity-again') !== null));
  await page.focus('#capacity-close');
  await page.keyboard.press('Enter');
  check('closed, and back where it was opened', await page.isHidden('#capacity') && await page.evaluate(() => document.activeElement.id === 'capacity-open'));
  let calls = 0;
  page.on('request', (r) => { if (r.url().endsWith('/flux/z-silent/state')) calls += 1; });
  await page.waitForTimeout(12000);
  check('closed it asks nothing', calls === 0, `${calls}`); // the list beside shows the first sixty
}

async function written() {
  await operatorHasNone();
  const errors = [];
  const visitor = await signIn(env.VIGIE_TECH, errors);
  await nothingKnown(visitor);
  await fillSite(visitor);
  await needsAreSaid(visitor);
  await admissionIsSaid(visitor);
  await twoHundred(visitor);
  await refreshesAndAges(visitor);
  await keyboard(visitor);
  const unwanted = errors.filter((text) => !/503.*\/state$/.test(text)); // those that were made here
  check('no error in the console', unwanted.length === 0, unwanted.join(' | '));
}

// ---- with what is measured --------------------------------------------------------------------------

async function measured() {
  const errors = [];
  const visitor = await signIn(env.VIGIE_TECH, errors);
  const { page } = visitor;
  const { status } = await api(visitor, 'POST', '/flux', { id: 'small', url: `file:${env.VIGIE_CLIP}`, rate_fps: 1 });
  same('a flux', status, 201);
  await addFlux(visitor, { id: 'nowhere', rate_fps: 1 });
  const end = Date.now() + SLOW_MS;
  while ((await api(visitor, 'POST', '/admission', {})).body.verdict === 'not_known' && Date.now() < end) await page.waitForTimeout(1000);
  const room = await open(page);
  check('analysis has measured', room.verdict !== 'not_known', JSON.stringify(room));
  await roomIs(page, room, 1);
  const rows = await lookAgain(page, (list) => list.length === 2 && list[0].needs.includes('Perdu') && list[1].needs.includes('Petite image'));
  same('a flux that is lost stands before one that is small', rows.map((row) => row.id), ['nowhere', 'small']);
  check('and what to do: its cause', rows[0].text.includes('le nom ou le chemin'), rows[0].text);
  check('the rate that it is given', rows[1].state === 'en direct' && Number(rows[1].given.replace(',', '.')) > 0, JSON.stringify(rows[1]));
  const fit = await ask(page, { rate: 0.5, priority: 9 });
  await answerIs(page, fit, { isNew: true });
  const more = await ask(page, { flux: 'small', rate: 25 });
  check('one that is there, faster: a load that is higher', more.load.after > more.load.before);
  await answerIs(page, more, { isNew: false });
  await look(page, 'measured');
  check('no error in the console', errors.length === 0, errors.join(' | '));
}

try {
  await { written, measured }[env.VIGIE_PART]();
} catch (error) {
  check('the visit', false, error.stack);
}
await browser.close();
process.exit(failed ? 1 : 0);
