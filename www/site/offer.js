// A quiet word in the corner with something to do about it. It takes no focus and blocks nothing.

/** Shows `words` and a button for each of `deeds`, a name and what it does; gives how to take it away. */
export function offer(words, deeds) {
  const note = document.createElement('div');
  note.className = 'offer';
  note.setAttribute('role', 'status');
  const text = document.createElement('p');
  text.textContent = words;
  note.append(text);
  const away = () => note.remove();
  for (const [name, deed] of [...Object.entries(deeds), ['Not now', undefined]]) {
    const button = document.createElement('button');
    button.type = 'button';
    button.textContent = name;
    button.addEventListener('click', () => {
      away();
      deed?.();
    });
    note.append(button);
  }
  document.querySelector('.offers').append(note);
  return away;
}
