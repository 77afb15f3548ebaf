import { Button, PasswordInput, Stack, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";

import { claim } from "../api/identity";
import { asApiError, toFields } from "../api/problem";
import { healthQuery, sessionQuery } from "../api/queries";
import { Fingerprint } from "../components/Fingerprint";
import { PasswordStrength } from "../components/PasswordStrength";
import { ProblemAlert } from "../components/ProblemAlert";
import { Welcome } from "../components/Welcome";
import { claimCodeError, formatClaimCode } from "../lib/claim-code";
import { nameError } from "../lib/names";
import { passwordError } from "../lib/password";

const PROBLEMS = {
  fields: { code: "code", "admin.name": "name", "admin.password": "password" },
  codes: { wrong_claim_code: "code" },
} as const;

/** Takes possession of a fresh appliance. */
export function Claim() {
  const navigate = useNavigate();
  const queryClient = useQueryClient();
  const form = useForm({
    initialValues: { code: "", name: "admin", password: "", again: "" },
    validate: {
      code: claimCodeError,
      name: nameError,
      password: passwordError,
      again: (again, { password }) => (again === password ? null : "This is not the same password."),
    },
  });

  const send = useMutation({
    mutationFn: ({ code, name, password }: typeof form.values) => claim({ code, admin: { name, password } }),
    onSuccess: async (session) => {
      queryClient.setQueryData(sessionQuery.queryKey, session);
      await queryClient.invalidateQueries(healthQuery);
      await navigate({ to: "/instances" });
    },
    onError: (error) => form.setErrors(toFields(asApiError(error), PROBLEMS).fields),
  });
  const rest = send.error && toFields(asApiError(send.error), PROBLEMS).rest;

  return (
    <Welcome
      title="Claim this machine"
      lead="It has no owner yet. Its own screen shows a fingerprint and a claim code: whoever can read them may claim it."
    >
      <form onSubmit={form.onSubmit((values) => send.mutate(values))} noValidate>
        <Stack>
          <Fingerprint />
          {rest && <ProblemAlert error={rest} />}
          <TextInput
            label="Claim code"
            description="From the machine’s screen; it changes after five wrong tries."
            placeholder="XXXXX-XXXXX"
            autoComplete="off"
            autoCapitalize="characters"
            spellCheck={false}
            autoFocus
            size="md"
            styles={{ input: { fontFamily: "var(--mantine-font-family-monospace)", letterSpacing: "0.08em" } }}
            {...form.getInputProps("code")}
            onChange={(event) => form.setFieldValue("code", formatClaimCode(event.currentTarget.value))}
          />
          <TextInput
            label="Your name here"
            description="The first administrator: lower-case letters, digits and dashes."
            autoComplete="username"
            autoCapitalize="none"
            spellCheck={false}
            size="md"
            {...form.getInputProps("name")}
          />
          <div>
            <PasswordInput
              label="Password"
              description="12 characters or more. Four words that do not belong together are fine."
              autoComplete="new-password"
              size="md"
              {...form.getInputProps("password")}
            />
            <PasswordStrength password={form.values.password} userName={form.values.name} />
          </div>
          <PasswordInput
            label="Password again"
            autoComplete="new-password"
            size="md"
            {...form.getInputProps("again")}
          />
          <Button type="submit" size="md" mt={6} loading={send.isPending}>
            Claim the machine
          </Button>
        </Stack>
      </form>
    </Welcome>
  );
}
