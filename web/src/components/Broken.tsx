import { Button } from "@mantine/core";
import { useRouter, type ErrorComponentProps } from "@tanstack/react-router";

import { asApiError } from "../api/problem";
import classes from "./Broken.module.css";
import { ProblemAlert } from "./ProblemAlert";

/** In place of a page that could not be shown. */
export function Broken({ error, reset }: ErrorComponentProps) {
  const router = useRouter();
  const retry = async () => {
    reset();
    await router.invalidate();
  };
  return (
    <div className={classes.broken}>
      <ProblemAlert error={asApiError(error)} />
      <Button mt="md" onClick={retry}>
        Try again
      </Button>
    </div>
  );
}
