/*
 * Storage in memory where the browser denies the real one.
 *
 * In a frame of another site some browsers throw as soon as a script reads window.localStorage, and the widget then does
 * not start. This gives it storage that lasts as long as the page. It acts only where reading throws.
 */
(() => {
  'use strict';

  class MemoryStorage {
    /** @type {Map<string, string>} */
    #items = new Map();

    get length() {
      return this.#items.size;
    }

    /** @param {number} index */
    key(index) {
      return [...this.#items.keys()][index] ?? null;
    }

    /** @param {string} key */
    getItem(key) {
      return this.#items.get(String(key)) ?? null;
    }

    /**
     * @param {string} key
     * @param {string} value
     */
    setItem(key, value) {
      this.#items.set(String(key), String(value));
    }

    /** @param {string} key */
    removeItem(key) {
      this.#items.delete(String(key));
    }

    clear() {
      this.#items.clear();
    }
  }

  /** A storage whose items are properties too, as those of the real one are. */
  function createStorage() {
    const storage = new MemoryStorage();
    return new Proxy(storage, {
      get(_, name) {
        if (typeof name === 'symbol' || name in storage) {
          const member = Reflect.get(storage, name);
          return typeof member === 'function' ? member.bind(storage) : member;
        }
        return storage.getItem(name) ?? undefined;
      },
      set(_, name, value) {
        storage.setItem(String(name), value);
        return true;
      },
      has: (_, name) => name in storage || storage.getItem(String(name)) !== null,
      deleteProperty(_, name) {
        storage.removeItem(String(name));
        return true;
      },
      ownKeys: () => Array.from({ length: storage.length }, (_, index) => /** @type {string} */ (storage.key(index))),
      getOwnPropertyDescriptor(_, name) {
        const value = storage.getItem(String(name));
        return value === null ? undefined : { value, writable: true, enumerable: true, configurable: true };
      },
    });
  }

  for (const name of /** @type {const} */ (['localStorage', 'sessionStorage'])) {
    try {
      void window[name];
    } catch {
      const storage = createStorage();
      Object.defineProperty(window, name, { configurable: true, enumerable: true, get: () => storage });
    }
  }
})();
