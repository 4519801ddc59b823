// The dialog "Share": the run as a link, a file or an experiment, and the widget for another page.

import { experiments } from './store.js';

/** What the preview and the code offer, in CSS px; a width of 0 is the page's own. */
const SIZES = { small: [400, 620], medium: [720, 780], wide: [0, 640] };
/** How wide a page is taken to be where the widget is as wide as its page. */
const A_PAGE = 1100;
/** How much room the preview has. */
const [ROOM_X, ROOM_Y] = [640, 340];

const text = (value) => value.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);

/** Copies; where the browser does not let us, the words are marked for the reader to copy. */
async function copy(words, button, field) {
  try {
    await navigator.clipboard.writeText(words);
    const before = button.textContent;
    button.textContent = 'Copied';
    setTimeout(() => { button.textContent = before; }, 2000);
  } catch {
    field.hidden = false;
    field.value = words;
    field.select();
  }
}

function download(name, words) {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([words], { type: 'application/json' }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

/** Makes the dialog work for `widget`, opened by `opener`. */
export function sharing(dialog, opener, widget) {
  const part = (selector) => dialog.querySelector(selector);
  const form = part('form');
  const [box, code, said] = [part('.preview'), part('#code'), part('.said')];
  let place;
  let link = '';

  /** The attributes that the form asks for. */
  function attributes() {
    const wanted = new FormData(form);
    const source = wanted.get('what') === 'run' || place.own ? { run: link } : { lesson: wanted.get('lesson') };
    const theme = wanted.get('theme');
    return { ...source, ...(theme && { theme }), ...(wanted.has('autoplay') && { autoplay: '' }) };
  }

  function preview() {
    const [width, height] = SIZES[new FormData(form).get('size')];
    const shown = document.createElement('push-pull');
    const wanted = attributes();
    for (const [name, value] of Object.entries(wanted)) shown.setAttribute(name, value);
    const wide = width || A_PAGE;
    const scale = Math.min(1, Math.min(ROOM_X, form.clientWidth - 2) / wide, ROOM_Y / height);
    Object.assign(shown.style, { width: `${wide}px`, height: `${height}px`, transform: `scale(${scale})` });
    Object.assign(box.style, { width: `${Math.round(wide * scale) + 2}px`, height: `${Math.round(height * scale) + 2}px` });
    box.replaceChildren(shown);
    const written = Object.entries(wanted).map(([name, value]) => ` ${name}${value && `="${text(value)}"`}`).join('');
    const style = `display: block; ${width ? `width: ${width}px; ` : ''}height: ${height}px`;
    const base = new URL('push-pull.js', document.baseURI);
    const page = new URL(wanted.run ? `./#${wanted.run}` : `./?lesson=${encodeURIComponent(wanted.lesson)}`, document.baseURI);
    const title = wanted.lesson ? form.elements.lesson.selectedOptions[0]?.text ?? place.title : place.title;
    // What stands inside is shown until the widget runs, and where it cannot.
    const still = `  <p>An animation of how Redis and Kafka deliver the same messages: <a href="${text(`${page}`)}">${text(title)}</a>.</p>`;
    code.value = `<script type="module" src="${base}"></script>\n<push-pull${written} style="${style}">\n${still}\n</push-pull>\n`;
  }

  /** The lessons to choose from, asked for once somebody wants to choose. */
  let listed;
  const list = () => (listed ??= fetch('lessons/index.json').then((answer) => answer.json()).then((lessons) => {
    form.elements.lesson.replaceChildren(...lessons.map(({ name, title }) => new Option(title, name)));
  }).catch(() => {
    form.elements.lesson.replaceChildren(...(place?.lesson ? [new Option(place.title, place.lesson)] : []));
  }));

  async function show() {
    place = await widget.progress();
    if (!place) return;
    await list();
    link = await widget.link();
    said.textContent = '';
    form.elements.what.value = place.own ? 'run' : 'lesson';
    form.elements.what[0].disabled = place.own;
    form.elements.lesson.disabled = place.own;
    if (!place.own) form.elements.lesson.value = place.lesson;
    widget.pause();
    dialog.showModal();
    preview();
  }

  for (const origin of dialog.querySelectorAll('.origin')) origin.textContent = location.origin;
  form.addEventListener('change', preview);
  form.addEventListener('submit', (event) => event.preventDefault());
  part('#copy-code').addEventListener('click', ({ currentTarget }) => copy(code.value, currentTarget, code));
  part('#copy-link').addEventListener('click', ({ currentTarget }) => {
    const address = new URL('./', document.baseURI);
    copy(`${address}#${link}`, currentTarget, part('#link'));
  });
  part('#save').addEventListener('click', async () => {
    download(`${place.own ? 'run' : place.lesson}.json`, await widget.export());
  });
  part('#keep').addEventListener('click', () => {
    const id = experiments.add({ name: place.title, run: link });
    said.textContent = id ? 'Kept in the Lab.' : 'This browser keeps nothing, or has no room left.';
  });
  part('#close').addEventListener('click', () => dialog.close());
  // A preview that nobody sees costs nothing.
  dialog.addEventListener('close', () => box.replaceChildren());
  opener.addEventListener('click', () => { show(); });

  opener.disabled = false;
}
