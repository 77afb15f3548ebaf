import { afterEach, describe, expect, it } from "vitest";

import { allPages, answerOf, createApi, once } from "./client";
import { unreachable, type ApiError } from "./problem";
import { isReachable, reportReachable } from "./reachability";

const ORIGIN = "https://appliance.test";
const json = (body: unknown, status = 200) =>
  new Response(JSON.stringify(body), { status, headers: { "Content-Type": "application/json" } });
const caught = (promise: Promise<unknown>) =>
  promise.then(
    () => {
      throw new Error("it succeeded");
    },
    (error: unknown) => error as ApiError,
  );

afterEach(() => reportReachable(true));

describe("the client", () => {
  it("gives the body of a success", async () => {
    const api = createApi(ORIGIN, (request) => {
      expect(request.url).toBe(`${ORIGIN}/api/v1/health`);
      return Promise.resolve(json({ status: "healthy", claimed: true }));
    });
    await expect(answerOf(api.GET("/api/v1/health"))).resolves.toEqual({ status: "healthy", claimed: true });
  });

  it("throws the problem of a failure", async () => {
    const body = { code: "not_authenticated", title: "t", detail: "no valid session", remedy: "log in" };
    const api = createApi(ORIGIN, () => Promise.resolve(json(body, 401)));
    expect(await caught(answerOf(api.GET("/api/v1/system")))).toMatchObject({ code: "not_authenticated" });
  });

  it("survives an answer that is not JSON", async () => {
    const api = createApi(ORIGIN, () => Promise.resolve(new Response("<html>", { status: 502 })));
    expect(await caught(answerOf(api.GET("/api/v1/system")))).toMatchObject({ code: "unexpected" });
  });

  it("notices that the appliance is away, and that it is back", async () => {
    let away = true;
    const api = createApi(ORIGIN, () =>
      away ? Promise.reject(new TypeError("Failed to fetch")) : Promise.resolve(json({})),
    );
    expect(await caught(answerOf(api.GET("/api/v1/health")))).toMatchObject({ code: "unreachable" });
    expect(isReachable()).toBe(false);
    away = false;
    await answerOf(api.GET("/api/v1/health"));
    expect(isReachable()).toBe(true);
  });
});

describe("once", () => {
  it("repeats an unanswered request with the same key", async () => {
    const keys: string[] = [];
    const answer = await once((headers) => {
      keys.push(headers["Idempotency-Key"]);
      return keys.length === 1 ? Promise.reject(unreachable()) : Promise.resolve("done");
    }, 1);
    expect(answer).toBe("done");
    expect(keys[0]).toBe(keys[1]);
  });

  it("does not repeat what was answered", async () => {
    let sent = 0;
    const refused = once(() => {
      sent += 1;
      return Promise.reject(new Error("no"));
    }, 1);
    await caught(refused);
    expect(sent).toBe(1);
  });
});

describe("allPages", () => {
  it("reads to the end", async () => {
    const asked: (string | undefined)[] = [];
    const items = await allPages((after) => {
      asked.push(after);
      return Promise.resolve(after === undefined ? { items: [1, 2], next: "x" } : { items: [3], next: null });
    });
    expect(items).toEqual([1, 2, 3]);
    expect(asked).toEqual([undefined, "x"]);
  });
});
