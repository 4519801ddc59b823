//! Geometry, purity and honesty of pictures, on hand-made events.

use super::*;
use crate::timeline::story::{crowd, ms, one_plug};

fn told(events: &[crate::event::Event]) -> Timeline {
    let mut timeline = Timeline::default();
    timeline.extend(events);
    timeline
}

/// Writes pictures where a person can look at them, when asked to by `STAGE_PICTURES`.
#[test]
fn pictures_can_be_written_for_a_look() {
    let Some(folder) = std::env::var_os("STAGE_PICTURES") else { return };
    let folder = std::path::PathBuf::from(folder);
    let timeline = told(&one_plug(12, ms(6_300), ms(8_150)));
    let crowded =
        told(&crowd(9, ms(6_300), ms(8_150), &["email", "billing", "search", "audit", "fraud"], 4));
    let frames = [("wide", 1140.0, 748.0), ("medium", 724.0, 640.0), ("phone", 390.0, 760.0)];
    let instants =
        [("go", 6_200_400), ("out", 8_120_000), ("flight", 8_000_600), ("back", 8_155_500)];
    for (frame, w, h) in frames {
        for (name, us) in instants {
            let t = Instant(us * 1_000);
            for (kind, timeline) in [("one", &timeline), ("crowd", &crowded)] {
                let mut view = View::new(w, h);
                for front in [crate::event::System::Redis, crate::event::System::Kafka] {
                    view.front = front;
                    let text = svg(&picture(timeline, t, &view), Theme::Dark);
                    let file = folder.join(format!("{kind}-{frame}-{name}-{front:?}.svg"));
                    std::fs::write(file, text).unwrap();
                }
            }
        }
    }
}
