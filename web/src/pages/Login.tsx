import { Alert, Button, PasswordInput, Stack, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useRouter, useSearch } from "@tanstack/react-router";

import { logIn } from "../api/identity";
import { asApiError, toFields } from "../api/problem";
import { sessionQuery } from "../api/queries";
import { ProblemAlert } from "../components/ProblemAlert";
import { Welcome } from "../components/Welcome";
import { safeNext } from "../lib/next-path";

const PROBLEMS = {
  fields: { name: "name", password: "password" },
  codes: { wrong_credentials: "password" },
} as const;

/** Opens a session. */
export function Login() {
  const router = useRouter();
  const { next, ended } = useSearch({ from: "/login" });
  const queryClient = useQueryClient();
  const form = useForm({
    initialValues: { name: "", password: "" },
    validate: {
      name: (name) => (name === "" ? "Who are you?" : null),
      password: (password) => (password === "" ? "Type your password." : null),
    },
  });

  const send = useMutation({
    mutationFn: logIn,
    onSuccess: (session) => {
      queryClient.clear();
      queryClient.setQueryData(sessionQuery.queryKey, session);
      router.history.push(safeNext(next));
    },
    onError: (error) => form.setErrors(toFields(asApiError(error), PROBLEMS).fields),
  });
  const rest = send.error && toFields(asApiError(send.error), PROBLEMS).rest;

  return (
    <Welcome title="Log in" lead="With the name and password of this machine’s administrator.">
      <form onSubmit={form.onSubmit((values) => send.mutate(values))} noValidate>
        <Stack>
          {ended && !send.isError && (
            <Alert color="marigold" variant="light" title="Your session has ended" role="status">
              Log in again, and you are back where you were.
            </Alert>
          )}
          {rest && <ProblemAlert error={rest} />}
          <TextInput
            label="Name"
            autoComplete="username"
            autoCapitalize="none"
            spellCheck={false}
            autoFocus
            size="md"
            {...form.getInputProps("name")}
          />
          <PasswordInput
            label="Password"
            autoComplete="current-password"
            size="md"
            {...form.getInputProps("password")}
          />
          <Button type="submit" size="md" mt={6} loading={send.isPending}>
            Log in
          </Button>
        </Stack>
      </form>
    </Welcome>
  );
}
