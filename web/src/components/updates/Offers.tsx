import { Button } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { asApiError, sentence } from "../../api/problem";
import { updateQuery } from "../../api/queries";
import type { SystemUpdate, UpdateOffer } from "../../api/schema";
import { stageUpdate } from "../../api/updates";
import { formatAgo, formatBytes } from "../../lib/format";
import { useNow } from "../../lib/use-now";
import { Confirm } from "../Confirm";
import { showError } from "../toast";
import classes from "./Updates.module.css";

/** What the last look found, and what lies ready. */
export function Offers({ update, busy }: { update: SystemUpdate; busy: boolean }) {
  const now = useNow(30_000);
  const [asking, setAsking] = useState<UpdateOffer | null>(null);
  const queryClient = useQueryClient();
  const stage = useMutation({
    mutationFn: (offer: UpdateOffer) =>
      stageUpdate({
        version: offer.version,
        // A stick is named; the configured source is where it is looked anyway.
        source: offer.source.startsWith("/") ? offer.source : null,
        allow_expired: typeof offer.refused === "string",
      }),
    onSuccess: (answer) => {
      queryClient.setQueryData(updateQuery.queryKey, answer);
      setAsking(null);
    },
    onError: (error) => {
      if (!asking) showError(error);
    },
  });
  const { check, staged } = update;
  const offers = check?.offers.filter((offer) => offer.version !== staged?.version) ?? [];

  return (
    <>
      {staged && (
        <p className={classes.dim}>
          {staged.version} lies ready in slot {staged.slot.toUpperCase()}: {formatBytes(staged.size)}, of which{" "}
          {formatBytes(staged.fetched)} were fetched.
        </p>
      )}
      {offers.map((offer) => (
        <div key={`${offer.source} ${offer.version}`} className={classes.offer}>
          <div>
            <span className={classes.version}>{offer.version}</span>
            <p className={classes.dim}>{describe(offer, now)}</p>
          </div>
          <Button
            variant={offer.refused ? "default" : "light"}
            disabled={busy}
            aria-label={`Stage ${offer.version} from ${offer.source}`}
            loading={stage.isPending && stage.variables === offer}
            onClick={() => (offer.refused ? setAsking(offer) : stage.mutate(offer))}
          >
            Stage {offer.version}
          </Button>
        </div>
      ))}
      <p className={classes.dim}>{checked(update, now)}</p>
      {asking && (
        <Confirm
          title={`Stage ${asking.version} all the same?`}
          text={`${sentence(asking.refused ?? "")} Take it only if you know that this medium holds the newest release that there is.`}
          action={`Stage ${asking.version}`}
          busy={stage.isPending}
          error={stage.error && asApiError(stage.error)}
          onConfirm={() => stage.mutate(asking)}
          onClose={() => setAsking(null)}
        />
      )}
    </>
  );
}

function describe(offer: UpdateOffer, now: number): string {
  const parts = [offer.source, formatBytes(offer.size)];
  if (typeof offer.download === "number") parts.push(`${formatBytes(offer.download)} to fetch`);
  if (typeof offer.released_at === "number") parts.push(`released ${formatAgo(offer.released_at, now)}`);
  if (offer.refused) parts.push(offer.refused);
  return parts.join(" · ");
}

function checked({ check, settings }: SystemUpdate, now: number): string {
  if (!check) {
    return settings.source
      ? "Nobody has looked for updates yet."
      : "No source is set: updates come from sticks until the settings name one.";
  }
  const ago = formatAgo(check.at, now);
  if (check.error) return `Looked ${ago}, in vain: ${sentence(check.error)}`;
  return check.offers.length === 0 ? `Looked ${ago}: this is the newest version.` : `Looked ${ago}.`;
}
