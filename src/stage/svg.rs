//! A picture as standalone SVG text.

use super::Picture;

/// Light or dark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Theme {
    /// Dark ink on a light ground.
    Light,
    /// Light ink on a dark ground.
    Dark,
}

/// The whole picture as one SVG document with its own styles: for cards, the README, tests.
pub fn svg(picture: &Picture, _theme: Theme) -> String {
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {} {}\"/>",
        picture.width, picture.height
    )
}
