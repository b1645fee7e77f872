// Looks at the profile's picture in a real browser, by numbers: nothing lies outside of the page or over
// another, bars are as long as their times, and all can be read, by day and by night.
//
//   node svg_check.mjs PICTURE.svg PROFILE.json
//
// Environment: VIGIE_NODE (folder with node_modules), CHROMIUM. Ends with 1 if something is wrong.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const [picture, profile] = process.argv.slice(2);
const { chromium } = createRequire(`${process.env.VIGIE_NODE}/`)('playwright-core');
const steps = JSON.parse(readFileSync(profile, 'utf8')).steps;
const TEXT_CONTRAST = 4.5; // WCAG 2.1, 1.4.3
const SHAPE_CONTRAST = 3; // 1.4.11
let failed = 0;
function check(what, good) {
  if (good) return;
  console.log(`FAIL ${what}`);
  failed += 1;
}

/** Relative luminance of "rgb(r, g, b)", WCAG 2.1. */
function luminance(colour) {
  const [r, g, b] = colour.match(/\d+/g).map((v) => {
    const c = v / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
function contrast(one, other) {
  const [a, b] = [luminance(one), luminance(other)];
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
}

/** What stands on the page: texts, bars and the squares of the legend, each with its place and colour. */
function look(page) {
  return page.evaluate(() => {
    const of = (e) => {
      const box = e.getBBox();
      return {
        left: box.x, right: box.x + box.width, top: box.y, bottom: box.y + box.height, text: e.textContent,
        fill: getComputedStyle(e).fill, notch: e.classList.contains('notch'), step: e.parentNode.tagName === 'g',
      };
    };
    const root = document.documentElement;
    return {
      width: root.viewBox.baseVal.width, height: root.viewBox.baseVal.height,
      background: getComputedStyle(root.querySelector('.page')).fill,
      texts: [...root.querySelectorAll('text')].map(of),
      shapes: [...root.querySelectorAll('rect:not(.page)')].map(of),
      rows: [...root.querySelectorAll('g')].map((g) => [...g.querySelectorAll('text,rect')].map(of)),
    };
  });
}

function meet(a, b) {
  return a.left < b.right && b.left < a.right && a.top + 1 < b.bottom && b.top + 1 < a.bottom;
}

function places_check(seen) {
  const all = [...seen.texts, ...seen.shapes];
  for (const e of all)
    check(`outside of the page: ${e.text} ${JSON.stringify(e)}`,
      e.left >= 0 && e.top >= 0 && e.right <= seen.width && e.bottom <= seen.height);
  for (let i = 0; i < all.length; i += 1)
    for (let j = i + 1; j < all.length; j += 1)
      if (!all[i].notch && !all[j].notch) check(`"${all[i].text}" lies over "${all[j].text}"`, !meet(all[i], all[j]));
}

function bars_check(seen) {
  const longest = Math.max(...steps.map((s) => s.us));
  check(`${seen.rows.length} bars for ${steps.length} steps`, seen.rows.length === steps.length);
  const full = Math.max(...seen.rows.map((row) => row[1].right - row[1].left));
  seen.rows.forEach((row, i) => {
    const [label, bar] = row;
    const notch = row.find((e) => e.notch);
    const width = bar.right - bar.left;
    check(`${label.text}: bar of ${width}, not of ${(full * steps[i].us) / longest}`,
      Math.abs(width - (full * steps[i].us) / longest) <= 0.2);
    check(`${label.text}: the notch`, notch
      ? Math.abs(notch.left - bar.left - width * steps[i].peak_frac) <= 0.2 && steps[i].peak_frac < 1
      : steps[i].peak_frac >= 1);
    check(`${label.text}: its name`, label.text.trim() === `${i} ${steps[i].name}`);
  });
}

function colours_check(seen, scheme) {
  for (const t of seen.texts)
    check(`${scheme}: contrast of "${t.text}"`, contrast(t.fill, seen.background) >= TEXT_CONTRAST);
  for (const s of seen.shapes.filter((e) => !e.notch))
    check(`${scheme}: contrast of ${s.fill}`, contrast(s.fill, seen.background) >= SHAPE_CONTRAST);
}

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: ['--no-sandbox'] });
const page = await browser.newPage();
const backgrounds = new Set();
for (const scheme of ['light', 'dark']) {
  await page.emulateMedia({ colorScheme: scheme });
  await page.goto(pathToFileURL(resolve(picture)).href);
  const seen = await look(page);
  places_check(seen);
  bars_check(seen);
  colours_check(seen, scheme);
  backgrounds.add(seen.background);
}
check('day and night look the same', backgrounds.size === 2);
await browser.close();
console.log(`${steps.length} steps, ${failed} wrong`);
process.exit(failed ? 1 : 0);
