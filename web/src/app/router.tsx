import type { QueryClient } from "@tanstack/react-query";
import { createRootRouteWithContext, createRoute, createRouter, lazyRouteComponent, redirect } from "@tanstack/react-router";

import { healthQuery, sessionQuery } from "../api/queries";
import { Broken } from "../components/Broken";
import { Frame } from "../components/Frame";
import { Shell } from "../components/Shell";
import { safeNext } from "../lib/next-path";
import { Claim } from "../pages/Claim";
import { Images } from "../pages/Images";
import { Instances } from "../pages/Instances";
import { Login } from "../pages/Login";
import { NotFound } from "../pages/NotFound";
import { Sessions } from "../pages/Sessions";
import { SystemPage } from "../pages/System";

interface Context {
  queryClient: QueryClient;
}

/** `next` is where to go after login; `ended` says that a session was lost. */
interface LoginSearch {
  next?: string;
  ended?: true;
}

const root = createRootRouteWithContext<Context>()({ component: Frame, notFoundComponent: NotFound });

const claim = createRoute({
  getParentRoute: () => root,
  path: "/claim",
  component: Claim,
  beforeLoad: async ({ context }) => {
    const { claimed } = await context.queryClient.query(healthQuery);
    if (claimed) throw redirect({ to: "/instances" });
  },
});

const login = createRoute({
  getParentRoute: () => root,
  path: "/login",
  component: Login,
  validateSearch: (search: Record<string, unknown>): LoginSearch => ({
    ...(search.next === undefined ? {} : { next: safeNext(search.next) }),
    ...(search.ended === true ? { ended: true } : {}),
  }),
  beforeLoad: async ({ context }) => {
    const { claimed } = await context.queryClient.query(healthQuery);
    if (!claimed) throw redirect({ to: "/claim" });
    if (await context.queryClient.query({ ...sessionQuery, staleTime: "static" })) throw redirect({ to: "/instances" });
  },
});

/** Everything that needs a session. */
const inside = createRoute({
  getParentRoute: () => root,
  id: "inside",
  component: Shell,
  beforeLoad: async ({ context, location }) => {
    const session = await context.queryClient.query({ ...sessionQuery, staleTime: "static" }).catch(async (error: unknown) => {
      const { claimed } = await context.queryClient.query(healthQuery);
      if (!claimed) throw redirect({ to: "/claim" });
      throw error;
    });
    if (!session) throw redirect({ to: "/login", search: location.pathname === "/" ? {} : { next: location.href } });
    return { session };
  },
});

const home = createRoute({
  getParentRoute: () => inside,
  path: "/",
  beforeLoad: () => {
    throw redirect({ to: "/instances" });
  },
});
const instances = createRoute({ getParentRoute: () => inside, path: "/instances", component: Instances });
// The terminal is a third of the code and only this page needs it.
const instance = createRoute({
  getParentRoute: () => inside,
  path: "/instances/$instance",
  component: lazyRouteComponent(() => import("../pages/Instance"), "InstancePage"),
});
const images = createRoute({ getParentRoute: () => inside, path: "/images", component: Images });
const system = createRoute({ getParentRoute: () => inside, path: "/system", component: SystemPage });
const sessions = createRoute({ getParentRoute: () => inside, path: "/sessions", component: Sessions });

const routeTree = root.addChildren([
  claim,
  login,
  inside.addChildren([home, instances, instance, images, system, sessions]),
]);

export function createAppRouter(queryClient: QueryClient) {
  return createRouter({
    routeTree,
    context: { queryClient },
    defaultErrorComponent: Broken,
    defaultPreload: false,
    scrollRestoration: true,
  });
}

declare module "@tanstack/react-router" {
  interface Register {
    router: ReturnType<typeof createAppRouter>;
  }
}
