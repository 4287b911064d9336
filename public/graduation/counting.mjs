/* Which of RingCentral's requirements an event of the widget counts for. The table says what tells of each. */

/**
 * @typedef {{event: string, says: Record<string, (string | boolean)[]>}} Sign
 * @typedef {object} Requirement one row of the server's table
 * @property {string} name
 * @property {string} title
 * @property {string} how
 * @property {number} required
 * @property {Sign} sign
 * @property {string} id the path of the id by which each is counted once
 * @property {string[]} changes the fields whose change is counted, where there is no id
 * @property {Sign[]} after what must have been told of the same id before
 * @property {boolean} optional
 * @property {string} untold
 */

const PLAIN = /^[\w.@+-]{1,128}$/; // an id or a state; anything else in its place is none
const SAME = 5_000; // ms: of a change without an id, two tabs hear at about one time

export class Counter {
  #met = new Set(); // the requirements whose fields this page has been told already

  /**
   * @param {Requirement[]} requirements
   * @param {import('./record.mjs').Record} record
   */
  constructor(requirements, record) {
    this.requirements = requirements;
    this.record = record;
  }

  /**
   * The requirements that an event has been counted for.
   * @param {unknown} event
   * @param {number} now in ms
   */
  count(event, now) {
    return this.requirements.filter((requirement) => {
      const { name, changes } = requirement;
      const identity = changes.length ? this.#change(requirement, event, now) : this.#thing(requirement, event, now);
      if (identity === undefined || this.record.has(name, identity)) return false;
      this.record.add(name, identity, now);
      return true;
    });
  }

  /** @type {(requirement: Requirement, event: unknown, now: number) => string | undefined} */
  #thing({ name, sign, id, after }, event, now) {
    const identity = plain(values(event, id)[0]);
    if (identity === undefined) return undefined;
    const before = beforehand(name);
    if (after.some((one) => tells(one, event))) this.record.add(before, identity, now);
    if (!tells(sign, event)) return undefined;
    return after.length === 0 || this.record.has(before, identity) ? identity : undefined;
  }

  /**
   * The first state that a page is told is no change: before a reload, or in another app, it may have been another.
   * Neither is one that says nothing, as that of a user who has signed out. The last state is shared by all tabs.
   * @type {(requirement: Requirement, event: unknown, now: number) => string | undefined}
   */
  #change({ name, sign, changes }, event, now) {
    if (!isOf(sign, event)) return undefined;
    const state = changes.map((field) => plain(values(event, field)[0]));
    const isMet = this.#met.has(name);
    if (state.includes(undefined)) {
      this.#met.delete(name);
      return undefined;
    }
    this.#met.add(name);
    const last = this.record.text(beforehand(name), '');
    const text = state.join(' ');
    if (text !== last) this.record.setText(beforehand(name), '', text);
    return isMet && text !== last && tells(sign, event) ? `${text} ${Math.floor(now / SAME)}` : undefined;
  }
}

/** @param {string} name */
const beforehand = (name) => `${name}.before`;

/** @type {(sign: Sign, event: any) => boolean} */
function isOf(sign, event) {
  return typeof event === 'object' && event !== null && event.type === sign.event;
}

/** @type {(sign: Sign, event: unknown) => boolean} */
function tells(sign, event) {
  const says = Object.entries(sign.says);
  return isOf(sign, event) && says.every(([path, all]) => values(event, path).some((value) => all.includes(value)));
}

/**
 * What stands at a path, such as `message.id`; `*` is each element of a list.
 * @param {any} event
 * @param {string} path
 * @returns {any[]}
 */
function values(event, path) {
  return path.split('.').reduce((found, name) => found.flatMap((one) => inside(one, name)), [event]);
}

/** @type {(value: any, name: string) => any[]} */
function inside(value, name) {
  if (name === '*') return Array.isArray(value) ? value : [];
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name) ? [value[name]] : [];
}

/** @param {unknown} value */
function plain(value) {
  const isOne = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
  return isOne && PLAIN.test(String(value)) ? String(value) : undefined;
}
