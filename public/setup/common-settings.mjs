/*
 * The common settings, in a person's words: another view of some of the form's rows, without choices of its own.
 */
import { asChoice, asOption } from './form.mjs';
import { build } from './page.mjs';
import { PRODUCTION, SANDBOX } from './sign-in.mjs';

/**
 * @typedef {import('./form.mjs').Row} Row
 * @typedef {object} Entry
 * @property {string} name of the parameter
 * @property {string} label
 * @property {string} about
 * @property {Map<string, string>} [words] each value that can be chosen, in words; missing if any text can be
 * @property {boolean} [isOpposite] the parameter disables what is offered here
 */

/** @type {Entry[]} */
const ENTRIES = [
  { name: 'clientId', label: 'Client id', about: 'RingCentral’s console shows it when the app is registered.' },
  {
    name: 'appServer',
    label: 'The app is for',
    about: 'A client id belongs to one of the two.',
    words: new Map([
      [PRODUCTION, 'production'],
      [SANDBOX, 'the sandbox'],
    ]),
  },
  { name: 'disableCall', label: 'Calls', about: 'Make and receive calls.', isOpposite: true },
  { name: 'disableMessages', label: 'Messages', about: 'SMS, internal messages, voicemail and fax.', isOpposite: true },
  { name: 'disableContacts', label: 'Contacts', about: 'The address book.', isOpposite: true },
  { name: 'disableMeeting', label: 'Meetings', about: 'Start and schedule video meetings.', isOpposite: true },
  {
    name: 'defaultCallWith',
    label: 'Calls are made',
    about: 'At first: users can choose another way.',
    words: new Map([
      ['browser', 'in the browser'],
      ['jupiter', 'with the RingCentral app'],
      ['softphone', 'with the RingCentral Phone app'],
      ['ringout', 'by RingOut: your own telephone rings first'],
    ]),
  },
  {
    name: 'defaultDirection',
    label: 'The phone floats',
    about: 'At first: users can move it.',
    words: new Map([
      ['right', 'on the right'],
      ['left', 'on the left'],
    ]),
  },
];

/** One entry, with the row of its parameter and that of the parameter's other name, if there is one. */
class View {
  /**
   * @param {Entry} entry
   * @param {Row} row
   * @param {Row | undefined} alias
   */
  constructor(entry, row, alias) {
    const { on, off } = row.parameter;
    this.row = row;
    this.alias = alias;
    this.words = entry.isOpposite ? new Map([[off, 'on'], [on, 'off']]) : entry.words;
    this.hostDefault = this.#hostDefault(entry.isOpposite);
    this.id = `common-${entry.name}`;
    this.control = this.words ? this.#select() : this.#input();
    this.element = build(
      'div',
      { class: 'choice' },
      build('label', { for: this.id }, entry.label),
      build('span', { class: 'mark' }, 'your page'),
      this.control,
      build('p', { class: 'facts', id: `${this.id}-about` }, entry.about),
    );
  }

  /** What is written or picked here. */
  get choice() {
    const { value } = this.control;
    return this.words ? asChoice(value) : value || undefined;
  }

  show() {
    const choice = this.row.choice ?? this.alias?.choice;
    if (this.control instanceof HTMLSelectElement) this.#pick(this.control, choice);
    else {
      this.control.value = choice ?? '';
      this.control.placeholder = choice === '' ? 'left out' : this.hostDefault;
    }
    this.element.classList.toggle('chosen', choice !== undefined);
  }

  /**
   * A choice without words here, such as another server, is an option for as long as it is chosen.
   * @param {HTMLSelectElement} select
   * @param {string | undefined} choice
   */
  #pick(select, choice) {
    const value = choice?.replace(/\/$/, ''); // a server may be written with a slash
    select.querySelector('[data-own]')?.remove();
    if (value !== undefined && !this.words?.has(value)) {
      select.append(build('option', { value: asOption(value), 'data-own': true }, value || 'left out'));
    }
    select.value = asOption(value);
  }

  /** @param {boolean} [isOpposite] */
  #hostDefault(isOpposite) {
    const { isSet, hostValue } = this.alias?.isSet ? this.alias : this.row;
    const opposite = hostValue === 'on' ? 'off' : 'on';
    const text = isOpposite ? opposite : (this.words?.get(hostValue.replace(/\/$/, '')) ?? hostValue);
    return isSet || text ? `${isSet ? 'host' : 'default'}: ${text}` : '';
  }

  #select() {
    return build(
      'select',
      { id: this.id, 'aria-describedby': `${this.id}-about` },
      build('option', { value: asOption(undefined) }, this.hostDefault),
      ...[...(this.words ?? [])].map(([value, text]) => build('option', { value: asOption(value) }, text)),
    );
  }

  #input() {
    return build('input', {
      type: 'text',
      id: this.id,
      autocomplete: 'off',
      autocapitalize: 'off',
      spellcheck: 'false',
      'aria-describedby': `${this.id}-about`,
    });
  }
}

export class CommonSettings {
  /**
   * @param {import('./form.mjs').Form} form
   * @param {Record<string, string>} aliases the other name of a parameter, by its name
   */
  constructor(form, aliases) {
    const row = (/** @type {string} */ name) => form.rows.find(({ parameter }) => parameter.name === name);
    this.views = ENTRIES.flatMap((entry) => {
      const shown = row(entry.name);
      return shown ? [new View(entry, shown, row(aliases[entry.name]))] : [];
    });
    this.elements = this.views.map((view) => view.element);
    for (const view of this.views) {
      view.control.addEventListener('input', () => form.choose(view.row, view.choice));
    }
  }

  /** Shows the current choices of the form's rows. */
  show() {
    for (const view of this.views) view.show();
  }
}
