/*
 * Hands the answer of a sign-in over to the app, exactly once, by the first way that holds.
 *
 * The answer holds the code: it leaves the address bar first, and it goes to listed origins alone. `state` is input: it
 * names the storage key, and is trusted with nothing else.
 */
(() => {
  'use strict';

  /**
   * @typedef {Record<'title' | 'text' | 'done' | 'back' | 'late' | 'nothing' | 'gone' | 'failed', string>} Sentences
   * @typedef {{color: string, background: string, logo: string}} Look
   */

  /** @type {{origins: string[], prefix: string, title: string, text: string, language: string, light: Look, dark: Look,
   *          sentences: Record<string, Sentences>}} */
  const values = /** @type {any} */ ({ "values": null });

  const STORAGE_PATIENCE = 60_000; // ms the code may lie in storage

  const DEFAULT_LANGUAGE = 'en';
  const TRADITIONAL_CHINESE = /^zh-(hant|tw|hk|mo)\b/i;

  const answer = location.href;
  const query = new URLSearchParams(location.search);
  const fragment = new URLSearchParams(location.hash.slice(1)); // the implicit grant answers here (RFC 6749 §4.2.2)
  history.replaceState(null, '', location.pathname);

  /** @param {string} name */
  const parameter = (name) => query.get(name) ?? fragment.get(name);

  const language = chooseLanguage(values.language ? [values.language] : navigator.languages);
  const sentences = values.sentences[language];

  /**
   * The first language asked for that there are sentences in (RFC 4647 §3.4).
   * @param {readonly string[]} asked
   */
  function chooseLanguage(asked) {
    const known = Object.keys(values.sentences);
    for (const tag of asked) {
      // Chinese is written in two ways, which its regions tell.
      const meant = /^zh\b/i.test(tag) ? (TRADITIONAL_CHINESE.test(tag) ? 'zh-TW' : 'zh-CN') : tag;
      const parts = meant.toLowerCase().split('-');
      for (let length = parts.length; length > 0; length -= 1) {
        const range = parts.slice(0, length).join('-');
        const found = known.find((one) => one.toLowerCase() === range);
        if (found) return found;
      }
    }
    return DEFAULT_LANGUAGE;
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
    for (const origin of new Set([location.origin, ...values.origins])) receiver.postMessage(message, origin);
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
        close(sentences.done);
      });
      window.addEventListener('pagehide', clear);
      setTimeout(() => {
        clear();
        say(sentences.late);
      }, STORAGE_PATIENCE);
      for (const key of keys) localStorage.setItem(key, answer);
      say(sentences.back);
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
    if (!answered) return say(sentences.nothing);
    // The app polls this window's address and closes it when it found the answer there: then it has it already.
    if (window.closed) return;
    const next = ways.reduce((/** @type {string | null} */ done, way) => done ?? way(), null);
    const error = parameter('error');
    const reason = error === null ? '' : `${parameter('error_description') || sentences.failed} (${error}) `;
    if (next === null) say(`${reason}${sentences.gone}`);
    else if (next === 'close') close(`${reason}${sentences.done}`);
    else if (reason) say(`${reason}${sentences.done}`);
  }

  function dress() {
    const { light, dark } = values;
    // Colours for the light alone hold in the dark too: who could read one on a ground that it was not chosen for?
    const hasColors = (/** @type {Look} */ look) => Boolean(look.color || look.background);
    const isDark = matchMedia('(prefers-color-scheme: dark)').matches && (hasColors(dark) || !hasColors(light));
    const { color, background } = isDark ? dark : light;
    const root = document.documentElement;
    root.lang = values.language || language;
    root.style.colorScheme = isDark ? 'dark' : 'light';
    if (color) root.style.setProperty('--color', color);
    if (background) root.style.setProperty('--background', background);
    document.title = values.title || sentences.title;
    const source = (isDark && dark.logo) || light.logo;
    const logo = document.getElementById('logo');
    if (logo instanceof HTMLImageElement && source) {
      logo.src = source;
      logo.hidden = false;
    }
    say(values.text || sentences.text);
  }

  dress();
  handOver();
})();
