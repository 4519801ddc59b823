// <push-pull>: the custom element. It loads the engines from beside this file, wherever that is,
// and gives them a shadow root; everything a reader sees is drawn in there.
//
//   <script type="module" src="https://example.org/pushpull/push-pull.js"></script>
//   <push-pull lesson="w1"></push-pull>
//
// Attributes: `lesson` (a name in lessons/), `src` (the address of a lesson file), `run` (a recorded
// run: what stands after the # of its link, or the text of its file), `step` (the step to show
// first, from 1), `autoplay`, `theme` ("light" or "dark"; without it the reader's own setting),
// `whole` (the widget is the page: its keys work anywhere, and a run in the page's address is
// opened). A lesson may also stand between the tags, in a <script type="application/json">; all else
// there is shown until the widget is ready, but for what has slot="links", which the widget takes
// into its head, and slot="offers", which stands in its bar while the element has `offering`.
//
// Methods, each a promise: play(), pause(), step(), stepBack(), seek(ms), command(object), state(),
// showStep(n), progress(), link(), export(), import(run), openLesson(nameOrText).
// `ready` is a promise that is kept when the widget runs, and broken with the reason when it cannot.
// The event `progress` comes when the step, a task, the commands, playing or the theme has changed;
// its detail is what progress() gives.

/** Which build the engines belong to: filled in by a release build, or as this file was asked for. */
const BUILD = '' || new URL(import.meta.url).searchParams.get('v');

const beside = (name) => new URL(name, import.meta.url).href;

/** An engine's file of this very build: a cache that keeps an older one does not mix the two. */
const built = (name) => beside(BUILD ? `${name}?v=${BUILD}` : name);

/** Real milliseconds between two looks at what a reader has come to. */
const LOOK_MS = 200;

let engines;
/** Loads and compiles the engines once for the page, however many widgets it has. */
function load() {
  engines ??= (async () => {
    if (typeof WebAssembly !== 'object') throw new Error('this browser has no WebAssembly.');
    const module = await import(built('pushpull.js'));
    try {
      await module.default({ module_or_path: built('pushpull_bg.wasm') });
    } catch (error) {
      // What the compiler does not know is newer than the browser.
      if (error instanceof WebAssembly.CompileError) throw new Error('this browser is too old for it.', { cause: error });
      throw error;
    }
    return module;
  })();
  return engines;
}

/** A recorded run as `mount` wants it, from a link or from the text of a file. */
function recorded(text) {
  return text.trim().startsWith('{') ? { file: JSON.parse(text) } : { run: text };
}

/** The text of a lesson file at an address, which is relative to the page. */
async function fetched(address) {
  const answer = await fetch(new URL(address, document.baseURI));
  if (!answer.ok) throw new Error(`the server answers ${answer.status} for ${address}.`);
  return answer.text();
}

/** Resolves when the style sheet applies, or cannot: unstyled is better than nothing. */
function styled(link) {
  return new Promise((resolve) => {
    link.addEventListener('load', resolve, { once: true });
    link.addEventListener('error', resolve, { once: true });
  });
}

class PushPull extends HTMLElement {
  static observedAttributes = ['lesson', 'src', 'run', 'step', 'theme'];

  /** Tells style sheets that the widget runs: `push-pull:state(ready)`. */
  #states = this.attachInternals().states;
  #handle = null;
  /** What import() or openLesson() opened, in front of what the attributes name. */
  #opened = null;
  #observer = null;
  #look = 0;
  #said = '';
  /** The run as it was after the last deed: what is left of it when the program fails. */
  #last = '';
  #deeds = 0;
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
    if (name === 'theme') {
      this.#applyTheme();
    } else if (name === 'step') {
      if (after) this.showStep(Number(after)).catch(() => {});
    } else {
      this.#opened = null;
      this.#again();
    }
  }

  /** Takes the widget away and makes it anew; resolves when that one runs. */
  #again() {
    this.#unmount();
    this.#expect();
    this.#mount();
    return this.ready;
  }

  /** What to open, as `mount` wants it. */
  async #source() {
    if (this.#opened) return this.#opened;
    const hash = this.hasAttribute('whole') ? location.hash.slice(1) : '';
    const run = this.getAttribute('run') || hash;
    if (run) return recorded(run);
    const own = this.querySelector(':scope > script[type="application/json"]');
    if (own) return { text: own.textContent };
    if (this.hasAttribute('src')) return { text: await fetched(this.getAttribute('src')) };
    return { lesson: this.getAttribute('lesson') ?? undefined };
  }

  async #mount() {
    // An element may be moved or changed while its parts load: only the last call goes on.
    const turn = ++this.#mounting;
    const style = document.createElement('link');
    style.rel = 'stylesheet';
    style.href = beside('push-pull.css');
    // The slots show what stands between the tags until the widget takes its place.
    const links = document.createElement('slot');
    links.name = 'links';
    this.shadowRoot.replaceChildren(style, links, document.createElement('slot'));
    try {
      const [module, source] = await Promise.all([load(), this.#source(), styled(style)]);
      if (turn !== this.#mounting) return;
      const root = document.createElement('div');
      root.className = 'push-pull';
      // The style sheet stays where it is: one that is taken out and put back is loaded anew.
      this.shadowRoot.lastElementChild.replaceWith(root);
      this.#applyTheme();
      this.#watch(root, links);
      const handle = await module.mount(root, {
        ...source,
        step: Number(this.getAttribute('step')) || undefined,
        // A recorded run is shown as it was left.
        autoplay: !source.run && !source.file && this.hasAttribute('autoplay') && this.getAttribute('autoplay') !== 'false',
        whole: this.hasAttribute('whole'),
        base: beside('./'),
      });
      if (turn !== this.#mounting) {
        handle.unmount();
        return;
      }
      this.#handle = handle;
      this.#states.add('ready');
      this.#resolve(this);
    } catch (error) {
      if (turn !== this.#mounting) return;
      this.#reject(error);
      this.#sayWhy(error);
    }
  }

  #unmount() {
    this.#mounting += 1;
    this.#states.delete('ready');
    this.#observer?.disconnect();
    clearTimeout(this.#look);
    this.#look = 0;
    this.#said = '';
    this.#last = '';
    this.#deeds = 0;
    this.#handle?.unmount();
    this.#handle = null;
    this.shadowRoot.replaceChildren();
  }

  /** Whenever something was drawn: the links stand in the head, and changes are told. */
  #watch(root, links) {
    this.#observer = new MutationObserver(() => {
      // A failure leaves nothing else in the root; to search it all each frame would cost.
      const notice = root.firstElementChild;
      if (notice?.matches('.defect')) {
        this.#giveBack(notice);
        return;
      }
      const head = root.querySelector('.head');
      if (head && links.parentNode !== head) head.insertBefore(links, head.querySelector('.tools'));
      else if (!head && links.parentNode !== this.shadowRoot) root.before(links);
      this.#look ||= setTimeout(() => this.#tell(), LOOK_MS);
    });
    this.#observer.observe(root, { childList: true, subtree: true, characterData: true, attributes: true });
  }

  /** The program has failed and is not asked again; the run up to the last deed is still here. */
  #giveBack(notice) {
    this.#observer.disconnect();
    clearTimeout(this.#look);
    this.#handle = null;
    if (!this.#last) return;
    const [words, link] = ['p', 'a'].map((name) => document.createElement(name));
    const page = this.hasAttribute('whole') ? location.href.split('#')[0] : beside('./');
    link.href = `${page}#${this.#last}`;
    link.textContent = 'Go on from your last deed';
    link.addEventListener('click', (event) => {
      // Only a page that is loaded anew has a program that runs.
      if (!this.hasAttribute('whole')) return;
      event.preventDefault();
      location.assign(link.href);
      location.reload();
    });
    words.append(link, ', or send this link with what stands below.');
    notice.querySelector('p').replaceWith(words);
  }

  #place() {
    const place = this.#handle?.progress();
    const { theme } = this.shadowRoot.querySelector('.push-pull')?.dataset ?? {};
    return place && { ...place, theme };
  }

  #tell() {
    this.#look = 0;
    const detail = this.#place();
    if (!detail) return;
    const { cursorMs, ...lasting } = detail;
    const said = JSON.stringify(lasting);
    if (said === this.#said) return;
    this.#said = said;
    if (detail.commands !== this.#deeds) {
      this.#deeds = detail.commands;
      this.#last = this.#handle.link();
    }
    this.dispatchEvent(new CustomEvent('progress', { detail, bubbles: true }));
  }

  #applyTheme() {
    const root = this.shadowRoot.querySelector('.push-pull');
    const theme = this.getAttribute('theme');
    if (!root) return;
    if (theme === 'light' || theme === 'dark') root.dataset.theme = theme;
    else delete root.dataset.theme;
  }

  /** Where the same lesson or run stands on the site that the widget comes from. */
  #page() {
    const [run, lesson] = ['run', 'lesson'].map((name) => this.getAttribute(name));
    if (run && !run.trim().startsWith('{')) return `${beside('./')}#${run}`;
    return beside(lesson ? `./?lesson=${encodeURIComponent(lesson)}` : './');
  }

  /** The static words stay, and one sentence says why nothing more came. */
  #sayWhy(error) {
    const words = document.createElement('p');
    words.className = 'why-not';
    words.setAttribute('role', 'alert');
    words.textContent = `This animation could not start: ${error?.message ?? error} `;
    if (!this.hasAttribute('whole')) {
      const link = document.createElement('a');
      link.href = this.#page();
      link.textContent = 'See it on its own page.';
      words.append(link);
    }
    const links = this.shadowRoot.querySelector('slot[name=links]');
    for (const part of [...this.shadowRoot.children]) if (part.localName !== 'link') part.remove();
    this.shadowRoot.append(links, document.createElement('slot'), words);
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
  /** Shows a step of the lesson, from 1. */
  showStep(n) { return this.#call('showStep', n); }
  /** Where the reader stands: the lesson, the step, what is done. Undefined without a lesson. */
  async progress() { await this.ready; return this.#place(); }
  /** The run so far as the text of a link, without #. */
  link() { return this.#call('link'); }
  /** The run so far as the text of a file. */
  async export() { return `${JSON.stringify(await this.#call('export'), null, 2)}\n`; }

  /** Opens a recorded run: a link, or the text of a file. */
  async import(run) {
    this.#opened = recorded(run);
    return this.#again();
  }

  /** Opens a lesson by its name, or one that is given as text. */
  async openLesson(lesson) {
    this.#opened = /^[\w-]+$/.test(lesson) ? { lesson } : { text: lesson };
    return this.#again();
  }
}

if (!customElements.get('push-pull')) customElements.define('push-pull', PushPull);
