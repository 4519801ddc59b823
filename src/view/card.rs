//! The stage as a picture of its own, to save: shapes and text as SVG, or pixels as PNG.

use super::listen::Listener;
use super::page::Format;
use std::cell::RefCell;
use std::rc::Rc;
use wasm_bindgen::JsCast;
use web_sys::{
    CanvasRenderingContext2d, Document, Element, HtmlCanvasElement, HtmlElement, HtmlImageElement,
};

/// Device pixels a CSS px in a PNG: sharp on the screens people have.
const SHARP: f64 = 2.0;

/// Saves an SVG document of this size as a file.
pub(super) fn save(svg: &str, size: (f32, f32), format: Format, root: &Element) {
    let Some(document) = root.owner_document() else { return };
    let text = String::from(js_sys::encode_uri_component(svg));
    let address = format!("data:image/svg+xml;charset=utf-8,{text}");
    match format {
        Format::Svg => download(&document, root, &address, "pushpull.svg"),
        Format::Png => paint(document, root.clone(), &address, size),
    }
}

fn download(document: &Document, root: &Element, address: &str, name: &str) {
    let Ok(link) = document.create_element("a") else { return };
    let _ = link.set_attribute("href", address);
    let _ = link.set_attribute("download", name);
    let _ = root.append_child(&link);
    if let Some(link) = link.dyn_ref::<HtmlElement>() {
        link.click();
    }
    link.remove();
}

/// Draws the picture once the browser has read it, then saves the pixels.
fn paint(document: Document, root: Element, address: &str, (w, h): (f32, f32)) {
    let Ok(image) = HtmlImageElement::new() else { return };
    // Kept until the picture is there, which calls it once.
    let kept: Rc<RefCell<Option<Listener>>> = Rc::default();
    let (own, drawn) = (Rc::clone(&kept), image.clone());
    let heard = move |_| {
        let address = pixels(&document, &drawn, (f64::from(w) * SHARP, f64::from(h) * SHARP));
        if let Some(address) = address {
            download(&document, &root, &address, "pushpull.png");
        }
        own.replace(None);
    };
    kept.replace(Some(Listener::new(image.clone(), "load", heard)));
    image.set_src(address);
}

fn pixels(document: &Document, image: &HtmlImageElement, (w, h): (f64, f64)) -> Option<String> {
    let canvas: HtmlCanvasElement = document.create_element("canvas").ok()?.dyn_into().ok()?;
    canvas.set_width(w as u32);
    canvas.set_height(h as u32);
    let context: CanvasRenderingContext2d = canvas.get_context("2d").ok()??.dyn_into().ok()?;
    context.draw_image_with_html_image_element_and_dw_and_dh(image, 0.0, 0.0, w, h).ok()?;
    canvas.to_data_url_with_type("image/png").ok()
}
