// How the page talks with Python: commands with numbers of their own, answers, and what is pushed.

import type { Commands, Events, UploadView } from "../protocol";

export type CommandName = keyof Commands;

/** Python's own words for what it could not do. */
export class LabError extends Error {
  constructor(
    message: string,
    readonly kind = "",
  ) {
    super(message);
  }
}

export interface Transport {
  /** Whether answers come from a recording, in which nothing can be changed. */
  readonly recorded: boolean;
  open(): Promise<void>;
  send<K extends CommandName>(command: K, given: Commands[K]["arguments"]): Promise<Commands[K]["reply"]>;
  upload(file: File): Promise<UploadView>;
  /** Called with everything that is pushed; `lost` when the connection ends. */
  onpush: (event: keyof Events, content: Events[keyof Events]) => void;
  onlost: (why: string) => void;
  close(): void;
}

/** What comes back for a message. */
export interface Envelope {
  id?: number;
  reply?: unknown;
  error?: { kind: string; message: string };
  event?: keyof Events;
  content?: unknown;
}
