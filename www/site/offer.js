// A quiet word with something to do about it. It takes no focus, blocks nothing and goes by itself.

/** How long it stays, in real milliseconds; longer while it is pointed at or in focus. */
const STAYS_MS = 15_000;

/** Shows `words` and a button for each of `deeds`, a name and what it does; gives how to take it away. */
export function offer(words, deeds) {
  const note = document.createElement('div');
  note.className = 'offer';
  note.setAttribute('role', 'status');
  const text = document.createElement('p');
  text.textContent = words;
  note.append(text);
  const place = document.querySelector('.offers');
  // On the first page the place is in the widget's bar, which makes room while something is offered.
  const tell = () => place.closest('push-pull')?.toggleAttribute('offering', place.childElementCount > 0);
  let stays;
  const away = () => {
    clearTimeout(stays);
    note.remove();
    tell();
  };
  const wait = () => {
    clearTimeout(stays);
    stays = setTimeout(() => {
      if (note.matches(':hover, :focus-within')) wait();
      else away();
    }, STAYS_MS);
  };
  wait();
  for (const [name, deed] of [...Object.entries(deeds), ['×', undefined]]) {
    const button = document.createElement('button');
    button.type = 'button';
    button.textContent = name;
    if (!deed) button.setAttribute('aria-label', 'Not now');
    button.addEventListener('click', () => {
      away();
      deed?.();
    });
    note.append(button);
  }
  place.append(note);
  tell();
  return away;
}
