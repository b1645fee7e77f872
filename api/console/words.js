// Looks words up in the dictionary and writes dates and numbers as French readers do.
import dictionary from '/console/fr.js';

export const known = (key) => Object.hasOwn(dictionary, key);

/** The words for `key`, {x} replaced by values.x; the key itself if there are none. */
export function t(key, values = {}) {
  const text = known(key) ? dictionary[key] : key;
  return text.replace(/\{(\w+)\}/g, (_, name) => String(values[name] ?? ''));
}

/** The words for one of a family ("event", "weapon"), or the bare name. */
export const term = (family, name) => (known(`${family}.${name}`) ? t(`${family}.${name}`) : String(name));

/** Fills every element that names its words by data-t. */
export function fill(root) {
  for (const element of root.querySelectorAll('[data-t]')) element.textContent = t(element.dataset.t);
}

/** Only when it differs: a status that is written anew is read out anew. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

const full = new Intl.DateTimeFormat('fr-FR', { dateStyle: 'medium', timeStyle: 'medium' });
const day = new Intl.DateTimeFormat('fr-FR', { dateStyle: 'short' });
const minute = new Intl.DateTimeFormat('fr-FR', { timeStyle: 'short' });
const clock = new Intl.DateTimeFormat('fr-FR', { timeStyle: 'medium' });
const decimal = new Intl.NumberFormat('fr-FR', { maximumFractionDigits: 1 });
const hundredths = new Intl.NumberFormat('fr-FR', { maximumFractionDigits: 2 });
const percent = new Intl.NumberFormat('fr-FR', { style: 'percent' });

const today = (date) => date.toDateString() === new Date().toDateString();
const valid = (date) => !Number.isNaN(date.getTime());

export const number = (value) => decimal.format(value);
/** Pictures a second: a flux that is nearly shed has some tenths of one. */
export const rate = (fps) => hundredths.format(fps);
export const share = (value) => percent.format(value);
/** Day and time, whatever day it is: "21/11/2026 à 15:41". */
export function dayAndTime(iso) {
  const date = new Date(iso ?? '');
  return valid(date) ? `${day.format(date)} à ${minute.format(date)}` : '';
}

/** For what is mostly of today: the time alone then. */
export function moment(iso) {
  const date = new Date(iso ?? '');
  if (!valid(date)) return '';
  return (today(date) ? clock : full).format(date);
}
