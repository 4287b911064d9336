/*
 * What has been counted, kept in this browser for one app: a key for each thing, with its moment.
 *
 * A key for each, so that two tabs that count the same thing write the same key, and none overwrites what another has
 * counted. Of a message or a call nothing is kept but its id. What the browser does not keep is remembered as long as
 * the page is open.
 */

/** @typedef {{identity: string, at: number, byHand: boolean}} Thing */

const PREFIX = 'embeddable-host:graduation';
const BY_HAND = 'by hand';
const MOMENT = /^(\d{1,15})( by hand)?$/; // ms since 1970, and whether it was counted by hand
const SET_BACK = 'set back'; // of a thing that is not counted again, though events may still tell of it
const MOST = 200; // things of one kind: far more than anybody asks for, and little for a browser

export class Record {
  /** @type {Map<string, string>} what the browser has not taken, by key */
  #unkept = new Map();

  /** @param {string} app its client id */
  constructor(app) {
    this.prefix = `${PREFIX}:${encodeURIComponent(app)}:`;
    this.isKept = true;
    this.setText('probe', '', ''); // whether the browser keeps anything is told at once, and not after the first call
    this.remove('probe', '');
  }

  /**
   * The things of a kind in their order of time; what cannot be read is none.
   * @param {string} kind
   * @returns {Thing[]}
   */
  things(kind) {
    return this.#identities(kind)
      .flatMap((identity) => {
        const found = MOMENT.exec(this.text(kind, identity) ?? '');
        return found ? [{ identity, at: Number(found[1]), byHand: found[2] !== undefined }] : [];
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
   * @param {boolean} [byHand]
   */
  add(kind, identity, at, byHand = false) {
    if (this.#identities(kind).length < MOST) this.setText(kind, identity, byHand ? `${at} ${BY_HAND}` : `${at}`);
  }

  /** @type {(kind: string, identity: string) => void} */
  remove(kind, identity) {
    const key = this.#key(kind, identity);
    this.#unkept.delete(key);
    storage()?.removeItem(key);
  }

  /** @param {string} kind */
  setBack(kind) {
    for (const { identity, byHand } of this.things(kind)) {
      if (byHand) this.remove(kind, identity);
      else this.setText(kind, identity, SET_BACK);
    }
  }

  /** @type {(kind: string, identity: string) => string | undefined} */
  text(kind, identity) {
    const key = this.#key(kind, identity);
    return this.#unkept.get(key) ?? storage()?.getItem(key) ?? undefined;
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
      this.#unkept.delete(key);
    } catch {
      this.isKept = false; // denied, or full
      this.#unkept.set(key, text);
    }
  }

  /** @param {string} kind */
  #identities(kind) {
    const start = `${this.prefix}${kind}:`;
    const keys = new Set([...Object.keys(storage() ?? {}), ...this.#unkept.keys()]);
    return [...keys].filter((key) => key.startsWith(start)).flatMap((key) => decoded(key.slice(start.length)));
  }
}

/** @returns {Storage | undefined} nothing where the browser denies it */
function storage() {
  try {
    return localStorage;
  } catch {
    return undefined;
  }
}

/** @param {string} text that may be anybody's */
function decoded(text) {
  try {
    return [decodeURIComponent(text)];
  } catch {
    return [];
  }
}
