/* Before anything is shown: what only scripts can fill or do is there from the start, and moves nothing later. */
document.documentElement.classList.add('js-enabled');
