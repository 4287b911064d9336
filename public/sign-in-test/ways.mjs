/* The ways in which a sign-in comes back, as a table, and the outcome of each. */
import { CHANNELS } from './page.mjs';

/**
 * @typedef {{by: string, ms: number, intact: boolean}} Received
 *
 * @typedef {object} Run what `stand-in-app.js` reports of a way
 * @property {boolean} blocked no window opened
 * @property {Received[]} received
 * @property {string} page that the window shows in the end; empty if it is closed or severed
 * @property {boolean} slow the window did not load in time
 * @property {boolean} storageDenied by the browser, to the frame
 * @property {boolean} storageWorks the browser's, or that in memory
 *
 * @typedef {'passed' | 'limited' | 'failed' | 'slow' | 'skipped'} Result `limited`: it cannot work in this place
 * @typedef {{result: Result, text?: string, advice: string}} Outcome
 *
 * @typedef {object} Way
 * @property {string} name
 * @property {string} about
 * @property {string[]} channels by which the callback may come
 * @property {boolean} [severed] by the login page
 * @property {boolean} [separateStorage] the frame shares no storage with the window
 * @property {boolean} [deniedStorage] only where the browser denies storage
 * @property {Record<string, string>} parameters of the callback
 *
 * @typedef {object} Environment
 * @property {string} redirectUri
 * @property {string} cdn the CDN's origin where the widget comes from there
 * @property {boolean} inForeignPage the page around this one is of another origin
 * @property {boolean} hasRelay
 * @property {boolean} hasFault one was found already
 * @property {Run} [plain] the run of the plain sign-in
 * @property {{actual: string, advice: string}} [relayFault]
 */

const OPENER = ['oAuthCallback', 'message'];
const CODE = { code: 'simulated-code' }; // as in stand-in-platform.js

/* How long a way may take, in ms, as `stand-in-app.js` needs it. */
const TIMEOUTS = { callbackTimeout: 30_000, quietTimeout: 5_000 };
/* Where no callback is expected: without a relay, or after a fault that is likely to be the cause. */
const SHORT_TIMEOUTS = { callbackTimeout: 8_000, quietTimeout: 1_500 };
const SLOW_RATIO = 10; // a severed sign-in takes at most so many times as long as a plain one

/** @type {Way[]} */
export const WAYS = [
  {
    name: 'plain sign-in',
    about: 'The sign-in window comes back to the redirect page.',
    channels: OPENER,
    parameters: CODE,
  },
  {
    name: 'severed opener',
    about: 'A sign-in page has severed the window from the widget.',
    channels: ['storage', 'relay'],
    severed: true,
    parameters: CODE,
  },
  {
    name: 'severed, another site',
    about: 'The same on a page of another site, where widget and window share no storage: the relay carries the callback.',
    channels: ['relay'],
    severed: true,
    separateStorage: true,
    parameters: CODE,
  },
  {
    name: 'denied storage',
    about: 'The browser denies storage to the widget’s frame.',
    channels: OPENER,
    deniedStorage: true,
    parameters: CODE,
  },
  {
    name: 'denied sign-in',
    about: 'The user does not allow the app.',
    channels: OPENER,
    parameters: { error: 'access_denied', error_description: 'Simulated: the user did not allow the app.' },
  },
];

/**
 * The outcome of a way that cannot or need not be run here; undefined if it must be run.
 * @param {Way} way
 * @param {Environment} environment
 * @returns {Outcome | undefined}
 */
export function preconditionOf({ severed, separateStorage, deniedStorage }, environment) {
  const { cdn, plain, hasFault, relayFault } = environment;
  if (deniedStorage && !plain?.storageDenied) {
    return { result: 'skipped', advice: 'This browser allows storage in the frame.' };
  }
  if (cdn && (severed || deniedStorage)) return onCdn(separateStorage, severed, cdn);
  const missing = separateStorage ? whyNoRelay(environment) : '';
  if (missing) return { result: 'skipped', advice: missing };
  if (severed && isElsewhere(environment)) return { result: 'limited', advice: noSharedStorage(environment) };
  if (severed && plain?.received.length === 0) {
    return { result: hasFault ? 'failed' : 'slow', text: 'Not run: the plain sign-in has to work first.', advice: '' };
  }
  return separateStorage && relayFault ? { ...failed(relayFault.advice), text: relayFault.actual } : undefined;
}

/** @type {(separateStorage: boolean | undefined, severed: boolean | undefined, cdn: string) => Outcome} */
function onCdn(separateStorage, severed, cdn) {
  const remedy = 'Host a release: embeddable-host pull.';
  if (separateStorage) {
    const advice = `The widget comes from ${cdn}, and the relay works only for a release that this host serves. ${remedy}`;
    return { result: 'skipped', advice };
  }
  const limit = severed
    ? 'never receives this callback: it shares no storage with this host'
    : 'does not start without storage';
  return { result: 'limited', advice: `The widget comes from ${cdn} and ${limit}. ${remedy}` };
}

/** Why the relay carries no callback here; empty if it does. @param {Environment} environment */
function whyNoRelay({ hasRelay, redirectUri }) {
  if (!hasRelay) {
    return (
      'This host has no relay: the setting relay.enabled is off, this is an export, or the redirect.js in public_dir is ' +
      'older than the relay. From another site, users cannot sign in through a page that severs the window.'
    );
  }
  if (isElsewhere({ redirectUri })) {
    return `The parameter redirectUri names ${redirectUri}: this host cannot relay callbacks to that address.`;
  }
  return window.isSecureContext ? '' : 'The relay needs cryptography that browsers give only to https pages.';
}

/** Whether the callback goes to another origin. @param {{redirectUri: string}} environment */
const isElsewhere = ({ redirectUri }) => new URL(redirectUri).origin !== location.origin;

/** @param {Environment} environment */
function noSharedStorage({ redirectUri }) {
  return (
    `The parameter redirectUri names ${redirectUri}, which shares no storage with ${location.origin}. Remove redirectUri ` +
    'from the settings, and register this host’s own redirect page.'
  );
}

/** @type {(way: Way, environment: Environment) => typeof TIMEOUTS} */
export function timeoutsOf({ severed }, { hasFault, inForeignPage, hasRelay }) {
  return hasFault || (severed && inForeignPage && !hasRelay) ? SHORT_TIMEOUTS : TIMEOUTS;
}

/**
 * The outcome of a way that was run, and what to change if it is not right.
 * @param {Way} way
 * @param {Run} run
 * @param {Environment} environment
 * @returns {Outcome}
 */
export function outcomeOf(way, run, environment) {
  const { blocked, received, page, storageWorks } = run;
  if (way.deniedStorage && !storageWorks) {
    return failed('The storage in memory does not work: check whether something rewrites before-app.js.');
  }
  if (blocked) {
    return failed(
      'The browser opened no window: pop-ups are blocked, or the page around this one has a sandbox without allow-popups ' +
        'or a Cross-Origin-Opener-Policy. Users cannot sign in there either.',
    );
  }
  if (received.length === 0) return isSlow(way, run, environment) ? SLOW : nothingReceived(way, page, environment);
  const [{ by, intact }] = received;
  if (!intact) {
    return failed('The callback is not the address that was sent: something rewrites it on its way, and the code is lost.');
  }
  if (!way.channels.includes(by)) return receivedOtherwise(way, by);
  if (page) {
    return failed(
      'The callback arrived, but the window stayed open: your own redirect.js must close it with window.close().',
    );
  }
  return { result: 'passed', advice: '' };
}

/** @type {(advice: string) => Outcome} */
const failed = (advice) => ({ result: 'failed', advice });

const SLOW = /** @type {Outcome} */ ({
  result: 'slow',
  text: 'The window did not load in time.',
  advice: 'This computer, the network or the host is slow at the moment: that is no fault of the settings. Run the test again.',
});

/**
 * Whether it is too early to call a missing callback a fault. A severed window cannot be seen: the plain sign-in shows how
 * fast it should have been.
 * @param {Way} way
 * @param {Run} run
 * @param {Environment} environment
 */
function isSlow(way, { slow }, environment) {
  if (environment.hasFault) return false;
  const plainTime = environment.plain?.received[0]?.ms ?? 0;
  return way.severed ? plainTime * SLOW_RATIO > timeoutsOf(way, environment).callbackTimeout : slow;
}

/** @type {(way: Way, by: string) => Outcome} */
function receivedOtherwise({ severed }, by) {
  if (severed && OPENER.includes(by)) {
    const advice =
      'The window kept its opener: something removes Cross-Origin-Opener-Policy from stand-in-platform.html, the page that ' +
      'severs it here. That harms no user, but this way cannot be tested.';
    return { result: 'skipped', advice };
  }
  if (by === 'storage' || by === 'relay') {
    return failed(
      `The window came back without its opener, and the callback came by ${CHANNELS[by]}. Something sends ` +
        'Cross-Origin-Opener-Policy with the redirect page: remove that header.',
    );
  }
  return failed(`The callback came by ${CHANNELS[by]}, which the app does not listen to here.`);
}

/** @type {(way: Way, page: string, environment: Environment) => Outcome} */
function nothingReceived(way, page, { redirectUri, inForeignPage, hasRelay, relayFault }) {
  if (way.severed && inForeignPage && !hasRelay) {
    return {
      result: 'limited',
      advice:
        'Browsers keep the storage of frames apart by site, and this host has no relay. Switch it on (relay.enabled). Or, ' +
        `if the page around this one is of another site than ${location.host}, give this host a name of the page’s site, ` +
        'such as phone.example.com for crm.example.com; in Safari that does not help.',
    };
  }
  if (way.severed && inForeignPage && relayFault) return failed(relayFault.advice);
  return failed(isElsewhere({ redirectUri }) ? notListed(redirectUri) : notHandedOver(way, page));
}

/** @param {string} redirectUri */
function notListed(redirectUri) {
  return (
    `The parameter redirectUri names ${redirectUri}, which hands nothing over to ${location.origin}. On that host, add it ` +
    `to the setting [redirect] origins = ["${location.origin}"]. Or remove redirectUri, and register this host’s own ` +
    'redirect page.'
  );
}

/** @type {(way: Way, page: string) => string} */
function notHandedOver({ severed, separateStorage }, page) {
  if (page === 'stand-in-platform.html') {
    return 'The window stayed on the test’s own login page: something has replaced that page or its script.';
  }
  if (severed) {
    return (
      `The redirect page stored nothing ${separateStorage ? 'in the relay' : 'in the browser or in the relay'}: the ` +
      'browser may deny storage to this host, or something has replaced redirect.js. If the window stayed open, it shows why.'
    );
  }
  return page
    ? 'The redirect page opened and stayed open: its script did not run. A Content-Security-Policy blocks it, or something ' +
        'has replaced it.'
    : 'The window was closed or severed, and nothing was handed over: something has replaced redirect.js, such as a file in ' +
        'public_dir.';
}
