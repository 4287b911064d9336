/*
 * Hands the answer of a sign-in over to the app, exactly once, by the first way that holds.
 *
 * The answer holds the code: it leaves the address bar first, and it goes to listed origins alone. `state` is input: it
 * names the storage key, and is trusted with nothing else.
 */
(() => {
  'use strict';

  /** @type {{origins: string[], prefix: string, title: string, text: string, logo: string, color: string,
   *          background: string, language: string}} */
  const values = /** @type {any} */ ({ "values": null });

  const STORAGE_PATIENCE = 60_000; // ms the code may lie in storage

  const answer = location.href;
  const query = new URLSearchParams(location.search);
  const fragment = new URLSearchParams(location.hash.slice(1)); // the implicit grant answers here (RFC 6749 §4.2.2)
  history.replaceState(null, '', location.pathname);

  /** @param {string} name */
  const parameter = (name) => query.get(name) ?? fragment.get(name);

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
    function leaveInStorage() {
      const state = parameter('state') || '';
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
    for (const origin of [location.origin, ...values.origins]) receiver.postMessage(message, origin);
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
        close('You can close this window now.');
      });
      window.addEventListener('pagehide', clear);
      setTimeout(() => {
        clear();
        say('The sign-in could not be handed over. Close this window and sign in again.');
      }, STORAGE_PATIENCE);
      for (const key of keys) localStorage.setItem(key, answer);
      say('Go back to the window you came from. If you are not signed in there, close this window and try again.');
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

  /** @param {string} text */
  function say(text) {
    const status = document.getElementById('status');
    if (status) status.textContent = text;
  }

  function handOver() {
    const answered = ['code', 'error', 'access_token', 'id_token', 'jwt'].some((name) => parameter(name) !== null);
    if (!answered) return say('There is no sign-in to hand over. Close this window and sign in from the widget.');
    // The app polls this window's address and closes it when it found the answer there: then it has it already.
    if (window.closed) return;
    const next = ways.reduce((/** @type {string | null} */ done, way) => done ?? way(), null);
    const error = parameter('error');
    const reason = error === null ? '' : `${parameter('error_description') || 'The sign-in failed.'} (${error}) `;
    if (next === null) say(`${reason}The window that asked for this is gone. Close this window and sign in again.`);
    else if (next === 'close') close(`${reason}You can close this window now.`);
    else if (reason) say(`${reason}You can close this window now.`);
  }

  function dress() {
    document.title = values.title;
    document.documentElement.lang = values.language;
    if (values.color) document.documentElement.style.setProperty('--color', values.color);
    if (values.background) document.documentElement.style.setProperty('--background', values.background);
    const logo = document.getElementById('logo');
    if (logo instanceof HTMLImageElement && values.logo) {
      logo.src = values.logo;
      logo.hidden = false;
    }
    say(values.text);
  }

  dress();
  handOver();
})();
