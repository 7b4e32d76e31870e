// The chosen theme before the first paint. A file of its own: the page allows no inline script.
try {
  const chosen = localStorage.getItem('dregs.theme');
  if (chosen === 'light' || chosen === 'dark') document.documentElement.dataset.theme = chosen;
} catch {
  // Storage is blocked: the theme is the system's.
}
