// The guide's page: its questions, and every reason under the answer that gives it, so that the
// page says all it knows without a script. www/site/guide.js leaves what the answers call for.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { html } from './html.mjs';
import { parse } from './jsonc.mjs';

/** What a verdict is called before its reason. */
const VERDICTS = { for: 'For', against: 'Against', rulesOut: 'Rules out', beside: 'Beside it' };

/** The questions and reasons as markup. `lessons` are the heads of all lessons, for their titles. */
export function guideHtml(root, lessons) {
  const { questions, reasons } = parse(readFileSync(join(root, 'www/course/guide.json'), 'utf8'));
  const { tools } = parse(readFileSync(join(root, 'www/course/advice.json'), 'utf8'));
  const names = Object.fromEntries(tools.map(({ id, name }) => [id, name]));
  const title = (name) => {
    const found = lessons.find((lesson) => lesson.name === name);
    if (!found) throw new Error(`guide.json names the lesson ${name}, which is not there`);
    return found.title;
  };
  const reason = ({ question, answer, tool, verdict, because, lesson, step }) => html`<li data-question="${question}" data-answer="${answer}" data-tool="${tool}" data-verdict="${verdict}"><span class="verdict">${VERDICTS[verdict]} <span class="tool">${names[tool]}</span></span> <span class="because">${because}</span> <a href="./?lesson=${lesson}&amp;step=${step}" aria-label="See it: ${title(lesson)}, step ${step}">See it: ${title(lesson)}</a></li>
`;
  const given = (question, answer) => reasons.filter((one) => one.question === question && one.answer === answer);
  const choice = (question) => ({ id, text }) => html`<label><input type="radio" name="${question}" value="${id}"> ${text}</label>
`;
  const asked = ({ id, question, answers }, index) => html`<fieldset>
<legend><span class="place">${index + 1}</span> ${question}</legend>
${answers.map(choice(id))}</fieldset>
`;
  const meant = ({ id, question, answers }) => html`<h3>${question}</h3>
${answers.map((answer) => [answer, given(id, answer.id)]).filter(([, list]) => list.length > 0).map(([answer, list]) => html`<p>${answer.text}</p>
<ul>
${list.map(reason)}</ul>
`)}`;
  return { questions: html`${questions.map(asked)}`, reasons: html`${questions.map(meant)}` };
}
