/*
 * The app's part in the sign-in test: from a frame like the widget's, it opens a sign-in window as the app does and
 * receives the callback in every way that the app listens to.
 *
 * The page around it sends `{ run: … }` with the case to run, and gets `{ result: … }`.
 */
(() => {
  'use strict';

  const POLL_INTERVAL_MS = 20;
  const DUPLICATE_TIMEOUT_MS = 200; // in which a callback may arrive a second time

  /**
   * @typedef {object} Case
   * @property {string} redirectUri
     * @property {boolean} severed by the login page
   * @property {boolean} separateStorage as if the frame shared no storage with the window
     * @property {Record<string, string>} parameters of the callback
   * @property {number} callbackTimeout ms that a callback may take
   * @property {number} quietTimeout ms without a callback after the window has loaded or closed
   *
   * @typedef {{by: string, ms: number, intact: boolean}} Received
   */

  const ON_THE_WAY = ['blank', 'stand-in-platform.html']; // pages that a window leaves again

  /** @type {Received[]} */
  let received = [];
  /** @type {Window | null} */
  let opened = null;
  let startedAt = 0;
  let expected = '';
  let storageKey = '';

  /**
   * @param {string} by
   * @param {unknown} callback
   */
  function receive(by, callback) {
    const intact = typeof callback === 'string' && parametersOf(callback) === expected;
    received.push({ by, ms: Math.round(performance.now() - startedAt), intact });
  }

  /** A closed window cannot call: then before-app.js called, with the message that it took from the relay. */
  function receiveCall(/** @type {string} */ callback) {
    receive(isGone() ? 'relay' : 'oAuthCallback', callback);
  }

  /** Whether the window is still loading, as far as this frame can see. */
  function isLoading() {
    try {
      if (!opened || opened.closed) return false;
      return ON_THE_WAY.includes(pageName(opened)) || opened.document.readyState !== 'complete';
    } catch {
      return false; // of another origin, or the browser's own page
    }
  }

  /** @param {Window} shown */
  const pageName = (shown) => shown.location.pathname.replace(/.*\//, '');

  function isGone() {
    return !opened || opened.closed;
  }

  /** @param {number} ms */
  const delay = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

  /** The `state` of an app, `btoa(<millis>)-<prefix>-<encodeURIComponent(btoa(uuid))>`, and the start of its storage key. */
  function newState() {
    const tail = `undefined-${encodeURIComponent(btoa(`${Math.random()}${Math.random()}`))}`;
    return { state: `${btoa(`${Date.now()}`)}-${tail}`, tail };
  }

  /**
   * The address that the platform sends the window back to (RFC 6749 §4.1.2, §4.1.2.1).
   * @param {Case} test
   * @param {string} state
   */
  function callbackOf({ redirectUri, parameters }, state) {
    const address = new URL(redirectUri);
    for (const [name, value] of Object.entries({ ...parameters, state })) address.searchParams.append(name, value);
    return address.href;
  }

  /** What a callback says, in any order: the gate in front of the app rebuilds its address. @param {string} address */
  function parametersOf(address) {
    return JSON.stringify([...new URL(address).searchParams].sort());
  }

  /**
   * An authorize address, by which before-app.js recognizes a sign-in. A login page that does not sever is skipped: the
   * address is the callback itself.
   * @param {Case} test
   * @param {string} state
   */
  function authorizeAddress(test, state) {
    const address = new URL(test.severed ? 'stand-in-platform.html' : callbackOf(test, state), location.href);
    address.searchParams.set('redirect_uri', test.redirectUri);
    address.searchParams.set('state', state);
    return address.href;
  }

  /** The page that the window shows in the end; empty if it is closed or severed. */
  function finalPage() {
    if (isGone()) return '';
    try {
      return (opened && pageName(opened)) || 'another page';
    } catch {
      return 'another page'; // of another origin, or the browser's own
    }
  }

  /**
   * Waits for the callback and until the window is closed, or until one of the timeouts.
   * @param {number} callbackTimeout ms
   * @param {number} quietTimeout ms
   * @returns {Promise<boolean>} whether the window was too slow to say what became of it
   */
  async function untilReceived(callbackTimeout, quietTimeout) {
    // Counted in polls, not by the clock: a busy machine, which makes both late, gets more time.
    let left = quietTimeout / POLL_INTERVAL_MS;
    while (left > 0 && performance.now() < startedAt + callbackTimeout) {
      if (received.length && isGone()) return false;
      left = isLoading() ? quietTimeout / POLL_INTERVAL_MS : left - 1;
      await delay(POLL_INTERVAL_MS);
    }
    return received.length === 0 && isLoading();
  }

  /** @param {Case} test */
  async function run(test) {
    const { state, tail } = newState();
    const address = authorizeAddress(test, state);
    received = [];
    storageKey = `${tail}-callbackUri`;
    expected = parametersOf(callbackOf(test, state));
    startedAt = performance.now();
    opened = window.open(address, 'embeddable-host-test', 'popup, width=500, height=400');
    if (!opened) return { blocked: true, received, page: '', slow: false };
    const { callbackTimeout, quietTimeout } = test;
    const slow = await untilReceived(callbackTimeout, test.severed ? callbackTimeout : quietTimeout);
    const page = finalPage();
    await delay(DUPLICATE_TIMEOUT_MS);
    opened.close();
    return { blocked: false, received, page, slow };
  }

  /** Whether storage works: the browser's, or that in memory, as in the widget's page where the browser denies it. */
  function storageWorks() {
    try {
      localStorage.setItem('sign-in-test', 'stored');
      const works = localStorage.getItem('sign-in-test') === 'stored';
      localStorage.removeItem('sign-in-test');
      return works;
    } catch {
      return false; // full, or none
    }
  }

  Object.assign(window, { oAuthCallback: receiveCall });
  window.addEventListener('storage', ({ key, newValue }) => {
    if (key !== storageKey || !newValue) return;
    localStorage.removeItem(key); // which tells the redirect page that the app has the callback
    receive('storage', newValue);
  });
  window.addEventListener('message', async ({ source, origin, data }) => {
    if (source === window.parent && origin === location.origin && data?.run) {
      if (window.embeddableHost) window.embeddableHost.isApart = data.run.separateStorage;
      const result = await run(data.run);
      const storage = { storageDenied: !(localStorage instanceof Storage), storageWorks: storageWorks() };
      window.parent.postMessage({ result: { ...result, ...storage } }, location.origin);
    } else if (data?.callbackUri) {
      receive('message', data.callbackUri);
    }
  });
  window.parent.postMessage({ ready: true }, location.origin);
})();
