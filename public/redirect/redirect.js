/* embeddable-host {"relay": 2} */
// with begun.js
// with send.js
// with theme.js
/*
 * Hands the callback of a sign-in over to the app, exactly once, by the first way that is there.
 *
 * A callback has the code in it: it leaves the address bar first, and goes only to listed origins. Everything in it is
 * input: `state` names a key of this browser's own storage, and is trusted with nothing else.
 */
(() => {
  'use strict';

  /** @type {Appearance & {origins: string[], prefix: string, relay: RelayLimits | null}} */
  const values = /** @type {any} */ ({ "values": null });

  const STORAGE_TIMEOUT_MS = 60_000; // how long a code may stay in storage
  const CLOSE_TIMEOUT_MS = 300; // after which a window that still stands could not be closed: no script has opened it
  const MAX_QUOTATION = 200; // characters of what RingCentral says
  const ERROR = /^[a-z_]{1,40}$/; // as RFC 6749 and RingCentral write them
  // Errors that ask a user for the same as another (RFC 6749 §4.1.2.1; OpenID Connect Core 1.0 §3.1.2.6).
  const ERROR_ALIASES = new Map([
    ['temporarily_unavailable', 'server_error'],
    ['interaction_required', 'login_required'],
    ['consent_required', 'login_required'],
  ]);

  const callback = location.href;
  const query = new URLSearchParams(location.search);
  const fragment = new URLSearchParams(location.hash.slice(1)); // the implicit grant's (RFC 6749 §4.2.2)
  history.replaceState(null, '', location.pathname);

  /** @param {string} name */
  const parameter = (name) => query.get(name) ?? fragment.get(name);

  const { texts, say } = applyTheme(values);
  const state = parameter('state') ?? '';
  const begun = begunSignIns.take(state); // whichever way this callback goes, no other has this `state`
  const error = parameter('error');
  const reason = error === null ? '' : `${explain(error)} `;

  /**
   * What a user can do about an error. Words from the address are quoted only where this browser began the sign-in: others
   * are not RingCentral's.
   * @param {string} code
   */
  function explain(code) {
    const known = new Map(Object.entries(texts.errors)); // the code is input, and no property's name
    const advice = known.get(code) ?? known.get(ERROR_ALIASES.get(code) ?? code);
    const description = begun ? (parameter('error_description') ?? '') : '';
    const quotation = advice || !description ? '' : ` “${description.slice(0, MAX_QUOTATION)}”`;
    return `${advice ?? texts.failed}${ERROR.test(code) ? ` (${code})` : ''}${quotation}`;
  }

  /* The ways, in their order. One that is there hands the callback over and returns what becomes of this window. */
  const ways = [
    function callOpener() {
      let receive;
      try {
        receive = window.opener.oAuthCallback;
      } catch {
        return null; // no opener, or one of another origin
      }
      if (typeof receive !== 'function') return null;
      receive(callback);
      return 'close';
    },
    function postToOpener() {
      if (!window.opener || window.opener.closed) return null;
      post(window.opener, { callbackUri: callback });
      return 'close';
    },
    function postToParent() {
      if (window.parent === window) return null;
      const isSingle = window.name === 'SSOIframe'; // else the hidden refresh frame of releases before 1.8
      post(window.parent, isSingle ? { callbackUri: callback } : { refreshCallbackUri: callback });
      return 'stay';
    },
    function sendToHost() {
      if (!begun?.secret || !values.relay) return null;
      relay(begun.secret, values.relay);
      return 'wait';
    },
    function putInStorage() {
      const dash = state.indexOf('-');
      if (dash < 0) return null;
      const name = state.slice(dash + 1);
      return put([`${name}-callbackUri`, `${values.prefix}-${name}-redirect-callbackUri`]) ? 'stay' : null;
    },
  ];

  /**
   * @param {Window} receiver
   * @param {Record<string, string>} message
   */
  function post(receiver, message) {
    // A browser delivers to the one origin that the receiver has, if it is listed.
    for (const origin of new Set([location.origin, ...values.origins])) receiver.postMessage(message, origin);
  }

  /** @type {(secret: string, limits: RelayLimits) => Promise<void>} */
  async function relay(secret, limits) {
    if (await sendByRelay(callback, secret, state, limits)) close(`${reason}${texts.done}`);
    else say(`${reason}${texts.late}`);
  }

  /** @param {string[]} keys the newer and the older name; an app listens to one of them */
  function put(keys) {
    const clear = () => {
      for (const key of keys) localStorage.removeItem(key);
    };
    try {
      clear();
      window.addEventListener('storage', (event) => {
        if (event.key === null || !keys.includes(event.key) || event.newValue) return;
        clear(); // the app took it
        close(texts.done);
      });
      window.addEventListener('pagehide', clear);
      setTimeout(() => {
        clear();
        say(texts.late);
      }, STORAGE_TIMEOUT_MS);
      for (const key of keys) localStorage.setItem(key, callback);
      say(texts.back);
      return true;
    } catch {
      return false; // storage is denied
    }
  }

  /** @param {string} text for a window that cannot be closed */
  function close(text) {
    window.close();
    setTimeout(() => say(text), CLOSE_TIMEOUT_MS);
  }

  function handOver() {
    const isCallback = ['code', 'error', 'access_token', 'id_token', 'jwt'].some((name) => parameter(name) !== null);
    if (!isCallback) return say(texts.nothing);
    // The app looks at this window's address too, and closes the window when it has found the callback there.
    if (window.closed) return;
    const next = ways.reduce((/** @type {string | null} */ done, way) => done ?? way(), null);
    if (next === null) say(`${reason}${texts.gone}`);
    else if (next === 'close') close(`${reason}${texts.done}`);
    else if (next === 'stay' && reason) say(`${reason}${texts.done}`);
  }

  handOver();
})();
