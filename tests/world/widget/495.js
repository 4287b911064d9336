"use strict";
(self.webpackChunkringcentral_embeddable = self.webpackChunkringcentral_embeddable || []).push([
  [495],
  { failed: "Sign in failed" },
]);
