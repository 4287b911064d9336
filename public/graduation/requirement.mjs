/* One of RingCentral's requirements on the page: how far it is, what it is made of, and counting by hand. */
import { build } from './page.mjs';

/**
 * @typedef {import('./counting.mjs').Requirement} Requirement
 * @typedef {import('./record.mjs').Thing} Thing
 */

/** A moment as people read it, and to the second for machines. */
const moment = (/** @type {number} */ at) =>
  build(
    'time',
    { datetime: new Date(at).toISOString() },
    new Date(at).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' }),
  );

export class Row {
  /**
   * @param {Requirement} requirement
   * @param {{add: () => void, undo: () => void, setBack: () => void}} act
   */
  constructor(requirement, act) {
    this.requirement = requirement;
    const { name, title, how, untold, optional, required } = requirement;
    this.done = build('span', { class: 'done', hidden: true }, '✓ Done');
    this.bar = build('progress', { max: required, value: 0, 'aria-labelledby': `${name}-title` });
    this.count = build('span', { class: 'how-many' });
    this.last = build('p', { class: 'facts' });
    this.moments = build('ol', { class: 'moments' });
    this.add = button('+1 by hand', title, act.add);
    this.undo = button('Take one by hand back', title, act.undo);
    this.back = button('Set back', title, act.setBack);
    this.element = build(
      'li',
      { class: 'requirement', id: `requirement-${name}` },
      build('h3', { id: `${name}-title` }, title, optional && ' (with active call control)', ' ', this.done),
      build('p', { class: 'how' }, how, untold && ` ${untold}`),
      build('p', { class: 'so-far' }, this.bar, ' ', this.count),
      this.last,
      this.moments,
      build('p', { class: 'buttons' }, this.add, this.undo, this.back),
    );
  }

  /** @param {Thing[]} things in their order of time */
  show(things) {
    const { required } = this.requirement;
    const byHand = things.filter((thing) => thing.byHand).length;
    const last = things.at(-1);
    const isDone = things.length >= required;
    this.element.classList.toggle('is-done', isDone);
    this.done.hidden = !isDone;
    this.bar.value = Math.min(things.length, required);
    this.count.textContent = `${things.length} of ${required}`;
    this.last.replaceChildren(...(last ? ['Last: ', moment(last.at), '.', byHand ? ` ${byHand} by hand.` : ''] : []));
    this.moments.replaceChildren(
      ...things.map(({ at, byHand }) => build('li', {}, moment(at), byHand && ' (by hand)')),
    );
    this.#offer(this.undo, byHand > 0);
    this.#offer(this.back, things.length > 0);
    return isDone;
  }

  /** @type {(button: HTMLButtonElement, isOffered: boolean) => void} */
  #offer(button, isOffered) {
    if (!isOffered && button === document.activeElement) this.add.focus(); // what is hidden cannot keep the focus
    button.hidden = !isOffered;
  }
}

/** @type {(label: string, title: string, act: () => void) => HTMLButtonElement} */
function button(label, title, act) {
  const made = build('button', { type: 'button', 'aria-label': `${label}: ${title}` }, label);
  made.addEventListener('click', act);
  return made;
}
