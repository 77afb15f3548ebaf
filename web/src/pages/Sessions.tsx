import { Badge, Button, Skeleton } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { revokeSession } from "../api/identity";
import { asApiError } from "../api/problem";
import { sessionsQuery } from "../api/queries";
import type { Session } from "../api/schema";
import { Confirm } from "../components/Confirm";
import { PageHead } from "../components/PageHead";
import { ProblemAlert } from "../components/ProblemAlert";
import rows from "../components/rows.module.css";
import { formatAgo, formatTime } from "../lib/format";
import { useNow } from "../lib/use-now";

/** Where this account is logged in. */
export function Sessions() {
  const sessions = useQuery(sessionsQuery);
  const [revoking, setRevoking] = useState<Session | null>(null);
  const now = useNow(30_000);
  const newestFirst = [...(sessions.data ?? [])].sort((a, b) => b.created_at - a.created_at);

  return (
    <>
      <PageHead title="Sessions" lead="Browsers and tools that are logged in. Revoke what you do not know." />
      {sessions.isError && !sessions.data && <ProblemAlert error={asApiError(sessions.error)} />}
      {sessions.isPending && <Skeleton height={150} radius="lg" />}
      {sessions.data && (
        <ul className={rows.list}>
          {newestFirst.map((session) => (
            <li key={session.id} className={rows.row}>
              <div>
                <span className={rows.name}>{session.user.name}</span>
                <p className={rows.facts}>
                  since {formatTime(session.created_at)} · ends {formatTime(session.expires_at)}
                </p>
              </div>
              <span className={rows.facts}>{formatAgo(session.created_at, now)}</span>
              <div className={rows.actions}>
                {session.current ? (
                  <Badge variant="light" size="lg" tt="none">
                    this browser
                  </Badge>
                ) : (
                  <Button variant="default" size="sm" onClick={() => setRevoking(session)}>
                    Revoke
                  </Button>
                )}
              </div>
            </li>
          ))}
        </ul>
      )}
      {revoking && <Revoke session={revoking} onClose={() => setRevoking(null)} />}
    </>
  );
}

function Revoke({ session, onClose }: { session: Session; onClose: () => void }) {
  const queryClient = useQueryClient();
  const revoke = useMutation({
    mutationFn: () => revokeSession(session.id),
    onSuccess: async () => {
      await queryClient.invalidateQueries(sessionsQuery);
      onClose();
    },
  });
  return (
    <Confirm
      title="Revoke this session?"
      text={`The session of ${session.user.name} since ${formatTime(session.created_at)} ends at once.`}
      action="Revoke it"
      busy={revoke.isPending}
      error={revoke.error && asApiError(revoke.error)}
      onConfirm={() => revoke.mutate()}
      onClose={onClose}
    />
  );
}
