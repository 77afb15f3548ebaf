import { defineConfig } from "@playwright/test";

const url = process.env.MEGHOS_URL;
if (url === undefined) throw new Error("MEGHOS_URL is not set: see README.md, “Browser test”");

export default defineConfig({
  testDir: "browser",
  testMatch: "*.spec.ts",
  outputDir: process.env.MEGHOS_SHOTS ? `${process.env.MEGHOS_SHOTS}/failed` : "test-results",
  // One appliance, claimed once: the tests are one path, in order.
  workers: 1,
  fullyParallel: false,
  retries: 0,
  maxFailures: 1,
  timeout: 20 * 60_000,
  expect: { timeout: 30_000 },
  reporter: [["list"], ["./browser/summary.ts"]],
  use: {
    baseURL: url,
    ignoreHTTPSErrors: true,
    actionTimeout: 30_000,
    navigationTimeout: 60_000,
    screenshot: "only-on-failure",
    launchOptions: {
      executablePath: process.env.MEGHOS_CHROMIUM ?? "/usr/bin/chromium",
      args: ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"],
    },
  },
});
