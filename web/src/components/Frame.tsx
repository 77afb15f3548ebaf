import { Outlet } from "@tanstack/react-router";

import { UnreachableBanner } from "./UnreachableBanner";

/** Around every page, with or without a session. */
export function Frame() {
  return (
    <>
      <UnreachableBanner />
      <Outlet />
    </>
  );
}
