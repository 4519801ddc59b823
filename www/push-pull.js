// <push-pull>: the custom element. It loads the engines from beside this file, wherever that is,
// and gives them a shadow root; everything a reader sees is drawn in there.
//
//   <script type="module" src="https://example.org/pushpull/push-pull.js"></script>
//   <push-pull lesson="w1"></push-pull>
//
// Attributes: `lesson` (a name in lessons/), `autoplay`, `theme` ("light" or "dark"; without it the
// reader's own setting), `whole` (the widget is the page: its keys work anywhere). What stands
// between the tags is shown until the widget is ready.
//
// Methods, each a promise: play(), pause(), step(), stepBack(), seek(ms), command(object), state().
// `ready` is a promise that is kept when the widget runs, and broken with the reason when it cannot.

const beside = (name) => new URL(name, import.meta.url).href;

let engines;
/** Loads and compiles the engines once for the page, however many widgets it has. */
function load() {
  engines ??= import(beside('pushpull.js')).then(async (module) => {
    await module.default({ module_or_path: beside('pushpull_bg.wasm') });
    return module;
  });
  return engines;
}

/** Resolves when the style sheet applies, or cannot: unstyled is better than nothing. */
function styled(link) {
  return new Promise((resolve) => {
    link.addEventListener('load', resolve, { once: true });
    link.addEventListener('error', resolve, { once: true });
  });
}

class PushPull extends HTMLElement {
  static observedAttributes = ['lesson', 'theme'];

  #handle = null;
  #mounting = 0;
  #resolve;
  #reject;

  constructor() {
    super();
    this.attachShadow({ mode: 'open' });
    this.#expect();
  }

  /** A new promise of readiness. Nobody need listen to it. */
  #expect() {
    this.ready = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.ready.catch(() => {});
  }

  connectedCallback() {
    this.#mount();
  }

  disconnectedCallback() {
    this.#unmount();
    this.#expect();
  }

  attributeChangedCallback(name, before, after) {
    if (before === after || !this.isConnected) return;
    if (name === 'lesson') {
      this.#unmount();
      this.#expect();
      this.#mount();
    } else if (name === 'theme') {
      this.#applyTheme();
    }
  }

  async #mount() {
    // An element may be moved or changed while its parts load: only the last call goes on.
    const turn = ++this.#mounting;
    const style = document.createElement('link');
    style.rel = 'stylesheet';
    style.href = beside('push-pull.css');
    // The slot shows what stands between the tags until the widget takes its place.
    this.shadowRoot.replaceChildren(style, document.createElement('slot'));
    try {
      const [module] = await Promise.all([load(), styled(style)]);
      if (turn !== this.#mounting) return;
      const root = document.createElement('div');
      root.className = 'push-pull';
      this.shadowRoot.replaceChildren(style, root);
      this.#applyTheme();
      const handle = await module.mount(root, {
        lesson: this.getAttribute('lesson') ?? undefined,
        autoplay: this.hasAttribute('autoplay') && this.getAttribute('autoplay') !== 'false',
        whole: this.hasAttribute('whole'),
        base: beside('./'),
      });
      if (turn !== this.#mounting) {
        handle.unmount();
        return;
      }
      this.#handle = handle;
      this.#resolve(this);
    } catch (error) {
      if (turn !== this.#mounting) return;
      this.#reject(error);
      this.#sayWhy(error);
    }
  }

  #unmount() {
    this.#mounting += 1;
    this.#handle?.unmount();
    this.#handle = null;
    this.shadowRoot.replaceChildren();
  }

  #applyTheme() {
    const root = this.shadowRoot.querySelector('.push-pull');
    const theme = this.getAttribute('theme');
    if (!root) return;
    if (theme === 'light' || theme === 'dark') root.dataset.theme = theme;
    else delete root.dataset.theme;
  }

  /** The static words stay, and one sentence says why nothing more came. */
  #sayWhy(error) {
    const words = document.createElement('p');
    words.setAttribute('role', 'alert');
    words.textContent = `This animation could not start: ${error?.message ?? error}`;
    const style = this.shadowRoot.querySelector('link');
    this.shadowRoot.replaceChildren(style, document.createElement('slot'), words);
  }

  async #call(method, ...values) {
    await this.ready;
    return this.#handle[method](...values);
  }

  /** Lets time run. */
  play() { return this.#call('play'); }
  /** Stops time. */
  pause() { return this.#call('pause'); }
  /** Goes to the next event that the stage draws. */
  step() { return this.#call('step'); }
  /** Goes to the event before. */
  stepBack() { return this.#call('stepBack'); }
  /** Moves the cursor to an instant, in milliseconds of virtual time since the run's start. */
  seek(ms) { return this.#call('seek', ms); }
  /** Gives the run a command, as in a lesson file. */
  command(command) { return this.#call('command', command); }
  /** What is true at the cursor. */
  state() { return this.#call('state'); }
}

if (!customElements.get('push-pull')) customElements.define('push-pull', PushPull);
