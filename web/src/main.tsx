import "@fontsource-variable/anek-latin/wght.css";
import "@fontsource-variable/jetbrains-mono/wght.css";
import "@mantine/core/styles.css";
import "@mantine/notifications/styles.css";
import "./app/global.css";

import { MantineProvider } from "@mantine/core";
import { Notifications } from "@mantine/notifications";
import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";

import { sessionQuery } from "./api/queries";
import { createQueryClient } from "./app/query";
import { createAppRouter } from "./app/router";
import { theme } from "./app/theme";

const queryClient = createQueryClient((code) => {
  const { pathname, href } = router.state.location;
  if (pathname === "/login" || pathname === "/claim") return;
  queryClient.setQueryData(sessionQuery.queryKey, null);
  void (code === "not_claimed"
    ? router.navigate({ to: "/claim" })
    : router.navigate({ to: "/login", search: { next: href, ended: true } }));
});

const router = createAppRouter(queryClient);

const root = document.getElementById("root");
if (!root) throw new Error("index.html has no #root");
createRoot(root).render(
  <StrictMode>
    <MantineProvider theme={theme} defaultColorScheme="auto">
      <QueryClientProvider client={queryClient}>
        <Notifications position="bottom-right" limit={3} />
        <RouterProvider router={router} />
      </QueryClientProvider>
    </MantineProvider>
  </StrictMode>,
);
