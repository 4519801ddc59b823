//! The requests that the program itself makes: a lesson's text, and the glossary once it is asked for.

use wasm_bindgen::JsCast;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;
use web_sys::Response;

/// The text of a file beside the module.
///
/// # Errors
/// A sentence: the server's answer, or that there was none.
pub(crate) async fn text(address: &str) -> Result<String, String> {
    let window = web_sys::window().ok_or("there is no window")?;
    let unreachable = |_: JsValue| format!("{address} cannot be reached.");
    let answer = JsFuture::from(window.fetch_with_str(address)).await.map_err(unreachable)?;
    let answer: Response = answer.dyn_into().map_err(unreachable)?;
    if !answer.ok() {
        return Err(format!("The server answers {} for {address}.", answer.status()));
    }
    let text = JsFuture::from(answer.text().map_err(unreachable)?).await.map_err(unreachable)?;
    text.as_string().ok_or_else(|| format!("{address} is not text."))
}
