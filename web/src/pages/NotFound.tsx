import { Button } from "@mantine/core";
import { Link } from "@tanstack/react-router";

import { Empty } from "../components/Empty";
import { useTitle } from "../lib/use-title";
import classes from "./NotFound.module.css";

/** An address that leads nowhere. */
export function NotFound() {
  useTitle("Not found");
  return (
    <main className={classes.page}>
      <Empty title="Nothing at this address" text="It may be mistyped, or what was here is gone.">
        <Button component={Link} to="/instances">
          Go to the instances
        </Button>
      </Empty>
    </main>
  );
}
