import { Button, Group } from "@mantine/core";

/** Leaves a dialogue with a form, or sends it. */
export function FormButtons(props: { submit: string; busy: boolean; onCancel: () => void }) {
  return (
    <Group justify="flex-end" gap="xs">
      <Button variant="default" onClick={props.onCancel}>
        Cancel
      </Button>
      <Button type="submit" loading={props.busy}>
        {props.submit}
      </Button>
    </Group>
  );
}
