// What every page around the widget does: the theme button.

import { keepTheme } from './store.js';

const button = document.querySelector('#theme');
if (button) {
  button.hidden = false;
  button.addEventListener('click', () => {
    const root = document.documentElement;
    const dark = (root.dataset.theme ?? (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light')) === 'dark';
    root.dataset.theme = dark ? 'light' : 'dark';
    keepTheme(root.dataset.theme);
  });
}
