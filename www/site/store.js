// What the site keeps in this browser. Without a store, or with a full one, everything works and
// nothing is kept. Nothing here leaves the browser.

const PREFIX = 'pushpull-';

/** What was kept under a name, or `otherwise`. */
export function kept(name, otherwise) {
  try {
    return JSON.parse(localStorage.getItem(PREFIX + name)) ?? otherwise;
  } catch {
    return otherwise;
  }
}

/** Keeps a value; undefined forgets it. Answers whether that worked. */
export function keep(name, value) {
  try {
    if (value === undefined) localStorage.removeItem(PREFIX + name);
    else localStorage.setItem(PREFIX + name, JSON.stringify(value));
    return true;
  } catch {
    return false;
  }
}

/** Which theme the reader chose: its own name, no JSON, since the widget reads it too. */
export function keepTheme(theme) {
  try {
    localStorage.setItem(`${PREFIX}theme`, theme);
  } catch {
    // It holds for this page.
  }
}

/**
 * How far the reader came in a lesson: `{ step, steps, done }` with the step shown last, from 1,
 * and which steps' tasks have all ticked.
 */
export const progress = {
  all: () => kept('progress', {}),
  see({ lesson, own, step, steps, done }) {
    if (own) return;
    const all = progress.all();
    const before = all[lesson]?.done ?? [];
    // A step without tasks is done by being read.
    all[lesson] = { step, steps, done: done.map((now, n) => (now && n < step) || Boolean(before[n])) };
    keep('progress', all);
  },
};

/**
 * Experiments: `{ id, name, changed, text?, run? }`, a lesson's text until there is a run, then the
 * run's link. The newest first.
 */
export const experiments = {
  all: () => kept('experiments', []),
  get: (id) => experiments.all().find((one) => one.id === id),
  /** Keeps a new one; gives its id, or nothing where nothing can be kept. */
  add({ name, text, run }) {
    const all = experiments.all();
    const id = Math.random().toString(36).slice(2, 10);
    const names = new Set(all.map((one) => one.name));
    let free = name;
    for (let n = 2; names.has(free); n += 1) free = `${name} ${n}`;
    return keep('experiments', [{ id, name: free, changed: Date.now(), text, run }, ...all]) ? id : undefined;
  },
  change(id, change) {
    const all = experiments.all();
    const one = all.find((other) => other.id === id);
    if (!one) return false;
    return keep('experiments', [{ ...one, changed: Date.now(), ...change }, ...all.filter((other) => other !== one)]);
  },
  /** Puts one back as it was. */
  put: (one) => keep('experiments', [...experiments.all(), one].sort((a, b) => b.changed - a.changed)),
  remove(id) {
    keep('experiments', experiments.all().filter((one) => one.id !== id));
  },
};
