/* The trial: one real sign-in with this page in the widget's place, to learn what RingCentral says of the app. */
import { HEARD, element } from './page.mjs';
import { authorizeAddress, learnScopes, newPair, newState, readAnswer } from './oauth.mjs';
import { noteOn, preconditionOf } from './preconditions.mjs';
import { openSignIn } from './sign-in-window.mjs';
import { serverInFull } from './sign-in.mjs';
import { LiveTestReport } from './live-test-report.mjs';

/**
 * @typedef {import('./oauth.mjs').App} App
 * @typedef {import('./sign-in-window.mjs').SignIn} SignIn
 * @typedef {import('./live-test-report.mjs').Known & {servers: string[]}} Host `servers`: those that this page may ask
 */

const LOOK_EVERY = 200; // ms
const SLOW = 20_000; // ms after which what the window shows most likely is no login page
const TIMEOUT = 600_000; // ms that a user may take to sign in, as for a widget

const SAYS = {
  open: 'RingCentral’s window is open: sign in there.',
  gone:
    'RingCentral’s window is closed, or a page in it has severed it from this one. If you still see it, go on in it: the ' +
    'answer can still come. If you closed it, press “Stop”.',
  checking: 'The window came back. Asking RingCentral what the app may do…',
  back: 'The token was given back, and nothing of it is kept.',
  blocked: 'This browser kept the window back. Allow pop-ups for this address, and press the button again.',
  stopped: 'Stopped: no answer came from RingCentral’s window.',
  late: 'No answer came from RingCentral’s window in ten minutes.',
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
    this.isUnderWay = false;
    /** @type {import('./oauth.mjs').Pair | undefined} made before the press, in which the window must be opened at once */
    this.pair = undefined;
    this.button.addEventListener('click', () => this.#press());
    this.#prepare();
  }

  /**
   * What would be tried now.
   * @param {App} app
   * @param {import('./choices.mjs').Choices} given what the widget is given in the end
   * @param {string[]} credentials among that, by name
   * @param {import('./scopes.mjs').Feature[]} chosen
   */
  refresh(app, given, credentials, chosen) {
    this.app = app;
    this.precondition = preconditionOf(app, given, this.servers);
    const note = this.precondition || noteOn(app, credentials);
    element('live-test-note').textContent = note;
    element('live-test-note').hidden = note === '';
    element('live-test-client').textContent = app.clientId || 'none';
    element('live-test-server').textContent = serverInFull(app.server);
    element('live-test-redirect').textContent = app.redirectUri || 'none';
    this.report.choose(chosen);
    this.#enable();
  }

  async #prepare() {
    if (!window.isSecureContext) return;
    this.pair = await newPair();
    this.#enable();
  }

  #enable() {
    this.button.disabled = this.isUnderWay || !this.pair || this.precondition !== '';
  }

  async #press() {
    const { app, pair } = this;
    if (this.isUnderWay || !pair) return;
    this.isUnderWay = true;
    this.#enable();
    this.report.clear();
    const began = performance.now();
    const state = newState();
    const signIn = openSignIn(authorizeAddress(app, state, pair.challenge), state, app.redirectUri);
    if (signIn) {
      const answer = await this.#wait(signIn);
      if (answer) await this.#conclude(app, answer, pair.verifier, began);
    } else {
      this.report.tell(SAYS.blocked);
    }
    this.isUnderWay = false;
    this.pair = undefined; // each sign-in has one of its own
    await this.#prepare();
  }

  /**
   * Waits for the answer, and tells what can be told until it comes. None comes where it is stopped, or is late.
   * @param {SignIn} signIn
   */
  async #wait(signIn) {
    const { report, stop } = this;
    const began = performance.now();
    const watch = setInterval(() => {
      const waited = performance.now() - began;
      if (signIn.isGone()) report.tell(SAYS.gone);
      if (signIn.isGone() || waited > SLOW) report.refusals.hidden = false;
      if (waited > TIMEOUT) signIn.end();
    }, LOOK_EVERY);
    const end = () => signIn.end();
    stop.addEventListener('click', end);
    stop.hidden = false;
    report.tell(SAYS.open);
    const answer = await signIn.answer;
    clearInterval(watch);
    stop.removeEventListener('click', end);
    stop.hidden = true;
    signIn.end();
    report.refusals.hidden = answer !== undefined;
    report.tell(answer ? SAYS.checking : performance.now() - began > TIMEOUT ? SAYS.late : SAYS.stopped);
    return answer;
  }

  /**
   * @param {App} app
   * @param {import('./sign-in-window.mjs').Answer} answer
   * @param {string} verifier
   * @param {number} began
   */
  async #conclude(app, answer, verifier, began) {
    const returned = readAnswer(answer.address);
    const learned = 'code' in returned ? await learnScopes(app, returned.code, verifier) : returned;
    const facts =
      `App ${app.clientId} on ${serverInFull(app.server)}: the answer came by ${HEARD[answer.by]}, and all was done in ` +
      `${((performance.now() - began) / 1000).toFixed(1)} s.`;
    this.report.tellFacts(facts);
    if ('error' in learned) return this.report.showRefusal(learned, 'code' in returned);
    const back = learned.isRevoked ? SAYS.back : this.report.explain('token-not-revoked');
    this.report.tellFacts(`${facts} ${back}`);
    return this.report.showScopes(learned.scopes);
  }
}
