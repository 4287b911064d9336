// with seal.js
/*
 * The app's half of the relay: fetches the sealed callback of a sign-in from the host, and opens it.
 */
const receiveByRelay = (() => {
  'use strict';

  /** @type {(address: URL, signal: AbortSignal) => Promise<Response | undefined>} */
  async function get(address, signal) {
    try {
      return await fetch(address, { cache: 'no-store', credentials: 'omit', signal });
    } catch {
      return undefined; // out of reach, or no longer needed
    }
  }

  /**
   * @param {URL} base of the profile, above `relay/`
   * @param {string} secret
   * @param {string} state
   * @param {AbortSignal} signal
   * @param {RelayLimits} limits
   * @returns {Promise<string | undefined>} the callback; none where it did not come, or is not for this sign-in
   */
  return async (base, secret, state, signal, { signInTimeout, retryDelay, retryableStatuses }) => {
    const message = await sealedMessage(secret, state);
    const address = new URL(`relay/${message.id}`, base);
    const end = Date.now() + signInTimeout;
    while (!signal.aborted && Date.now() < end) {
      const began = Date.now();
      const response = await get(address, signal);
      if (response?.status === 200) return message.open(await response.arrayBuffer()).catch(() => undefined);
      if (response && response.status !== 204 && !retryableStatuses.includes(response.status)) return undefined;
      // The host keeps a request open until there is a message; one that returns at once is not repeated in a hurry.
      if (Date.now() - began < retryDelay) await new Promise((resolve) => setTimeout(resolve, retryDelay));
    }
    return undefined;
  };
})();
