import { expect, test } from "@playwright/test";

import { settings } from "./settings";
import { obstacles, shoot } from "./shots";

/** A staging or a restart under software emulation. */
const LONG = { timeout: 900_000 };

test("an update is found, staged and applied on the page", async ({ browser }) => {
  const { updateSource: source, updateVersion: version } = settings;
  const context = await browser.newContext({ baseURL: settings.url, ignoreHTTPSErrors: true });
  const page = await context.newPage();
  await page.goto("/system");
  await page.getByLabel("Name", { exact: true }).fill(settings.admin);
  await page.getByLabel("Password", { exact: true }).fill(settings.password);
  await page.getByRole("button", { name: "Log in" }).click();

  await page.getByRole("button", { name: "Settings" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Source").fill(source);
  await dialog.getByRole("button", { name: "Save" }).click();
  await expect(dialog).toBeHidden();

  await page.getByRole("button", { name: "Look for updates" }).click();
  await page.getByRole("button", { name: `Stage ${version} from` }).click(LONG);
  const restart = page.getByRole("button", { name: `Restart into ${version}` });
  await expect(restart).toBeEnabled(LONG);
  await shoot(page, "18-update-ready");
  await restart.click();
  await dialog.getByRole("button", { name: "Restart the machine" }).click();

  // The page goes on by itself when the appliance is back.
  await expect(page.getByText(`The appliance runs ${version}`)).toBeVisible(LONG);
  await shoot(page, "19-updated");
  await page.reload();
  await expect(page.getByText(`${version} works`)).toBeVisible();
  await expect(page.getByText("Running from slot B.")).toBeVisible();
  await context.close();
  expect(obstacles).toEqual([]);
});
