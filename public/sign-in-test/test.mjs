/* The rehearsal: plays every way in which a sign-in comes back, one after the other, and says what is wrong. */
import { HEARD, build, capital, element, enableCopying, base, redirectUri, values } from './page.mjs';
import { examine } from './examine.mjs';
import { WAYS, preconditionOf, judge } from './ways.mjs';
import { examineRelay } from './relay-test.mjs';

/**
 * @typedef {import('./ways.mjs').Played} Played
 * @typedef {{app: HTMLIFrameElement}} Stage the frame that plays now
 * @typedef {{name: string, about: string, result: import('./ways.mjs').Result, told: string, advice: string}} Row
 */

// As the adapter makes the widget's own.
const SANDBOX =
  'allow-same-origin allow-scripts allow-forms allow-popups allow-downloads allow-popups-to-escape-sandbox';

/* The pages of a sign-in's window. */
const PAGES = [
  {
    name: 'redirect page',
    page: 'redirect.html',
    about: 'The redirect page, as this browser gets it, is the host’s own.',
  },
  {
    name: 'start page',
    page: 'start.html',
    about: 'So is start.html, where the window of a sign-in begins.',
  },
];
const SIGNS = { passed: 'Passed', limited: 'Not possible here', failed: 'Failed', 'not here': 'Nothing to rehearse' };

/**
 * @type {{expected: Record<string, import('./examine.mjs').Expected>, relay: boolean, source: string, release: string,
 *         faults: Record<string, {why: string, fix: string}>}}
 */
const host = values;
const button = element('start', HTMLButtonElement);
const list = element('results');

const TIMEOUT = 5_000; // ms until the frame is there

/** @type {Row[]} */
let rows = [];

const FRAMED = {
  name: 'frame',
  about: 'Pages of this host can stand in a frame, as the widget does.',
};

/** @returns {Promise<Stage | undefined>} none where the browser does not show the page in a frame */
function setUp() {
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
  const ready = told(frame, (data) => (data?.ready ? { app: frame } : undefined));
  return Promise.race([ready, new Promise((resolve) => setTimeout(resolve, TIMEOUT))]);
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
 * @param {import('./ways.mjs').Way} way
 * @returns {Promise<Played>}
 */
async function play(app, { inFrame = false, severed = false, apart = false, implicit = false, answer }) {
  const played = told(app, (data) => data?.played);
  app.contentWindow?.postMessage(
    { play: { redirectUri, inFrame, severed, apart, implicit, answer } },
    location.origin,
  );
  return played;
}

/**
 * Plays a way; where the browser keeps its window back, once more when the user has pressed the button for it.
 * @param {Stage} stage
 * @param {import('./ways.mjs').Way} way
 */
async function playOut(stage, way) {
  const played = await play(stage.app, way);
  if (!played.blocked) return played;
  // In the same frame the next sign-in would not begin on start.html (`begin-sign-in.js`): a new one is as at first.
  stage.app.remove();
  Object.assign(stage, await setUp());
  await press(
    'Continue',
    'This browser lets a page open one window for each press: press “Continue”, or allow pop-ups for this address.',
  );
  return play(stage.app, way);
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

/** @param {Stage | undefined} stage */
async function rehearse(stage) {
  rows = [];
  list.replaceChildren();
  element('remedy').textContent = '';
  element('copy', HTMLButtonElement).disabled = true;
  const now = await hostNow();
  const pages = PAGES.filter(({ page }) => now.expected[page]);
  for (const row of await Promise.all(pages.map((page) => examinePage(page, now.expected[page.page])))) add(row);
  if (stage) await playAll(stage, host.relay && now.relay); // the frame was made by what was true then
  else addUnframed();
  conclude();
}

/**
 * @param {Stage} stage
 * @param {boolean} relays
 */
async function playAll(stage, relays) {
  const broken = relays ? examineRelay() : undefined;
  /** @type {import('./ways.mjs').Surroundings} */
  const around = { redirectUri, cdn: host.source, inForeignPage: isInForeignPage(), relays, comesBack: true };
  let denied = false;
  for (const way of WAYS) {
    if (way.severed) around.broken = explained(await broken);
    const known = preconditionOf(way, denied, around);
    if (known) {
      show(way, known);
      continue;
    }
    const played = await playOut(stage, way);
    denied = played.denied;
    if (way === WAYS[0]) around.comesBack = played.heard.length > 0;
    show(way, judge(way, played, around), played.heard);
  }
}

function addUnframed() {
  const advice =
    'The browser does not show the page, so it would not show the widget: look for X-Frame-Options, and for a ' +
    'Content-Security-Policy that is not the host’s. The page around this one must be listed in widget.embedders.';
  add({ ...FRAMED, result: 'failed', told: 'It is not there.', advice });
}

/** @type {(page: typeof PAGES[number], expected: import('./examine.mjs').Expected) => Promise<Row>} */
async function examinePage({ name, about, page }, expected) {
  const address = page === 'redirect.html' ? redirectUri : page;
  if (new URL(address, location.href).origin !== location.origin) {
    const told = `At another address, ${address}, which only embeddable-host check can examine.`;
    return { name, about, result: 'not here', told, advice: '' };
  }
  const wrong = explained(await examine(address, expected));
  if (wrong) return { name, about, result: 'failed', told: wrong.actual, advice: wrong.advice };
  return { name, about, result: 'passed', told: 'Its bytes and headers are as the host sends them.', advice: '' };
}

/** @param {import('./examine.mjs').Finding | undefined} finding */
function explained(finding) {
  if (!finding) return undefined;
  const { why, fix } = host.faults[finding.fault];
  return { actual: `${finding.actual}.`, advice: `${why} ${fix}` };
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
 * @param {import('./ways.mjs').Way} way
 * @param {import('./ways.mjs').Judgement} judgement
 * @param {Played['heard']} [heard] what came, where it was played
 */
function show({ name, about }, { result, told, advice }, heard) {
  const by = heard?.map((one) => `${HEARD[one.by]}, in ${one.ms} ms`).join('; then by ');
  const times = heard?.length === 1 ? 'once' : `${heard?.length} times`;
  const arrived = by ? `Arrived ${times}, by ${by}.` : heard ? 'Did not arrive.' : '';
  add({ name, about, result, told: told ?? arrived, advice });
}

/** @param {Row} row */
function add(row) {
  const item = build(
    'li',
    { 'data-result': row.result },
    build('p', { class: 'name' }, capital(row.name)),
    build('p', {}, row.about),
    build('p', {}, build('span', { class: 'result' }, `${SIGNS[row.result]}. `), row.told),
    row.advice && build('p', {}, row.advice),
  );
  list.append(item);
  rows.push(row);
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
    `Sign-in rehearsal of ${base.href} (${host.source || `release ${host.release}`})`,
    `Redirect URI: ${redirectUri}`,
    `${new Date().toISOString()}, ${navigator.userAgent}`,
    element('verdict').textContent,
    ...lines,
  ].join('\n');
}

async function run() {
  element('embedded-code').textContent =
    `<iframe width="100%" height="900" title="Sign-in rehearsal" allow="clipboard-write" src="${base.href}test.html"></iframe>`;
  enableCopying({ report });
  if (base.origin !== location.origin) {
    element('verdict').textContent = `This host’s public address is ${base.href}: rehearse there.`;
    element('remedy').replaceChildren(build('a', { href: `${base.href}test.html` }, `${base.href}test.html`));
    return;
  }
  // Before the first press, which lets only frames that are there already open a window.
  let stage = await setUp();
  await press('Rehearse', '');
  for (;;) {
    stage ??= await setUp();
    await rehearse(stage);
    await press('Rehearse again', element('verdict').textContent ?? '');
  }
}

run();
