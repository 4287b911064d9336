/*
 * The app's part in the rehearsal: from a frame like the widget's it opens a sign-in as the app does, and tells how it
 * heard of the answer, by the ways in which the app listens.
 *
 * The rehearsal's page around it says what to play, `{ play: … }`, and is told what came of it, `{ played: … }`.
 */
(() => {
  'use strict';

  const TIMEOUT = 8_000; // ms that an answer may take
  const QUIET = 1_500; // ms after which nothing comes any more from a window that has loaded, or has gone
  const SETTLING = 200; // ms in which it may come a second time
  const LOOK_EVERY = 20; // ms

  /**
   * @typedef {object} Play
   * @property {string} redirectUri
   * @property {boolean} inFrame in a hidden frame, else in a window
   * @property {boolean} severed by the login page
   * @property {boolean} apart the frame shares no storage with the window, wherever this page is
   * @property {boolean} implicit the answer stands behind the #
   * @property {Record<string, string>} answer
   *
   * @typedef {{by: string, ms: number, whole: boolean}} Heard
   */

  /** @type {Heard[]} */
  let heard = [];
  /** @type {Window | HTMLIFrameElement | null} */
  let opened = null;
  let began = 0;
  let awaited = '';
  let key = '';

  /**
   * @param {string} by
   * @param {unknown} address
   */
  function hear(by, address) {
    heard.push({ by, ms: Math.round(performance.now() - began), whole: address === awaited });
  }

  /** A window that reads closed calls nobody: then it was before-app.js that called, with what the host had for it. */
  function hearCall(/** @type {string} */ address) {
    hear(isGone() ? 'relay' : 'oAuthCallback', address);
  }

  /** Whether nothing more is to be loaded in the window, as far as can be seen of it. */
  function isLoaded() {
    try {
      const shown = opened instanceof HTMLIFrameElement ? opened.contentWindow : opened;
      if (!shown || shown.closed) return true;
      return shown.location.href !== 'about:blank' && shown.document.readyState === 'complete';
    } catch {
      return true; // of another origin, or the browser's own page
    }
  }

  function isGone() {
    return !opened || opened instanceof HTMLIFrameElement || opened.closed;
  }

  /** @param {number} ms */
  const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

  /** An app's `state`, `btoa(<millis>)-<prefix>-<encodeURIComponent(btoa(uuid))>`, and what its storage key begins with. */
  function newState() {
    const tail = `undefined-${encodeURIComponent(btoa(`${Math.random()}${Math.random()}`))}`;
    return { state: `${btoa(`${Date.now()}`)}-${tail}`, tail };
  }

  /**
   * The address that the platform would send the window to (RFC 6749 §4.1.2, §4.1.2.1, §4.2.2).
   * @param {Play} play
   * @param {string} state
   */
  function callback({ redirectUri, implicit, answer }, state) {
    const address = new URL(redirectUri);
    const parameters = Object.entries({ ...answer, state });
    if (implicit) address.hash = new URLSearchParams(parameters).toString();
    else for (const [name, value] of parameters) address.searchParams.append(name, value);
    return address.href;
  }

  /**
   * An authorize address, by which before-app.js knows a sign-in. A login page that does not sever is left out: the
   * address is the redirect page's with the answer already.
   * @param {Play} play
   * @param {string} state
   */
  function authorizeAddress(play, state) {
    const address = new URL(play.severed ? 'stand-in-platform.html' : callback(play, state), location.href);
    address.searchParams.set('redirect_uri', play.redirectUri);
    address.searchParams.set('state', state);
    return address.href;
  }

  function openFrame() {
    const frame = document.createElement('iframe');
    frame.hidden = true;
    frame.src = awaited;
    document.body.append(frame);
    return frame;
  }

  /** The page that the window stands on in the end; empty where it has gone, or was severed. */
  function place() {
    if (isGone()) return '';
    try {
      return /** @type {Window} */ (opened).location.pathname.replace(/.*\//, '') || 'another page';
    } catch {
      return 'another page'; // of another origin, or the browser's own
    }
  }

  /** Waits until it was heard and the window has gone, or nothing came for so long. @param {number} quiet ms */
  async function untilHeard(quiet) {
    let loading = began; // when it was last seen to load
    for (let now = began; now < began + TIMEOUT && now < loading + quiet; now = performance.now()) {
      if (heard.length && isGone()) return;
      if (!isLoaded()) loading = now;
      await pause(LOOK_EVERY);
    }
  }

  /** @param {Play} play */
  async function perform(play) {
    const { state, tail } = newState();
    const address = authorizeAddress(play, state);
    heard = [];
    key = `${tail}-callbackUri`;
    awaited = play.severed || play.inFrame ? callback(play, state) : address;
    began = performance.now();
    opened = play.inFrame ? openFrame() : window.open(address, 'embeddable-host-test', 'popup, width=500, height=400');
    if (!opened) return { blocked: true, heard, stayed: '' };
    await untilHeard(play.severed ? TIMEOUT : QUIET);
    const stayed = place();
    await pause(SETTLING);
    if (opened instanceof HTMLIFrameElement) opened.remove();
    else opened.close();
    return { blocked: false, heard, stayed };
  }

  /** Whether there is storage, be it in memory as in the widget's own page where the browser denies it. */
  function keepsStorage() {
    try {
      localStorage.setItem('rehearsal', 'kept');
      const isKept = localStorage.getItem('rehearsal') === 'kept';
      localStorage.removeItem('rehearsal');
      return isKept;
    } catch {
      return false; // full, or none
    }
  }

  Object.assign(window, { oAuthCallback: hearCall });
  window.addEventListener('storage', ({ key: changed, newValue }) => {
    if (changed !== key || !newValue) return;
    localStorage.removeItem(key); // by which the redirect page knows that it was taken
    hear('storage', newValue);
  });
  window.addEventListener('message', async ({ source, origin, data }) => {
    if (source === window.parent && origin === location.origin && data?.play) {
      if (window.embeddableHost) window.embeddableHost.isApart = data.play.apart;
      const played = await perform(data.play);
      const storage = { denied: !(localStorage instanceof Storage), keeps: keepsStorage() };
      window.parent.postMessage({ played: { ...played, ...storage } }, location.origin);
    } else if (data?.callbackUri) {
      hear('message', data.callbackUri);
    } else if (data?.refreshCallbackUri) {
      hear('refresh', data.refreshCallbackUri);
    }
  });
  window.parent.postMessage({ ready: true }, location.origin);
})();
