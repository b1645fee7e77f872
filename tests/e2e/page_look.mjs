// What is looked at on any view of the console. Each runs in the page, by itself, and gives what is wrong.

/** Texts whose contrast with their ground is below 4.5 (3 for large ones): runs in the page. */
export function lowContrast() {
  const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const rgba = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const over = (top, below) => [0, 1, 2].map((i) => top[i] * top[3] + below[i] * (1 - top[3])).concat(1);
  const light = (c) => {
    const [r, g, b] = c.map((v) => (v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const groundOf = (element) => {
    const layers = [];
    for (let e = element; e; e = e.parentElement) layers.push(rgba(getComputedStyle(e).backgroundColor));
    return layers.reverse().reduce((below, top) => over(top, below), [255, 255, 255, 1]);
  };
  const bad = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const element = node.parentElement;
    if (!node.textContent.trim() || !element.checkVisibility() || element.closest('.sr, template, noscript, script')) continue;
    if (element.disabled || element.matches('option')) continue;
    const style = getComputedStyle(element);
    const ground = groundOf(element);
    const [a, b] = [light(over(rgba(style.color), ground)), light(ground)];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    const large = parseFloat(style.fontSize) >= 24;
    if (ratio < (large ? 3 : 4.5)) bad.push(`"${node.textContent.trim().slice(0, 30)}" ${ratio.toFixed(2)}`);
  }
  return bad;
}

/** Elements that stick out of the window's width: runs in the page. */
export function sticksOut() {
  const width = document.documentElement.clientWidth;
  const bad = document.documentElement.scrollWidth > width ? [`page ${document.documentElement.scrollWidth} > ${width}`] : [];
  for (const element of document.body.querySelectorAll('*')) {
    if (!element.checkVisibility() || element.closest('.sr, .skip')) continue;
    const box = element.getBoundingClientRect();
    if (box.width > 0 && (box.right > width + 1 || box.left < -1)) bad.push(`${element.tagName}.${element.className} ${box.left}..${box.right}`);
  }
  return bad;
}

/** Things without a name, too small to touch, out of order: runs in the page. */
export function unnamed() {
  const bad = [];
  const named = (e) => (e.textContent.trim() || e.getAttribute('aria-label') || e.querySelector('img')?.alt);
  for (const e of document.querySelectorAll('input, select')) {
    if (e.checkVisibility() && ![...(e.labels ?? [])].some((l) => l.textContent.trim())) bad.push(`no label: ${e.id}`);
  }
  for (const e of document.querySelectorAll('button, a')) if (e.checkVisibility() && !named(e)) bad.push(`no name: ${e.id || e.className}`);
  for (const e of document.querySelectorAll('img')) if (!e.hasAttribute('alt')) bad.push('img without alt');
  for (const e of document.querySelectorAll('button, select, input')) {
    const box = e.getBoundingClientRect();
    if (e.checkVisibility() && (box.height < 24 || box.width < 24)) bad.push(`small: ${e.id || e.className}`);
  }
  const levels = [...document.querySelectorAll('h1, h2, h3')].filter((h) => h.checkVisibility()).map((h) => Number(h.tagName[1]));
  if (levels.filter((l) => l === 1).length !== 1) bad.push('not one h1');
  levels.forEach((l, i) => { if (i && l > levels[i - 1] + 1) bad.push(`h${l} after h${levels[i - 1]}`); });
  const ids = [...document.querySelectorAll('[id]')].map((e) => e.id);
  if (new Set(ids).size !== ids.length) bad.push('an id twice');
  for (const e of document.querySelectorAll('[data-t]')) if (e.textContent === e.dataset.t) bad.push(`no words for ${e.dataset.t}`);
  return bad;
}
