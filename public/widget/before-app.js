/* What is put before the release's app.js: storage where the browser denies it, and the beginning of a sign-in. */
// with storage-stand-in.js
// with seal.js
// with begin-sign-in.js
