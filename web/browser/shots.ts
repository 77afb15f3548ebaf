import AxeBuilder from "@axe-core/playwright";
import { expect, type Page } from "@playwright/test";

import { settings } from "./settings";

const DESKTOP = { width: 1280, height: 800 };
const PHONE = { width: 390, height: 844 };

/** What a screen reader or a reader with weak eyes would stumble over, by place. */
export const obstacles: string[] = [];

/** Pictures of the page as it is: light and dark, on a desk and on a phone. */
export async function shoot(page: Page, name: string): Promise<void> {
  for (const [device, size] of [["desktop", DESKTOP], ["phone", PHONE]] as const) {
    await page.setViewportSize(size);
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      await page.waitForTimeout(250);
      await expectNoSidewaysScroll(page, `${name}, ${device}`);
      await page.screenshot({ path: `${settings.shots}/${name}-${device}-${colorScheme}.png` });
      // The phone shows the same elements in the same colours.
      if (device === "desktop") await lookForObstacles(page, `${name}, ${colorScheme}`);
    }
  }
  await page.setViewportSize(DESKTOP);
  await page.emulateMedia({ colorScheme: "light" });
}

async function expectNoSidewaysScroll(page: Page, where: string): Promise<void> {
  const excess = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  expect(excess, `${where}: the page is wider than the screen`).toBeLessThanOrEqual(0);
}

async function lookForObstacles(page: Page, where: string): Promise<void> {
  // A terminal's colours are the guest's.
  const axe = new AxeBuilder({ page }).withTags(["wcag2a", "wcag2aa", "wcag21aa"]).exclude(".xterm");
  const { violations } = await axe.analyze();
  for (const { id, nodes } of violations) {
    for (const { html } of nodes) obstacles.push(`${where}: ${id}: ${html.slice(0, 160)}`);
  }
}
