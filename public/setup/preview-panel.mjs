/* A preview of the widget with the chosen code, in a frame, and the events that it sends to its page. */
import { build, debounce, element } from './page.mjs';

const RESTART_DELAY_MS = 600; // without a change
const EVENT_LIMIT = 50;

export class PreviewPanel {
  /** @param {() => string} address of the current choices: the way of embedding, and the query after a `?` */
  constructor(address) {
    this.address = address;
    this.button = element('preview-start', HTMLButtonElement);
    this.stage = element('preview-stage');
    this.events = element('preview-events');
    this.shown = '';
    this.restart = debounce(() => this.isRunning && this.shown !== this.address() && this.#start(), RESTART_DELAY_MS);
    this.button.addEventListener('click', () => (this.isRunning ? this.#stop() : this.#start()));
    element('preview-clear').addEventListener('click', () => this.#clear());
    window.addEventListener('message', ({ source, origin, data }) => {
      if (source && source === this.frame?.contentWindow && origin === location.origin && data?.event)
        this.#show(data.event);
    });
  }

  get isRunning() {
    return this.frame !== undefined;
  }

  #start() {
    this.#clear();
    this.shown = this.address();
    // A new frame: one whose address changes only after the # would not load again.
    this.frame = build('iframe', {
      src: `preview.html#${this.shown}`,
      class: 'phone',
      title: 'The widget',
      allow: 'autoplay; microphone; speaker-selection',
    });
    this.stage.replaceChildren(this.frame);
    this.button.textContent = 'Stop the preview';
  }

  #stop() {
    this.frame = undefined;
    this.stage.replaceChildren();
    this.button.textContent = 'Start the preview';
  }

  #clear() {
    this.events.replaceChildren();
  }

  /** @param {{type: string}} event */
  #show(event) {
    const time = new Date().toLocaleTimeString();
    const item = build(
      'li',
      {},
      build(
        'details',
        {},
        build('summary', {}, build('code', {}, event.type), ` ${time}`),
        build('pre', {}, JSON.stringify(event, null, 2)),
      ),
    );
    this.events.prepend(item);
    while (this.events.children.length > EVENT_LIMIT) this.events.lastElementChild?.remove();
  }
}
