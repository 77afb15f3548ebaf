import { Alert, Text } from "@mantine/core";
import { CircleAlert } from "lucide-react";

import { sentence, type ApiError } from "../api/problem";

/** A problem in its place: what happened, what to do, and the id to ask with. */
export function ProblemAlert({ error }: { error: ApiError }) {
  return (
    <Alert color="laterite" variant="light" icon={<CircleAlert size={20} />} title={error.title} role="alert">
      <Text size="sm">{sentence(error.message)}</Text>
      <Text size="sm" mt={4}>
        {sentence(error.remedy)}
      </Text>
      {error.requestId !== null && (
        <Text size="xs" c="dimmed" mt={6}>
          Request <span className="mono">{error.requestId}</span>
        </Text>
      )}
    </Alert>
  );
}
