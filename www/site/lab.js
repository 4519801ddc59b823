// The Lab's list: experiments kept in this browser, and files.

import { experiments } from './store.js';

const section = document.querySelector('#experiments');
const [list, none, refused] = ['.rows', '#none', '.refused'].map((part) => section.querySelector(part));

const when = new Intl.DateTimeFormat('en', { dateStyle: 'medium', timeStyle: 'short' });

function button(words, about, deed) {
  const made = document.createElement('button');
  made.type = 'button';
  made.className = 'lesser';
  made.textContent = words;
  made.setAttribute('aria-label', `${words} ${about}`);
  made.addEventListener('click', deed);
  return made;
}

/** The name as a field; Enter or leaving it keeps the new one, Escape does not. */
function rename(item, one) {
  const field = document.createElement('input');
  field.value = one.name;
  field.maxLength = 60;
  field.className = 'name';
  field.setAttribute('aria-label', `New name of ${one.name}`);
  item.querySelector('a').replaceWith(field);
  field.select();
  let kept = false;
  const end = (name) => {
    if (kept) return;
    kept = true;
    if (name) experiments.change(one.id, { name, changed: one.changed });
    show();
    list.querySelector(`[data-id="${one.id}"] a`)?.focus();
  };
  field.addEventListener('keydown', ({ key }) => {
    if (key === 'Enter') end(field.value.trim());
    if (key === 'Escape') end();
  });
  field.addEventListener('blur', () => end(field.value.trim()));
}

function row(one) {
  const item = document.createElement('li');
  item.dataset.id = one.id;
  const link = document.createElement('a');
  link.href = `./?experiment=${one.id}`;
  link.textContent = one.name;
  const mark = document.createElement('span');
  mark.className = 'mark';
  mark.textContent = when.format(one.changed);
  const deeds = document.createElement('div');
  deeds.className = 'deeds';
  deeds.append(
    button('Rename', one.name, () => rename(item, one)),
    button('Duplicate', one.name, () => {
      experiments.add({ name: one.name, text: one.text, run: one.run });
      show();
    }),
    button('Delete', one.name, () => remove(item, one)),
  );
  item.append(link, mark, deeds);
  return item;
}

/** Deletes, and can be taken back until the page is left. */
function remove(item, one) {
  experiments.remove(one.id);
  const words = document.createElement('span');
  words.className = 'soft';
  words.textContent = `${one.name} is deleted.`;
  const back = button('Undo', `the deletion of ${one.name}`, () => {
    experiments.put(one);
    show();
  });
  item.replaceChildren(words, back);
  back.focus();
}

function show() {
  const all = experiments.all();
  none.hidden = all.length > 0;
  list.hidden = all.length === 0;
  list.replaceChildren(...all.map(row));
}

section.querySelector('input[type="file"]').addEventListener('change', async ({ target }) => {
  refused.textContent = '';
  const [file] = target.files;
  if (!file) return;
  const text = await file.text();
  target.value = '';
  const name = file.name.replace(/\.json$/i, '') || 'experiment';
  // A run's file is plain JSON with a recording in it; anything else may be a lesson.
  let run;
  try {
    if ('recording' in JSON.parse(text)) run = text;
  } catch {
    // Comments: no run.
  }
  const id = experiments.add(run ? { name, run } : { name, text });
  if (id) location.assign(`./?experiment=${id}`);
  else refused.textContent = 'This browser keeps nothing, or has no room left.';
});

section.hidden = false;
show();
