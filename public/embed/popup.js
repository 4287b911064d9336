/* The adapter fills this window, and reads its parameters from the window's address, when it finds this flag. */
window.__ON_RC_POPUP_WINDOW = 1;
