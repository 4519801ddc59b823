//! The scripted reader: plays a lesson to its end and says what does not come out.

use crate::event::Action;
use crate::history::Session;
use crate::lesson::{Condition, Deed, Lesson, Step};
use crate::sim::{Instant, Span};

/// How long the reader waits for a task or for the moment of a deed, at the most: retention takes
/// a week.
const PATIENCE: Span = Span::from_secs(15 * 86_400);

/// How many events the reader waits for at the most, which a lesson without an end has soon.
const MANY: u64 = 300_000;

/// How long the reader looks before each deed.
const LOOK: Span = Span::from_millis(1_300);

/// How long a task stays undone at least, before the reader looks again.
const GLANCE: Span = Span::from_millis(20);

/// Plays a lesson as a reader does who does what each task asks for: the deed that it names, or
/// the step's solution, by the buttons that the lesson shows; and waits for all other tasks.
///
/// # Errors
/// A sentence for each thing that does not come out as the lesson says: a task that never ticks,
/// a button that is not there, a prediction without its one right answer, an assertion that does
/// not hold. The run comes with them as far as it got.
pub fn play(lesson: &Lesson, seed: u64) -> Result<Session, (Vec<String>, Option<Box<Session>>)> {
    let session = Session::open(lesson.clone(), Some(seed))
        .map_err(|error| (vec![error.to_string()], None))?;
    let mut reader = Reader { lesson, session };
    for index in 0..lesson.steps.len() {
        if let Err(wrong) = reader.step(index) {
            let wrong = format!("step {}: {wrong}", index + 1);
            return Err((vec![wrong], Some(Box::new(reader.session))));
        }
    }
    let wrong = reader.wrong();
    if wrong.is_empty() { Ok(reader.session) } else { Err((wrong, Some(Box::new(reader.session)))) }
}

struct Reader<'l> {
    lesson: &'l Lesson,
    session: Session,
}

impl Reader<'_> {
    fn step(&mut self, index: usize) -> Result<(), String> {
        let step = &self.lesson.steps[index];
        for deed in &step.solution {
            if let Some(when) = &deed.when {
                self.wait(|reader| reader.session.progress().says(when))
                    .ok_or_else(|| format!("the moment for {:?} never comes", deed.action))?;
            }
            self.act(step, deed)?;
        }
        for (number, task) in step.tasks.iter().enumerate() {
            if step.solution.is_empty()
                && let Some(action) = deed(&task.done)
            {
                let deed = Deed { when: None, action: action.clone(), before: None };
                self.act(step, &deed)?;
            }
            self.wait(|reader| reader.session.progress().ticked(index, number).is_some())
                .ok_or_else(|| format!("`{}` never ticks", task.text))?;
        }
        Ok(())
    }

    /// Runs on until something is so; none when it never is.
    fn wait(&mut self, is: impl Fn(&Self) -> bool) -> Option<()> {
        let limit = self.session.head() + PATIENCE;
        let most = self.session.event_count() + MANY;
        while !is(self) {
            let next = self.session.next_at().unwrap_or(Instant::FAR);
            if self.session.head() >= limit || self.session.event_count() > most {
                return None;
            }
            let glance = self.session.head() + GLANCE;
            self.session.advance_to(glance.max(next.min(limit)));
        }
        Some(())
    }

    fn act(&mut self, step: &Step, deed: &Deed) -> Result<(), String> {
        let Deed { action, before, .. } = deed;
        let progress = self.session.progress();
        let offered = step.actions.iter().any(|button| {
            let face = button.faces.get(progress.face(button));
            let fits =
                |button: &crate::lesson::Face| button.action == *action && button.before == *before;
            face.is_some_and(fits)
        });
        if !offered {
            return Err(format!("no button shows {action:?} now"));
        }
        let done = match before {
            Some(before) => self.session.act_before(before, action.clone()),
            None => self.session.act_at(self.session.head() + LOOK, action.clone()),
        };
        done.map_err(|refusal| format!("{action:?} is refused: {refusal}"))
    }

    fn wrong(&self) -> Vec<String> {
        let progress = self.session.progress();
        let mut wrong = Vec::new();
        for (index, step) in self.lesson.steps.iter().enumerate() {
            if step.prediction.is_some()
                && progress.answer(index).is_none_or(|a| a.choice.is_none())
            {
                wrong.push(format!("step {}: not exactly one choice is right", index + 1));
            }
        }
        for failure in progress.failures() {
            let (step, assertion) = (failure.step + 1, failure.assertion + 1);
            wrong.push(format!("step {step}: assertion {assertion} does not hold"));
        }
        wrong
    }
}

/// The deed that a task asks for, if it asks for one.
fn deed(condition: &Condition) -> Option<&Action> {
    match condition {
        Condition::Done(action) => Some(action),
        Condition::All(all) | Condition::Any(all) => all.iter().find_map(deed),
        _ => None,
    }
}
