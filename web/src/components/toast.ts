import { notifications } from "@mantine/notifications";

import { asApiError, sentence } from "../api/problem";

/** Shows an error that belongs to no field and no place of the page. */
export function showError(error: unknown): void {
  const { title, message, remedy, code } = asApiError(error);
  // The page moves to the login by itself.
  if (code === "not_authenticated") return;
  notifications.show({
    color: "laterite",
    title,
    message: `${sentence(message)} ${sentence(remedy)}`,
    autoClose: 9000,
  });
}
