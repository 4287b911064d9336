/*
 * Begins each sign-in on this host's own start.html, and fetches the answer from the host where nothing else brings it.
 *
 * A login page can sever the window from the app ("Cross-Origin-Opener-Policy"), and the app's frame may share no storage
 * with it. So before the window leaves for the platform, both learn a secret; the redirect page leaves the answer with the
 * host, sealed with it, and this script takes it there. A sign-in that comes back by itself asks the host for nothing.
 */

/**
 * What start.html is told by its opener.
 * @typedef {object} Beginning
 * @property {string} address of the platform, where the window goes on to
 * @property {string} state
 * @property {string} secret 64 hex digits
 * @property {(mark: string) => boolean} isMarked whether the app's storage has the key
 * @property {() => void} relays to be called when the secret is kept: the answer will come by the host
 *
 * @typedef {{address: URL, state: string, base: URL, secret: string, window: Window | null, isBegun: boolean,
 *            hadCallback: boolean, end: AbortController}} Attempt
 */

/** @param {BeforeApp} values */
function beginSignIns(values) {
  'use strict';

  const LOOK_EVERY = 200; // ms
  const TIMEOUT = 600_000; // ms that a user may take to sign in
  const PAUSE = 1_000; // ms before the host is asked again where it could not answer
  const PASSING = [429, 500, 502, 503, 504];

  const script = /** @type {HTMLScriptElement | null} */ (document.currentScript);
  const top = new URL(values.top, script?.src || location.href);
  const profiles = values.profiles.map((folder) => new URL(folder, top));
  if (profiles.length === 0 || !window.isSecureContext || typeof crypto.subtle !== 'object') return;

  /** @type {Attempt | undefined} */
  let current;
  let isStraight = false; // the next sign-in goes straight to the platform

  /**
   * The sign-in that a call to window.open is about; none where it is about anything else, or the answer comes back to
   * another address than this host's.
   * @param {unknown[]} args
   * @returns {Attempt | undefined}
   */
  function attemptOf([url, , features]) {
    if (!(typeof url === 'string' || url instanceof URL)) return undefined;
    const address = parsed(String(url));
    const state = address?.searchParams.get('state');
    const redirectUri = address?.searchParams.get('redirect_uri');
    const base = profiles.find((one) => new URL('redirect.html', one).href === redirectUri);
    if (!address || !state || base?.origin !== location.origin || !/^https?:$/.test(address.protocol)) return undefined;
    if (/\bno(opener|referrer)\b/.test(String(features))) return undefined;
    const secret = [...crypto.getRandomValues(new Uint8Array(32))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
    const hadCallback = hasCallback();
    const end = new AbortController();
    return { address, state, base, secret, window: null, isBegun: false, hadCallback, end };
  }

  /** @param {string} url */
  function parsed(url) {
    try {
      return new URL(url, document.baseURI);
    } catch {
      return undefined; // the browser itself says what is wrong with it
    }
  }

  window.open = new Proxy(window.open, {
    apply(open, self, args) {
      const attempt = attemptOf(args);
      if (!attempt) return Reflect.apply(open, self, args);
      const start = isStraight ? args[0] : new URL('start.html', attempt.base).href;
      attempt.window = Reflect.apply(open, self, [start, ...args.slice(1)]);
      current?.end.abort();
      current = attempt;
      // Blocked, or opened without its opener by a page that isolates itself: there start.html could not go on.
      isStraight = attempt.window === null;
      return attempt.window;
    },
  });

  const host = {
    /** Whether a page that tries a sign-in out wants it as for an app that shares no storage with the window. */
    isApart: false,
    /** @type {(opened: Window) => Beginning | undefined} start.html asks what to do; once, and in the window just opened */
    begin(opened) {
      const attempt = current;
      if (!attempt || attempt.isBegun || attempt.window !== opened) return undefined;
      attempt.isBegun = true;
      return {
        address: attempt.address.href,
        state: attempt.state,
        secret: attempt.secret,
        isMarked: (mark) => !host.isApart && localStorage.getItem(mark) !== null,
        relays: () => watch(attempt),
      };
    },
    /** @param {Window} opened the redirect page is there, and has its opener */
    cameBack(opened) {
      if (current?.window === opened) current.end.abort();
    },
  };
  Object.defineProperty(window, 'embeddableHost', { value: host });

  // The answer has come by a message, from wherever.
  window.addEventListener('message', ({ data }) => {
    if (data?.callbackUri) current?.end.abort();
  });
  window.addEventListener('pagehide', () => current?.end.abort());

  function hasCallback() {
    return typeof (/** @type {any} */ (window).oAuthCallback) === 'function';
  }

  /**
   * Waits until the window reads closed, and asks the host then: it was severed, or the user closed it.
   * @param {Attempt} attempt
   */
  async function watch(attempt) {
    while (!attempt.end.signal.aborted && !attempt.window?.closed) {
      if (isBack(attempt)) return attempt.end.abort();
      await pause(LOOK_EVERY);
    }
    const answer = await fetchAnswer(attempt);
    if (!answer || isOver(attempt)) return undefined;
    attempt.end.abort();
    return deliver(answer);
  }

  /** @param {Attempt} attempt whether its window stands on the redirect page, to be read: then it hands the answer over itself */
  function isBack({ window: opened, base }) {
    try {
      return Boolean(opened?.location.href.startsWith(new URL('redirect.html', base).href));
    } catch {
      return false; // on another origin
    }
  }

  /** @param {Attempt} attempt whether it has ended; `oAuthCallback` is gone when the app is signed in */
  function isOver({ end, hadCallback }) {
    return end.signal.aborted || (hadCallback && !hasCallback());
  }

  /**
   * @param {Attempt} attempt
   * @returns {Promise<string | undefined>} the address that the window came back to; none where it did not, or not to here
   */
  async function fetchAnswer(attempt) {
    const letter = await sealedMessage(attempt.secret);
    const address = new URL(`relay/${letter.id}`, attempt.base);
    const until = Date.now() + TIMEOUT;
    while (!isOver(attempt) && Date.now() < until) {
      const asked = Date.now();
      const answer = await ask(address, attempt.end.signal);
      if (answer?.status === 200) return letter.open(await answer.arrayBuffer()).catch(() => undefined);
      if (answer && answer.status !== 204 && !PASSING.includes(answer.status)) return undefined;
      // The host holds a question until there is an answer to it; whatever says no at once is not asked in a hurry.
      if (Date.now() - asked < PAUSE) await pause(PAUSE);
    }
    return undefined;
  }

  /** @type {(address: URL, signal: AbortSignal) => Promise<Response | undefined>} */
  async function ask(address, signal) {
    try {
      return await fetch(address, { cache: 'no-store', credentials: 'omit', signal });
    } catch {
      return undefined; // out of reach, or no longer wanted
    }
  }

  /** @param {string} answer */
  function deliver(answer) {
    if (hasCallback()) /** @type {any} */ (window).oAuthCallback(answer);
    else window.postMessage({ callbackUri: answer }, location.origin);
  }

  /** @param {number} ms */
  function pause(ms) {
    return new Promise((resolve) => setTimeout(resolve, ms));
  }
}
