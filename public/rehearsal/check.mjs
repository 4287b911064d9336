/* The rehearsal: plays every way in which a sign-in comes back, one after the other, and says what is wrong. */
import { build, element, enableCopying, home, redirectUri, values } from './page.mjs';
import { examine } from './examine.mjs';
import { HEARD, WAYS, judge } from './rehearsal.mjs';

/**
 * @typedef {import('./rehearsal.mjs').Played} Played
 * @typedef {{name: string, about: string, result: import('./rehearsal.mjs').Result, told: string, advice: string}} Row
 */

// As the adapter makes the widget's own.
const SANDBOX =
  'allow-same-origin allow-scripts allow-forms allow-popups allow-downloads allow-popups-to-escape-sandbox';

const EXAMINED = {
  name: 'redirect page',
  about: 'The redirect page, as this browser gets it, is the host’s own.',
};
const SIGNS = { passed: 'Passed', limited: 'Not possible here', failed: 'Failed', 'not here': 'Nothing to rehearse' };

/**
 * @type {{expected: import('./examine.mjs').Expected, faults: Record<string, {why: string, change: string}>,
 *         source: string, release: string}}
 */
const host = values;
const button = element('start', HTMLButtonElement);
const list = element('results');

const PATIENCE = 3_000; // ms that an answer may take, and the frame to be there
const PATIENCE_LOST = 1_000; // the same once an answer did not come

/** @type {Row[]} */
let rows = [];

const FRAMED = {
  name: 'frame',
  about: 'Pages of this host can stand in a frame, as the widget does.',
};

/** @returns {Promise<HTMLIFrameElement | undefined>} the frame; none where the browser does not show the page in it */
function openApp() {
  const frame = build('iframe', {
    class: 'stage',
    title: 'The app’s part',
    sandbox: SANDBOX,
    allow: 'microphone; autoplay',
    src: 'stand-in-app.html',
    'aria-hidden': 'true',
    tabindex: -1,
  });
  document.body.append(frame);
  const ready = told(frame, (data) => (data?.ready ? frame : undefined));
  return Promise.race([ready, new Promise((resolve) => setTimeout(resolve, PATIENCE))]);
}

/**
 * What the frame says next, once `read` makes something of it.
 * @template T
 * @param {HTMLIFrameElement} frame
 * @param {(data: any) => T | undefined} read
 * @returns {Promise<T>}
 */
function told(frame, read) {
  return new Promise((resolve) => {
    window.addEventListener('message', function hear({ source, origin, data }) {
      const said = source === frame.contentWindow && origin === location.origin ? read(data) : undefined;
      if (said === undefined) return;
      window.removeEventListener('message', hear);
      resolve(said);
    });
  });
}

/**
 * @param {HTMLIFrameElement} app
 * @param {import('./rehearsal.mjs').Way} way
 * @returns {Promise<Played>}
 */
async function play(app, { inFrame = false, severed = false, implicit = false, answer }) {
  const played = told(app, (data) => data?.played);
  const patience = rows.some(({ result }) => result === 'failed') ? PATIENCE_LOST : PATIENCE;
  app.contentWindow?.postMessage(
    { play: { redirectUri, inFrame, severed, implicit, answer, patience } },
    location.origin,
  );
  return played;
}

/**
 * Plays a way; where the browser keeps its window back, once more when the user has pressed the button for it.
 * @param {HTMLIFrameElement} app
 * @param {import('./rehearsal.mjs').Way} way
 */
async function playOut(app, way) {
  const played = await play(app, way);
  if (!played.blocked) return played;
  await press(
    'Continue',
    'This browser lets a page open one window for each press: press “Continue”, or allow pop-ups for this address.',
  );
  return play(app, way);
}

/**
 * @param {string} label
 * @param {string} status
 */
function press(label, status) {
  button.textContent = label;
  button.disabled = false;
  element('verdict').textContent = status;
  return new Promise((resolve) => {
    button.addEventListener(
      'click',
      () => {
        button.disabled = true;
        element('verdict').textContent = 'Rehearsing…';
        resolve(undefined);
      },
      { once: true },
    );
  });
}

/** @param {HTMLIFrameElement | undefined} app */
async function rehearse(app) {
  rows = [];
  list.replaceChildren();
  element('remedy').textContent = '';
  element('copy', HTMLButtonElement).disabled = true;
  const examined = examineHere();
  if (app) await playAll(app);
  else addUnframed();
  add(await examined, true);
  conclude();
}

/** @param {HTMLIFrameElement} app */
async function playAll(app) {
  const around = { redirectUri, cdn: host.source, inForeignPage: isInForeignPage() };
  let denied = false;
  for (const way of WAYS) {
    if (way.onlyDenied && !denied) {
      show(way, { blocked: false, heard: [], stayed: false, denied, keeps: true }, around);
      continue;
    }
    const played = await playOut(app, way);
    denied = played.denied;
    show(way, played, around);
  }
}

function addUnframed() {
  const advice =
    'The browser does not show the page, so it would not show the widget: look for X-Frame-Options, and for a ' +
    'Content-Security-Policy that is not the host’s. The page around this one must be listed in widget.embedders.';
  add({ ...FRAMED, result: 'failed', told: 'It is not there.', advice });
}

/** @returns {Promise<Row>} */
async function examineHere() {
  if (new URL(redirectUri).origin !== location.origin) {
    const told = `At another address, ${redirectUri}, which only embeddable-host check can examine.`;
    return { ...EXAMINED, result: 'not here', told, advice: '' };
  }
  const finding = await examine(redirectUri, (await hostNow()).expected);
  if (!finding)
    return { ...EXAMINED, result: 'passed', told: 'Its bytes and headers are as the host sends them.', advice: '' };
  const { why, change } = host.faults[finding.fault];
  return { ...EXAMINED, result: 'failed', told: `${finding.seen}.`, advice: `${why} ${change}` };
}

/** What the host says of itself by now: its settings may have changed since this page was loaded. */
async function hostNow() {
  try {
    const answer = await fetch(location.pathname, { cache: 'no-store' });
    const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
    return /** @type {typeof host} */ (JSON.parse(page.getElementById('values')?.textContent ?? ''));
  } catch {
    return host;
  }
}

function isInForeignPage() {
  try {
    return window.top?.location.origin !== location.origin;
  } catch {
    return true;
  }
}

/**
 * @param {import('./rehearsal.mjs').Way} way
 * @param {Played} played
 * @param {import('./rehearsal.mjs').Surroundings} around
 */
function show(way, played, around) {
  const { result, advice } = judge(way, played, around);
  const { heard } = played;
  const by = heard.map((one) => `${HEARD[one.by]}, in ${one.ms} ms`).join('; then by ');
  const times = heard.length === 1 ? 'once' : `${heard.length} times`;
  const told = heard.length ? `Arrived ${times}, by ${by}.` : result === 'not here' ? '' : 'Did not arrive.';
  add({ name: way.name, about: way.about, result, told, advice });
}

/**
 * @param {Row} row
 * @param {boolean} [first]
 */
function add(row, first = false) {
  const item = build(
    'li',
    { 'data-result': row.result },
    build('p', { class: 'name' }, capital(row.name)),
    build('p', {}, row.about),
    build('p', {}, build('span', { class: 'result' }, `${SIGNS[row.result]}. `), row.told),
    row.advice && build('p', {}, row.advice),
  );
  if (first) list.prepend(item);
  else list.append(item);
  rows = first ? [row, ...rows] : [...rows, row];
}

/** Ready, or the one thing that is wrong: what is wrong with the page itself explains the rest. */
function conclude() {
  const wrong = rows.find(({ result }) => result === 'failed');
  const limited = rows.find(({ result }) => result === 'limited');
  const culprit = wrong ?? limited;
  element('verdict').textContent = wrong
    ? `Not ready: ${wrong.name}.`
    : limited
      ? `Ready, but for one way: ${limited.name}.`
      : 'Ready.';
  element('remedy').textContent = culprit ? culprit.advice : 'Each way was heard of once: users can sign in.';
  element('copy', HTMLButtonElement).disabled = false;
}

/** The result for a ticket. */
function report() {
  const lines = rows.flatMap(({ name, result, told, advice }) => [
    `${SIGNS[result]}: ${name}. ${told}`.trim(),
    ...(advice ? [`  ${advice}`] : []),
  ]);
  return [
    `Sign-in rehearsal of ${home.href} (${host.source || `release ${host.release}`})`,
    `Redirect URI: ${redirectUri}`,
    `${new Date().toISOString()}, ${navigator.userAgent}`,
    element('verdict').textContent,
    ...lines,
  ].join('\n');
}

/** @param {string} sentence */
const capital = (sentence) => sentence[0].toUpperCase() + sentence.slice(1);

async function run() {
  element('embedded-code').textContent =
    `<iframe width="100%" height="900" title="Sign-in rehearsal" allow="clipboard-write" src="${home.href}check.html"></iframe>`;
  enableCopying({ report });
  if (home.origin !== location.origin) {
    element('verdict').textContent = `This host’s public address is ${home.href}: rehearse there.`;
    element('remedy').replaceChildren(build('a', { href: `${home.href}check.html` }, `${home.href}check.html`));
    return;
  }
  // Before the first press, which lets only frames that are there already open a window.
  let app = await openApp();
  await press('Rehearse', '');
  for (;;) {
    app ??= await openApp();
    await rehearse(app);
    await press('Rehearse again', element('verdict').textContent ?? '');
  }
}

run();
