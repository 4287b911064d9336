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

  return {
    /**
     * @param {Storage} storage of the sign-in window; raises an error where it is denied or full
     * @param {string} state
     * @param {string} secret that seals the callback; empty where it can come back without the relay
     */
    keep(storage, state, secret) {
      sweep(storage);
      storage.setItem(KEY + tail(state), JSON.stringify({ secret, time: Date.now() }));
    },

    /** @type {(state: string) => {secret: string} | undefined} once; none where this browser did not begin it */
    take(state) {
      try {
        sweep(localStorage);
        const kept = localStorage.getItem(KEY + tail(state));
        localStorage.removeItem(KEY + tail(state));
        return kept === null ? undefined : { secret: String(JSON.parse(kept).secret ?? '') };
      } catch {
        return undefined; // storage is denied
      }
    },
  };
})();
