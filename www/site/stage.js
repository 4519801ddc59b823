// The first page: which lesson or experiment its address names, and what the reader came to.
//
//   ./?lesson=NAME&step=N      a lesson
//   ./?template=NAME           a template; the first deed makes an experiment of it
//   ./?experiment=ID           an experiment kept in this browser
//   ./#pp1...                  a recorded run; it goes before the others
//
// Runs before the element is defined (index.html), so that the widget opens the right one at once.

import { offer } from './offer.js';
import { sharing } from './share.js';
import { experiments, keep, kept, progress } from './store.js';

/** A run with fewer commands is not worth an offer. */
const WORTH = 1;

const widget = document.querySelector('push-pull');
/** The first page's own title and lesson. */
const [HOME, LESSON] = [document.title, widget.getAttribute('lesson')];

/** What the address asks for. */
function asked() {
  const query = new URLSearchParams(location.search);
  const step = Number(query.get('step'));
  return {
    lesson: query.get('lesson'),
    template: query.get('template'),
    experiment: query.get('experiment'),
    step: Number.isInteger(step) && step > 0 ? step : 1,
    run: location.hash.slice(1),
  };
}

/** The address with other values in its query; undefined takes one out. */
function address(values) {
  const url = new URL(location.href);
  for (const [name, value] of Object.entries(values)) {
    if (value === undefined) url.searchParams.delete(name);
    else url.searchParams.set(name, value);
  }
  return url;
}

/** Gives the widget a lesson's text as its inline form. */
function inline(text) {
  const script = document.createElement('script');
  script.type = 'application/json';
  script.textContent = text;
  widget.append(script);
}

/** Opens what the address names. */
function open() {
  const { lesson, template, experiment, step, run } = asked();
  if (run) widget.removeAttribute('autoplay');
  else if (template) widget.setAttribute('src', `templates/${encodeURIComponent(template)}.json`);
  else if (experiment) {
    const one = experiments.get(experiment);
    if (one?.run) widget.setAttribute('run', one.run);
    else if (one?.text) inline(one.text);
    else offer('This experiment is not in this browser.', { 'Open the Lab': () => location.assign('lab.html') });
  } else if (lesson) widget.setAttribute('lesson', lesson);
  if (step > 1) widget.setAttribute('step', step);
}

/** Whether the reader has moved on from the first page, so that the title names the lesson. */
function named() {
  const { lesson, template, experiment, run } = asked();
  return Boolean(lesson || template || experiment || run);
}

/** The widget's theme is the page's, so that the dialog and the offers look the same. */
function dress({ theme }) {
  if (theme) document.documentElement.dataset.theme = theme;
  else delete document.documentElement.dataset.theme;
}

function entitle({ title, step, steps }) {
  const { experiment } = asked();
  const name = experiments.get(experiment)?.name ?? title;
  document.title = named() ? `${name}${steps > 1 && step > 1 ? `, step ${step}` : ''} · pushpull` : HOME;
}

/** Keeps the run, so that a lost tab costs nothing: in its experiment, or as the last one. */
async function save({ title, commands }) {
  const { experiment, template } = asked();
  if (commands < WORTH) return;
  const run = await widget.link();
  if (experiments.get(experiment)) experiments.change(experiment, { run });
  else if (template) {
    const id = experiments.add({ name: title, run });
    if (id) history.replaceState(null, '', address({ template: undefined, experiment: id }));
  } else keep('last', { title, run, address: `${location.pathname}${location.search}` });
}

/** Offers the run that was under way when the page was left. */
function offerLast() {
  const last = kept('last');
  const { run, experiment, template } = asked();
  if (!last?.run || run || experiment || template) return () => {};
  return offer(`Go on with “${last.title}”?`, {
    Continue: () => {
      history.pushState(null, '', last.address ?? location.href);
      widget.import(last.run);
    },
  });
}

/** Once everything in a lesson is done: the one after it. */
async function offerNext({ lesson, own, step, steps, done }) {
  if (own || ended || step < steps || !done.every(Boolean)) return;
  ended = true;
  const lessons = await (await fetch('lessons/index.json')).json();
  const next = lessons[lessons.findIndex(({ name }) => name === lesson) + 1];
  if (next) offer(`Next: ${next.title}`, { Go: () => location.assign(`./?lesson=${next.name}`) });
  else offer('That was the last lesson.', { 'Which one is for you?': () => location.assign('guide.html') });
}

let ended = false;
let away = () => {};
let current;
/** The offer belongs to the beginning: with the first deed it goes. */
let fresh = true;
widget.addEventListener('progress', ({ target, detail }) => {
  if (target !== widget) return;
  const { lesson, step } = detail;
  // The reader went to another step by the widget's own buttons: that is a place of its own.
  if (current?.lesson === lesson && current.step !== step && asked().step !== step) {
    const { experiment, run } = asked();
    const place = experiment || run ? { step } : { lesson, step };
    history.pushState(null, '', address(place));
  }
  if (fresh && detail.commands > 0) {
    fresh = false;
    away();
  }
  current = detail;
  dress(detail);
  entitle(detail);
  progress.see(detail);
  save(detail).catch(() => {});
  offerNext(detail).catch(() => {});
});

addEventListener('popstate', () => {
  const { lesson, template, experiment, step, run } = asked();
  if (!current || run) return;
  const wanted = lesson ?? LESSON;
  if (!template && !experiment && (current.own || current.lesson !== wanted)) widget.openLesson(wanted);
  current = { ...current, step };
  widget.showStep(step).catch(() => {});
});

// What was done last is kept when the page goes, too.
document.addEventListener('visibilitychange', () => {
  if (document.hidden && current) save(current).catch(() => {});
});

// A link to a run that is pasted over the address loads no page.
addEventListener('hashchange', () => {
  const { run } = asked();
  if (run) widget.setAttribute('run', run);
});

open();
away = offerLast();
widget.addEventListener('progress', function once({ target }) {
  if (target !== widget) return;
  widget.removeEventListener('progress', once);
  sharing(document.querySelector('#sharing'), document.querySelector('#share'), widget);
});
