// Looks at the sizing page in a real browser, by numbers: a row for each tier with its marks, points of the
// charts where the result's numbers put them by the scale's own figures, nothing wider than the page on
// a screen or on paper, all can be read, nothing is fetched and nothing runs.
//
//   node sizing_page_check.mjs PAGE.html RESULT.json
//
// Environment: VIGIE_NODE (folder with node_modules), CHROMIUM. Ends with 1 if something is wrong.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const [file, kept] = process.argv.slice(2);
const { chromium } = createRequire(`${process.env.VIGIE_NODE}/`)('playwright-core');
const result = JSON.parse(readFileSync(kept, 'utf8'));
const A4_PX = { width: Math.floor(((210 - 24) / 25.4) * 96), height: Math.floor(((297 - 24) / 25.4) * 96) }; // between the margins
let failed = 0;
let checks = 0;
function check(what, good, detail = '') {
  checks += 1;
  if (good) return;
  console.log(`FAIL ${what} ${detail}`);
  failed += 1;
}

/** Texts whose contrast with what lies below them is too small, WCAG 2.1, 1.4.3: runs in the page. */
function lowContrast() {
  const rgb = (colour) => colour.match(/[\d.]+/g).map(Number);
  const light = (c) => {
    const [r, g, b] = c.slice(0, 3).map((v) => (v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ratio = (a, b) => (Math.max(light(a), light(b)) + 0.05) / (Math.min(light(a), light(b)) + 0.05);
  const groundOf = (element) => {
    for (let e = element; e; e = e.parentElement) {
      const c = rgb(getComputedStyle(e).backgroundColor);
      if (c.length === 3 || c[3] === 1) return c;
    }
    return [255, 255, 255];
  };
  const bad = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const e = node.parentElement;
    if (!node.textContent.trim() || e.closest('svg title')) continue;
    const style = getComputedStyle(e);
    const r = ratio(rgb(e.closest('svg') ? style.fill : style.color), groundOf(e));
    if (r < 4.5) bad.push(`"${node.textContent.trim().slice(0, 30)}" ${r.toFixed(2)}`);
  }
  for (const e of document.querySelectorAll('.line, .legend')) {
    const r = ratio(rgb(getComputedStyle(e).stroke), [255, 255, 255]);
    if (r < 3) bad.push(`line ${e.dataset.line} ${r.toFixed(2)}`);
  }
  return bad;
}

/** What is wider than the page: runs in the page. */
function sticksOut() {
  const width = document.documentElement.clientWidth;
  const bad = document.documentElement.scrollWidth > width ? [`page ${document.documentElement.scrollWidth} > ${width}`] : [];
  const scrolls = (e) => getComputedStyle(e).overflowX === 'auto'; // what lies within is reached by scrolling
  for (const e of document.body.querySelectorAll('*')) {
    if (e.tagName !== 'TABLE' && e.closest('table') && scrolls(e.closest('table'))) continue;
    const box = e.getBoundingClientRect();
    if (box.width > 0 && (box.right > width + 1 || box.left < -1)) bad.push(`${e.tagName} ${box.left}..${box.right}`);
  }
  for (const cell of document.querySelectorAll('th, td')) // a word over the next cell
    if (cell.scrollWidth > cell.clientWidth + 1) bad.push(`"${cell.textContent.slice(0, 30)}" ${cell.scrollWidth} > ${cell.clientWidth}`);
  return bad;
}

/** Texts of a chart that lie over one another, or outside of it: runs in the page. */
function textsMeet() {
  const bad = [];
  for (const svg of document.querySelectorAll('svg')) {
    const room = svg.getBoundingClientRect();
    const texts = [...svg.querySelectorAll('text')].map((e) => [e.getBoundingClientRect(), e.textContent]);
    texts.forEach(([a, words], i) => {
      if (a.left < room.left - 1 || a.right > room.right + 1 || a.top < room.top - 1 || a.bottom > room.bottom + 1) bad.push(`"${words}" outside`);
      for (const [b, others] of texts.slice(i + 1))
        if (a.left < b.right && b.left < a.right && a.top + 2 < b.bottom && b.top + 2 < a.bottom) bad.push(`"${words}" over "${others}"`);
    });
  }
  return bad;
}

/** The scale of a chart, by the figures that stand at it, and where its points are, in pixels: runs in the page. */
function chartOf(id) {
  const figure = document.getElementById(id);
  if (!figure) return null;
  const middle = (e) => {
    const box = e.getBoundingClientRect();
    return [(box.left + box.right) / 2, (box.top + box.bottom) / 2];
  };
  const ticks = (axis) => [...figure.querySelectorAll(`g.${axis}`)].map((g) => {
    const [x, y] = middle(g.querySelector('path'));
    return { at: axis === 'x' ? x : y, value: Number(g.querySelector('text').textContent) };
  });
  const lines = {};
  for (const g of figure.querySelectorAll('g.line'))
    lines[g.dataset.line] = [...g.querySelectorAll('circle, rect, path')].map((e) => ({ at: middle(e), held: e.classList.contains('held') }));
  const limit = figure.querySelector('path.limit');
  return { x: ticks('x'), y: ticks('y'), lines, limit: limit && middle(limit)[1] };
}

/** The pixel of a value, by the first and the last figure of its axis. */
function pixel(ticks, value, scale = (v) => v) {
  const [a, b] = [ticks[0], ticks.at(-1)];
  return a.at + ((b.at - a.at) * (scale(value) - scale(a.value))) / (scale(b.value) - scale(a.value));
}

function lineCheck(chart, name, wanted, scale) {
  const points = chart.lines[name] ?? [];
  check(`${name}: ${points.length} points for ${wanted.length} measures`, points.length === wanted.length);
  [...wanted].sort((a, b) => a.flux - b.flux).forEach((w, i) => {
    const want = [pixel(chart.x, w.flux), pixel(chart.y, w.value, scale)];
    const at = points[i]?.at ?? [NaN, NaN];
    check(`${name}, ${w.flux} flux: at ${at}, not at ${want}`, Math.hypot(at[0] - want[0], at[1] - want[1]) <= 1);
    check(`${name}, ${w.flux} flux: held or not`, points[i]?.held === w.held);
  });
}

async function chartsCheck(page) {
  const of = (get) => result.runs.filter((r) => typeof get(r) === 'number').map((r) => ({ flux: r.flux, held: r.held, value: get(r) }));
  const throughput = await page.evaluate(chartOf, 'throughput');
  const analysed = of((r) => r.analysed_fps);
  check('a chart of the throughput', Boolean(throughput) === analysed.length > 0);
  if (throughput) lineCheck(throughput, 'analysed', analysed);
  const latency = await page.evaluate(chartOf, 'latency');
  check('a chart of the latency', Boolean(latency) === result.runs.some((r) => r.latency_ms?.p50 > 0)); // 0: not one picture
  const said = (result.predicted?.flux ?? []).filter((f) => typeof f.p99_ms === 'number');
  if (latency && said.length) lineCheck(latency, 'predicted', said.map((f) => ({ flux: f.flux, held: f.held, value: f.p99_ms })), Math.log10);
  for (const q of ['p50', 'p95', 'p99']) if (latency) lineCheck(latency, q, of((r) => r.latency_ms?.[q] || null), Math.log10);
  for (const chart of [throughput, latency].filter(Boolean))
    for (const [axis, scale] of [[chart.x, (v) => v], [chart.y, chart === latency ? Math.log10 : (v) => v]])
      for (const tick of axis) check(`${tick.value}: a figure of the scale`, Math.abs(pixel(axis, tick.value, scale) - tick.at) <= 1);
  check('1 s', !latency || Math.abs(latency.limit - pixel(latency.y, 1000, Math.log10)) <= 1);
  const accounts = (r) => (r.meters?.length ? r.meters : [r.energy].flat()).filter((e) => typeof e?.w_per_flux === 'number');
  const energy = await page.evaluate(chartOf, 'energy');
  const first = result.runs.flatMap(accounts)[0];
  check('a chart of the energy where it was measured', Boolean(energy) === Boolean(first));
  if (first) lineCheck(energy, 'meter-1', of((r) => accounts(r).find((e) => e.meter === first.meter)?.w_per_flux));
  else check('that it was not is said', await page.locator('#no-energy').count() === 1);
}

/** What is foretold of this machine, or why nothing is, and which device worked: at the top. */
async function topCheck(page) {
  const texts = await page.locator('#predicted').allTextContents();
  const { held, why } = result.predicted ?? {};
  check('what is foretold', texts.length === (typeof held === 'number' || why ? 1 : 0));
  check('how many are foretold', typeof held !== 'number' || texts[0]?.match(/\d+(?= flux)/)?.[0] === String(held), texts[0]);
  const head = await page.locator('h1 + p').textContent();
  check('the device', !result.method?.device || head.endsWith(`, ${result.method.device}`), head);
}

async function rowsCheck(page) {
  const rows = await page.evaluate(() => [...document.querySelectorAll('#tiers tr.tier')].map((row) => ({
    flux: Number(row.querySelector('th').textContent),
    held: row.querySelector('.yes') ? true : row.querySelector('.no') ? false : null,
    cells: [...row.querySelectorAll('td')].map((cell) => ({
      text: cell.textContent, number: /^[\d.]/.test(cell.textContent), note: cell.querySelector('sup')?.textContent,
      mark: ['measured', 'extrapolated', 'estimated'].find((m) => cell.querySelector(`.m.${m}`)),
    })),
  })));
  const notes = await page.locator('#tiers + ol.notes > li').count();
  check('a row for each tier', rows.map((r) => r.flux).join() === result.tiers.map((t) => t.flux).join());
  rows.forEach((row, i) => {
    const tier = result.tiers[i];
    check(`${row.flux}: held or not`, row.held === tier.held);
    check(`${row.flux}: nine cells`, row.cells.length === 9);
    for (const cell of row.cells) {
      check(`${row.flux}: "${cell.text}" without a mark`, !cell.number || cell.mark);
      check(`${row.flux}: the note of "${cell.text}"`, !cell.note || (Number(cell.note) >= 1 && Number(cell.note) <= notes));
    }
    const cores = tier.needs?.cpu_cores?.value ?? tier.needs?.cpu_cores;
    const cell = row.cells[2];
    check(`${row.flux}: ${cores} cores`, typeof cores === 'number' ? Math.abs(parseFloat(cell.text) - cores) <= 0.051 : !cell.number, cell.text);
    if (typeof cores === 'number') check(`${row.flux}: its mark`, cell.mark === (tier.needs.cpu_cores.status ?? tier.status));
  });
  const measures = await page.locator('#runs tr.run').count();
  check('a row for each measure', measures === result.runs.length);
}

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'] });
const page = await browser.newPage({ viewport: { width: 1024, height: 768 } });
const asked = [];
page.on('request', (r) => asked.push(r.url()));
page.on('pageerror', (e) => check('no error', false, e.message));
page.on('dialog', (d) => { check('nothing runs', false); d.dismiss(); });
await page.goto(pathToFileURL(resolve(file)).href);
check('nothing is fetched', asked.length === 1, asked.join());
check('no script, no reference', await page.locator('script, link, img, a, iframe, [onload], [onclick], [onerror]').count() === 0);
check('nothing is cut', !(await page.evaluate(() => document.body.innerText)).includes('\u2026'));
await topCheck(page);
await rowsCheck(page);
await chartsCheck(page);
const looks = [['screen', 'light', { width: 1024, height: 768 }], ['screen', 'dark', { width: 1280, height: 800 }],
  ['screen', 'light', { width: 390, height: 844 }], ['print', 'light', A4_PX]];
for (const [media, colorScheme, size] of looks) {
  await page.setViewportSize(size);
  await page.emulateMedia({ media, colorScheme });
  const at = `${media}, ${colorScheme}, ${size.width} px`;
  for (const [what, look] of [['contrast', lowContrast], ['overflow', sticksOut], ['texts', textsMeet]]) {
    const bad = await page.evaluate(look);
    check(`${what}: ${at}`, bad.length === 0, bad.join('; '));
  }
  check(`${at}: light`, await page.evaluate(() => getComputedStyle(document.body).backgroundColor) === 'rgb(255, 255, 255)');
}
const pdf = await page.pdf({ preferCSSPageSize: true });
const box = pdf.toString('latin1').match(/\/MediaBox\s*\[\s*0 0 ([\d.]+) ([\d.]+)/);
check('A4', box && Math.abs(box[1] - 595) <= 1 && Math.abs(box[2] - 842) <= 1, box?.[0]);
await browser.close();
console.log(`${result.tiers.length} tiers, ${result.runs.length} measures, ${checks} checks, ${failed} wrong`);
process.exit(failed ? 1 : 0);
