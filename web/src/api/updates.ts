import { answerOf, api } from "./client";
import type { StageRequest, SystemUpdate, TrialJournal, UpdateSettings } from "./schema";

// Asking the updater again for what it is doing already is answered as the first time.

export function checkUpdate(): Promise<SystemUpdate> {
  return answerOf(api.POST("/api/v1/system/update/check"));
}

export function stageUpdate(body: StageRequest): Promise<SystemUpdate> {
  return answerOf(api.POST("/api/v1/system/update/stage", { body }));
}

export function applyUpdate(): Promise<SystemUpdate> {
  return answerOf(api.POST("/api/v1/system/update/apply"));
}

export function rollBackUpdate(): Promise<SystemUpdate> {
  return answerOf(api.POST("/api/v1/system/update/rollback"));
}

export function setUpdateSettings(body: UpdateSettings): Promise<UpdateSettings> {
  return answerOf(api.PUT("/api/v1/system/update/settings", { body }));
}

export function readTrialJournal(): Promise<TrialJournal> {
  return answerOf(api.GET("/api/v1/system/update/journal"));
}
