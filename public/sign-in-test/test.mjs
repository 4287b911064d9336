/* The sign-in test: runs every way in which a sign-in comes back, one after the other, and shows what is wrong. */
import { CHANNELS, base, build, capital, element, enableCopying, redirectUri, values } from './page.mjs';
import { examine } from './examine.mjs';
import { explain } from './faults.mjs';
import { examineRelay } from './relay-test.mjs';
import { WAYS, outcomeOf, preconditionOf, timeoutsOf } from './ways.mjs';

/**
 * @typedef {import('./ways.mjs').Way} Way
 * @typedef {import('./ways.mjs').Run} Run
 * @typedef {import('./ways.mjs').Environment} Environment
 * @typedef {import('./ways.mjs').Outcome} Outcome
 * @typedef {{name: string, about: string, result: import('./ways.mjs').Result, text: string, advice: string}} Row
 * @typedef {'blocked' | 'slow'} Missing why there is no frame
 * @typedef {{app: HTMLIFrameElement} | Missing} Stage the frame that runs the ways
 */

const FRAME_TIMEOUT_MS = 30_000; // until the frame has loaded
const READY_TIMEOUT_MS = 5_000; // from then until its script has run

// As the adapter makes the widget's frame.
const SANDBOX =
  'allow-same-origin allow-scripts allow-forms allow-popups allow-downloads allow-popups-to-escape-sandbox';

/* The pages that a sign-in window loads from this host. */
const PAGES = [
  {
    name: 'redirect page',
    page: 'redirect.html',
    about: 'This browser receives the redirect page as the host sends it.',
  },
];
const FRAME = { name: 'frame', about: 'Pages of this host can be shown in a frame, as the widget is.' };
const UNFRAMED = /** @type {Record<Missing, Outcome & {text: string}>} */ ({
  blocked: {
    result: 'failed',
    text: 'The browser does not show it.',
    advice:
      'The browser would not show the widget either: look for X-Frame-Options, and for a Content-Security-Policy that is ' +
      'not the host’s. The page around this one must be listed in widget.embedders.',
  },
  slow: {
    result: 'slow',
    text: 'It did not load in time.',
    advice: 'This computer, the network or the host is slow at the moment. Run the test again.',
  },
});

const LABELS = {
  passed: 'Passed',
  limited: 'Not possible here',
  failed: 'Failed',
  slow: 'Slow',
  skipped: 'Not applicable',
};

/* The verdicts for the results that need one, the gravest first. */
const VERDICTS = /** @type {{result: Row['result'], verdict: (name: string) => string}[]} */ ([
  { result: 'failed', verdict: (name) => `Not ready: ${name}.` },
  { result: 'slow', verdict: (name) => `Slow: ${name}. Run it again.` },
  { result: 'limited', verdict: (name) => `Ready, but for one way: ${name}.` },
]);

/** @type {{expected: Record<string, import('./examine.mjs').Expected>, relay: boolean, source: string, release: string}} */
const host = values;
const button = element('start', HTMLButtonElement);
const list = element('results');

/** @type {Row[]} */
let rows = [];

/** @returns {Promise<Stage>} */
async function setUp() {
  const frame = build('iframe', {
    class: 'stage',
    title: 'The app’s part',
    sandbox: SANDBOX,
    allow: 'microphone; autoplay',
    src: 'stand-in-app.html',
    'aria-hidden': 'true',
    tabindex: -1,
  });
  const ready = messageFrom(frame, (data) => data?.ready).then(() => ({ app: frame }));
  // Browsers fire `load` for a page that they refuse to show, too.
  const blocked = new Promise((resolve) => frame.addEventListener('load', resolve))
    .then(() => delay(READY_TIMEOUT_MS))
    .then(() => /** @type {const} */ ('blocked'));
  const slow = delay(FRAME_TIMEOUT_MS).then(() => /** @type {const} */ ('slow'));
  document.body.append(frame);
  const stage = await Promise.race([ready, blocked, slow]);
  if (typeof stage === 'string') frame.remove();
  return stage;
}

/** @param {number} ms */
const delay = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * The first message of the frame in which `read` finds something.
 * @template T
 * @param {HTMLIFrameElement} frame
 * @param {(data: any) => T | undefined} read
 * @returns {Promise<T>}
 */
function messageFrom(frame, read) {
  return new Promise((resolve) => {
    window.addEventListener('message', function receive({ source, origin, data }) {
      const found = source === frame.contentWindow && origin === location.origin ? read(data) : undefined;
      if (found === undefined) return;
      window.removeEventListener('message', receive);
      resolve(found);
    });
  });
}

/**
 * @param {HTMLIFrameElement} app
 * @param {Way} way
 * @param {Environment} environment
 * @returns {Promise<Run>}
 */
async function runWay(app, way, environment) {
  const { severed = false, separateStorage = false, parameters } = way;
  const result = messageFrom(app, (data) => data?.result);
  const run = { redirectUri, severed, separateStorage, parameters, ...timeoutsOf(way, environment) };
  app.contentWindow?.postMessage({ run }, location.origin);
  return result;
}

/**
 * Runs a way. If the browser blocks its window, runs it again after a press of the button.
 * @param {{app: HTMLIFrameElement}} stage
 * @param {Way} way
 * @param {Environment} environment
 */
async function runUnblocked(stage, way, environment) {
  const run = await runWay(stage.app, way, environment);
  if (!run.blocked) return run;
  await press(
    'Continue',
    'This browser lets a page open one window for each press: press “Continue”, or allow pop-ups for this address.',
  );
  return runWay(stage.app, way, environment);
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
        element('verdict').textContent = 'Running…';
        resolve(undefined);
      },
      { once: true },
    );
  });
}

/** @param {Stage} stage */
async function runTest(stage) {
  rows = [];
  list.replaceChildren();
  element('remedy').textContent = '';
  element('copy', HTMLButtonElement).disabled = true;
  const current = await currentValues();
  const pages = PAGES.filter(({ page }) => current.expected[page]);
  for (const row of await Promise.all(pages.map((page) => pageRow(page, current.expected[page.page])))) add(row);
  if (typeof stage === 'string') add({ ...FRAME, ...UNFRAMED[stage] });
  else await runWays(stage, host.relay && current.relay); // the frame was loaded with the former values
  conclude();
}

/**
 * @param {{app: HTMLIFrameElement}} stage
 * @param {boolean} hasRelay
 */
async function runWays(stage, hasRelay) {
  const relayFinding = hasRelay ? examineRelay() : undefined;
  /** @type {Environment} */
  const environment = { redirectUri, cdn: host.source, inForeignPage: isInForeignPage(), hasRelay, hasFault: false };
  for (const way of WAYS) {
    if (way.severed) environment.relayFault = explain(await relayFinding);
    environment.hasFault = environment.relayFault !== undefined || rows.some(({ result }) => result === 'failed');
    const known = preconditionOf(way, environment);
    if (known) {
      addWay(way, known);
      continue;
    }
    const run = await runUnblocked(stage, way, environment);
    environment.plain ??= run;
    addWay(way, outcomeOf(way, run, environment), run.received);
  }
}

/** @type {(page: typeof PAGES[number], expected: import('./examine.mjs').Expected) => Promise<Row>} */
async function pageRow({ name, about, page }, expected) {
  const address = page === 'redirect.html' ? redirectUri : page;
  if (new URL(address, location.href).origin !== location.origin) {
    const text = `It is on another host, at ${address}: only embeddable-host check can examine it.`;
    return { name, about, result: 'skipped', text, advice: '' };
  }
  const fault = explain(await examine(address, expected));
  if (fault) return { name, about, result: 'failed', text: fault.actual, advice: fault.advice };
  return { name, about, result: 'passed', text: 'Bytes and headers are unchanged.', advice: '' };
}

/** The values that the host gives this page now: its settings may have changed since the page was loaded. */
async function currentValues() {
  try {
    const response = await fetch(location.pathname, { cache: 'no-store' });
    const page = new DOMParser().parseFromString(await response.text(), 'text/html');
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
 * @param {Way} way
 * @param {Outcome} outcome
 * @param {Run['received']} [received] if the way was run
 */
function addWay({ name, about }, { result, text, advice }, received) {
  const channels = received?.map(({ by, ms }) => `${CHANNELS[by]}, in ${ms} ms`).join('; then by ');
  const times = received?.length === 1 ? 'once' : `${received?.length} times`;
  const arrival = channels ? `Arrived ${times}, by ${channels}.` : received ? 'Did not arrive.' : '';
  add({ name, about, result, text: text ?? arrival, advice });
}

/** @param {Row} row */
function add(row) {
  const item = build(
    'li',
    { 'data-result': row.result },
    build('p', { class: 'name' }, capital(row.name)),
    build('p', {}, row.about),
    build('p', {}, build('span', { class: 'result' }, `${LABELS[row.result]}. `), row.text),
    row.advice && build('p', {}, row.advice),
  );
  list.append(item);
  rows.push(row);
}

/** Shows that the host is ready, or the first of the gravest results: a fault of a page explains those after it. */
function conclude() {
  const [worst] = VERDICTS.flatMap(({ result, verdict }) =>
    rows.filter((row) => row.result === result).map(({ name, advice }) => ({ verdict: verdict(name), advice })),
  );
  element('verdict').textContent = worst ? worst.verdict : 'Ready.';
  element('remedy').textContent = worst ? worst.advice : 'Each callback arrived once: users can sign in.';
  element('copy', HTMLButtonElement).disabled = false;
}

/** The result for a ticket. */
function report() {
  const lines = rows.flatMap(({ name, result, text, advice }) => [
    `${LABELS[result]}: ${name}. ${text}`.trim(),
    ...(advice ? [`  ${advice}`] : []),
  ]);
  return [
    `Sign-in test of ${base.href} (${host.source || `release ${host.release}`})`,
    `Redirect URI: ${redirectUri}`,
    `${new Date().toISOString()}, ${navigator.userAgent}`,
    element('verdict').textContent,
    ...lines,
  ].join('\n');
}

async function start() {
  element('embedded-code').textContent =
    `<iframe width="100%" height="900" title="Sign-in test" allow="clipboard-write" src="${base.href}test.html"></iframe>`;
  enableCopying({ report });
  if (base.origin !== location.origin) {
    element('verdict').textContent = `This host’s public address is ${base.href}: run the test there.`;
    element('remedy').replaceChildren(build('a', { href: `${base.href}test.html` }, `${base.href}test.html`));
    return;
  }
  // Before the first press: it lets only frames that exist by then open a window.
  let stage = await setUp();
  await press('Run the test', '');
  for (;;) {
    if (typeof stage === 'string') stage = await setUp();
    await runTest(stage);
    await press('Run it again', element('verdict').textContent ?? '');
  }
}

start();
