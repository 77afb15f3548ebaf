import type { FieldError, Problem, ProblemCode } from "./schema";

/** A problem of the API, or one of the two that the API cannot report itself. */
export type ErrorCode = ProblemCode | "unreachable" | "unexpected";

/** Everything that may go wrong with a request, ready to be shown. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly code: ErrorCode;
  readonly title: string;
  readonly remedy: string;
  readonly requestId: string | null;
  readonly fields: readonly FieldError[];

  constructor(problem: {
    code: ErrorCode;
    title: string;
    detail: string;
    remedy: string;
    request_id?: string;
    errors?: FieldError[];
  }) {
    super(problem.detail);
    this.code = problem.code;
    this.title = problem.title;
    this.remedy = problem.remedy;
    this.requestId = problem.request_id ?? null;
    this.fields = problem.errors ?? [];
  }
}

/** The request never reached the appliance, or its answer never came back. */
export function unreachable(): ApiError {
  return new ApiError({
    code: "unreachable",
    title: "The appliance does not answer",
    detail: "The request did not get through.",
    remedy: "Check that the machine is on and that this device reaches its network.",
  });
}

/** Reads the body of an answer that is not a success. */
export function problemFrom(status: number, body: unknown): ApiError {
  if (isProblem(body)) return new ApiError(body);
  return new ApiError({
    code: "unexpected",
    title: "Unexpected answer",
    detail: `The appliance answered ${status} without saying why.`,
    remedy: "Try again. If it stays, look at the journal of meghd.",
  });
}

/** Makes an `ApiError` of anything that was thrown. */
export function asApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  return new ApiError({
    code: "unexpected",
    title: "Something went wrong in this page",
    detail: error instanceof Error ? error.message : String(error),
    remedy: "Reload the page and try again.",
  });
}

/** Where a form shows what the API found wrong. */
export interface FieldMap {
  /** Field of the API (`admin.password`) to field of the form. */
  fields: Readonly<Record<string, string>>;
  /** Problem code to the form's field that it is about. */
  codes?: Readonly<Partial<Record<ErrorCode, string>>>;
}

/**
 * Sorts an error into messages beside form fields. `rest` is the error itself
 * when some part of it found no field, and must then be shown on its own.
 */
export function toFields(error: ApiError, map: FieldMap): { fields: Record<string, string>; rest: ApiError | null } {
  const fields: Record<string, string> = {};
  const byCode = map.codes?.[error.code];
  if (byCode !== undefined) {
    fields[byCode] = sentence(error.message);
    return { fields, rest: null };
  }
  let homeless = error.fields.length === 0;
  for (const { field, message } of error.fields) {
    const target = map.fields[field];
    if (target === undefined) homeless = true;
    else fields[target] ??= sentence(message);
  }
  return { fields, rest: homeless ? error : null };
}

/** First letter in upper case and a full stop. */
export function sentence(text: string): string {
  const trimmed = text.trim();
  if (trimmed === "") return "";
  const capital = trimmed.charAt(0).toUpperCase() + trimmed.slice(1);
  return /[.!?…]$/.test(capital) ? capital : `${capital}.`;
}

function isProblem(body: unknown): body is Problem {
  return (
    typeof body === "object" &&
    body !== null &&
    "code" in body &&
    typeof body.code === "string" &&
    "title" in body &&
    typeof body.title === "string" &&
    "detail" in body &&
    typeof body.detail === "string" &&
    "remedy" in body &&
    typeof body.remedy === "string"
  );
}
