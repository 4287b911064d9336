/* Checklists that remember what is done, in this browser and for this host and profile. */
import { home } from './page.mjs';

const KEY = `embeddable-host:done:${home.pathname}`;

export function rememberChecklists() {
  const boxes = [...document.querySelectorAll('.checklist input[type=checkbox]')].filter(
    (box) => box instanceof HTMLInputElement,
  );
  const done = recall();
  for (const box of boxes) {
    box.checked = done.includes(box.name);
    box.addEventListener('change', () => {
      remember(boxes.filter(({ checked }) => checked).map(({ name }) => name));
    });
  }
}

/** @returns {string[]} */
function recall() {
  try {
    const kept = JSON.parse(localStorage.getItem(KEY) ?? '[]');
    return Array.isArray(kept) ? kept : [];
  } catch {
    return []; // nothing kept, or a browser that keeps nothing
  }
}

/** @param {string[]} names */
function remember(names) {
  try {
    localStorage.setItem(KEY, JSON.stringify(names));
  } catch {
    // a browser that keeps nothing: the list is as good as on paper
  }
}
