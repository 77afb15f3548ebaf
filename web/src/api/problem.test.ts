import { describe, expect, it } from "vitest";

import { asApiError, problemFrom, sentence, toFields } from "./problem";
import type { Problem } from "./schema";

const problem: Problem = {
  type: "/docs/problems#invalid_field",
  code: "invalid_field",
  title: "A field has a value that is not allowed",
  status: 422,
  detail: "the claim has two bad fields",
  remedy: "correct them",
  request_id: "r-1",
  errors: [
    { field: "admin.password", message: "12 to 256 characters" },
    { field: "admin.name", message: "begin with a letter" },
  ],
};
const map = { fields: { "admin.password": "password" }, codes: { wrong_claim_code: "code" } } as const;

describe("problems of the API", () => {
  it("keep what the API said", () => {
    const error = problemFrom(422, problem);
    expect(error).toMatchObject({ code: "invalid_field", message: problem.detail, remedy: "correct them", requestId: "r-1" });
  });

  it.each([null, "<html>", {}, { code: 3 }, { code: "internal", title: "x" }])("are not made of %o", (body) => {
    const error = problemFrom(502, body);
    expect(error.code).toBe("unexpected");
    expect(error.message).toContain("502");
  });

  it("pass through unchanged when they are errors already", () => {
    const error = problemFrom(422, problem);
    expect(asApiError(error)).toBe(error);
    expect(asApiError(new Error("boom")).message).toBe("boom");
  });
});

describe("toFields", () => {
  it("puts messages beside their fields and keeps the rest visible", () => {
    const { fields, rest } = toFields(problemFrom(422, problem), map);
    expect(fields).toEqual({ password: "12 to 256 characters." });
    expect(rest?.code).toBe("invalid_field");
  });

  it("has no rest when every message found its field", () => {
    const all = { fields: { ...map.fields, "admin.name": "name" } };
    expect(toFields(problemFrom(422, problem), all).rest).toBeNull();
  });

  it("knows the field of a code", () => {
    const error = problemFrom(403, { ...problem, code: "wrong_claim_code", errors: [] });
    expect(toFields(error, map)).toEqual({ fields: { code: "The claim has two bad fields." }, rest: null });
  });

  it("keeps problems that are about no field", () => {
    const error = problemFrom(500, { ...problem, code: "internal", errors: [] });
    expect(toFields(error, map)).toEqual({ fields: {}, rest: error });
  });
});

describe("sentence", () => {
  it.each([
    ["no room", "No room."],
    ["Done.", "Done."],
    [" why? ", "Why?"],
    ["", ""],
  ])("makes '%s' into '%s'", (text, expected) => {
    expect(sentence(text)).toBe(expected);
  });
});
