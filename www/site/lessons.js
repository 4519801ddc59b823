// The index of lessons: what is done, and where the reader left.

import { progress } from './store.js';

const all = progress.all();
for (const item of document.querySelectorAll('[data-lesson]')) {
  const come = all[item.dataset.lesson];
  if (!come) continue;
  const [done, steps] = [come.done.filter(Boolean).length, Number(item.dataset.steps)];
  const mark = item.querySelector('.mark');
  const whole = done >= steps;
  mark.classList.toggle('done', whole);
  mark.textContent = whole ? 'done' : `${done} of ${steps}`;
  if (!whole && come.step > 1) item.querySelector('a').search += `&step=${come.step}`;
}
