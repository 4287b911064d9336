/* The ways in which a sign-in comes back, as a table, and what is to be said of each when it was played. */

import { HEARD } from './page.mjs';

/**
 * @typedef {{blocked: boolean, heard: {by: string, ms: number, whole: boolean}[], stayed: string, denied: boolean,
 *            keeps: boolean}} Played what came of one, as `stand-in-app.js` tells it; `stayed`: where its window still is
 *
 * @typedef {'passed' | 'limited' | 'failed' | 'not here'} Result `limited`: it cannot work, and here that is how it is
 * @typedef {{result: Result, told?: string, advice: string}} Judgement
 *
 * @typedef {object} Way
 * @property {string} name
 * @property {string} about
 * @property {string[]} hearing the ways of hearing of it that are right
 * @property {boolean} [inFrame]
 * @property {boolean} [severed] by the login page
 * @property {boolean} [apart] the frame shares no storage with the window
 * @property {boolean} [implicit]
 * @property {boolean} [onlyDenied] only where the browser denies storage
 * @property {Record<string, string>} answer
 *
 * @typedef {object} Surroundings
 * @property {string} redirectUri
 * @property {string} cdn the CDN's origin where the widget comes from there
 * @property {boolean} inForeignPage this page stands in a frame of another origin's
 * @property {boolean} relays the host has a relay
 * @property {boolean} comesBack a plain sign-in was heard of
 * @property {{actual: string, advice: string}} [broken] what is wrong with the relay
 */

const OPENER = ['oAuthCallback', 'message'];
const CODE = { code: 'rehearsed' }; // as in stand-in-platform.js

/** @type {Way[]} */
export const WAYS = [
  {
    name: 'plain sign-in',
    about: 'The sign-in window comes back to the redirect page.',
    hearing: OPENER,
    answer: CODE,
  },
  {
    name: 'severed opener',
    about: 'A sign-in page has severed the window from the widget.',
    hearing: ['storage', 'relay'],
    severed: true,
    answer: CODE,
  },
  {
    name: 'severed, another site',
    about: 'The same in a page of another site, where widget and window share no storage: the host relays the answer.',
    hearing: ['relay'],
    severed: true,
    apart: true,
    answer: CODE,
  },
  {
    name: 'hidden frame',
    about: 'The widget renews a sign-in in a hidden frame.',
    hearing: ['refresh'],
    inFrame: true,
    answer: CODE,
  },
  {
    name: 'denied storage',
    about: 'The browser denies storage to the widget’s frame.',
    hearing: OPENER,
    onlyDenied: true,
    answer: CODE,
  },
  {
    name: 'denied sign-in',
    about: 'The user says no.',
    hearing: OPENER,
    answer: { error: 'access_denied', error_description: 'Rehearsed: the user said no.' },
  },
  {
    name: 'implicit answer',
    about: 'The answer stands behind the #, as for old releases.',
    hearing: OPENER,
    implicit: true,
    answer: { access_token: 'rehearsed', token_type: 'bearer' },
  },
];

/**
 * What is to be said of a way without playing it; nothing where it must be played.
 * @param {Way} way
 * @param {boolean} denied the browser denies storage to the frame
 * @param {Surroundings} around
 * @returns {Judgement | undefined}
 */
export function preconditionOf({ severed, apart, onlyDenied }, denied, around) {
  if (onlyDenied && !denied) return { result: 'not here', advice: 'This browser lets the frame store.' };
  if (around.cdn && (severed || onlyDenied)) return onCdn(apart, severed, around.cdn);
  const lacking = apart ? relaysNothing(around) : '';
  if (lacking) return { result: 'not here', advice: lacking };
  if (severed && isElsewhere(around)) return { result: 'limited', advice: sharesNothing(around) };
  if (severed && !around.comesBack) return { ...failed(''), told: 'Not played: a plain sign-in comes first.' };
  return apart && around.broken ? { ...failed(around.broken.advice), told: around.broken.actual } : undefined;
}

/** @type {(apart: boolean | undefined, severed: boolean | undefined, cdn: string) => Judgement} */
function onCdn(apart, severed, cdn) {
  const remedy = 'Host a release: embeddable-host pull.';
  if (apart) {
    const advice = `The widget comes from ${cdn}, and this host relays only for one of its own. ${remedy}`;
    return { result: 'not here', advice };
  }
  const what = severed
    ? 'never hears of this sign-in: it shares no storage with this host'
    : 'does not start without storage';
  return { result: 'limited', advice: `The widget comes from ${cdn} and ${what}. ${remedy}` };
}

/** Why no answer is relayed here; empty where one is. @param {Surroundings} around */
function relaysNothing({ relays, redirectUri }) {
  if (!relays) {
    return (
      'This host has no relay: the setting relay.enabled is off, this is an export, or the redirect.js in public_dir is ' +
      'older than the relay. Users who must sign in by a page that severs the window cannot do so from another site.'
    );
  }
  if (isElsewhere({ redirectUri })) {
    return `The parameter redirectUri names ${redirectUri}: what comes back there is not this host’s to relay.`;
  }
  return window.isSecureContext ? '' : 'Browsers give the cryptography that the relay needs to https pages alone.';
}

/** Whether the answer comes back to another origin. @param {{redirectUri: string}} around */
const isElsewhere = ({ redirectUri }) => new URL(redirectUri).origin !== location.origin;

/** @param {Surroundings} around */
function sharesNothing({ redirectUri }) {
  return (
    `The parameter redirectUri names ${redirectUri}, which shares no storage with ${location.origin}. Take ` +
    'redirectUri out of the settings, and register this host’s own redirect page.'
  );
}

/**
 * What came of a way, and what to do where that is not right.
 * @param {Way} way
 * @param {Played} played
 * @param {Surroundings} around
 * @returns {Judgement}
 */
export function judge(way, { blocked, heard, stayed, keeps }, around) {
  if (way.onlyDenied && !keeps) {
    return failed('The storage in memory does not work: see whether something rewrites before-app.js.');
  }
  if (blocked) {
    return failed(
      'The browser opened no window: pop-ups are blocked, or the page around this one has a sandbox without allow-popups ' +
        'or a Cross-Origin-Opener-Policy. Users cannot sign in there either.',
    );
  }
  if (heard.length === 0) return nothingHeard(way, stayed, around);
  if (heard.length > 1) {
    return failed(
      'The answer came more than once, and users sign in twice: a redirect page of your own hands it over by a ' +
        'script beside redirect.js. Take that script out.',
    );
  }
  const [{ by, whole }] = heard;
  if (!whole) {
    return failed(
      'Another address came back than was sent: something rewrites the address on its way, and the code is lost.',
    );
  }
  if (!way.hearing.includes(by)) return heardOtherwise(way, by);
  if (stayed) {
    return failed(
      'It was handed over, but its window stayed open: a redirect.js of your own must close it with window.close().',
    );
  }
  return { result: 'passed', advice: '' };
}

/** @type {(advice: string) => Judgement} */
const failed = (advice) => ({ result: 'failed', advice });

/** @type {(way: Way, by: string) => Judgement} */
function heardOtherwise({ severed }, by) {
  if (severed && OPENER.includes(by)) {
    const advice =
      'The window kept its opener: something takes Cross-Origin-Opener-Policy off stand-in-platform.html, the page that ' +
      'severs it here. That harms no user, but this way cannot be rehearsed.';
    return { result: 'not here', advice };
  }
  if (by === 'storage' || by === 'relay') {
    return failed(
      `The window came back without its opener, and ${HEARD[by]} had to help. Something sends ` +
        'Cross-Origin-Opener-Policy with the redirect page: take that header out.',
    );
  }
  return failed(`It came by ${HEARD[by]}, which the app does not listen to here.`);
}

/** @type {(way: Way, stayed: string, around: Surroundings) => Judgement} */
function nothingHeard(way, stayed, { redirectUri, inForeignPage, relays, broken }) {
  if (way.severed && inForeignPage && !relays) {
    return {
      result: 'limited',
      advice:
        'Browsers keep the storage of frames apart by site, and this host has no relay. Switch it on (relay.enabled). Or, ' +
        `where the page around this one is of another site than ${location.host}, give this host a name of the page’s ` +
        'site, such as phone.example.com for crm.example.com, which helps but in Safari.',
    };
  }
  if (way.severed && inForeignPage && broken) return failed(broken.advice);
  return failed(isElsewhere({ redirectUri }) ? notListed(redirectUri) : notHandedOver(way, stayed));
}

/** @param {string} redirectUri */
function notListed(redirectUri) {
  return (
    `The parameter redirectUri names ${redirectUri}, which hands nothing over to ${location.origin}. There, add it to the ` +
    `setting [redirect] origins = ["${location.origin}"]. Or take redirectUri out, and register this host’s own redirect page.`
  );
}

/** @type {(way: Way, stayed: string) => string} */
function notHandedOver({ inFrame, severed, apart }, stayed) {
  if (inFrame) {
    return (
      'The redirect page handed nothing over from a frame: X-Frame-Options, or frame-ancestors in a ' +
      'Content-Security-Policy, keeps it out. Take that header out.'
    );
  }
  if (stayed === 'start.html') {
    return 'The window stayed on start.html, where it begins: something has replaced that page or its script.';
  }
  if (stayed === 'stand-in-platform.html') {
    return 'The window stayed on the rehearsal’s own login page: something has replaced that page or its script.';
  }
  if (severed) {
    return (
      `The redirect page left nothing ${apart ? 'with the host' : 'in storage or with the host'}: this browser may deny ` +
      'storage to this host, or something has replaced redirect.js. A window that stayed open says more.'
    );
  }
  return stayed
    ? 'The redirect page opened and stayed, and its script did not run: a Content-Security-Policy forbids it, or something ' +
        'has replaced it.'
    : 'The window was closed or severed, and nothing was handed over: something has replaced redirect.js, such as a file in ' +
        'public_dir, or sends Cross-Origin-Opener-Policy with start.html.';
}
