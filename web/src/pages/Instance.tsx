import { Alert, Button, Skeleton } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import { ChevronLeft, CircleAlert } from "lucide-react";

import { instanceMoves, newestBySubject } from "../api/motion";
import { asApiError, sentence } from "../api/problem";
import { imagesQuery, instanceQuery, operationsQuery } from "../api/queries";
import type { Instance } from "../api/schema";
import { Empty } from "../components/Empty";
import { InstanceActions } from "../components/InstanceActions";
import { OperationLine } from "../components/OperationLine";
import { PageHead } from "../components/PageHead";
import { ProblemAlert } from "../components/ProblemAlert";
import { InstanceState } from "../components/Status";
import { SerialConsole } from "../console/SerialConsole";
import { formatBytes, formatTime } from "../lib/format";
import classes from "./Instance.module.css";

/** One virtual machine and its console. */
export function InstancePage() {
  const { instance: name } = useParams({ from: "/inside/instances/$instance" });
  const query = useQuery(instanceQuery(name));
  const error = query.error && asApiError(query.error);
  return (
    <>
      <Link to="/instances" className={classes.back}>
        <ChevronLeft size={16} aria-hidden="true" /> Instances
      </Link>
      {query.isPending && <Skeleton height={420} radius="lg" />}
      {error?.code === "not_found" && <Gone name={name} />}
      {error && error.code !== "not_found" && !query.data && <ProblemAlert error={error} />}
      {query.data && error?.code !== "not_found" && <Loaded instance={query.data} />}
    </>
  );
}

function Gone({ name }: { name: string }) {
  return (
    <Empty title={`There is no instance ${name}`} text="It was deleted, or the address is mistyped.">
      <Button component={Link} to="/instances">
        Go to the instances
      </Button>
    </Empty>
  );
}

function Loaded({ instance }: { instance: Instance }) {
  const navigate = useNavigate();
  const images = useQuery(imagesQuery);
  const moving = instanceMoves(instance);
  const operations = useQuery({ ...operationsQuery(moving), enabled: moving });
  const operation = newestBySubject(operations.data ?? []).get(instance.id);
  const image = images.data?.find(({ id }) => id === instance.image);
  const facts: [string, string][] = [
    ["vCPUs", String(instance.vcpus)],
    ["Memory", formatBytes(instance.memory)],
    ["Disk", formatBytes(instance.disk)],
    ["Firmware", instance.firmware === "uefi" ? "UEFI" : "BIOS"],
    ["Image", image?.name ?? "deleted"],
    ["Created", formatTime(instance.created_at)],
  ];

  return (
    <>
      <PageHead title={instance.name} lead={<InstanceState status={instance.status} />}>
        <InstanceActions instance={instance} onDeleted={() => void navigate({ to: "/instances" })} />
      </PageHead>
      {moving && operation?.status === "running" && (
        <div className={classes.operation}>
          <OperationLine operation={operation} />
        </div>
      )}
      {typeof instance.error === "string" && (
        <Alert
          className={classes.operation ?? ""}
          color="laterite"
          variant="light"
          icon={<CircleAlert size={20} />}
          title="The last operation failed"
        >
          {sentence(instance.error)}
        </Alert>
      )}
      <dl className={classes.facts}>
        {facts.map(([term, value]) => (
          <div key={term}>
            <dt>{term}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <SerialConsole instance={instance.id} name={instance.name} powered={isPowered(instance)} />
    </>
  );
}

function isPowered(instance: Instance): boolean {
  return instance.status === "running" || instance.status === "stopping";
}
