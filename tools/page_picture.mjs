// Takes the picture of the page that the README shows: run while ./dev demo is up.
//   VIGIE_NODE=$PWD/build/node node tools/page_picture.mjs URL PASSWORD OUT.png
// It refuses to write a picture of a page that shows no alert with its picture loaded.
import { createRequire } from 'node:module';
const require = createRequire(`${process.env.VIGIE_NODE}/`);
const { chromium } = require('playwright-core');
const [url, password, out] = process.argv.slice(2);
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--disable-background-networking'],
});
const page = await browser.newPage({ ignoreHTTPSErrors: true, viewport: { width: 1280, height: 900 } });
await page.goto(url);
await page.fill('input[name="name"], #name', 'demo');
await page.fill('input[type="password"]', password);
await page.click('button[type="submit"]');
await page.waitForFunction(() => [...document.querySelectorAll('img')].filter((i) => i.naturalWidth > 300).length >= 2,
  null, { timeout: 60000 });
await page.waitForTimeout(2500); // new cards fade in
await page.evaluate(() => window.scrollTo(0, 0));
const seen = await page.evaluate(() => [...document.querySelectorAll('img')].map((i) => `${i.naturalWidth}x${i.naturalHeight}`));
console.log(`pictures of alerts on the page: ${seen.join(' ')}`);
await page.screenshot({ path: out });
await browser.close();
