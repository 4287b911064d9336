/* Runs before the first paint: what only scripts can fill or do has its place from the start, so that nothing moves later. */
document.documentElement.classList.add('js-enabled');
