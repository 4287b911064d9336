/* Which of the widget's features are chosen, which scopes they want of the app, and which of those a token has. */
import { build } from './page.mjs';
import { isOn } from './choices.mjs';

/**
 * @typedef {{name: string, console: string, within: string[]}} Scope a row of the server's table (`scopes.py`)
 * @typedef {{name: string, scopes: Scope[], when: Record<string, boolean>}} Feature likewise
 */

/**
 * The features that the widget has when it is given these parameters.
 * @param {Feature[]} features
 * @param {import('./choices.mjs').Parameter[]} parameters
 * @param {import('./choices.mjs').Choices} given
 */
export function chosenOf(features, parameters, given) {
  const on = new Set(parameters.filter((parameter) => isOn(parameter, given)).map(({ name }) => name));
  return features.filter(({ when }) => Object.entries(when).every(([name, wanted]) => on.has(name) === wanted));
}

/**
 * The scopes that these features want, each once, in the order in which RingCentral's console shows them.
 * @param {Feature[]} features
 */
export function wantedBy(features) {
  const byName = new Map(features.flatMap(({ scopes }) => scopes).map((scope) => [scope.name, scope]));
  return [...byName.values()].sort((one, other) => one.console.localeCompare(other.console, 'en'));
}

/**
 * @param {Scope} scope
 * @param {string[]} granted the scopes in a token
 */
export function isGranted({ name, within }, granted) {
  return [name, ...within].some((one) => granted.includes(one));
}

/**
 * The name of a scope's box in the checklist.
 * @param {Scope} scope
 */
export const boxOf = (scope) => `scope-${scope.console.toLowerCase().replaceAll(' ', '-')}`;

/** The checklist of scopes. Every box is there from the start, so that none forgets; those that nobody wants are hidden. */
export class ScopeList {
  /**
   * @param {HTMLElement} list
   * @param {Feature[]} features all there are
   */
  constructor(list, features) {
    this.rows = wantedBy(features).map((scope) => {
      const reason = build('span', { class: 'facts' });
      const box = build('input', { type: 'checkbox', name: boxOf(scope) });
      const item = build('li', {}, build('label', {}, box, ` ${scope.console} `, reason));
      return { scope, reason, item };
    });
    list.replaceChildren(...this.rows.map(({ item }) => item));
  }

  /** @param {Feature[]} chosen */
  show(chosen) {
    for (const { scope, reason, item } of this.rows) {
      const wanting = chosen.filter(({ scopes }) => scopes.some(({ name }) => name === scope.name));
      item.hidden = wanting.length === 0;
      reason.textContent = `for ${wanting.map(({ name }) => name).join(', ')}`;
    }
  }
}
