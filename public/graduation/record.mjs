/*
 * The counted items of one app, in this browser's storage: a key for each, with its time.
 *
 * Because of the key for each, two tabs that count the same item write the same key, and neither overwrites the other's
 * items. Of a message or a call only its id is stored. Where storage fails, items are kept while the page is open.
 */

/** @typedef {{identity: string, at: number, isManual: boolean}} Item */

const PREFIX = 'embeddable-host:graduation';
const MANUAL = 'manual';
const ENTRY = /^(\d{1,15})( manual)?$/; // ms since 1970, and whether it was counted manually
const RESET = 'reset'; // of an item that later events do not count again
const LIMIT = 200; // items of one kind: far more than required, and little for a browser's storage

export class Record {
  /** @type {Map<string, string>} entries that the browser did not store, by key */
  #unstored = new Map();

  /** @param {string} app its client id */
  constructor(app) {
    this.prefix = `${PREFIX}:${encodeURIComponent(app)}:`;
    this.isStored = true;
    this.setText('probe', '', ''); // shows at once, and not after the first call, whether storage works
    this.remove('probe', '');
  }

  /**
   * The items of a kind by time, without entries that cannot be read.
   * @param {string} kind
   * @returns {Item[]}
   */
  items(kind) {
    return this.#identities(kind)
      .flatMap((identity) => {
        const found = ENTRY.exec(this.text(kind, identity) ?? '');
        return found ? [{ identity, at: Number(found[1]), isManual: found[2] !== undefined }] : [];
      })
      .sort((one, other) => one.at - other.at);
  }

  /** @type {(kind: string, identity: string) => boolean} */
  has(kind, identity) {
    return this.text(kind, identity) !== undefined;
  }

  /**
   * @param {string} kind
   * @param {string} identity
   * @param {number} at
   * @param {boolean} [isManual]
   */
  add(kind, identity, at, isManual = false) {
    if (this.#identities(kind).length < LIMIT) this.setText(kind, identity, isManual ? `${at} ${MANUAL}` : `${at}`);
  }

  /** @type {(kind: string, identity: string) => void} */
  remove(kind, identity) {
    const key = this.#key(kind, identity);
    this.#unstored.delete(key);
    storage()?.removeItem(key);
  }

  /** @param {string} kind */
  reset(kind) {
    for (const { identity, isManual } of this.items(kind)) {
      if (isManual) this.remove(kind, identity);
      else this.setText(kind, identity, RESET);
    }
  }

  /** @type {(kind: string, identity: string) => string | undefined} */
  text(kind, identity) {
    const key = this.#key(kind, identity);
    return this.#unstored.get(key) ?? storage()?.getItem(key) ?? undefined;
  }

  /** @param {StorageEvent} event of another tab */
  isChangedBy({ key }) {
    return key === null || key.startsWith(this.prefix);
  }

  /** @type {(kind: string, identity: string) => string} */
  #key(kind, identity) {
    return `${this.prefix}${kind}:${encodeURIComponent(identity)}`;
  }

  /** @type {(kind: string, identity: string, text: string) => void} */
  setText(kind, identity, text) {
    const key = this.#key(kind, identity);
    try {
      localStorage.setItem(key, text);
      this.#unstored.delete(key);
    } catch {
      this.isStored = false; // denied, or full
      this.#unstored.set(key, text);
    }
  }

  /** @param {string} kind */
  #identities(kind) {
    const start = `${this.prefix}${kind}:`;
    const keys = new Set([...Object.keys(storage() ?? {}), ...this.#unstored.keys()]);
    return [...keys].filter((key) => key.startsWith(start)).flatMap((key) => decoded(key.slice(start.length)));
  }
}

/** @returns {Storage | undefined} undefined if the browser denies it */
function storage() {
  try {
    return localStorage;
  } catch {
    return undefined;
  }
}

/** @param {string} text of any origin */
function decoded(text) {
  try {
    return [decodeURIComponent(text)];
  } catch {
    return [];
  }
}
