/* A form with every parameter: the host's value, and what a page chooses instead. */
import { isOlder } from './choices.mjs';
import { build, capital } from './page.mjs';

/**
 * @typedef {import('./choices.mjs').Parameter} Parameter
 * @typedef {import('./choices.mjs').Choices} Choices
 * @typedef {{defaults: Choices, credentials: string[], version: string}} Host its values, and the release it serves
 */

const DEFAULT = ''; // the value of the option that leaves the host's default
const NONE = 'none';

/** @param {string | undefined} choice as the value of an option */
export function asOption(choice) {
  if (choice === undefined) return DEFAULT;
  return choice === '' ? NONE : `=${choice}`;
}

/** @param {string} option */
export function asChoice(option) {
  if (option === DEFAULT) return undefined;
  return option === NONE ? '' : option.slice(1);
}

/** Each kind in words, the attributes of its input, and how to correct a wrong value. */
const KINDS = {
  text: { label: 'Text', attributes: { type: 'text' }, remedy: '' },
  number: { label: 'Number', attributes: { type: 'number', step: 'any' }, remedy: 'Write a number.' },
  URL: {
    label: 'URL',
    attributes: { type: 'url', pattern: 'https?://.+' },
    remedy: 'Write a full address, such as https://phone.example.com/.',
  },
  'https URL': {
    label: 'URL',
    attributes: { type: 'url', pattern: 'https://.+' },
    remedy: 'Write an https:// address, such as https://platform.devtest.ringcentral.com.',
  },
  choice: { label: 'Choice', attributes: {}, remedy: '' },
  switch: { label: 'On or off', attributes: {}, remedy: '' },
};

/** One parameter's row. */
export class Row {
  /**
   * @param {Parameter} parameter
   * @param {Host} host
   */
  constructor(parameter, host) {
    this.parameter = parameter;
    this.isSet = parameter.name in host.defaults || host.credentials.includes(parameter.name);
    this.hostValue = this.isSet ? inWords(parameter, host.defaults[parameter.name]) : parameter.unset;
    this.id = `parameter-${parameter.name}`;
    this.error = build('p', { class: 'error', id: `${this.id}-error` });
    this.control = parameter.kind === 'switch' || parameter.kind === 'choice' ? this.#select() : this.#input();
    this.none = this.control instanceof HTMLInputElement && this.isSet ? this.#leaveOut() : undefined;
    this.element = this.#element(host.version);
  }

  /** What is chosen here; undefined for the host's default, or if the value is wrong. */
  get choice() {
    if (this.none?.checked) return '';
    const { value } = this.control;
    if (this.control instanceof HTMLSelectElement) return asChoice(value);
    return value === '' || !this.control.checkValidity() ? undefined : value;
  }

  /** @param {string | undefined} choice */
  set choice(choice) {
    if (this.control instanceof HTMLSelectElement) {
      this.control.value = this.#option(choice);
      if (this.control.selectedIndex < 0) this.control.value = DEFAULT;
    } else {
      this.control.value = choice ?? '';
      if (this.none) this.none.checked = choice === '';
    }
    this.refresh();
  }

  refresh() {
    if (this.none) this.control.disabled = this.none.checked;
    const isWrong = this.control instanceof HTMLInputElement && !this.control.disabled && !this.control.checkValidity();
    this.error.textContent = isWrong ? `${KINDS[this.parameter.kind].remedy} Until then it is not in the code.` : '';
    this.control.setAttribute('aria-invalid', String(isWrong));
    this.element.classList.toggle('chosen', this.choice !== undefined);
  }

  /** @param {string | undefined} choice any text of an address: the widget accepts any for a switch */
  #option(choice) {
    const { kind, on, off } = this.parameter;
    let value = choice;
    if (choice !== undefined && kind === 'switch') {
      value = off === '' ? choice && on : choice === '' || choice === on ? on : off;
    }
    return asOption(value);
  }

  /** @param {string} words */
  matches(words) {
    const { name, about } = this.parameter;
    return words.split(/\s+/).every((word) => `${name} ${about}`.toLowerCase().includes(word));
  }

  #select() {
    const { parameter } = this;
    const options =
      parameter.kind === 'switch'
        ? [
            { value: parameter.on, label: 'on' },
            { value: parameter.off, label: 'off' },
          ]
        : [
            ...parameter.choices.map((value) => ({ value, label: value })),
            ...(this.isSet ? [{ value: '', label: 'left out' }] : []),
          ];
    const unchanged = `${this.isSet ? 'host' : 'default'}: ${this.hostValue || 'nothing'}`;
    return build(
      'select',
      { id: this.id, 'aria-describedby': `${this.id}-about` },
      build('option', { value: DEFAULT }, unchanged),
      ...options.map(({ value, label }) => build('option', { value: asOption(value) }, label)),
    );
  }

  #input() {
    return build('input', {
      ...KINDS[this.parameter.kind].attributes,
      id: this.id,
      placeholder: this.isSet ? `host: ${this.hostValue}` : this.hostValue,
      autocomplete: 'off',
      autocapitalize: 'off',
      spellcheck: 'false',
      'aria-describedby': `${this.id}-about ${this.id}-error`,
    });
  }

  #leaveOut() {
    return build('input', { type: 'checkbox', id: `${this.id}-none` });
  }

  /** @param {string} version */
  #element(version) {
    const { name, kind, about, since, secret, unset } = this.parameter;
    const warning =
      secret && 'A credential: whoever opens a page with it can read it. It never goes into the address bar.';
    const facts = [
      `${KINDS[kind].label}.`,
      this.isSet && `This host: ${this.hostValue}.`,
      unset && `Unless set: ${unset}.`,
      `Since ${since}.`,
      isOlder(version, since) && `This host serves ${version}, which does not read it.`,
    ];
    return build(
      'div',
      { class: 'parameter' },
      build(
        'div',
        { class: 'about' },
        build('label', { for: this.id }, build('code', {}, name), build('span', { class: 'mark' }, 'your page')),
        build(
          'p',
          { id: `${this.id}-about` },
          `${capital(about)}. `,
          build('span', { class: 'facts' }, facts.filter(Boolean).join(' ')),
        ),
        warning && build('p', { class: 'warning' }, warning),
      ),
      build(
        'div',
        { class: 'control' },
        this.control,
        this.none && build('label', { class: 'none' }, this.none, `without ${name}`),
        this.error,
      ),
    );
  }
}

/**
 * A default as people read it.
 * @param {Parameter} parameter
 * @param {string | undefined} text as the widget reads it; undefined for a credential
 */
function inWords({ kind, on }, text) {
  if (text === undefined) return 'set, and not shown';
  return kind === 'switch' ? (text === on ? 'on' : 'off') : text;
}

/** The form. It calls `changed` after every choice. */
export class Form {
  /**
   * @param {import('./choices.mjs').Group[]} groups
   * @param {Host} host
   * @param {Record<string, string>} aliases the other name of a parameter, by its name
   * @param {() => void} changed
   */
  constructor(groups, host, aliases, changed) {
    this.groups = groups.map(({ name, parameters }) => {
      const rows = parameters.map((parameter) => new Row(parameter, host));
      const count = build('span', { class: 'count' });
      const details = build('details', {}, build('summary', {}, name, count), ...rows.map((row) => row.element));
      return { rows, count, details };
    });
    this.rows = this.groups.flatMap((group) => group.rows);
    this.elements = this.groups.map((group) => group.details);
    for (const row of this.rows) {
      row.element.addEventListener('input', () => {
        row.refresh();
        const alias = row.choice && this.rows.find(({ parameter }) => parameter.name === aliases[row.parameter.name]);
        if (alias) alias.choice = undefined;
        this.#count();
        changed();
      });
    }
  }

  /**
   * Chooses a value for one row, as if in the row itself.
   * @param {Row} row
   * @param {string | undefined} choice
   */
  choose(row, choice) {
    row.choice = choice;
    row.element.dispatchEvent(new Event('input'));
  }

  /** @returns {Choices} in the table's order */
  get choices() {
    /** @type {Choices} */
    const chosen = {};
    for (const { parameter, choice } of this.rows) if (choice !== undefined) chosen[parameter.name] = choice;
    return chosen;
  }

  set choices(choices) {
    for (const row of this.rows) row.choice = choices[row.parameter.name];
    this.#count();
    for (const { rows, details } of this.groups) details.open ||= rows.some((row) => row.choice !== undefined);
  }

  /**
   * Shows only rows with all these words, and only chosen ones if `onlyChosen`; returns how many.
   * @param {string} words
   * @param {boolean} onlyChosen
   */
  show(words, onlyChosen) {
    const isNarrowed = words.trim() !== '' || onlyChosen;
    for (const { rows, details } of this.groups) {
      for (const row of rows) {
        row.element.hidden = !row.matches(words.trim().toLowerCase()) || (onlyChosen && row.choice === undefined);
      }
      details.hidden = rows.every((row) => row.element.hidden);
      if (isNarrowed) details.open = !details.hidden;
    }
    return this.rows.filter((row) => !row.element.hidden).length;
  }

  #count() {
    for (const { rows, count } of this.groups) {
      const chosen = rows.filter((row) => row.choice !== undefined).length;
      count.textContent = chosen ? `${chosen} by your page` : '';
    }
  }
}
