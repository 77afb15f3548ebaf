import { asApiError, type ApiError } from "../api/problem";

/** What the page needs to know about the line to the guest. */
export type LineState =
  | { name: "connecting" }
  | { name: "open" }
  | { name: "closed"; error: ApiError | null };

export interface LineEvents {
  onState: (state: LineState) => void;
  onBytes: (bytes: Uint8Array) => void;
}

/** Opens a WebSocket; replaced in tests. */
export type OpenSocket = (url: string) => WebSocket;

/**
 * The line to a guest's serial port. A ticket is drawn for each connection,
 * because a ticket opens one WebSocket only.
 */
export class SerialLine {
  private socket: WebSocket | null = null;
  /** Counts connections, so that late news of an older one is ignored. */
  private generation = 0;
  private readonly drawUrl: () => Promise<string>;
  private readonly events: LineEvents;
  private readonly open: OpenSocket;

  constructor(drawUrl: () => Promise<string>, events: LineEvents, open: OpenSocket = (url) => new WebSocket(url)) {
    this.drawUrl = drawUrl;
    this.events = events;
    this.open = open;
  }

  /** Connects, in place of any connection there is. */
  async connect(): Promise<void> {
    this.drop();
    const generation = this.generation;
    this.events.onState({ name: "connecting" });
    try {
      const url = await this.drawUrl();
      if (generation === this.generation) this.attach(this.open(url), generation);
    } catch (error) {
      if (generation === this.generation) this.events.onState({ name: "closed", error: asApiError(error) });
    }
  }

  /** Sends what was typed; what is typed while nothing is connected is lost. */
  send(bytes: Uint8Array<ArrayBuffer>): void {
    if (this.socket?.readyState === 1) this.socket.send(bytes);
  }

  /** Hangs up without a word to the page. */
  drop(): void {
    this.generation += 1;
    this.socket?.close();
    this.socket = null;
  }

  private attach(socket: WebSocket, generation: number): void {
    socket.binaryType = "arraybuffer";
    this.socket = socket;
    const current = () => generation === this.generation;
    socket.onopen = () => {
      if (current()) this.events.onState({ name: "open" });
    };
    socket.onmessage = (event: MessageEvent<ArrayBuffer | string>) => {
      if (current()) this.events.onBytes(bytesOf(event.data));
    };
    socket.onclose = () => {
      if (!current()) return;
      this.socket = null;
      this.events.onState({ name: "closed", error: null });
    };
  }
}

/** The address of a WebSocket on the page's own host. */
export function socketUrl(page: { protocol: string; host: string }, path: string): string {
  return `${page.protocol === "https:" ? "wss:" : "ws:"}//${page.host}${path}`;
}

function bytesOf(data: ArrayBuffer | string): Uint8Array {
  return typeof data === "string" ? new TextEncoder().encode(data) : new Uint8Array(data);
}
