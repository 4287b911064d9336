/* The live sign-in test: one real sign-in, by this page instead of the widget, to see what RingCentral allows the app. */
import { CHANNELS, element } from './page.mjs';
import { authorizeAddress, fetchScopes, newPair, newState, readCallback } from './oauth.mjs';
import { noteOn, preconditionOf } from './preconditions.mjs';
import { openSignIn } from './sign-in-window.mjs';
import { serverInFull } from './sign-in.mjs';
import { LiveTestReport } from './live-test-report.mjs';

/**
 * @typedef {import('./oauth.mjs').App} App
 * @typedef {import('./sign-in-window.mjs').SignIn} SignIn
 * @typedef {import('./live-test-report.mjs').Tables & {servers: string[]}} Host `servers`: those that this page may send
 *   requests to
 */

const POLL_INTERVAL_MS = 200;
const LOGIN_TIMEOUT_MS = 20_000; // after it, the window most likely shows something else than a login page
const SIGN_IN_TIMEOUT_MS = 600_000; // for the user, as in the widget

const MESSAGES = {
  open: 'RingCentral’s window is open: sign in there.',
  gone:
    'RingCentral’s window is closed, or a page in it has severed it from this one. If you still see it, continue there: the ' +
    'callback can still come. If you closed it, press “Stop”.',
  checking: 'The window came back. Asking RingCentral what the app may do…',
  revoked: 'The token was revoked, and nothing of it is stored.',
  blocked: 'This browser blocked the window. Allow pop-ups for this address, and press the button again.',
  stopped: 'Stopped: no callback came from RingCentral’s window.',
  late: 'No callback came from RingCentral’s window within ten minutes.',
};

export class LiveTest {
  /** @param {Host} host */
  constructor(host) {
    this.servers = host.servers;
    this.report = new LiveTestReport(host);
    this.button = element('live-test-start', HTMLButtonElement);
    this.stop = element('live-test-stop', HTMLButtonElement);
    this.app = { server: '', clientId: '', redirectUri: '' };
    this.precondition = '';
    this.isRunning = false;
    /** @type {import('./oauth.mjs').Pair | undefined} made before the press, because that must open the window at once */
    this.pair = undefined;
    this.button.addEventListener('click', () => this.#press());
    this.#prepare();
  }

  /**
   * Sets what the next press tests.
   * @param {App} app
   * @param {import('./choices.mjs').Choices} merged the parameters that the widget gets
   * @param {string[]} credentials the names of those among them
   * @param {import('./scopes.mjs').Feature[]} enabled
   */
  refresh(app, merged, credentials, enabled) {
    this.app = app;
    this.precondition = preconditionOf(app, merged, this.servers);
    const note = this.precondition || noteOn(app, credentials);
    element('live-test-note').textContent = note;
    element('live-test-note').hidden = note === '';
    element('live-test-client').textContent = app.clientId || 'none';
    element('live-test-server').textContent = serverInFull(app.server);
    element('live-test-redirect').textContent = app.redirectUri || 'none';
    this.report.setFeatures(enabled);
    this.#enable();
  }

  async #prepare() {
    if (!window.isSecureContext) return;
    this.pair = await newPair();
    this.#enable();
  }

  #enable() {
    this.button.disabled = this.isRunning || !this.pair || this.precondition !== '';
  }

  async #press() {
    const { app, pair } = this;
    if (this.isRunning || !pair) return;
    this.isRunning = true;
    this.#enable();
    this.report.clear();
    const startedAt = performance.now();
    const state = newState();
    const signIn = openSignIn(authorizeAddress(app, state, pair.challenge), state);
    if (signIn) {
      const callback = await this.#wait(signIn);
      if (callback) await this.#conclude(app, callback, pair.verifier, startedAt);
    } else {
      this.report.setVerdict(MESSAGES.blocked);
    }
    this.isRunning = false;
    this.pair = undefined; // each sign-in has its own
    await this.#prepare();
  }

  /**
   * Waits for the callback, and shows what can be seen until then. It is undefined if the user stopped or took too long.
   * @param {SignIn} signIn
   */
  async #wait(signIn) {
    const { report, stop } = this;
    const startedAt = performance.now();
    const watch = setInterval(() => {
      const waited = performance.now() - startedAt;
      if (signIn.isGone()) report.setVerdict(MESSAGES.gone);
      if (signIn.isGone() || waited > LOGIN_TIMEOUT_MS) report.refusals.hidden = false;
      if (waited > SIGN_IN_TIMEOUT_MS) signIn.end();
    }, POLL_INTERVAL_MS);
    const end = () => signIn.end();
    stop.addEventListener('click', end);
    stop.hidden = false;
    report.setVerdict(MESSAGES.open);
    const callback = await signIn.callback;
    clearInterval(watch);
    stop.removeEventListener('click', end);
    stop.hidden = true;
    signIn.end();
    report.refusals.hidden = callback !== undefined;
    const isLate = performance.now() - startedAt > SIGN_IN_TIMEOUT_MS;
    report.setVerdict(callback ? MESSAGES.checking : isLate ? MESSAGES.late : MESSAGES.stopped);
    return callback;
  }

  /**
   * @param {App} app
   * @param {import('./sign-in-window.mjs').Callback} callback
   * @param {string} verifier
   * @param {number} startedAt
   */
  async #conclude(app, callback, verifier, startedAt) {
    const read = readCallback(callback.address);
    const result = 'code' in read ? await fetchScopes(app, read.code, verifier) : read;
    const facts =
      `App ${app.clientId} on ${serverInFull(app.server)}: the callback came by ${CHANNELS[callback.by]}, and the test took ` +
      `${((performance.now() - startedAt) / 1000).toFixed(1)} s.`;
    this.report.setFacts(facts);
    if ('error' in result) return this.report.showRefusal(result, 'code' in read);
    const revocation = result.isRevoked ? MESSAGES.revoked : this.report.explain('token-not-revoked');
    this.report.setFacts(`${facts} ${revocation}`);
    return this.report.showScopes(result.scopes);
  }
}
