/* The ways in which a sign-in comes back, as a table, and what is to be said of each when it was played. */

/**
 * @typedef {{blocked: boolean, heard: {by: string, ms: number, whole: boolean}[], stayed: boolean, denied: boolean,
 *            keeps: boolean}} Played what came of one, as `stand-in-app.js` tells it
 *
 * @typedef {'passed' | 'limited' | 'failed' | 'not here'} Result `limited`: it cannot work, and here that is how it is
 *
 * @typedef {object} Way
 * @property {string} name
 * @property {string} about
 * @property {string[]} hearing the ways of hearing of it that are right
 * @property {boolean} [inFrame]
 * @property {boolean} [severed]
 * @property {boolean} [implicit]
 * @property {boolean} [onlyDenied] only where the browser denies storage
 * @property {Record<string, string>} answer
 *
 * @typedef {object} Surroundings
 * @property {string} redirectUri
 * @property {string} cdn the CDN's origin where the widget comes from there
 * @property {boolean} inForeignPage this page stands in a frame of another origin's
 */

/** The ways of hearing, in words. */
export const HEARD = /** @type {Record<string, string>} */ ({
  oAuthCallback: 'a call to the opener',
  message: 'a message to the opener',
  refresh: 'a message to the frame around it',
  storage: 'storage',
});

const OPENER = ['oAuthCallback', 'message'];
const CODE = { code: 'rehearsed' };

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
    hearing: ['storage'],
    severed: true,
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
 * What came of a way, and what to do where that is not right.
 * @param {Way} way
 * @param {Played} played
 * @param {Surroundings} around
 * @returns {{result: Result, advice: string}}
 */
export function judge(way, { blocked, heard, stayed, denied, keeps }, around) {
  const cdn = onCdn(way, denied, around);
  if (cdn) return { result: 'limited', advice: cdn };
  if (way.onlyDenied && !denied) return { result: 'not here', advice: 'This browser lets the frame store.' };
  if (way.onlyDenied && !keeps)
    return {
      result: 'failed',
      advice: 'The storage in memory does not work: see whether something rewrites before-app.js.',
    };
  if (blocked) {
    return {
      result: 'failed',
      advice:
        'The browser opened no window: pop-ups are blocked, or the page around this one has a sandbox without allow-popups ' +
        'or a Cross-Origin-Opener-Policy. Users cannot sign in there either.',
    };
  }
  if (heard.length === 0) return nothingHeard(way, stayed, around);
  if (heard.length > 1) {
    return {
      result: 'failed',
      advice:
        'The answer came more than once, and users sign in twice: a redirect page of your own hands it over by a ' +
        'script beside redirect.js. Take that script out.',
    };
  }
  if (!heard[0].whole) {
    return {
      result: 'failed',
      advice:
        'Another address came back than was sent: something rewrites the address on its way, and the code is lost.',
    };
  }
  if (!way.hearing.includes(heard[0].by)) return { result: 'failed', advice: heardOtherwise(heard[0].by) };
  if (stayed) {
    return {
      result: 'failed',
      advice:
        'It was handed over, but its window stayed open: a redirect.js of your own must close it with window.close().',
    };
  }
  return { result: 'passed', advice: '' };
}

/** @type {(way: Way, denied: boolean, around: Surroundings) => string} */
function onCdn({ severed, onlyDenied }, denied, { cdn }) {
  if (!cdn || !(severed || (onlyDenied && denied))) return '';
  const what = severed
    ? 'never hears of this sign-in: it shares no storage with this host'
    : 'does not start without storage';
  return `The widget comes from ${cdn} and ${what}. Host a release: embeddable-host pull.`;
}

/** @param {string} by */
function heardOtherwise(by) {
  if (by === 'storage') {
    return (
      'The window came back without its opener, and storage had to help: from pages of another site nobody signs in. ' +
      'Something sends Cross-Origin-Opener-Policy with the redirect page: take that header out.'
    );
  }
  return `It came by ${HEARD[by]}, which the app does not listen to here.`;
}

/** @type {(way: Way, stayed: boolean, around: Surroundings) => {result: Result, advice: string}} */
function nothingHeard(way, stayed, { redirectUri, inForeignPage }) {
  const { origin } = new URL(redirectUri);
  const isElsewhere = origin !== location.origin;
  if (way.severed && isElsewhere) {
    return {
      result: 'limited',
      advice:
        `The parameter redirectUri names ${redirectUri}, which shares no storage with ${location.origin}. Take ` +
        'redirectUri out of the settings, and register this host’s own redirect page.',
    };
  }
  if (way.severed && inForeignPage) {
    return {
      result: 'limited',
      advice:
        'Browsers keep the storage of frames apart by site. Where the page around this one is of another site than ' +
        `${location.host}, give this host a name of the page’s site, such as phone.example.com for crm.example.com.`,
    };
  }
  return { result: 'failed', advice: isElsewhere ? notListed(redirectUri) : notHandedOver(way, stayed) };
}

/** @param {string} redirectUri */
function notListed(redirectUri) {
  return (
    `The parameter redirectUri names ${redirectUri}, which hands nothing over to ${location.origin}. There, add it to the ` +
    `setting [redirect] origins = ["${location.origin}"]. Or take redirectUri out, and register this host’s own redirect page.`
  );
}

/** @type {(way: Way, stayed: boolean) => string} */
function notHandedOver({ inFrame, severed }, stayed) {
  if (inFrame) {
    return (
      'The redirect page handed nothing over from a frame: X-Frame-Options, or frame-ancestors in a ' +
      'Content-Security-Policy, keeps it out. Take that header out.'
    );
  }
  if (severed) {
    return (
      'The redirect page left nothing in storage: this browser may deny storage to this host, or something has replaced ' +
      'redirect.js.'
    );
  }
  return stayed
    ? 'The redirect page opened and stayed, and its script did not run: a Content-Security-Policy forbids it, or something ' +
        'has replaced it.'
    : 'The redirect page closed without handing anything over: something has replaced redirect.js, such as a file in public_dir.';
}
