"use strict";
(self.webpackChunkringcentral_embeddable = self.webpackChunkringcentral_embeddable || []).push([
  [867],
  { signIn: "Sign In", signedIn: "Signed in" },
]);
