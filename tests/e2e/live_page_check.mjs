// The live wall and the clip of an alert in a real browser.
//
// Environment: VIGIE_URL, VIGIE_NAME and VIGIE_PASSWORD of an account, VIGIE_ALERT (one that has a clip
// of 9 to 13 s), VIGIE_NODE (folder with node_modules), CHROMIUM. The server has the flux cam-1, cam-2
// (H.264) and jpeg. Prints one line per check; ends with 1 if one failed.
import { createRequire } from 'node:module';

const env = process.env;
const require = createRequire(`${env.VIGIE_NODE}/`);
const { chromium } = require('playwright-core');

const SLOW_MS = 90000; // what takes a few seconds when nothing else runs
let failed = 0;
function check(what, good, detail = '') {
  console.log(`${good ? 'ok     ' : 'FAILED '} page: ${what}${good ? '' : ` ${detail}`}`);
  if (!good) failed += 1;
}

const browser = await chromium.launch({
  executablePath: env.CHROMIUM ?? '/usr/bin/chromium',
  headless: true,
  timeout: SLOW_MS,
  args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--disable-background-networking'],
});

/** What the wall shows: runs in the page. */
const tiles = () => [...document.querySelectorAll('.live-tile')].map((tile) => {
  const video = tile.querySelector('video');
  const { buffered } = video;
  return {
    name: tile.querySelector('h3').textContent,
    state: tile.dataset.state,
    overlay: !tile.querySelector('.live-state').hidden,
    width: video.videoWidth,
    time: video.currentTime,
    behind: buffered.length ? buffered.end(buffered.length - 1) - video.currentTime : -1,
    drawn: tile.querySelector('canvas').hidden ? 0 : tile.querySelector('canvas').width,
  };
});

/** A fact about the tiles, waited for: a loaded machine plays by fits and starts. */
async function shows(page, what, fact, before) {
  const end = Date.now() + SLOW_MS;
  let now = await page.evaluate(tiles);
  while (!fact(now, before) && Date.now() < end) {
    await page.waitForTimeout(100);
    now = await page.evaluate(tiles);
  }
  const good = fact(now, before);
  check(what, good, JSON.stringify([before, now]));
  if (!good) throw new Error('what comes next hangs on it');
  return now;
}
const videosOf = (all) => all.filter((tile) => tile.name !== 'jpeg');

async function wall(page) {
  await page.click('#live-open');
  await page.waitForSelector('#live:not([hidden])');
  for (const id of ['cam-1', 'cam-2', 'jpeg']) await page.check(`.live-choices input[value="${id}"]`);
  await page.waitForFunction(() => document.querySelectorAll('.live-tile').length === 3);
  const first = await shows(page, 'two flux are played', (now) => videosOf(now).length === 2
    && videosOf(now).every((v) => v.width === 768 && v.time > 0));
  await shows(page, 'they go on', (now, then) => videosOf(now).length === 2
    && videosOf(now).every((v) => v.time > then.find((f) => f.name === v.name).time + 3), first);
  await shows(page, 'near the present', (now) => videosOf(now).every((v) => v.behind >= 0 && v.behind < 2));
  await shows(page, 'pictures are drawn where there is no video', (now) => now.some((tile) => tile.drawn === 704));
  await shows(page, 'nothing hides them', (now) => now.every((tile) => tile.state === 'live' && !tile.overlay));
  await page.uncheck('.live-choices input[value="cam-2"]');
  await page.waitForFunction(() => document.querySelectorAll('.live-tile').length === 2);
  await page.reload({ waitUntil: 'domcontentloaded' });
  await page.waitForSelector('#watch:not([hidden])');
  await page.click('#live-open');
  await page.waitForFunction(() => document.querySelectorAll('.live-tile').length === 2);
  check('the choice is remembered', true);
  const names = await page.evaluate(() => [...document.querySelectorAll('#live button, #live input')].every((e) => e.textContent.trim() || [...(e.labels ?? [])].some((l) => l.textContent.trim())));
  check('everything has a name', names);
  for (const width of [1280, 390]) {
    await page.setViewportSize({ width, height: 800 });
    const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    check(`it fits ${width} px`, over <= 0, `${over}`);
  }
  await page.setViewportSize({ width: 1280, height: 800 });
  await page.click('#live-close');
  check('closed', await page.isHidden('#live') && await page.locator('.live-tile').count() === 0);
}

async function clip(page) {
  const card = page.locator(`#alerts > li[data-id="${env.VIGIE_ALERT}"]`);
  await card.locator('.clip-play').click();
  await page.waitForFunction(() => { const v = document.querySelector('#clip'); return v.videoWidth > 0 && v.currentTime > 0.5; });
  const seen = await page.evaluate(() => { const v = document.querySelector('#clip'); return { width: v.videoWidth, length: v.duration, error: document.querySelector('#clip-error').textContent }; });
  check('the clip of an alert is played', seen.width === 768 && seen.length >= 9 && seen.length <= 13 && !seen.error, JSON.stringify(seen));
  await page.evaluate(() => { document.querySelector('#clip').currentTime = 8; });
  await page.waitForFunction(() => document.querySelector('#clip').currentTime > 8.2);
  check('it can be sought', true);
  await page.keyboard.press('Escape');
  await page.waitForFunction(() => document.querySelector('#clip').paused);
  check('and closed', await page.isHidden('#clip-dialog'));
  const href = await card.locator('.clip-save').getAttribute('href');
  const saved = await page.context().request.get(`${env.VIGIE_URL}${href}`);
  check('and saved', saved.ok() && saved.headers()['content-type'] === 'video/mp4');
}

try {
  const errors = [];
  const context = await browser.newContext({ ignoreHTTPSErrors: true, locale: 'fr-FR', viewport: { width: 1280, height: 800 } });
  const page = await context.newPage();
  page.setDefaultTimeout(SLOW_MS);
  page.on('console', (m) => {
    const unwell = /\/health$|\/state$/.test(m.location().url) && m.text().includes('503');
    if (/error|warning/.test(m.type()) && !unwell) errors.push(`${m.text()} ${m.location().url}`);
  });
  page.on('pageerror', (e) => errors.push(e.message));
  await page.goto(`${env.VIGIE_URL}/`, { waitUntil: 'domcontentloaded' });
  await page.fill('#name', env.VIGIE_NAME);
  await page.fill('#password', env.VIGIE_PASSWORD);
  await page.click('#sign-in-form button');
  await page.waitForSelector('#watch:not([hidden])');
  await wall(page);
  await clip(page);
  check('no error in the console', errors.length === 0, errors.join(' | '));
} catch (error) {
  check('the visit', false, error.message);
}
await browser.close();
process.exit(failed ? 1 : 0);
