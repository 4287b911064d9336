/* embeddable-host {"relay": 2} */
// with seal.js
// with secrets.js
// with theme.js
/*
 * Hands the answer of a sign-in over to the app, exactly once, by the first way that holds.
 *
 * The answer holds the code: it leaves the address bar first, and it goes to listed origins alone. `state` is input: it
 * names a key of this browser's own storage, and is trusted with nothing else.
 */
(() => {
  'use strict';

  /** @type {Appearance & {origins: string[], prefix: string, relay: boolean}} */
  const values = /** @type {any} */ ({ "values": null });

  const STORAGE_PATIENCE = 60_000; // ms the code may lie in storage
  const RELAY_PATIENCE = 60_000; // ms the host may be out of reach
  const RELAY_PAUSE = 1_000; // ms between two tries
  const LEFT = [201, 409]; // the host has the letter: from this try, or from one whose answer was lost
  // Errors that ask a user for the same as another (RFC 6749 §4.1.2.1; OpenID Connect Core 1.0 §3.1.2.6).
  const ALIKE = new Map([
    ['temporarily_unavailable', 'server_error'],
    ['interaction_required', 'login_required'],
    ['consent_required', 'login_required'],
  ]);
  const PASSING = [408, 425, 429, 500, 502, 503, 504, 507]; // statuses that may be gone on the next try

  const answer = location.href;
  const query = new URLSearchParams(location.search);
  const fragment = new URLSearchParams(location.hash.slice(1)); // the implicit grant answers here (RFC 6749 §4.2.2)
  history.replaceState(null, '', location.pathname);

  /** @param {string} name */
  const parameter = (name) => query.get(name) ?? fragment.get(name);

  const { texts, say } = applyTheme(values);
  const error = parameter('error');
  const reason = error === null ? '' : `${explain(error)} (${error}) `;
  const state = parameter('state') ?? '';

  /**
   * What a user can do about an error; of one that no sentence is for, what RingCentral says.
   * @param {string} code
   */
  function explain(code) {
    const told = new Map(Object.entries(texts.errors)); // the code is input, and no property's name
    const alike = ALIKE.get(code) ?? code;
    return told.get(code) ?? told.get(alike) ?? (parameter('error_description') || texts.failed);
  }

  /* The ways, in their order. One that holds hands the answer over and says what becomes of this window. */
  const ways = [
    function callOpener() {
      let callback;
      try {
        callback = window.opener.oAuthCallback;
      } catch {
        return null; // no opener, or one of another origin
      }
      if (typeof callback !== 'function') return null;
      callback(answer);
      return 'close';
    },
    function postToOpener() {
      if (!window.opener || window.opener.closed) return null;
      post(window.opener, { callbackUri: answer });
      return 'close';
    },
    function postToParent() {
      if (window.parent === window) return null;
      const single = window.name === 'SSOIframe'; // else the hidden refresh frame
      post(window.parent, single ? { callbackUri: answer } : { refreshCallbackUri: answer });
      return 'stay';
    },
    function leaveWithHost() {
      if (!secret || !values.relay) return null;
      relay(secret);
      return 'wait';
    },
    function leaveInStorage() {
      const dash = state.indexOf('-');
      if (dash < 0) return null;
      const name = state.slice(dash + 1);
      return leave([`${name}-callbackUri`, `${values.prefix}-${name}-redirect-callbackUri`]) ? 'stay' : null;
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

  /**
   * Leaves the answer with the host, sealed: the app's frame, which has the secret too, fetches it there.
   * @param {string} secretOfBoth
   */
  async function relay(secretOfBoth) {
    const letter = await sealedMessage(secretOfBoth);
    const body = await letter.seal(answer);
    const end = Date.now() + RELAY_PATIENCE;
    for (;;) {
      const status = await send(`relay/${letter.id}`, body);
      if (LEFT.includes(status)) return close(`${reason}${texts.done}`);
      if (!PASSING.includes(status) || Date.now() > end) return say(`${reason}${texts.late}`);
      await new Promise((resolve) => setTimeout(resolve, RELAY_PAUSE));
    }
  }

  /** @type {(address: string, body: Blob) => Promise<number>} the status; as one that passes where no answer came */
  async function send(address, body) {
    try {
      // By the connection that brought this page: a browser opens another one for what is to go without credentials.
      return (await fetch(address, { method: 'POST', body, cache: 'no-store' })).status;
    } catch {
      return 503;
    }
  }

  /** @param {string[]} keys the newer and the older name; an app listens to one of them */
  function leave(keys) {
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
      }, STORAGE_PATIENCE);
      for (const key of keys) localStorage.setItem(key, answer);
      say(texts.back);
      return true;
    } catch {
      return false; // storage is denied
    }
  }

  /** @param {string} farewell */
  function close(farewell) {
    window.close();
    // Seen only where the window could not be closed: one that no script has opened.
    setTimeout(() => say(farewell), 300);
  }

  /** Tells the app's frame that its window has come back to it, so that it does not ask the host for the answer. */
  function announce() {
    try {
      window.opener.embeddableHost.cameBack(window);
    } catch {
      // no opener, one of another origin, or one without the relay
    }
  }

  function handOver() {
    const answered = ['code', 'error', 'access_token', 'id_token', 'jwt'].some((name) => parameter(name) !== null);
    if (!answered) return say(texts.nothing);
    announce();
    // The app polls this window's address and closes it when it found the answer there: then it has it already.
    if (window.closed) return;
    const next = ways.reduce((/** @type {string | null} */ done, way) => done ?? way(), null);
    if (next === null) say(`${reason}${texts.gone}`);
    else if (next === 'close') close(`${reason}${texts.done}`);
    else if (next === 'stay' && reason) say(`${reason}${texts.done}`);
  }

  // Kept where the sign-in began in this browser, and the app shares no storage with this page. It is good for this answer
  // alone, whichever way that goes.
  const secret = secrets.take(state);
  handOver();
})();
