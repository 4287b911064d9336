/*
 * A sealed message: only whoever holds the secret and the `state` of a sign-in can find it and read it.
 *
 * The secret (256 random bits) never leaves the browser. The message's id, by which the host keeps it, and the key that
 * seals it are derived from both (HKDF, RFC 5869; AES-256-GCM). The host sees the id and the sealed bytes, and learns
 * neither secret nor key.
 */
const sealedMessage = (() => {
  'use strict';

  const NONCE_BYTES = 12; // of AES-GCM (NIST SP 800-38D §8.2.2)

  /** @param {string} purpose what the derived bits are for @param {string} state */
  const hkdf = (purpose, state) => ({
    name: 'HKDF',
    hash: 'SHA-256',
    salt: new Uint8Array(),
    info: new TextEncoder().encode(`embeddable-host relay ${purpose} ${state}`),
  });

  /** @param {ArrayBuffer} bytes */
  const hex = (bytes) => [...new Uint8Array(bytes)].map((byte) => byte.toString(16).padStart(2, '0')).join('');

  /**
   * @param {string} secret 64 hex digits
   * @param {string} state of the sign-in
   * @returns {Promise<{id: string, seal: (text: string) => Promise<Blob>, open: (sealed: ArrayBuffer) => Promise<string>}>}
   *   `open` is rejected for what was not sealed with this secret and state, to the bit.
   */
  return async (secret, state) => {
    const bytes = Uint8Array.from(secret.match(/../g) ?? [], (pair) => parseInt(pair, 16));
    const base = await crypto.subtle.importKey('raw', bytes, 'HKDF', false, ['deriveBits', 'deriveKey']);
    const cipher = { name: 'AES-GCM', length: 256 };
    const key = await crypto.subtle.deriveKey(hkdf('key', state), base, cipher, false, ['encrypt', 'decrypt']);
    const id = hex(await crypto.subtle.deriveBits(hkdf('id', state), base, 256));
    return {
      id,
      async seal(text) {
        const iv = crypto.getRandomValues(new Uint8Array(NONCE_BYTES));
        const sealed = await crypto.subtle.encrypt({ name: 'AES-GCM', iv }, key, new TextEncoder().encode(text));
        return new Blob([iv, sealed], { type: 'application/octet-stream' });
      },
      async open(sealed) {
        const iv = sealed.slice(0, NONCE_BYTES);
        const text = await crypto.subtle.decrypt({ name: 'AES-GCM', iv }, key, sealed.slice(NONCE_BYTES));
        return new TextDecoder().decode(text);
      },
    };
  };
})();
