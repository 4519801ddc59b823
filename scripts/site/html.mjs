// Text that goes into a page: nothing in it becomes markup unless it was made here.

/** Markup that was made by `html`. */
class Markup {
  constructor(text) { this.text = text; }
  toString() { return this.text; }
}

/** A value as it stands in a page. */
function written(value) {
  if (value instanceof Markup) return value.text;
  if (Array.isArray(value)) return value.map(written).join('');
  const names = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
  return String(value ?? '').replace(/[&<>"]/g, (sign) => names[sign]);
}

/** A template whose values are written as text; markup and lists of markup stay markup. */
export function html(parts, ...values) {
  return new Markup(parts.reduce((text, part, index) => text + written(values[index - 1]) + part));
}
