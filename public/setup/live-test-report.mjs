/* What a trial tells: how far it is, and what RingCentral says of the app. */
import { build, capital, element, withCode } from './page.mjs';
import { boxOf, isGranted, wantedBy } from './scopes.mjs';
import { tick } from './checklist.mjs';

/**
 * @typedef {import('./scopes.mjs').Feature} Feature
 * @typedef {{why: string, fix: string, code: string, words: string, errors: string[]}} Fault a row of `faults.toml`
 * @typedef {{features: Feature[], refusals: Fault[], faults: Record<string, Fault>}} Known what the host knows of them
 */

const KNOWN = 'RingCentral knows this app and this address';
const REMEDY =
  'Add them in the app’s settings at developers.ringcentral.com, under Security, or switch off in step 2 what wants them. ' +
  'Then try again.';

/* What any answer proves, by the boxes of step 1: only a known app with this address gets one. */
const PROVEN = { account: true, app: true, redirect: true, 'client-id': true };

export class LiveTestReport {
  /** @param {Known} known */
  constructor(known) {
    this.known = known;
    this.refusals = element('live-test-refusals');
    /** @type {Feature[]} */
    this.chosen = [];
    /** @type {string[]} the scopes that RingCentral told of */
    this.granted = [];
    element('live-test-refusal-list').replaceChildren(...describe(known.refusals));
  }

  clear() {
    this.granted = [];
    this.refusals.hidden = true;
    this.#showFeatures();
    this.tell('');
    this.tellFacts('');
  }

  /** @type {(verdict: string, remedy?: string) => void} */
  tell(verdict, remedy = '') {
    const status = element('live-test-verdict');
    if (status.textContent !== verdict) status.textContent = verdict; // not read out a second time
    element('live-test-remedy').replaceChildren(...withCode(remedy));
  }

  /** @param {string} facts */
  tellFacts(facts) {
    element('live-test-facts').textContent = facts;
  }

  /** @param {Feature[]} chosen */
  choose(chosen) {
    this.chosen = chosen;
    this.#showFeatures();
  }

  /**
   * RingCentral has told which scopes the app has.
   * @param {string[]} granted
   */
  showScopes(granted) {
    this.granted = granted;
    const missing = this.#missing(this.chosen);
    if (granted.length === 0) this.tell(`${KNOWN}.`, this.explain('scopes-unknown'));
    else if (missing.length) this.tell(`${KNOWN}. These scopes are missing: ${missing.join(', ')}.`, REMEDY);
    else this.tell(`${KNOWN}, and the app may do all that you chose.`);
    this.#showFeatures();
    const boxes = wantedBy(this.known.features).map((scope) => [boxOf(scope), isGranted(scope, granted)]);
    const scopes = { scopes: missing.length === 0, ...Object.fromEntries(boxes) };
    tick({ ...PROVEN, auth: true, ...(granted.length && scopes) });
  }

  /**
   * RingCentral sent the window back without a code, or refused the token.
   * @param {{error: string, actual: string}} refusal as `oauth.mjs` tells it
   * @param {boolean} isSignedIn
   */
  showRefusal({ error, actual }, isSignedIn) {
    const { faults } = this.known;
    const unknown = !isSignedIn ? 'sign-in-refused' : error === 'unreadable' ? 'token-unreadable' : 'token-refused';
    const fault = Object.keys(faults).find((name) => faults[name].errors.includes(error)) ?? unknown;
    const what = isSignedIn ? 'RingCentral gave no token' : `${KNOWN}, and refused`;
    this.tell(`${what}: ${actual.replace(/\.$/, '') || 'no reason given'}.`, this.explain(fault));
    tick({ ...PROVEN, ...(fault === 'app-confidential' && { auth: false }) });
  }

  /** @param {string} fault its name */
  explain(fault) {
    const { why, fix } = this.known.faults[fault];
    return `${why} ${fix}`;
  }

  /** @param {Feature[]} features */
  #missing(features) {
    return wantedBy(features)
      .filter((scope) => !isGranted(scope, this.granted))
      .map((scope) => scope.console);
  }

  #showFeatures() {
    const rows = this.chosen.map((feature) => {
      const missing = this.#missing([feature]);
      const told = missing.length ? `the app lacks ${missing.join(' and ')}.` : 'granted.';
      const result = missing.length ? 'failed' : 'passed';
      return build('li', { 'data-result': result }, `${capital(feature.name)}: `, build('span', { class: 'result' }, told));
    });
    element('live-test-results').replaceChildren(...(this.granted.length ? rows : []));
  }
}

/**
 * What RingCentral's window may say, each code once with all that may be behind it.
 * @param {Fault[]} refusals
 */
function describe(refusals) {
  const codes = [...new Set(refusals.map(({ code }) => code))];
  return codes.map((code) => {
    const reasons = refusals.filter((refusal) => refusal.code === code);
    const name = code ? `${code}: ${reasons[0].words}` : 'Anything else';
    const told = reasons.map(({ why, fix }) => build('p', {}, ...withCode(`${why} ${fix}`)));
    return build('li', {}, build('p', { class: 'name' }, name), ...told);
  });
}
