/* Which of RingCentral's requirements an event of the widget counts for, by the server's table. */

/**
 * @typedef {{type: string, values: Record<string, (string | boolean)[]>}} Pattern of an event
 * @typedef {object} Requirement one row of the server's table
 * @property {string} name
 * @property {string} title
 * @property {string} how
 * @property {number} required
 * @property {Pattern} pattern of the events that count
 * @property {string} id the path of the id by which each item is counted once
 * @property {string[]} changes the fields whose change is counted, where there is no id
 * @property {Pattern[]} after of an event with the same id that must have come before
 * @property {boolean} optional
 * @property {string} manual what no event reports
 */

const PLAIN = /^[\w.@+-]{1,128}$/; // a usable id or state
const SAME_CHANGE_MS = 5_000; // in which two tabs receive the event of one change

export class Counter {
  #seen = new Set(); // the requirements whose fields this page has received

  /**
   * @param {Requirement[]} requirements
   * @param {import('./record.mjs').Record} record
   */
  constructor(requirements, record) {
    this.requirements = requirements;
    this.record = record;
  }

  /**
   * Counts an event, and returns the requirements that it counts for.
   * @param {unknown} event
   * @param {number} now in ms
   */
  count(event, now) {
    return this.requirements.filter((requirement) => {
      const { name, changes } = requirement;
      const identity = changes.length ? this.#change(requirement, event, now) : this.#item(requirement, event, now);
      if (identity === undefined || this.record.has(name, identity)) return false;
      this.record.add(name, identity, now);
      return true;
    });
  }

  /** @type {(requirement: Requirement, event: unknown, now: number) => string | undefined} */
  #item({ name, pattern, id, after }, event, now) {
    const identity = plain(valuesAt(event, id)[0]);
    if (identity === undefined) return undefined;
    const before = beforeKind(name);
    if (after.some((one) => matches(one, event))) this.record.add(before, identity, now);
    if (!matches(pattern, event)) return undefined;
    return after.length === 0 || this.record.has(before, identity) ? identity : undefined;
  }

  /**
   * The first state that a page receives is no change: before a reload, or in another app, it may have been another. Nor
   * is an empty state, such as that of a user who has signed out. All tabs share the last state.
   * @type {(requirement: Requirement, event: unknown, now: number) => string | undefined}
   */
  #change({ name, pattern, changes }, event, now) {
    if (!hasType(pattern, event)) return undefined;
    const state = changes.map((field) => plain(valuesAt(event, field)[0]));
    const isSeen = this.#seen.has(name);
    if (state.includes(undefined)) {
      this.#seen.delete(name);
      return undefined;
    }
    this.#seen.add(name);
    const last = this.record.text(beforeKind(name), '');
    const text = state.join(' ');
    if (text !== last) this.record.setText(beforeKind(name), '', text);
    return isSeen && text !== last && matches(pattern, event) ? `${text} ${Math.floor(now / SAME_CHANGE_MS)}` : undefined;
  }
}

/** @param {string} name */
const beforeKind = (name) => `${name}.before`;

/** @type {(pattern: Pattern, event: any) => boolean} */
function hasType(pattern, event) {
  return typeof event === 'object' && event !== null && event.type === pattern.type;
}

/** @type {(pattern: Pattern, event: unknown) => boolean} */
function matches(pattern, event) {
  const expected = Object.entries(pattern.values);
  return (
    hasType(pattern, event) && expected.every(([path, all]) => valuesAt(event, path).some((value) => all.includes(value)))
  );
}

/**
 * The values at a path, such as `message.id`; `*` is each element of a list.
 * @param {any} event
 * @param {string} path
 * @returns {any[]}
 */
function valuesAt(event, path) {
  return path.split('.').reduce((found, name) => found.flatMap((one) => step(one, name)), [event]);
}

/** @type {(value: any, name: string) => any[]} */
function step(value, name) {
  if (name === '*') return Array.isArray(value) ? value : [];
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name) ? [value[name]] : [];
}

/** @param {unknown} value */
function plain(value) {
  const isScalar = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
  return isScalar && PLAIN.test(String(value)) ? String(value) : undefined;
}
