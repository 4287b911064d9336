/*
 * The sign-ins that this browser has begun, kept in the storage of the sign-in window for the redirect page to find.
 *
 * The app's frame writes there when it opens the window; the redirect page, which comes back in it, reads there. A
 * `state` that is not found was begun elsewhere: then nothing is sent, and nothing from the address is quoted.
 */
const begunSignIns = (() => {
  'use strict';

  const KEY = 'embeddable-host-sign-in-';
  const LIFETIME_MS = 600_000; // that a user may take to sign in

  /** The part of a `state` that all sign-ins of one load of the app share (docs/widget.md, Signing in). @param {string} state */
  const tail = (state) => state.slice(state.indexOf('-') + 1);

  /** Removes sign-ins that were never finished, and whatever else has their keys. @param {Storage} storage */
  function sweep(storage) {
    for (const key of Object.keys(storage).filter((name) => name.startsWith(KEY))) {
      if (isOld(storage.getItem(key))) storage.removeItem(key);
    }
  }

  /** @param {string | null} kept */
  function isOld(kept) {
    try {
      return !(Math.abs(Date.now() - JSON.parse(kept ?? '').time) < LIFETIME_MS);
    } catch {
      return true;
    }
  }

  /** @type {(storage: Storage, key: string) => number} how many windows are still to come back */
  const windowsOf = (storage, key) => Number(JSON.parse(storage.getItem(key) ?? '{}').windows ?? 0);

  return {
    /**
     * @param {Storage} storage of the sign-in window; raises an error where it is denied or full
     * @param {string} state
     * @param {string} secret that seals the callback; empty where it can come back without the relay
     * @param {boolean} isNewWindow an earlier press may have left a window open, which a login page has severed
     */
    keep(storage, state, secret, isNewWindow) {
      sweep(storage);
      const key = KEY + tail(state);
      const windows = windowsOf(storage, key) + (isNewWindow ? 1 : 0);
      storage.setItem(key, JSON.stringify({ secret, windows, time: Date.now() }));
    },

    /** @type {(state: string) => {secret: string} | undefined} none where this browser did not begin it */
    take(state) {
      try {
        sweep(localStorage);
        const key = KEY + tail(state);
        const kept = localStorage.getItem(key);
        if (kept === null) return undefined;
        const { secret, windows, time } = JSON.parse(kept);
        if (windows > 1) localStorage.setItem(key, JSON.stringify({ secret, windows: windows - 1, time }));
        else localStorage.removeItem(key);
        return { secret: String(secret) };
      } catch {
        return undefined; // storage is denied
      }
    },
  };
})();
