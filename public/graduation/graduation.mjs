/* The graduation tracker: the widget in a frame, and what it has told of each of RingCentral's requirements. */
import { build, element, base, values } from './page.mjs';
import { Counter } from './counting.mjs';
import { Record } from './record.mjs';
import { Row } from './requirement.mjs';

/**
 * @type {{clientId: string, devices: string, origins: string[],
 *         requirements: import('./counting.mjs').Requirement[]}}
 */
const host = values;
const origins = host.origins.length ? host.origins : [location.origin];

const record = new Record(host.clientId);
const counter = new Counter(host.requirements, record);
const rows = host.requirements.map(
  (requirement) =>
    new Row(requirement, {
      add: () => addByHand(requirement),
      undo: () => undo(requirement),
      setBack: () => ask(`“${requirement.title}” goes back to 0.`, [requirement]),
    }),
);
const question = element('question', HTMLDialogElement);

/** @type {typeof host.requirements} what is set back when the question is answered with yes */
let asked = [];

function show() {
  const undone = rows.filter((row) => !row.show(record.things(row.requirement.name)));
  const needed = undone.filter(({ requirement }) => !requirement.optional);
  const left = undone.length ? ' What is left is asked only of an app with active call control.' : '';
  element('total').textContent = `${rows.length - undone.length} of ${rows.length} done.`;
  element('ready').textContent = needed.length ? '' : `You can apply for production now.${left}`;
  element('unkept').hidden = record.isKept;
  element('day').textContent = new Date().toLocaleString(undefined, { dateStyle: 'long', timeStyle: 'short' });
}

/** @param {typeof host.requirements} counted */
function tell(counted) {
  const told = counted.map(({ name, title, required }) => `${title}: ${record.things(name).length} of ${required}.`);
  element('announcement').textContent = told.join(' ');
}

/** @param {typeof host.requirements[number]} requirement */
function addByHand(requirement) {
  const now = Date.now();
  record.add(requirement.name, `by-hand-${now}-${Math.random()}`, now, true);
  show();
  tell([requirement]);
}

/** @param {typeof host.requirements[number]} requirement */
function undo(requirement) {
  const last = record.things(requirement.name).filter(({ byHand }) => byHand).at(-1);
  if (last) record.remove(requirement.name, last.identity);
  show();
  tell([requirement]);
}

/** @type {(text: string, requirements: typeof host.requirements) => void} */
function ask(text, requirements) {
  asked = requirements;
  element('question-text').textContent = text;
  question.showModal();
}

function setBack() {
  for (const { name } of asked) record.setBack(name);
  question.close();
  show();
  tell(asked);
}

/** @param {HTMLIFrameElement} frame the widget's */
function listenTo(frame) {
  window.addEventListener('message', ({ source, origin, data }) => {
    if (source === null || source !== frame.contentWindow || !origins.includes(origin)) return;
    const counted = counter.count(data, Date.now());
    if (counted.length === 0) return;
    show();
    tell(counted);
  });
}

function showPhone() {
  const frame = build('iframe', { id: 'phone-frame', class: 'phone', title: 'The phone', allow: `autoplay; ${host.devices}` });
  listenTo(frame);
  frame.src = 'app.html';
  element('phone-stage').replaceChildren(frame);
}

element('requirements').replaceChildren(...rows.map((row) => row.element));
element('print').addEventListener('click', () => window.print());
element('set-all-back').addEventListener('click', () =>
  ask('Everything goes back to 0, also what was counted by hand.', host.requirements),
);
element('keep').addEventListener('click', () => question.close());
element('set-back').addEventListener('click', setBack);
window.addEventListener('storage', (event) => record.isChangedBy(event) && show());
window.addEventListener('beforeprint', show);
show();

element('elsewhere').hidden = base.origin === location.origin;
element('elsewhere-address', HTMLAnchorElement).href = `${base.href}graduation.html`;
element('elsewhere-address').textContent = `${base.href}graduation.html`;
element('nobody').hidden = host.clientId !== '';
element('tracker').hidden = false; // all at once, so that nothing moves
if (host.clientId && base.origin === location.origin) showPhone();
