"""The relay: carries a sealed callback from the sign-in window to the app, for browsers that leave no other way."""
