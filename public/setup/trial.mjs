/* The trial: one real sign-in with this page in the widget's place, and what RingCentral says of the app by it. */
import { HEARD, build, capital, element } from './page.mjs';
import { authorizeAddress, learnScopes, newPair, newState, read } from './oauth.mjs';
import { noteOn, obstacleTo } from './obstacles.mjs';
import { boxOf, isGranted, wantedBy } from './scopes.mjs';
import { openSignIn } from './sign-in-window.mjs';
import { serverInFull } from './sign-in.mjs';
import { tick } from './checklist.mjs';

/**
 * @typedef {import('./scopes.mjs').Feature} Feature
 * @typedef {{why: string, change: string, code: string, words: string, errors: string[]}} Fault
 * @typedef {{servers: string[], features: Feature[], refusals: Fault[], faults: Record<string, Fault>}} Host
 */

const LOOK_EVERY = 200; // ms
const SLOW = 20_000; // ms after which a login page most likely is none
const PATIENCE = 600_000; // ms that a user may take to sign in, as for a widget

const SAYS = {
  open: 'RingCentral’s window is open: sign in there.',
  gone:
    'RingCentral’s window is closed, or a page in it has severed it from this one. If you still see it, go on in it: the ' +
    'answer can still come. If you closed it, press “Stop”.',
  checking: 'The window came back. Asking RingCentral what the app may do…',
  blocked: 'This browser kept the window back. Allow pop-ups for this address, and press the button again.',
  stopped: 'Stopped: no answer came from RingCentral’s window.',
  late: 'No answer came from RingCentral’s window in ten minutes.',
};

const REMEDY =
  'Add them in the app’s settings at developers.ringcentral.com, under Security, or switch off in step 2 what wants them. ' +
  'Then try again.';

/* What an answer from RingCentral proves, by the boxes of step 1: only a known app and a registered address get one. */
const PROVEN = { account: true, app: true, redirect: true, 'client-id': true };

export class Trial {
  /** @param {Host} host */
  constructor(host) {
    this.host = host;
    this.button = element('trial-start', HTMLButtonElement);
    this.stop = element('trial-stop', HTMLButtonElement);
    this.refusals = element('trial-refusals');
    this.isUnderWay = false;
    this.app = { server: '', clientId: '', redirectUri: '' };
    /** @type {Feature[]} */
    this.chosen = [];
    this.obstacle = '';
    /** @type {string[] | undefined} the scopes that RingCentral told of */
    this.granted = undefined;
    /** @type {import('./oauth.mjs').Pair | undefined} made before the press, which lets a window be opened at once */
    this.pair = undefined;
    element('trial-refusal-list').replaceChildren(...host.refusals.map(describeRefusal));
    this.button.addEventListener('click', () => this.#press());
    this.#prepare();
  }

  /**
   * What would be tried now.
   * @param {import('./oauth.mjs').App} app
   * @param {import('./choices.mjs').Choices} given
   * @param {Feature[]} chosen
   */
  refresh(app, given, chosen) {
    this.app = app;
    this.chosen = chosen;
    this.obstacle = obstacleTo(app, given, this.host.servers);
    const note = this.obstacle || noteOn(app, given);
    element('trial-note').textContent = note;
    element('trial-note').hidden = note === '';
    element('trial-client').textContent = app.clientId || 'none';
    element('trial-server').textContent = serverInFull(app.server);
    element('trial-redirect').textContent = app.redirectUri || 'none';
    this.#enable();
    if (this.granted) this.#showFeatures(this.granted);
  }

  async #prepare() {
    if (!window.isSecureContext) return;
    this.pair = await newPair();
    this.#enable();
  }

  #enable() {
    this.button.disabled = this.isUnderWay || !this.pair || this.obstacle !== '';
  }

  async #press() {
    const { app, pair } = this;
    if (this.isUnderWay || !pair) return;
    this.#begin();
    const began = performance.now();
    const state = newState();
    const signIn = openSignIn(authorizeAddress(app, state, pair.challenge), state, app.redirectUri);
    if (signIn) {
      const answer = await this.#wait(signIn);
      if (answer) await this.#conclude(app, answer, pair.verifier, began);
    } else {
      this.#say(SAYS.blocked);
    }
    this.isUnderWay = false;
    this.pair = undefined; // each sign-in has one of its own
    await this.#prepare();
  }

  #begin() {
    this.isUnderWay = true;
    this.granted = undefined;
    this.refusals.hidden = true;
    element('trial-results').replaceChildren();
    element('trial-facts').textContent = '';
    this.#say(SAYS.open);
    this.#enable();
  }

  /**
   * Waits for the answer, and says what can be said until it comes.
   * @param {import('./sign-in-window.mjs').SignIn} signIn
   */
  async #wait(signIn) {
    let reason = SAYS.stopped;
    const began = performance.now();
    const watch = setInterval(() => {
      const waited = performance.now() - began;
      if (signIn.isGone()) this.#say(SAYS.gone);
      if (signIn.isGone() || waited > SLOW) this.refusals.hidden = false;
      if (waited < PATIENCE) return;
      reason = SAYS.late;
      signIn.end();
    }, LOOK_EVERY);
    const end = () => signIn.end();
    this.stop.hidden = false;
    this.stop.addEventListener('click', end, { once: true });
    const answer = await signIn.answer;
    this.stop.hidden = true;
    this.stop.removeEventListener('click', end);
    clearInterval(watch);
    signIn.end();
    this.refusals.hidden = answer !== undefined;
    this.#say(answer ? SAYS.checking : reason);
    return answer;
  }

  /**
   * @param {import('./oauth.mjs').App} app
   * @param {import('./sign-in-window.mjs').Answer} answer
   * @param {string} verifier
   * @param {number} began
   */
  async #conclude(app, answer, verifier, began) {
    const returned = read(answer.address);
    const learned = 'code' in returned ? await learnScopes(app, returned.code, verifier) : returned;
    const seconds = ((performance.now() - began) / 1000).toFixed(1);
    const facts =
      `App ${app.clientId} on ${serverInFull(app.server)}: the answer came by ${HEARD[answer.by]}, and all was done in ` +
      `${seconds} s.`;
    if ('error' in learned) return this.#showFault('code' in returned, learned, facts);
    this.#showScopes(learned.scopes);
    const kept = learned.isRevoked ? 'The token was given back, and nothing of it is kept.' : this.#explain('token-not-revoked');
    element('trial-facts').textContent = `${facts} ${kept}`;
  }

  /**
   * @param {boolean} isSignedIn the user did, and the token was refused
   * @param {{error: string, seen: string}} refusal
   * @param {string} facts
   */
  #showFault(isSignedIn, { error, seen }, facts) {
    const known = Object.keys(this.host.faults).find((name) => this.host.faults[name].errors.includes(error));
    const what = isSignedIn ? 'RingCentral gave no token' : 'RingCentral knows this app and this address, and refused';
    this.#say(
      `${what}: ${seen.replace(/\.$/, '') || 'no reason given'}.`,
      this.#explain(known ?? (isSignedIn ? unknownRefusal(error) : 'sign-in-refused')),
    );
    element('trial-facts').textContent = facts;
    tick({ ...PROVEN, ...(error === 'invalid_client' && { auth: false }) });
  }

  /** @param {string} name of a fault */
  #explain(name) {
    const { why, change } = this.host.faults[name];
    return `${why} ${change}`;
  }

  /** @param {string[]} granted */
  #showScopes(granted) {
    const known = 'RingCentral knows this app and this address';
    const missing = wantedBy(this.chosen).filter((scope) => !isGranted(scope, granted));
    if (granted.length === 0) {
      this.#say(`${known}.`, this.#explain('scopes-untold'));
    } else if (missing.length === 0) {
      this.#say(`${known}, and the app may do all that you chose.`);
    } else {
      this.#say(`${known}. These scopes are missing: ${missing.map((scope) => scope.console).join(', ')}.`, REMEDY);
    }
    this.#showFeatures(granted);
    this.#tickScopes(granted);
  }

  /** @param {string[]} granted */
  #showFeatures(granted) {
    this.granted = granted.length ? granted : undefined;
    const rows = (this.granted ? this.chosen : []).map(({ name, scopes }) => {
      const missing = scopes.filter((scope) => !isGranted(scope, granted)).map((scope) => scope.console);
      const told = missing.length ? `the app lacks ${missing.join(' and ')}` : 'granted';
      const result = missing.length ? 'failed' : 'passed';
      return build('li', { 'data-result': result }, `${capital(name)}: `, build('span', { class: 'result' }, `${told}.`));
    });
    element('trial-results').replaceChildren(...rows);
  }

  /** @param {string[]} granted */
  #tickScopes(granted) {
    if (granted.length === 0) return tick({ ...PROVEN, auth: true });
    const boxes = wantedBy(this.host.features).map((scope) => [boxOf(scope), isGranted(scope, granted)]);
    const isWhole = wantedBy(this.chosen).every((scope) => isGranted(scope, granted));
    return tick({ ...PROVEN, auth: true, scopes: isWhole, ...Object.fromEntries(boxes) });
  }

  /** @type {(verdict: string, remedy?: string) => void} */
  #say(verdict, remedy = '') {
    const status = element('trial-verdict');
    if (status.textContent !== verdict) status.textContent = verdict; // not read out a second time
    element('trial-remedy').textContent = remedy;
  }
}

/** @param {string} error */
const unknownRefusal = (error) => (error === 'unreadable' ? 'token-unreadable' : 'token-refused');

/** @param {Fault} fault */
function describeRefusal({ code, words, why, change }) {
  return build('li', {}, build('p', { class: 'name' }, `${code}: ${words}`), build('p', {}, `${why} ${change}`));
}
