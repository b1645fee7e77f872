// Drives the first page in a real browser as an operator would, and looks at what he would see.
//
// Environment: VIGIE_URL, VIGIE_NAME (an operator), VIGIE_TECH (who may authorise), VIGIE_AUDIT (who
// has no watch), VIGIE_PASSWORD (of all), VIGIE_REDIS (socket of the private Redis),
// VIGIE_NODE (folder with node_modules), VIGIE_OUT (folder for screenshots), CHROMIUM.
// Prints one line per check; ends with 1 if one failed.
import { createRequire } from 'node:module';
import { lowContrast, sticksOut, unnamed } from './page_look.mjs';
import { redisCommand } from './redis_command.mjs';

const env = process.env;
const require = createRequire(`${env.VIGIE_NODE}/`);
const { chromium } = require('playwright-core');

let failed = 0;
function check(what, good, detail = '') {
  console.log(`${good ? 'ok  ' : 'FAIL'} ${what}${good ? '' : ` ${detail}`}`);
  if (!good) failed += 1;
}

// ---- the queue, as analysis writes to it --------------------------------------------------------

const redis = (...args) => redisCommand(env.VIGIE_REDIS, ...args);

const stamp = Date.now().toString(36).toUpperCase().padStart(10, '0').replace(/[ILOU]/g, 'X');
function alert(n, fields) {
  const id = `01${stamp}${String(n).padStart(14, '0')}`;
  return {
    id, key: `page-${id}`, flux: 'page-cam', event: 'crossing', rule: 'r1', severity: 'high',
    time: new Date().toISOString(), media_s: 12.48, score: 0.83, place: 'portique',
    boxes: [{ track: 17, class: 'person', score: 0.83, box: [0.41, 0.32, 0.05, 0.18] }],
    evidence: { picture: true, clip: false }, rule_as_it_was: {}, measures: {}, state: 'new',
    verdict: null, phase: 'operational', node: 'page', latency_ms: 212, software: '0', model: 'm', plan: 'p',
    ...fields,
  };
}
async function publish(made, picture) {
  await redis('XADD', 'vigie:alerts', '*', 'alert', JSON.stringify(made), ...(picture ? ['picture', picture] : []),
    'id', made.id, 'key', made.key, 'node', made.node);
}

/** A picture to show: drawn and encoded by the browser itself. */
async function draw(page) {
  const text = await page.evaluate(() => {
    const canvas = document.createElement('canvas');
    canvas.width = 768;
    canvas.height = 576;
    const c = canvas.getContext('2d');
    const sky = c.createLinearGradient(0, 0, 0, 576);
    sky.addColorStop(0, '#8ba3b8');
    sky.addColorStop(1, '#5d6a62');
    c.fillStyle = sky;
    c.fillRect(0, 0, 768, 576);
    c.fillStyle = '#4c4f52';
    c.fillRect(0, 330, 768, 246);
    c.fillStyle = '#26303a';
    c.fillRect(350, 250, 44, 130);
    c.strokeStyle = '#ffb547';
    c.lineWidth = 4;
    c.strokeRect(340, 220, 64, 170);
    c.beginPath();
    c.moveTo(150, 420);
    c.lineTo(640, 400);
    c.stroke();
    return canvas.toDataURL('image/jpeg', 0.9);
  });
  return Buffer.from(text.slice(text.indexOf(',') + 1), 'base64');
}

// ---- what is looked at on a page ----------------------------------------------------------------

async function look(page, name) {
  for (const [width, height] of [[1280, 800], [390, 844]]) {
    await page.setViewportSize({ width, height });
    for (const colorScheme of ['light', 'dark']) {
      await page.emulateMedia({ colorScheme });
      const at = `${name}, ${width} px, ${colorScheme}`;
      const contrast = await page.evaluate(lowContrast);
      check(`contrast: ${at}`, contrast.length === 0, contrast.join('; '));
      await page.screenshot({ path: `${env.VIGIE_OUT}/${name}-${width}-${colorScheme}.png`, animations: 'disabled', fullPage: true });
    }
    const out = await page.evaluate(sticksOut);
    check(`no overflow: ${name}, ${width} px`, out.length === 0, out.join('; '));
  }
  await page.setViewportSize({ width: 1280, height: 800 });
  await page.emulateMedia({ colorScheme: 'light' });
  const names = await page.evaluate(unnamed);
  check(`names, sizes, headings: ${name}`, names.length === 0, names.join('; '));
}

async function signIn(page, password, name = env.VIGIE_NAME) {
  await page.fill('#name', name);
  await page.fill('#password', password);
  await page.click('#sign-in-form button');
}

// ---- the visit ----------------------------------------------------------------------------------

const browser = await chromium.launch({
  executablePath: env.CHROMIUM ?? '/usr/bin/chromium',
  headless: true,
  args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--disable-background-networking'],
});

async function open(errors, origins) {
  const context = await browser.newContext({ ignoreHTTPSErrors: true, locale: 'fr-FR', timezoneId: 'Europe/Paris', viewport: { width: 1280, height: 800 }, reducedMotion: 'reduce' });
  const page = await context.newPage();
  page.setDefaultTimeout(15000);
  page.on('console', (m) => {
    // a part that is unwell is an answer of 503, which the browser writes to its console
    const unwell = /\/health$|\/state$/.test(m.location().url) && m.text().includes('503');
    if (/error|warning/.test(m.type()) && !unwell) errors.push(`${m.text()} ${m.location().url}`);
  });
  page.on('pageerror', (e) => errors.push(e.message));
  page.on('request', (r) => origins.add(new URL(r.url()).origin));
  await page.goto(`${env.VIGIE_URL}/`, { waitUntil: 'domcontentloaded' });
  await page.waitForSelector('#sign-in:not([hidden])');
  return page;
}

async function refusedSignIn() {
  const page = await open([], new Set());
  await signIn(page, 'pas le bon mot de passe');
  await page.waitForFunction(() => document.querySelector('#sign-in-error').textContent.length > 10);
  check('a wrong password is said', await page.isVisible('#sign-in-form'));
  await page.context().close();
}

/** An account whose role has no watch is told so, and is not left signed in. */
async function refusedRole() {
  const page = await open([], new Set());
  await signIn(page, env.VIGIE_PASSWORD, env.VIGIE_AUDIT);
  await page.waitForFunction(() => document.querySelector('#sign-in-error').textContent.includes('auditeur'));
  const after = await page.context().request.get(`${env.VIGIE_URL}/api/v1/session`);
  check('an auditor is told that he has no watch', after.status() === 401 && await page.isHidden('#watch'));
  await page.context().close();
}

/** Puts an authorisation as the technical administrator would, by the API. */
async function authorise(body) {
  const context = await browser.newContext({ ignoreHTTPSErrors: true });
  const api = (path) => `${env.VIGIE_URL}/api/v1${path}`;
  const session = await context.request.post(api('/session'), { data: { name: env.VIGIE_TECH, password: env.VIGIE_PASSWORD } });
  const { csrf } = await session.json();
  const put = await context.request.put(api('/authorisation'), { data: body, headers: { 'X-CSRF-Token': csrf, 'If-Match': '*', 'Content-Type': 'application/json' } });
  check('authorised', put.ok(), await put.text());
  await context.close();
}

const shown = (page, selector) => page.locator(`#alerts > ${selector}`).count();

/** The filter asks the archive, and says so when there is nothing. */
async function filterAsks(page, made) {
  const asked = [];
  page.on('request', (r) => { if (r.url().includes('/api/v1/alerts?')) asked.push(new URL(r.url()).searchParams.get('state')); });
  await page.selectOption('#filter', 'seen');
  await page.waitForSelector('#empty:not([hidden])');
  check('a state of which there is none says so', (await page.textContent('#empty')).includes('dans cet état') && await shown(page, 'li') === 0);
  await page.selectOption('#filter', 'refuted');
  await page.waitForSelector(`li[data-id="${made[0].id}"]`);
  check('the filter asks for its state', asked.join() === 'seen,refuted', asked.join());
  check('the filter hides the rest', await shown(page, 'li') === 1 && await page.isHidden('#empty'));
  await page.locator(`li[data-id="${made[0].id}"] [data-verdict="confirmed"]`).click();
  await page.waitForSelector('#empty:not([hidden])');
  check('nothing left to see says so', await page.isHidden(`li[data-id="${made[0].id}"]`));
  await page.selectOption('#filter', '');
  await page.waitForSelector(`li[data-id="${made[1].id}"]`);
}

/** More than the page keeps by itself: what was asked for stays, what leaves can be had again. */
async function olderStay(page, made, picture) {
  const old = 250;
  const before = Date.now() - 3600000;
  for (let n = 0; n < old; n += 1) {
    await publish(alert(1000 + n, { flux: 'page-old', time: new Date(before + n * 1000).toISOString(), evidence: { picture: false, clip: false } }));
  }
  const last = await page.context().request;
  for (let tries = 0; tries < 150; tries += 1) {
    const answer = await (await last.get(`${env.VIGIE_URL}/api/v1/alerts/${alert(1000 + old - 1, {}).id}`)).json();
    if (answer.id) break;
    await page.waitForTimeout(100);
  }
  await page.reload({ waitUntil: 'domcontentloaded' });
  await page.waitForSelector(`li[data-id="${made[2].id}"]`);
  for (let clicks = 0; clicks < 20 && await page.isVisible('#more'); clicks += 1) {
    const had = await shown(page, 'li');
    await page.click('#more');
    await page.waitForFunction((n) => document.querySelectorAll('#alerts > li').length > n || document.querySelector('#more').hidden, had);
  }
  const all = old + made.length;
  check('older alerts stay when they are asked for', await shown(page, 'li') === all, `${await shown(page, 'li')} of ${all}`);
  const newest = alert(3000, { time: new Date().toISOString() });
  await publish(newest, picture);
  await page.waitForSelector(`li[data-id="${newest.id}"]`);
  check('a new one pushes one out', await shown(page, 'li') === all, `${await shown(page, 'li')}`);
  check('which can be had again', await page.isVisible('#more'));
  await page.click('#more');
  await page.waitForFunction((n) => document.querySelectorAll('#alerts > li').length === n, all + 1);
  const times = await page.$$eval('#alerts > li time', (list) => list.map((e) => Date.parse(e.dateTime)));
  check('in their order', times.every((time, i) => i === 0 || time <= times[i - 1]));
}

async function judge(page, made) {
  const card = page.locator(`li[data-id="${made.id}"]`);
  await card.locator('.comment').fill('Personne en contrôle, rien à signaler');
  await card.locator('[data-verdict="refuted"]').click();
  await page.waitForFunction((id) => document.querySelector(`li[data-id="${id}"] .state`).textContent === 'Infirmé', made.id);
  check('a verdict is shown with its comment', (await card.locator('.said').textContent()).includes('contrôle'));
}

async function stopAndResume(page) {
  await page.click('#stop');
  check('the stop asks first', await page.isVisible('#stop-dialog'));
  await page.click('#stop-dialog [value="no"]');
  check('no stops nothing', await page.isHidden('#stopped'));
  await page.click('#stop');
  await look(page, 'stop');
  await page.click('#stop-dialog [value="yes"]');
  await page.waitForSelector('#stopped:not([hidden])');
  check('the stop is shown', (await page.textContent('#stopped-text')).includes('arrêtée'));
  await page.click('#resume');
  await page.waitForSelector('#stopped', { state: 'hidden' });
  check('resumed', await page.isEnabled('#stop'));
}

/** Every stop of the tab key shows where it is. */
async function tabThrough(page) {
  const bad = [];
  await page.evaluate(() => document.activeElement.blur());
  for (let i = 0; i < 12; i += 1) {
    await page.keyboard.press('Tab');
    const seen = await page.evaluate(() => {
      const e = document.activeElement;
      return { name: e.id || e.className || e.tagName, width: parseFloat(getComputedStyle(e).outlineWidth), style: getComputedStyle(e).outlineStyle };
    });
    if (seen.name !== 'BODY' && (seen.style === 'none' || seen.width < 2)) bad.push(seen.name);
  }
  check('the focus is seen', bad.length === 0, bad.join(', '));
}

async function visit() {
  const errors = [];
  const origins = new Set();
  const page = await open(errors, origins);
  check('the page is in French', (await page.getAttribute('html', 'lang')) === 'fr');
  await look(page, 'sign-in');
  const end = new Date(Date.now() + 600000); // of today: the day is said all the same
  await authorise({ reference: 'AP 2026-11', from: new Date(Date.now() - 86400000).toISOString(), to: end.toISOString() });
  await signIn(page, env.VIGIE_PASSWORD);
  await page.waitForSelector('#watch:not([hidden])');
  await page.waitForFunction(() => document.querySelector('#health').textContent.length > 5);
  await page.evaluate(() => { globalThis.notReloaded = true; });
  const picture = await draw(page);
  const events = ['crossing', 'density', 'wrong_way'];
  const made = events.map((event, n) => alert(n, { event, severity: ['high', 'medium', 'low'][n], score: 0.83 - n / 10, time: new Date(Date.now() + n).toISOString() }));
  for (const one of made) await publish(one, picture);
  await page.waitForSelector(`li[data-id="${made[2].id}"]`);
  check('alerts appear without a reload', await page.evaluate(() => globalThis.notReloaded === true));
  await page.waitForFunction((id) => document.querySelector(`li[data-id="${id}"] img`).naturalWidth === 768, made[2].id);
  check('with their picture', true);
  check('newest first', (await page.locator('#alerts > li').first().getAttribute('data-id')) === made[2].id);
  check('said to those who do not see', (await page.textContent('#news')).includes('Nouveau signalement'));
  await judge(page, made[0]);
  await look(page, 'alerts');
  await tabThrough(page);
  await page.locator(`li[data-id="${made[1].id}"] .still`).click();
  check('the picture is shown large', await page.isVisible('#picture-dialog img'));
  await look(page, 'picture');
  await page.keyboard.press('Escape');
  const order = await page.textContent('#authorisation');
  const until = `${end.toLocaleDateString('fr-FR', { timeZone: 'Europe/Paris' })} à ${end.toLocaleTimeString('fr-FR', { timeZone: 'Europe/Paris', timeStyle: 'short' })}`;
  check('the authorisation has its day and time', order.includes(`AP 2026-11, jusqu’au ${until}`), order);
  check('the severity in words', (await page.textContent(`li[data-id="${made[0].id}"] .severity`)) === 'Gravité élevée');
  await filterAsks(page, made);
  await stopAndResume(page);
  await olderStay(page, made, picture);
  await page.reload({ waitUntil: 'domcontentloaded' });
  await page.waitForSelector(`li[data-id="${made[0].id}"]`);
  check('a reload keeps the session and the list', await page.isVisible('#sign-out'));
  await page.click('#sign-out');
  await page.waitForSelector('#sign-in:not([hidden])');
  check('signed out', (await page.locator('#alerts > li').count()) === 0);
  check('nothing from elsewhere', [...origins].every((o) => o === new URL(env.VIGIE_URL).origin || o === 'null'), [...origins].join(' '));
  check('no error in the console', errors.length === 0, errors.join(' | '));
}

try {
  await refusedSignIn();
  await refusedRole();
  await visit();
} catch (error) {
  check('the visit', false, error.message);
}
await browser.close();
console.log(failed ? `${failed} failed` : 'all good');
process.exit(failed ? 1 : 0);
