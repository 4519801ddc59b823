// JSON with comments, as lesson files are written. A file that is not well-formed is left to
// `pushpull check`, which says where and why.

/** The value of a text; throws where the text without its comments is no JSON. */
export function parse(text) {
  // A string is kept whole, whatever it holds; a comment goes; a comma before a bracket goes.
  const bare = text.replace(/("(?:[^"\\]|\\.)*")|\/\/[^\n]*|\/\*[^]*?\*\//g, (_, string) => string ?? ' ');
  return JSON.parse(bare.replace(/("(?:[^"\\]|\\.)*")|,(\s*[}\]])/g, (_, string, end) => string ?? end));
}
