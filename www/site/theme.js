// Light or dark as the reader chose it, before the first paint: a classic script, so that it runs
// while the head is read. The widget keeps the choice under the same name (src/view/theme.rs).
try {
  const kept = localStorage.getItem('pushpull-theme');
  if (kept === 'light' || kept === 'dark') document.documentElement.dataset.theme = kept;
} catch {
  // No store: the system's own setting holds.
}
