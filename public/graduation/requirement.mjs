/* One of RingCentral's requirements on the page: its progress, its items, and buttons to count manually. */
import { build } from './page.mjs';

/**
 * @typedef {import('./counting.mjs').Requirement} Requirement
 * @typedef {import('./record.mjs').Item} Item
 */

/** A time for people, and exactly for machines. */
const time = (/** @type {number} */ at) =>
  build(
    'time',
    { datetime: new Date(at).toISOString() },
    new Date(at).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' }),
  );

export class Row {
  /**
   * @param {Requirement} requirement
   * @param {{add: () => void, undo: () => void, reset: () => void}} actions
   */
  constructor(requirement, actions) {
    this.requirement = requirement;
    const { name, title, how, manual, optional, required } = requirement;
    this.done = build('span', { class: 'done', hidden: true }, '✓ Done');
    this.bar = build('progress', { max: required, value: 0, 'aria-labelledby': `${name}-title` });
    this.count = build('span', { class: 'how-many' });
    this.last = build('p', { class: 'facts' });
    this.times = build('ol', { class: 'times' });
    this.add = button('+1 manually', title, actions.add);
    this.undo = button('Undo manual count', title, actions.undo);
    this.reset = button('Reset', title, actions.reset);
    this.element = build(
      'li',
      { class: 'requirement', id: `requirement-${name}` },
      build('h3', { id: `${name}-title` }, title, optional && ' (with active call control)', ' ', this.done),
      build('p', { class: 'how' }, how, manual && ` ${manual}`),
      build('p', { class: 'so-far' }, this.bar, ' ', this.count),
      this.last,
      this.times,
      build('p', { class: 'buttons' }, this.add, this.undo, this.reset),
    );
  }

  /** @param {Item[]} items by time */
  show(items) {
    const { required } = this.requirement;
    const manual = items.filter(({ isManual }) => isManual).length;
    const last = items.at(-1);
    const isDone = items.length >= required;
    this.element.classList.toggle('is-done', isDone);
    this.done.hidden = !isDone;
    this.bar.value = Math.min(items.length, required);
    this.count.textContent = `${items.length} of ${required}`;
    this.last.replaceChildren(...(last ? ['Last: ', time(last.at), '.', manual ? ` ${manual} counted manually.` : ''] : []));
    this.times.replaceChildren(
      ...items.map(({ at, isManual }) => build('li', {}, time(at), isManual && ' (counted manually)')),
    );
    this.#offer(this.undo, manual > 0);
    this.#offer(this.reset, items.length > 0);
    return isDone;
  }

  /** @type {(button: HTMLButtonElement, isOffered: boolean) => void} */
  #offer(button, isOffered) {
    if (!isOffered && button === document.activeElement) this.add.focus(); // a hidden button cannot keep the focus
    button.hidden = !isOffered;
  }
}

/** @type {(label: string, title: string, action: () => void) => HTMLButtonElement} */
function button(label, title, action) {
  const made = build('button', { type: 'button', 'aria-label': `${label}: ${title}` }, label);
  made.addEventListener('click', action);
  return made;
}
