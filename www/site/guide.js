// The guide: answers stand in the page's address, so that a link to it is the result. What they
// add up to was decided by the one rule when the site was written (src/lesson/guide.rs); this page
// looks it up in course/advice.json.

const [form, advice, all] = ['.guide', '.advice', '.all'].map((part) => document.querySelector(part));
const [heading, choice, why, said, result] = ['h2', '.choice', '.why', '.said', '#result'].map((part) => advice.querySelector(part));
const questions = [...form.querySelectorAll('fieldset')].map((field) => ({
  field, id: field.querySelector('input').name, answers: [...field.querySelectorAll('input')],
}));
const reasons = [...all.querySelectorAll('li')];
const { tools, choices, decided } = await (await fetch(new URL('../course/advice.json', import.meta.url))).json();
const name = (id) => tools.find((tool) => tool.id === id).name;

/** The place of the answer given to a question, from 1; 0 while there is none. */
const place = ({ answers }) => answers.findIndex((answer) => answer.checked) + 1;

/** The tools to take: a table over all answers, the last question's changing fastest. */
function decide() {
  const at = questions.reduce((sum, question) => sum * (question.answers.length + 1) + place(question), 0);
  return choices[decided.charCodeAt(at) - 'a'.charCodeAt(0)];
}

const capital = (words) => words[0].toUpperCase() + words.slice(1);

function sentence(taken) {
  if (taken.length === 0) return 'None of the four: each is ruled out by an answer. Change the answer that you can.';
  if (taken.length === 1) return `${capital(name(taken[0]))}.`;
  const [beside, kept] = taken;
  return `${capital(name(kept))}, and ${name(beside)} beside it for those who are there.`;
}

/** The reasons that the answers give for or against a tool. */
function given(tool, ...verdicts) {
  const chosen = ({ dataset }) => questions.some(({ id, answers }) =>
    id === dataset.question && answers.some(({ checked, value }) => checked && value === dataset.answer));
  return reasons.filter((reason) => reason.dataset.tool === tool && verdicts.includes(reason.dataset.verdict) && chosen(reason));
}

/** What the answers say about a tool under a heading; nothing where they say nothing. */
function section(words, list, plain) {
  const [head, rows] = ['h3', 'ul'].map((kind) => document.createElement(kind));
  head.textContent = words;
  rows.append(...list.map((reason) => {
    const row = reason.cloneNode(true);
    // The heading has said it.
    if (plain(row.dataset.verdict)) row.querySelector('.verdict').remove();
    return row;
  }));
  return list.length > 0 ? [head, rows] : [];
}

/** Why each of the tools was taken, or was not. */
function sections(taken) {
  const [kept, beside] = taken.toReversed();
  const others = tools.map(({ id }) => id).filter((id) => !taken.includes(id));
  return [
    ...(kept ? section(`Why ${name(kept)}`, given(kept, 'for', 'against'), (verdict) => verdict === 'for') : []),
    ...(beside ? section(`Why ${name(beside)} beside it`, given(beside, 'beside'), () => true) : []),
    ...(beside ? section(`Why not ${name(beside)} alone`, given(beside, 'rulesOut', 'against'), () => true) : []),
    ...others.flatMap((tool) => {
      const objections = given(tool, 'rulesOut', 'against');
      return objections.length > 0
        ? section(`Why not ${name(tool)}`, objections, () => true)
        : section(`Nothing speaks against ${name(tool)}`, given(tool, 'for'), () => true);
    }),
  ];
}

function show() {
  const answered = questions.filter((question) => place(question) > 0).length;
  advice.hidden = answered === 0;
  said.textContent = '';
  result.hidden = true;
  if (answered === 0) return;
  const taken = decide();
  const left = questions.length - answered;
  heading.textContent = left === 0 ? 'Take' : `So far, with ${left} ${left === 1 ? 'question' : 'questions'} left`;
  choice.textContent = sentence(taken);
  why.replaceChildren(...sections(taken));
}

/** The answers into the address, one `question=answer` each; it replaces the one before. */
function remember() {
  const url = new URL(location.href);
  url.search = new URLSearchParams(questions.flatMap(({ id, answers }) => {
    const answer = answers.find(({ checked }) => checked);
    return answer ? [[id, answer.value]] : [];
  }));
  history.replaceState(null, '', url);
}

function recall() {
  const query = new URLSearchParams(location.search);
  for (const { id, answers } of questions) {
    for (const answer of answers) answer.checked = query.get(id) === answer.value;
  }
}

/** What is copied: the choice, what speaks for it, and the address that keeps the answers. */
function words() {
  const speaks = decide().toReversed().flatMap((tool) => given(tool, 'for', 'beside'));
  const list = speaks.map((reason) => reason.querySelector('.because').textContent);
  return `${['For my messages:', choice.textContent, ...list].join(' ')}\n${location.href}\n`;
}

form.addEventListener('change', () => {
  remember();
  show();
});
form.addEventListener('submit', (event) => event.preventDefault());
advice.querySelector('#anew').addEventListener('click', () => {
  form.reset();
  remember();
  show();
  questions[0].answers[0].focus();
});
advice.querySelector('#copy').addEventListener('click', async () => {
  try {
    await navigator.clipboard.writeText(words());
    said.textContent = 'Copied.';
  } catch {
    // The browser does not let us: the reader copies what is marked.
    result.hidden = false;
    result.value = words();
    result.select();
  }
});

recall();
form.hidden = false;
all.hidden = true;
show();
