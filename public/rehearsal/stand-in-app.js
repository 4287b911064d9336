/*
 * The app's part in the rehearsal: from a frame like the widget's it opens the redirect page with an answer, and tells
 * how it heard of that, by the ways in which the app listens.
 *
 * The rehearsal's page around it says what to play, `{ play: … }`, and is told what came of it, `{ played: … }`.
 */
(() => {
  'use strict';

  const SETTLING = 200; // ms in which it may come a second time
  const LOOK_EVERY = 20; // ms

  /**
   * @typedef {object} Play
   * @property {string} redirectUri
   * @property {boolean} inFrame in a hidden frame, else in a window
   * @property {boolean} severed
   * @property {boolean} implicit the answer stands behind the #
   * @property {number} patience ms that it may take
   * @property {Record<string, string>} answer
   *
   * @typedef {{by: string, ms: number, whole: boolean}} Heard
   */

  /** @type {Heard[]} */
  let heard = [];
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

  /** @param {Play} play */
  function openWindow({ severed }) {
    const features = 'popup, width=500, height=400';
    if (!severed) return window.open(awaited, '_blank', features);
    const opened = window.open('about:blank', '_blank', features);
    if (!opened) return null;
    opened.opener = null; // what a page with a Cross-Origin-Opener-Policy does to the window it is shown in
    opened.location.replace(awaited);
    return opened;
  }

  function openFrame() {
    const frame = document.createElement('iframe');
    frame.hidden = true;
    frame.src = awaited;
    document.body.append(frame);
    return frame;
  }

  /** @param {Play} play */
  async function perform(play) {
    const { state, tail } = newState();
    heard = [];
    key = `${tail}-callbackUri`;
    awaited = callback(play, state);
    began = performance.now();
    const opened = play.inFrame ? openFrame() : openWindow(play);
    if (!opened) return { blocked: true, heard, stayed: false };
    const isGone = () => opened instanceof HTMLIFrameElement || opened.closed;
    while (!(heard.length && isGone()) && performance.now() - began < play.patience) await pause(LOOK_EVERY);
    const stayed = !isGone();
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

  Object.assign(window, { oAuthCallback: (/** @type {string} */ address) => hear('oAuthCallback', address) });
  window.addEventListener('storage', ({ key: changed, newValue }) => {
    if (changed !== key || !newValue) return;
    localStorage.removeItem(key); // by which the redirect page knows that it was taken
    hear('storage', newValue);
  });
  window.addEventListener('message', async ({ source, origin, data }) => {
    if (source === window.parent && origin === location.origin && data?.play) {
      const played = {
        ...(await perform(data.play)),
        denied: !(localStorage instanceof Storage),
        keeps: keepsStorage(),
      };
      window.parent.postMessage({ played }, location.origin);
    } else if (data?.callbackUri) {
      hear('message', data.callbackUri);
    } else if (data?.refreshCallbackUri) {
      hear('refresh', data.refreshCallbackUri);
    }
  });
  window.parent.postMessage({ ready: true }, location.origin);
})();
