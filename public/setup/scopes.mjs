/* The widget's enabled features, the scopes that they require, and which of those a token has. */
import { build } from './page.mjs';
import { isOn } from './choices.mjs';

/**
 * @typedef {{name: string, console: string, within: string[]}} Scope a row of the server's table (`scopes.py`)
 * @typedef {{name: string, scopes: Scope[], when: Record<string, boolean>}} Feature a row of the same table
 */

/**
 * The features of a widget with these merged parameters.
 * @param {Feature[]} features
 * @param {import('./choices.mjs').Parameter[]} parameters
 * @param {import('./choices.mjs').Choices} merged
 */
export function enabledFeatures(features, parameters, merged) {
  const on = new Set(parameters.filter((parameter) => isOn(parameter, merged)).map(({ name }) => name));
  return features.filter(({ when }) => Object.entries(when).every(([name, value]) => on.has(name) === value));
}

/**
 * The scopes that these features require, each once, in the order of RingCentral's console.
 * @param {Feature[]} features
 */
export function requiredScopes(features) {
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

/** The checklist of scopes. Every box exists from the start, so that it keeps its tick; those not required are hidden. */
export class ScopeList {
  /**
   * @param {HTMLElement} list
   * @param {Feature[]} features all of them
   */
  constructor(list, features) {
    this.rows = requiredScopes(features).map((scope) => {
      const reason = build('span', { class: 'facts' });
      const box = build('input', { type: 'checkbox', name: boxOf(scope) });
      const item = build('li', {}, build('label', {}, box, ` ${scope.console} `, reason));
      return { scope, reason, item };
    });
    list.replaceChildren(...this.rows.map(({ item }) => item));
  }

  /** @param {Feature[]} enabled */
  show(enabled) {
    for (const { scope, reason, item } of this.rows) {
      const requiring = enabled.filter(({ scopes }) => scopes.some(({ name }) => name === scope.name));
      item.hidden = requiring.length === 0;
      reason.textContent = `for ${requiring.map(({ name }) => name).join(', ')}`;
    }
  }
}
