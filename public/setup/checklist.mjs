/* Checklists that remember what is done, in this browser and for this host and profile. */
import { base } from './page.mjs';

const KEY = `embeddable-host:done:${base.pathname}`;

export function rememberChecklists() {
  const done = recall();
  for (const box of boxes()) {
    box.checked = done.includes(box.name);
    box.addEventListener('change', remember);
  }
}

/**
 * Ticks what is found to be done and takes the tick from what is found not to be, as if by hand.
 * @param {Record<string, boolean>} found by the boxes' names
 */
export function tick(found) {
  for (const box of boxes()) box.checked = found[box.name] ?? box.checked;
  remember();
}

function boxes() {
  const all = [...document.querySelectorAll('.checklist input[type=checkbox]')];
  return all.filter((box) => box instanceof HTMLInputElement);
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

function remember() {
  const names = boxes().flatMap(({ checked, name }) => (checked ? [name] : []));
  try {
    localStorage.setItem(KEY, JSON.stringify(names));
  } catch {
    // a browser that keeps nothing: the list is as good as on paper
  }
}
