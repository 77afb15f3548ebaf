import { expect, test, type Page } from "@playwright/test";

import { settings } from "./settings";
import { obstacles, shoot } from "./shots";

const IMAGE = "guest";
const INSTANCE = "first";

test.describe.configure({ mode: "serial" });

let page: Page;
const complaints: string[] = [];

test.beforeAll(async ({ browser }) => {
  // ignoreHTTPSErrors comes from the configuration only for its own pages.
  page = await (await browser.newContext({ baseURL: settings.url, ignoreHTTPSErrors: true })).newPage();
  page.on("pageerror", (error) => complaints.push(`error in the page: ${error.message}`));
  page.on("console", (message) => {
    if (message.text().includes("Content Security Policy")) complaints.push(message.text());
  });
});

test.afterAll(() => page.context().close());

test("a wrong claim code is refused beside its field", async () => {
  await page.goto("/");
  await expect(page.getByRole("heading", { name: "Claim this machine" })).toBeVisible();
  await shoot(page, "01-claim");
  await fillClaim("AAAAA-AAAAA");
  await expect(page.getByLabel("Claim code")).toHaveAttribute("aria-invalid", "true");
  await shoot(page, "02-claim-wrong-code");
});

test("the machine is claimed", async () => {
  await fillClaim(settings.claimCode);
  await expect(page.getByRole("heading", { name: "Instances" })).toBeVisible();
  await shoot(page, "03-instances-empty");
});

test("log out, a wrong password, log in", async () => {
  await page.getByRole("button", { name: "Log out" }).click();
  await expect(page.getByRole("heading", { name: "Log in" })).toBeVisible();
  await shoot(page, "04-login");
  await logIn("not the password");
  await expect(page.getByLabel("Password", { exact: true })).toHaveAttribute("data-invalid", "true");
  await logIn(settings.password);
  await expect(page.getByRole("heading", { name: "Instances" })).toBeVisible();
});

test("an image is uploaded", async () => {
  await page.getByRole("link", { name: "Images", exact: true }).click();
  await expect(page.getByText("No images yet")).toBeVisible();
  await shoot(page, "05-images-empty");
  await page.getByRole("button", { name: "Add an image" }).click();
  const dialog = page.getByRole("dialog");
  const choosing = page.waitForEvent("filechooser");
  await dialog.getByLabel("File", { exact: true }).click();
  await (await choosing).setFiles(settings.image);
  await dialog.getByLabel("Name", { exact: true }).fill(IMAGE);
  await shoot(page, "06-image-dialog");
  await dialog.getByRole("button", { name: "Upload" }).click();
  await expect(dialog).toBeHidden();
  const row = page.getByRole("listitem").filter({ hasText: IMAGE });
  await expect(row.getByText("Ready")).toBeVisible({ timeout: 300_000 });
  await shoot(page, "07-images");
});

test("an instance is created and started", async () => {
  await page.getByRole("link", { name: "Instances", exact: true }).click();
  await page.getByRole("button", { name: "New instance" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Name", { exact: true }).fill("Not A Name");
  await dialog.getByRole("button", { name: "Create" }).click();
  await expect(dialog.getByText("Begin with a lower-case letter.")).toBeVisible();
  await dialog.getByLabel("Name", { exact: true }).fill(INSTANCE);
  await dialog.getByLabel("Memory, MiB").fill("128");
  await dialog.getByText(settings.firmware, { exact: true }).click();
  await shoot(page, "08-instance-dialog");
  await dialog.getByRole("button", { name: "Create" }).click();
  await expect(dialog).toBeHidden();
  await expect(row().getByText(/Creating|Starting|Running/)).toBeVisible();
  await shoot(page, "09-instances-moving");
  await expect(row().getByText("Running")).toBeVisible({ timeout: 600_000 });
  await shoot(page, "10-instances");
});

test("the console shows what the guest says, again after a reload", async () => {
  await page.getByRole("link", { name: INSTANCE, exact: true }).click();
  await expectConsole();
  await shoot(page, "11-instance");
  await page.getByRole("button", { name: "Reconnect" }).click();
  await expectConsole();
  await page.reload();
  await expectConsole();
});

test("what is typed reaches the guest", async () => {
  test.skip(!settings.echoes, "MEGHOS_ECHO is not 1: this guest does not print what is typed");
  await expect(page.getByText("connected", { exact: true })).toBeVisible();
  await page.getByTestId("serial").click();
  // One character: the guest may say something of its own between two.
  await page.keyboard.type("#");
  await expect(page.getByTestId("serial").locator(".xterm-rows")).toContainText("#");
});

test("system, sessions and an address that leads nowhere", async () => {
  await page.getByRole("link", { name: "System", exact: true }).click();
  await expect(page.getByText("Storage pool")).toBeVisible();
  await shoot(page, "12-system");
  await expect(page.getByRole("heading", { name: "Updates" })).toBeVisible();
  await page.getByRole("link", { name: "Sessions", exact: true }).click();
  await expect(page.getByText("this browser")).toBeVisible();
  await shoot(page, "13-sessions");
  await page.goto("/nowhere");
  await expect(page.getByText("Nothing at this address")).toBeVisible();
  await shoot(page, "14-not-found");
  await page.goto("/instances/nobody");
  await expect(page.getByText("There is no instance nobody")).toBeVisible();
});

test("the instance is forced off, started again and deleted", async () => {
  await page.goto("/instances");
  await menu("Force off");
  await page.getByRole("dialog").getByRole("button", { name: `Force ${INSTANCE} off` }).click();
  await expect(row().getByText("Stopped")).toBeVisible({ timeout: 120_000 });
  await page.getByRole("button", { name: `Start ${INSTANCE}` }).click();
  await expect(row().getByText("Running")).toBeVisible({ timeout: 300_000 });
  await menu("Delete");
  await shoot(page, "15-delete");
  await page.getByRole("dialog").getByRole("button", { name: `Delete ${INSTANCE}` }).click();
  await expect(page.getByText("No instances yet")).toBeVisible({ timeout: 120_000 });
});

test("an ended session leads to the login and back", async () => {
  await page.goto("/system");
  await expect(page.getByText("Storage pool")).toBeVisible();
  await page.context().clearCookies();
  await expect(page.getByText("Your session has ended")).toBeVisible();
  await shoot(page, "16-session-ended");
  await logIn(settings.password);
  await expect(page.getByRole("heading", { name: "System" })).toBeVisible();
});

test("an appliance that does not answer is said so", async () => {
  await page.context().setOffline(true);
  await expect(page.getByText("The appliance does not answer.")).toBeVisible();
  await shoot(page, "17-unreachable");
  await page.context().setOffline(false);
  await expect(page.getByText("The appliance does not answer.")).toBeHidden();
});

test("no page broke the content security policy or threw", () => {
  expect(complaints).toEqual([]);
});

test("no page has an obstacle that WCAG AA knows", () => {
  expect(obstacles).toEqual([]);
});

async function fillClaim(code: string): Promise<void> {
  await page.getByLabel("Claim code").fill(code);
  await page.getByLabel("Your name here").fill(settings.admin);
  await page.getByLabel("Password", { exact: true }).fill(settings.password);
  await page.getByLabel("Password again").fill(settings.password);
  await page.getByRole("button", { name: "Claim the machine" }).click();
}

async function logIn(password: string): Promise<void> {
  await page.getByLabel("Name", { exact: true }).fill(settings.admin);
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByRole("button", { name: "Log in" }).click();
}

function row() {
  return page.getByRole("listitem").filter({ hasText: INSTANCE });
}

async function menu(item: string): Promise<void> {
  await page.getByRole("button", { name: `More for ${INSTANCE}` }).click();
  await page.getByRole("menuitem", { name: item }).click();
}

async function expectConsole(): Promise<void> {
  await expect(page.getByTestId("serial").locator(".xterm-rows")).toContainText(settings.expected, { timeout: 180_000 });
}
