import type { FullResult, Reporter, TestCase, TestResult } from "@playwright/test/reporter";

/** Closes the run with one line that a script can look for. */
export default class Summary implements Reporter {
  private passed = 0;
  private failed = 0;

  onTestEnd(_test: TestCase, result: TestResult): void {
    if (result.status === "passed") this.passed += 1;
    else if (result.status !== "skipped") this.failed += 1;
  }

  onEnd(result: FullResult): void {
    const word = result.status === "passed" && this.passed > 0 ? "PASSED" : "FAILED";
    process.stdout.write(`MEGH-BROWSER ${word}: ${this.passed} passed, ${this.failed} failed\n`);
  }
}
