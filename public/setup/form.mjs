/* A form over every parameter: what the host has set, and what a page chooses over it. */
import { isOlder } from './choices.mjs';
import { build, capital } from './page.mjs';

/**
 * @typedef {import('./choices.mjs').Parameter} Parameter
 * @typedef {import('./choices.mjs').Choices} Choices
 * @typedef {{defaults: Choices, credentials: string[], version: string}} Host what it sets, and the release it serves
 */

const HOSTS = ''; // the value of the option that leaves the host's default
const NONE = 'none';

/** @param {string | undefined} choice as the value of an option */
export function asOption(choice) {
  if (choice === undefined) return HOSTS;
  return choice === '' ? NONE : `=${choice}`;
}

/** @param {string} option */
export function asChoice(option) {
  if (option === HOSTS) return undefined;
  return option === NONE ? '' : option.slice(1);
}

/** Each kind in words, what its input takes, and what to write instead. */
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
    this.hosts = this.isSet ? inWords(parameter, host.defaults[parameter.name]) : parameter.unset;
    this.id = `parameter-${parameter.name}`;
    this.mistake = build('p', { class: 'mistake', id: `${this.id}-mistake` });
    this.control = parameter.kind === 'switch' || parameter.kind === 'choice' ? this.#select() : this.#input();
    this.none = this.control instanceof HTMLInputElement && this.isSet ? this.#leaveOut() : undefined;
    this.element = this.#element(host.version);
  }

  /** What is chosen here; nothing where the host's default holds, or what is written cannot be. */
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
      if (this.control.selectedIndex < 0) this.control.value = HOSTS;
    } else {
      this.control.value = choice ?? '';
      if (this.none) this.none.checked = choice === '';
    }
    this.refresh();
  }

  refresh() {
    if (this.none) this.control.disabled = this.none.checked;
    const isWrong = this.control instanceof HTMLInputElement && !this.control.disabled && !this.control.checkValidity();
    this.mistake.textContent = isWrong ? `${KINDS[this.parameter.kind].remedy} Until then it is not in the code.` : '';
    this.control.setAttribute('aria-invalid', String(isWrong));
    this.element.classList.toggle('chosen', this.choice !== undefined);
  }

  /** @param {string | undefined} choice whatever an address says: the widget takes any text for a switch */
  #option(choice) {
    const { kind, on, off } = this.parameter;
    let meant = choice;
    if (choice !== undefined && kind === 'switch') {
      meant = off === '' ? choice && on : choice === '' || choice === on ? on : off;
    }
    return asOption(meant);
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
    const given = `${this.isSet ? 'host' : 'default'}: ${this.hosts || 'nothing'}`;
    return build(
      'select',
      { id: this.id, 'aria-describedby': `${this.id}-about` },
      build('option', { value: HOSTS }, given),
      ...options.map(({ value, label }) => build('option', { value: asOption(value) }, label)),
    );
  }

  #input() {
    return build('input', {
      ...KINDS[this.parameter.kind].attributes,
      id: this.id,
      placeholder: this.isSet ? `host: ${this.hosts}` : this.hosts,
      autocomplete: 'off',
      autocapitalize: 'off',
      spellcheck: 'false',
      'aria-describedby': `${this.id}-about ${this.id}-mistake`,
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
      this.isSet && `This host: ${this.hosts}.`,
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
        this.mistake,
      ),
    );
  }
}

/**
 * A default as people read it.
 * @param {Parameter} parameter
 * @param {string | undefined} text as the widget reads it; not told of a credential
 */
function inWords({ kind, on }, text) {
  if (text === undefined) return 'set, and not shown';
  return kind === 'switch' ? (text === on ? 'on' : 'off') : text;
}

/** The form. `changed` is called whenever something else is chosen. */
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
   * Chooses for one row, as if it had been done there.
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
   * Shows only what has all the words in it, and is chosen if only that is asked for; how many that are.
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
