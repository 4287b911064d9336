/* Checklists that remember their ticks, in this browser and for this host and profile. */
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
 * Sets the ticks of these boxes, as if by hand.
 * @param {Record<string, boolean>} ticks by the boxes' names
 */
export function tick(ticks) {
  for (const box of boxes()) box.checked = ticks[box.name] ?? box.checked;
  remember();
}

function boxes() {
  const all = [...document.querySelectorAll('.checklist input[type=checkbox]')];
  return all.filter((box) => box instanceof HTMLInputElement);
}

/** @returns {string[]} */
function recall() {
  try {
    const stored = JSON.parse(localStorage.getItem(KEY) ?? '[]');
    return Array.isArray(stored) ? stored : [];
  } catch {
    return []; // not readable, or storage is denied
  }
}

function remember() {
  const names = boxes().flatMap(({ checked, name }) => (checked ? [name] : []));
  try {
    localStorage.setItem(KEY, JSON.stringify(names));
  } catch {
    // storage is denied or full: the list is as good as on paper
  }
}
