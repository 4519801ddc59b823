//! The lessons that ship, as they stand in their folder.

use pushpull::lesson::Lesson;

/// All lessons and challenges, in the order of the course.
pub(crate) fn lessons() -> Vec<Lesson> {
    let mut lessons: Vec<Lesson> = std::fs::read_dir("www/lessons")
        .expect("lessons are there")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| !path.ends_with("lesson.schema.json"))
        .map(|path| {
            let name = path.file_stem().and_then(|stem| stem.to_str()).expect("a name").to_owned();
            let text = std::fs::read_to_string(&path).expect("readable");
            Lesson::parse(&name, &text).unwrap_or_else(|mistakes| panic!("{name}: {mistakes:#?}"))
        })
        .collect();
    lessons.sort_by_key(|lesson| (lesson.number, lesson.id.clone()));
    assert!(!lessons.is_empty());
    lessons
}
