import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

import { precompress } from "./build/precompress";

// `npm run dev` serves the UI and hands /api on to a running appliance.
const appliance = process.env.MEGHOS_URL ?? "https://127.0.0.1:8443";

export default defineConfig({
  plugins: [react(), precompress()],
  build: {
    // Fonts and pictures stay files: the content security policy has no `data:`.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 900,
  },
  server: {
    proxy: { "/api": { target: appliance, secure: false, ws: true } },
  },
  test: {
    include: ["src/**/*.test.ts"],
    environment: "node",
  },
});
