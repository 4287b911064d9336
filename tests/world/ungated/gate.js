/* No gate: every callback reaches the app, as on the CDN, and ends the sign-in that is under way. */

const createGate = () => ({
  expect({ end }) {
    window.addEventListener('message', ({ data }) => data?.callbackUri && end.abort());
  },
  get isListening() {
    return typeof window.oAuthCallback === 'function';
  },
  deliver(address) {
    window.oAuthCallback?.(address);
  },
  guardWindow: (opened) => opened,
});
