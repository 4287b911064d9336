/*
 * The secrets of the sign-ins that this browser has begun, each under its `state`, in this origin's own storage.
 *
 * Whoever comes back with a `state` that none is kept for began elsewhere: nothing is sent for them.
 */
const secrets = (() => {
  'use strict';

  const KEY = 'embeddable-host-secret-';
  const LIFE = 600_000; // ms that a user may take to sign in

  /** Removes those of sign-ins that were never finished, and whatever else lies under their keys. */
  function sweep() {
    for (const key of Object.keys(localStorage).filter((name) => name.startsWith(KEY))) {
      if (isOld(localStorage.getItem(key))) localStorage.removeItem(key);
    }
  }

  /** @param {string | null} kept */
  function isOld(kept) {
    try {
      return !(Math.abs(Date.now() - JSON.parse(kept ?? '').time) < LIFE);
    } catch {
      return true;
    }
  }

  return {
    /** @type {(state: string, secret: string) => void} raises an error where storage is denied or full */
    keep(state, secret) {
      sweep();
      localStorage.setItem(KEY + state, JSON.stringify({ secret, time: Date.now() }));
    },

    /** @type {(state: string) => string} the secret, once; empty where none is kept for just this state */
    take(state) {
      try {
        sweep();
        const kept = localStorage.getItem(KEY + state);
        localStorage.removeItem(KEY + state);
        return kept === null ? '' : JSON.parse(kept).secret;
      } catch {
        return ''; // storage is denied
      }
    },
  };
})();
