// with seal.js
/*
 * The redirect page's half of the relay: seals a callback and leaves it with the host, for the app's frame to fetch.
 */

/** @typedef {{signInTimeout: number, deliveryTimeout: number, retryDelay: number, retryableStatuses: number[]}} RelayLimits */

const sendByRelay = (() => {
  'use strict';

  const STORED = [201, 409]; // the host has the message: from this try, or from one whose response was lost

  /** @type {(address: string, body: Blob) => Promise<number>} the status; 503 where no response came */
  async function post(address, body) {
    try {
      // Over the connection that brought this page: a browser opens another one for a request without credentials.
      return (await fetch(address, { method: 'POST', body, cache: 'no-store' })).status;
    } catch {
      return 503;
    }
  }

  /**
   * @param {string} callback
   * @param {string} secret
   * @param {string} state
   * @param {RelayLimits} limits
   * @returns {Promise<boolean>} whether the host has it
   */
  return async (callback, secret, state, { deliveryTimeout, retryDelay, retryableStatuses }) => {
    const message = await sealedMessage(secret, state);
    const body = await message.seal(callback);
    const end = Date.now() + deliveryTimeout;
    for (;;) {
      const status = await post(`relay/${message.id}`, body);
      if (STORED.includes(status)) return true;
      if (!retryableStatuses.includes(status) || Date.now() > end) return false;
      await new Promise((resolve) => setTimeout(resolve, retryDelay));
    }
  };
})();
