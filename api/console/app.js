// The first page: sign in, see alerts as they come, judge them, see what is well, stop.
import { call, get, setCsrf, ApiError } from '/console/calls.js';
import { t, term, fill, setText, dayAndTime, moment, number } from '/console/words.js';
import { AlertList, clipPath } from '/console/alert_list.js';
import { LiveWall } from '/console/live_wall.js';
import { CapacityView } from '/console/capacity_view.js';

const $ = (id) => document.getElementById(id);
const FLUX_SHOWN = 60; // states asked for one after the other; more would only be noise here

const fluxById = new Map();   // id -> flux of the configuration
const places = new Map();     // flux id -> Map of place id -> label
let stream = null;
let timers = [];
const pages = [];             // of the list, as loaded: { last: id, next: cursor of what is older }
let loading = false;          // older alerts are on their way
let signedIn = false;

// Only a hint whether asking for the session is worth it; the session itself is a cookie that no
// script can read.
const HINT = 'vigie.signed-in';

// The roles that have a watch; what the server permits is the server's to say.
const ROLES = ['operator', 'technical'];
const ADMITS = 'technical'; // may ask whether more would fit

const names = {
  flux: (id) => fluxById.get(id)?.label || id,
  place: (flux, id) => places.get(flux)?.get(id) || id,
};
const alerts = new AlertList({
  list: $('alerts'), template: $('alert-template'), names, onPicture: showPicture,
  onClip: showClip, onChange: showEmpty, onTrim: forgetPage,
});
const wall = new LiveWall({
  section: $('live'), template: $('live-template'), name: names.flux,
  onSignedOut: () => { if (signedIn) showSignIn(t('session.over')); },
});
const capacity = new CapacityView({ section: $('capacity'), template: $('capacity-template'), getFlux, onFailure: ignoreApi });

// ---- session ----------------------------------------------------------------------------------

function showSignIn(message = '') {
  signedIn = false;
  localStorage.removeItem(HINT);
  stopWatching();
  $('watch').hidden = $('who').hidden = $('health').hidden = true;
  $('sign-in').hidden = false;
  $('sign-in-error').textContent = message;
  for (const dialog of document.querySelectorAll('dialog[open]')) dialog.close();
  $('name').focus();
}

async function showWatch(session) {
  setCsrf(session.csrf);
  if (!ROLES.includes(session.role)) {
    await call('DELETE', '/session').catch(ignoreApi);
    showSignIn(t('session.not_for', { role: term('role', session.role) }));
    return;
  }
  signedIn = true;
  localStorage.setItem(HINT, '1');
  $('capacity-open').hidden = session.role !== ADMITS;
  $('who-name').textContent = t('session.who', { name: session.name, role: term('role', session.role) });
  $('sign-in').hidden = true;
  $('watch').hidden = $('who').hidden = $('health').hidden = false;
  await startWatching();
}

async function onSignIn(event) {
  event.preventDefault();
  const form = event.target;
  const button = form.querySelector('button');
  $('sign-in-error').textContent = '';
  button.disabled = true;
  try {
    const session = await call('POST', '/session', { name: form.name.value, password: form.password.value });
    form.reset();
    await showWatch(session);
    if (signedIn) $('main').focus();
  } catch (failure) {
    $('sign-in-error').textContent = words(failure);
    form.password.select();
  } finally {
    button.disabled = false;
  }
}

async function onSignOut() {
  signedIn = false; // what ends now ends on purpose
  stream?.close();
  await call('DELETE', '/session').catch(ignoreApi);
  showSignIn();
}

// ---- failures ---------------------------------------------------------------------------------

function words(failure) {
  if (!(failure instanceof ApiError)) throw failure;
  return failure.message || t('error.network');
}

/** What a view does when a call fails: signed out shows the form, the rest waits for next time. */
function ignoreApi(failure) {
  if (!(failure instanceof ApiError)) throw failure;
  if (failure.status === 401 && signedIn) showSignIn(t('session.over'));
  return null;
}

// ---- alerts -----------------------------------------------------------------------------------

function showEmpty() {
  $('empty').hidden = alerts.visible > 0;
  setText($('empty'), t($('filter').value ? 'alerts.empty_state' : 'alerts.empty'));
  if (!alerts.visible && !$('more').hidden) loadOlder(); // all that was loaded is judged
}

/** A page whose end has left the list is loaded again when it is asked for. */
function forgetPage(id) {
  if (pages.at(-1)?.last === id) pages.pop();
  $('more').hidden = false;
}

/** One page of the state chosen; how many alerts of it were not here yet, or null. */
async function loadPage() {
  const state = $('filter').value;
  const after = pages.at(-1)?.next;
  const query = new URLSearchParams({ limit: 40, ...(state && { state }), ...(after && { after }) });
  const page = await get(`/alerts?${query}`).catch(ignoreApi);
  if (!page || !signedIn || state !== $('filter').value) return null;
  if (page.items.length) pages.push({ last: page.items.at(-1).id, next: page.next });
  $('more').hidden = !page.next;
  return alerts.add(page.items);
}

/** Older alerts. After much has come from above, the first pages may hold nothing new. */
async function loadOlder() {
  if (loading) return;
  loading = true;
  while (await loadPage() === 0 && !$('more').hidden);
  loading = false;
}

/** The list from its top, of the state chosen. */
async function loadAlerts() {
  pages.length = 0;
  alerts.clear($('filter').value);
  await loadPage();
}

function onAlert(event) {
  const alert = JSON.parse(event.data);
  const isNew = alerts.push(alert);
  // it comes again when its clip is there
  if (isNew && event.type === 'alert' && !alert.evidence?.clip) $('news').textContent = alerts.announce(alert);
}

function openStream() {
  stream?.close();
  stream = new EventSource('/api/v1/alerts/stream');
  stream.addEventListener('open', () => { $('lost').hidden = true; });
  stream.addEventListener('alert', onAlert);
  stream.addEventListener('verdict', onAlert);
  stream.addEventListener('error', async () => {
    if (!signedIn) return;
    $('lost').hidden = false;
    const session = await get('/session').catch(ignoreApi);
    // the browser comes back by itself unless the server has refused it for good
    if (session && stream?.readyState === EventSource.CLOSED) setTimeout(() => signedIn && openStream(), 3000);
  });
}

function showPicture(image) {
  $('picture').src = image.src;
  $('picture').alt = image.alt;
  $('picture-title').textContent = image.closest('article').querySelector('h3').textContent;
  $('picture-dialog').showModal();
}

function showClip(alert) {
  const video = $('clip');
  $('clip-error').textContent = '';
  $('clip-title').textContent = t('clip.title', { event: term('event', alert.event), time: moment(alert.time) });
  video.setAttribute('aria-label', $('clip-title').textContent);
  video.src = clipPath(alert);
  $('clip-dialog').showModal();
  video.play().catch(() => {}); // closed at once, or not to be played: then 'error' says so
}

function endClip() {
  $('clip').pause();
  $('clip').removeAttribute('src');
  $('clip').load();
}

// ---- flux -------------------------------------------------------------------------------------

async function loadPlaces(flux) {
  const scene = flux.has_scene ? await get(`/flux/${encodeURIComponent(flux.id)}/scene`).catch(ignoreApi) : null;
  const labels = [...(scene?.zones ?? []), ...(scene?.lines ?? [])].filter((place) => place.label);
  places.set(flux.id, new Map(labels.map((place) => [place.id, place.label])));
}

/** All flux, page by page, or null. */
async function getFlux() {
  const all = [];
  for (let after = ''; after !== null;) {
    const page = await get(`/flux?limit=200${after && `&after=${encodeURIComponent(after)}`}`).catch(ignoreApi);
    if (!page) return null;
    all.push(...page.items);
    after = page.next;
  }
  return all;
}

async function loadFlux() {
  const all = await getFlux();
  if (!all) return;
  fluxById.clear();
  for (const flux of all) fluxById.set(flux.id, flux);
  for (const flux of all) if (!places.has(flux.id)) await loadPlaces(flux);
  alerts.rename();
  wall.offer(all.filter((flux) => flux.active).map((flux) => flux.id));
  await showFlux(all.slice(0, FLUX_SHOWN));
}

async function fluxState(flux) {
  if (!flux.active) return { kind: 'off', text: t('connection.inactive') };
  const state = await get(`/flux/${encodeURIComponent(flux.id)}/state`).catch(ignoreApi);
  const name = state?.state ?? 'unknown';
  if (name === 'live' && state.permitted === false) return { kind: 'off', text: t('connection.forbidden') };
  const rate = name === 'live' && state.rate_fps ? ` · ${t('flux.rate', { fps: number(state.rate_fps) })}` : '';
  return { kind: name === 'live' ? 'good' : name === 'lost' ? 'bad' : 'off', text: term('connection', name) + rate };
}

async function showFlux(list) {
  const rows = [];
  for (const flux of list) rows.push(row(flux.label || flux.id, await fluxState(flux)));
  if (!rows.length) rows.push(row(t('flux.none'), { kind: 'off', text: '' }));
  $('flux').replaceChildren(...rows);
}

function row(name, { kind, text, more }) {
  const item = document.createElement('li');
  const title = document.createElement('span');
  const state = document.createElement('span');
  title.textContent = name;
  state.textContent = text;
  state.className = 'mark';
  state.dataset.kind = kind;
  item.append(title, state);
  if (more) {
    const line = document.createElement('small');
    line.textContent = more;
    item.append(line);
  }
  return item;
}

// ---- health, stop, authorisation --------------------------------------------------------------

function partName(part) {
  const ingest = /^ingest-(\d+)$/.exec(part);
  return ingest ? t('part.ingest', { number: Number(ingest[1]) + 1 }) : term('part', part);
}

function showPart(part) {
  const restarts = part.restarts ? t('part.restarts', { count: part.restarts }) : '';
  const more = [part.reason, part.remedy, restarts].filter(Boolean).join(' · ');
  return row(partName(part.part), { kind: part.up ? 'good' : 'bad', text: t(part.up ? 'part.up' : 'part.down'), more });
}

async function loadHealth() {
  const pill = $('health');
  try {
    const health = await get('/health', [503]);
    const down = health.parts.filter((part) => !part.up).map((part) => partName(part.part));
    pill.dataset.kind = down.length ? 'bad' : 'good';
    setText(pill, down.length ? t('health.unwell', { parts: down.join(', ') }) : t('health.ok'));
    $('parts').replaceChildren(...health.parts.map(showPart));
  } catch (failure) {
    ignoreApi(failure);
    pill.dataset.kind = 'bad';
    setText(pill, t('health.away'));
  }
}

function showStop(stop) {
  const part = [...stop.flux.map(names.flux), ...stop.events.map((event) => term('event', event))];
  $('stopped').hidden = !stop.all && part.length === 0;
  setText($('stopped-text'), stop.all ? t('stop.is_all') : t('stop.is_part', { names: part.join(', ') }));
  $('stop').disabled = stop.all;
}

async function loadStop() {
  const stop = await get('/stop').catch(ignoreApi);
  if (stop) showStop(stop);
}

async function putStop(body) {
  const stop = await call('PUT', '/stop', body).catch(ignoreApi);
  if (stop) showStop(stop);
}

async function loadAuthorisation() {
  const order = await get('/authorisation').catch(ignoreApi);
  const now = Date.now();
  let key = 'authorisation.none';
  if (order) {
    key = 'authorisation.holds';
    if (now < Date.parse(order.from)) key = 'authorisation.before';
    if (now >= Date.parse(order.to)) key = 'authorisation.over';
  }
  setText($('authorisation'), t(key, order ? { reference: order.reference, from: dayAndTime(order.from), to: dayAndTime(order.to) } : {}));
}

// ---- life -------------------------------------------------------------------------------------

/** Runs now and then every `seconds` after it has ended, as long as someone is signed in. */
async function every(seconds, run) {
  await run();
  if (signedIn) timers.push(setTimeout(() => every(seconds, run), seconds * 1000));
}

async function startWatching() {
  stopWatching();
  openStream(); // before the list: what comes meanwhile is then in one of the two
  await loadAlerts();
  every(10, loadHealth);
  every(5, loadStop);
  every(60, loadAuthorisation);
  every(10, loadFlux);
}

function showLive(open) {
  $('live-open').disabled = open;
  if (open) wall.open();
  else wall.close();
  if (open) $('live-close').focus();
  else if (signedIn) $('live-open').focus();
}

function showCapacity(open) {
  $('capacity-open').disabled = open;
  if (open) capacity.open();
  else capacity.close();
  if (open) $('capacity-close').focus();
  else if (signedIn) $('capacity-open').focus();
}

function stopWatching() {
  if (wall.isOpen) showLive(false);
  if (capacity.isOpen) showCapacity(false);
  stream?.close();
  stream = null;
  for (const timer of timers) clearTimeout(timer);
  timers = [];
  alerts.clear();
  fluxById.clear();
  places.clear();
}

function fillFilter() {
  const options = [['', t('alerts.all')]];
  for (const state of ['new', 'seen', 'confirmed', 'refuted']) options.push([state, t(`filter.${state}`)]);
  $('filter').replaceChildren(...options.map(([value, text]) => new Option(text, value)));
}

async function start() {
  fill(document);
  fillFilter();
  $('sign-in-form').addEventListener('submit', onSignIn);
  $('sign-out').addEventListener('click', onSignOut);
  $('more').addEventListener('click', loadOlder);
  $('filter').addEventListener('change', loadAlerts);
  $('live-open').addEventListener('click', () => showLive(true));
  $('live-close').addEventListener('click', () => showLive(false));
  $('capacity-open').addEventListener('click', () => showCapacity(true));
  $('capacity-close').addEventListener('click', () => showCapacity(false));
  $('clip-dialog').addEventListener('close', endClip);
  $('clip').addEventListener('error', () => {
    if ($('clip').getAttribute('src')) $('clip-error').textContent = t('clip.unplayed');
  });
  $('stop').addEventListener('click', () => $('stop-dialog').showModal());
  $('stop-dialog').addEventListener('close', (event) => {
    if (event.target.returnValue === 'yes') putStop({ all: true });
    event.target.returnValue = '';
  });
  $('resume').addEventListener('click', () => putStop({ all: false, flux: [], events: [] }));
  const session = localStorage.getItem(HINT) ? await get('/session').catch(ignoreApi) : null;
  if (session) await showWatch(session);
  else showSignIn();
}

start();
