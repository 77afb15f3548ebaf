import { Link } from "@tanstack/react-router";

import { instanceMoves } from "../api/motion";
import { sentence } from "../api/problem";
import type { Image, Instance, Operation } from "../api/schema";
import { formatBytes } from "../lib/format";
import { InstanceActions } from "./InstanceActions";
import { OperationLine } from "./OperationLine";
import rows from "./rows.module.css";
import { InstanceState } from "./Status";

/** One instance in the list. */
export function InstanceRow(props: {
  instance: Instance;
  image: Image | undefined;
  operation: Operation | undefined;
}) {
  const { instance, image, operation } = props;
  return (
    <li className={rows.row}>
      <div>
        <Link to="/instances/$instance" params={{ instance: instance.name }} className={rows.name}>
          {instance.name}
        </Link>
        <p className={rows.facts}>{instanceFacts(instance, image).join(" · ")}</p>
      </div>
      <InstanceState status={instance.status} />
      <div className={rows.actions}>
        <InstanceActions instance={instance} />
      </div>
      {operation?.status === "running" && instanceMoves(instance) && (
        <div className={rows.wide}>
          <OperationLine operation={operation} />
        </div>
      )}
      {typeof instance.error === "string" && (
        <div className={`${rows.wide ?? ""} ${rows.wrong ?? ""}`}>{sentence(instance.error)}</div>
      )}
    </li>
  );
}

/** What an instance is made of, in words. */
export function instanceFacts(instance: Instance, image: Image | undefined): string[] {
  return [
    `${instance.vcpus} vCPU`,
    `${formatBytes(instance.memory)} memory`,
    `${formatBytes(instance.disk)} disk`,
    ...(image ? [image.name] : []),
  ];
}
