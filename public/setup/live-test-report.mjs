/* The report of a live test: its progress, and what RingCentral's responses show about the app. */
import { build, capital, element, withCode } from './page.mjs';
import { boxOf, isGranted, requiredScopes } from './scopes.mjs';
import { tick } from './checklist.mjs';

/**
 * @typedef {import('./scopes.mjs').Feature} Feature
 * @typedef {{why: string, fix: string, code: string, words: string, errors: string[]}} Fault a row of `faults.toml`
 * @typedef {{features: Feature[], refusals: Fault[], faults: Record<string, Fault>}} Tables the server's
 */

const APP_KNOWN = 'RingCentral knows this app and this address';
const REMEDY =
  'Add them in the app’s settings at developers.ringcentral.com, under Security, or disable in step 2 what needs them. ' +
  'Then try again.';

/* The boxes of step 1 that any callback proves: RingCentral sends one only for a known app with this redirect URI. */
const PROVEN = { account: true, app: true, redirect: true, 'client-id': true };

export class LiveTestReport {
  /** @param {Tables} tables */
  constructor(tables) {
    this.tables = tables;
    this.refusals = element('live-test-refusals');
    /** @type {Feature[]} */
    this.enabled = [];
    /** @type {string[]} */
    this.granted = [];
    element('live-test-refusal-list').replaceChildren(...describe(tables.refusals));
  }

  clear() {
    this.granted = [];
    this.refusals.hidden = true;
    this.#showFeatures();
    this.setVerdict('');
    this.setFacts('');
  }

  /** @type {(verdict: string, remedy?: string) => void} */
  setVerdict(verdict, remedy = '') {
    const status = element('live-test-verdict');
    if (status.textContent !== verdict) status.textContent = verdict; // a screen reader would repeat it
    element('live-test-remedy').replaceChildren(...withCode(remedy));
  }

  /** @param {string} facts */
  setFacts(facts) {
    element('live-test-facts').textContent = facts;
  }

  /** @param {Feature[]} enabled */
  setFeatures(enabled) {
    this.enabled = enabled;
    this.#showFeatures();
  }

  /**
   * @param {string[]} granted the scopes of the token
   */
  showScopes(granted) {
    this.granted = granted;
    const missing = this.#missing(this.enabled);
    if (granted.length === 0) this.setVerdict(`${APP_KNOWN}.`, this.explain('scopes-unknown'));
    else if (missing.length) this.setVerdict(`${APP_KNOWN}. These scopes are missing: ${missing.join(', ')}.`, REMEDY);
    else this.setVerdict(`${APP_KNOWN}, and the app may do all that you chose.`);
    this.#showFeatures();
    const boxes = requiredScopes(this.tables.features).map((scope) => [boxOf(scope), isGranted(scope, granted)]);
    const scopes = { scopes: missing.length === 0, ...Object.fromEntries(boxes) };
    tick({ ...PROVEN, auth: true, ...(granted.length && scopes) });
  }

  /**
   * RingCentral sent the window back without a code, or refused the token.
   * @param {{error: string, actual: string}} refusal as `oauth.mjs` returns it
   * @param {boolean} isSignedIn
   */
  showRefusal({ error, actual }, isSignedIn) {
    const { faults } = this.tables;
    const unknown = !isSignedIn ? 'sign-in-refused' : error === 'unreadable' ? 'token-unreadable' : 'token-refused';
    const fault = Object.keys(faults).find((name) => faults[name].errors.includes(error)) ?? unknown;
    const outcome = isSignedIn ? 'RingCentral gave no token' : `${APP_KNOWN}, and refused`;
    this.setVerdict(`${outcome}: ${actual.replace(/\.$/, '') || 'no reason given'}.`, this.explain(fault));
    tick({ ...PROVEN, ...(fault === 'app-confidential' && { auth: false }) });
  }

  /** @param {string} fault */
  explain(fault) {
    const { why, fix } = this.tables.faults[fault];
    return `${why} ${fix}`;
  }

  /** @param {Feature[]} features */
  #missing(features) {
    return requiredScopes(features)
      .filter((scope) => !isGranted(scope, this.granted))
      .map((scope) => scope.console);
  }

  #showFeatures() {
    const rows = this.enabled.map((feature) => {
      const missing = this.#missing([feature]);
      const text = missing.length ? `the app lacks ${missing.join(' and ')}.` : 'granted.';
      const result = missing.length ? 'failed' : 'passed';
      return build('li', { 'data-result': result }, `${capital(feature.name)}: `, build('span', { class: 'result' }, text));
    });
    element('live-test-results').replaceChildren(...(this.granted.length ? rows : []));
  }
}

/**
 * The messages that RingCentral's window may show, each code once with all its possible causes.
 * @param {Fault[]} refusals
 */
function describe(refusals) {
  const codes = [...new Set(refusals.map(({ code }) => code))];
  return codes.map((code) => {
    const reasons = refusals.filter((refusal) => refusal.code === code);
    const name = code ? `${code}: ${reasons[0].words}` : 'Anything else';
    const causes = reasons.map(({ why, fix }) => build('p', {}, ...withCode(`${why} ${fix}`)));
    return build('li', {}, build('p', { class: 'name' }, name), ...causes);
  });
}
