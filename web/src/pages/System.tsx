import { Alert, Progress, Skeleton } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { TriangleAlert } from "lucide-react";
import type { ReactNode } from "react";

import { asApiError } from "../api/problem";
import { STILL_MS } from "../api/motion";
import { healthQuery, systemQuery } from "../api/queries";
import type { System } from "../api/schema";
import { PageHead } from "../components/PageHead";
import { ProblemAlert } from "../components/ProblemAlert";
import { Status } from "../components/Status";
import { Updates } from "../components/updates/Updates";
import { formatBytes, formatDuration } from "../lib/format";
import classes from "./System.module.css";

/** The appliance itself. */
export function SystemPage() {
  const system = useQuery(systemQuery);
  const health = useQuery({ ...healthQuery, refetchInterval: STILL_MS });
  const degraded = health.data?.status === "degraded";
  return (
    <>
      <PageHead title="System" lead="The machine that all this runs on." />
      {system.isError && !system.data && <ProblemAlert error={asApiError(system.error)} />}
      {system.isPending && <Skeleton height={220} radius="lg" />}
      {system.data && (
        <div className={classes.grid}>
          <Card title="Health">
            {health.data && (
              <Status label={degraded ? "Degraded" : "Healthy"} tone={degraded ? "wrong" : "running"} />
            )}
            <small>The control plane has been up for {formatDuration(system.data.uptime)}.</small>
          </Card>
          <Card title="Release">
            <span className={classes.big}>{system.data.version}</span>
            <small>
              {typeof system.data.slot === "string"
                ? `Running from slot ${system.data.slot.toUpperCase()}.`
                : "Not started from an installed disk."}
            </small>
          </Card>
          <Card title="Storage pool" wide>
            <Pool system={system.data} />
          </Card>
          <Card title="Virtualization" wide>
            <Acceleration system={system.data} />
          </Card>
        </div>
      )}
      <Updates />
    </>
  );
}

function Card({ title, wide = false, children }: { title: string; wide?: boolean; children: ReactNode }) {
  return (
    <section className={classes.card} data-wide={wide}>
      <h2>{title}</h2>
      {children}
    </section>
  );
}

function Pool({ system }: { system: System }) {
  const used = Math.max(0, system.pool_total - system.pool_free);
  const percent = system.pool_total > 0 ? (used / system.pool_total) * 100 : 0;
  return (
    <>
      <span className={classes.big}>{formatBytes(system.pool_free)} free</span>
      <Progress
        value={percent}
        size={10}
        radius="xl"
        color={percent > 90 ? "laterite" : percent > 75 ? "marigold" : "peacock"}
        aria-label="Used part of the storage pool"
      />
      <small>
        {formatBytes(used)} of {formatBytes(system.pool_total)} are in use.
      </small>
    </>
  );
}

function Acceleration({ system }: { system: System }) {
  switch (system.acceleration) {
    case "kvm":
      return (
        <>
          <span className={classes.big}>KVM</span>
          <small>Guests run on the processor itself.</small>
        </>
      );
    case "emulation":
      return (
        <Alert color="marigold" variant="light" icon={<TriangleAlert size={20} />} title="Software emulation">
          This machine offers no hardware virtualization, so guests run, but many times slower. If the processor has VT-x
          or AMD-V, switch it on in the firmware’s settings.
        </Alert>
      );
    default:
      return <Status label="Being found out" tone="moving" />;
  }
}
