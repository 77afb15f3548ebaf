import { Button, Skeleton } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Plus } from "lucide-react";
import { useState } from "react";

import { instanceMoves, newestBySubject } from "../api/motion";
import { asApiError } from "../api/problem";
import { imagesQuery, instancesQuery, operationsQuery } from "../api/queries";
import type { Image, Instance } from "../api/schema";
import { Empty } from "../components/Empty";
import { InstanceRow } from "../components/InstanceRow";
import { NewInstanceDialog } from "../components/NewInstanceDialog";
import { PageHead } from "../components/PageHead";
import { ProblemAlert } from "../components/ProblemAlert";
import rows from "../components/rows.module.css";

/** The virtual machines. */
export function Instances() {
  const instances = useQuery(instancesQuery);
  const images = useQuery(imagesQuery);
  const moving = instances.data?.some(instanceMoves) ?? false;
  const operations = useQuery({ ...operationsQuery(moving), enabled: moving });
  const [adding, setAdding] = useState(false);
  const newest = newestBySubject(operations.data ?? []);
  const sorted = [...(instances.data ?? [])].sort((a, b) => a.name.localeCompare(b.name));
  const ready = (images.data ?? []).filter((image) => image.state === "ready");

  const add = (
    <Button leftSection={<Plus size={18} />} onClick={() => setAdding(true)}>
      New instance
    </Button>
  );
  return (
    <>
      <PageHead title="Instances" lead={summary(instances.data)}>
        {sorted.length > 0 && add}
      </PageHead>
      {instances.isError && !instances.data && <ProblemAlert error={asApiError(instances.error)} />}
      {instances.isPending && <Skeleton height={150} radius="lg" />}
      {instances.data && images.data && sorted.length === 0 && <FirstStep ready={ready}>{add}</FirstStep>}
      {sorted.length > 0 && (
        <ul className={rows.list}>
          {sorted.map((instance) => (
            <InstanceRow
              key={instance.id}
              instance={instance}
              image={images.data?.find((image) => image.id === instance.image)}
              operation={newest.get(instance.id)}
            />
          ))}
        </ul>
      )}
      {adding && (
        <NewInstanceDialog images={ready} taken={sorted.map(({ name }) => name)} onClose={() => setAdding(false)} />
      )}
    </>
  );
}

function FirstStep({ ready, children }: { ready: readonly Image[]; children: React.ReactNode }) {
  if (ready.length > 0) {
    return (
      <Empty
        title="No instances yet"
        text="An instance is a virtual machine. Its disk is copied from an image, and its console opens in this page."
      >
        {children}
      </Empty>
    );
  }
  return (
    <Empty
      title="First, an image"
      text="An instance is a virtual machine, and its disk is copied from an image. There is no image that is ready yet."
    >
      <Button component={Link} to="/images">
        Go to the images
      </Button>
    </Empty>
  );
}

function summary(instances: readonly Instance[] | undefined): string {
  if (!instances || instances.length === 0) return "Virtual machines on this appliance.";
  const running = instances.filter(({ status }) => status === "running").length;
  return `${running} of ${instances.length} running.`;
}
