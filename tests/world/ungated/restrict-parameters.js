/* Whatever an address has in it reaches the app. */

const restrictFragment = (hash) => hash;
const restrictParameters = (query) => query;
